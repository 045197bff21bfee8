"""Find the segments of a JPEG that hold metadata.

Takes a file's bytes; returns the bytes of EXIF, XMP and IPTC. Pillow would read all segments, which
takes several times as long.
"""

import re
import struct
from collections.abc import Iterator

_BEGIN = b"\xff\xd8\xff"
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP, _RESOURCE = b"Photoshop 3.0\0", b"8BIM"
_IPTC = 0x0404
_APP1, _APP13, _PIXELS, _END = 0xE1, 0xED, 0xDA, 0xD9
_MAX_SEGMENTS = 1_000
_PADDING = re.compile(rb"\xff{2,}")


def is_jpeg(data: bytes) -> bool:
    """Return whether the bytes begin like a JPEG."""
    return data.startswith(_BEGIN)


def jpeg_metadata(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return EXIF, XMP and IPTC, b"" where there is none. The first segment of a kind counts."""
    exif = xmp = b""
    photoshop: list[bytes] = []
    for marker, start, end in _segments(data):
        if marker == _APP1 and not exif and data.startswith(_EXIF, start):
            exif = data[start:end]
        elif marker == _APP1 and not xmp and data.startswith(_XMP, start):
            xmp = data[start + len(_XMP) : end]
        elif marker == _APP13 and data.startswith(_PHOTOSHOP, start):
            photoshop.append(data[start + len(_PHOTOSHOP) : end])  # long blocks are split
    return exif, xmp, _iptc_of(b"".join(photoshop))


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, the start and the end of the segments before the pixels."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if padding := _PADDING.match(data, at):
            at = padding.end() - 1
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] in (_PIXELS, _END):
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            return
        yield data[at + 1], at + 4, min(at + 2 + length, len(data))
        at += 2 + length


def _iptc_of(resources: bytes) -> bytes:
    """Return the IPTC records among Photoshop's resources."""
    at = 0
    while resources.startswith(_RESOURCE, at) and at + 12 <= len(resources):
        (kind,) = struct.unpack_from(">H", resources, at + 4)
        at += 6 + (resources[at + 6] + 2) // 2 * 2  # the name: its length, then an even number
        if at + 4 > len(resources):
            break
        (size,) = struct.unpack_from(">I", resources, at)
        if kind == _IPTC:
            return resources[at + 4 : at + 4 + size]
        at += 4 + (size + 1) // 2 * 2
    return b""
