"""Glance at two previews at half their size: do they surely show different pictures?

Takes two Glances and returns whether they differ. Keypoints of half a preview are found in a
quarter of the time, and tell most lookalikes from copies. Faint keypoints count too, because half a
preview has few.
"""

from collections.abc import Callable
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
_HOPELESS_LOGIT = -3.0  # a copy has more
_HOPELESS_DRAWING_LOGIT = -5.0  # a copy of a drawing has more: drawings repeat details


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A preview at half its size.

    keypoints : those of its pixels. pixels : returns them, (H, W, 3) uint8; few comparisons need
    them. It may raise ReadError.
    """

    keypoints: Keypoints
    pixels: Callable[[], NDArray[np.uint8]]

    @property
    def rgb(self) -> NDArray[np.uint8]:
        return self.pixels()


def halve(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a preview at half its size : (H, W, 3) -> (H/2, W/2, 3). Raises MissingExtraError."""
    cv2 = opencv()
    size = tuple(max(1, round(side / 2)) for side in (rgb.shape[1], rgb.shape[0]))
    small: NDArray[np.uint8] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return small


def find_faint_keypoints(half: NDArray[np.uint8]) -> Keypoints:
    """Return the keypoints of a halved preview : (H, W, 3). Raises MissingExtraError."""
    return find_keypoints(half, faint=True)


def make_glance(half: NDArray[np.uint8]) -> Glance:
    """Return a halved preview with its keypoints : (H, W, 3). Raises MissingExtraError."""
    return Glance(find_faint_keypoints(half), lambda: half)


def surely_differ(
    a: Glance, b: Glance, logit: float, are_drawings: Callable[[], bool] = lambda: False
) -> bool:
    """Return whether two images surely have no content in common.

    logit : of the images as they lie. are_drawings : tells whether both may be drawings.
    """
    fewer = min(len(a.keypoints.positions), len(b.keypoints.positions))
    if fewer < _FEW_KEYPOINTS:
        return False
    transform = estimate_similarity(a.keypoints, b.keypoints)
    inliers = 0 if transform is None else transform.inliers
    if inliers >= _SAME_SCENE_INLIERS:
        return False
    some_agree = transform is not None and inliers >= _MIN_INLIERS
    aligned = _aligned_logit(a, b, transform) if transform is not None and some_agree else None
    combined = COMBINED_MODEL.logit(combined_features(logit, aligned, transform, fewer))
    if combined < _HOPELESS_DRAWING_LOGIT:
        return True
    return combined < _HOPELESS_LOGIT and not (some_agree and are_drawings())


def _aligned_logit(a: Glance, b: Glance, transform: SimilarityTransform) -> float | None:
    found = align(a, b, transform, SQUARE_SIDE)
    if found is None:
        return None
    agreement = measure_agreement(found.over, found.under, found.inside)
    covered = float(found.inside.mean())
    return ALIGNED_MODEL.logit(aligned_features(agreement, transform, covered))
