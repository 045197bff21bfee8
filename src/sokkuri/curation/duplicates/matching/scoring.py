"""Turn measurements of two images into the probability that one is a copy of the other.

Takes Agreements and a SimilarityTransform and returns logits, by three logistic models: for images
as they are, for images aligned by keypoints, and for both together. `benchmarks/fit_matching.py`
fitted their weights on edited copies of 150 photos among lookalikes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.block_agreement import Agreement
from sokkuri.curation.duplicates.matching.keypoints import MAX_KEYPOINTS, SimilarityTransform

_MAX_BLOCKS = 48  # more blocks add no evidence
_MAX_INLIERS = 40  # more inliers add no evidence
_MAX_LOGIT = 12.0  # larger logits add no evidence

PairFeatures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model: logit = weights . features + bias."""

    weights: tuple[float, ...]
    bias: float

    def logit(self, features: PairFeatures) -> float:
        """Return the logit of one pair : (M,)."""
        return float(np.dot(self.weights, features)) + self.bias

    def logits(self, features: PairFeatures) -> PairFeatures:
        """Return the logits of many pairs : (N, M) -> (N,)."""
        logits: PairFeatures = features @ np.array(self.weights) + self.bias
        return logits


def unaligned_features(agreement: Agreement) -> PairFeatures:
    """Return the features of two images as they are : (9,)."""
    whole, close, agreeing = agreement.whole, agreement.close, agreement.agreeing
    return np.array([
        whole, agreement.median, agreement.low, agreeing, close, agreement.colour,
        max(whole - 0.9, 0.0), max(close - 0.5, 0.0), agreeing * whole,
    ])  # fmt: skip


def aligned_features(
    agreement: Agreement, transform: SimilarityTransform, covered: float
) -> PairFeatures:
    """Return the features of two images aligned by keypoints : (13,).

    covered : share of the frame that both images cover.
    """
    inliers = transform.inliers
    log_inliers = np.log1p(inliers)
    return np.array([
        agreement.whole, agreement.median, agreement.low, agreement.agreeing, agreement.close,
        agreement.colour, log_inliers, min(inliers, _MAX_INLIERS) / _MAX_INLIERS,
        inliers / max(transform.matched, 4), agreement.agreeing * log_inliers,
        agreement.close * log_inliers, min(agreement.blocks, _MAX_BLOCKS) / _MAX_BLOCKS, covered,
    ])  # fmt: skip


def combined_features(
    unaligned: float, aligned: float | None, transform: SimilarityTransform | None, fewer: int
) -> PairFeatures:
    """Return the features of two images when both were tried : (14,).

    unaligned, aligned : logits; None if keypoints gave no alignment. fewer : the smaller number of
    keypoints of the two images.
    """
    first = float(np.clip(unaligned, -_MAX_LOGIT, _MAX_LOGIT))
    second = -_MAX_LOGIT if aligned is None else float(np.clip(aligned, -_MAX_LOGIT, _MAX_LOGIT))
    matched, inliers = (0, 0) if transform is None else (transform.matched, transform.inliers)
    share, log_inliers = inliers / max(matched, 4), np.log1p(inliers)
    log_outliers, richness = np.log1p(matched - inliers), fewer / MAX_KEYPOINTS
    return np.array([
        first, second, max(first, second), log_inliers, share, log_outliers,
        inliers / max(fewer, 10), richness, first * richness, first * log_inliers,
        share * log_inliers, second * share, log_outliers * share, max(first - 8.0, 0.0),
    ])  # fmt: skip


UNALIGNED_MODEL = Logistic(
    (-0.7941, 9.877, -1.839, 3.222, 7.166, 0.5741, 11.51, 5.872, 1.503), -14.25
)
ALIGNED_MODEL = Logistic(
    (
        -1.394,
        -0.9276,
        2.749,
        2.9,
        5.211,
        -0.219,
        1.107,
        -0.7489,
        9.156,
        0.4065,
        0.5255,
        -2.891,
        11.98,
    ),
    -22.28,
)
COMBINED_MODEL = Logistic(
    (
        -0.01102,
        0.2696,
        0.343,
        0.03207,
        0.5413,
        -1.234,
        1.622,
        2.439,
        0.07689,
        0.007307,
        -0.02738,
        0.3982,
        -0.2478,
        1.201,
    ),
    0.2069,
)


def probability(logit: float) -> float:
    """Return the probability of a logit, 0 to 1."""
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -500, 500))))
