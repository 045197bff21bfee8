"""Read chosen tags of EXIF data, which has the structure of a TIFF file.

Takes bytes and returns values by tag. Reads only the wanted tags, at most three directories, and a
bounded part of each value, so that no file takes much time or memory. Damaged values are left out.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import mmap
from typing import TypeAlias

MAKE, MODEL, ORIENTATION, SOFTWARE, ARTIST = 0x010F, 0x0110, 0x0112, 0x0131, 0x013B
DESCRIPTION, COPYRIGHT, RATING, WINDOWS_KEYWORDS = 0x010E, 0x8298, 0x4746, 0x9C9E
CHANGED = 0x0132
TAKEN, TAKEN_FRACTION, TAKEN_OFFSET = 0x9003, 0x9291, 0x9011
EXPOSURE_TIME, F_NUMBER, ISO, ISO_ABOVE_65535, FOCAL_LENGTH, LENS = (
    0x829A, 0x829D, 0x8827, 0x8832, 0x920A, 0xA434,
)  # fmt: skip
IPTC_OF_TIFF = 0x83BB
LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE = 1, 2, 3, 4

_OF_IMAGE = frozenset(
    [
        MAKE, MODEL, ORIENTATION, SOFTWARE, ARTIST, DESCRIPTION, COPYRIGHT, RATING,
        WINDOWS_KEYWORDS, IPTC_OF_TIFF, CHANGED,
    ]
)  # fmt: skip
_OF_PHOTO = frozenset(
    [
        TAKEN, TAKEN_FRACTION, TAKEN_OFFSET, EXPOSURE_TIME, F_NUMBER, ISO, ISO_ABOVE_65535,
        FOCAL_LENGTH, LENS,
    ]
)  # fmt: skip
_OF_PLACE = frozenset([LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE])
_PHOTO_DIRECTORY, _PLACE_DIRECTORY = 0x8769, 0x8825

_SUBFILE, _COLOURS, _OTHER_DIRECTORIES, _DNG = 0x00FE, 0x0106, 0x014A, 0xC612
_OF_RAW = frozenset([_SUBFILE, _COLOURS, _OTHER_DIRECTORIES, _DNG])
_MOSAICS = (32803, 34892)  # PhotometricInterpretation of a sensor's pixels: CFA, LinearRaw

_ORDERS = {
    b"II*\0": "<", b"MM\0*": ">",
    b"IIRO": "<", b"IIRS": "<", b"MMOR": ">", b"IIU\0": "<",
}  # fmt: skip
"""The order of bytes by the first bytes: TIFF, and RAW files of Olympus and Panasonic."""

_MAX_TAGS = 4_096  # of a directory
_MAX_BYTES = 65_536  # of a value
_MAX_NUMBERS = 16  # of a value
_NUMBERS = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_RATIOS = {5: "I", 10: "i"}
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value's parts, by type (TIFF 6.0)."""

Value: TypeAlias = bytes | tuple[float, ...]
"""The bytes of a text, or numbers."""


@dataclass(frozen=True, slots=True)
class ExifTags:
    """Values by tag: of the image, of the photo, and of the place where it was taken."""

    image: dict[int, Value] = field(default_factory=dict)
    photo: dict[int, Value] = field(default_factory=dict)
    place: dict[int, Value] = field(default_factory=dict)

    def text(self, tag: int) -> str:
        """Return a tag of image or photo as text, "" if it is absent or no text."""
        return text_of(self.photo.get(tag, self.image.get(tag)))

    def number(self, tag: int) -> float | None:
        """Return a tag of image or photo as a number, None if it is absent or unknown."""
        return number_of(self.photo.get(tag, self.image.get(tag)))


def read_exif_tags(data: bytes) -> ExifTags:
    """Return the wanted tags of EXIF data, with or without the marker "Exif" before it."""
    block = memoryview(data.removeprefix(b"Exif\0\0"))
    order = _ORDERS.get(bytes(block[:4]))
    if order is None or len(block) < 8:
        return ExifTags()
    wanted = _OF_IMAGE | {_PHOTO_DIRECTORY, _PLACE_DIRECTORY}
    (first,) = struct.unpack_from(order + "I", block, 4)
    image = _read_directory(block, order, first, wanted)
    photo, place = (
        _read_directory(block, order, int(at), tags)
        if (at := number_of(image.pop(pointer, None))) is not None
        else {}
        for pointer, tags in ((_PHOTO_DIRECTORY, _OF_PHOTO), (_PLACE_DIRECTORY, _OF_PLACE))
    )
    return ExifTags(image, photo, place)


def has_raw_pixels(data: bytes | mmap) -> bool:
    """Return whether a file with the structure of a TIFF holds the pixels of a camera's sensor."""
    block = memoryview(data)
    order = _ORDERS.get(bytes(block[:4]))
    if order is None or len(block) < 8:
        return False
    (first,) = struct.unpack_from(order + "I", block, 4)
    found = _read_directory(block, order, first, _OF_RAW)
    kind, colours = number_of(found.get(_SUBFILE)), number_of(found.get(_COLOURS))
    is_preview = kind == 1 and _OTHER_DIRECTORIES in found  # the other has the pixels
    return _DNG in found or colours in _MOSAICS or is_preview


def text_of(value: Value | None) -> str:
    """Return the text of a value, up to its first NUL. "" if the value is no text."""
    if not isinstance(value, bytes):
        return ""
    return decoded(value.split(b"\0", 1)[0])


def decoded(text: bytes) -> str:
    """Return bytes as text. Cameras write ASCII; programs write UTF-8 or Latin-1."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def number_of(value: Value | None) -> float | None:
    """Return the first number of a value. None if there is none, and for 0/0: cameras write that
    for unknown values."""
    if not isinstance(value, tuple) or not value or not math.isfinite(value[0]):
        return None
    return value[0]


def _read_directory(
    block: memoryview, order: str, at: int, wanted: frozenset[int]
) -> dict[int, Value]:
    values: dict[int, Value] = {}
    for tag, kind, count, place in _entries(block, order, at):
        if tag not in wanted or tag in values or not count:
            continue
        size = _BYTES.get(kind, 0) * count
        start = place if size <= 4 else struct.unpack_from(order + "I", block, place)[0]
        raw = bytes(block[start : start + min(size, _MAX_BYTES)])
        if kind in (1, 2, 7):
            values[tag] = raw
        elif numbers := _numbers(raw, order, kind, min(count, _MAX_NUMBERS)):
            values[tag] = numbers
    return values


def _entries(block: memoryview, order: str, at: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, type, count and place of the value, for each entry of a directory."""
    if not 0 <= at <= len(block) - 2:
        return
    (count,) = struct.unpack_from(order + "H", block, at)
    for start in range(at + 2, at + 2 + 12 * min(count, _MAX_TAGS), 12):
        if start + 12 > len(block):
            return
        yield *struct.unpack_from(order + "HHI", block, start), start + 8


def _numbers(raw: bytes, order: str, kind: int, count: int) -> tuple[float, ...]:
    if kind in _NUMBERS:
        count = min(count, len(raw) // _BYTES[kind])
        return struct.unpack_from(f"{order}{count}{_NUMBERS[kind]}", raw)
    if kind not in _RATIOS:
        return ()
    count = min(count, len(raw) // 8)
    parts = struct.unpack_from(f"{order}{2 * count}{_RATIOS[kind]}", raw)
    return tuple(
        over / under if under else math.nan
        for over, under in zip(parts[::2], parts[1::2], strict=True)
    )
