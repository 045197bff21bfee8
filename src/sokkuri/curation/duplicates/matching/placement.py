"""Find where one picture lies in another one.

Takes two image views with their keypoints and returns a Place. Three kinds of starts are tried, and
each one is refined: the whole of one picture upon the whole of the other, in each of the eight
orientations; the transform by keypoints; and a shift, for drawings, which repeat their details.
Needs OpenCV.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.block_agreement import block_agreement
from sokkuri.curation.duplicates.matching.details import details_agree
from sokkuri.curation.duplicates.matching.fingerprint import PREVIEW_SIDE, ImageView
from sokkuri.curation.duplicates.matching.keypoints import (
    Alignment,
    Keypoints,
    SimilarityTransform,
    align,
    estimate_similarity,
    opencv,
)
from sokkuri.curation.duplicates.orientation import ORIENTATIONS, Orientation

_CLOSE = 1.87  # median correlation and share of correlating blocks, together
_LIKELY, _PROMISING = 1.5, 0.8  # the same, of squares: tried before keypoints, and after them
_MOST_DIFFERENT = 30  # levels; more is an edit
_LEAST_OVERLAP = 400  # pixels
_MIN_INLIERS = 3
_LEAST_RESPONSE = 0.1  # of the phase correlation; drawings that are shifted have twice as much


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where one picture lies in another one.

    start : as it was found. refined : the same, better by parts of a pixel. agreement : median
    correlation and share of correlating blocks, together: 0 to 2.
    """

    start: SimilarityTransform
    refined: SimilarityTransform
    agreement: float


def find_place(a: ImageView, b: ImageView, keypoints: tuple[Keypoints, Keypoints]) -> Place | None:
    """Return the place of `a` in `b` at which they agree best; None if there is none to try.

    It stops at the first place at which they agree nearly everywhere.
    """
    best: Place | None = None
    for start in _starts(a, b, keypoints):
        place = _refined(a, b, start)
        if place is not None and (best is None or place.agreement > best.agreement):
            best = place
        if best is not None and best.agreement >= _CLOSE:
            break
    return best


def _refined(a: ImageView, b: ImageView, start: SimilarityTransform) -> Place | None:
    """Return the place that a start leads to; None if the pictures hardly overlap there."""
    rough = align(a, b, start, PREVIEW_SIDE)
    if rough is None:
        return None
    if start.inliers == 0:  # of the whole upon the whole, nothing is estimated
        agreement = block_agreement(rough.over, rough.under, rough.inside)
        if agreement >= _CLOSE:
            return Place(start, start, agreement)
    fine = refine(rough)
    if fine is None:
        return None
    agreement = block_agreement(fine.over, fine.under, fine.inside)
    return Place(start, replace(start, matrix=fine.whole_matrix()[:2]), agreement)


def find_shift(a: ImageView, b: ImageView) -> SimilarityTransform | None:
    """Return where one picture lies in another one if no pixel was resized, as in a crop.

    Repeated details, such as letters, have no keypoints that tell them apart. None if the previews
    do not agree nearly everywhere.
    """
    cv2 = opencv()
    scale = (b.rgb.shape[1] / b.width) / (a.rgb.shape[1] / a.width)
    height, width = a.rgb.shape[:2]
    small = cv2.resize(a.rgb, (max(2, round(width * scale)), max(2, round(height * scale))))
    size = np.maximum(small.shape[:2], b.rgb.shape[:2])
    planes = [_on_ground(rgb, size) for rgb in (small, b.rgb)]
    shift, response = cv2.phaseCorrelate(*planes)
    if response < _LEAST_RESPONSE:
        return None
    start = np.array([(scale - 1) / 2, (scale - 1) / 2]) + shift
    matrix = np.array([[scale, 0, start[0]], [0, scale, start[1]]])
    transform = SimilarityTransform(matrix, False, 0, 0)
    found = align(a, b, transform, PREVIEW_SIDE)
    if found is None:
        return None
    agreement = block_agreement(found.over, found.under, found.inside)
    return transform if agreement >= _CLOSE else None


def _on_ground(rgb: NDArray[np.uint8], size: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the brightness over its median, in the corner of a plane of this size that is 0."""
    grey = opencv().cvtColor(rgb, opencv().COLOR_RGB2GRAY)
    median = np.searchsorted(np.bincount(grey.reshape(-1)).cumsum(), grey.size / 2)
    plane = np.zeros(size, np.float32)
    plane[: rgb.shape[0], : rgb.shape[1]] = grey.astype(np.float32) - np.float32(median)
    return plane


def stretch(a: ImageView, b: ImageView, turn: Orientation) -> SimilarityTransform:
    """Return the map of all of `a`, turned, upon all of `b`."""
    cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn.quarters]
    rotation = np.array([[cosine, -sine], [sine, cosine]], np.float64)
    size_a, size_b = np.array(a.rgb.shape[1::-1]), np.array(b.rgb.shape[1::-1])
    linear = size_b[:, None] * rotation / size_a
    shift = (size_b - 1) / 2 - linear @ ((size_a - 1) / 2)  # a pixel's centre is a whole number
    return SimilarityTransform(np.column_stack([linear, shift]), turn.mirrored, 0, 0)


def _starts(
    a: ImageView, b: ImageView, keypoints: tuple[Keypoints, Keypoints]
) -> Iterator[SimilarityTransform]:
    """Yield transforms to try, the most promising ones first."""
    values: dict[Orientation, float] = {}
    for turn in ORIENTATIONS:  # the upright and the mirrored one first
        if turn.quarters == 0 or max(values.values()) < _LIKELY:
            values[turn] = block_agreement(turn.apply(a.square), b.square)
    turns = sorted(values, key=lambda turn: -values[turn])
    likely = [turn for turn in turns if values[turn] >= _LIKELY]
    yield from (stretch(a, b, turn) for turn in likely)
    if Orientation() not in likely and details_agree(a, b):
        yield stretch(a, b, Orientation())
    found = estimate_similarity(*keypoints)
    by_keypoints = found is not None and found.inliers >= _MIN_INLIERS
    if found is not None and by_keypoints:
        yield found
    shift = find_shift(a, b)
    if shift is not None:
        yield shift
    for turn in turns:
        is_upright = turn.quarters == 0 and not by_keypoints
        if turn not in likely and (is_upright or values[turn] >= _PROMISING):
            yield stretch(a, b, turn)


def refine(rough: Alignment) -> Alignment | None:
    """Return the best of an alignment and its refinements; None if they hardly overlap."""
    fine = rough.refine()
    return closest(rough, fine, fine.in_whole_pixels())


def closest(*alignments: Alignment) -> Alignment | None:
    """Return the alignment of which the pixels differ least; None if all hardly overlap."""
    tried = [one for one in alignments if np.count_nonzero(one.inside) >= _LEAST_OVERLAP]
    return min(tried, key=_mean_difference) if tried else None


def _mean_difference(alignment: Alignment) -> float:
    """Return the mean difference of the pixels, in levels; what was edited counts little."""
    cv2 = opencv()
    difference = cv2.absdiff(alignment.over, alignment.under)
    _, difference = cv2.threshold(difference, _MOST_DIFFERENT, 0, cv2.THRESH_TRUNC)
    return float(sum(cv2.mean(difference, alignment.inside.view(np.uint8))[:3])) / 3
