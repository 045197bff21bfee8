"""Translate between the position, the number and the key of a row.

- Position: (shard, row), as the catalog stores it.
- Number: consecutive over all shards at one moment. Indexes use numbers.
- Key: 64 bits, `shard << 32 | row`. A key stays valid when later commits change the numbers, so the
  approximate index and vector engines store keys.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import RowRef

_SHIFT = 32


def row_keys(shard: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the keys of rows of a shard : (M,) -> (M,) int64."""
    return np.asarray((np.int64(shard) << _SHIFT) + rows.astype(np.int64))


class RowNumbers:
    """The numbers of all rows at one moment.

    rows_per_shard : in the order in which the rows are numbered. shards : (S,) int64. starts :
    (S + 1,) int64, the number of each shard's first row, then the number of all rows. size : the
    number of all rows.
    """

    def __init__(self, rows_per_shard: Mapping[int, int]) -> None:
        self.shards = np.array([*rows_per_shard], np.int64)
        self.starts = np.cumsum([0, *rows_per_shard.values()])
        self.size = int(self.starts[-1])
        self._counts = np.diff(self.starts)
        self._order = np.argsort(self.shards)
        self._sorted_shards = self.shards[self._order]

    def to_number(self, ref: RowRef) -> int:
        """Return the number of a row, -1 if it was committed after this moment."""
        return int(self.to_numbers([(ref.shard, ref.row)])[0])

    def to_numbers(self, positions: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """Return the numbers of (shard, row) positions : (M,) int64, -1 for a row that was
        committed after this moment."""
        shards, rows = np.array(positions, np.int64).reshape(-1, 2).T
        return self._numbers(shards, rows)

    def from_keys(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of keys : any shape, -1 for a key of no row (such as -1)."""
        return self._numbers(keys >> _SHIFT, keys & ((1 << _SHIFT) - 1))

    def _numbers(self, shards: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self.shards):
            return np.full(shards.shape, -1, np.int64)
        offsets = np.searchsorted(self._sorted_shards, shards)
        blocks = self._order[np.minimum(offsets, len(self.shards) - 1)]
        exists = (self.shards[blocks] == shards) & (rows < self._counts[blocks])
        return np.where(exists, self.starts[blocks] + rows, -1)

    def to_refs(self, numbers: NDArray[np.int64]) -> list[RowRef]:
        """Return the positions of these numbers."""
        blocks, rows = self.locate(numbers)
        shards = self.shards[blocks].tolist()
        return [RowRef(shard, row) for shard, row in zip(shards, rows.tolist(), strict=True)]

    def to_keys(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the keys of these numbers : (M,) -> (M,)."""
        blocks, rows = self.locate(numbers)
        return np.asarray((self.shards[blocks] << _SHIFT) + rows, np.int64)

    def locate(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return for each number the offset of its shard in `shards`, and the row in the shard."""
        blocks = np.searchsorted(self.starts, numbers, side="right") - 1
        return blocks, numbers - self.starts[blocks]

    def split(self, numbers: NDArray[np.int64]) -> Iterator[tuple[int, slice, NDArray[np.int64]]]:
        """Split ascending numbers by shard.

        Yields for each shard that has some of them (block, part, rows) : the offset of the shard in
        `shards`, the slice of `numbers`, and the rows in the shard.
        """
        edges = np.searchsorted(numbers, self.starts)
        for block in np.flatnonzero(np.diff(edges)).tolist():
            part = slice(int(edges[block]), int(edges[block + 1]))
            yield block, part, numbers[part] - self.starts[block]
