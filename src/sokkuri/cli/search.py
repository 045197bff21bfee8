"""`sokkuri search`: what looks like this?"""

from enum import StrEnum
from typing import Annotated

import typer

from sokkuri import terminal
from sokkuri.cli.options import Json, Where, collection_at


class MetricName(StrEnum):
    """The distances that `search` knows."""

    cosine = "cosine"
    l2 = "l2"


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

    with Collection.open(collection_at(where, near=query[0]), "ro") as collection:
        hits = Searcher(collection).search(query, k, None if metric is None else metric.value)
    if as_json:
        terminal.put_json(terminal.hits_json(hits))
    else:
        terminal.put(terminal.hits_text(hits))
