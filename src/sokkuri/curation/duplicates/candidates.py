"""Choose the pairs of images that are worth comparing: similar in features or fingerprints.

Takes a FeatureTable and returns pairs of rows. Two steps: neighbours.py finds the nearest rows of
each image, and a logistic model drops the pairs that are hardly ever copies.

Features are compared by their signed square roots, so that no single large component decides, and
projected on the 256 directions in which they differ most.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features
from sokkuri.curation.duplicates.matching.fingerprint import (
    canonical_orientation,
    normalise_fingerprints,
)
from sokkuri.curation.duplicates.matching.scoring import Logistic
from sokkuri.curation.duplicates.neighbours import (
    BLOCK,
    BRUTE_FORCE_ROWS,
    Matrix,
    NeighbourFinder,
    Numbers,
    RemoteFinder,
    RemoteRows,
    choose_finder,
)
from sokkuri.search.vectors import finite_rows, principal_basis
from sokkuri.search.vectors.quantize import PROJECTED_DIMENSION

FEATURE_NEIGHBOURS, FINGERPRINT_NEIGHBOURS = 24, 2
"""Neighbours of an image that are candidates, by features and by each kind of fingerprint."""

TINY_COLLECTION = 1_000
"""Up to this many images, all neighbours are compared, and small parts are looked for."""

SMALL_COLLECTION = 5_000
"""Up to this many images, twice as many pairs are compared. That finds one copy in 300 more, most
of them small crops."""

LENIENT_MARGIN = 2.0
"""By how much the logit of a pair may be below 0 in a small collection."""

_NEAREST = 3  # neighbours that are always compared in a small collection

BATCH = 512
"""Images whose candidates are found at once."""

_FAR_NEIGHBOUR = 16  # rank of a neighbour that is as similar as any image
_CLUSTER_ROWS = 256
_MIN_CORRELATION = 0.9  # of fingerprints; above, a pair is always compared, which is quick
_MIN_CORRELATION_SMALL = 0.75  # the same in a small collection: finds pictures under a text


def project(blocks: Iterable[tuple[Features, int]], projection: Matrix, size: int) -> Matrix:
    """Return the projected vectors for the candidate search : (size, H) float32.

    blocks : (M, D) feature vectors, each with the row that its first vector goes to. projection :
    (H, D), see `fit_projection`.
    """
    projected = np.empty((size, len(projection)), np.float32)
    for block, first in blocks:
        projected[first : first + len(block)] = signed_sqrt_normalise(block) @ projection.T
    return projected


def signed_sqrt_normalise(features: Features) -> Features:
    """Return signed square roots of length 1 : (M, D) -> (M, D). Zero rows stay zero."""
    roots = np.sign(features) * np.sqrt(np.abs(features))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    unit: Features = np.divide(roots, lengths, out=np.zeros_like(roots), where=lengths > 0)
    return unit


def fit_projection(sample: Features) -> Matrix:
    """Return the directions in which these feature vectors differ most : (M, D) -> (H, D).

    Rows that are not finite do not count.
    """
    roots = signed_sqrt_normalise(finite_rows(sample))
    if len(roots) <= PROJECTED_DIMENSION:  # the directions that few rows span are found faster
        return np.linalg.svd(roots, full_matrices=False)[2].astype(np.float32)
    if len(roots) < roots.shape[1]:
        return _directions_of_few(roots.astype(np.float64))
    return principal_basis(roots).astype(np.float32)


def _directions_of_few(roots: NDArray[np.float64]) -> Matrix:
    """Return the same as `principal_basis` of unit rows, which are fewer than their dimension.

    The eigenvectors of their dot products are found in a fraction of the time.
    """
    values, vectors = np.linalg.eigh(roots @ roots.T)
    largest = vectors[:, ::-1][:, :PROJECTED_DIMENSION].T @ roots
    lengths = np.linalg.norm(largest, axis=1, keepdims=True)
    found: Matrix = (largest / np.maximum(lengths, 1e-9)).astype(np.float32)
    return found[values[::-1][:PROJECTED_DIMENSION] > 1e-9]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """The features of N images. projected : (N, H) float32. fingerprints : (N, 256) uint8."""

    projected: Matrix
    fingerprints: NDArray[np.uint8]

    def select(self, rows: Numbers) -> "FeatureTable":
        """Return the table of these rows."""
        return FeatureTable(self.projected[rows], self.fingerprints[rows])


class CandidateFinder:
    """Finds the pairs of some images and a table's images that are worth comparing.

    thresholds : (N,), see `reverse_threshold`; without it no reverse pairs are found. remote : an
    engine that holds the table's images, which finds the nearest by features.
    """

    def __init__(
        self,
        table: FeatureTable,
        thresholds: Matrix | None = None,
        remote: RemoteRows | None = None,
    ) -> None:
        self._projected = table.projected
        count = len(table.projected)
        self._min_logit = -LENIENT_MARGIN if count <= SMALL_COLLECTION else 0.0
        self._min_correlation = (
            _MIN_CORRELATION_SMALL if count <= SMALL_COLLECTION else _MIN_CORRELATION
        )
        self._always = 0 if count > SMALL_COLLECTION else _NEAREST
        if count <= TINY_COLLECTION:
            self._always = count
        self._by_features: NeighbourFinder
        if remote is None:
            self._by_features, note = choose_finder(table.projected, thresholds)
        else:
            self._by_features, note = RemoteFinder(table.projected, remote, thresholds), ""
        self._fingerprints = [
            _normalise_blocks(table.fingerprints, normalise) for normalise in _NORMALISERS
        ]
        self._by_fingerprints = [choose_finder(rows)[0] for rows in self._fingerprints]
        self.notes = [note] if note else []

    def find(self, queries: FeatureTable, own: Numbers) -> tuple[Numbers, Matrix]:
        """Return the pairs to compare, (query, row of the table) : (M, 2), and each query's
        reverse threshold from now on : (Q,).

        own : (Q,), the row of each query in the table; -1 if the query is not in the table.
        """
        near = self._by_features.find(queries.projected, own, FEATURE_NEIGHBOURS)
        fingerprints = [normalise(queries.fingerprints) for normalise in _NORMALISERS]
        rows = np.concatenate(
            [near.rows]
            + [
                finder.find(prints, own, FINGERPRINT_NEIGHBOURS).rows
                for finder, prints in zip(self._by_fingerprints, fingerprints, strict=True)
            ],
            axis=1,
        )
        pairs = _unique_pairs(rows)
        query, row = pairs.T
        similarities = np.einsum("ij,ij->i", queries.projected[query], self._projected[row])
        correlations = np.max([
            np.einsum("ij,ij->i", prints[query], np.asarray(table[row], np.float32))
            for prints, table in zip(fingerprints, self._fingerprints, strict=True)
        ], axis=0)  # fmt: skip
        features = pair_features(similarities, correlations, near.similarities[query])
        promising = PAIR_MODEL.logits(features) > self._min_logit
        promising |= correlations > self._min_correlation
        # Pages of text resemble each other so much that the model takes no page for a copy.
        nearer = near.similarities[query] > similarities[:, None]
        promising |= np.count_nonzero(nearer, axis=1) < self._always
        pairs = np.unique(np.concatenate([pairs[promising], near.reverse]), axis=0)
        return pairs, reverse_threshold(near.similarities, self._min_logit)


def _unique_pairs(rows: Numbers) -> Numbers:
    """Return each pair (query, row) once : (Q, K), -1 for no row -> (M, 2)."""
    queries = np.repeat(np.arange(len(rows)), rows.shape[1])
    pairs = np.unique(np.column_stack([queries, rows.reshape(-1)]), axis=0)
    return pairs[pairs[:, 1] >= 0]


def _normalise_blocks(
    fingerprints: NDArray[np.uint8], normalise: Callable[[NDArray[np.uint8]], Matrix]
) -> Any:
    """Return `normalise` of many fingerprints : (N, 256), float16 above BRUTE_FORCE_ROWS."""
    dtype = np.float32 if len(fingerprints) <= BRUTE_FORCE_ROWS else np.float16
    normalised = np.empty(fingerprints.shape, dtype)
    for start in range(0, len(fingerprints), BLOCK):
        normalised[start : start + BLOCK] = normalise(fingerprints[start : start + BLOCK])
    return normalised


def _normalise_oriented(fingerprints: NDArray[np.uint8]) -> Matrix:
    return normalise_fingerprints(canonical_orientation(fingerprints))


_NORMALISERS = normalise_fingerprints, _normalise_oriented
"""Fingerprints as they are, and in the orientation that all eight turns and mirrorings share."""


def pair_features(
    similarities: Matrix, correlations: Matrix, neighbours: Matrix
) -> NDArray[np.float64]:
    """Return the features that PAIR_MODEL weighs : (M, 6).

    similarities : (M,), by features. correlations : (M,), of fingerprints. neighbours : (M, K), the
    similarities of the query's neighbours, falling.
    """
    rank = (neighbours > similarities[:, None]).sum(1)
    first = np.where(np.isfinite(neighbours[:, 0]), neighbours[:, 0], similarities)
    return np.column_stack([
        similarities, np.log1p(rank), correlations, similarities - _far_similarity(neighbours),
        first - similarities, np.maximum(correlations - 0.8, 0),
    ]).astype(np.float64)  # fmt: skip


def _far_similarity(neighbours: Matrix) -> Matrix:
    """Return the similarity of a neighbour that is as similar as any image : (M, K) -> (M,).

    It is 0 where there are fewer neighbours.
    """
    far = neighbours[:, min(_FAR_NEIGHBOUR, neighbours.shape[1]) - 1]
    return np.where(np.isfinite(far), far, np.float32(0))


def reverse_threshold(neighbours: Matrix, min_logit: float) -> Matrix:
    """Return the similarity above which an already compared image accepts a newer image as its
    candidate, whatever their fingerprints : (Q, K), as in `pair_features` -> (Q,).

    It is -inf without neighbours. Images that are not compared yet get inf from the caller, which
    nothing exceeds. PAIR_MODEL with rank and correlation 0 is linear in the similarity and grows
    with it, so the threshold is where its logit is `min_logit`.
    """
    similarity, _, _, over_far, under_first, _ = PAIR_MODEL.weights
    bound = (
        min_logit
        - PAIR_MODEL.bias
        + over_far * _far_similarity(neighbours)
        - under_first * neighbours[:, 0]
    )
    threshold: Matrix = (bound / (similarity + over_far - under_first)).astype(np.float32)
    return threshold


PAIR_MODEL = Logistic((-2.554, -0.8272, -0.3149, 30.13, -56.93, 27.36), 4.475)
"""Fitted by `benchmarks/fit_matching.py`, like the models in matching/scoring.py. A logit of 0
misses one copy in 500."""


def cluster_order(projected: Matrix, rows: Numbers) -> Numbers:
    """Return the rows in an order in which similar images follow each other, so that an image is
    decoded once for many comparisons."""
    count = max(1, len(rows) // _CLUSTER_ROWS)
    centres = projected[np.random.default_rng(0).choice(rows, count, replace=False)]
    nearest = np.concatenate(
        [
            (projected[rows[start : start + BLOCK]] @ centres.T).argmax(1)
            for start in range(0, len(rows), BLOCK)
        ]
    )
    ordered: Numbers = rows[np.argsort(nearest, kind="stable")]
    return ordered
