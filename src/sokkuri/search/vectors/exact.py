"""Exact search: a cheap scan with proved error bounds, then float64 distances of few rows.

The *cost* of a row is a number that grows with its distance. The scan computes a lower bound on
each row's cost: the approximate cost minus a bound on its error. It uses the projected int8 codes
of a block if there are any (quantize.py), and float32 otherwise. Then:

1. Compute the float64 distances of some of the rows with the smallest lower bounds.
2. Every row whose lower bound is not above the cost of the k-th of these could be nearer. If there
   are many such rows, their full codes give better bounds, which rule out most of them.
3. Compute the float64 distances of those that are left.

All other rows are proved to be farther. Therefore the result is that of float64 brute force.

The bound of float32: a dot product of n terms, summed in any order, is off by at most
gamma_n * sum |x_i y_i|, gamma_n = n u / (1 - n u), u = 2^-24 (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 3.1), and sum |x_i y_i| <= |x| |y|.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features, Metric, StoredRows
from sokkuri.search.vectors.base import Accept, Index, Mask, Neighbours
from sokkuri.search.vectors.distance import VectorBlocks, as_float64_queries, top_k
from sokkuri.search.vectors.quantize import QuantizedBlock, QuantizedQueries

_STEP = 2048  # rows scanned at once: 10 MB at 1280 dimensions, read twice while in the cache
_UNIT = 2.0**-24
_SLACK = 1e-11  # error of float64 sums, relative to their terms: above D * 2^-53
_BRUTE_FORCE_ROWS = 2000  # up to this many rows, all distances are computed without a scan
_MIN_SQUARE, _MAX_SQUARE = 1e-20, 1e36  # squared lengths for which float32 keeps all its digits
_MAX_BOUNDS = 2**26  # lower bounds in memory at once, over all queries: 256 MiB
_GATHER_SHARE = 0.3  # share of masked rows below which gathering them beats scanning all
_SAMPLE_STEP = 32  # one row of so many is in the sample
_REFINE_ROWS = 200  # from this many rows on, full codes are tried before float64

Bounds = NDArray[np.float32]
"""Lower bounds on the costs of rows, float32."""

Where = slice | NDArray[np.int64]


class ExactIndex(Index):
    """Searches all rows. blocks : as for `VectorBlocks`. codes : of each block's first rows, None
    for a block without codes; all have the same basis."""

    def __init__(
        self, blocks: Sequence[StoredRows], codes: Sequence[QuantizedBlock | None] | None = None
    ) -> None:
        self.rows = VectorBlocks(blocks)
        self.size = self.rows.size
        self._codes = codes if codes is not None else [None] * len(blocks)

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Neighbours]:
        """See `Index`. The queries share one pass over the rows. Distances are as in `distances`
        of distance.py."""
        if mask is not None and np.count_nonzero(mask) <= _BRUTE_FORCE_ROWS:
            rows = np.flatnonzero(mask)
            return [
                self._brute_force(rows, query, k, metric, accept)
                for query in as_float64_queries(queries, metric)
            ]
        allowed = self.size if mask is None else int(np.count_nonzero(mask))
        step = max(1, _MAX_BOUNDS // max(self.size, 1))
        results: list[Neighbours] = []
        for start in range(0, len(queries), step):
            exact = as_float64_queries(queries[start : start + step], metric)
            bounds = self._scan(exact, metric, mask)
            results += [
                self._accepted(_Query(query, metric, own), min(k, allowed), allowed, accept)
                for query, own in zip(exact, bounds, strict=True)
            ]
        return results

    def _brute_force(
        self,
        rows: NDArray[np.int64],
        query: NDArray[np.float64],
        k: int,
        metric: Metric,
        accept: Accept,
    ) -> Neighbours:
        rows = rows[accept(rows)]
        return top_k(rows, self.rows.distances_to(rows, query, metric), k)

    def _accepted(self, query: "_Query", k: int, allowed: int, accept: Accept) -> Neighbours:
        """Return the k nearest accepted rows: ask for more rows until enough are accepted."""
        count = k
        while True:
            rows, distances = self._nearest(query, count)
            accepted = accept(rows)
            rows, distances = rows[accepted][:k], distances[accepted][:k]
            if len(rows) == k or count == allowed:
                return rows, distances
            count = min(allowed, max(2 * count, count + 2 * (k - len(rows)), 64))

    def _nearest(self, query: "_Query", k: int) -> Neighbours:
        """Return the k nearest rows; the module's docstring has the proof."""
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        rows = _smallest(query.bounds, k)
        rows = rows[query.bounds[rows] < np.inf]
        distances = self.rows.distances_to(rows, query.vector, query.metric)
        # Rows without a distance that could be nearer than the k-th; usually few.
        left = np.flatnonzero(query.bounds <= query.max_bound(distances, k))
        left = np.setdiff1d(left, rows, assume_unique=True)
        if len(left) > _REFINE_ROWS:
            bounds = self._refine(query, left)
            next_ = _smallest(bounds, k)
            more = self.rows.distances_to(left[next_], query.vector, query.metric)
            rows, distances = np.concatenate([rows, left[next_]]), np.concatenate([distances, more])
            possible = bounds <= query.max_bound(distances, k)
            possible[next_] = False
            left = left[possible]
        more = self.rows.distances_to(left, query.vector, query.metric)
        return top_k(np.concatenate([rows, left]), np.concatenate([distances, more]), k)

    def _refine(self, query: "_Query", rows: NDArray[np.int64]) -> Bounds:
        """Return better lower bounds for rows with ascending numbers, from full codes if there are
        any."""
        bounds = query.bounds[rows]
        quantized = QuantizedQueries(query.vector[None], query.metric)
        for block, part, offsets in self.rows.numbers.split(rows):
            codes = self._codes[block]
            if codes is not None:
                inside = offsets[offsets < len(codes)]
                covered = slice(part.start, part.start + len(inside))
                better = quantized.lower_bounds(codes.full.select(inside))[0]
                bounds[covered] = np.maximum(bounds[covered], better)
        return bounds

    def _scan(self, queries: NDArray[np.float64], metric: Metric, mask: Mask | None) -> Bounds:
        """Return a lower bound on each row's cost for each query : (Q, N) float32. It is inf
        outside the mask, and -inf if only float64 can decide."""
        bounds = np.empty((len(queries), self.size), np.float32)
        if mask is not None:
            bounds[:] = np.inf
        quantized: QuantizedQueries | None = None
        starts = self.rows.numbers.starts[:-1].tolist()
        for start, block, codes in zip(starts, self.rows.blocks, self._codes, strict=True):
            coded = 0 if codes is None else len(codes)
            if codes is not None and coded:
                quantized = quantized or QuantizedQueries(queries, metric, codes.basis)
                for numbers, inside in _to_scan(mask, start, start + coded, start):
                    bounds[:, numbers] = quantized.lower_bounds(codes.projected.select(inside))
            for first in range(start + coded, start + len(block), _STEP):
                last = min(first + _STEP, start + len(block))
                for numbers, inside in _to_scan(mask, first, last, start):
                    rows = np.asarray(block[inside], np.float32)
                    bounds[:, numbers] = _float32_bounds(rows, queries, metric)
        if mask is not None:
            bounds[:, ~mask] = np.inf
        return bounds


