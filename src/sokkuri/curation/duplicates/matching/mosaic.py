"""Recognise a part of a photo that was pixelated in the other one.

Takes two aligned photos. Square tiles of one colour have their edges on a grid, and only the edited
photo has such a grid. Where both are blurred, the tiles agree with what they hide.
"""

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.keypoints import opencv
from sokkuri.curation.duplicates.matching.outlines import Mask, Plane, Rgb, find_differences

_LEAST_LEVELS = 6.0  # of brightness that differ
_TILES = 6.0, 40.0, 0.25  # smallest and largest side, and step of the sides that are tried, pixels
_FEWEST_TILES = 3  # along each side of the part
_GRID, _NO_GRID = 0.6, 0.5
"""Share of the edges that lie on the grid, beyond chance. Parts with tiles of some ten pixels had
0.63 and more, photos 0.36 at most."""

_LEAST_FILLED = 0.15
"""The share of the part that differs. Pixelated parts of noisy photos had 0.2, other parts 0.97. A
small thing that moved leaves nearly all between its two places alone."""

_BLUR = 8.0  # pixels
_HIDDEN = 0.5  # share of the difference that the blur leaves; pixelated parts had 0.43 at most


def is_mosaic(a: Rgb, b: Rgb, inside: Mask) -> bool:
    """Return whether all that differs is a part that is pixelated in one photo.

    a, b : (H, W, 3) uint8. inside : (H, W) bool, where both are. Needs OpenCV.
    """
    cv2 = opencv()
    found = find_differences(a, b, inside, _LEAST_LEVELS)
    if not found.outlines:
        return False
    x, y, width, height = cv2.boundingRect(np.concatenate(found.outlines))
    part = np.s_[y : y + height, x : x + width]
    where = found.filled[part]
    if np.count_nonzero(where) < _LEAST_FILLED * where.size:
        return False
    blurred = [cv2.GaussianBlur(plane, (0, 0), _BLUR)[part] for plane in found.planes]
    planes = [plane[part] for plane in found.planes]
    left, whole = (cv2.absdiff(*pair)[where > 0].mean() for pair in (blurred, planes))
    less, more = sorted(_share_on_grid(plane, where) for plane in planes)
    return bool(left <= _HIDDEN * whole and more >= _GRID and less <= _NO_GRID)


def _share_on_grid(plane: Plane, where: NDArray[np.uint8]) -> float:
    """Return the share of the edges that lie on a grid, beyond chance; of the worse direction."""
    across = np.abs(np.diff(plane, axis=1)) * where[:, 1:]
    down = np.abs(np.diff(plane, axis=0)) * where[1:]
    return min(_periodic_share(across.sum(0)), _periodic_share(down.sum(1)))


def _periodic_share(profile: NDArray[np.float32]) -> float:
    """Return the share of a profile in its best three neighbouring phases, beyond chance : (N,)."""
    total, best = float(profile.sum()), 0.0
    smallest, largest, step = _TILES
    places = np.arange(len(profile))
    for side in np.arange(smallest, min(largest, len(profile) / _FEWEST_TILES), step):
        phases = int(np.ceil(side))
        sums = np.bincount(np.rint(places % side).astype(np.int64) % phases, profile, phases)
        near = sums + np.roll(sums, 1) + np.roll(sums, -1)
        chance = 3 / side
        best = max(best, (float(near.max()) / max(total, 1.0) - chance) / (1 - chance))
    return best
