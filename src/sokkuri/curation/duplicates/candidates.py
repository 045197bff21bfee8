"""Which pairs of pictures are worth a look: the nearest by features, and by their prints.

Takes vectors and prints; hands on Candidates. Up to `EXACT` rows all are compared with all, in
blocks, by matrix products; beyond, lists (indexes/ann.py) say which rows a row is compared with, or
an engine elsewhere.
Features are compared by the square roots of their numbers, which lets no single large one decide,
in the 256 directions in which they differ most.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError
from sokkuri.core.types import Features, Metric
from sokkuri.curation.duplicates.matching.fingerprint import normalised_prints, righted_prints
from sokkuri.curation.duplicates.matching.scoring import Logistic
from sokkuri.search.engines import Engine
from sokkuri.search.vectors import Rows, principal
from sokkuri.search.vectors.ann import AnnIndex, Reach, add, train
from sokkuri.search.vectors.quantize import HEAD
from sokkuri.search.vectors.remote import pushable

EXACT = 200_000
"""Rows up to which all are compared with all."""

NEAREST, NEAREST_PRINTS = 24, 2
"""Neighbours of a picture that are candidates, by features and by prints."""

GENEROUS = 5_000
"""Pictures up to which more pairs are looked at, for the sake of small crops: twice as many find
one copy in 300 more."""

TOGETHER = 512
"""Pictures whose candidates are looked for at once."""

_BLOCK = 8192
_LAST = 16  # neighbour whose likeness is that of any
_CLUSTER = 256  # rows
GENEROUSLY = 2.0  # of the logit
_PRINTED = 0.9  # correlation of prints from which a look is worth it, and soon over
_PROBES, _MEASURED = 32, 256
_CANDIDATES = 4  # of an engine, for each neighbour

Matrix = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Neighbours of Q queries. rows : (Q, K) int64, -1 where there are no more; likeness : (Q, K)
    float32, falling. back : (M, 2) queries, and rows within whose reach they are."""

    rows: Numbers
    likeness: Matrix
    back: Numbers


class Join(Protocol):
    """Finds the rows most like some of the rows."""

    def near(self, queries: Matrix, own: Numbers, k: int) -> Near:
        """queries : (Q, D). own : (Q,), the row that each query is, which is not its neighbour; -1
        for none."""


class ExactJoin:
    """rows : (N, D) float32, likeness is the dot product. reach : (N,), see `reach_of`."""

    def __init__(self, rows: Matrix, reach: Matrix | None = None) -> None:
        self._rows = rows
        self._reach = reach

    def near(self, queries: Matrix, own: Numbers, k: int) -> Near:
        best = np.full((len(queries), k), -np.inf, np.float32)
        found = np.full((len(queries), k), -1, np.int64)
        back = [np.empty((0, 2), np.int64)]
        for start in range(0, len(self._rows), _BLOCK):
            block = np.asarray(self._rows[start : start + _BLOCK], np.float32)
            likeness = queries @ block.T
            mine = np.flatnonzero((own >= start) & (own < start + likeness.shape[1]))
            likeness[mine, own[mine] - start] = -np.inf
            if self._reach is not None:
                asked, nearer = np.nonzero(likeness > self._reach[start : start + _BLOCK])
                back.append(np.column_stack([asked, nearer + start]))
            _merge(best, found, likeness, start)
        order = np.argsort(-best, axis=1, kind="stable")
        rows = np.take_along_axis(found, order, 1)
        return Near(rows, np.take_along_axis(best, order, 1), np.concatenate(back))


