"""The picture of a film's frame as the bytes of a file: a TIFF without compression.

The bytes follow from the pixels, the time in the film and when it was shot, on every machine. So
they have a digest as the bytes of an image file have one, and all modules that read images read
frames.
"""

import struct
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

_HEAD = b"II*\0"
_MARK = b"sokkuri frame of "  # after the header of the TIFF, before its first directory
_KIND_BYTES = 8
_BYTE_SIZES = {2: 1, 3: 2, 4: 4}  # of the types ASCII, SHORT and LONG
_EXIF = 34665


def frame_picture(
    rgb: NDArray[np.uint8], kind: str, milliseconds: int, taken: datetime | None
) -> bytes:
    """Return the file of a frame.

    rgb : (H, W, 3). kind : of the film, such as `mp4`. milliseconds : of the frame in the film.
    taken : when the frame was shot, in local time, with the offset from UTC if it is known.
    """
    height, width = rgb.shape[:2]
    mark = _MARK + kind.encode("ascii", "ignore")[:_KIND_BYTES].ljust(_KIND_BYTES, b"\0")
    mark += b"\0" * (-len(mark) % 2) + struct.pack("<Q", milliseconds)
    entries: list[tuple[int, int, bytes | int]] = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, struct.pack("<3H", 8, 8, 8)),
        (259, 3, 1),
        (262, 3, 2),
        (273, 4, 0),  # where the pixels are, set below
        (277, 3, 3),
        (278, 4, height),
        (279, 4, rgb.nbytes),
    ]
    start = len(_HEAD) + 4 + len(mark)
    exif = b""
    if taken is not None:
        exif = _directory(_taken_entries(taken), start)
        entries.append((_EXIF, 4, start))
    first = start + len(exif)
    end = first + len(_directory(entries, first))
    entries[5] = (273, 4, end)
    head = _HEAD + struct.pack("<I", first) + mark + exif + _directory(entries, first)
    return head + np.ascontiguousarray(rgb).tobytes()


def film_kind(data: bytes) -> str:
    """Return the kind of the film that these bytes are a frame of, "" for other files."""
    at = len(_HEAD) + 4
    if data[: len(_HEAD)] != _HEAD or data[at : at + len(_MARK)] != _MARK:
        return ""
    at += len(_MARK)
    return data[at : at + _KIND_BYTES].rstrip(b"\0").decode("ascii", "ignore")


def _taken_entries(taken: datetime) -> list[tuple[int, int, bytes | int]]:
    entries: list[tuple[int, int, bytes | int]] = [
        (0x9003, 2, f"{taken:%Y:%m:%d %H:%M:%S}\0".encode())
    ]
    if (offset := taken.strftime("%z")) != "":
        entries.append((0x9011, 2, f"{offset[:3]}:{offset[3:5]}\0".encode()))
    entries.append((0x9291, 2, f"{taken.microsecond // 1000:03}\0".encode()))
    return entries


def _directory(entries: list[tuple[int, int, bytes | int]], start: int) -> bytes:
    """Return a directory of a TIFF, and the values that do not fit into it. start : its offset."""
    table, values = b"", b""
    at = start + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        if isinstance(value, int):
            table += struct.pack("<HHII", tag, kind, 1, value)
            continue
        count = len(value) // _BYTE_SIZES[kind]
        if len(value) <= 4:
            table += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
            continue
        table += struct.pack("<HHII", tag, kind, count, at + len(values))
        values += value + b"\0" * (len(value) % 2)
    return struct.pack("<H", len(entries)) + table + bytes(4) + values