def nearest_of(
    rows: VectorBlocks,
    numbers: NDArray[np.int64],
    query: NDArray[np.float32],
    k: int,
    metric: Metric,
    accept: Accept,
) -> Neighbours:
    """Return the k nearest accepted rows among those with these ascending numbers, with float64
    distances."""
    candidates = ExactIndex([rows.take(numbers)])
    found, distances = candidates.search(query, k, metric, lambda some: accept(numbers[some]))
    return numbers[found], distances


def _smallest(bounds: Bounds, k: int) -> NDArray[np.int64]:
    """Return somewhat more than k rows with the smallest bounds, in ascending order."""
    count = 2 * k + 12
    if count >= len(bounds):
        return np.arange(len(bounds))
    rows = np.empty(0, np.int64)
    if len(bounds) > _SAMPLE_STEP * count:
        # A small quantile of a sample is nearly always above enough rows, and above few. To find
        # these is far faster than to partition all rows.
        rank = 2 * count // _SAMPLE_STEP + 4
        rows = np.flatnonzero(bounds <= np.partition(bounds[::_SAMPLE_STEP], rank)[rank])
    if len(rows) < count:
        rows = np.arange(len(bounds))
    return np.sort(rows[np.argpartition(bounds[rows], count - 1)[:count]])


def _to_scan(mask: Mask | None, first: int, last: int, start: int) -> Iterator[tuple[Where, Where]]:
    """Yield the rows from `first` to `last` that are scanned, as numbers among all rows and as
    numbers from `start` on: nothing if the mask has none of them, the masked rows if they are few,
    else all."""
    if mask is not None:
        marked = np.flatnonzero(mask[first:last])
        if len(marked) == 0:
            return
        if len(marked) < (last - first) * _GATHER_SHARE:
            yield marked + first, marked + (first - start)
            return
    yield slice(first, last), slice(first - start, last - start)


