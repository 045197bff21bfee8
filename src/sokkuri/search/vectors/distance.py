"""The rows that indexes search: blocks of vectors, numbered through, and measured in float64."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric, StoredRows

_STEP = 2048  # rows measured at a time

Number = TypeVar("Number", np.float32, np.float64)


class Rows:
    """Rows are numbered through all blocks, in order. blocks : each (N_i, D) float32 or float16."""

    def __init__(self, blocks: Sequence[StoredRows]) -> None:
        self.blocks = [np.asarray(block) for block in blocks]  # not memmap, whose slices are slow
        self.starts = np.cumsum([0, *(len(block) for block in blocks)])
        self.size = int(self.starts[-1])

    def vector(self, row: int) -> NDArray[np.float32]:
        """One row : (D,) float32, a copy."""
        block = int(np.searchsorted(self.starts, row, side="right")) - 1
        return np.array(self.blocks[block][row - self.starts[block]], np.float32)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The given rows, ascending : (M,) int64 -> (M, D) float32, a copy."""
        dimension = self.blocks[0].shape[1] if self.blocks else 0
        found = np.empty((len(rows), dimension), np.float32)
        edges = np.searchsorted(rows, self.starts)
        for number in np.flatnonzero(np.diff(edges)).tolist():
            here = slice(int(edges[number]), int(edges[number + 1]))
            found[here] = self.blocks[number][rows[here] - self.starts[number]]
        return found

    def measure(
        self, rows: NDArray[np.int64], query: NDArray[np.float64], metric: Metric
    ) -> NDArray[np.float64]:
        """Distances of the given rows, ascending : (M,) int64 -> (M,) float64."""
        found = np.empty(len(rows))
        for at in range(0, len(rows), _STEP):
            here = slice(at, at + _STEP)
            vectors = self.take(rows[here]).astype(np.float64)
            found[here] = distances(vectors, query, metric)
        return found


def distances(
    vectors: NDArray[np.float64], query: NDArray[np.float64], metric: Metric
) -> NDArray[np.float64]:
    """vectors : (M, D) float64, query : (D,) float64 -> (M,) float64.

    `cosine` is 1 - cos, from 0 to 2, and 1 where a vector is zero; `l2` is Euclidean.
    """
    if metric == "l2":
        return np.asarray(np.linalg.norm(vectors - query, axis=1))
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
    cosines = np.zeros(len(vectors))
    np.divide(vectors @ query, lengths, out=cosines, where=lengths > 0)
    return np.clip(1.0 - cosines, 0.0, 2.0)


def nearest(
    rows: NDArray[np.int64], measured: NDArray[np.float64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The k nearest of measured rows, equal distances in row order."""
    order = np.lexsort((rows, measured))[:k]
    return rows[order], measured[order]


def prepared(queries: NDArray[np.float32], metric: Metric) -> NDArray[np.float64]:
    """Queries (Q, D) in float64; for `cosine`, which does not ask for it, of length 1."""
    return normalised(np.asarray(queries, np.float64), metric)


def normalised(vectors: NDArray[Number], metric: Metric) -> NDArray[Number]:
    """Vectors (N, D) of length 1 for `cosine`, zero ones as they are; as they are for `l2`."""
    if metric == "l2":
        return vectors
    with np.errstate(over="ignore"):  # of a length that its own type cannot hold
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        lengths = np.where(lengths > 0, lengths, 1.0).astype(vectors.dtype)
    return np.asarray(vectors / lengths[:, None])
