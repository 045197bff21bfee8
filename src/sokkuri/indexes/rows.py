"""The rows that indexes search: blocks of vectors, numbered through, and measured in float64."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.records import Metric

_STEP = 2048  # rows measured at a time


class Rows:
    """Rows are numbered through all blocks, in order. blocks : each (N_i, D) float32 or float16."""

    def __init__(self, blocks: Sequence[NDArray[np.floating]]) -> None:
        self.blocks = blocks
        self.starts = np.cumsum([0, *(len(block) for block in blocks)])
        self.size = int(self.starts[-1])

    def vector(self, row: int) -> NDArray[np.float32]:
        """One row : (D,) float32, a copy."""
        block = int(np.searchsorted(self.starts, row, side="right")) - 1
        return np.array(self.blocks[block][row - self.starts[block]], np.float32)

    def measure(
        self, rows: NDArray[np.int64], query: NDArray[np.float64], metric: Metric
    ) -> NDArray[np.float64]:
        """Distances of the given rows, ascending : (M,) int64 -> (M,) float64."""
        found = np.empty(len(rows))
        edges = np.searchsorted(rows, self.starts)
        for number in np.flatnonzero(np.diff(edges)).tolist():
            first, last = int(edges[number]), int(edges[number + 1])
            for at in range(first, last, _STEP):
                here = slice(at, min(at + _STEP, last))
                inside = rows[here] - self.starts[number]
                vectors = np.asarray(self.blocks[number][inside], np.float64)
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
    exact = np.asarray(queries, np.float64)
    if metric == "l2":
        return exact
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(exact / np.where(lengths > 0, lengths, 1.0))
