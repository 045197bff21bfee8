"""Write RAW files as cameras do: DNG with a mosaic of colours, and perhaps a preview."""

import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from sokkuri.images import formats

_TYPES = {"B": 1, "s": 2, "H": 3, "I": 4, "R": 5, "r": 10}
_SIZES = {"B": 1, "s": 1, "H": 2, "I": 4, "R": 8, "r": 8}
_DATA = 4_096  # where pixels begin


@contextmanager
def missing(package: str) -> Iterator[None]:
    """Let a package be absent in this process while the block runs."""
    with patch.dict(sys.modules, {package: None}):
        formats._is_installed.cache_clear()
        yield
    formats._is_installed.cache_clear()


def write_dng(rgb: NDArray[np.uint8], preview: bytes = b"", orientation: int = 1) -> bytes:
    """Return a DNG of a picture of even width and height. preview : a JPEG."""
    mosaic = _mosaic(rgb)
    height, width = mosaic.shape
    raw: dict[int, tuple[str, object]] = {
        254: ("I", [0]), 256: ("I", [width]), 257: ("I", [height]), 258: ("H", [16]),
        259: ("H", [1]), 262: ("H", [32803]), 273: ("I", [_DATA]), 277: ("H", [1]),
        278: ("I", [height]), 279: ("I", [mosaic.nbytes]), 284: ("H", [1]),
        33421: ("H", [2, 2]), 33422: ("B", [0, 1, 1, 2]), 50717: ("I", [65535]),
    }  # fmt: skip
    head: dict[int, tuple[str, object]] = {
        271: ("s", b"Example\0"), 272: ("s", b"Example Raw\0"), 274: ("H", [orientation]),
        50706: ("B", [1, 4, 0, 0]), 50707: ("B", [1, 1, 0, 0]), 50708: ("s", b"Example Raw\0"),
        50721: ("r", [3.2405, -1.5371, -0.4985, -0.9693, 1.876, 0.0416, 0.0556, -0.204, 1.0572]),
        50728: ("R", [1, 1, 1]), 50778: ("H", [21]), 34665: ("I", [3_000]),
    }  # fmt: skip
    photo: dict[int, tuple[str, object]] = {
        36867: ("s", b"2022:03:04 05:06:07\0"), 34855: ("H", [800]),
    }  # fmt: skip
    out = bytearray(_DATA) + mosaic.tobytes() + preview
    if preview:
        shown: dict[int, tuple[str, object]] = {
            254: ("I", [1]), 259: ("H", [7]), 262: ("H", [6]), 258: ("H", [8, 8, 8]),
            256: ("I", [width]), 257: ("I", [height]), 277: ("H", [3]), 278: ("I", [height]),
            273: ("I", [_DATA + mosaic.nbytes]), 279: ("I", [len(preview)]), 330: ("I", [2_000]),
        }  # fmt: skip
        _put(out, 8, head | shown)
        _put(out, 2_000, raw)
    else:
        _put(out, 8, head | raw)
    _put(out, 3_000, photo)
    out[:8] = struct.pack("<2sHI", b"II", 42, 8)
    return bytes(out)


def _mosaic(rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the light behind a mosaic of red, green, green and blue, as numbers of 16 bits."""
    light = (rgb / 255.0) ** 2.2 * 65535
    mosaic = light[..., 1].astype("<u2")
    mosaic[::2, ::2] = light[::2, ::2, 0]
    mosaic[1::2, 1::2] = light[1::2, 1::2, 2]
    return mosaic


def _put(out: bytearray, at: int, tags: Mapping[int, tuple[str, object]]) -> None:
    """Write a directory, with its values behind it."""
    free = at + 6 + 12 * len(tags)
    entries = struct.pack("<H", len(tags))
    for tag, (kind, values) in sorted(tags.items()):
        data, count = _packed(kind, values), 0
        count = len(data) // _SIZES[kind]
        if len(data) > 4:
            out[free : free + len(data)] = data
            data, free = struct.pack("<I", free), free + len(data) + len(data) % 2
        entries += struct.pack("<HHI", tag, _TYPES[kind], count) + data.ljust(4, b"\0")
    out[at : at + len(entries) + 4] = entries + bytes(4)


def _packed(kind: str, values: object) -> bytes:
    if isinstance(values, bytes):
        return values
    assert isinstance(values, list)
    if kind in "Rr":
        parts = [part for value in values for part in (round(10_000 * value), 10_000)]
        return struct.pack(f"<{len(parts)}{'I' if kind == 'R' else 'i'}", *parts)
    return struct.pack(f"<{len(values)}{kind}", *values)