def _merge(best: Matrix, found: Numbers, likeness: Matrix, start: int) -> None:
    """Let a block's rows in where they are nearer than the farthest so far."""
    k = best.shape[1]
    if likeness.shape[1] > k and not np.isfinite(best).all():  # the first block: all are nearer
        columns = np.argpartition(likeness, -k, axis=1)[:, -k:]
        _keep(best, found, np.take_along_axis(likeness, columns, 1), columns + start)
        return
    asked, columns = np.nonzero(likeness > best.min(1)[:, None])
    if not len(asked):
        return
    better, counts = np.unique(asked, return_counts=True)
    # Few, and not as many for each query: a table with room for the most.
    place = np.arange(len(asked)) - np.repeat(np.cumsum(counts) - counts, counts)
    line = np.repeat(np.arange(len(better)), counts)
    values = np.full((len(better), int(counts.max())), -np.inf, np.float32)
    rows = np.full(values.shape, -1, np.int64)
    values[line, place] = likeness[asked, columns]
    rows[line, place] = columns + start
    kept, kept_rows = best[better], found[better]
    _keep(kept, kept_rows, values, rows)
    best[better], found[better] = kept, kept_rows


def _keep(best: Matrix, found: Numbers, values: Matrix, rows: Numbers) -> None:
    """The largest of both, in place of `best` and `found`."""
    k = best.shape[1]
    values = np.concatenate([best, values], axis=1)
    rows = np.concatenate([found, rows], axis=1)
    kept = np.argpartition(values, -k, axis=1)[:, -k:]
    best[:] = np.take_along_axis(values, kept, 1)
    found[:] = np.take_along_axis(rows, kept, 1)


