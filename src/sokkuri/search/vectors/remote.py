"""Search by an engine elsewhere: it finds candidates, which are measured beside the shards.

What the engine does not have is searched exactly, so that what was just added is found at once.
Where the candidates that may be found are too few, more are asked for, and at last all rows are
searched. With a mask, more candidates are asked for by the share of rows in it; or the engine is
given the keys of these rows, and compares all of them.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import UnsupportedError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import VectorEngine
from sokkuri.search.vectors.base import Accept, Found, Index, Mask
from sokkuri.search.vectors.distance import Rows, nearest, normalised
from sokkuri.search.vectors.exact import ExactIndex
from sokkuri.search.vectors.quantize import Coded
from sokkuri.search.vectors.row_keys import LARGEST, Keyed

_LEAST = 100  # candidates, however few hits are wanted
_TIMES = 4  # candidates for a hit, and more candidates where they were too few
_FEW = 1000  # rows of a mask that are measured here
_LISTED = 10_000  # keys in one list
_MOST_LISTED = 100_000  # rows of a mask that the engine is given lists of
_SHORTEST = 1e-15  # length of a row that float32 can bring to length 1


def pushable(vectors: Features, metric: Metric) -> tuple[Features, NDArray[np.bool_]]:
    """Vectors (N, D) as engines take them, of length 1 for `cosine`, and which of them can be
    taken : (N,). The others are too long or too short for the float32 of engines to compare."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    good = lengths <= LARGEST
    if metric == "cosine":
        good &= lengths >= _SHORTEST
        vectors = np.where(good[:, None], vectors, np.float32(1))
    return np.ascontiguousarray(normalised(vectors, metric)), good


class ServedIndex(Index):
    """Searches what an engine holds, and exactly what it lacks.

    rows : all there are. keys : one number a block, as they are in the engine. pushed : (N,) bool,
    the rows that it holds. codes : as for ExactIndex. metric : that it was made for.
    """

    def __init__(
        self,
        rows: Rows,
        keys: Sequence[int],
        pushed: Mask,
        codes: Sequence[Coded | None],
        engine: VectorEngine,
        metric: Metric,
    ) -> None:
        self.rows = rows
        self.size = rows.size
        self.pushed = pushed
        self._metric = metric
        self._engine = engine
        self.most = engine.max_candidates
        self._keyed = Keyed(rows, keys)
        self._everything = ExactIndex(rows.blocks, codes)
        self.held = int(np.count_nonzero(pushed))
        self._fresh = _Part(rows, ~pushed, codes)

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Found]:
        """See `Index`. Raises UnsupportedError for another metric than the engine's, and
        EngineError."""
        if metric != self._metric:
            raise UnsupportedError(
                f"{self._engine.address} was made for {self._metric}: search exactly"
            )
        if mask is not None and np.count_nonzero(mask) <= _FEW:
            return self._everything.search_many(queries, k, metric, accept, mask)
        fresh = self._fresh.search_many(queries, k, metric, accept, mask)
        asked, good = pushable(queries, metric)
        task = _Task(self, queries, asked, k, accept, mask)
        found = task.found(np.flatnonzero(good))
        lacking = [number for number in range(len(queries)) if number not in found]
        exactly = self._everything.search_many(queries[lacking], k, metric, accept, mask)
        return [
            self._merged(found[number], fresh[number], k) if number in found
            else exactly[lacking.index(number)]
            for number in range(len(queries))
        ]  # fmt: skip

    def _merged(self, one: Found, other: Found, k: int) -> Found:
        rows, measured = (np.concatenate(pair) for pair in zip(one, other, strict=True))
        return nearest(rows, measured, k)

    def candidates(
        self, asked: Features, count: int, among: NDArray[np.int64] | None = None
    ) -> list[NDArray[np.int64]]:
        """Numbers of the rows that the engine finds, ascending, for each of these queries.
        among : row numbers."""
        keys = None if among is None else self._keyed.keys(among)
        found = self._engine.search(asked, count, keys)
        numbers = [self._keyed.numbers(one) for one in found]
        return [some[self.pushed[some]] for some in numbers]

    def measured(
        self, numbers: NDArray[np.int64], query: NDArray[np.float32], k: int, accept: Accept
    ) -> Found:
        return self._keyed.nearest(numbers, query, k, self._metric, accept)


