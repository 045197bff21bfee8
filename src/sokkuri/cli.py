"""The shell's verbs. Each opens what it needs, calls one function, and prints what came of it.

Nobody imports this module. Verbs import what they need when they run: `search` must start fast.
Exit codes: 0 done; 1 failed; 2 usage; 3 done but some images could not be read (`--strict`);
130 interrupted.
"""

import sys
from contextlib import closing
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sokkuri import terminal
from sokkuri.errors import NoCollectionError, SokkuriError, UsageError
from sokkuri.interrupting import INTERRUPTED, end_in_time, leave

if TYPE_CHECKING:
    from sokkuri.api import Collection
    from sokkuri.indexing import SyncOptions, SyncReport

SOME_UNREADABLE = 3

app = typer.Typer(
    help="Similar-image search for a folder of photos, on your machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: an error is a line, and help needs no further import
    context_settings={"help_option_names": ["-h", "--help"]},
)

Where = Annotated[
    Path | None,
    typer.Option(
        "-C",
        "--collection",
        metavar="DIR",
        help="The images' folder, or the store. By default the nearest one upwards.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class MetricName(StrEnum):
    """The distances that `search` knows."""

    cosine = "cosine"
    l2 = "l2"


def main() -> NoReturn:
    """The command `sokkuri`: runs a verb and ends the process with its exit code."""
    end_in_time()
    for stream in (sys.stdout, sys.stderr):
        # File names that are not UTF-8 go out as the bytes they are.
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    code: int | str | None = 0
    try:
        app(prog_name="sokkuri")
    except SokkuriError as error:
        terminal.say(f"sokkuri: {error}")
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as leaving:
        code = leaving.code
    leave(code if isinstance(code, int) else int(code is not None))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        terminal.put(version("sokkuri"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Similar-image search for a folder of photos, on your machine."""


@app.command()
def index(
    root: Annotated[
        Path | None, typer.Argument(help="The folder of images.", show_default=False)
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
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Leave out; may be repeated; kept for later runs."),
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
    from sokkuri.indexing import SyncOptions, default_workers

    options = SyncOptions(
        workers=workers or default_workers(),
        exclude=None if exclude is None else tuple(exclude),
        retry_failed=retry_failed,
    )
    if dry_run:
        _dry_run(root, store, model, where, options, as_json=as_json)
        return
    with _opened_for_index(root, store, model, where) as collection:
        report = _sync(collection, options)
    _print_report(report, as_json=as_json)
    if report.failed and strict:
        raise typer.Exit(SOME_UNREADABLE)


def _sync(collection: "Collection", options: "SyncOptions") -> "SyncReport":
    with closing(collection.sync(options)) as events, terminal.progress_bar() as bar:
        for progress in events:
            bar.show(progress)
    assert progress.report is not None, "the last progress holds the report"
    return progress.report


def _print_report(report: "SyncReport", *, as_json: bool) -> None:
    if as_json:
        terminal.put_json(asdict(report))
        return
    terminal.put(terminal.report_text(report))
    if report.failed:
        terminal.say(f"{report.failed:,} images could not be read: see `sokkuri status`")


def _opened_for_index(
    root: Path | None, store: Path | None, model: str | None, where: Path | None
) -> "Collection":
    """The collection to bring up to date, made if there is none yet."""
    from sokkuri.api import Collection, source_of
    from sokkuri.collection import has_store
    from sokkuri.models import resolve_model

    folder, place = _index_place(root, store, where)
    if folder is not None and not has_store(place):
        made = resolve_model(model)
        if made.assumed:
            terminal.say(made.assumed)
        # Not `create`, which insists on being first: the same command may start several times.
        return Collection.create_with(folder, place, made, source_of(model))
    collection = Collection.open(place)
    if folder is not None:
        collection.set_root(folder)
    if model is not None:
        collection.use_model(model)
    return collection


def _index_place(
    root: Path | None, store: Path | None, where: Path | None
) -> tuple[Path | None, Path]:
    """The folder of images, if it was given, and where its collection is or is to be."""
    from sokkuri.api import check_folder
    from sokkuri.collection import STORE_NAME

    if where is not None and (root is not None or store is not None):
        raise UsageError("-C names a collection that exists: leave it out where ROOT is given")
    if root is not None:
        folder = check_folder(root)
        return folder, store if store is not None else folder / STORE_NAME
    return None, store if store is not None else _found(where)


def _dry_run(
    root: Path | None,
    store: Path | None,
    model: str | None,
    where: Path | None,
    options: "SyncOptions",
    *,
    as_json: bool,
) -> None:
    from sokkuri.api import Collection
    from sokkuri.catalog import Catalog
    from sokkuri.collection import has_store
    from sokkuri.estimating import plan
    from sokkuri.models import resolve_model

    folder, place = _index_place(root, store, where)
    if folder is not None and not has_store(place):
        found = plan(folder, Catalog.in_memory(), resolve_model(model), options)
    else:
        with Collection.open(place, "ro") as collection:
            known = collection.load_model() if model is None else resolve_model(model)
            collection.check_model(known)
            found = plan(folder or collection.root, collection.catalog, known, options)
    if as_json:
        terminal.put_json(asdict(found))
    else:
        terminal.put(terminal.plan_text(found))


@app.command()
def search(
    query: Annotated[list[str], typer.Argument(help="Image files, or ids of the collection.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many to find.")] = 10,
    metric: Annotated[
        MetricName | None,
        typer.Option(help="The model card's own by default.", show_default=False),
    ] = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Find what looks like the given images, nearest first; several are one query together."""
    from sokkuri.api import Collection
    from sokkuri.searching import Searcher

    with Collection.open(_found(where, near=query[0]), "ro") as collection:
        hits = Searcher(collection).search(query, k, None if metric is None else metric.value)
    if as_json:
        terminal.put_json(terminal.hits_json(hits))
    else:
        terminal.put(terminal.hits_text(hits))


@app.command()
def status(where: Where = None, as_json: Json = False) -> None:
    """Counts, failures and their reasons, the model, the space on disk."""
    from sokkuri.api import Collection

    with Collection.open(_found(where), "ro") as collection:
        found = collection.status()
    if as_json:
        terminal.put_json(terminal.status_json(found))
    else:
        terminal.put(terminal.status_text(found))


@app.command()
def verify(
    deep: Annotated[
        bool, typer.Option("--deep", help="Extract a sample again and compare.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended; good rows stay.")
    ] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Check shards against the catalog, and rows against the files; exit code 1 for any fault."""
    from sokkuri.api import Collection

    with Collection.open(_found(where), "rw" if repair else "ro") as collection:
        for line in collection.repair() if repair else []:
            terminal.say(line)
        faults = collection.verify(deep=deep)
    if as_json:
        terminal.put_json(terminal.faults_json(faults))
    else:
        terminal.put(terminal.faults_text(faults))
    if faults:
        raise typer.Exit(1)


@app.command()
def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids of the collection.")],
    restore: Annotated[bool, typer.Option("--restore", help="Take the mark away again.")] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Keep images out of searches and later runs. The photos themselves are never touched."""
    from sokkuri.api import Collection

    with Collection.open(_found(where)) as collection:
        count = collection.restore(ids) if restore else collection.remove(ids)
    what = "restored" if restore else "removed"
    if as_json:
        terminal.put_json({what: count})
    else:
        terminal.put(f"{count:,} images {what}")


@app.command()
def compact(where: Where = None, as_json: Json = False) -> None:
    """Rewrite shards without the rows that no longer count; safe to kill at any moment."""
    from sokkuri.api import Collection

    with Collection.open(_found(where)) as collection:
        done = collection.compact()
    if as_json:
        terminal.put_json(asdict(done))
    else:
        terminal.put(terminal.compaction_text(done))


@app.command()
def models(
    name: Annotated[
        str | None, typer.Argument(help="Show this card: a name, FILE.onnx or CARD.toml.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The model cards: what each network is, where its weights are, under which licence."""
    from sokkuri.models import known_cards, resolve_model, weights_place

    known = {card.name: card for card in known_cards()}
    if name is None:
        cards = list(known.values())
    else:
        cards = [known[name] if name in known else resolve_model(name).card]
    shown = [{**asdict(card), "weights": weights_place(card)} for card in cards]
    if as_json:
        terminal.put_json({"models": shown})
    else:
        terminal.put("\n".join(terminal.card_text(card, whole=name is not None) for card in shown))


def _found(where: Path | None, near: str | None = None) -> Path:
    """The folder or store to open: as given, upwards from here, or upwards from a query's file."""
    from sokkuri.collection import find_upwards

    if where is not None:
        return where
    found = find_upwards(Path.cwd())
    if found is None and near is not None and Path(near).exists():
        found = find_upwards(Path(near).parent)
    if found is None:
        raise NoCollectionError(
            "no collection here or above: make one with `sokkuri index FOLDER`, or name one with -C"
        )
    return found
