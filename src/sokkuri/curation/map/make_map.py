"""Make the map of a collection, or bring it up to date.

Takes a collection; yields progress and writes the file of the map last, so that a run which is cut
short leaves the old map. Up to 100,000 contents are projected. Further ones, and pictures that come
later, are placed by their nearest neighbours among these, and move no other picture.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features, Progress
from sokkuri.core.values import check_count
from sokkuri.curation.map.map_file import Keys, MapFile, Positions, read_map, write_map
from sokkuri.curation.map.neighbours import PLACED_BY, nearest_blocks, place
from sokkuri.curation.map.project import project
from sokkuri.curation.map.reduced_vectors import (
    LiveContents,
    find_basis,
    live_contents,
    read_unit_vectors,
)
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import wait_for_lock
from sokkuri.store.snapshot import PinnedShards, open_snapshot

MAX_PROJECTED = 100_000
"""The most contents that are projected: the others are placed by their neighbours."""


@dataclass(frozen=True, slots=True)
class MapReport:
    """What a run did. contents : different pictures of the collection, all of them on the map;
    equal files are one. projected, placed : how many of them this run projected, and placed by
    their neighbours."""

    contents: int
    projected: int = 0
    placed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What a run works on. total : contents of the collection. base : the map that pictures join;
    for a new one, only its basis. keys : (M,) contents. vectors : (M, H). positions : (M, 2), nan
    for those that need one."""

    total: int
    base: MapFile
    keys: Keys
    vectors: Features
    positions: Positions


def make_map(
    collection: CollectionStore, *, rebuild: bool = False, projected: int = MAX_PROJECTED
) -> Generator[Progress[MapReport]]:
    """Make the map, or give new pictures their places on it; yield progress.

    rebuild : project all pictures anew. projected : the most contents that are projected. The
    result of the last Progress is the MapReport. Waits while another process makes this map. Raises
    MissingExtraError without the extra `map` if pictures must be projected, DamagedRowError for a
    vector that is not as it was written, StorageError, StoreReplacedError.
    """
    check_count("projected", projected, 1)
    with wait_for_lock(collection, "map"):
        work = yield from _read(collection, None if rebuild else read_map(collection))
        new = np.flatnonzero(np.isnan(work.positions[:, 0]))
        chosen = new[:0] if len(new) < len(work.keys) else new[:projected]
        if len(chosen):
            work.positions[chosen] = yield from project(work.vectors[chosen])
        rest = new[len(chosen) :]
        if len(rest):
            yield from _place(work, rest)
        if len(new):
            write_map(collection, _joined(work, new, chosen))
    report = MapReport(work.total, len(chosen), len(rest))
    yield Progress("done", work.total, work.total, result=report)


def _read(
    collection: CollectionStore, old: MapFile | None
) -> Generator[Progress[MapReport], None, _Work]:
    """Read what a run works on: all contents for a new map; new ones and the projected ones, among
    which they find their neighbours, for an old map."""
    with open_snapshot(collection) as pinned:
        contents = live_contents(collection.catalog)
        if old is not None and len(old.keys):
            places = old.find(contents.keys)
            anchors = (places >= 0) & old.is_anchor[places]
            if anchors.any():
                return (yield from _read_new(collection, pinned, old, contents, places, anchors))
        basis = find_basis(collection.catalog, pinned, contents)
        none = np.zeros((0, 2), np.float32)
        base = MapFile(contents.keys[:0], none, np.zeros(0, bool), basis)
        vectors = yield from _reduce(collection, pinned, contents, basis)
        positions = np.full((len(contents.keys), 2), np.nan, np.float32)
        return _Work(len(contents.keys), base, contents.keys, vectors, positions)


def _read_new(
    collection: CollectionStore,
    pinned: PinnedShards,
    old: MapFile,
    contents: LiveContents,
    places: NDArray[np.int64],
    anchors: NDArray[np.bool_],
) -> Generator[Progress[MapReport], None, _Work]:
    """Read the vectors of new contents and of the anchors; none if nothing is new."""
    is_new = places < 0
    wanted = np.flatnonzero(is_new | anchors) if is_new.any() else np.zeros(0, np.int64)
    chosen = contents.select(wanted)
    vectors = yield from _reduce(collection, pinned, chosen, old.basis)
    positions = old.positions[places[wanted]]
    positions[is_new[wanted]] = np.nan
    return _Work(len(contents.keys), old, chosen.keys, vectors, positions)


def _reduce(
    collection: CollectionStore, pinned: PinnedShards, contents: LiveContents, basis: Features
) -> Generator[Progress[MapReport], None, Features]:
    """Return the vectors of contents along the directions of the basis : (N, H) float32."""
    reduced = np.empty((len(contents.keys), len(basis)), np.float32)
    done = 0
    for which, vectors in read_unit_vectors(collection.catalog, pinned, contents):
        reduced[which] = vectors @ basis.T
        done += len(which)
        yield Progress("reading", done, len(reduced))
    return reduced


def _place(work: _Work, rest: NDArray[np.int64]) -> Generator[Progress[MapReport]]:
    """Give the contents at the indices `rest` their positions, by those that have one."""
    placed = np.flatnonzero(~np.isnan(work.positions[:, 0]))
    positions = work.positions[placed]
    near = nearest_blocks(work.vectors[rest], work.vectors[placed], min(PLACED_BY, len(placed)))
    for block, nearest in near:
        work.positions[rest[block]] = place(nearest, positions)
        yield Progress("placing", block.stop, len(rest))


def _joined(work: _Work, new: NDArray[np.int64], projected: NDArray[np.int64]) -> MapFile:
    """Return the map with the new contents."""
    is_anchor = np.zeros(len(work.keys), bool)
    is_anchor[projected] = True
    keys = np.concatenate([work.base.keys, work.keys[new]])
    order = np.argsort(keys)
    return MapFile(
        keys[order],
        np.concatenate([work.base.positions, work.positions[new]])[order],
        np.concatenate([work.base.is_anchor, is_anchor[new]])[order],
        work.base.basis,
    )
