"""Exact search by brute force, and proved: a cheap scan with bounds, a float64 decision.

The scan gives each row a cost that grows with its distance, and a bound on that cost's error: by
int8 codes where a block has them (codes.py), else in float32. Some rows of least cost are measured
in float64. Any row whose least possible cost is below the k-th of these is measured too; all others
are proved to be farther, so the answer is what float64 brute force would give.

float32's bound: a dot product of n terms, summed in any order, is off by at most
gamma_n * sum |x_i y_i|, gamma_n = n u / (1 - n u), u = 2^-24 (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 3.1), and sum |x_i y_i| <= |x| |y|.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.indexes.codes import CodedQueries, Codes
from sokkuri.indexes.rows import Rows, nearest, prepared
from sokkuri.records import Features, Metric, StoredRows

_STEP = 2048  # rows scanned at a time: 10 MB at 1280 dimensions, read twice while in cache
_UNIT = 2.0**-24
_SLACK = 1e-11  # of float64's own sums, relative to the numbers that go in: D * 2^-53, and more
_FEW = 2000  # rows that are measured one and all rather than scanned for
_FAINT, _HUGE = 1e-20, 1e36  # squared lengths between which float32 keeps its digits
_TOGETHER = 2**26  # costs held at once, over all queries: 512 MiB with their bounds

_SPARSE = 0.3  # share of marked rows below which gathering them is faster than scanning all

Where = slice | NDArray[np.int64]
Mask = NDArray[np.bool_]
Found = tuple[NDArray[np.int64], NDArray[np.float64]]
Accept = Callable[[NDArray[np.int64]], NDArray[np.bool_]]


class ExactIndex:
    """blocks : as in `Rows`. codes : of each block, None where it has none."""

    def __init__(
        self, blocks: Sequence[StoredRows], codes: Sequence[Codes | None] | None = None
    ) -> None:
        self.rows = Rows(blocks)
        self.size = self.rows.size
        self._codes = codes if codes is not None else [None] * len(blocks)

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> Found:
        """See `sokkuri.indexes`. query : (D,) float32. Distances: `cosine` is 1 - cos, and 1 where
        a vector is zero; `l2` is Euclidean."""
        (found,) = self.search_many(query[None], k, metric, accept, mask)
        return found

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Found]:
        """The same for (Q, D) queries at once, which read the rows together."""
        if mask is not None and np.count_nonzero(mask) <= _FEW:
            few = np.flatnonzero(mask)
            return [
                self._among(few, query, k, metric, accept) for query in prepared(queries, metric)
            ]
        together = max(1, _TOGETHER // max(self.size, 1))
        found: list[Found] = []
        for at in range(0, len(queries), together):
            exact = prepared(queries[at : at + together], metric)
            cost, low = self._scan(exact, metric, mask)
            allowed = self.size if mask is None else int(np.count_nonzero(mask))
            found += [
                self._accepted(_Query(query, metric, one, least), min(k, allowed), allowed, accept)
                for query, one, least in zip(exact, cost, low, strict=True)
            ]
        return found

    def _among(
        self,
        rows: NDArray[np.int64],
        query: NDArray[np.float64],
        k: int,
        metric: Metric,
        accept: Accept,
    ) -> Found:
        """Of so few rows, all are measured."""
        rows = rows[accept(rows)]
        return nearest(rows, self.rows.measure(rows, query, metric), k)

    def _accepted(self, query: "_Query", k: int, allowed: int, accept: Accept) -> Found:
        wanted = k
        while True:
            rows, measured = self._nearest(query, wanted)
            kept = accept(rows)
            rows, measured = rows[kept][:k], measured[kept][:k]
            if len(rows) == k or wanted == allowed:
                return rows, measured
            wanted = min(allowed, max(2 * wanted, wanted + 2 * (k - len(rows)), 64))

    def _nearest(self, query: "_Query", k: int) -> Found:
        """The k nearest rows: measured, and proved to be."""
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        first = min(2 * k + 12, self.size)
        rows = np.arange(self.size)
        if first < self.size:
            rows = np.sort(np.argpartition(query.cost, first - 1)[:first])
        rows = rows[query.low[rows] < np.inf]
        measured = self.rows.measure(rows, query.vector, query.metric)
        if len(rows) >= k:
            limit = query.highest_cost(float(np.partition(measured, k - 1)[k - 1]))
            # What is not measured yet and could be nearer than the k-th; usually nothing.
            near = np.setdiff1d(np.flatnonzero(query.low <= limit), rows, assume_unique=True)
        else:
            near = np.setdiff1d(np.flatnonzero(query.low < np.inf), rows, assume_unique=True)
        rows = np.concatenate([rows, near])
        measured = np.concatenate([measured, self.rows.measure(near, query.vector, query.metric)])
        return nearest(rows, measured, k)

    def _costs(
        self, queries: NDArray[np.float64], metric: Metric, mask: Mask | None
    ) -> Iterator[tuple[Where, int, NDArray[np.float32], NDArray[np.float32]]]:
        """Row numbers, the query's number, the rows' costs and how far they may be off."""
        coded = CodedQueries(queries, metric)
        starts = self.rows.starts[:-1].tolist()
        for start, block, codes in zip(starts, self.rows.blocks, self._codes, strict=True):
            held = 0 if codes is None else len(codes)
            if codes is not None and held:
                for here, inside in _wanted(mask, start, start + held, start):
                    for number, (one, error) in enumerate(coded.costs(codes.part(inside))):
                        yield here, number, one, error
            for at in range(start + held, start + len(block), _STEP):
                end = min(at + _STEP, start + len(block))
                for here, inside in _wanted(mask, at, end, start):
                    rows = np.asarray(block[inside], np.float32)
                    for number, (one, error) in enumerate(_costs(rows, queries, metric)):
                        yield here, number, one, error

    def _scan(
        self, queries: NDArray[np.float64], metric: Metric, mask: Mask | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The cost of each row for each query, and the least that it can be : (Q, N) float32.
        Both are infinite outside the mask."""
        shape = (len(queries), self.size)
        cost, low = np.empty(shape, np.float32), np.empty(shape, np.float32)
        if mask is not None:
            cost[:], low[:] = np.inf, np.inf
        with np.errstate(over="ignore", invalid="ignore"):
            for here, number, one, error in self._costs(queries, metric, mask):
                cost[number, here], low[number, here] = one, one - error
        # What overflows float32 says nothing: leave the decision to float64.
        unknown = ~np.isfinite(low)
        if unknown.any():
            low[unknown], cost[unknown] = -np.inf, np.inf
        if mask is not None:
            cost[:, ~mask] = low[:, ~mask] = np.inf
        return cost, low


