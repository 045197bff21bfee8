"""Pictures as people look at them: thumbnails, mosaics, and what a camera wrote into the file.

Takes a file's bytes; hands on a JPEG, or labelled texts. The pixels come from decode.py.
"""

import io
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image

from sokkuri.core.errors import MissingExtraError
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import BROKEN, decode, header, measure

MOSAIC_BLOCKS = 16
"""Along the longer side: a scene's colours are seen, faces and writing are not."""

_QUALITY = 80


def thumbnail(data: bytes, side: int, limits: Limits, *, mosaic: bool = False) -> bytes:
    """A JPEG of the picture upright, within a square of `side` pixels. Raises DecodeError.

    mosaic : in blocks. Their colours are all that is read from the picture, so nothing can bring
    it back.
    """
    wide, high = measure(data, PixelSpec(side, side))
    target = _within(wide, high, side)
    width, height = _within(*target, MOSAIC_BLOCKS) if mosaic else target
    image = Image.fromarray(decode(data, PixelSpec(height, width), limits).rgb)
    if mosaic:
        image = image.resize(target, Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _within(width: int, height: int, side: int) -> tuple[int, int]:
    """The same shape, no longer than `side`."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def exif_summary(data: bytes) -> dict[str, str]:
    """What the camera wrote, label by label; empty where it wrote nothing that can be read."""
    try:
        exif = header(data).getexif()
        base = dict(exif)
        base |= exif.get_ifd(ExifTags.IFD.Exif)
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except (*BROKEN, MissingExtraError):
        return {}
    found: dict[str, str] = {}
    for label, tell in _LABELS.items():
        with suppress(*BROKEN):  # cameras write what they like
            if text := tell(base):
                found[label] = text
    with suppress(*BROKEN):
        found["Position"] = _position(place)
    return found


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return "".join(one for one in text.strip(" \0") if one.isprintable())[:200]


def _number(value: Any) -> float:
    """Raises one of BROKEN for 0/0 too, which cameras write for what they do not know."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("it is not known")
    return number


def _camera(exif: Mapping[int, Any]) -> str:
    make, model = (_text(exif.get(tag, "")) for tag in (0x010F, 0x0110))
    return model if model.startswith(make) else f"{make} {model}".strip()


def _taken(exif: Mapping[int, Any]) -> str:
    day, _, time = _text(exif.get(0x9003) or exif[0x0132]).partition(" ")
    return f"{day.replace(':', '-')} {time}".strip()


def _exposure(exif: Mapping[int, Any]) -> str:
    seconds = _number(exif[0x829A])
    return f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s"


_LABELS: dict[str, Callable[[Mapping[int, Any]], str]] = {
    "Camera": _camera,
    "Lens": lambda exif: _text(exif.get(0xA434, "")),
    "Taken": _taken,
    "Exposure": _exposure,
    "Aperture": lambda exif: f"f/{_number(exif[0x829D]):.2g}",
    "Sensitivity": lambda exif: f"ISO {int(exif[0x8827])}",
    "Focal length": lambda exif: f"{_number(exif[0x920A]):g} mm",
    "Software": lambda exif: _text(exif.get(0x0131, "")),
    "Artist": lambda exif: _text(exif.get(0x013B, "")),
    "Copyright": lambda exif: _text(exif.get(0x8298, "")),
    "Description": lambda exif: _text(exif.get(0x010E, "")),
}
"""EXIF 2.32, by tag: what is shown of it, in this order."""


def _position(place: Mapping[int, Any]) -> str:
    """Degrees north and east, from degrees, minutes and seconds (tags 1 to 4 of the GPS part)."""
    degrees = []
    for letter, value, negative in ((1, 2, "S"), (3, 4, "W")):
        whole, minutes, seconds = (_number(part) for part in place[value])
        size = whole + minutes / 60 + seconds / 3600
        degrees.append(-size if place[letter] == negative else size)
    return f"{degrees[0]:.5f}, {degrees[1]:.5f}"
