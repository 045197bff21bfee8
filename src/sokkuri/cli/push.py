"""`sokkuri push`: the collection's vectors into an engine that others run."""

from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import Json, Where, collection_at


def push(
    address: Annotated[
        str,
        typer.Argument(
            help="Such as milvus://host:19530/collection or pgvector://user@host/database/table."
        ),
    ],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Bring an engine up to date with the collection; `--engine ADDRESS` searches there then."""
    from sokkuri.api import Collection

    report = None
    with (
        Collection.open(collection_at(where)) as collection,
        closing(collection.push(address)) as steps,
        console.progress_bar() as bar,
    ):
        for step in steps:
            bar.show(step)
            report = step.result
    assert report is not None
    if as_json:
        console.put_json(asdict(report))
    else:
        console.put(console.push_text(report))
