"""Tell whether a blur and other levels explain all that differs between two aligned photos.

Takes two photos of one size; returns whether they are the same picture once the sharper one is as
soft, and the darker one as bright, as the other. A blurred or brightened photo lacks edges, as a
photo of something else would. But the edit can be done again, and then every small block agrees as
in two copies of one picture.
"""

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.fingerprint import luma
from sokkuri.curation.duplicates.matching.keypoints import opencv
from sokkuri.curation.duplicates.matching.levels import equal_levels
from sokkuri.curation.duplicates.matching.verification import measure_difference

_BLURS = np.arange(0.6, 4.6, 0.2)  # deviations in pixels, of pictures of up to 512
_EDGE = 10  # pixels; there the blurs of a whole picture and of a part differ

Rgb = NDArray[np.uint8]


def is_simple_edit(a: Rgb, b: Rgb) -> bool:
    """Return whether a blur and other levels explain all that differs : (H, W, 3) uint8 each.

    Needs OpenCV.
    """
    everywhere = np.ones(a.shape[:2], bool)
    if _agree(*_as_soft(a, b)):
        return True
    # Levels that are fitted before the blur are not quite right: a blur takes contrast away.
    levelled = _as_soft(*equal_levels(a, b, everywhere))
    return _agree(*equal_levels(*levelled, everywhere))


def _agree(a: Rgb, b: Rgb) -> bool:
    """Return whether no block differs, but for the pixels at the edge."""
    inner = [np.ascontiguousarray(rgb[_EDGE:-_EDGE, _EDGE:-_EDGE]) for rgb in (a, b)]
    if not inner[0].size:
        return False
    difference = measure_difference(*inner)
    return difference.tells and difference.agrees


def _as_soft(a: Rgb, b: Rgb) -> tuple[Rgb, Rgb]:
    """Return both pictures, the sharper one blurred until it is nearest to the other one."""
    cv2 = opencv()
    planes = luma(a), luma(b)
    fine = [float(np.abs(plane - cv2.GaussianBlur(plane, (0, 0), 1.0)).mean()) for plane in planes]
    if fine[0] < fine[1]:
        softer, sharper = _as_soft(b, a)
        return sharper, softer
    nearest, best = float(cv2.absdiff(*planes).mean()), 0.0
    for blur in _BLURS.tolist():
        distance = float(cv2.absdiff(cv2.GaussianBlur(planes[0], (0, 0), blur), planes[1]).mean())
        if distance >= nearest:
            break
        nearest, best = distance, blur
    return (np.asarray(cv2.GaussianBlur(a, (0, 0), best)), b) if best else (a, b)
