"""Files that lack their end: tell how much of the picture is there, and let Pillow read it.

Takes the bytes of a file that Pillow refused because it is cut short.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image, ImageFile

from sokkuri.core.errors import DecodeError
from sokkuri.core.types import Limits
from sokkuri.images.convert import strips
from sokkuri.images.memory import decoding_bytes, hold_memory

LEAST_SHARE = 0.6
"""The least share of its rows that must be there. A file with fewer rows fails: another program may
still be copying it."""

JPEG_END = b"\xff\xd9"
_ROW_BY_ROW = ("JPEG", "MPO", "PNG", "GIF", "TIFF", "BMP", "DIB", "TGA", "PPM")
_LONGEST_SEGMENT = 2000  # bytes: of four tables for each kind of coefficient
_FILLERS = (b"\x00", b"\x55", b"\xaa")


class _PerThread(threading.local):
    """Pillow's setting LOAD_TRUNCATED_IMAGES, which applies to all threads, for one thread."""

    is_lenient = False

    def __bool__(self) -> bool:
        return self.is_lenient


_setting = _PerThread()
ImageFile.LOAD_TRUNCATED_IMAGES = _setting  # type: ignore[assignment]


@contextmanager
def lenient() -> Iterator[None]:
    """Let this thread read what is there of files that are cut short, while the block runs."""
    _setting.is_lenient = True
    try:
        yield
    finally:
        _setting.is_lenient = False


def is_interlaced(image: Image.Image) -> bool:
    """Return whether a picture's odd rows follow all even ones in the file, from top to bottom.

    That is so in interlaced PNG and GIF. image : not loaded.
    """
    if image.format == "PNG":
        return bool(image.info.get("interlace"))
    tiles = getattr(image, "tile", ())
    if image.format != "GIF" or not tiles:
        return False
    parts = tiles[0].args  # bits for each pixel, whether it is interlaced, and more
    return isinstance(parts, tuple) and bool(parts[1])


def can_lack_rows(image: Image.Image) -> bool:
    """Return whether a file of this kind that is cut short lacks rows at one side of the picture,
    and nothing else. image : not loaded, and not interlaced."""
    return image.format in _ROW_BY_ROW


def copy_over_missing_rows(image: Image.Image) -> float:
    """Copy the row above over each row that a loaded interlaced picture lacks.

    Odd rows are missing from some row on; there is one colour in their place. Returns the share of
    rows that are there. A picture that also lacks even rows has a share of at most one half.
    """
    width, height = image.size
    if height < 2:
        return 0.0
    last = (height - 1) - height % 2
    fill = _row(image, last)[0]
    y = last
    while y > 0 and (_row(image, y) == fill).all():
        y -= 2
    if y > 0 and y < last and (_row(image, y)[-1] == fill).all():
        y -= 2  # this row is there in part
    missing = range(y + 2, height, 2)
    for row in missing:
        image.paste(image.crop((0, row - 1, width, row)), (0, row))
    return 1 - len(missing) / height


def _row(image: Image.Image, y: int) -> NDArray[Any]:
    """Return a row of an image's numbers : (W, C)."""
    row = np.asarray(image.crop((0, y, image.width, y + 1)))
    return row.reshape(image.width, -1)


def share_of_rows(rgb: NDArray[np.uint8], *, upwards: bool) -> float:
    """Return the share of rows that are there of a picture that is cut short.

    rgb : (H, W, 3), as stored, not turned. In place of missing rows there is one colour. upwards :
    the file may begin with the lowest row, so that the upper ones are missing.
    """
    missing = _rows_of_one_colour(rgb[::-1])
    if upwards:
        missing = max(missing, _rows_of_one_colour(rgb))
    return 1 - missing / len(rgb)


def _rows_of_one_colour(rgb: NDArray[np.uint8]) -> int:
    """Return how many rows from the first one on end in the colour of the first row, if that has
    one colour. A row that is there in part does not count as there."""
    if (rgb[0] != rgb[0, 0]).any():
        return 0
    there = (rgb[:, -1] != rgb[0, 0]).any(axis=1)
    return int(there.argmax()) if there.any() else len(rgb)


def lacks_only_its_end(data: bytes, limits: Limits) -> bool:
    """Return whether this is a JPEG with all its pixels, which lacks the marker of its end.

    Bytes behind the pixels change nothing. If pixels are missing, such bytes stand for them. Raises
    DecodeError and the errors of Pillow.
    """
    if not data.startswith(b"\xff\xd8\xff") or JPEG_END in data[-2:]:
        return False
    body = jpeg_body(data)
    return len({_pixel_digest(body + fill * 64 + JPEG_END, limits) for fill in _FILLERS}) == 1


def jpeg_body(data: bytes) -> bytes:
    """Return a JPEG without the first half of a marker that was cut."""
    return data.removesuffix(b"\xff")


def without_torn_segment(data: bytes) -> bytes:
    """Return a JPEG without the table or the header of a scan in which it was cut.

    Pillow would take what it adds as the end for a part of that segment.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        return data
    for marker in (b"\xff\xc4", b"\xff\xda", b"\xff\xdb"):  # no pixel is coded like this
        start = data.rfind(marker, -_LONGEST_SEGMENT)
        if start > 0 and start + 2 + int.from_bytes(data[start + 2 : start + 4]) > len(data):
            return data[:start]
    return data


def _pixel_digest(data: bytes, limits: Limits) -> bytes:
    """Return a digest of all pixels of a JPEG as they are stored."""
    image = Image.open(io.BytesIO(data), formats=("JPEG",))
    needed = decoding_bytes(image, image.size)
    if needed > limits.max_memory:
        raise DecodeError("it needs too much memory")
    digest = xxhash.xxh3_128()
    with hold_memory(needed):
        image.load()
        for strip in strips(image):
            digest.update(strip.tobytes())
    return digest.digest()
