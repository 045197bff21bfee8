"""The contents of the live images of one moment, and their vectors in few dimensions.

Takes an open snapshot; returns contents as numbers, and vectors of length 1 along the directions in
which a sample of them varies most. Each vector is checked against its checksum when it is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features
from sokkuri.curation.map.map_file import Keys, content_keys
from sokkuri.search.vectors import normalised, principal_basis
from sokkuri.store.catalog import Catalog
from sokkuri.store.live_rows import content_rows
from sokkuri.store.read_rows import read_rows
from sokkuri.store.snapshot import PinnedShards

DIRECTIONS = 64
"""In how many dimensions pictures are compared for a map."""

_SAMPLE = 10_000  # rows that the directions are computed from
_STEP = 4096  # rows read at once


@dataclass(frozen=True, slots=True, eq=False)
class LiveContents:
    """The contents of live images. keys : (N,) uint64, ascending. places : (N, 2) int64, the shard
    and the row of one image of each content."""

    keys: Keys
    places: NDArray[np.int64]

    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "LiveContents":
        """Return these contents only."""
        return LiveContents(self.keys[which], self.places[which])


def live_contents(catalog: Catalog) -> LiveContents:
    """Return the contents of the live images. Call it in a read transaction."""
    rows = list(content_rows(catalog))
    keys = content_keys([content for content, _, _ in rows])
    places = np.array([(shard, row) for _, shard, row in rows], np.int64).reshape(-1, 2)
    order = np.lexsort((places[:, 1], places[:, 0], keys))
    keys, first = np.unique(keys[order], return_index=True)
    return LiveContents(keys, places[order][first])


def read_unit_vectors(
    catalog: Catalog, shards: PinnedShards, contents: LiveContents
) -> Iterator[tuple[NDArray[np.int64], Features]]:
    """Yield the vectors in blocks: which contents, (M,) int64, and their vectors of length 1.

    Raises DamagedRowError for a vector that is not as it was written.
    """
    order = np.lexsort((contents.places[:, 1], contents.places[:, 0]))
    for start in range(0, len(order), _STEP):
        block = order[start : start + _STEP]
        places = [(shard, row) for shard, row in contents.places[block].tolist()]
        stored = read_rows(catalog, shards, places)
        yield block, normalised(np.asarray(stored, np.float32), "cosine")


def find_basis(catalog: Catalog, shards: PinnedShards, contents: LiveContents) -> Features:
    """Return the directions in which the vectors vary most : (H, D) float32, H at most 64.

    The sample depends on the contents alone, as their keys are random numbers.
    """
    sample = contents.select(np.arange(min(len(contents.keys), _SAMPLE)))
    blocks = [vectors for _, vectors in read_unit_vectors(catalog, shards, sample)]
    if not blocks:
        return np.zeros((0, 0), np.float32)
    return principal_basis(np.concatenate(blocks))[:DIRECTIONS].astype(np.float32)
