"""`sokkuri push`: send the vectors of a collection to a search engine."""

from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import push_text
from sokkuri.cli.options import CollectionOption, JsonOption, find_collection


def push(
    address: Annotated[
        str,
        typer.Argument(
            help="Such as milvus://host:19530/collection or pgvector://user@host/database/table."
        ),
    ],
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send the vectors to Milvus or PostgreSQL.

    Repeat it to bring the database up to date. `--engine ADDRESS` searches there.
    """
    from sokkuri.api import Collection

    report = None
    with (
        Collection.open(find_collection(collection)) as opened,
        closing(opened.push(address)) as steps,
        console.progress_bar() as bar,
    ):
        for step in steps:
            bar.show(step)
            report = step.result
    assert report is not None
    if as_json:
        console.print_json(asdict(report))
    else:
        console.print_result(push_text(report))
