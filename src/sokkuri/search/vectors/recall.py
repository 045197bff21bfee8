"""Measure the recall of an index against exact search, and tune the approximate index.

Takes an index, the exact index over the same rows, and rows to draw queries from. Each query is a
row of the index, searched without itself, or a vector from elsewhere, such as that of words, which
lies where no row does. Recall@k is the share of the true k nearest neighbours
that a search returns; rows exactly as far as the k-th count as returned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.search.vectors.ann import AnnIndex, SearchEffort
from sokkuri.search.vectors.base import Accept
from sokkuri.search.vectors.exact import ExactIndex
from sokkuri.search.vectors.remote import RemoteIndex

RECALL_AT = (1, 10, 100)
RECALL_GOAL = 0.995
"""The recall@10 that searches are tuned to: a little more than is promised."""

_TUNING_QUERIES, _TEST_QUERIES = 100, 200
_BATCH = 50
_CANDIDATES = (2000, 1000, 500, 250, 120)
_SEED = 7


@dataclass(frozen=True, slots=True)
class MeasuredRecall:
    """Recall by k of searches by images, and of searches by words, empty if not measured."""

    images: Mapping[int, float]
    texts: Mapping[int, float] = field(default_factory=dict)

    def at(self, k: int, *, words: bool = False) -> float:
        """Return the recall at k, or at the next larger k that was measured. words : the query has
        words; if their recall was not measured, return that of images."""
        recall = self.texts if words and self.texts else self.images
        shares = [share for measured_k, share in sorted(recall.items()) if measured_k >= k]
        return shares[0] if shares else min(recall.values(), default=0.0)


def tune_effort(index: AnnIndex, exact: ExactIndex, metric: Metric, lists: int) -> dict[int, float]:
    """Set the index's search effort with 100 queries; return its recall by k on 200 others.

    lists : how many lists the index has.
    """
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(exact.size, min(exact.size, _TUNING_QUERIES + _TEST_QUERIES), replace=False)
    tuning, test = drawn[:_TUNING_QUERIES], drawn[_TUNING_QUERIES:]
    _reach_goal(_row_trial(exact, metric, tuning, (10,)), index, lists)
    return _row_trial(exact, metric, test if len(test) else tuning, RECALL_AT).recall(index)


def recall_of(
    index: AnnIndex, exact: ExactIndex, metric: Metric, queries: NDArray[np.float32]
) -> dict[int, float]:
    """Return the index's recall by k for queries that are no rows : (Q, D), at least one."""
    return _Trial(exact, metric, queries, None, RECALL_AT).recall(index)


def measure_recall(
    index: RemoteIndex, exact: ExactIndex, metric: Metric, among: NDArray[np.bool_], count: int
) -> dict[int, float]:
    """Return the recall by k of an index, from `count` queries. among : (N,), the rows that may be
    queries and hits."""
    rows = np.flatnonzero(among)
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(rows, min(len(rows), count), replace=False)
    return _row_trial(exact, metric, drawn, RECALL_AT, lambda hits: among[hits]).recall(index)


def _reach_goal(trial: "_Trial", index: AnnIndex, lists: int) -> None:
    """Double the number of lists searched until the goal is reached; then take the fewest
    candidates that keep it."""
    index.effort = SearchEffort(1, _CANDIDATES[0])
    while (best := trial.recall(index)[10]) < RECALL_GOAL and index.effort.nprobe < lists:
        index.effort = SearchEffort(min(2 * index.effort.nprobe, lists), _CANDIDATES[0])
    effort = index.effort
    for candidates in _CANDIDATES[1:]:
        index.effort = SearchEffort(effort.nprobe, candidates)
        if trial.recall(index)[10] < min(RECALL_GOAL, best):
            break
        effort = index.effort
    index.effort = effort


def _row_trial(
    exact: ExactIndex,
    metric: Metric,
    rows: NDArray[np.int64],
    ks: Sequence[int],
    accept: Accept | None = None,
) -> "_Trial":
    """Return a trial whose queries are these rows."""
    queries = np.stack([exact.rows.vector(row) for row in rows.tolist()])
    return _Trial(exact, metric, queries, rows, ks, accept)


class _Trial:
    """Queries with their true nearest neighbours. queries : (Q, D). rows : the row of each query,
    which is no hit, None if they are no rows. ks : the numbers of hits to ask for."""

    def __init__(
        self,
        exact: ExactIndex,
        metric: Metric,
        queries: NDArray[np.float32],
        rows: NDArray[np.int64] | None,
        ks: Sequence[int],
        accept: Accept | None = None,
    ) -> None:
        self._metric = metric
        self._queries = queries
        self._rows = np.full(len(queries), -1, np.int64) if rows is None else rows
        self._ks = ks
        self._accept = accept or _accept_all
        self._truth = self._nearest_distances(exact, max(ks))

    def recall(self, index: AnnIndex | RemoteIndex) -> dict[int, float]:
        """Return the index's recall by k."""
        shares = {}
        for k in self._ks:
            results = self._nearest_distances(index, k)
            hits = [
                np.count_nonzero(mine <= true[:k].max(initial=0.0) + 1e-12) / max(1, len(true[:k]))
                for mine, true in zip(results, self._truth, strict=True)
            ]
            shares[k] = round(float(np.mean(hits)), 4)
        return shares

    def _nearest_distances(
        self, index: AnnIndex | RemoteIndex | ExactIndex, k: int
    ) -> list[NDArray[np.float64]]:
        """Return the distances of the k nearest other rows of each query."""
        nearest = []
        for start in range(0, len(self._rows), _BATCH):
            part = slice(start, start + _BATCH)
            results = index.search_many(self._queries[part], k + 1, self._metric, self._accept)
            nearest += [
                distances[numbers != row][:k]
                for row, (numbers, distances) in zip(self._rows[part], results, strict=True)
            ]
        return nearest


def _accept_all(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(rows), bool)
