"""What does not fit: images that have no near neighbour, and labels that their neighbours belie.

An image is as odd as its tenth nearest neighbour is far: a pair or a handful of odd pictures are
found as one is. (Ratios to what the neighbours have, as in LOF, were tried on photos of garments
with others among them, and were no better than chance: where pictures differ most, the neighbours
of an odd one are odd too.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import UsageError
from sokkuri.core.types import Features
from sokkuri.curation.labeling.knn_vote import numbered, votes
from sokkuri.curation.labeling.live_vectors import Population
from sokkuri.store.collection import CollectionStore

MOST = 1000
"""Outliers at once."""

_KTH = 10
_VOTERS = 15
_WHOLE = 20_000  # rows up to which all are compared with all
_SCREEN, _SCREEN_KTH = 4000, 3
_CLOSER, _FEWEST = 40, 2000
"""Of more rows, all are first compared with 4,000 drawn ones. Those whose third nearest of these is
farthest, 40 times as many as asked for, are compared with all. Of 100,000 rows that found 98 of the
100 oddest, and the 20 oddest all."""
_JUDGES = 50_000  # labelled images that are compared with
_STEP = 1024


@dataclass(frozen=True, slots=True)
class Outlier:
    """An image like no other. score : the cosine distance to its tenth neighbour, 0 to 1."""

    id: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A label that is likely wrong. neighbours : what most of them say. confidence : from 0 to 1,
    the share of their vote that is against `label`."""

    id: str
    label: str
    neighbours: str
    confidence: float


def outliers(
    collection: CollectionStore, n: int = 100, under: str | None = None, where: str | None = None
) -> list[Outlier]:
    """The n images with the farthest tenth neighbour, the oddest first. Neighbours are looked for
    among all that pass the filters.

    Of more than 20,000 images, those are looked at that are far from most of 4,000 drawn ones.
    Raises UsageError.
    """
    if not 1 <= n <= MOST:
        raise UsageError(f"outliers come 1 to {MOST:,} at a time")
    with collection.catalog.reading():
        people = Population(collection, under, where)
        rows = _screened(people, n)
        if len(people.live) < 2:
            return []
        kth = min(_KTH, len(people.live) - 1)
        far = _distances(people, rows, people.live, kth)
        order = np.lexsort((rows, -far[:, -1]))[:n]
        typical = float(np.median(far[:, -1])) if len(rows) == len(people.live) else None
        ids = people.ids(rows[order])
    return [
        Outlier(id_, min(float(one[-1]), 1.0), _why(one, kth, typical))
        for id_, one in zip(ids, far[order], strict=True)
    ]


def mistakes(
    collection: CollectionStore, labels: Mapping[str, str] | None = None, n: int = 100
) -> list[Mistake]:
    """Labels that most of the vote of the nearest labelled images is against, the surest first.

    labels : by id; the catalog's by default. Beyond 50,000 of them, a drawn part votes.
    """
    with collection.catalog.reading():
        people = Population(collection)
        rows, names = people.labelled(labels)
        classes, numbers = numbered(names)
        if len(classes) < 2:
            return []
        shares = _opinions(people, rows, numbers, len(classes))
        against = 1 - shares[np.arange(len(rows)), numbers]
        most = shares.argmax(axis=1)
        agreed = shares.max(axis=1)
        wrong = np.flatnonzero((most != numbers) & (against > 0.5))
        wrong = wrong[np.lexsort((-agreed[wrong], -against[wrong]))][:n]
        ids = people.ids(rows[wrong])
    return [
        Mistake(id_, names[at], classes[most[at]], float(against[at]))
        for id_, at in zip(ids, wrong.tolist(), strict=True)
    ]


def _screened(people: Population, n: int) -> NDArray[np.int64]:
    """The rows that may be outliers : (M,), ascending. All of them where they are few."""
    live, closer = people.live, min(max(_CLOSER * n, _FEWEST), _WHOLE)
    if len(live) <= _WHOLE:
        return live
    drawn = people.sample(live, _SCREEN)
    far = _distances(people, live, drawn, _SCREEN_KTH)[:, -1]
    return np.sort(live[np.argpartition(-far, closer)[:closer]])


def _distances(
    people: Population, rows: NDArray[np.int64], others: NDArray[np.int64], k: int
) -> NDArray[np.float32]:
    """From each of the rows to the k nearest of the others : (M, k), ascending."""
    found = np.full((len(rows), k), np.inf, np.float32)
    few_others = len(others) <= len(rows)
    held = people.points(others if few_others else rows)
    for here, block in people.blocks(rows if few_others else others):
        if few_others:
            _narrow(found[here], block, held, rows[here], others)
        else:
            for at in range(0, len(rows), _STEP):
                part = slice(at, at + _STEP)
                _narrow(found[part], held[part], block, rows[part], others[here])
    return found


def _narrow(
    found: NDArray[np.float32],
    points: Features,
    others: Features,
    rows: NDArray[np.int64],
    other_rows: NDArray[np.int64],
) -> None:
    """Bring the k nearest up to date with those among the others, none of which is itself."""
    k = found.shape[1]
    far = np.maximum(1 - points @ others.T, 0)
    far[rows[:, None] == other_rows] = np.inf
    if far.shape[1] > k:
        far = np.partition(far, k - 1, axis=1)[:, :k]
    found[:] = np.sort(np.concatenate([found, far], axis=1), axis=1)[:, :k]


def _why(far: NDArray[np.float32], kth: int, typical: float | None) -> str:
    ends = f"the nearest image is at {far[0]:.2f}, the {_ordinal(kth)} at {far[-1]:.2f}"
    return ends if typical is None else f"{ends}, and that of half of all within {typical:.2f}"


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _opinions(
    people: Population, rows: NDArray[np.int64], labels: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """The shares that the neighbours of each labelled row give each class : (L, C)."""
    judges = people.sample(np.sort(rows), _JUDGES)
    number = dict(zip(rows.tolist(), labels.tolist(), strict=True))
    said = np.array([number[row] for row in judges.tolist()], np.int64)
    k = max(1, min(_VOTERS, len(judges) // (2 * classes)))  # half of what a class has
    points = people.points(judges)
    shares = np.empty((len(rows), classes))
    for here, block in people.blocks(rows):
        for at in range(0, len(block), _STEP):
            own = rows[here][at : at + _STEP]
            alike = block[at : at + _STEP] @ points.T
            alike[own[:, None] == judges] = -np.inf
            shares[here][at : at + _STEP] = votes(alike, said, classes, k)
    return shares
