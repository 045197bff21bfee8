"""Find the nearest neighbours of vectors: brute force, an IVF index, or a remote engine.

Takes (N, H) vectors and returns NearestRows. `choose_finder` picks the way that suits their number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError
from sokkuri.core.product_threads import large_product
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import VectorEngine
from sokkuri.search.vectors import VectorBlocks
from sokkuri.search.vectors.ann import AnnIndex, SearchEffort, add_to_lists, train_lists
from sokkuri.search.vectors.remote import normalise_for_engine
from sokkuri.store.row_numbers import RowNumbers

BRUTE_FORCE_ROWS = 200_000
"""Up to this many rows, every row is compared with every other."""

BLOCK = 8192
"""Rows that are multiplied at once."""

_FIRST_COLUMNS = 1024  # of the first block: putting more in order takes longer than choosing
_PROBES, _MEASURED = 32, 256
_CANDIDATES = 4  # that an engine returns for each neighbour

Matrix = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NearestRows:
    """The nearest rows of Q queries.

    rows : (Q, K) int64, -1 where there are fewer than K. similarities : (Q, K) float32, falling.
    reverse : (M, 2) int64, pairs (query, row) whose similarity is above the row's own threshold,
    see `CandidateFinder`.
    """

    rows: Numbers
    similarities: Matrix
    reverse: Numbers


class NeighbourFinder(Protocol):
    """Finds the most similar rows of a fixed set of rows."""

    def find(self, queries: Matrix, own: Numbers, k: int) -> NearestRows:
        """Return the k nearest rows of each query.

        queries : (Q, D). own : (Q,), the row of each query, which is never its own neighbour;
        -1 if the query is not in the set.
        """


class BruteForceFinder:
    """Compares each query with every row.

    rows : (N, D) float32; the similarity is the dot product. thresholds : (N,), the similarity
    above which a row accepts a query as a reverse pair.
    """

    def __init__(self, rows: Matrix, thresholds: Matrix | None = None) -> None:
        self._rows = rows
        self._thresholds = thresholds

    def find(self, queries: Matrix, own: Numbers, k: int) -> NearestRows:
        best = np.full((len(queries), k), -np.inf, np.float32)
        best_rows = np.full((len(queries), k), -1, np.int64)
        reverse = [np.empty((0, 2), np.int64)]
        memory = np.empty(len(queries) * min(BLOCK, len(self._rows)), np.float32)
        for start in range(0, len(self._rows), BLOCK):
            block = np.asarray(self._rows[start : start + BLOCK], np.float32)
            shape = len(queries), len(block)
            similarities = memory[: shape[0] * shape[1]].reshape(shape)
            with large_product():
                np.matmul(queries, block.T, out=similarities)
            inside = np.flatnonzero((own >= start) & (own < start + len(block)))
            similarities[inside, own[inside] - start] = -np.inf
            if self._thresholds is not None:
                thresholds = self._thresholds[start : start + BLOCK]
                if (thresholds < np.inf).any():  # a first run has only inf, which nothing exceeds
                    query, column = _places(similarities > thresholds)
                    reverse.append(np.column_stack([query, column + start]))
            _merge_block(best, best_rows, similarities, start)
        order = np.argsort(-best, axis=1, kind="stable")
        rows = np.take_along_axis(best_rows, order, 1)
        return NearestRows(rows, np.take_along_axis(best, order, 1), np.concatenate(reverse))


def _merge_block(best: Matrix, best_rows: Numbers, similarities: Matrix, start: int) -> None:
    """Replace the worst of `best` by the rows of a block that are more similar."""
    k = best.shape[1]
    if similarities.shape[1] > k and not np.isfinite(best).all():  # the first block
        if similarities.shape[1] > _FIRST_COLUMNS:  # few of the others are more similar than these
            for part in (slice(_FIRST_COLUMNS), slice(_FIRST_COLUMNS, None)):
                _merge_block(best, best_rows, similarities[:, part], start + (part.start or 0))
            return
        columns = np.argpartition(similarities, -k, axis=1)[:, -k:]
        values = np.take_along_axis(similarities, columns, 1)
        _keep_largest(best, best_rows, values, columns + start)
        return
    query, columns = _places(similarities > best.min(1)[:, None])
    if not len(query):
        return
    improved, counts = np.unique(query, return_counts=True)
    # Few values improve, and not equally many for each query: pad them to the longest line.
    position = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
    line = np.repeat(np.arange(len(improved)), counts)
    values = np.full((len(improved), int(counts.max())), -np.inf, np.float32)
    rows = np.full(values.shape, -1, np.int64)
    values[line, position] = similarities[query, columns]
    rows[line, position] = columns + start
    improved_best, improved_rows = best[improved], best_rows[improved]
    _keep_largest(improved_best, improved_rows, values, rows)
    best[improved], best_rows[improved] = improved_best, improved_rows


def _places(chosen: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Return the rows and the columns of the true elements, row by row : (Q, B) -> two (M,).

    It is six times faster than `np.nonzero`.
    """
    row, column = np.divmod(np.flatnonzero(chosen), chosen.shape[1])
    return row, column


