"""The rows that indexes search: blocks of vectors under consecutive row numbers, and distances.

Distances are computed in float64.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric, StoredRows
from sokkuri.store.row_numbers import RowNumbers

if TYPE_CHECKING:
    from sokkuri.store.shards import ShardFolder

MAX_NORM = 1e15
"""The largest number of a row whose square, and a sum of such squares, float32 can hold."""

_STEP = 2048  # rows converted to float64 at once

Number = TypeVar("Number", np.float32, np.float64)


class VectorBlocks:
    """Blocks of vectors, whose rows have consecutive numbers over all blocks, in order.

    blocks : each (N_i, D) float32 or float16. shards : the shard number of each block, by default
    its offset. numbers : the numbers of the rows. size : the number of all rows.
    """

    def __init__(self, blocks: Sequence[StoredRows], shards: Sequence[int] | None = None) -> None:
        self.blocks = [np.asarray(block) for block in blocks]  # slicing a memmap itself is slow
        shards = range(len(blocks)) if shards is None else shards
        self.numbers = RowNumbers(dict(zip(shards, map(len, blocks), strict=True)))
        self.size = self.numbers.size

    @classmethod
    def from_shards(cls, shards: "ShardFolder", rows_per_shard: Mapping[int, int]) -> Self:
        """Return the rows of these shards, mapped into memory. Raises DamagedError."""
        blocks = [shards.map_rows(shard, rows) for shard, rows in rows_per_shard.items()]
        return cls(blocks, list(rows_per_shard))

    def vector(self, row: int) -> NDArray[np.float32]:
        """Return one row as a copy : (D,) float32."""
        block, offset = self.numbers.locate(np.array(row, np.int64))
        return np.array(self.blocks[int(block)][int(offset)], np.float32)

    def stored_rows(self, rows: NDArray[np.int64]) -> StoredRows:
        """Return the rows with these numbers in any order, as they are stored, as a copy : (M,)
        int64 -> (M, D) in the dtype of the blocks."""
        kind = self.blocks[0] if self.blocks else np.empty((0, 0), np.float32)
        stored: StoredRows = np.empty((len(rows), kind.shape[1]), kind.dtype)
        blocks, offsets = self.numbers.locate(rows)
        for at, (block, offset) in enumerate(zip(blocks.tolist(), offsets.tolist(), strict=True)):
            stored[at] = self.blocks[block][offset]
        return stored

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the rows with these ascending numbers as a copy : (M,) int64 -> (M, D) float32."""
        dimension = self.blocks[0].shape[1] if self.blocks else 0
        vectors = np.empty((len(rows), dimension), np.float32)
        for block, part, offsets in self.numbers.split(rows):
            vectors[part] = self.blocks[block][offsets]
        return vectors

    def distances_to(
        self, rows: NDArray[np.int64], query: NDArray[np.float64], metric: Metric
    ) -> NDArray[np.float64]:
        """Return the distances of the rows with these ascending numbers to a query.

        rows : (M,) int64. query : (D,) float64. Returns (M,) float64.
        """
        result = np.empty(len(rows))
        for start in range(0, len(rows), _STEP):
            part = slice(start, start + _STEP)
            vectors = self.take(rows[part]).astype(np.float64)
            result[part] = distances(vectors, query, metric)
        return result


def distances(
    vectors: NDArray[np.float64], query: NDArray[np.float64], metric: Metric
) -> NDArray[np.float64]:
    """Return the distance of each vector to the query : (M, D), (D,) -> (M,), all float64.

    `cosine` is 1 - cos, from 0 to 2, and 1 if a vector is zero. `l2` is the Euclidean distance. A
    vector that is not finite, because it is damaged, is infinitely far away. The distance of a
    vector does not depend on the others: BLAS would round equal vectors differently, einsum does
    not.
    """
    with np.errstate(invalid="ignore"):
        if metric == "l2":
            far = np.linalg.norm(vectors - query, axis=1)
        else:
            lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
            cosines = np.zeros(len(vectors))
            products = np.einsum("ij,j->i", vectors, query)
            np.divide(products, lengths, out=cosines, where=lengths != 0)
            far = np.clip(1.0 - cosines, 0.0, 2.0)
    return np.where(np.isnan(far), np.inf, far)


def finite_rows(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return the rows whose numbers are all finite : (N, D) -> (M, D)."""
    is_finite = np.isfinite(vectors).all(axis=1)
    return vectors if is_finite.all() else vectors[is_finite]


def top_k(
    rows: NDArray[np.int64], row_distances: NDArray[np.float64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the k nearest of these rows and their distances; equal distances in row order."""
    order = np.lexsort((rows, row_distances))[:k]
    return rows[order], row_distances[order]


def as_float64_queries(queries: NDArray[np.float32], metric: Metric) -> NDArray[np.float64]:
    """Return queries (Q, D) in float64. For `cosine` they get length 1, which does not change the
    distances."""
    return normalised(np.asarray(queries, np.float64), metric)


def normalised(vectors: NDArray[Number], metric: Metric) -> NDArray[Number]:
    """Return vectors (N, D) scaled to length 1 for `cosine`; zero vectors stay zero. For `l2`,
    return them unchanged."""
    if metric == "l2":
        return vectors
    with np.errstate(over="ignore"):  # a length can be too large for the vectors' own type
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        lengths = np.where(lengths > 0, lengths, 1.0).astype(vectors.dtype)
    return np.asarray(vectors / lengths[:, None])
