"""Measure the recall of an index against exact search, and choose how much a search does.

Takes an index, the exact index over the same rows, and queries of several kinds. Recall@k is the
share of the true k nearest neighbours that a search returns; rows exactly as far as the k-th count
as returned. An index finds the neighbours of its own rows most easily. So other kinds of queries
are measured too, and the lowest recall of the kinds of pictures counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.search.vectors.ann import AnnIndex, SearchEffort
from sokkuri.search.vectors.base import Accept
from sokkuri.search.vectors.distance import VectorBlocks, normalised
from sokkuri.search.vectors.exact import ExactIndex
from sokkuri.search.vectors.remote import RemoteIndex

QueryKind = Literal["rows", "mixtures", "crops", "texts"]
"""What queries are: `rows` of the collection, each searched without itself; `mixtures` of two rows;
`crops`, parts of the collection's pictures, which the network has seen anew; `texts`, words."""

RECALL_AT = (1, 10, 100)
PROMISED_RECALL = 0.99
"""The recall@10 of a search that asks for no recall, if the index can reach it."""

_TUNED_RECALL = 0.995  # a little more, because tuning uses few queries
_NEARLY_ALL = 0.9995  # from this recall@10 on, no larger effort is measured
_MAX_EFFORTS = 6
_TUNING_QUERIES, _TEST_QUERIES = 100, 400
_LEAST_QUERIES = 10  # even in small collections, which need no approximate index
_ROWS_PER_QUERY = 200
_BATCH = 50
_CANDIDATES = (2000, 1000, 500, 250, 120)
_MAX_FOREIGN_SHARE = 0.5  # of the second row in a mixture
_SEED = 7


@dataclass(frozen=True, slots=True)
class MeasuredRecall:
    """Recall by kind of query, and by k, of the kinds that were measured."""

    kinds: Mapping[QueryKind, Mapping[int, float]]

    @property
    def images(self) -> dict[int, float]:
        """By k, the lowest recall of all kinds of pictures; empty if none was measured."""
        shares = [share for kind, share in self.kinds.items() if kind != "texts" and share]
        return {k: min(share[k] for share in shares) for k in shares[0]} if shares else {}

    @property
    def texts(self) -> Mapping[int, float]:
        """The recall of searches by words, by k; empty if it was not measured."""
        return self.kinds.get("texts", {})

    def at(self, k: int, *, words: bool = False) -> float:
        """Return the recall at k, or at the next larger k that was measured, 0 if none was.
        words : the query has words; if their recall was not measured, return that of images."""
        recall = self.texts if words and self.texts else self.images
        shares = [share for measured_k, share in sorted(recall.items()) if measured_k >= k]
        return shares[0] if shares else min(recall.values(), default=0.0)


@dataclass(frozen=True, slots=True)
class MeasuredEffort:
    """How much a search does, and the recall that was measured for it."""

    effort: SearchEffort
    recall: MeasuredRecall


def choose_effort(
    efforts: Sequence[MeasuredEffort], k: int, *, words: bool, goal: float | None
) -> MeasuredEffort | None:
    """Return the least of these efforts that reaches a recall.

    efforts : at least one, the least first. goal : the recall at k that the search must have; if no
    effort reaches it, return None. Without a goal, PROMISED_RECALL at 10 counts; if no effort
    reaches it, return the largest effort.
    """
    wanted_k, wanted = (10, PROMISED_RECALL) if goal is None else (k, goal)
    for measured in efforts:
        if measured.recall.at(wanted_k, words=words) >= wanted:
            return measured
    return efforts[-1] if goal is None else None


