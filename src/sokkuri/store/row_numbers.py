"""The rows of several shards, numbered through: from places to numbers, and back.

Takes how many rows count in each shard at some moment. What indexes find are numbers; what the
catalog knows are places.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import RowRef


class Numbering:
    """counted : rows by shard, in the order in which they are numbered."""

    def __init__(self, counted: Mapping[int, int]) -> None:
        self._counted = dict(counted)
        self._shards = list(counted)
        self._starts = np.cumsum([0, *counted.values()])
        self._first = dict(zip(self._shards, self._starts.tolist(), strict=False))

    def numbers(self, places: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """Of (shard, row) places : (M,) int64, -1 for what was committed after this moment."""
        shards, rows = np.array(places, np.int64).reshape(-1, 2).T
        found = np.full(len(shards), -1, np.int64)
        for shard in np.unique(shards).tolist():
            here = (shards == shard) & (rows < self._counted.get(shard, 0))
            found[here] = rows[here] + self._first.get(shard, 0)
        return found

    def ref(self, number: int) -> RowRef:
        """The place of a number that there is."""
        at = int(np.searchsorted(self._starts, number, side="right")) - 1
        return RowRef(self._shards[at], int(number - self._starts[at]))
