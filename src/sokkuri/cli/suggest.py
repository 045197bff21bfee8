"""The verbs that look for what a person should see: `suggest` and `outliers`."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.label import say_unknown
from sokkuri.cli.options import Expression, Json, Under, Where, collection_at

if TYPE_CHECKING:
    from sokkuri.api import Collection


class MethodName(StrEnum):
    """The ways to choose."""

    density = "density"
    k_center = "k-center"


Sources = Annotated[
    list[Path] | None,
    typer.Option(
        "--labelled",
        metavar="FILE|FOLDER",
        help="Labels from CSV, or folders; the collection's own by default. May be repeated.",
    ),
]


def suggest(
    count: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 100,
    labelled: Sources = None,
    method: Annotated[
        MethodName,
        typer.Option(help="`density`: what stands for most. `k-center`: what is farthest off."),
    ] = MethodName.density,
    under: Under = None,
    where_: Expression = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Say which images to label next: those that teach most, and no near-duplicates."""
    from sokkuri.api import Collection
    from sokkuri.curation.duplicates.find import known_pairs
    from sokkuri.curation.labeling.suggest import SuggestOptions
    from sokkuri.curation.labeling.suggest import suggest as suggested

    with Collection.open(collection_at(where), "ro") as collection:
        options = SuggestOptions(
            n=count,
            method=method.value,
            under=under,
            where=where_,
            labels=_labels(collection, labelled),
            same=known_pairs(collection),
        )
        found = suggested(collection, options)
    if as_json:
        console.put_json({"suggestions": [asdict(one) for one in found]})
        return
    for one in found:
        console.put(f"{one.rank:>4}  {console.shown(one.id)}  {console.shown(one.why)}")


def outliers(
    count: Annotated[int, typer.Option("-n", min=1, help="How many of each.")] = 20,
    labelled: Sources = None,
    under: Under = None,
    where_: Expression = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Show images that are like no other, and labels that the neighbours' labels belie."""
    from sokkuri.api import Collection
    from sokkuri.curation.labeling.outliers import mistakes
    from sokkuri.curation.labeling.outliers import outliers as odd

    with Collection.open(collection_at(where), "ro") as collection:
        found = odd(collection, count, under, where_)
        wrong = mistakes(collection, _labels(collection, labelled), count)
    if as_json:
        console.put_json(
            {
                "outliers": [asdict(one) for one in found],
                "mistakes": [asdict(one) for one in wrong],
            }
        )
        return
    for one in found:
        console.put(f"{one.score:.4f}  {console.shown(one.id)}  {one.why}")
    for it in wrong:
        texts = map(console.shown, (it.id, it.label, it.neighbours))
        console.put("{}  labelled {}, most like {}".format(*texts) + f" ({it.confidence:.0%})")


def _labels(collection: "Collection", sources: list[Path] | None) -> Mapping[str, str] | None:
    """None for the collection's own."""
    from sokkuri.curation.labeling.label_files import labels_from

    if not sources:
        return None
    found = labels_from(collection, sources)
    say_unknown(found.unknown)
    return found.labels
