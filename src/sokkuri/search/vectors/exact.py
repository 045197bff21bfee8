"""Exact search by brute force, and proved: a cheap scan with bounds, a float64 decision.

A row's cost grows with its distance. The scan gives the least that each row can cost, its cost less
a bound on the error: by the heads of int8 codes where a block has them (codes.py), else in float32.
Some rows that can cost least are measured in float64. Any row whose least is below the k-th of
these could be nearer; where they are many, their full codes narrow them down, and those left are
measured too. All others are proved to be farther, so the answer is what float64 brute force would
give.

float32's bound: a dot product of n terms, summed in any order, is off by at most
gamma_n * sum |x_i y_i|, gamma_n = n u / (1 - n u), u = 2^-24 (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 3.1), and sum |x_i y_i| <= |x| |y|.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features, Metric, StoredRows
from sokkuri.search.vectors.base import Accept, Found, Index, Mask
from sokkuri.search.vectors.distance import Rows, nearest, prepared
from sokkuri.search.vectors.quantize import Coded, CodedQueries

_STEP = 2048  # rows scanned at a time: 10 MB at 1280 dimensions, read twice while in cache
_UNIT = 2.0**-24
_SLACK = 1e-11  # of float64's own sums, relative to the numbers that go in: D * 2^-53, and more
_FEW = 2000  # rows that are measured one and all rather than scanned for
_FAINT, _HUGE = 1e-20, 1e36  # squared lengths between which float32 keeps its digits
_TOGETHER = 2**26  # costs held at once, over all queries: 256 MiB
_SPARSE = 0.3  # share of marked rows below which gathering them is faster than scanning all
_SAMPLED = 32  # rows for one of a sample
_MANY = 200  # rows that are measured at once rather than looked at more closely first

Costs = NDArray[np.float32]
Where = slice | NDArray[np.int64]


class ExactIndex(Index):
    """blocks : as in `Rows`. codes : of each block's first rows, None where it has none; all with
    one basis."""

    def __init__(
        self, blocks: Sequence[StoredRows], codes: Sequence[Coded | None] | None = None
    ) -> None:
        self.rows = Rows(blocks)
        self.size = self.rows.size
        self._codes = codes if codes is not None else [None] * len(blocks)

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Found]:
        """See `Index`. The queries read the rows together. Distances: `cosine` is 1 - cos, and 1
        where a vector is zero; `l2` is Euclidean."""
        if mask is not None and np.count_nonzero(mask) <= _FEW:
            few = np.flatnonzero(mask)
            return [
                self._among(few, query, k, metric, accept) for query in prepared(queries, metric)
            ]
        together = max(1, _TOGETHER // max(self.size, 1))
        found: list[Found] = []
        for at in range(0, len(queries), together):
            exact = prepared(queries[at : at + together], metric)
            low = self._scan(exact, metric, mask)
            allowed = self.size if mask is None else int(np.count_nonzero(mask))
            found += [
                self._accepted(_Query(query, metric, least), min(k, allowed), allowed, accept)
                for query, least in zip(exact, low, strict=True)
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
        rows = _cheapest(query.low, k)
        rows = rows[query.low[rows] < np.inf]
        measured = self.rows.measure(rows, query.vector, query.metric)
        # What is not measured yet and could be nearer than the k-th; usually little.
        near = np.flatnonzero(query.low <= query.limit(measured, k))
        near = np.setdiff1d(near, rows, assume_unique=True)
        if len(near) > _MANY:
            low = self._finer(query, near)
            more = _cheapest(low, k)
            rows = np.concatenate([rows, near[more]])
            measured = np.concatenate(
                [measured, self.rows.measure(near[more], query.vector, query.metric)]
            )
            left = low <= query.limit(measured, k)
            left[more] = False
            near = near[left]
        rows = np.concatenate([rows, near])
        measured = np.concatenate([measured, self.rows.measure(near, query.vector, query.metric)])
        return nearest(rows, measured, k)

    def _finer(self, query: "_Query", rows: NDArray[np.int64]) -> Costs:
        """The least that the given rows, ascending, can cost by full codes, if they have them."""
        low = query.low[rows]
        asked = CodedQueries(query.vector[None], query.metric)
        edges = np.searchsorted(rows, self.rows.starts)
        for number in np.flatnonzero(np.diff(edges)).tolist():
            coded, first = self._codes[number], int(edges[number])
            if coded is not None:
                inside = rows[first : edges[number + 1]] - self.rows.starts[number]
                inside = inside[inside < len(coded)]
                here = slice(first, first + len(inside))
                low[here] = np.maximum(low[here], asked.least(coded.full.part(inside))[0])
        return low

    def _scan(self, queries: NDArray[np.float64], metric: Metric, mask: Mask | None) -> Costs:
        """The least that each row can cost for each query : (Q, N) float32. It is inf outside the
        mask, and -inf where only float64 can tell."""
        low = np.empty((len(queries), self.size), np.float32)
        if mask is not None:
            low[:] = np.inf
        asked: CodedQueries | None = None
        starts = self.rows.starts[:-1].tolist()
        for start, block, coded in zip(starts, self.rows.blocks, self._codes, strict=True):
            held = 0 if coded is None else len(coded)
            if coded is not None and held:
                asked = asked or CodedQueries(queries, metric, coded.basis)
                for here, inside in _wanted(mask, start, start + held, start):
                    low[:, here] = asked.least(coded.head.part(inside))
            for at in range(start + held, start + len(block), _STEP):
                end = min(at + _STEP, start + len(block))
                for here, inside in _wanted(mask, at, end, start):
                    rows = np.asarray(block[inside], np.float32)
                    low[:, here] = _least(rows, queries, metric)
        if mask is not None:
            low[:, ~mask] = np.inf
        return low


def _cheapest(low: Costs, k: int) -> NDArray[np.int64]:
    """Somewhat more than k rows, ascending: those that can cost least."""
    count = 2 * k + 12
    if count >= len(low):
        return np.arange(len(low))
    rows = np.empty(0, np.int64)
    if len(low) > _SAMPLED * count:
        # Up to what the smallest of a sample can cost there are enough, nearly always, and few:
        # far quicker than to part all rows.
        most = 2 * count // _SAMPLED + 4
        rows = np.flatnonzero(low <= np.partition(low[::_SAMPLED], most)[most])
    if len(rows) < count:
        rows = np.arange(len(low))
    return np.sort(rows[np.argpartition(low[rows], count - 1)[:count]])


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
    """One query with what the scan said. vector : (D,) float64. low : (N,) float32."""

    def __init__(self, vector: NDArray[np.float64], metric: Metric, low: Costs) -> None:
        self.vector, self.metric, self.low = vector, metric, low

    def limit(self, measured: NDArray[np.float64], k: int) -> np.float32:
        """The cost of a row as far as the k-th of these distances, rounded up by all that float64
        may be off; where there are fewer, no row costs more."""
        if len(measured) < k:
            return np.float32(np.finfo(np.float32).max)
        distance = float(np.partition(measured, k - 1)[k - 1])
        if self.metric == "cosine":
            cost = distance - 1.0 + _SLACK
        else:
            own = float(self.vector @ self.vector)
            # The longest row this near has at most this length, squared.
            cost = distance**2 - own + _SLACK * (distance**2 + 4 * own + distance**2)
        with np.errstate(over="ignore"):
            return np.float32(np.nextafter(np.float32(cost), np.float32(np.inf)))


def _least(rows: Features, queries: NDArray[np.float64], metric: Metric) -> Costs:
    """As `CodedQueries.least`, in float32 : rows (M, D), queries (Q, D)."""
    terms = queries.shape[1] + 4  # a few more roundings than the dot product's own
    gamma = np.float32(terms * _UNIT / (1 - terms * _UNIT))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        asked = queries.astype(np.float32)
        dots = asked @ rows.T if len(asked) > 1 else (rows @ asked[0])[None]
        squares = np.einsum("ij,ij->i", rows, rows)
        products = np.linalg.norm(queries, axis=1).astype(np.float32)[:, None] * np.sqrt(squares)
        if metric == "l2":
            low = squares - 2 * dots - gamma * (squares + 2 * products)
        else:
            # The dot product's error over the lengths, and that of the squares under the root.
            low = np.where(squares > 0, -dots / products, np.float32(0)) - 2 * gamma
            # Numbers whose squares lose digits or overflow: float32 can only tell zero rows.
            faint = np.flatnonzero(squares < _FAINT)
            low[:, faint[rows[faint].any(axis=1)]] = -np.inf
            low[:, squares > _HUGE] = -np.inf
    found: Costs = np.where(np.isfinite(low), low, np.float32(-np.inf))
    return found
