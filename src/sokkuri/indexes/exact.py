"""Exact search by brute force over memory-mapped blocks: a float32 scan, a float64 decision.

The scan gives each row a cost with a bound on its rounding error. Only rows whose lowest possible
cost is within the k-th highest possible one can be among the k nearest, so these are measured again
in float64 and the answer is exact.

The bound: a dot product of n terms in floating point, summed in any order, is off by at most
gamma_n * sum |x_i y_i|, gamma_n = n u / (1 - n u), u = 2^-24 for float32 (Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 3.1), and sum |x_i y_i| <= |x| |y|.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.records import Features, Metric

_STEP = 2048  # rows scanned at a time: 10 MB at 1280 dimensions, read twice while in cache
_UNIT = 2.0**-24


class ExactIndex:
    """Rows are numbered through all blocks, in order. blocks : each (N_i, D) float32."""

    def __init__(self, blocks: Sequence[Features]) -> None:
        self._blocks = blocks
        self._starts = np.cumsum([0, *(len(block) for block in blocks)])
        self.size = int(self._starts[-1])

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """See `sokkuri.indexes`. query : (D,) float32. Distances: `cosine` is 1 - cos, and 1 where
        a vector is zero; `l2` is Euclidean."""
        low, high = self._scan(query, metric)
        wanted = min(k, self.size)
        while True:
            rows, distances = self._nearest(query, wanted, metric, low, high)
            kept = accept(rows)
            rows, distances = rows[kept][:k], distances[kept][:k]
            if len(rows) == k or wanted == self.size:
                return rows, distances
            wanted = min(self.size, max(2 * wanted, wanted + 2 * (k - len(rows)), 64))

    def vector(self, row: int) -> NDArray[np.float32]:
        """One row : (D,) float32, a copy."""
        block = int(np.searchsorted(self._starts, row, side="right")) - 1
        vector: NDArray[np.float32] = np.array(self._blocks[block][row - self._starts[block]])
        return vector

    def _scan(
        self, query: NDArray[np.float32], metric: Metric
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The least and the greatest that each row's cost can be : (N,) float32 each."""
        low = np.empty(self.size, np.float32)
        high = np.empty(self.size, np.float32)
        terms = query.size + 4  # a few more roundings than the dot product's own
        gamma = np.float32(terms * _UNIT / (1 - terms * _UNIT))
        length = np.float32(np.linalg.norm(query.astype(np.float64)))
        for start, block in zip(self._starts[:-1], self._blocks, strict=True):
            for at in range(0, len(block), _STEP):
                rows = block[at : at + _STEP]
                cost, error = _costs(rows, query, length, gamma, metric)
                here = slice(start + at, start + at + len(rows))
                low[here], high[here] = cost - error, cost + error
        # What overflows float32 says nothing: leave the decision to float64.
        unknown = ~np.isfinite(low) | ~np.isfinite(high)
        low[unknown], high[unknown] = -np.inf, np.inf
        return low, high

    def _nearest(
        self,
        query: NDArray[np.float32],
        k: int,
        metric: Metric,
        low: NDArray[np.float32],
        high: NDArray[np.float32],
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        limit = np.partition(high, k - 1)[k - 1]
        rows = np.flatnonzero(low <= limit)
        distances = self._distances(rows, query, metric)
        order = np.lexsort((rows, distances))[:k]
        return rows[order], distances[order]

    def _distances(
        self, rows: NDArray[np.int64], query: NDArray[np.float32], metric: Metric
    ) -> NDArray[np.float64]:
        """Distances in float64 of the given rows, ascending : (M,) int64 -> (M,) float64."""
        parts = [np.empty(0, np.float64)]
        edges = np.searchsorted(rows, self._starts)
        for number, block in enumerate(self._blocks):
            inside = rows[edges[number] : edges[number + 1]] - self._starts[number]
            for at in range(0, len(inside), _STEP):
                vectors = np.asarray(block[inside[at : at + _STEP]], np.float64)
                parts.append(distances(vectors, query.astype(np.float64), metric))
        return np.concatenate(parts)


def distances(
    vectors: NDArray[np.float64], query: NDArray[np.float64], metric: Metric
) -> NDArray[np.float64]:
    """vectors : (M, D) float64, query : (D,) float64 -> (M,) float64."""
    if metric == "l2":
        return np.asarray(np.linalg.norm(vectors - query, axis=1))
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
    cosines = np.zeros(len(vectors))
    np.divide(vectors @ query, lengths, out=cosines, where=lengths > 0)
    return np.clip(1.0 - cosines, 0.0, 2.0)


def _costs(
    rows: Features,
    query: NDArray[np.float32],
    length: np.float32,
    gamma: np.float32,
    metric: Metric,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A number that grows with the distance, and how far it may be off : (M,) float32 each."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        dots = rows @ query
        squares = np.einsum("ij,ij->i", rows, rows)
        lengths = np.sqrt(squares)
        if metric == "l2":
            return squares - 2 * dots, gamma * (squares + 2 * lengths * length)
        cosines = np.where(squares > 0, dots / (lengths * length), np.float32(0))
        # The dot product's error over the lengths, and that of the squares under the root.
        return -cosines, np.full(len(rows), 2 * gamma, np.float32)