def measure_efforts(
    index: AnnIndex,
    exact: ExactIndex,
    metric: Metric,
    lists: int,
    foreign: Mapping[QueryKind, NDArray[np.float32]],
) -> tuple[MeasuredEffort, ...]:
    """Return efforts of searching the index, the least first, each with its recall by kind.

    The first is tuned with 100 rows and 100 mixtures. The next search twice as many lists each.
    lists : how many lists the index has. foreign : queries of further kinds : (Q, D).
    """
    rng = np.random.default_rng(_SEED)
    drawn = rng.permutation(exact.size)[: _TUNING_QUERIES + _TEST_QUERIES]
    affordable = max(_LEAST_QUERIES, exact.size // _ROWS_PER_QUERY)
    tuning = drawn[: min(_TUNING_QUERIES, affordable)]
    test = drawn[len(tuning) :][: min(_TEST_QUERIES, affordable)]
    test = test if len(test) else tuning
    effort = _tuned_effort(_trials(exact, metric, tuning, rng, (10,), {}), index, lists)
    trials = _trials(exact, metric, test, rng, RECALL_AT, foreign)
    measured: list[MeasuredEffort] = []
    while True:
        recall = MeasuredRecall(
            {kind: trial.recall(index.with_effort(effort)) for kind, trial in trials.items()}
        )
        measured.append(MeasuredEffort(effort, recall))
        reached = min(share[10] for share in recall.kinds.values())
        if reached >= _NEARLY_ALL or effort.nprobe >= lists or len(measured) == _MAX_EFFORTS:
            return tuple(measured)
        effort = SearchEffort(min(2 * effort.nprobe, lists), _CANDIDATES[0])


def measure_recall(
    index: RemoteIndex, exact: ExactIndex, metric: Metric, among: NDArray[np.bool_], count: int
) -> dict[int, float]:
    """Return the recall by k of an index, from `count` queries. among : (N,), the rows that may be
    queries and hits."""
    rows = np.flatnonzero(among)
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(rows, min(len(rows), count), replace=False)
    vectors = _vectors(exact.rows, drawn)
    return _Trial(exact, metric, vectors, drawn, RECALL_AT, lambda hits: among[hits]).recall(index)


def mix_rows(
    rows: VectorBlocks, numbers: NDArray[np.int64], rng: np.random.Generator, metric: Metric
) -> NDArray[np.float32]:
    """Return each of these rows mixed with up to as much of another row : (Q, D) float32. It lies
    where the vector of a new picture may lie that shows a little of both."""
    others = rng.integers(0, rows.size, len(numbers))
    shares = rng.uniform(0, _MAX_FOREIGN_SHARE, (len(numbers), 1)).astype(np.float32)
    own, other = (normalised(_vectors(rows, which), metric) for which in (numbers, others))
    mixed: NDArray[np.float32] = (1 - shares) * own + shares * other
    return mixed


def _tuned_effort(
    trials: Mapping[QueryKind, "_Trial"], index: AnnIndex, lists: int
) -> SearchEffort:
    """Double the number of lists searched until the goal is reached by all kinds; then take the
    fewest candidates that keep it."""

    def reached(effort: SearchEffort) -> float:
        tried = index.with_effort(effort)
        return min(trial.recall(tried)[10] for trial in trials.values())

    effort = SearchEffort(1, _CANDIDATES[0])
    while (best := reached(effort)) < _TUNED_RECALL and effort.nprobe < lists:
        effort = SearchEffort(min(2 * effort.nprobe, lists), _CANDIDATES[0])
    for candidates in _CANDIDATES[1:]:
        cheaper = SearchEffort(effort.nprobe, candidates)
        if reached(cheaper) < min(_TUNED_RECALL, best):
            break
        effort = cheaper
    return effort


def _trials(
    exact: ExactIndex,
    metric: Metric,
    rows: NDArray[np.int64],
    rng: np.random.Generator,
    ks: Sequence[int],
    foreign: Mapping[QueryKind, NDArray[np.float32]],
) -> dict[QueryKind, "_Trial"]:
    """Return a trial for each kind of query. rows : the rows that are queries, and that are
    mixed."""
    mixed = mix_rows(exact.rows, rows, rng, metric)
    trials: dict[QueryKind, _Trial] = {
        "rows": _Trial(exact, metric, _vectors(exact.rows, rows), rows, ks),
        "mixtures": _Trial(exact, metric, mixed, None, ks),
    }
    for kind, vectors in foreign.items():
        trials[kind] = _Trial(exact, metric, vectors, None, ks)
    return trials


def _vectors(rows: VectorBlocks, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.stack([rows.vector(number) for number in numbers.tolist()])


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
        if isinstance(index, AnnIndex) and index.finds_the_same_for(max(self._ks) + 1):
            results = self._nearest_distances(index, max(self._ks))
            return {k: self._share(k, [mine[:k] for mine in results]) for k in self._ks}
        return {k: self._share(k, self._nearest_distances(index, k)) for k in self._ks}

    def _share(self, k: int, results: Sequence[NDArray[np.float64]]) -> float:
        """Return the share of the true k nearest that these are. results : distances by query."""
        hits = [
            np.count_nonzero(mine <= true[:k].max(initial=0.0) + 1e-12) / max(1, len(true[:k]))
            for mine, true in zip(results, self._truth, strict=True)
        ]
        return round(float(np.mean(hits)), 4)

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
