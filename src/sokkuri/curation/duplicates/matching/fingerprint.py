"""Pictures as the matcher looks at them: small, upright, and a print of 16 x 16 for finding more.

Takes a file's bytes; hands on a Look, or a print. The pixels come from decode.py.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode, read_size

SIDE = 256
"""Pixels of a look's longer side: keypoints of a photo that was halved are still found there."""

SQUARE = 64
"""Pixels along each side of the squashed picture."""

PRINT = 16

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class Picture(Protocol):
    """What the matcher asks of a picture: see Look, which has it all at hand."""

    @property
    def rgb(self) -> NDArray[np.uint8]: ...
    @property
    def square(self) -> NDArray[np.uint8]: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """rgb : (H, W, 3) uint8, the longer side at most SIDE. square : (SQUARE, SQUARE, 3) uint8, the
    same squashed. width, height : of the picture itself, in pixels."""

    rgb: NDArray[np.uint8]
    square: NDArray[np.uint8]
    width: int
    height: int


def look(data: bytes, limits: Limits) -> Look:
    """Raises DecodeError."""
    square, width, height = squashed(data, limits)
    return Look(small(data, limits), square, width, height)


def squashed(data: bytes, limits: Limits) -> tuple[NDArray[np.uint8], int, int]:
    """A look's square, width and height. Raises DecodeError."""
    found = decode(data, PixelSpec(SQUARE, SQUARE, "bilinear"), limits)
    return found.rgb, found.width, found.height


def small(data: bytes, limits: Limits) -> NDArray[np.uint8]:
    """A look's rgb. Raises DecodeError."""
    width, height = read_size(data, PixelSpec(SIDE, SIDE))
    scale = min(1.0, SIDE / max(width, height))
    spec = PixelSpec(max(1, round(height * scale)), max(1, round(width * scale)), "bilinear")
    return decode(data, spec, limits).rgb


def print_of(data: bytes, limits: Limits) -> NDArray[np.uint8]:
    """Brightness on a grid of PRINT x PRINT, as bytes : (256,) uint8. Raises DecodeError."""
    rgb, _, _ = squashed(data, limits)
    step = SQUARE // PRINT
    pooled = luma(rgb).reshape(PRINT, step, PRINT, step).mean((1, 3))
    whole: NDArray[np.uint8] = np.rint(pooled).astype(np.uint8)
    return whole.reshape(-1)


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness : (H, W, 3) -> (H, W) float32, 0 to 255."""
    grey: NDArray[np.float32] = rgb.astype(np.float32) @ _LUMA
    return grey


def normalised_prints(prints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Prints whose dot product is the correlation of two : (N, 256) uint8 -> (N, 256) float32.
    Flat ones become zero: they are like nothing."""
    centred = prints.astype(np.float32)
    centred -= centred.mean(1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    found: NDArray[np.float32] = np.where(lengths > PRINT, centred / np.maximum(lengths, 1), 0)
    return found


def righted_prints(prints: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Prints turned and mirrored so that they are lightest to the right, then to the bottom: the
    same for a picture in each of its eight positions : (N, 256) -> (N, 256)."""
    grids = prints.reshape(-1, PRINT, PRINT).copy()
    for axis in (2, 1):
        darker = _slope(grids, axis) < 0
        grids[darker] = np.flip(grids[darker], axis)
    steeper = _slope(grids, 1) > _slope(grids, 2)
    grids[steeper] = grids[steeper].transpose(0, 2, 1)
    return grids.reshape(len(prints), -1)


def _slope(grids: NDArray[np.uint8], axis: int) -> NDArray[np.float32]:
    """How much lighter they become along an axis : (N,)."""
    along = np.arange(PRINT, dtype=np.float32) - (PRINT - 1) / 2
    slope: NDArray[np.float32] = grids.mean(3 - axis, dtype=np.float32) @ along
    return slope
