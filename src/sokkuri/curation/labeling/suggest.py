"""What to label next: the images that teach most, given those that have labels already.

`density` takes, again and again, the image that represents most of what nothing labelled represents
yet (greedy facility location; Nemhauser, Wolsey and Fisher, "An analysis of approximations for
maximizing submodular set functions", 1978). An image represents another as exp(-s d) of the
distance d between them. The sharpness s grows with the root of the number of labels, up to 8: the
first ones should stand for kinds of pictures, later ones for what differs within a kind. Where
labelled neighbours agree on an image's class, it counts for less.

`k-center` takes the image that is farthest from all labelled and suggested ones (Gonzalez,
"Clustering to minimize the maximum intercluster distance", 1985): oddities come first.

Neither takes near-duplicates. docs/labels.md has the measurement that chose the default.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import UsageError
from sokkuri.core.types import Features
from sokkuri.curation.labeling.knn_vote import numbered, votes
from sokkuri.curation.labeling.live_vectors import Population
from sokkuri.store.collection import CollectionStore

Method = Literal["density", "k-center"]

MOST = 5000
"""Suggestions at once."""

NEAR = 0.15
"""Cosine distance below which two images teach the same: 99 of 100 copies that were halved, lost a
tenth of their area or were flipped are nearer to their original, and 5 of 100 different photos of
garments to another one, of which nothing is lost."""

NEIGHBOURS = 5
"""Labelled neighbours that an image's class is told from."""

_REPRESENTED = 8000  # rows that stand for all, compared each with each: 256 MB
_FARTHEST = 100_000  # rows that k-center chooses from: 512 MB
_COMPARED = 1_000_000_000  # pairs of a row and a label: some 20 s
_SHARPEST = 8.0
_SETTLED = 0.6  # of its weight, that an image loses on whose class its neighbours agree
_JUDGES = 20_000  # labels that are asked for that
_STEP = 256  # rows of the square at a time
_TOGETHER = 4096  # rows compared with labels at a time
_FEWEST, _POINTS = 10, 24  # labels and points of the accuracy curve
_ASKED = 500  # images of the collection that weigh it
_JUDGED = 250_000  # labels at all points together


