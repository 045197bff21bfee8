"""Tell whether the fine details of two pictures agree as the pictures lie, whatever covers them.

Takes two image views. A text over the whole picture has the strongest edges and the strongest
keypoints, but the picture's own details are still there between the letters. Two other pictures
have no fine details in common, however alike they are in the large.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.content import may_be_drawing
from sokkuri.curation.duplicates.matching.fingerprint import ImageView, luma
from sokkuri.curation.duplicates.matching.keypoints import opencv

_SIDE = 192  # pixels
_FINE = 2.0  # pixels: coarser details do not count
_MOST_LEVELS = 8.0  # a stronger detail counts no more: it may be a letter
_AGREE = 0.15
"""Correlation of the details. Copies under dense text had 0.23 and more, others of equal brightness
in the large 0.10 at most."""

_LEAST_TEXTURE = 0.35  # levels: lower quartile of the details; photos had 0.48 and more
_MOST_OF_PLAIN = 3.0  # levels: median of photos on a plain ground; pages full of lines have more

_KEPT = 256  # details of images, 290 kB each with the pixels that they are of

Details = NDArray[np.float32]


def details_agree(a: ImageView, b: ImageView) -> bool:
    """Return whether the fine details of two photos agree if both fill one square. Needs OpenCV."""
    one, other = (_fine_details(view.rgb.tobytes(), *view.rgb.shape[:2]) for view in (a, b))
    length = (float(np.vdot(one, one)) * float(np.vdot(other, other))) ** 0.5
    if float(np.vdot(one, other)) < _AGREE * length or not length:
        return False
    levels = [np.quantile(np.abs(details), (0.25, 0.5)) for details in (one, other)]
    texture, usual = np.min(levels, axis=0)
    if texture < _LEAST_TEXTURE:
        return False
    drawings = may_be_drawing(a.square) and may_be_drawing(b.square)
    return not drawings or bool(usual <= _MOST_OF_PLAIN)


@lru_cache(_KEPT)
def _fine_details(pixels: bytes, height: int, width: int) -> Details:
    """Return what a blur takes away from the brightness, at most _MOST_LEVELS : (_SIDE, _SIDE).

    An image has many candidates, so its details are kept. pixels : of a preview.
    """
    cv2 = opencv()
    rgb = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    small = luma(cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))
    fine: Details = small - cv2.GaussianBlur(small, (0, 0), _FINE)
    return np.clip(fine, -_MOST_LEVELS, _MOST_LEVELS)
