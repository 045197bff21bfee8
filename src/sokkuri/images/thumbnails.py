"""Make thumbnails and mosaics of images.

Takes a file's bytes; returns a JPEG. decode.py decodes the pixels.
"""

import io

from PIL import Image

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode, read_size

MOSAIC_BLOCKS = 16
"""Blocks along the longer side: enough for a scene's colours, too few for faces and writing."""

_QUALITY = 80  # of the JPEG
_LARGE = 1024  # pixels of a side from which a thumbnail may be a little smaller
_NEARLY = 0.95  # of the side


def render_thumbnail(data: bytes, side: int, limits: Limits, *, mosaic: bool = False) -> bytes:
    """Return a JPEG of the upright image in sRGB, within a square of `side` pixels. Raises
    DecodeError.

    mosaic : draw the image in blocks. Nothing but the blocks' colours is read from the image, so
    that the details cannot be restored.
    """
    size = read_size(data, PixelSpec(side, side))
    target = _fit_within(*size, side) if mosaic else _fit_quickly(*size, side)
    width, height = _fit_within(*target, MOSAIC_BLOCKS) if mosaic else target
    spec = PixelSpec(height, width, srgb=True, proportional=not mosaic)
    image = Image.fromarray(decode(data, spec, limits).rgb)
    if mosaic:
        image = image.resize(target, Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _fit_within(width: int, height: int, side: int) -> tuple[int, int]:
    """Return width and height scaled down to at most `side`, in the same proportion."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _fit_quickly(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the same; of a large thumbnail up to a twentieth less, if this is a half, a quarter
    or an eighth of the image. A JPEG is decoded at such a size in a fraction of the time."""
    for times in (2, 4, 8):
        parts = -(-width // times), -(-height // times)
        if side >= _LARGE and _NEARLY * side <= max(parts) <= side:
            return parts
    return _fit_within(width, height, side)
