"""Read RAW files of cameras through LibRaw: their preview, or a rendering at half the size.

Takes a file's bytes; returns the bytes of a JPEG or a PPM that the other modules read in its place.
The package rawpy is optional.
"""

import io
import mmap
import struct
import threading
from typing import Any, BinaryIO

import xxhash
from PIL import Image, UnidentifiedImageError

from sokkuri.core.errors import MissingExtraError
from sokkuri.images import exif_tags as tags
from sokkuri.images.decode_errors import DECODER_ERRORS
from sokkuri.images.memory import hold_memory

_SIGNATURES = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")
_TIFF = (b"II*\0", b"MM\0*")
_LEAST_SIDE = 1_000
"""Pixels of the longer side from which a preview is large enough. A smaller preview is large enough
if it has half of the sensor's longer side."""

_BYTES = 12  # of memory that LibRaw holds for each pixel of the sensor
_TURNS = {3: 3, 5: 8, 6: 6}
"""EXIF's numbers of the turns, by those of LibRaw."""

_latest = threading.local()


def may_be_raw(head: bytes) -> bool:
    """Return whether a file with these first bytes, 12 or more, may be a RAW file."""
    is_crx = head[4:8] == b"ftyp" and head[8:11] == b"crx"
    return is_crx or head.startswith((*_TIFF, *_SIGNATURES))


def is_raw_file(file: BinaryIO) -> bool:
    """Return whether an open file is a camera's RAW file.

    A file on disk is not read whole: a TIFF may have gigabytes. Raises OSError.
    """
    if isinstance(file, io.BytesIO):
        return is_raw(file.getvalue())
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return is_raw(data)


def is_raw(data: bytes | mmap.mmap) -> bool:
    """Return whether these are the bytes of a camera's RAW file."""
    if data[:4] in _TIFF:
        return data[8:10] == b"CR" or tags.has_raw_pixels(data)
    return may_be_raw(data[:12])


def is_tiff_raw(data: bytes) -> bool:
    """Return whether a RAW file has the structure of a TIFF that Pillow reads in part."""
    return data.startswith(_TIFF) and data[8:10] != b"CR"


def develop(data: bytes) -> bytes:
    """Return the picture of a RAW file as the bytes of a JPEG or a PPM.

    The picture is the embedded preview if it is large enough, else a rendering at half the size, in
    sRGB.

    Raises MissingExtraError without the package rawpy, UnidentifiedImageError for a file that
    LibRaw cannot read, DecompressionBombError for one with too many pixels.
    """
    digest = xxhash.xxh3_128_digest(data)
    if getattr(_latest, "digest", b"") != digest:  # an image is opened several times in a row
        _latest.picture = _develop(data)
        _latest.digest = digest
    picture: bytes = _latest.picture
    return picture


def _develop(data: bytes) -> bytes:
    try:
        import rawpy  # an optional package: most collections have no RAW files
    except ImportError:
        raise MissingExtraError("RAW", "raw") from None
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            preview = _preview(rawpy, raw)
            return preview if preview is not None else _render(raw)
    except Image.DecompressionBombError:
        raise
    except (rawpy.LibRawError, *DECODER_ERRORS) as error:
        raise UnidentifiedImageError(f"LibRaw cannot read it: {error}") from None


def _preview(rawpy: Any, raw: Any) -> bytes | None:
    """Return the embedded JPEG with the turn of the picture. None if there is none, or if it is too
    small."""
    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if found.format is not rawpy.ThumbFormat.JPEG:
        return None
    jpeg = bytes(found.data)
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
            size, turn = opened.size, opened.getexif().get(tags.ORIENTATION, 1)
    except DECODER_ERRORS:
        return None
    sensor = raw.sizes.width, raw.sizes.height
    if max(size) < min(_LEAST_SIDE, max(sensor) // 2):
        return None
    wanted = _TURNS.get(raw.sizes.flip, 1)
    is_upright = wanted > 4 and (size[0] > size[1]) != (sensor[0] > sensor[1])
    if is_upright:  # LibRaw writes the turn into a preview that has none, whatever its shape
        return _turned(jpeg, 1)
    return jpeg if turn != 1 or wanted == 1 else _turned(jpeg, wanted)


def _turned(jpeg: bytes, turn: int) -> bytes:
    """Return the JPEG with an EXIF orientation."""
    entry = struct.pack(">HHIHH", tags.ORIENTATION, 3, 1, turn, 0)
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + jpeg[2:]


def _render(raw: Any) -> bytes:
    """Return the picture of the sensor at half the size, upright, as a PPM.

    Raises DecompressionBombError above Pillow's limit of pixels: nothing is allocated yet.
    """
    count = raw.sizes.raw_width * raw.sizes.raw_height
    if count > (Image.MAX_IMAGE_PIXELS or count):
        raise Image.DecompressionBombError(f"{count} pixels")
    with hold_memory(count * _BYTES):
        rgb = raw.postprocess(half_size=True, use_camera_wb=True)
    height, width = rgb.shape[:2]
    pixels: bytes = rgb.tobytes()
    return b"P6 %d %d 255\n" % (width, height) + pixels