def _keep_largest(best: Matrix, best_rows: Numbers, values: Matrix, rows: Numbers) -> None:
    """Write the k largest of both into `best` and `best_rows`."""
    k = best.shape[1]
    values = np.concatenate([best, values], axis=1)
    rows = np.concatenate([best_rows, rows], axis=1)
    columns = np.argpartition(values, -k, axis=1)[:, -k:]
    best[:] = np.take_along_axis(values, columns, 1)
    best_rows[:] = np.take_along_axis(rows, columns, 1)


class IvfFinder:
    """Compares each query with a few lists of an IVF index: for more rows than brute force can do.

    It finds no reverse pairs. Raises MissingExtraError without faiss.
    """

    def __init__(self, rows: Matrix) -> None:
        blocks = VectorBlocks([rows])
        lists = train_lists(blocks, "cosine")
        for first in range(0, len(rows), BLOCK):
            add_to_lists(lists, 0, first, rows[first : first + BLOCK], "cosine")
        self._index = AnnIndex(
            blocks, [len(rows)], [None], lists, "cosine", SearchEffort(_PROBES, _MEASURED)
        )

    def find(self, queries: Matrix, own: Numbers, k: int) -> NearestRows:
        rows = np.full((len(queries), k), -1, np.int64)
        similarities = np.full((len(queries), k), -np.inf, np.float32)
        neighbours = self._index.search_many(
            queries, k + 1, "cosine", lambda numbers: np.ones(len(numbers), bool)
        )
        for query, (near, distances) in enumerate(neighbours):
            others = near != own[query]
            count = min(k, int(np.count_nonzero(others)))
            rows[query, :count] = near[others][:k]
            similarities[query, :count] = 1 - distances[others][:k]
        return NearestRows(rows, similarities, np.empty((0, 2), np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class RemoteRows:
    """The rows of a set that a vector engine holds.

    numbers : of all rows of the collection. rows : (N,) int64, the row of the set for each number,
    -1 if the engine does not hold it or the set has no such content; several numbers can have the
    same row. vectors : returns the vectors of rows as they were pushed to the engine, (Q,) ->
    (Q, D). missing : (L,), the rows that the engine does not hold.
    """

    engine: VectorEngine
    metric: Metric
    numbers: RowNumbers
    rows: Numbers
    vectors: Callable[[Numbers], Features]
    missing: Numbers


class RemoteFinder:
    """Asks an engine for candidates and compares them here.

    Every query is also compared with all rows that the engine does not hold. rows, thresholds : as
    for BruteForceFinder.
    """

    def __init__(self, rows: Matrix, remote: RemoteRows, thresholds: Matrix | None = None) -> None:
        self._rows = rows
        self._remote = remote
        self._thresholds = (
            np.full(len(rows), np.inf, np.float32) if thresholds is None else thresholds
        )
        self._missing = BruteForceFinder(rows[remote.missing])
        self._is_empty = not (remote.rows >= 0).any()
        self._all = BruteForceFinder(rows)

    def find(self, queries: Matrix, own: Numbers, k: int) -> NearestRows:
        remote = self._remote
        vectors, valid = normalise_for_engine(remote.vectors(np.maximum(own, 0)), remote.metric)
        if (own < 0).any() or not valid.all() or self._is_empty:  # no engine can answer
            return self._all.find(queries, own, k)
        keys = remote.engine.search(vectors, min(remote.engine.max_candidates, _CANDIDATES * k))
        numbers = remote.numbers.from_keys(keys)
        rows = np.where(numbers < 0, -1, remote.rows[numbers])
        if len(remote.missing):
            count = min(k, len(remote.missing))
            near = self._missing.find(queries, np.full(len(own), -1), count)
            local = np.where(near.rows < 0, -1, remote.missing[near.rows])
            rows = np.concatenate([rows, local], axis=1)
        return self._rank(queries, np.where(rows == own[:, None], -1, rows), k)

    def _rank(self, queries: Matrix, rows: Numbers, k: int) -> NearestRows:
        """Return the k nearest of these rows : (Q, C), -1 for none; a row may occur twice."""
        rows = np.sort(rows, axis=1)
        rows[:, 1:][rows[:, 1:] == rows[:, :-1]] = -1
        similarities = np.einsum("qch,qh->qc", self._rows[rows], queries)
        similarities[rows < 0] = -np.inf
        query, column = np.nonzero(similarities > self._thresholds[rows])
        reverse = np.column_stack([query, rows[query, column]])
        order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
        rows = np.take_along_axis(rows, order, 1)
        return NearestRows(rows, np.take_along_axis(similarities, order, 1), reverse)


def choose_finder(rows: Matrix, thresholds: Matrix | None = None) -> tuple[NeighbourFinder, str]:
    """Return the finder for this many rows, and a note if a faster one is not installed."""
    if len(rows) <= BRUTE_FORCE_ROWS:
        return BruteForceFinder(rows, thresholds), ""
    try:
        return IvfFinder(rows), ""
    except MissingExtraError as error:
        note = f"every picture is compared with every other: {error}"
        return BruteForceFinder(rows, thresholds), note
