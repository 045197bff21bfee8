"""The live images by what they hold: files with the same bytes are one content.

Takes a collection; hands on Contents, and their feature vectors as they are compared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sokkuri.core.locations import Location
from sokkuri.core.types import Features
from sokkuri.curation.duplicates.candidates import FeatureTable, fit_projection, project
from sokkuri.curation.duplicates.keep_rules import Candidate
from sokkuri.curation.duplicates.matching.fingerprint import PRINT
from sokkuri.curation.duplicates.neighbours import Matrix, RemoteRows
from sokkuri.images.read import is_file
from sokkuri.search.push_log import PushedReader
from sokkuri.search.vectors.row_keys import key_at
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.content import CONTENT
from sokkuri.store.decisions import Decisions
from sokkuri.store.filters import condition
from sokkuri.store.images import LIVE
from sokkuri.store.row_numbers import Numbering

_AT_ONCE = 500  # parameters of a statement
_SAMPLE = 20_000  # vectors whose directions are taken for those of all


@dataclass(slots=True)
class Content:
    """key : see decisions.py. place : shard and row of one of its images' vectors. images : all
    that hold it."""

    key: bytes
    place: tuple[int, int]
    images: list[Candidate] = field(default_factory=list)


def live_contents(
    collection: CollectionStore, decided: Decisions, some: Iterable[bytes] | None = None
) -> dict[bytes, Content]:
    """Every content by its key, in the order of their rows. some : only these, and those that
    several images hold; of images that have a file."""
    rows = _rows(collection.catalog, "") if some is None else _rows_of(collection.catalog, some)
    found: dict[bytes, Content] = {}
    for key, id_, path, width, height, size, mtime_ns, shard, row in rows:
        content = found.get(key)
        if content is None:
            content = found[key] = Content(key, (shard, row))
        kept = key in decided.kept
        content.images.append(Candidate(id_, path, width, height, size, mtime_ns, kept))
    return found


def _rows(catalog: Catalog, condition: str, values: Sequence[bytes] = ()) -> Iterator[Any]:
    return catalog.each(
        f"SELECT {CONTENT}, id, path, width, height, size, mtime_ns, shard, row FROM images"  # noqa: S608
        f" WHERE {LIVE}{condition} ORDER BY shard, row",
        values,
    )


def _rows_of(catalog: Catalog, some: Iterable[bytes]) -> list[Any]:
    twins = catalog.all(
        f"SELECT digest FROM images WHERE {LIVE} AND digest IS NOT NULL"  # noqa: S608
        " GROUP BY digest HAVING count(*) > 1"
    )
    wanted = sorted({*some, *(digest for (digest,) in twins)})
    rows: list[Any] = []
    for at in range(0, len(wanted), _AT_ONCE):
        part = wanted[at : at + _AT_ONCE]
        rows += _rows(catalog, f" AND digest IN ({','.join('?' * len(part))})", part)
    return sorted(rows, key=lambda row: (row[-2], row[-1]))


def count_contents(collection: CollectionStore) -> int:
    """How many there are."""
    return int(
        collection.catalog.one(
            f"SELECT count(DISTINCT {CONTENT}) FROM images WHERE {LIVE}"  # noqa: S608
        )[0]
    )


def ids_that_pass(
    collection: CollectionStore, under: str | None, where: str | None
) -> set[str] | None:
    """The live images that pass both filters; None without any. Raises UsageError."""
    made = condition(collection.root, under, where)
    if made is None:
        return None
    rows = collection.catalog.each(
        f"SELECT id FROM images WHERE {LIVE} AND {made.sql}",  # noqa: S608
        made.values,
    )
    return {id_ for (id_,) in rows}


def file_of(collection: CollectionStore, content: Content) -> Location:
    """A file that holds it, of several one that is there."""
    files = [collection.file(image.path) for image in content.images]
    if len(files) == 1:
        return files[0]
    return next((file for file in files if is_file(file)), files[0])


def basis(collection: CollectionStore) -> Matrix:
    """The directions in which to compare this collection's vectors."""
    counted = collection.counted()
    step = max(1, sum(counted.values()) // _SAMPLE)
    sample = [np.empty((0, collection.model.dimension), np.float32)]
    for shard, rows in counted.items():
        sample.append(np.asarray(collection.shards.features(shard, rows)[::step], np.float32))
    return fit_projection(np.concatenate(sample))


def field_of(
    collection: CollectionStore,
    contents: Iterable[Content],
    prints: Mapping[bytes, bytes],
    directions: Matrix,
) -> tuple[list[Content], FeatureTable]:
    """Those of the contents, in the order of their places, that have a print; and what they are
    compared by."""
    some = [content for content in contents if content.key in prints]
    printed = np.frombuffer(b"".join(prints[content.key] for content in some), np.uint8)
    return some, FeatureTable(
        heads_of(collection, some, directions), printed.reshape(len(some), PRINT * PRINT)
    )


def heads_of(
    collection: CollectionStore, contents: Sequence[Content], directions: Matrix
) -> Matrix:
    """Of contents in the order of their places : (N, H) float32."""

    def blocks() -> Iterator[tuple[Features, int]]:
        places = np.array([content.place for content in contents], np.int64).reshape(-1, 2)
        edges = np.flatnonzero(np.diff(places[:, 0])) + 1
        for first, last in zip([0, *edges], [*edges, len(places)], strict=True):
            if first < last:
                rows = places[first:last, 1]
                held = collection.shards.features(int(places[first, 0]), int(rows[-1]) + 1)
                yield np.asarray(held[rows], np.float32), int(first)

    return project(blocks(), directions, len(contents))


def served_of(
    collection: CollectionStore, reader: PushedReader, contents: Sequence[Content]
) -> RemoteRows:
    """What of these contents an engine holds, each by all of its images. Raises EngineError."""
    numbers = {content.key: number for number, content in enumerate(contents)}
    counted = collection.counted()
    found, _ = reader.found(counted)
    rows, places = [], []
    for key, shard, row in collection.catalog.each(
        f"SELECT {CONTENT}, shard, row FROM images WHERE {LIVE}"  # noqa: S608
    ):
        if key in numbers:
            rows.append(numbers[key])
            places.append((shard, row))
    at = Numbering(counted).numbers(places)
    held = at >= 0
    held[held] = found[at[held]]
    number = np.array(rows, np.int64)[held]
    keys = np.array([key_at(*place) for place in places], np.int64)[held]
    order = np.argsort(keys)
    return RemoteRows(
        reader.engine,
        collection.model.metric,
        keys[order],
        number[order],
        lambda some: collection.vectors([contents[one].place for one in some.tolist()]),
        np.setdiff1d(np.arange(len(contents)), number),
    )
