"""`sokkuri index`: from the options to a collection that is up to date."""

from contextlib import closing
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import AnnFrom, Json, Where
from sokkuri.cli.target import (
    DecodingName,
    DtypeName,
    IdName,
    Place,
    check_kept,
    folder_and_store,
    opened,
    value_of,
)
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from sokkuri.api import Collection
    from sokkuri.indexing.options import SyncOptions, SyncReport

SOME_UNREADABLE = 3


class ExecutorName(StrEnum):
    """What can run the work."""

    threads = "threads"
    ray = "ray"


def index(
    root: Annotated[
        str | None,
        typer.Argument(help="The folder of images, or an address.", show_default=False),
    ] = None,
    root_option: Annotated[
        str | None, typer.Option("--root", metavar="DIR", help="The same as ROOT.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the collection here, not in ROOT/.sokkuri."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.onnx|CARD.toml", help="See `sokkuri models`."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads. By default one a core.", show_default=False)
    ] = None,
    executor: Annotated[
        ExecutorName, typer.Option(help="`ray`: the machines of a Ray cluster, see docs/ray.md.")
    ] = ExecutorName.threads,
    address: Annotated[
        str | None,
        typer.Option(metavar="auto|HOST:PORT", help="The Ray cluster's; see --executor."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda[:N]", help="What runs the network.")
    ] = "auto",
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Leave out; may be repeated; kept for later runs."),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option("--list", metavar="FILE", help="The images, a path below ROOT a line."),
    ] = None,
    ids: Annotated[
        IdName | None, typer.Option(help="What an image's id is: its path, or its file's name.")
    ] = None,
    decode: Annotated[
        DecodingName | None,
        typer.Option(help="`exact` decodes as the article's script does; kept for later runs."),
    ] = None,
    dtype: Annotated[
        DtypeName | None,
        typer.Option(help="Of the vectors on disk; kept for later runs.", show_default=False),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Only this share of the images; see `sokkuri merge`."),
    ] = None,
    ann_from: AnnFrom = None,
    shuffle: Annotated[
        int | None, typer.Option(metavar="SEED", help="Extract in a drawn order; not needed.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try images that failed before again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and what it would take.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 if images could not be read.")
    ] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Bring the collection up to date with the folder: new, changed, moved, vanished."""
    from sokkuri.core.locations import parse_location
    from sokkuri.indexing.options import SyncOptions
    from sokkuri.indexing.partition import Part

    if root is not None and root_option is not None:
        raise UsageError("the folder of images is given twice: as ROOT, and as --root")
    share = None if part is None else Part.parsed(part)
    kept = value_of(decode), value_of(dtype), share
    place = Place(root or root_option, store, where, model, *kept)
    options = SyncOptions(
        workers=workers,
        executor=value_of(executor),
        address=address,
        device=device,
        exclude=None if exclude is None else tuple(exclude),
        names=None if names is None else parse_location(names),
        ids=value_of(ids),
        shuffle=shuffle,
        ann_from=ann_from,
        part=share,
        retry_failed=retry_failed,
    )
    if dry_run:
        _dry_run(place, options, as_json=as_json)
        return
    with opened(place) as collection:
        report = _sync(collection, options)
    _print_report(report, as_json=as_json)
    if report.failed and strict:
        raise typer.Exit(SOME_UNREADABLE)


def _sync(collection: "Collection", options: "SyncOptions") -> "SyncReport":
    with closing(collection.sync(options)) as events, console.progress_bar() as bar:
        for progress in events:
            bar.show(progress)
    assert progress.result is not None, "the last progress holds the report"
    return progress.result


def _print_report(report: "SyncReport", *, as_json: bool) -> None:
    if as_json:
        console.put_json(asdict(report))
        return
    console.put(console.report_text(report))
    if report.failed:
        console.say(f"{report.failed:,} images could not be read: see `sokkuri status`")


def _dry_run(place: Place, options: "SyncOptions", *, as_json: bool) -> None:
    from sokkuri.api import Collection
    from sokkuri.indexing.dry_run import estimate_run
    from sokkuri.store.catalog import Catalog
    from sokkuri.store.collection import has_store

    folder, store = folder_and_store(place)
    if folder is not None and not has_store(store):
        made = place.resolve()
        found = estimate_run(folder, Catalog.in_memory(), made, options, place.dtype or "float32")
    else:
        with Collection.open(store, "ro") as collection:
            check_kept(collection, place)
            known = collection.load_model(place.model)
            root = folder or collection.root
            found = estimate_run(root, collection.catalog, known, options, collection.dtype)
    if as_json:
        console.put_json(asdict(found))
    else:
        console.put(console.plan_text(found))