class _Query:
    """A query and the bounds of its scan. vector : (D,) float64. bounds : (N,) float32."""

    def __init__(self, vector: NDArray[np.float64], metric: Metric, bounds: Bounds) -> None:
        self.vector, self.metric, self.bounds = vector, metric, bounds

    def max_bound(self, distances: NDArray[np.float64], k: int) -> np.float32:
        """Return the largest lower bound that a row can have which is as near as the k-th of these
        distances: its cost, rounded up by the error of float64. It is at most the largest float32,
        because infinite bounds are those of rows outside the mask."""
        largest = np.float32(np.finfo(np.float32).max)
        if len(distances) < k:
            return largest
        distance = float(np.partition(distances, k - 1)[k - 1])
        if self.metric == "cosine":
            cost = distance - 1.0 + _SLACK
        else:
            own = float(self.vector @ self.vector)
            # The terms are bounded by the longest row that is this near: |x| <= |q| + distance.
            cost = distance**2 - own + _SLACK * (distance**2 + 4 * own + distance**2)
        with np.errstate(over="ignore"):
            return min(largest, np.nextafter(np.float32(cost), np.float32(np.inf)))


def _float32_bounds(rows: Features, queries: NDArray[np.float64], metric: Metric) -> Bounds:
    """Return what `QuantizedQueries.lower_bounds` does, from float32 : rows (M, D), queries
    (Q, D) -> (Q, M)."""
    terms = queries.shape[1] + 4  # a few more roundings than those of the dot product
    gamma = np.float32(terms * _UNIT / (1 - terms * _UNIT))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        single = queries.astype(np.float32)
        dots = single @ rows.T if len(single) > 1 else (rows @ single[0])[None]
        squares = np.einsum("ij,ij->i", rows, rows)
        products = np.linalg.norm(queries, axis=1).astype(np.float32)[:, None] * np.sqrt(squares)
        if metric == "l2":
            bounds = squares - 2 * dots - gamma * (squares + 2 * products)
        else:
            # 2 gamma: one for the dot product, one for the squares under the root.
            bounds = np.where(squares > 0, -dots / products, np.float32(0)) - 2 * gamma
            # If squares lose digits or overflow, float32 can only recognise zero rows.
            small = np.flatnonzero(squares < _MIN_SQUARE)
            bounds[:, small[rows[small].any(axis=1)]] = -np.inf
            bounds[:, squares > _MAX_SQUARE] = -np.inf
    result: Bounds = np.where(np.isfinite(bounds), bounds, np.float32(-np.inf))
    return result
