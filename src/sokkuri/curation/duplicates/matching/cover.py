"""Tell whether two aligned photos differ by a plain rectangle that covers a part of one of them.

Takes two photos of one size and of one shot; returns whether a cover explains all that differs.
Around a cover, the covered photo has a sharp outline, and within it one colour. But the other photo
has sharp edges of its own there, so the outlines alone do not tell.
"""

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.keypoints import opencv
from sokkuri.curation.duplicates.matching.outlines import find_differences

_LEVELS = 10.0  # of brightness, that differ
_SAME_COLOUR = 8  # levels of each channel; JPEG changes a plain colour by a few
_LEAST_AREA = 400  # pixels
_COVERING = 0.6  # share of the cover that differs from what it covers
_BESIDE = 0.03  # share of what differs that may lie beside the cover
_REACH = 6  # pixels by which the differences may reach over the edge of the cover
_RECTANGULAR = 0.92  # share of the smallest rectangle around the cover

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def is_cover(a: Rgb, b: Rgb, inside: Mask) -> bool:
    """Return whether all that differs lies under a plain rectangle on one of the photos.

    a, b : (H, W, 3) uint8. inside : (H, W) bool, where both are. Needs OpenCV.
    """
    differs = find_differences(a, b, inside, _LEVELS).filled > 0
    if np.count_nonzero(differs) < _LEAST_AREA:
        return False
    return any(_covers(rgb, differs, inside) for rgb in (a, b))


def _covers(rgb: Rgb, differs: Mask, inside: Mask) -> bool:
    """Return whether a plain rectangle of this photo holds all that differs."""
    cv2 = opencv()
    colour = np.median(rgb[differs], axis=0)
    plain = (np.abs(rgb - colour).max(2) <= _SAME_COLOUR) & inside
    kernel = np.ones((5, 5), np.uint8)
    opened = cv2.morphologyEx(plain.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    shares = np.bincount(numbers[differs], minlength=len(stats))
    shares[0] = 0
    number = int(shares.argmax())
    cover = numbers == number
    area = int(stats[number, cv2.CC_STAT_AREA])
    if area < _LEAST_AREA or shares[number] < _COVERING * area:
        return False
    reach = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
    beside = differs & (cv2.dilate(cover.astype(np.uint8), reach) == 0)
    if np.count_nonzero(beside) > _BESIDE * np.count_nonzero(differs):
        return False
    outline, _ = cv2.findContours(
        cover.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )  # fmt: skip
    _, (width, height), _ = cv2.minAreaRect(outline[0])
    return bool(area >= _RECTANGULAR * (width + 1) * (height + 1))
