"""The verbs that look after a collection: `status`, `verify`, `remove`, `compact`."""

from dataclasses import asdict
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import AnnFrom, Json, Where, collection_at


def status(where: Where = None, as_json: Json = False) -> None:
    """Counts, failures and their reasons, the model, the space on disk."""
    from sokkuri.api import Collection

    with Collection.open(collection_at(where), "ro") as collection:
        found = collection.status()
    if as_json:
        console.put_json(console.status_json(found))
    else:
        console.put(console.status_text(found))


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

    with Collection.open(collection_at(where), "rw" if repair else "ro") as collection:
        for line in collection.repair() if repair else []:
            console.say(line)
        faults = collection.verify(deep=deep)
    if as_json:
        console.put_json(console.faults_json(faults))
    else:
        console.put(console.faults_text(faults))
    if faults:
        raise typer.Exit(1)


def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids of the collection.")],
    restore: Annotated[bool, typer.Option("--restore", help="Take the mark away again.")] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Keep images out of searches and later runs. The photos themselves are never touched."""
    from sokkuri.api import Collection

    with Collection.open(collection_at(where)) as collection:
        count = collection.restore(ids) if restore else collection.remove(ids)
    what = "restored" if restore else "removed"
    if as_json:
        console.put_json({what: count})
    else:
        console.put(f"{count:,} images {what}")


def compact(ann_from: AnnFrom = None, where: Where = None, as_json: Json = False) -> None:
    """Rewrite shards without the rows that no longer count; safe to kill at any moment."""
    from sokkuri.api import Collection

    with Collection.open(collection_at(where)) as collection, console.progress_bar() as bar:
        done = collection.compact(ann_from, bar.show)
    if as_json:
        console.put_json(asdict(done))
    else:
        console.put(console.compaction_text(done))