@dataclass(frozen=True, slots=True)
class SuggestOptions:
    """How many, and of what.

    under, where : as in a search. labels : by id; the catalog's by default. without : ids that are
    not to be suggested. same : pairs that are known to be near-duplicates, as a star
    or a chain of them is.
    """

    n: int = 100
    method: Method = "density"
    under: str | None = None
    where: str | None = None
    labels: Mapping[str, str] | None = None
    without: Sequence[str] = ()
    same: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An image to label. rank : from 1. score : from 0 to 1, for `density` how much of the
    collection it represents that nothing did, for `k-center` its distance."""

    rank: int
    id: str
    score: float
    why: str


def suggest(collection: CollectionStore, options: SuggestOptions | None = None) -> list[Suggestion]:
    """What to label next, the best first; fewer than asked for when nothing is left to teach.

    Raises UsageError for a number out of range, and for filters that make no sense.
    """
    asked = options or SuggestOptions()
    if not 1 <= asked.n <= MOST:
        raise UsageError(f"suggestions come 1 to {MOST:,} at a time")
    with collection.catalog.reading():
        people = Population(collection, asked.under, asked.where)
        labelled, names = people.labelled(asked.labels)
        skipped = np.array([*people.rows_of(asked.without).values()], np.int64)
        rows = np.setdiff1d(people.live, np.concatenate([labelled, skipped]))
        rows = people.sample(rows, _most(asked, len(labelled)))
        if len(rows) == 0:
            return []
        task = _Task(people, rows, (labelled, names), skipped, asked)
        choose = _by_density if asked.method == "density" else _by_distance
        chosen = list(choose(task, asked.n))
        if asked.method == "density":
            return _told_by_density(task, chosen, people)
        return _told_by_distance(task, chosen, people)


def accuracy_curve(collection: CollectionStore) -> list[tuple[int, float]]:
    """(labels, accuracy): an estimate of how well labelled neighbours tell what images are, after
    so many labels. Empty for fewer than ten, or one class.

    Each labelled image is told from the others, and counts as much as images of the collection are
    nearest to it: plain leave-one-out is far too low where labelled images were chosen to differ.
    """
    with collection.catalog.reading():
        people = Population(collection)
        rows, names = people.labelled(None)
        classes, labels = numbered(names)
        if len(rows) < _FEWEST or len(classes) < 2:
            return []
        points = people.points(rows)
        asked = people.points(people.sample(people.live, _ASKED)) @ points.T
    count = max(2, min(_POINTS, _JUDGED // len(rows)))
    ends = np.unique(np.geomspace(_FEWEST, len(rows), count).round().astype(np.int64)).tolist()
    return [(end, _told(points[:end], labels[:end], len(classes), asked[:, :end])) for end in ends]


def _told(
    points: Features, labels: NDArray[np.int64], classes: int, asked: NDArray[np.float32]
) -> float:
    """asked : (A, L) cosines of images of the collection with the labelled ones."""
    judged, weights = np.unique(asked.argmax(axis=1), return_counts=True)
    alike = points[judged] @ points.T
    alike[np.arange(len(judged)), judged] = -np.inf
    right = votes(alike, labels, classes, NEIGHBOURS).argmax(axis=1) == labels[judged]
    return float(np.average(right, weights=weights))


def _most(asked: SuggestOptions, labels: int) -> int:
    """How many rows to choose from."""
    if asked.method == "density":
        return min(max(_REPRESENTED, 3 * asked.n), max(_COMPARED // (labels + 1), asked.n))
    return min(_FARTHEST, max(_COMPARED // (labels + asked.n), asked.n))


class _Task:
    """What is chosen from.

    rows : (M,) int64. points : (M, D) of length 1. apart : (M,) the distance to the nearest
    labelled image, inf without any, and nearest : (M,) its row, -1. barred : (M,) what is not to be
    suggested.
    """

    def __init__(
        self,
        people: Population,
        rows: NDArray[np.int64],
        labels: tuple[NDArray[np.int64], list[str]],
        skipped: NDArray[np.int64],
        asked: SuggestOptions,
    ) -> None:
        labelled, names = labels
        self.rows = rows
        self.labelled, self._names = labelled, names
        self._people = people
        self.share = len(np.setdiff1d(people.live, labelled)) / len(rows)
        self.points = people.points(rows)
        self.apart = np.full(len(rows), np.inf, np.float32)
        self.nearest = np.full(len(rows), -1, np.int64)
        for here, block in people.blocks(labelled):
            self._bring_near(block, labelled[here])
        self.barred = self.apart < NEAR
        for _, block in people.blocks(skipped):
            self.barred |= self._nearest(block)[0] < NEAR
        self._bar_known(people, asked)

    def weights(self) -> NDArray[np.float32]:
        """How much each counts : (M,), together 1 at most; less where the class is settled."""
        judges = slice(-_JUDGES, None)
        classes, labels = numbered(self._names[judges])
        points = self._people.points(self.labelled[judges])
        found = np.ones(len(self.rows), np.float32)
        for at in range(0, len(found), _STEP) if len(classes) > 1 else ():
            part = slice(at, at + _STEP)
            shares = votes(self.points[part] @ points.T, labels, len(classes), NEIGHBOURS)
            shares.sort(axis=1)
            found[part] -= _SETTLED * (shares[:, -1] - shares[:, -2])
        return found / np.float32(len(found))

    def choose(self, at: int) -> None:
        """This one is to be labelled, and so none that is the same."""
        near = 1 - self.points @ self.points[at]
        self.barred |= near < NEAR
        self.barred[at] = True
        self.barred[self._same.get(at, [])] = True

    def bring_near(self, at: int) -> None:
        """Distances count from this one as well."""
        self._bring_near(self.points[at][None], self.rows[at][None])

    def _bring_near(self, block: Features, rows: NDArray[np.int64]) -> None:
        apart, best = self._nearest(block)
        nearer = apart < self.apart
        self.apart[nearer] = apart[nearer]
        self.nearest[nearer] = rows[best[nearer]]

    def _nearest(self, block: Features) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """From each point, how far the nearest of the block is, and which it is."""
        best = np.empty(len(self.points), np.int64)
        apart = np.empty(len(self.points), np.float32)
        for at in range(0, len(best), _TOGETHER):
            here = slice(at, at + _TOGETHER)
            alike = self.points[here] @ block.T
            best[here] = alike.argmax(axis=1)
            apart[here] = 1 - np.take_along_axis(alike, best[here, None], axis=1)[:, 0]
        return np.maximum(apart, 0, out=apart), best

    def _bar_known(self, people: Population, asked: SuggestOptions) -> None:
        """What is known to be the same as something labelled; the rest is remembered, by place."""
        row = people.rows_of({id_ for pair in asked.same for id_ in pair})
        place = {number: at for at, number in enumerate(self.rows.tolist())}
        given = {*self.labelled.tolist()}
        self._same: dict[int, list[int]] = {}
        for ids in _together(asked.same):
            rows = [row[id_] for id_ in ids if id_ in row]
            here = [place[number] for number in rows if number in place]
            self._same |= dict.fromkeys(here, here)
            if not given.isdisjoint(rows):
                self.barred[here] = True


def _together(pairs: Sequence[tuple[str, str]]) -> Iterable[list[str]]:
    """What pairs link, directly or by others."""
    sets: dict[str, list[str]] = {}
    for a, b in pairs:
        large, small = sorted((sets.get(a, [a]), sets.get(b, [b])), key=len, reverse=True)
        if large is not small:
            large += small
            sets |= dict.fromkeys(small, large)
            sets[large[0]] = large
    return {id(one): one for one in sets.values()}.values()


def _by_density(task: _Task, n: int) -> Iterator[tuple[int, float]]:
    """(place, gain) one after another, from the square of all distances."""
    mean = float(1 - np.square(task.points.mean(axis=0, dtype=np.float64)).sum())
    unit = np.float32(mean if mean > 1e-6 else 1.0)  # of distance: what two images have on average
    square = (1 - task.points @ task.points.T) / unit
    apart, weights = task.apart / unit, task.weights()
    sharp, gains = np.float32(0), np.empty(0, np.float32)
    for number in range(n):
        wanted = _sharpness(len(task.labelled) + number + 1)
        held = np.exp(-wanted * apart)
        if wanted != sharp:
            sharp, gains = wanted, _all_gains(square, held, weights, wanted)
        gains[task.barred] = -np.inf
        at = _best(square, held, weights, sharp, gains)
        if gains[at] < 0:
            return
        task.choose(at)
        apart = np.minimum(apart, square[at])
        yield at, float(gains[at])


def _sharpness(labels: int) -> np.float32:
    """In steps, at powers of two, between which gains only shrink."""
    return np.float32(min(2.0 ** ((labels.bit_length() - 1) / 2), _SHARPEST))


def _all_gains(
    square: NDArray[np.float32],
    held: NDArray[np.float32],
    weights: NDArray[np.float32],
    sharp: np.float32,
) -> NDArray[np.float32]:
    """What each would add to how well all are represented : (M,), the mean over all."""
    gains = np.empty(len(square), np.float32)
    for at in range(0, len(square), _STEP):
        part = np.exp(-sharp * square[at : at + _STEP])
        part -= held
        gains[at : at + _STEP] = np.maximum(part, 0, out=part) @ weights
    return gains


def _best(
    square: NDArray[np.float32],
    held: NDArray[np.float32],
    weights: NDArray[np.float32],
    sharp: np.float32,
    gains: NDArray[np.float32],
) -> int:
    """The one that adds most. gains : what each added when last it was asked, which is no less
    than now; brought up to date for those that are asked. Below 0 it is when there is none."""
    while True:
        at = int(gains.argmax())
        now = np.maximum(np.exp(-sharp * square[at]) - held, 0) @ weights
        if gains[at] < 0 or now >= gains[at] * np.float32(1 - 1e-5):  # but for rounding, as it was
            return at
        gains[at] = now


def _by_distance(task: _Task, n: int) -> Iterator[tuple[int, float]]:
    """(place, distance) one after another; the first of all is the one most like all others."""
    for _ in range(n):
        if task.barred.all():
            return
        if np.isinf(task.apart[0]):
            score = task.points @ task.points.mean(axis=0, dtype=np.float32)
        else:
            score = task.apart
        at = int(np.where(task.barred, np.float32(-np.inf), score).argmax())
        apart = float(task.apart[at])
        task.choose(at)
        before = task.nearest[at]
        task.bring_near(at)
        task.nearest[at] = before  # not itself: what it was measured from
        yield at, apart


def _told_by_density(
    task: _Task, chosen: list[tuple[int, float]], people: Population
) -> list[Suggestion]:
    """With how many images of the collection each is the nearest to."""
    places = np.array([at for at, _ in chosen], np.int64)
    for at in places.tolist():
        task.bring_near(at)
    counts = {at: int(np.count_nonzero(task.nearest == task.rows[at])) for at in places.tolist()}
    return [
        Suggestion(rank, id_, gain, _stands_for(round(counts[at] * task.share)))
        for rank, ((at, gain), id_) in enumerate(
            zip(chosen, people.ids(task.rows[places]), strict=True), 1
        )
    ]


def _stands_for(images: int) -> str:
    if images < 2:
        return "stands for itself: what else there is, is nearer to others"
    return f"stands for about {images:,} images: no labelled or suggested one is nearer to them"


def _told_by_distance(
    task: _Task, chosen: list[tuple[int, float]], people: Population
) -> list[Suggestion]:
    """With what is nearest to each among those before it."""
    places = np.array([at for at, _ in chosen], np.int64)
    nearest = task.nearest[places]
    names = iter(people.ids(nearest[nearest >= 0]))
    return [
        Suggestion(rank, id_, min(apart, 1.0), f"{next(names)} is the nearest, at {apart:.2f}")
        if other >= 0
        else Suggestion(rank, id_, 1.0, "nothing has a label, and most are like it")
        for rank, ((_, apart), other, id_) in enumerate(
            zip(chosen, nearest.tolist(), people.ids(task.rows[places]), strict=True), 1
        )
    ]
