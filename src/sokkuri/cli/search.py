"""`sokkuri search`: what looks like this?"""

import os
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import (
    Engine,
    Expression,
    Json,
    Under,
    Where,
    collection_at,
    folder_at,
    write_text,
)
from sokkuri.core.errors import SokkuriError, UsageError

if TYPE_CHECKING:
    from sokkuri.core.types import Metric
    from sokkuri.search.query import Image
    from sokkuri.search.results import Hits, SearchOptions
    from sokkuri.search.searcher import Searcher


_TOGETHER = 64  # queries of a batch that are searched at once


@dataclass(frozen=True, slots=True)
class _Asked:
    """How to search, whatever for."""

    k: int
    metric: "Metric | None"
    options: "SearchOptions"


class MetricName(StrEnum):
    """The distances that `search` knows."""

    cosine = "cosine"
    l2 = "l2"


class EngineName(StrEnum):
    """The ways to search."""

    auto = "auto"
    exact = "exact"
    ann = "ann"


def search(
    query: Annotated[
        list[str] | None, typer.Argument(help="Image files, ids of the collection, or - for stdin.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many to find.")] = 10,
    metric: Annotated[
        MetricName | None,
        typer.Option(help="The model card's own by default.", show_default=False),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="QUERY", help="Not like this; may be repeated."),
    ] = None,
    crop: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="The part of the picture that counts.")
    ] = None,
    under: Under = None,
    where_: Expression = None,
    max_distance: Annotated[
        float | None, typer.Option(metavar="D", help="Find nothing farther than this.")
    ] = None,
    way: Annotated[
        EngineName, typer.Option("--search", help="`auto` chooses by size.")
    ] = EngineName.auto,
    engine: Engine = None,
    batch: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Search for each image below it; a line each."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result as a page.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show the page in the browser.")] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Find what looks like the given images, nearest first; several are one query together."""
    from sokkuri.api import Collection
    from sokkuri.search.query import parsed_box
    from sokkuri.search.results import SearchOptions
    from sokkuri.search.searcher import Searcher

    queries = query or []
    if bool(queries) == (batch is not None):
        raise UsageError("say what to search for: images, or --batch FOLDER")
    options = SearchOptions(
        without=tuple(without or ()),
        crop=None if crop is None else parsed_box(crop),
        under=under,
        where=where_,
        max_distance=max_distance,
        mode=way.value,
    )
    asked = _Asked(k, None if metric is None else metric.value, options)
    near = queries[0] if queries else None
    with (
        Collection.open(collection_at(where, near=near), "ro") as collection,
        closing(Searcher(collection, engine)) as searcher,
    ):
        if batch is not None:
            found = _batch(searcher, batch, asked, as_json=as_json)
        else:
            found = [searcher.search([*map(_image, queries)], k, asked.metric, options)]
            _print(found[0], as_json=as_json)
        for note in searcher.notes:
            console.say(note)
    if html is not None or open_:
        _page(found, html, show=open_)


def _image(query: str) -> "Image":
    return sys.stdin.buffer.read() if query == "-" else query


def _print(hits: "Hits", *, as_json: bool) -> None:
    if as_json:
        console.put_json(console.hits_json(hits))
    else:
        console.put(console.hits_text(hits))


def _batch(searcher: "Searcher", below: str, asked: _Asked, *, as_json: bool) -> "list[Hits]":
    """Search for each image below the folder; a line of JSON each, or a paragraph."""
    from sokkuri.images.scan import list_images

    folder = folder_at(below)
    names = iter(sorted(str(folder / ref.path) for ref in list_images(folder)))
    found: list[Hits] = []
    while chunk := list(islice(names, _TOGETHER)):
        results = searcher.search_each(chunk, asked.k, asked.metric, asked.options)
        for name, result in zip(chunk, results, strict=True):
            if isinstance(result, SokkuriError):
                console.say(str(result))
                line = {"query": [name], "error": str(result)}
            else:
                found.append(result)
                line = console.hits_json(result)
            if as_json:
                console.put_line(line)
            elif not isinstance(result, SokkuriError):
                console.put(f"{console.shown(name)}\n{console.hits_text(result)}\n")
    return found


def _page(found: "list[Hits]", html: Path | None, *, show: bool) -> None:
    from sokkuri.cli.contact_sheet import contact_sheet

    if html is None:
        handle, name = tempfile.mkstemp(prefix="sokkuri-", suffix=".html")
        os.close(handle)
        html = Path(name)
    write_text(html, contact_sheet(found))
    if show:
        import webbrowser

        if not webbrowser.open(html.resolve().as_uri()):
            console.say(f"no browser could be opened: open {html} yourself")
