"""`sokkuri search`: find the images that look most like a query."""

import os
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import escape_control, hits_json, hits_text, not_compared_text
from sokkuri.cli.options import (
    CollectionOption,
    EngineOption,
    JsonOption,
    UnderOption,
    WhereOption,
    check_under,
    find_collection,
    parse_folder,
    write_text,
)
from sokkuri.core.errors import SokkuriError, UsageError, from_os_error
from sokkuri.search.terms import Text, split_weight

if TYPE_CHECKING:
    from sokkuri.api import Collection
    from sokkuri.core.types import Metric
    from sokkuri.search.query import Query
    from sokkuri.search.results import Hits, SearchOptions
    from sokkuri.search.searcher import Searcher

_BATCH = 64  # queries of `--batch` that are searched together


@dataclass(frozen=True, slots=True)
class _Settings:
    """How to search. The same for every query of a run."""

    k: int
    metric: "Metric | None"
    options: "SearchOptions"


def search(
    query: Annotated[
        list[str] | None,
        typer.Argument(help="Image files, ids of the collection, or - for an image on stdin."),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="WORDS", help="Images that fit these words. Repeatable."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of hits.")] = 10,
    metric: Annotated[
        Literal["cosine", "l2"] | None,
        typer.Option(help="Distance. Default: the metric of the model.", show_default=False),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="QUERY", help="Not like this image. Repeatable."),
    ] = None,
    not_text: Annotated[
        list[str] | None,
        typer.Option(metavar="WORDS", help="Not what these words say. Repeatable."),
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="Search with this part of the query image."),
    ] = None,
    under: UnderOption = None,
    where: WhereOption = None,
    max_distance: Annotated[
        float | None, typer.Option(metavar="D", help="Only hits up to this distance.")
    ] = None,
    mode: Annotated[
        Literal["auto", "exact", "ann"],
        typer.Option("--search", help="`auto` chooses by the size of the collection."),
    ] = "auto",
    collapse: Annotated[
        bool, typer.Option("--collapse", help="One hit for each group of copies.")
    ] = False,
    recall: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            help="Least share of the true nearest images that an approximate search must find.",
        ),
    ] = None,
    engine: EngineOption = None,
    batch: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Search for each image below this folder."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result as an HTML page.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the images most like the given ones, or that fit words.

    The nearest comes first. Several images and words are one query together. A number behind an
    image or words, as in "at night^0.5", is the weight.
    """
    from sokkuri.api import Collection
    from sokkuri.search.query import parse_box
    from sokkuri.search.results import SearchOptions
    from sokkuri.search.searcher import Searcher

    queries, texts = query or [], text or []
    if bool(queries or texts) == (batch is not None):
        raise UsageError("name the images to search with, words with --text, or --batch FOLDER")
    if sum(split_weight(name)[0] == "-" for name in [*queries, *(without or [])]) > 1:
        raise UsageError("- stands for one image from standard input: name it once")
    if crop is not None and not (queries or batch):
        raise UsageError("--crop needs an image to search with: words have no parts")
    options = SearchOptions(
        crop=None if crop is None else parse_box(crop),
        under=under,
        where=where,
        max_distance=max_distance,
        mode=mode,
        collapse=collapse,
        recall=recall,
    )
    folder = find_collection(collection, query=_file_name(queries[0]) if queries else None)
    with (
        Collection.open(folder, "ro") as opened,
        closing(Searcher(opened, engine)) as searcher,
    ):
        check_under(opened, under)
        away = [*_read_images(opened, without or []), *map(_read_words, not_text or [])]
        options = replace(options, without=tuple(away))
        settings = _Settings(k, metric, options)
        if batch is not None:
            results = _search_batch(searcher, batch, settings, as_json=as_json)
        else:
            wanted = [*_read_images(opened, queries), *map(_read_words, texts)]
            results = [searcher.search(wanted, k, metric, options)]
            _print_hits(results[0], as_json=as_json)
        for note in [*searcher.notes, *_notes_on_copies(results)]:
            console.print_message(note)
    if html is not None or open_:
        _write_page(results, html, show=open_)


def _notes_on_copies(results: "list[Hits]") -> list[str]:
    """Return a line if --collapse could not know all copies of some hits."""
    count = sum(hits.not_compared for hits in results)
    return [not_compared_text(count)] if count else []


def _file_name(written: str) -> str:
    """Return the name of the file that a query names, without a weight."""
    return written if Path(written).exists() else split_weight(written)[0]


def _read_images(collection: "Collection", written: "list[str]") -> "list[Query]":
    """Return the images that a person named, with their weights. A file or an id whose name ends
    like a weight has none."""
    from sokkuri.search.query import Weighted

    queries: list[Query] = []
    for name in written:
        term, weight = split_weight(name)
        if term != name and (Path(name).exists() or _has_image(collection, name)):
            term, weight = name, 1.0
        image = sys.stdin.buffer.read() if term == "-" else term
        queries.append(image if weight == 1.0 else Weighted(image, weight))
    return queries


def _has_image(collection: "Collection", id_: str) -> bool:
    from sokkuri.store.images import find_images, known_ids

    return bool(find_images(collection.catalog, known_ids(collection.catalog, [id_])))


def _read_words(written: str) -> "Query":
    from sokkuri.search.query import Weighted

    words, weight = split_weight(written)
    return Text(words) if weight == 1.0 else Weighted(Text(words), weight)


def _print_hits(hits: "Hits", *, as_json: bool) -> None:
    if as_json:
        console.print_json(hits_json(hits))
    elif len(hits):
        console.print_result(hits_text(hits))
    else:
        console.print_message("no image of the collection fits")


def _search_batch(
    searcher: "Searcher", folder_text: str, settings: _Settings, *, as_json: bool
) -> "list[Hits]":
    """Search for each image below a folder. Print one line of JSON or one paragraph for each.

    Returns the hits of the images that could be read.
    """
    from sokkuri.images.scan import list_images

    folder = parse_folder(folder_text)

    def on_error(path: str, error: OSError) -> None:
        if path == str(folder):
            raise from_os_error(error)
        console.print_message(f"{path} was skipped: {error.strerror}")

    names = iter(sorted(str(folder / ref.path) for ref in list_images(folder, on_error=on_error)))
    results: list[Hits] = []
    while chunk := list(islice(names, _BATCH)):
        outcomes = searcher.search_each(chunk, settings.k, settings.metric, settings.options)
        for name, outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, SokkuriError):
                console.print_message(str(outcome))
                line = {"query": [name], "error": str(outcome)}
            else:
                results.append(outcome)
                line = hits_json(outcome)
            if as_json:
                console.print_json_line(line)
            elif not isinstance(outcome, SokkuriError):
                console.print_result(f"{escape_control(name)}\n{hits_text(outcome)}\n")
    return results


def _write_page(results: "list[Hits]", file: Path | None, *, show: bool) -> None:
    """Write the HTML page to `file`, or to a temporary file. Open it in the browser if `show`."""
    from sokkuri.cli.contact_sheet import contact_sheet

    if file is None:
        handle, name = tempfile.mkstemp(prefix="sokkuri-", suffix=".html")
        os.close(handle)
        file = Path(name)
    write_text(file, contact_sheet(results))
    if show:
        import webbrowser

        if not webbrowser.open(file.resolve().as_uri()):
            console.print_message(f"no browser could be opened: open {file} yourself")
