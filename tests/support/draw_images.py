"""Images drawn with integer arithmetic only, so that every machine draws the same."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def draw(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return a colour gradient with a dozen discs and blocks on it: (height, width, 3) uint8.
    Another seed gives another image."""
    return _drawn(seed, width, height).copy()


@lru_cache(maxsize=64)  # the tests of a module draw the same few pictures again and again
def _drawn(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    y, x = np.ogrid[:height, :width]
    first, second = rng.integers(0, 256, (2, 3))
    along = x * int(rng.integers(1, 5)) * 64 // width + y * int(rng.integers(1, 5)) * 64 // height
    shades = np.arange(256)[:, None]
    gradient = (first * (255 - shades) + second * shades) // 255
    picture = gradient.T.astype(np.uint16).take(along % 256, axis=1)  # (3, height, width)
    for _ in range(12):
        colour = rng.integers(0, 256, 3).astype(np.uint16)
        centre_x, centre_y = int(rng.integers(width)), int(rng.integers(height))
        size = int(rng.integers(min(width, height) // 16 + 1, min(width, height) // 3 + 2))
        # Only the part of the picture around the shape is computed: tests draw thousands.
        rows = slice(max(0, centre_y - size), centre_y + size)
        columns = slice(max(0, centre_x - size), centre_x + size)
        from_left, from_top = x[:, columns] - centre_x, y[rows] - centre_y
        if rng.integers(2):
            inside = from_left**2 + from_top**2 < size**2
        else:
            inside = (abs(from_left) < size) & (abs(from_top) < size // 2 + 1)
        part = picture[:, rows, columns]
        np.copyto(part, (part + 3 * colour[:, None, None]) // 4, where=inside)
    return np.ascontiguousarray(picture.astype(np.uint8).transpose(1, 2, 0))


def save_drawing(path: Path, seed: int, width: int = 96, height: int = 72) -> Path:
    """Write the drawn image in the format of the suffix, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw(seed, width, height)).save(path)
    return path
