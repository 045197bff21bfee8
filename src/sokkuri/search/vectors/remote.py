"""The index over a vector engine: the engine returns candidates, the shards their distances.

Rows that the engine does not hold are searched exactly, so searches find rows that were just added.
If too few of the candidates are accepted, the engine is asked for more, and in the end all rows are
searched. With a mask, more candidates are requested in inverse proportion to the share of rows in
it. If that is not enough, the engine gets the keys of the masked rows and compares all of them.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import UnsupportedError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import VectorEngine
from sokkuri.search.vectors.base import Accept, Index, Mask, Neighbours
from sokkuri.search.vectors.distance import MAX_NORM, VectorBlocks, normalised, top_k
from sokkuri.search.vectors.exact import ExactIndex, nearest_of
from sokkuri.search.vectors.quantize import QuantizedBlock

_MIN_CANDIDATES = 100
_CANDIDATE_FACTOR = 4  # candidates per hit; and how many times more if they were too few
_EXACT_ROWS = 1000  # up to so many masked rows are searched here
_LIST_KEYS = 10_000  # in one list for the engine
_MAX_LISTED_ROWS = 100_000  # masked rows whose keys the engine gets
_MIN_NORM = 1e-15  # float32 cannot bring shorter vectors to length 1


def normalise_for_engine(vectors: Features, metric: Metric) -> tuple[Features, NDArray[np.bool_]]:
    """Return vectors (N, D) as engines take them, with length 1 for `cosine`, and which of them
    engines can take : (N,). The others are too long or too short to be compared in float32."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    usable = lengths <= MAX_NORM
    if metric == "cosine":
        usable &= lengths >= _MIN_NORM
        vectors = np.where(usable[:, None], vectors, np.float32(1))
    return np.ascontiguousarray(normalised(vectors, metric)), usable


class RemoteIndex(Index):
    """Searches the rows that an engine holds, and exactly the others.

    rows : all rows; the engine holds the keys that they have in `rows.numbers`. in_engine : (N,)
    bool, the rows that the engine holds. codes : as for ExactIndex. metric : the one that the
    engine's index was made for.
    """

    def __init__(
        self,
        rows: VectorBlocks,
        in_engine: Mask,
        codes: Sequence[QuantizedBlock | None],
        engine: VectorEngine,
        metric: Metric,
    ) -> None:
        self.rows = rows
        self.size = rows.size
        self.in_engine = in_engine
        self.engine_rows = int(np.count_nonzero(in_engine))
        self.max_candidates = engine.max_candidates
        self._metric = metric
        self._engine = engine
        self._all = ExactIndex(rows.blocks, codes)
        self._others = _PartIndex(rows, ~in_engine, codes)

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Neighbours]:
        """See `Index`. Raises UnsupportedError for a metric that the engine's index was not made
        for, and EngineError."""
        if metric != self._metric:
            raise UnsupportedError(
                f"{self._engine.address} was made for {self._metric}: search exactly"
            )
        if mask is not None and np.count_nonzero(mask) <= _EXACT_ROWS:
            return self._all.search_many(queries, k, metric, accept, mask)
        others = self._others.search_many(queries, k, metric, accept, mask)
        normalised_queries, usable = normalise_for_engine(queries, metric)
        batch = _RemoteQueryBatch(self, queries, normalised_queries, k, accept, mask)
        answered = batch.search(np.flatnonzero(usable))
        unanswered = [query for query in range(len(queries)) if query not in answered]
        exact = self._all.search_many(queries[unanswered], k, metric, accept, mask)
        return [
            _merge(answered[query], others[query], k) if query in answered
            else exact[unanswered.index(query)]
            for query in range(len(queries))
        ]  # fmt: skip

    def candidates(
        self, queries: Features, count: int, among: NDArray[np.int64] | None = None
    ) -> list[NDArray[np.int64]]:
        """Return for each query the ascending numbers of the rows that the engine returns.
        queries : as `normalise_for_engine` returns them. among : row numbers."""
        numbers = self.rows.numbers
        keys = None if among is None else numbers.to_keys(among)
        found = numbers.from_keys(self._engine.search(queries, count, keys))
        results = [np.unique(rows[rows >= 0]) for rows in found]
        return [rows[self.in_engine[rows]] for rows in results]

    def nearest(
        self, numbers: NDArray[np.int64], query: NDArray[np.float32], k: int, accept: Accept
    ) -> Neighbours:
        """Return the k nearest accepted rows among those with these ascending numbers."""
        return nearest_of(self.rows, numbers, query, k, self._metric, accept)


def _merge(one: Neighbours, other: Neighbours, k: int) -> Neighbours:
    rows, distances = (np.concatenate(pair) for pair in zip(one, other, strict=True))
    return top_k(rows, distances, k)


