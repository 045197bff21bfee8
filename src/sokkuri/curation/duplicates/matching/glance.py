"""Glance at two previews at half their size: do they surely show different pictures?

Takes two Glances and returns whether they differ. Keypoints of half a preview are found in a
quarter of the time, and tell most lookalikes from copies. Faint ones count too: there are few.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.block_agreement import measure_agreement
from sokkuri.curation.duplicates.matching.fingerprint import SQUARE_SIDE
from sokkuri.curation.duplicates.matching.keypoints import (
    Keypoints,
    SimilarityTransform,
    align,
    estimate_similarity,
    find_keypoints,
    opencv,
)
from sokkuri.curation.duplicates.matching.scoring import (
    ALIGNED_MODEL,
    COMBINED_MODEL,
    aligned_features,
    combined_features,
)

_FEW_KEYPOINTS = 30  # fewer say nothing
_MIN_INLIERS = 4  # fewer agree by chance
_SAME_SCENE_INLIERS = 7  # from here, some object may be in both images
_SAME_DRAWING_INLIERS = 4  # the same for drawings, of which details are repeated
_HOPELESS_LOGIT = -3.0  # a copy has more


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A preview at half its size. rgb : (H, W, 3) uint8. keypoints : of it."""

    rgb: NDArray[np.uint8]
    keypoints: Keypoints


def make_glance(rgb: NDArray[np.uint8]) -> Glance:
    """Return a preview's rgb at half its size, with its keypoints. Raises MissingExtraError."""
    cv2 = opencv()
    size = tuple(max(1, round(side / 2)) for side in (rgb.shape[1], rgb.shape[0]))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return Glance(small, find_keypoints(small, faint=True))


def surely_differ(a: Glance, b: Glance, logit: float, *, drawings: bool = False) -> bool:
    """Return whether two images surely have no content in common.

    logit : of the images as they lie. drawings : whether both may be drawings.
    """
    fewer = min(len(a.keypoints.positions), len(b.keypoints.positions))
    if fewer < _FEW_KEYPOINTS:
        return False
    transform = estimate_similarity(a.keypoints, b.keypoints)
    aligned = None
    if transform is not None and transform.inliers >= _MIN_INLIERS:
        if transform.inliers >= (_SAME_DRAWING_INLIERS if drawings else _SAME_SCENE_INLIERS):
            return False
        aligned = _aligned_logit(a, b, transform)
    features = combined_features(logit, aligned, transform, fewer)
    return COMBINED_MODEL.logit(features) < _HOPELESS_LOGIT


def _aligned_logit(a: Glance, b: Glance, transform: SimilarityTransform) -> float | None:
    found = align(a, b, transform, SQUARE_SIDE)
    if found is None:
        return None
    agreement = measure_agreement(found.over, found.under, found.inside)
    covered = float(found.inside.mean())
    return ALIGNED_MODEL.logit(aligned_features(agreement, transform, covered))
