"""`sokkuri index`: bring a collection up to date with its folder."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import count_text, estimate_text, report_text
from sokkuri.cli.options import (
    AnnFromOption,
    CollectionOption,
    DecodingName,
    DtypeName,
    IdKind,
    JsonOption,
)
from sokkuri.cli.priority import lower_priority
from sokkuri.cli.target import (
    Target,
    check_settings,
    locate,
    open_or_create,
    open_to_replace,
)
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from sokkuri.core.types import Progress
    from sokkuri.indexing.dry_run import RunEstimate
    from sokkuri.indexing.options import SyncOptions, SyncReport

SOME_UNREADABLE = 3  # exit code of `--strict`


def index(
    roots: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ROOT|[NAME=]FOLDER...]",
            help="Folder or address of the images, or several folders. See docs/indexing.md.",
            show_default=False,
        ),
    ] = None,
    root_option: Annotated[
        str | None, typer.Option("--root", metavar="DIR", help="The same as ROOT.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the collection here instead of ROOT/.sokkuri."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE|FOLDER", help="Network. See `sokkuri models`."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Threads. Default: one for each core.", show_default=False),
    ] = None,
    executor: Annotated[
        Literal["threads", "ray"],
        typer.Option(help="`ray` uses the machines of a Ray cluster. See docs/ray.md."),
    ] = "threads",
    address: Annotated[
        str | None,
        typer.Option(metavar="auto|HOST:PORT", help="Address of the Ray cluster."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda[:N]", help="Device that runs the network.")
    ] = "auto",
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Skip matching files. Repeatable. Later runs remember it."
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            "--list", metavar="FILE", help="Index the images that this file lists, one path a line."
        ),
    ] = None,
    ids: Annotated[
        IdKind | None, typer.Option(help="Id of an image: its path below ROOT or its file name.")
    ] = None,
    decode: Annotated[
        DecodingName | None,
        typer.Option(
            help="Way of decoding. Default: colour. See docs/models.md. Later runs remember it."
        ),
    ] = None,
    dtype: Annotated[
        DtypeName | None,
        typer.Option(
            help="Number type of the vectors on disk. Later runs remember it.", show_default=False
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Extract all images anew with another --model, --decode or --dtype. Searches"
            " use the old vectors until all new ones are there.",
        ),
    ] = False,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="Index only part I of N of the images. See `sokkuri merge`."
        ),
    ] = None,
    video: Annotated[
        str | None,
        typer.Option(
            metavar="off|scenes|every=10s",
            help="Index frames of films, too. Later runs remember it. See docs/video.md.",
            show_default=False,
        ),
    ] = None,
    ann_from: AnnFromOption = None,
    shuffle: Annotated[
        int | None, typer.Option(metavar="SEED", help="Extract in a random order.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try images again that failed before.")
    ] = False,
    rehash: Annotated[
        bool,
        typer.Option("--rehash", help="Read all files again, and extract those with other bytes."),
    ] = False,
    metadata: Annotated[
        bool,
        typer.Option(
            "--metadata",
            help="Also read the metadata of photos that an earlier version indexed.",
        ),
    ] = False,
    accept_removals: Annotated[
        bool,
        typer.Option(
            "--accept-removals", help="Go on even if most images would leave the collection."
        ),
    ] = False,
    background: Annotated[
        bool,
        typer.Option("--background", help="Let all other programs of this machine go first."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only estimate the work, the time and the space.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 3 if an image could not be read.")
    ] = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the collection up to date with its folder.

    The first run makes the collection. Later runs read only new and changed images.
    """
    from sokkuri.core.locations import parse_location
    from sokkuri.indexing.options import SyncOptions
    from sokkuri.indexing.partition import Part

    if roots and root_option is not None:
        raise UsageError("the folder of images is given twice: as ROOT and as --root")
    if background:
        if executor == "ray":
            raise UsageError("--background works on this machine only: leave out --executor ray")
        lower_priority()
        console.print_message("in the background: all other programs of this machine go first")
    share = None if part is None else Part.parsed(part)
    target = Target(
        tuple(roots or filter(None, [root_option])), store, collection, model, decode, dtype, share
    )
    options = SyncOptions(
        workers=workers,
        executor=executor,
        address=address,
        device=device,
        exclude=None if exclude is None else tuple(exclude),
        names=None if names is None else parse_location(names),
        ids=ids,
        video=video,
        shuffle=shuffle,
        ann_from=ann_from,
        part=share,
        retry_failed=retry_failed,
        rehash=rehash,
        metadata=metadata,
        accept_removals=accept_removals,
    )
    if dry_run:
        _estimate(target, options, replace=replace, as_json=as_json)
        return
    if replace:
        opened = open_to_replace(target)
        with opened:
            report, last_lines = _show(
                opened.replace_model(
                    target.model, options, decode=target.decode, dtype=target.dtype
                )
            )
    else:
        opened, model_in_use = open_or_create(target)
        with opened:
            report, last_lines = _show(opened.sync(options, model=model_in_use))
    _print_report(report, as_json=as_json)
    for line in last_lines:
        console.print_message(line)
    if report.failed and strict:
        raise typer.Exit(SOME_UNREADABLE)


def _show(events: Generator["Progress[SyncReport]"]) -> tuple["SyncReport", list[str]]:
    """Show the progress of a run; return its report, and the lines that belong below it."""
    last_lines = []
    with closing(events), console.progress_bar() as bar:
        for progress in events:
            if progress.note and progress.stage == "done" and progress.result is None:
                last_lines.append(progress.note)
            else:
                bar.show(progress)
    assert progress.result is not None, "the last progress holds the report"
    return progress.result, last_lines


def _print_report(report: "SyncReport", *, as_json: bool) -> None:
    if as_json:
        console.print_json({**asdict(report), "gone": report.removed})  # as `status` calls them
        return
    console.print_result(report_text(report))
    if report.failed:
        failed = count_text(report.failed, "image")
        console.print_message(f"{failed} could not be read: see `sokkuri status`")
    if report.damaged:
        damaged = count_text(report.damaged, "image")
        console.print_message(f"{damaged} could be read only in part: see `sokkuri status`")


def _estimate(target: Target, options: "SyncOptions", *, replace: bool, as_json: bool) -> None:
    estimate = _estimate_replacement(target, options) if replace else _estimate_run(target, options)
    if as_json:
        console.print_json(asdict(estimate))
    else:
        console.print_result(estimate_text(estimate))


def _estimate_run(target: Target, options: "SyncOptions") -> "RunEstimate":
    from sokkuri.api import Collection, check_roots
    from sokkuri.core.named_roots import Roots
    from sokkuri.indexing.dry_run import estimate_run
    from sokkuri.store.catalog import Catalog
    from sokkuri.store.places import has_store
    from sokkuri.store.recorded_root import next_root

    root, store = locate(target)
    if root is not None and not has_store(store):
        root = check_roots(root) if isinstance(root, Roots) else root
        model = target.resolve_model()
        return estimate_run(root, Catalog.in_memory(), model, options, target.dtype or "float32")
    with Collection.open(store, "ro") as collection:
        check_settings(collection, target)
        model = collection.load_model(target.model)
        whole = collection.root if root is None else next_root(collection.root, root, store)
        return estimate_run(whole, collection.catalog, model, options, collection.dtype)


def _estimate_replacement(target: Target, options: "SyncOptions") -> "RunEstimate":
    from sokkuri.indexing.replace import estimate_replacement

    with open_to_replace(target, "ro") as collection:
        model = collection.other_model(target.model, target.decode, target.dtype)
        return estimate_replacement(collection, model, target.dtype or collection.dtype, options)
