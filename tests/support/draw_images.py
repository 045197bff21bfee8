"""Images drawn with integer arithmetic only, so that every machine draws the same."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def draw(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return a colour gradient with a dozen discs and blocks on it: (height, width, 3) uint8.
    Another seed gives another image."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    first, second = rng.integers(0, 256, (2, 3))
    along = x * int(rng.integers(1, 5)) * 64 // width + y * int(rng.integers(1, 5)) * 64 // height
    shade = (along % 256)[..., None]
    picture = (first * (255 - shade) + second * shade) // 255
    for _ in range(12):
        colour = rng.integers(0, 256, 3)
        centre_x, centre_y = int(rng.integers(width)), int(rng.integers(height))
        size = int(rng.integers(min(width, height) // 16 + 1, min(width, height) // 3 + 2))
        if rng.integers(2):
            inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < size**2
        else:
            inside = (abs(x - centre_x) < size) & (abs(y - centre_y) < size // 2 + 1)
        picture = np.where(inside[..., None], (picture + 3 * colour) // 4, picture)
    drawn: NDArray[np.uint8] = picture.astype(np.uint8)
    return drawn


def save_drawing(path: Path, seed: int, width: int = 96, height: int = 72) -> Path:
    """Write the drawn image in the format of the suffix, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw(seed, width, height)).save(path)
    return path
