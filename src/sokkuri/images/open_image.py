"""Open an image with the reader of its format, which the first bytes tell.

Takes bytes, or an open file; returns a Pillow image of which only the header is read. formats.py
names the formats that Pillow may read.
"""

import io
import threading
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from sokkuri.core.errors import MissingExtraError
from sokkuri.images.formats import FORMATS, HEIF_BRANDS
from sokkuri.images.jpeg_xl import is_jpeg_xl, open_jpeg_xl
from sokkuri.images.pillow_settings import apply_settings
from sokkuri.images.raw import develop, is_raw_file, is_tiff_raw, may_be_raw

_heif_lock = threading.Lock()

apply_settings()


def open_image(data: bytes) -> Image.Image:
    """Return the image with nothing but its header read."""
    return open_file(io.BytesIO(data))


def open_file(file: BinaryIO) -> Image.Image:
    """Return the image of an open file, with nothing but its header read.

    Of a RAW file it is the picture that LibRaw gives. Raises MissingExtraError, and what the
    readers of the formats raise for inconsistent bytes (`DECODER_ERRORS`).
    """
    head = file.read(64)
    file.seek(0)
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and b"avif" not in head[16:]:
        _register_heif()
        return Image.open(file, formats=("HEIF",))
    if is_jpeg_xl(head):
        return open_jpeg_xl(file)
    if may_be_raw(head) and is_raw_file(file):
        if (picture := _picture_of_raw(file.read())) is not None:
            return Image.open(io.BytesIO(picture), formats=("JPEG", "PPM"))
        file.seek(0)
    return Image.open(file, formats=FORMATS)


def _picture_of_raw(data: bytes) -> bytes | None:
    """Return the picture of a RAW file as the bytes of a JPEG or a PPM. None if Pillow should try
    the file: a TIFF may look like a RAW file, and Pillow reads the preview of some RAW files."""
    try:
        return develop(data)
    except (MissingExtraError, UnidentifiedImageError):
        if is_tiff_raw(data):
            return None
        raise


def _register_heif() -> None:
    with _heif_lock:
        if "HEIF" not in Image.OPEN:
            try:
                import pillow_heif  # an optional package: most collections have no HEIC
            except ImportError:
                raise MissingExtraError("HEIC", "heic") from None
            Image.init()
            pillow_heif.register_heif_opener()
