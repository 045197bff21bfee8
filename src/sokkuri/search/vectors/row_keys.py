"""Rows by keys that outlive a numbering: a block's key above 32 bits, the row within it below.

Takes keys, as approximate indexes and engines find them; hands on row numbers, and the nearest of
them, measured.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.search.vectors.base import Accept, Found
from sokkuri.search.vectors.distance import Rows
from sokkuri.search.vectors.exact import ExactIndex

LARGEST = 1e15
"""Number of a row whose square, and a sum of these, float32 can hold."""

_SHIFT = 32


def keys_of(block: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of rows within the block with this key : (M,) -> (M,)."""
    return np.asarray((np.int64(block) << _SHIFT) + rows.astype(np.int64))


def key_at(block: int, row: int) -> int:
    """Of one of them."""
    return block << _SHIFT | row


class Keyed:
    """rows : all there are. keys : one number a block, and never another block's."""

    def __init__(self, rows: Rows, keys: Sequence[int]) -> None:
        self.rows = rows
        self._blocks = np.array(keys, np.int64)
        self._order = np.argsort(self._blocks)
        self._keys = self._blocks[self._order]
        self._sizes = np.diff(rows.starts)

    def numbers(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row numbers, ascending, of the keys whose rows are still there; -1 is none."""
        keys = keys[keys >= 0]
        if not len(self._keys):
            return np.empty(0, np.int64)
        blocks, rows = keys >> _SHIFT, keys & ((1 << _SHIFT) - 1)
        at = np.minimum(np.searchsorted(self._keys, blocks), len(self._keys) - 1)
        block = self._order[at]
        there = (self._keys[at] == blocks) & (rows < self._sizes[block])
        return np.unique(self.rows.starts[block[there]] + rows[there])

    def keys(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The keys of row numbers : (M,) -> (M,)."""
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
    ) -> Found:
        """The k nearest accepted of these rows, which ascend : measured in float64."""
        ranked = ExactIndex([self.rows.take(numbers)])
        found, measured = ranked.search(query, k, metric, lambda some: accept(numbers[some]))
        return numbers[found], measured
