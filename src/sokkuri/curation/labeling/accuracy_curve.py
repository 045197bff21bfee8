"""Estimate how well the labels so far predict the others, by the number of labels.

Takes a collection; returns a curve for the page Label.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features
from sokkuri.curation.labeling.knn_vote import NEIGHBOURS, encode_labels, knn_votes
from sokkuri.curation.labeling.live_vectors import LiveVectors
from sokkuri.store.collection import CollectionStore
from sokkuri.store.snapshot import at_one_moment

_MIN_LABELS, _MAX_POINTS = 10, 24  # labels and points of the curve
_SAMPLE = 500  # images of the collection that weight the curve
_CURVE_LABELS = 250_000  # labels at all points of the curve together


def accuracy_curve(collection: CollectionStore) -> list[tuple[int, float]]:
    """Return (number of labels, estimated accuracy) points of a k-NN vote with the first labels.

    The list is empty for fewer than ten labels, or one class. Each labelled image gets the vote of
    the other ones, and its weight is the number of sampled images of the collection to which it is
    nearest. (Leave-one-out without weights is far too low where people chose different images.)
    """
    return at_one_moment(collection, partial(_accuracy_curve, collection))


def _accuracy_curve(collection: CollectionStore) -> list[tuple[int, float]]:
    vectors = LiveVectors(collection)
    rows, names = vectors.rows_with_labels(None)
    classes, labels = encode_labels(names)
    if len(rows) < _MIN_LABELS or len(classes) < 2:
        return []
    labelled = vectors.unit_vectors(rows)
    sample = vectors.unit_vectors(vectors.sample(vectors.live, _SAMPLE))
    similarities = sample @ labelled.T
    points = max(2, min(_MAX_POINTS, _CURVE_LABELS // len(rows)))
    counts = np.unique(np.geomspace(_MIN_LABELS, len(rows), points).round().astype(np.int64))
    return [
        (n, _estimate_accuracy(labelled[:n], labels[:n], len(classes), similarities[:, :n]))
        for n in counts.tolist()
    ]


def _estimate_accuracy(
    labelled: Features,
    labels: NDArray[np.int64],
    classes: int,
    similarities: NDArray[np.float32],
) -> float:
    """Return the weighted accuracy. labelled : (L, D). labels : (L,). similarities : (A, L) of a
    sample of the collection with the labelled images."""
    tested, weights = np.unique(similarities.argmax(axis=1), return_counts=True)
    to_others = labelled[tested] @ labelled.T
    to_others[np.arange(len(tested)), tested] = -np.inf  # no image votes for itself
    votes = knn_votes(to_others, labels, classes, NEIGHBOURS).argmax(axis=1)
    return float(np.average(votes == labels[tested], weights=weights))
