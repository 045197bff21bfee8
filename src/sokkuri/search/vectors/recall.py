"""How good an approximate index is: measured against exact search, and tuned to a goal.

Takes an index, the exact one over the same rows, and rows to draw queries from. Each query is a row
of the index, looked for without itself. Recall@k is the share of the true k nearest that are found;
rows exactly as far as the k-th count as found.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.search.vectors.ann import AnnIndex, Reach
from sokkuri.search.vectors.base import Accept
from sokkuri.search.vectors.exact import ExactIndex
from sokkuri.search.vectors.remote import ServedIndex

RECALL_AT = (1, 10, 100)
GOAL = 0.995
"""Of recall@10, which searches are made to reach: a little more than is asked of them."""

_TUNING, _HELD_OUT = 100, 200  # queries
_TOGETHER = 50
_CANDIDATES = (2000, 1000, 500, 250, 120)
_SEED = 7


def tune(index: AnnIndex, exact: ExactIndex, metric: Metric, lists: int) -> dict[int, float]:
    """Set how far searches go, by 100 queries; the recall by k that this gives on 200 others.

    lists : how many there are to look through.
    """
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(exact.size, min(exact.size, _TUNING + _HELD_OUT), replace=False)
    tuning, held_out = drawn[:_TUNING], drawn[_TUNING:]
    _reach_goal(_Trial(exact, metric, tuning, (10,)), index, lists)
    return _Trial(exact, metric, held_out if len(held_out) else tuning, RECALL_AT).of(index)


def recall(
    index: ServedIndex, exact: ExactIndex, metric: Metric, among: NDArray[np.bool_], count: int
) -> dict[int, float]:
    """The recall by k that an index has as it is, by so many queries. among : (N,), the rows that
    can be queries and hits."""
    rows = np.flatnonzero(among)
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(rows, min(len(rows), count), replace=False)
    return _Trial(exact, metric, drawn, RECALL_AT, lambda found: among[found]).of(index)


def _reach_goal(trial: "_Trial", index: AnnIndex, lists: int) -> None:
    """Probes first, doubled until the goal is reached; then as few candidates as keep it."""
    index.reach = Reach(1, _CANDIDATES[0])
    while (found := trial.of(index)[10]) < GOAL and index.reach.probes < lists:
        index.reach = Reach(min(2 * index.reach.probes, lists), _CANDIDATES[0])
    best = index.reach
    for candidates in _CANDIDATES[1:]:
        index.reach = Reach(best.probes, candidates)
        if trial.of(index)[10] < min(GOAL, found):
            break
        best = index.reach
    index.reach = best


class _Trial:
    """Queries with what there is to find. at : the numbers k of hits to ask for."""

    def __init__(
        self,
        exact: ExactIndex,
        metric: Metric,
        rows: NDArray[np.int64],
        at: Sequence[int],
        accept: Accept | None = None,
    ) -> None:
        self._metric = metric
        self._rows = rows
        self._at = at
        self._accept = accept or _all
        self._queries = np.stack([exact.rows.vector(row) for row in rows.tolist()])
        self._truth = self._nearest(exact, max(at))

    def of(self, index: AnnIndex | ServedIndex) -> dict[int, float]:
        """The index's recall, by k."""
        shares = {}
        for k in self._at:
            found = self._nearest(index, k)
            hits = [
                np.count_nonzero(mine <= true[:k].max(initial=0.0) + 1e-12) / max(1, len(true[:k]))
                for mine, true in zip(found, self._truth, strict=True)
            ]
            shares[k] = round(float(np.mean(hits)), 4)
        return shares

    def _nearest(
        self, index: AnnIndex | ServedIndex | ExactIndex, k: int
    ) -> list[NDArray[np.float64]]:
        """Distances of the k nearest other rows of each query."""
        found = []
        for at in range(0, len(self._rows), _TOGETHER):
            part = slice(at, at + _TOGETHER)
            results = index.search_many(self._queries[part], k + 1, self._metric, self._accept)
            found += [
                distances[numbers != row][:k]
                for row, (numbers, distances) in zip(self._rows[part], results, strict=True)
            ]
        return found


def _all(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(rows), bool)
