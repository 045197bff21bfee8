"""Fit an image of any shape into the size that a network takes: squash, crop the middle, or pad.

Takes sizes and a PixelSpec; returns which part of the image to resize to which size. The numbers
are those of torchvision and open_clip, so that the networks see the pixels that they know.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import PixelSpec

Region = tuple[float, float, float, float]
"""A part of an image: x, y, width, height in pixels, which need not be whole."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What to resize: the part `region` of the upright image, to `size` (width, height)."""

    region: Region
    size: tuple[int, int]


def fit(size: tuple[int, int], spec: PixelSpec) -> Fitted:
    """Return how an upright image of this width and height is fitted into the spec's size."""
    width, height = size
    if spec.resize == "shortest-crop":
        return _crop_middle(width, height, spec)
    if spec.resize == "pad":
        ratio = max(width / spec.width, height / spec.height)
        inner = (max(1, round(width / ratio)), max(1, round(height / ratio)))
        return Fitted((0, 0, width, height), inner)
    return Fitted((0, 0, width, height), (spec.width, spec.height))


def _crop_middle(width: int, height: int, spec: PixelSpec) -> Fitted:
    """Return the part that is left when the image is resized until it just covers the spec's size,
    or its shorter side is `shortest`, and its middle is cut out. The resized whole may be long, so
    it is never made."""
    least_width, least_height = spec.shortest or spec.width, spec.shortest or spec.height
    if least_width * height >= least_height * width:
        whole = (least_width, max(least_height, int(least_width * height / width)))
    else:
        whole = (max(least_width, int(least_height * width / height)), least_height)
    x_scale, y_scale = width / whole[0], height / whole[1]
    left, top = round((whole[0] - spec.width) / 2), round((whole[1] - spec.height) / 2)
    region = (left * x_scale, top * y_scale, spec.width * x_scale, spec.height * y_scale)
    return Fitted(region, (spec.width, spec.height))


def corners(region: Region, size: tuple[int, int]) -> Region:
    """Return left, top, right, bottom of a region, inside an image of this width and height."""
    x, y, width, height = region
    return x, y, min(x + width, size[0]), min(y + height, size[1])


def region_as_stored(region: Region, size: tuple[int, int], orientation: int) -> Region:
    """Return where a part of the upright image is in the stored one, whose size is given.

    orientation : as EXIF's, from 1 to 8.
    """
    x, y, width, height = region
    if orientation >= 5:  # rows are stored as columns
        x, y, width, height = y, x, height, width
    if orientation in (2, 3, 7, 8):
        x = size[0] - x - width
    if orientation in (3, 4, 6, 7):
        y = size[1] - y - height
    return x, y, width, height


def pad(rgb: NDArray[np.uint8], spec: PixelSpec) -> NDArray[np.uint8]:
    """Return the image in the middle of the spec's size, on its fill : (H, W, 3) uint8."""
    height, width = rgb.shape[:2]
    if (height, width) == (spec.height, spec.width):
        return rgb
    whole = np.empty((spec.height, spec.width, 3), np.uint8)
    whole[:] = np.array(spec.fill, np.uint8)
    top, left = (spec.height - height) // 2, (spec.width - width) // 2
    whole[top : top + height, left : left + width] = rgb
    return whole
