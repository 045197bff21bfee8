"""`sokkuri watch`: keep a collection in step with its folder while the command runs."""

import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sokkuri.cli import console
from sokkuri.cli.options import CollectionOption, JsonLinesOption, PollOption, find_collection
from sokkuri.cli.priority import lower_priority
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from sokkuri.indexing.watch import WatchEvent


def watch(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of the images, or the store.", show_default=False),
    ] = None,
    poll: PollOption = None,
    background: Annotated[
        bool,
        typer.Option("--background", help="Let all other programs of this machine go first."),
    ] = False,
    collection: CollectionOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Index changes of the folder as they come, until Ctrl-C.

    Make the collection with `sokkuri index` first.
    """
    from sokkuri.api import Collection
    from sokkuri.indexing.watch import watch as watch_collection
    from sokkuri.store.places import find_store

    if folder is not None and collection is not None:
        raise UsageError("the collection is named twice: as FOLDER and with -C")
    if background:
        lower_priority()
    store = find_store(find_collection(folder or collection))
    with closing(watch_collection(lambda: Collection.open(store), poll=poll)) as events:
        for event in events:
            _print(event, as_json=as_json)


def _print(event: "WatchEvent", *, as_json: bool) -> None:
    if as_json and event.kind != "note":
        console.print_json_line(_document(event))
    elif event.kind == "synced":
        console.print_result(f"{time.strftime('%H:%M:%S')} {event.text}")
        console.flush_output()
    else:
        console.print_message(event.text)


def _document(event: "WatchEvent") -> dict[str, Any]:
    """Return the JSON document of an event: the counts of a run are those of `index --json`."""
    document: dict[str, Any] = {"event": event.kind, "root": str(event.root), "text": event.text}
    if event.kind == "watching":
        document["poll"] = event.seconds
    if event.report is not None:
        document |= {**asdict(event.report), "gone": event.report.removed}
    return document
