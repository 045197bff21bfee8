"""Prove that a coarse JPEG was saved from another picture: save that one in the same way.

Takes the bytes of two files and where one lies in the other; returns whether it is proved. A JPEG
of low quality has edges at its blocks and lacks edges of the picture, as another picture would. But
what was saved from the same pixels with the same steps is equal in every pixel. In another shot of
the same thing, the noise of the camera alone changes every tenth block.
"""

from dataclasses import replace
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.matching.edits import enlargement
from sokkuri.curation.duplicates.matching.fingerprint import ImageView
from sokkuri.curation.duplicates.matching.full_size import MAX_SIDE
from sokkuri.curation.duplicates.matching.keypoints import SimilarityTransform
from sokkuri.curation.duplicates.matching.verification import measure_difference
from sokkuri.images.decode import decode
from sokkuri.images.jpeg_losses import JpegLosses, read_jpeg_losses

_LEAST_STEP = 40.0  # levels: JPEG quality 65; finer losses are no obstacle to other comparisons
_UNSCALED = 0.02
_MAX_ROUNDING, _EQUAL = 4, 0.995  # levels, and share of the blocks: decoders and encoders round
_MAX_DIFFERENCE = 1.5  # tolerances of the worst cell; a patch of 12 pixels had 9 and more
_BLOCK = 8

Rgb = NDArray[np.uint8]
Views = tuple[ImageView, ImageView]


def was_saved_coarsely(
    files: tuple[bytes, bytes], views: Views, transform: SimilarityTransform, limits: Limits
) -> bool:
    """Return whether one file is a JPEG of the other picture, or of a part of it, not resized.

    views : previews of both. transform : from the first preview to the second one. Raises
    DecodeError.
    """
    if transform.mirrored:
        return False
    matrix = np.vstack([transform.matrix, [0, 0, 1]])
    return _is_saved_from(files, views, matrix, limits) or _is_saved_from(
        files[::-1], views[::-1], np.linalg.inv(matrix), limits
    )


def _is_saved_from(
    files: tuple[bytes, bytes], views: Views, matrix: NDArray[np.float64], limits: Limits
) -> bool:
    """Return whether the second file is a JPEG of the first picture. matrix : (3, 3)."""
    losses = read_jpeg_losses(files[1])
    large = any(max(view.width, view.height) > MAX_SIDE for view in views)
    if large or losses is None or losses.step < _LEAST_STEP:
        return False
    corners = _corners(views, matrix)
    if not corners:
        return False
    spec = PixelSpec(1, 1, "bilinear", srgb=True)
    pixels = [
        decode(file, replace(spec, height=view.height, width=view.width), limits).rgb
        for file, view in zip(files, views, strict=True)
    ]
    return any(_is_saved_part(pixels[0], pixels[1], corner, losses) for corner in corners)


def _corners(views: Views, matrix: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return rows and columns of the first picture at which the second one may begin.

    Empty if either was turned or resized, or the second one does not lie in the first one. Coarse
    losses shift the estimate by up to a pixel.
    """
    first, second = views
    to_first, to_second = (enlargement(view.rgb.shape, (view.height, view.width)) for view in views)
    back = np.linalg.inv(to_second @ matrix @ np.linalg.inv(to_first))
    change = back[:2, :2] - np.eye(2)
    if np.abs(change).max() > _UNSCALED:
        return []
    middle = np.array([second.width, second.height]) / 2
    column, row = back[:2, 2] + change @ middle
    rows = _places(row, first.height - second.height)
    columns = _places(column, first.width - second.width)
    return [(row, column) for row in rows for column in columns]


def _places(place: float, last: int) -> range:
    """Return the whole numbers from 0 to `last` that are within a pixel of a place."""
    return range(max(0, ceil(place - 1)), min(last, floor(place + 1)) + 1)


def _is_saved_part(picture: Rgb, saved: Rgb, corner: tuple[int, int], losses: JpegLosses) -> bool:
    height, width = saved.shape[:2]
    row, column = corner
    again = losses.apply(np.ascontiguousarray(picture[row : row + height, column : column + width]))
    rows, columns = height // _BLOCK, width // _BLOCK
    if not rows * columns:
        return False
    cut = np.s_[: rows * _BLOCK, : columns * _BLOCK]
    differ = np.abs(again[cut].astype(np.int16) - saved[cut]).max(2) > _MAX_ROUNDING
    equal = ~differ.reshape(rows, _BLOCK, columns, _BLOCK).any((1, 3))
    if np.mean(equal) < _EQUAL:
        return False
    difference = measure_difference(again, saved)
    return difference.tells and difference.worst <= _MAX_DIFFERENCE