class _Task:
    """Queries to find k accepted rows for each among those that the engine holds."""

    def __init__(
        self,
        index: ServedIndex,
        queries: NDArray[np.float32],
        asked: Features,
        k: int,
        accept: Accept,
        mask: Mask | None,
    ) -> None:
        self._index = index
        self._queries, self._asked = queries, asked
        self._k = k
        self._mask = mask
        self._accept = accept
        self._allowed = None if mask is None else np.flatnonzero(mask & index.pushed)
        self._there = index.held if self._allowed is None else len(self._allowed)

    def found(self, todo: NDArray[np.int64]) -> dict[int, Found]:
        """By a query's number, what was found; none for those that need all rows to be searched."""
        done: dict[int, Found] = {}
        if self._there == 0:
            nothing = np.empty(0, np.int64), np.empty(0)
            return dict.fromkeys(todo.tolist(), nothing)
        for count in self._counts():
            todo = np.array([number for number in todo.tolist() if number not in done], np.int64)
            if not len(todo):
                return done
            found = self._index.candidates(self._asked[todo], count)
            for number, some in zip(todo.tolist(), found, strict=True):
                self._take(number, some, done)
        if self._allowed is not None and len(self._allowed) <= _MOST_LISTED:
            for number in todo.tolist():
                if number not in done:
                    self._listed(number, done)
        return done

    def _counts(self) -> Iterator[int]:
        """How many candidates to ask for, and how many more where they were too few."""
        share = self._there / self._index.held
        count = max(_LEAST, math.ceil(_TIMES * self._k / share))
        most = self._index.most
        if self._allowed is not None and count > most:
            return  # lists of keys are surer
        while count < most and count < self._index.held:
            yield count
            count *= _TIMES
        yield min(most, self._index.held)

    def _take(self, number: int, some: NDArray[np.int64], done: dict[int, Found]) -> None:
        """What of the candidates may be found, where that is enough, or where they are all."""
        if self._mask is not None:
            some = some[self._mask[some]]
        found = self._index.measured(some, self._queries[number], self._k, self._accept)
        if len(found[0]) >= self._k or len(some) == self._there:
            done[number] = found

    def _listed(self, number: int, done: dict[int, Found]) -> None:
        """By lists of the keys of all rows that may be found."""
        assert self._allowed is not None
        if self._k > self._index.most:
            return
        asked, some = self._asked[number][None], []
        count = min(self._index.most, max(_LEAST, _TIMES * self._k))
        for at in range(0, self._there, _LISTED):
            part = self._allowed[at : at + _LISTED]
            some.append(self._index.candidates(asked, min(count, len(part)), part)[0])
        self._take(number, np.concatenate(some), done)


class _Part:
    """Searches the marked rows of all exactly, and reads only the blocks that have some."""

    def __init__(self, rows: Rows, marked: Mask, codes: Sequence[Coded | None]) -> None:
        starts = rows.starts
        some = [
            number for number in range(len(rows.blocks))
            if marked[starts[number] : starts[number + 1]].any()
        ]  # fmt: skip
        numbers = [np.arange(starts[number], starts[number + 1]) for number in some]
        self._numbers = np.concatenate([np.empty(0, np.int64), *numbers])
        self._marked = marked[self._numbers]
        self._index = ExactIndex(
            [rows.blocks[number] for number in some], [codes[number] for number in some]
        )

    def search_many(
        self, queries: NDArray[np.float32], k: int, metric: Metric, accept: Accept,
        mask: Mask | None,
    ) -> list[Found]:  # fmt: skip
        """As ExactIndex does it, in the numbers of all rows."""
        here = self._marked if mask is None else self._marked & mask[self._numbers]
        if not here.any():
            return [(np.empty(0, np.int64), np.empty(0))] * len(queries)
        found = self._index.search_many(
            queries, k, metric, lambda rows: accept(self._numbers[rows]), here
        )
        return [(self._numbers[rows], measured) for rows, measured in found]
