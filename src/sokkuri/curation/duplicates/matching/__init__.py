"""Decide whether two images show the same picture, edited or not.

Takes two image views and returns a Match. Three alignments are tried: the images as they are,
mirrored, and aligned by keypoints (with the extra `duplicates`). scoring.py weighs the results.
Finding keypoints takes long, so glance.py can first tell which images surely differ.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from sokkuri.curation.duplicates.matching.block_agreement import (
    Agreement,
    measure_agreement,
    measure_mirrored,
)
from sokkuri.curation.duplicates.matching.details import details_agree
from sokkuri.curation.duplicates.matching.fingerprint import SQUARE_SIDE, ImageView
from sokkuri.curation.duplicates.matching.keypoints import (
    Keypoints,
    SimilarityTransform,
    align,
    estimate_similarity,
)
from sokkuri.curation.duplicates.matching.scoring import (
    ALIGNED_MODEL,
    COMBINED_MODEL,
    UNALIGNED_MODEL,
    aligned_features,
    combined_features,
    probability,
    unaligned_features,
)
from sokkuri.curation.types import Grade

COPY_SCORE = 0.7
"""Score from which two images count as copies."""

MIN_INLIERS = 3
"""Keypoints that must agree before one image is aligned to the other."""

_CERTAIN_LOGIT = 10.0  # of unaligned images; above, no other alignment is tried
_CLOSE_QUARTILE, _CLOSE_BLOCKS = 0.95, 16  # also certain: at least 16 blocks, most above 0.95
_WITHOUT_KEYPOINTS = 4.0  # by how much the logit must be higher where keypoints are not available
_HOPELESS_LOGIT = -6.0  # below, an alignment is not refined
_SAME_WHOLE, _SAME_LOW, _SAME_CLOSE, _SAME_LEVELS = 0.98, 0.9, 0.9, 8.0
_BLANK_LEVELS = 2.0
_SAME_SHAPE = 0.03  # logarithm of the quotient of the aspect ratios
_SAME_SCENE_INLIERS = 12  # from here, some object is in both images
_ALIKE = 0.6  # correlation of the brightness of pictures that may lie under the same text

FindKeypoints = Callable[[], Keypoints]
"""Returns an image's keypoints; called only if they are needed."""

SurelyDiffer = Callable[[float], bool]
"""Returns whether two images surely differ, by the logit of them as they lie: see glance.py."""


@dataclass(frozen=True, slots=True)
class Match:
    """The result of comparing two images.

    grade : None if they are no near-duplicates. score : from 0 to 1, the higher the surer that one
    is a copy of the other; not a calibrated probability. blank : neither has content that could be
    compared.
    """

    grade: Grade | None
    score: float
    blank: bool = False


def compare(
    a: ImageView,
    b: ImageView,
    keypoints: tuple[FindKeypoints, FindKeypoints] | None,
    surely_differ: SurelyDiffer | None = None,
) -> Match:
    """Compare two images.

    keypoints : of both; None without OpenCV, which misses crops and turned images. surely_differ :
    tells which images need no keypoints.
    """
    upright = measure_agreement(a.square, b.square)
    if upright.blocks == 0:  # both are blank: only their colours and shapes can differ
        same = upright.difference <= _BLANK_LEVELS and _shape_difference(a, b) < _SAME_SHAPE
        return Match("same", 1.0, blank=True) if same else Match(None, 0.0, blank=True)
    logit, certain = _unaligned_logit(upright)
    if not certain:
        mirrored_logit, certain = _unaligned_logit(measure_mirrored(a.square, b.square))
        logit = mirrored_logit if certain else max(logit, mirrored_logit)
    inliers = 0
    if certain:
        score = probability(logit)
    elif keypoints is None:
        score = probability(logit - _WITHOUT_KEYPOINTS)
    elif surely_differ is not None and surely_differ(logit):
        score = 0.0
    else:
        score, inliers = _score_with_keypoints(a, b, logit, keypoints)
    if score < COPY_SCORE and keypoints is not None and upright.whole >= _ALIKE:
        score = COPY_SCORE if details_agree(a, b) else score
    if score >= COPY_SCORE:
        return Match("same" if is_same(a, b, upright) else "edited", score)
    return Match("alike" if inliers >= _SAME_SCENE_INLIERS else None, score)


def _unaligned_logit(agreement: Agreement) -> tuple[float, bool]:
    """Return the logit, and whether it is certain.

    It is also certain where nearly all blocks agree. That covers copies with another aspect ratio,
    which no similarity transform explains, so keypoints would speak against them.
    """
    logit = UNALIGNED_MODEL.logit(unaligned_features(agreement))
    close = min(agreement.close, agreement.low) >= _CLOSE_QUARTILE
    return logit, logit >= _CERTAIN_LOGIT or (close and agreement.blocks >= _CLOSE_BLOCKS)


def _score_with_keypoints(
    a: ImageView, b: ImageView, logit: float, keypoints: tuple[FindKeypoints, FindKeypoints]
) -> tuple[float, int]:
    """Return the score and the inliers. logit : of the unaligned images."""
    of_a, of_b = keypoints[0](), keypoints[1]()
    transform = estimate_similarity(of_a, of_b)
    aligned = None if transform is None else _aligned_logit(a, b, transform)
    fewer = min(len(of_a.positions), len(of_b.positions))
    features = combined_features(logit, aligned, transform, fewer)
    inliers = 0 if transform is None else transform.inliers
    return probability(COMBINED_MODEL.logit(features)), inliers


def is_same(a: ImageView, b: ImageView, upright: Agreement) -> bool:
    """Return whether two copies differ at most in size, encoding and metadata."""
    return (
        _shape_difference(a, b) < _SAME_SHAPE
        and upright.whole >= _SAME_WHOLE
        and upright.low >= _SAME_LOW
        and upright.close >= _SAME_CLOSE
        and upright.difference <= _SAME_LEVELS
    )


def _shape_difference(a: ImageView, b: ImageView) -> float:
    """Return the absolute logarithm of the quotient of the aspect ratios."""
    return abs(math.log(a.width * b.height / (a.height * b.width)))


def _aligned_logit(a: ImageView, b: ImageView, transform: SimilarityTransform) -> float | None:
    """Return the logit of the images aligned by keypoints; None where they cannot be aligned."""
    if transform.inliers < MIN_INLIERS:
        return None
    rough = align(a, b, transform, SQUARE_SIDE)
    if rough is None:
        return None
    agreement = measure_agreement(rough.over, rough.under, rough.inside)
    covered = float(rough.inside.mean())
    logit = ALIGNED_MODEL.logit(aligned_features(agreement, transform, covered))
    if logit < _HOPELESS_LOGIT:
        return logit
    fine = rough.refine()
    agreement = measure_agreement(fine.over, fine.under, fine.inside)
    covered = float(fine.inside.mean())
    return ALIGNED_MODEL.logit(aligned_features(agreement, transform, covered))