class _RemoteQueryBatch:
    """Queries for k accepted rows each among the rows that the engine holds."""

    def __init__(
        self,
        index: RemoteIndex,
        queries: NDArray[np.float32],
        normalised_queries: Features,
        k: int,
        accept: Accept,
        mask: Mask | None,
    ) -> None:
        self._index = index
        self._queries, self._normalised = queries, normalised_queries
        self._k = k
        self._mask = mask
        self._accept = accept
        self._masked = None if mask is None else np.flatnonzero(mask & index.in_engine)
        self._available = index.engine_rows if self._masked is None else len(self._masked)

    def search(self, queries: NDArray[np.int64]) -> dict[int, Neighbours]:
        """Return the neighbours by query number. Queries that need a search of all rows are
        missing."""
        done: dict[int, Neighbours] = {}
        if self._available == 0:
            nothing = np.empty(0, np.int64), np.empty(0)
            return dict.fromkeys(queries.tolist(), nothing)
        for count in self._candidate_counts():
            queries = np.array([query for query in queries.tolist() if query not in done], np.int64)
            if not len(queries):
                return done
            results = self._index.candidates(self._normalised[queries], count)
            for query, rows in zip(queries.tolist(), results, strict=True):
                self._accept_candidates(query, rows, done)
        if self._masked is not None and len(self._masked) <= _MAX_LISTED_ROWS:
            for query in queries.tolist():
                if query not in done:
                    self._search_listed(query, done)
        return done

    def _candidate_counts(self) -> Iterator[int]:
        """Yield how many candidates to request: more each time, as long as they are too few."""
        share = self._available / self._index.engine_rows
        count = max(_MIN_CANDIDATES, math.ceil(_CANDIDATE_FACTOR * self._k / share))
        most = self._index.max_candidates
        if self._masked is not None and count > most:
            return  # lists of keys are more reliable
        while count < most and count < self._index.engine_rows:
            yield count
            count *= _CANDIDATE_FACTOR
        yield min(most, self._index.engine_rows)

    def _accept_candidates(
        self, query: int, rows: NDArray[np.int64], done: dict[int, Neighbours]
    ) -> None:
        """Put the query's neighbours into `done` if k candidates are accepted, or if the candidates
        are all rows that there are."""
        if self._mask is not None:
            rows = rows[self._mask[rows]]
        neighbours = self._index.nearest(rows, self._queries[query], self._k, self._accept)
        if len(neighbours[0]) >= self._k or len(rows) == self._available:
            done[query] = neighbours

    def _search_listed(self, query: int, done: dict[int, Neighbours]) -> None:
        """Search with lists of the keys of all masked rows."""
        assert self._masked is not None
        if self._k > self._index.max_candidates:
            return
        vector, parts = self._normalised[query][None], []
        count = max(_MIN_CANDIDATES, _CANDIDATE_FACTOR * self._k)
        count = min(self._index.max_candidates, count)
        for start in range(0, self._available, _LIST_KEYS):
            listed = self._masked[start : start + _LIST_KEYS]
            parts.append(self._index.candidates(vector, min(count, len(listed)), listed)[0])
        self._accept_candidates(query, np.concatenate(parts), done)


class _PartIndex:
    """Searches the marked rows exactly, and reads only the blocks that have such rows."""

    def __init__(
        self, rows: VectorBlocks, marked: Mask, codes: Sequence[QuantizedBlock | None]
    ) -> None:
        starts = rows.numbers.starts
        blocks = [
            block for block in range(len(rows.blocks))
            if marked[starts[block] : starts[block + 1]].any()
        ]  # fmt: skip
        numbers = [np.arange(starts[block], starts[block + 1]) for block in blocks]
        self._numbers = np.concatenate([np.empty(0, np.int64), *numbers])
        self._marked = marked[self._numbers]
        self._index = ExactIndex(
            [rows.blocks[block] for block in blocks], [codes[block] for block in blocks]
        )

    def search_many(
        self, queries: NDArray[np.float32], k: int, metric: Metric, accept: Accept,
        mask: Mask | None,
    ) -> list[Neighbours]:  # fmt: skip
        """Return what `ExactIndex.search_many` does, with row numbers among all rows."""
        own_mask = self._marked if mask is None else self._marked & mask[self._numbers]
        if not own_mask.any():
            return [(np.empty(0, np.int64), np.empty(0))] * len(queries)
        results = self._index.search_many(
            queries, k, metric, lambda rows: accept(self._numbers[rows]), own_mask
        )
        return [(self._numbers[rows], distances) for rows, distances in results]
