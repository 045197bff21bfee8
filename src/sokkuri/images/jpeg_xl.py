"""Read JPEG XL files (ISO/IEC 18181) through libjxl, and find the metadata in them.

Takes an open file or its bytes; returns a Pillow image of which only the header is read, or blocks
of metadata. The packages pylibjxl and brotli are optional.
"""

import threading
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from PIL import Image

from sokkuri.core.errors import MissingExtraError

FORMAT = "JXL"
_CODESTREAM = b"\xff\x0a"
_CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_EXIF, _XMP, _COMPRESSED = b"Exif", b"xml ", b"brob"
_METADATA = (_EXIF, _XMP)
"""Types of boxes (ISO/IEC 18181-2)."""

_MOST_BYTES = 4 * 2**20  # of metadata after decompression: a hostile box can grow a thousandfold
_MOST_BOXES = 10_000  # that are looked at: a hostile file could have millions
_lock = threading.Lock()


def is_jpeg_xl(head: bytes) -> bool:
    """Return whether a file with these first bytes, 12 or more, is a JPEG XL file."""
    return head.startswith((_CODESTREAM, _CONTAINER))


def open_jpeg_xl(file: BinaryIO) -> Image.Image:
    """Return the image of a JPEG XL file. libjxl turns it upright when its pixels are read.

    Raises MissingExtraError without the package pylibjxl, RuntimeError for damaged bytes.
    """
    with _lock:
        if FORMAT not in Image.OPEN:
            try:
                import pylibjxl  # an optional package: most collections have no JPEG XL
            except ImportError:
                raise MissingExtraError("JPEG XL", "jxl") from None
            pylibjxl.register_pillow()
    return Image.open(file, formats=(FORMAT,))


def jpeg_xl_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the EXIF and the XMP of a JPEG XL file, b"" where there is none.

    The first box of a kind counts. Without the package brotli, compressed metadata is left out.
    """
    boxes: dict[bytes, bytes] = {}
    for kind, content in islice(_boxes(data), _MOST_BOXES) if data.startswith(_CONTAINER) else ():
        named = content[:4] if kind == _COMPRESSED else kind
        if named in _METADATA and named not in boxes:
            boxes[named] = content if named == kind else _decompress(content[4:])
    exif = boxes.get(_EXIF, b"")  # begins with the place of the EXIF behind these four bytes
    return exif[4 + int.from_bytes(exif[:4], "big") :], boxes.get(_XMP, b"")


def _decompress(data: bytes) -> bytes:
    """Return the content of a compressed box, b"" if it is damaged or grows too large."""
    try:
        import brotli  # an optional package, see above
    except ImportError:
        return b""
    stream = brotli.Decompressor()
    try:
        content: bytes = stream.process(data, output_buffer_limit=_MOST_BYTES)
    except brotli.error:
        return b""
    return content if stream.is_finished() else b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the content of each box of a container (ISO/IEC 14496-12)."""
    start = 0
    while start + 8 <= len(data):
        length, begin = int.from_bytes(data[start : start + 4], "big"), start + 8
        if length == 1:
            length, begin = int.from_bytes(data[begin : begin + 8], "big"), start + 16
        end = start + length if length else len(data)
        if end < begin:  # a damaged file: a box is as long as its header at least
            return
        yield data[start + 4 : start + 8], data[begin:end]
        start = end
