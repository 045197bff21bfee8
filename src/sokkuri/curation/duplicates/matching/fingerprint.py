"""Make previews, which comparisons use, and 16 x 16 fingerprints, which find candidates.

Takes a file's bytes and returns a Preview; takes a preview's square and returns its fingerprint.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.convert import BLACK
from sokkuri.images.decode import decode, read_layers, read_size, resize
from sokkuri.images.raw import is_raw

PREVIEW_SIDE = 256
"""Pixels of a preview's longer side: enough to find keypoints in a photo that was halved."""

SQUARE_SIDE = 64
"""Pixels along each side of a preview's square."""

FINGERPRINT_SIDE = 16

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class HasPixels(Protocol):
    """Whatever has the pixels of a picture."""

    @property
    def rgb(self) -> NDArray[np.uint8]: ...


class ImageView(HasPixels, Protocol):
    """The image attributes that `compare` reads. A Preview has them; others can load them late."""

    @property
    def square(self) -> NDArray[np.uint8]: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """A small version of an image.

    rgb : (H, W, 3) uint8, the longer side at most PREVIEW_SIDE. square : (SQUARE_SIDE,
    SQUARE_SIDE, 3) uint8, the image stretched to a square. width, height : of the image, pixels.
    frames : of an animation, or pages of a document; the preview shows the first. is_transparent :
    whether a ground may show through. is_raw : of a RAW file, which holds more than a picture.
    """

    rgb: NDArray[np.uint8]
    square: NDArray[np.uint8]
    width: int
    height: int
    frames: int = 1
    is_transparent: bool = False
    is_raw: bool = False


def make_preview(data: bytes, limits: Limits) -> Preview:
    """Decode an image once and return its preview. Raises DecodeError.

    Its colours are sRGB, whatever profile the file has. A transparent image lies on a white or a
    black ground, whichever shows more of it.
    """
    width, height = read_size(data, PixelSpec(PREVIEW_SIDE, PREVIEW_SIDE))
    scale = min(1.0, PREVIEW_SIDE / max(width, height))
    spec = PixelSpec(
        max(1, round(height * scale)), max(1, round(width * scale)), "bilinear", srgb=True
    )
    frames, transparent = read_layers(data)
    pixels = decode(data, spec, limits)
    if transparent:
        over_black = decode(data, replace(spec, ground=BLACK), limits)
        pixels = max(pixels, over_black, key=lambda shown: float(luma(shown.rgb).std()))
    square = resize(pixels.rgb, SQUARE_SIDE, SQUARE_SIDE)
    return Preview(
        pixels.rgb, square, pixels.width, pixels.height, frames, transparent, is_raw(data)
    )


def fingerprint(square: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the brightness of a square on a grid of 16 x 16 : (256,) uint8."""
    step = SQUARE_SIDE // FINGERPRINT_SIDE
    cells = luma(square).reshape(FINGERPRINT_SIDE, step, FINGERPRINT_SIDE, step).mean((1, 3))
    rounded: NDArray[np.uint8] = np.rint(cells).astype(np.uint8)
    return rounded.reshape(-1)


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the brightness : (H, W, 3) -> (H, W) float32, 0 to 255."""
    brightness: NDArray[np.float32] = rgb.reshape(-1, 3).astype(np.float32) @ _LUMA
    return brightness.reshape(rgb.shape[:2])


def normalise_fingerprints(fingerprints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return vectors whose dot product is the correlation : (N, 256) uint8 -> (N, 256) float32.

    Fingerprints without contrast become zero: they correlate with nothing.
    """
    centred = fingerprints.astype(np.float32)
    centred -= centred.mean(1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.where(
        lengths > FINGERPRINT_SIDE, centred / np.maximum(lengths, 1), 0
    )
    return unit


def canonical_orientation(fingerprints: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn and mirror fingerprints: brighter to the right first, then to the bottom.

    The result is the same for all eight orientations of an image : (N, 256) -> (N, 256).
    """
    grids = fingerprints.reshape(-1, FINGERPRINT_SIDE, FINGERPRINT_SIDE).copy()
    for axis in (2, 1):
        darker = _slope(grids, axis) < 0
        grids[darker] = np.flip(grids[darker], axis)
    steeper = _slope(grids, 1) > _slope(grids, 2)
    grids[steeper] = grids[steeper].transpose(0, 2, 1)
    return grids.reshape(len(fingerprints), -1)


def _slope(grids: NDArray[np.uint8], axis: int) -> NDArray[np.float32]:
    """Return how much brighter grids get along an axis : (N,)."""
    along = np.arange(FINGERPRINT_SIDE, dtype=np.float32) - (FINGERPRINT_SIDE - 1) / 2
    slope: NDArray[np.float32] = grids.mean(3 - axis, dtype=np.float32) @ along
    return slope
