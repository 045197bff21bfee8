"""Find outliers, which have no near neighbour, and labels that disagree with their neighbours.

Takes a collection; returns images with their scores. The score of an outlier is the distance to
its tenth nearest neighbour, and thus small groups of similar outliers are found too. (Ratios of
distances, as in LOF, were tried on photos of garments mixed with other photos, and were no better
than chance: the neighbours of an outlier are outliers themselves.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import UsageError
from sokkuri.core.types import Features, OnProgress, Progress
from sokkuri.curation.labeling.knn_vote import encode_labels, knn_votes
from sokkuri.curation.labeling.live_vectors import LiveVectors
from sokkuri.store.collection import CollectionStore
from sokkuri.store.snapshot import at_one_moment

MAX_OUTLIERS = 1000
"""The most outliers that one call returns."""

_KTH = 10  # the neighbour whose distance is the score
_VOTERS = 15
_ALL_PAIRS = 20_000  # up to this many rows, every row is compared with every other
_SCREEN_SAMPLE, _SCREEN_KTH = 4000, 3
_SCREEN_FACTOR, _MIN_SCREENED = 40, 2000
"""Above 20,000 rows, every row is first compared with 4,000 sampled rows only. The rows with the
largest distance to their third nearest sampled row, 40 times as many as the caller wants, are then
compared with all rows. Of 100,000 rows, this way found 98 of the top 100 outliers, and all of the
top 20."""
_MAX_VOTERS = 50_000  # labelled images that vote
_STEP = 1024


@dataclass(frozen=True, slots=True)
class Outlier:
    """An image unlike all others. score : the cosine distance to its tenth neighbour, 0 to 1."""

    id: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class LabelIssue:
    """A label that is likely wrong.

    neighbours : the label that gets the largest share of the neighbours' votes. confidence : the
    share of their votes for other labels than `label`, 0 to 1.
    """

    id: str
    label: str
    neighbours: str
    confidence: float


def find_outliers(
    collection: CollectionStore,
    n: int = 100,
    under: str | None = None,
    where: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> list[Outlier]:
    """Return the n images with the largest distance to their tenth neighbour, largest first.

    Only images that pass the filters count, as outliers and as neighbours. Above 20,000 images, a
    comparison with 4,000 sampled images first chooses the images to measure. on_progress : called
    while images are compared. Raises UsageError.
    """
    if not 1 <= n <= MAX_OUTLIERS:
        raise UsageError(f"the number of outliers must be from 1 to {MAX_OUTLIERS:,}, not {n:,}")
    return at_one_moment(
        collection, partial(_find_outliers, collection, n, under, where, on_progress)
    )


def _find_outliers(
    collection: CollectionStore,
    n: int,
    under: str | None,
    where: str | None,
    on_progress: OnProgress,
) -> list[Outlier]:
    on_progress(Progress("reading", 0, 0))
    vectors = LiveVectors(collection, under, where)
    rows = _screen(vectors, n, on_progress)
    if len(vectors.live) < 2:
        return []
    kth = min(_KTH, len(vectors.live) - 1)
    distances = _nearest_distances(vectors, rows, vectors.live, kth, on_progress)
    order = np.lexsort((rows, -distances[:, -1]))[:n]
    all_measured = len(rows) == len(vectors.live)
    median = float(np.median(distances[:, -1])) if all_measured else None
    ids = vectors.ids_at(rows[order])
    return [
        Outlier(id_, min(float(nearest[-1]), 1.0), _outlier_text(nearest, kth, median))
        for id_, nearest in zip(ids, distances[order], strict=True)
    ]


def likely_mislabelled(
    collection: CollectionStore, labels: Mapping[str, str] | None = None, n: int = 100
) -> list[LabelIssue]:
    """Return up to n labels that get less than half of their neighbours' votes, surest first.

    labels : by image id; None means the labels of the catalog. Above 50,000 labelled images, a
    sample of them votes.
    """
    return at_one_moment(collection, partial(_likely_mislabelled, collection, labels, n))


def _likely_mislabelled(
    collection: CollectionStore, labels: Mapping[str, str] | None, n: int
) -> list[LabelIssue]:
    vectors = LiveVectors(collection)
    rows, names = vectors.rows_with_labels(labels)
    classes, numbers = encode_labels(names)
    if len(classes) < 2:
        return []
    shares = _neighbour_shares(vectors, rows, numbers, len(classes))
    against = 1 - shares[np.arange(len(rows)), numbers]
    winners = shares.argmax(axis=1)
    winning_shares = shares.max(axis=1)
    wrong = np.flatnonzero((winners != numbers) & (against > 0.5))
    wrong = wrong[np.lexsort((-winning_shares[wrong], -against[wrong]))][:n]
    ids = vectors.ids_at(rows[wrong])
    return [
        LabelIssue(id_, names[index], classes[winners[index]], float(against[index]))
        for id_, index in zip(ids, wrong.tolist(), strict=True)
    ]


def _screen(vectors: LiveVectors, n: int, on_progress: OnProgress) -> NDArray[np.int64]:
    """Return the rows that may be outliers : (M,), ascending. All rows, up to 20,000."""
    live, size = vectors.live, min(max(_SCREEN_FACTOR * n, _MIN_SCREENED), _ALL_PAIRS)
    if len(live) <= _ALL_PAIRS:
        return live
    sample = vectors.sample(live, _SCREEN_SAMPLE)
    distances = _nearest_distances(vectors, live, sample, _SCREEN_KTH, on_progress)[:, -1]
    return np.sort(live[np.argpartition(-distances, size)[:size]])


def _nearest_distances(
    vectors: LiveVectors,
    rows: NDArray[np.int64],
    others: NDArray[np.int64],
    k: int,
    on_progress: OnProgress,
) -> NDArray[np.float32]:
    """Return the distances from each row to its k nearest among the others : (M, k), ascending.

    The shorter of the two lists is held in memory; the longer one is read in blocks.
    """
    distances = np.full((len(rows), k), np.inf, np.float32)
    if len(others) <= len(rows):
        other_vectors = vectors.unit_vectors(others)
        for block, row_vectors in vectors.unit_vector_blocks(rows):
            _update_nearest(distances[block], row_vectors, other_vectors, rows[block], others)
            on_progress(Progress("comparing", min(block.stop, len(rows)), len(rows)))
        return distances
    row_vectors = vectors.unit_vectors(rows)
    for block, other_vectors in vectors.unit_vector_blocks(others):
        for start in range(0, len(rows), _STEP):
            part = slice(start, start + _STEP)
            _update_nearest(
                distances[part], row_vectors[part], other_vectors, rows[part], others[block]
            )
        on_progress(Progress("comparing", min(block.stop, len(others)), len(others)))
    return distances


def _update_nearest(
    nearest: NDArray[np.float32],
    row_vectors: Features,
    other_vectors: Features,
    rows: NDArray[np.int64],
    others: NDArray[np.int64],
) -> None:
    """Merge the distances to the others into `nearest` (M, k), in place. A row skips itself.
    others : ascending."""
    k, count = nearest.shape[1], len(others)
    similarities = row_vectors @ other_vectors.T
    own = np.minimum(np.searchsorted(others, rows), count - 1)
    is_other = np.flatnonzero(others[own] == rows)
    similarities[is_other, own[is_other]] = -np.inf
    if count > k:
        similarities = np.partition(similarities, count - k, axis=1)[:, count - k :]
    distances = np.maximum(1 - similarities, 0)
    nearest[:] = np.sort(np.concatenate([nearest, distances], axis=1), axis=1)[:, :k]


def _outlier_text(distances: NDArray[np.float32], kth: int, median: float | None) -> str:
    text = f"the nearest image is at {distances[0]:.2f}, the {_ordinal(kth)} at {distances[-1]:.2f}"
    return text if median is None else f"{text}; the median of all images is {median:.2f}"


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _neighbour_shares(
    vectors: LiveVectors, rows: NDArray[np.int64], labels: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Return the share of its neighbours' votes that each class gets, for each row : (L, C)."""
    voters = vectors.sample(np.sort(rows), _MAX_VOTERS)
    label_of_row = dict(zip(rows.tolist(), labels.tolist(), strict=True))
    voter_labels = np.array([label_of_row[row] for row in voters.tolist()], np.int64)
    k = max(1, min(_VOTERS, len(voters) // (2 * classes)))  # at most half of an average class
    voter_vectors = vectors.unit_vectors(voters)
    shares = np.empty((len(rows), classes))
    for block, row_vectors in vectors.unit_vector_blocks(rows):
        for start in range(0, len(row_vectors), _STEP):
            part = slice(start, start + _STEP)
            similarities = row_vectors[part] @ voter_vectors.T
            similarities[rows[block][part, None] == voters] = -np.inf
            shares[block][part] = knn_votes(similarities, voter_labels, classes, k)
    return shares