class ListedJoin:
    """The same by lists, for more rows than can be compared with each other. Raises
    MissingExtraError without faiss."""

    def __init__(self, rows: Matrix) -> None:
        blocks = Rows([rows])
        lists = train(blocks, "cosine")
        for first in range(0, len(rows), _BLOCK):
            add(lists, 0, first, rows[first : first + _BLOCK], "cosine")
        self._index = AnnIndex(
            blocks, [0], [len(rows)], [None], lists, "cosine", Reach(_PROBES, _MEASURED)
        )

    def near(self, queries: Matrix, own: Numbers, k: int) -> Near:
        rows = np.full((len(queries), k), -1, np.int64)
        likeness = np.full((len(queries), k), -np.inf, np.float32)
        found = self._index.search_many(
            queries, k + 1, "cosine", lambda some: np.ones(len(some), bool)
        )
        for number, (some, measured) in enumerate(found):
            others = some != own[number]
            count = min(k, int(np.count_nonzero(others)))
            rows[number, :count] = some[others][:k]
            likeness[number, :count] = 1 - measured[others][:k]
        return Near(rows, likeness, np.empty((0, 2), np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What of some rows an engine holds. keys : (M,) int64, ascending, and rows : (M,), the row
    that each is of; a row can have several. vectors : of given rows, as the engine was given them,
    (Q,) -> (Q, D). lacking : (L,), the rows that it does not hold."""

    engine: Engine
    metric: Metric
    keys: Numbers
    rows: Numbers
    vectors: Callable[[Numbers], Features]
    lacking: Numbers


class ServedJoin:
    """The same by an engine's candidates, which are compared here; with what it lacks all are.
    rows, reach : as for ExactJoin."""

    def __init__(self, rows: Matrix, served: Served, reach: Matrix | None = None) -> None:
        self._rows = rows
        self._served = served
        self._reach = np.full(len(rows), np.inf, np.float32) if reach is None else reach
        self._here = ExactJoin(rows[served.lacking])
        self._everywhere = ExactJoin(rows)

    def near(self, queries: Matrix, own: Numbers, k: int) -> Near:
        served = self._served
        asked, good = pushable(served.vectors(np.maximum(own, 0)), served.metric)
        if (own < 0).any() or not good.all() or not len(served.keys):  # no engine can tell
            return self._everywhere.near(queries, own, k)
        count = min(served.engine.most, _CANDIDATES * k)
        keys = served.engine.nearest(asked, count)
        place = np.minimum(np.searchsorted(served.keys, keys), len(served.keys) - 1)
        rows = np.where(served.keys[place] == keys, served.rows[place], -1)
        if len(served.lacking):
            fresh = self._here.near(queries, np.full(len(own), -1), min(k, len(served.lacking)))
            here = np.where(fresh.rows < 0, -1, served.lacking[fresh.rows])
            rows = np.concatenate([rows, here], axis=1)
        return self._nearest(queries, np.where(rows == own[:, None], -1, rows), k)

    def _nearest(self, queries: Matrix, rows: Numbers, k: int) -> Near:
        """Of these rows (Q, C), -1 where there are no more, and some more than once."""
        rows = np.sort(rows, axis=1)
        rows[:, 1:][rows[:, 1:] == rows[:, :-1]] = -1
        likeness = np.einsum("qch,qh->qc", self._rows[rows], queries)
        likeness[rows < 0] = -np.inf
        asked, at = np.nonzero(likeness > self._reach[rows])
        back = np.column_stack([asked, rows[asked, at]])
        order = np.argsort(-likeness, axis=1, kind="stable")[:, :k]
        rows = np.take_along_axis(rows, order, 1)
        return Near(rows, np.take_along_axis(likeness, order, 1), back)


def joined(rows: Matrix, reach: Matrix | None = None) -> tuple[Join, str]:
    """The way to compare so many rows, and a line where a better one is not installed."""
    if len(rows) <= EXACT:
        return ExactJoin(rows, reach), ""
    try:
        return ListedJoin(rows), ""
    except MissingExtraError as error:
        return ExactJoin(rows, reach), f"every picture is compared with every other: {error}"


def heads(blocks: Iterable[tuple[Features, int]], basis: Matrix, size: int) -> Matrix:
    """Features as they are compared : blocks of (M, D) rows, each with where its rows go
    -> (size, H) float32."""
    found = np.empty((size, len(basis)), np.float32)
    for block, at in blocks:
        found[at : at + len(block)] = rooted(block) @ basis.T
    return found


def rooted(features: Features) -> Features:
    """Square roots with their signs, of length 1 : (M, D) -> (M, D). Zero rows stay zero."""
    roots = np.sign(features) * np.sqrt(np.abs(features))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    found: Features = np.divide(roots, lengths, out=np.zeros_like(roots), where=lengths > 0)
    return found


def basis_of(sample: Features) -> Matrix:
    """The directions in which rows like these differ most : (H, D) float32."""
    roots = rooted(sample)
    if len(roots) <= HEAD:  # a few rows: those in which they lie, found sooner
        return np.linalg.svd(roots, full_matrices=False)[2].astype(np.float32)
    return principal(roots).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Pictures as they are compared. heads : (N, H) float32. prints : (N, 256) uint8."""

    heads: Matrix
    prints: NDArray[np.uint8]

    def part(self, rows: Numbers) -> "Field":
        return Field(self.heads[rows], self.prints[rows])


class Candidates:
    """Finds pairs worth a look between pictures and those of a field. reach : see `reach_of`.
    served : an engine that knows the field's pictures, to ask that for the nearest by features."""

    def __init__(
        self, field: Field, reach: Matrix | None = None, served: Served | None = None
    ) -> None:
        self._heads = field.heads
        self._least = 0.0 if len(field.heads) > GENEROUS else -GENEROUSLY
        self._by_heads: Join
        if served is None:
            self._by_heads, note = joined(field.heads, reach)
        else:
            self._by_heads, note = ServedJoin(field.heads, served, reach), ""
        self._prints = [_held(field.prints, printed) for printed in _PRINTS]
        self._by_prints = [joined(prints)[0] for prints in self._prints]
        self.notes = [note] if note else []

    def of(self, asked: Field, own: Numbers) -> tuple[Numbers, Matrix]:
        """Pairs (number of the picture asked for, row of the field) : (M, 2). own : (Q,), the row
        that each picture is, -1 where it is none. And the reach of each from now on : (Q,)."""
        near = self._by_heads.near(asked.heads, own, NEAREST)
        prints = [printed(asked.prints) for printed in _PRINTS]
        found = [near.rows] + [
            join.near(some, own, NEAREST_PRINTS).rows
            for join, some in zip(self._by_prints, prints, strict=True)
        ]
        rows = np.concatenate(found, axis=1)
        numbers = np.repeat(np.arange(len(rows)), rows.shape[1])
        pairs = np.unique(np.column_stack([numbers, rows.reshape(-1)]), axis=0)
        pairs = pairs[pairs[:, 1] >= 0]
        query, row = pairs.T
        likeness = np.einsum("ij,ij->i", asked.heads[query], self._heads[row])
        correlation = np.max([
            np.einsum("ij,ij->i", some[query], np.asarray(others[row], np.float32))
            for some, others in zip(prints, self._prints, strict=True)
        ], axis=0)  # fmt: skip
        measures = worth_measures(likeness, correlation, near.likeness[query])
        worth = WORTH.logits(measures) > self._least
        worth |= correlation > _PRINTED
        pairs = np.unique(np.concatenate([pairs[worth], near.back]), axis=0)
        return pairs, reach_of(near.likeness, self._least)


def _held(prints: NDArray[np.uint8], printed: Callable[[NDArray[np.uint8]], Matrix]) -> Any:
    """The same of many, a block at a time : (N, 256), float16 where they are very many."""
    kind = np.float32 if len(prints) <= EXACT else np.float16
    found = np.empty(prints.shape, kind)
    for at in range(0, len(prints), _BLOCK):
        found[at : at + _BLOCK] = printed(prints[at : at + _BLOCK])
    return found


def _righted(prints: NDArray[np.uint8]) -> Matrix:
    return normalised_prints(righted_prints(prints))


_PRINTS = normalised_prints, _righted
"""As pictures are, and in the one position that all eight turns and mirrorings come to."""


def worth_measures(likeness: Matrix, prints: Matrix, nearest: Matrix) -> NDArray[np.float64]:
    """What says whether pairs are worth a look : (M, 6). likeness : (M,), by features; prints :
    (M,), correlation; nearest : (M, K), likeness of the first one's neighbours, falling."""
    rank = (nearest > likeness[:, None]).sum(1)
    first = np.where(np.isfinite(nearest[:, 0]), nearest[:, 0], likeness)
    last = _last_of(nearest)
    return np.column_stack([
        likeness, np.log1p(rank), prints, likeness - last, first - likeness,
        np.maximum(prints - 0.8, 0),
    ]).astype(np.float64)  # fmt: skip


def _last_of(nearest: Matrix) -> Matrix:
    """The likeness of a neighbour that could be any, 0 without one : (M,)."""
    last = nearest[:, min(_LAST, nearest.shape[1]) - 1]
    return np.where(np.isfinite(last), last, np.float32(0))


def reach_of(nearest: Matrix, least: float) -> Matrix:
    """The likeness from which a picture that comes later is worth a look from the side of one that
    was compared before, whatever their prints : nearest (Q, K), as above -> (Q,); -inf without
    neighbours. inf, that nothing is within, is for pictures that are still to be compared.

    `WORTH` for rank and correlation of 0 is linear in the likeness, and grows with it.
    """
    alike, _, _, over_last, under_first, _ = WORTH.weights
    bound = least - WORTH.bias + over_last * _last_of(nearest) - under_first * nearest[:, 0]
    reach: Matrix = (bound / (alike + over_last - under_first)).astype(np.float32)
    return reach


WORTH = Logistic((-2.554, -0.8272, -0.3149, 30.13, -56.93, 27.36), 4.475)
"""Fitted as the models in matching/scoring.py; its zero leaves out one copy in 500."""


def clustered(heads: Matrix, rows: Numbers) -> Numbers:
    """The rows in an order in which those that are alike are near each other, so that a picture is
    decoded for many comparisons at once."""
    count = max(1, len(rows) // _CLUSTER)
    middles = heads[np.random.default_rng(0).choice(rows, count, replace=False)]
    nearest = np.concatenate(
        [
            (heads[rows[at : at + _BLOCK]] @ middles.T).argmax(1)
            for at in range(0, len(rows), _BLOCK)
        ]
    )
    ordered: Numbers = rows[np.argsort(nearest, kind="stable")]
    return ordered
