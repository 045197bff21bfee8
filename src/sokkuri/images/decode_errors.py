"""Why the bytes of an image are not decoded, in words for a person.

Takes the errors of Pillow's format readers, or bytes that none of them recognises.
"""

import struct
import zlib

from PIL import Image, ImageCms

from sokkuri.core.types import Limits
from sokkuri.images.formats import (
    HEIF_BRANDS,
    SUPPORTED_SIGNATURES,
    damaged_text,
    unsupported_text,
)

CUT_SHORT = "the file is cut short"
_JPEG_2000 = (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51")

DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError,
    OverflowError, ZeroDivisionError, NotImplementedError, RuntimeError, AssertionError,
    struct.error, zlib.error, SystemError, ImageCms.PyCMSError,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow's format readers raise for inconsistent bytes, which they check little."""


def too_much_memory_text(
    image: Image.Image, size: tuple[int, int], needed: int, limits: Limits
) -> str:
    """Return why an image is not decoded that needs `needed` bytes. size : its width and height."""
    return (
        f"{size[0]:,} x {size[1]:,} pixels as {image.format} need {needed / 2**20:,.0f} MiB of "
        f"memory, more than the limit of {limits.max_memory / 2**20:,.0f}"
    )


def unrecognised_text(data: bytes) -> str:
    """Return why these bytes are not an image: what they look like instead."""
    if (cut := cut_text(data)) is not None:
        return cut
    if (unsupported := unsupported_text(data)) is not None:
        return unsupported
    for start, name in SUPPORTED_SIGNATURES.items():
        if data.startswith(start):
            return damaged_text(name)
    head = data[:256]
    if all(byte in b"\t\n\r\f\x1b" or byte >= 32 for byte in head) and b"\x7f" not in head:
        try:
            head.decode("utf-8", "strict")
        except UnicodeDecodeError as error:
            if error.start < len(head) - 3:
                return "it is not an image that sokkuri can read"
        return "it is not an image: it looks like a text file"
    return "it is not an image that sokkuri can read"


def decoder_text(error: BaseException, data: bytes) -> str:
    """Return in one line why the format reader of these bytes raised the error."""
    if (cut := cut_text(data)) is not None:
        return cut
    if (unsupported := unsupported_text(data)) is not None:
        return unsupported
    text = " ".join(str(error).split())
    text = "".join(char if char.isprintable() else "?" for char in text)
    if len(text) > 150:
        text = f"{text[:149]}…"
    lower = text.lower()
    if isinstance(error, EOFError) or "truncated" in lower or "not enough" in lower:
        return CUT_SHORT
    if isinstance(error, NotImplementedError) or "unsupported" in lower or "not support" in lower:
        return f"its kind is not supported: {text or type(error).__name__}"
    return f"the image is damaged: {text or type(error).__name__}"


def cut_text(data: bytes) -> str | None:
    """Return why a file that lacks its end is not decoded, if it is of a format read only whole.

    None for other formats, and for files that are as long as they say.
    """
    kind = _cut_format(data)
    return None if kind is None else f"{CUT_SHORT}, and only whole {kind} files can be read"


def _cut_format(data: bytes) -> str | None:
    """Return the name of the format of a file that tells its length and is shorter."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP" if int.from_bytes(data[4:8], "little") + 8 > len(data) else None
    if data.startswith(_JPEG_2000):
        return None if data.endswith(b"\xff\xd9") else "JPEG 2000"
    is_avif = b"avif" in data[8:64]
    if data[4:8] == b"ftyp" and (is_avif or data[8:12] in HEIF_BRANDS) and _lacks_box(data):
        return "AVIF" if is_avif else "HEIC"
    return None


def _lacks_box(data: bytes) -> bool:
    """Return whether the last box of an ISO media file (ISO/IEC 14496-12) is longer than what is
    there."""
    end = 0
    while end < len(data):
        length = int.from_bytes(data[end : end + 4], "big")
        if length == 0:  # up to the end of the file
            return False
        if length == 1:
            length = int.from_bytes(data[end + 8 : end + 16], "big")
        end += max(length, 8)
    return end > len(data)
