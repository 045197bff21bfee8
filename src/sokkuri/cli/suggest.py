"""The commands that choose images for a person to look at: `suggest` and `outliers`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import escape_control
from sokkuri.cli.label import warn_of_unknown
from sokkuri.cli.options import (
    CollectionOption,
    JsonOption,
    UnderOption,
    WhereOption,
    check_under,
    find_collection,
)

if TYPE_CHECKING:
    from sokkuri.api import Collection

LabelSources = Annotated[
    list[Path] | None,
    typer.Option(
        "--labelled",
        metavar="FILE|FOLDER",
        help="Labels from a CSV file or from folder names. Default: the labels of the collection. "
        "Repeatable.",
    ),
]


def suggest(
    count: Annotated[int, typer.Option("-n", min=1, help="Number of suggestions.")] = 100,
    labelled: LabelSources = None,
    method: Annotated[
        Literal["density", "k-center"],
        typer.Option(
            help="`density` takes images that represent many others, `k-center` the image farthest "
            "from all labelled ones."
        ),
    ] = "density",
    under: UnderOption = None,
    where: WhereOption = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suggest the images to label next.

    They teach a classifier most. None is a near-duplicate of another.
    """
    from sokkuri.api import Collection
    from sokkuri.curation.duplicates.find import known_pairs
    from sokkuri.curation.labeling.suggest import SuggestOptions
    from sokkuri.curation.labeling.suggest import suggest as suggest_images

    with Collection.open(find_collection(collection), "ro") as opened:
        check_under(opened, under)
        options = SuggestOptions(
            n=count,
            method=method,
            under=under,
            where=where,
            labels=_read_labels(opened, labelled),
            same=known_pairs(opened),
        )
        with console.progress_bar() as bar:
            suggestions = suggest_images(opened, options, bar.show)
    if as_json:
        console.print_json({"suggestions": [asdict(image) for image in suggestions]})
        return
    if not suggestions:
        console.print_message("no image to suggest")
    for image in suggestions:
        console.print_result(
            f"{image.rank:>4}  {escape_control(image.id)}  {escape_control(image.why)}"
        )


def outliers(
    count: Annotated[int, typer.Option("-n", min=1, help="Number of lines of each kind.")] = 20,
    labelled: LabelSources = None,
    under: UnderOption = None,
    where: WhereOption = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show images unlike all others, and likely wrong labels."""
    from sokkuri.api import Collection
    from sokkuri.curation.labeling.outliers import find_outliers, likely_mislabelled

    with Collection.open(find_collection(collection), "ro") as opened:
        check_under(opened, under)
        with console.progress_bar() as bar:
            images = find_outliers(opened, count, under, where, bar.show)
        issues = likely_mislabelled(opened, _read_labels(opened, labelled), count)
    if as_json:
        console.print_json(
            {
                "outliers": [asdict(image) for image in images],
                "mistakes": [asdict(issue) for issue in issues],
            }
        )
        return
    if not images and not issues:
        console.print_message("no image to show")
    for image in images:
        console.print_result(f"{image.score:.4f}  {escape_control(image.id)}  {image.why}")
    for issue in issues:
        id_, label, neighbours = map(escape_control, (issue.id, issue.label, issue.neighbours))
        console.print_result(
            f"{id_}  labelled {label}, neighbours say {neighbours} ({issue.confidence:.0%})"
        )


def _read_labels(collection: "Collection", sources: list[Path] | None) -> Mapping[str, str] | None:
    """Return the labels of `--labelled`, or None for the labels of the collection."""
    from sokkuri.curation.labeling.label_files import read_label_sources

    if not sources:
        return None
    labelled = read_label_sources(collection, sources)
    warn_of_unknown(labelled.unknown)
    return labelled.labels
