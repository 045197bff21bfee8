"""64-bit keys of rows that stay valid when rows are numbered anew: block key << 32 | row in block.

The approximate index and vector engines store keys. This module turns keys into row numbers and
back, and finds the nearest of such rows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.search.vectors.base import Accept, Neighbours
from sokkuri.search.vectors.distance import VectorBlocks
from sokkuri.search.vectors.exact import ExactIndex

MAX_NORM = 1e15
"""The largest number of a row whose square, and a sum of such squares, float32 can hold."""

_SHIFT = 32


def keys_of(block: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the keys of rows of the block with this key : (M,) -> (M,)."""
    return np.asarray((np.int64(block) << _SHIFT) + rows.astype(np.int64))


def key_at(block: int, row: int) -> int:
    """Return the key of one row of the block with this key."""
    return block << _SHIFT | row


class RowKeys:
    """The keys of all rows. rows : the rows of all blocks. keys : one key for each block, which no
    other block ever has."""

    def __init__(self, rows: VectorBlocks, keys: Sequence[int]) -> None:
        self.rows = rows
        self._blocks = np.array(keys, np.int64)
        self._order = np.argsort(self._blocks)
        self._keys = self._blocks[self._order]
        self._sizes = np.diff(rows.starts)

    def numbers(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ascending row numbers of those keys whose rows still exist. Ignore -1."""
        keys = keys[keys >= 0]
        if not len(self._keys):
            return np.empty(0, np.int64)
        blocks, rows = keys >> _SHIFT, keys & ((1 << _SHIFT) - 1)
        positions = np.minimum(np.searchsorted(self._keys, blocks), len(self._keys) - 1)
        block = self._order[positions]
        exists = (self._keys[positions] == blocks) & (rows < self._sizes[block])
        return np.unique(self.rows.starts[block[exists]] + rows[exists])

    def keys(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the keys of row numbers : (M,) -> (M,)."""
        block = np.searchsorted(self.rows.starts, numbers, side="right") - 1
        return np.asarray(
            (self._blocks[block] << _SHIFT) + (numbers - self.rows.starts[block]), np.int64
        )

    def nearest(
        self,
        numbers: NDArray[np.int64],
        query: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
    ) -> Neighbours:
        """Return the k nearest accepted rows among those with these ascending numbers, with float64
        distances."""
        candidates = ExactIndex([self.rows.take(numbers)])
        rows, distances = candidates.search(query, k, metric, lambda some: accept(numbers[some]))
        return numbers[rows], distances