def _wanted(mask: Mask | None, first: int, last: int, start: int) -> Iterator[tuple[Where, Where]]:
    """The rows from `first` to `last` to scan, as numbers among all and from `start` on: nothing
    where the mask has none, the marked ones where they are few, else all."""
    if mask is not None:
        marked = np.flatnonzero(mask[first:last])
        if len(marked) == 0:
            return
        if len(marked) < (last - first) * _SPARSE:
            yield marked + first, marked + (first - start)
            return
    yield slice(first, last), slice(first - start, last - start)


class _Query:
    """One query with what the scan said. vector : (D,) float64. cost, low : (N,) float32."""

    def __init__(
        self,
        vector: NDArray[np.float64],
        metric: Metric,
        cost: NDArray[np.float32],
        low: NDArray[np.float32],
    ) -> None:
        self.vector, self.metric, self.cost, self.low = vector, metric, cost, low

    def highest_cost(self, distance: float) -> np.float32:
        """The cost of a row at this distance, rounded up by all that float64 may be off."""
        if self.metric == "cosine":
            cost = distance - 1.0 + _SLACK
        else:
            own = float(self.vector @ self.vector)
            # The longest row this near has at most this length, squared.
            cost = distance**2 - own + _SLACK * (distance**2 + 4 * own + distance**2)
        with np.errstate(over="ignore"):
            return np.float32(np.nextafter(np.float32(cost), np.float32(np.inf)))


def _costs(
    rows: Features, queries: NDArray[np.float64], metric: Metric
) -> "list[tuple[NDArray[np.float32], NDArray[np.float32]]]":
    """As `CodedQueries.costs`, in float32 : rows (M, D), queries (Q, D)."""
    terms = queries.shape[1] + 4  # a few more roundings than the dot product's own
    gamma = np.float32(terms * _UNIT / (1 - terms * _UNIT))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        asked = queries.astype(np.float32)
        lengths_asked = np.linalg.norm(queries, axis=1).astype(np.float32)
        dots = asked @ rows.T if len(asked) > 1 else (rows @ asked[0])[None]
        squares = np.einsum("ij,ij->i", rows, rows)
        lengths = np.sqrt(squares)
        # Numbers whose squares lose digits or overflow: float32 can only tell zero rows.
        faint = np.flatnonzero(squares < _FAINT)
        unknown = np.concatenate([faint[rows[faint].any(axis=1)], np.flatnonzero(squares > _HUGE)])
        found = []
        for one, length in zip(dots, lengths_asked, strict=True):
            if metric == "l2":
                error = gamma * (squares + 2 * lengths * length)
                found.append((squares - 2 * one, error))
            else:
                cosines = np.where(lengths > 0, one / (lengths * length), np.float32(0))
                # The dot product's error over the lengths, and that of the squares under the root.
                error = np.full(len(rows), 2 * gamma, np.float32)
                error[unknown] = np.inf
                found.append((-cosines, error))
    return found
