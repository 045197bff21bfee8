"""The live images by what they hold: files with the same bytes are one content.

Takes a collection; hands on Contents, and their feature vectors as they are compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sokkuri.catalog import LIVE
from sokkuri.collection import Collection
from sokkuri.decisions import CONTENT, Decisions
from sokkuri.filters import condition
from sokkuri.joining import Matrix, basis_of, heads
from sokkuri.keeping import Candidate
from sokkuri.records import Features

_SAMPLE = 20_000  # vectors whose directions are taken for those of all


@dataclass(slots=True)
class Content:
    """key : see decisions.py. place : shard and row of one of its images' vectors. images : all
    that hold it."""

    key: bytes
    place: tuple[int, int]
    images: list[Candidate] = field(default_factory=list)


def live_contents(collection: Collection, decided: Decisions) -> dict[bytes, Content]:
    """Every content by its key, in the order of their rows."""
    found: dict[bytes, Content] = {}
    for key, id_, path, width, height, size, mtime_ns, shard, row in collection.catalog.each(
        f"SELECT {CONTENT}, id, path, width, height, size, mtime_ns, shard, row FROM images"  # noqa: S608
        f" WHERE {LIVE} ORDER BY shard, row"
    ):
        content = found.get(key)
        if content is None:
            content = found[key] = Content(key, (shard, row))
        kept = key in decided.kept
        content.images.append(Candidate(id_, path, width, height, size, mtime_ns, kept))
    return found


def ids_that_pass(collection: Collection, under: str | None, where: str | None) -> set[str] | None:
    """The live images that pass both filters; None without any. Raises UsageError."""
    made = condition(collection.root, under, where)
    if made is None:
        return None
    rows = collection.catalog.each(
        f"SELECT id FROM images WHERE {LIVE} AND {made.sql}",  # noqa: S608
        made.values,
    )
    return {id_ for (id_,) in rows}


def basis(collection: Collection) -> Matrix:
    """The directions in which to compare this collection's vectors."""
    counted = collection.counted()
    step = max(1, sum(counted.values()) // _SAMPLE)
    sample = [
        np.asarray(collection.shards.features(shard, rows)[::step], np.float32)
        for shard, rows in counted.items()
    ]
    return basis_of(np.concatenate(sample))


def heads_of(collection: Collection, contents: Sequence[Content], directions: Matrix) -> Matrix:
    """Of contents in the order of their places : (N, H) float32."""

    def blocks() -> Iterator[tuple[Features, int]]:
        places = np.array([content.place for content in contents], np.int64).reshape(-1, 2)
        edges = np.flatnonzero(np.diff(places[:, 0])) + 1
        for first, last in zip([0, *edges], [*edges, len(places)], strict=True):
            if first < last:
                rows = places[first:last, 1]
                held = collection.shards.features(int(places[first, 0]), int(rows[-1]) + 1)
                yield np.asarray(held[rows], np.float32), int(first)

    return heads(blocks(), directions, len(contents))
