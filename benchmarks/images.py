"""Write the images for benchmarks: real photos if they are there, else drawn pictures.

    python -m benchmarks.images FOLDER COUNT WIDTH HEIGHT

writes JPEGs, those above four megapixels with the noise of a phone.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.drawing import add_noise
from benchmarks.drawn_pages import draw_slide
from benchmarks.harness import SHARED

QUALITY = 90
NOISE = 6.0
"""Grey levels of the noise in an enlarged photo. Its files are as large as those of a phone."""


def write_jpegs(folder: Path, count: int, width: int, height: int) -> str:
    """Write `count` JPEGs of this size to `folder`. Return "real photos" or "drawn pictures"."""
    folder.mkdir(parents=True)
    for number in range(count):
        picture = _resized(number, count, width, height)
        picture.save(folder / f"{number:040x}.jpg", quality=QUALITY)
    return "real photos" if _photos() else "drawn pictures"


def write_large_jpegs(folder: Path, count: int, width: int, height: int) -> None:
    """Write enlarged photos with the noise of a sensor, as JPEGs."""
    folder.mkdir(parents=True)
    for number in range(count):
        picture = _resized(number, count, width, height)
        noisy = add_noise(picture, np.random.default_rng(number), NOISE)
        noisy.save(folder / f"{number:03}.jpg", quality=QUALITY)


def write_webps(folder: Path, count: int, width: int, height: int) -> None:
    """Write photos of this size as lossy WebP files."""
    folder.mkdir(parents=True)
    for number in range(count):
        picture = _resized(number, count, width, height)
        picture.save(folder / f"{number:03}.webp", quality=QUALITY)


def write_screenshots(folder: Path, count: int, width: int, height: int) -> None:
    """Write PNGs of a screen that shows texts beside a photo."""
    folder.mkdir(parents=True)
    for number in range(count):
        page = draw_slide(np.random.default_rng(number), number)
        screen = page.resize((width, height), Image.Resampling.LANCZOS)
        screen.paste(_resized(number, count, width // 3, height // 2), (width // 2, height // 3))
        screen.save(folder / f"{number:03}.png")


Write = Callable[[Path, int, int, int], object]


def _photos() -> list[Path]:
    return sorted((SHARED / "clothing").glob("*/*.jpg"))


def _resized(number: int, count: int, width: int, height: int) -> Image.Image:
    """Return one of `count` photos in this size."""
    from draw_images import draw

    if photos := _photos():
        picture = Image.open(photos[number * len(photos) // count]).convert("RGB")
    else:
        picture = Image.fromarray(draw(number, 320, 240))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    how_many, wide, high = map(int, sys.argv[2:])
    write = write_jpegs if wide * high < 4e6 else write_large_jpegs
    write(Path(sys.argv[1]), how_many, wide, high)
