"""Show one hit for each group of copies.

Takes the nearest rows of a query, and a KnownGroups that tells which images are copies of each
other; returns the rows to show, each with the ids of its copies. The nearest image of a group is
its hit, so distances stay ascending and the k hits are k groups.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import ImageRecord, RowRef
from sokkuri.search.search_snapshot import SearchBatch
from sokkuri.search.vectors.base import Neighbours

_MOST_AT_ONCE = 1000  # rows of a further search; an approximate index finds no more

SearchBatchAgain = Callable[[SearchBatch], tuple[Neighbours, float | None]]
"""Returns the neighbours for the same query, and the recall of such searches, None if exact."""


@dataclass(frozen=True, slots=True)
class GroupsOfCopies:
    """The groups of some images.

    others : by the id of an image, the ids and rows of the other images in its group; images
    without copies are missing. not_compared : ids of images that were not compared yet.
    """

    others: Mapping[str, Sequence[tuple[str, RowRef]]]
    not_compared: frozenset[str]


class KnownGroups(Protocol):
    """Tells which images are copies of each other."""

    def groups_of(self, images: Sequence[ImageRecord]) -> GroupsOfCopies:
        """Return the groups of these live images."""
        ...


@runtime_checkable
class GroupedCollection(Protocol):
    """A collection that knows groups of copies, such as the `Collection` of the Python API."""

    def known_copies(self) -> KnownGroups:
        """Return the groups of copies as they are known now."""
        ...


@dataclass(slots=True)
class CollapsedHits:
    """The rows to show.

    neighbours : one row for each group. copies : for each, the ids of the other images of its
    group that may be hits too. not_compared : for each, whether it was not compared yet. recall :
    None if exact.
    """

    neighbours: Neighbours
    copies: list[tuple[str, ...]]
    not_compared: list[bool]
    recall: float | None

    def up_to(self, max_distance: float) -> "CollapsedHits":
        """Return the hits that are not farther away."""
        return self.select(np.flatnonzero(self.neighbours[1] <= max_distance))

    def select(self, places: NDArray[np.int64]) -> "CollapsedHits":
        """Return the hits at these places, in their order."""
        rows, distances = self.neighbours
        return CollapsedHits(
            (rows[places], distances[places]),
            [self.copies[place] for place in places.tolist()],
            [self.not_compared[place] for place in places.tolist()],
            self.recall,
        )


@dataclass(slots=True)
class _Shown:
    """The hits so far. hidden : rows that cannot become hits: earlier hits and their copies."""

    rows: list[int] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    copies: list[tuple[str, ...]] = field(default_factory=list)
    not_compared: list[bool] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)

    def add(self, batch: SearchBatch, nearest: Neighbours, known: KnownGroups) -> None:
        """Add the rows that are no copies of shown ones."""
        rows, distances = nearest
        records = zip(rows.tolist(), distances.tolist(), batch.images(rows), strict=True)
        found = [(row, distance, image) for row, distance, image in records if image is not None]
        groups = known.groups_of([image for _, _, image in found])
        batch.look_up([ref for of in groups.others.values() for _, ref in of])
        for row, distance, image in found:
            if len(self.rows) == batch.k:
                return
            if row in self.hidden:
                continue
            others = [
                other for other in batch.hits_among(groups.others.get(image.id, ()))
                if other[1] not in self.hidden
            ]  # fmt: skip
            self.hidden |= {row, *(number for _, number in others)}
            self.rows.append(row)
            self.distances.append(distance)
            self.copies.append(tuple(id_ for id_, _ in others))
            self.not_compared.append(image.id in groups.not_compared)


def collapse_copies(
    batch: SearchBatch,
    first: Neighbours,
    recall: float | None,
    known: KnownGroups,
    search_again: SearchBatchAgain,
) -> CollapsedHits:
    """Return up to k hits, no two of them copies of each other.

    first : the k nearest rows, the query image first. search_again : finds the next ones, until
    there are k groups, or no more images.
    """
    shown = _Shown()
    asked, found = batch.k, len(first[0])
    shown.add(batch, first, known)
    while len(shown.rows) < batch.k and found == asked:
        asked = max(batch.k, min(2 * asked, _MOST_AT_ONCE))
        more, recall_of_more = search_again(batch.leaving_out(sorted(shown.hidden), asked))
        found = len(more[0])
        shown.add(batch, more, known)
        if recall_of_more is not None:
            recall = recall_of_more if recall is None else min(recall, recall_of_more)
    all_ = np.array(shown.rows, np.int64), np.array(shown.distances, np.float64)
    hits = CollapsedHits(all_, shown.copies, shown.not_compared, recall)
    return hits.select(_order(shown, batch.k))


def _order(shown: _Shown, k: int) -> NDArray[np.int64]:
    """Return the places of the k nearest, the first one first: it can be the query image.

    Only approximate searches find a nearer row later.
    """
    rest = 1 + np.argsort(shown.distances[1:], kind="stable")
    return np.concatenate([np.arange(min(1, len(shown.rows))), rest])[:k].astype(np.int64)
