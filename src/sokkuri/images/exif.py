"""Read what a camera wrote into an image file (EXIF) as labelled texts for people.

Takes a file's bytes; returns texts by label.
"""

import math
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

from sokkuri.core.errors import MissingExtraError
from sokkuri.images.decode import open_image
from sokkuri.images.decode_errors import DECODER_ERRORS

_MAX_PNG_CHUNKS = 200_000
"""Parts of a PNG among which its metadata is looked for: those of a file of a gigabyte."""


def summarise_exif(data: bytes) -> dict[str, str]:
    """Return the camera's metadata as texts by label, such as "Camera". Empty without metadata.

    Pixels are not decoded.
    """
    try:
        exif = _read_exif(data)
        tags = dict(exif)
        tags |= exif.get_ifd(ExifTags.IFD.Exif)
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except (*DECODER_ERRORS, MissingExtraError):
        return {}
    texts: dict[str, str] = {}
    for label, format_tag in _LABELS.items():
        with suppress(*DECODER_ERRORS):  # cameras write what they like
            if text := format_tag(tags):
                texts[label] = text
    with suppress(*DECODER_ERRORS):
        texts["Position"] = _format_position(gps)
    return texts


def _read_exif(data: bytes) -> Image.Exif:
    image = open_image(data)
    if not isinstance(image, PngImagePlugin.PngImageFile):
        return image.getexif()
    if "exif" not in image.info and (exif := _find_png_exif(data)):
        image.info["exif"] = exif
    return Image.Image.getexif(image)  # Pillow's own method for PNG would decode the pixels


def _find_png_exif(data: bytes) -> bytes | None:
    """Return the EXIF of a PNG, which may stand behind the pixels."""
    position = 8
    for _ in range(_MAX_PNG_CHUNKS):
        if position + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"eXIf":
            return data[position + 8 : position + 8 + length]
        position += 12 + length
    return None


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return "".join(char for char in text.strip(" \0") if char.isprintable())[:200]


def _number(value: Any) -> float:
    """Return a finite number. Raises one of DECODER_ERRORS, also for 0/0: cameras write that for
    unknown values."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("the value is unknown")
    return number


def _format_camera(exif: Mapping[int, Any]) -> str:
    make, model = (_text(exif.get(tag, "")) for tag in (0x010F, 0x0110))
    return model if model.startswith(make) else f"{make} {model}".strip()


def _format_taken(exif: Mapping[int, Any]) -> str:
    day, _, time = _text(exif.get(0x9003) or exif[0x0132]).partition(" ")
    return f"{day.replace(':', '-')} {time}".strip()


def _format_exposure(exif: Mapping[int, Any]) -> str:
    seconds = _number(exif[0x829A])
    return f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s"


_LABELS: dict[str, Callable[[Mapping[int, Any]], str]] = {
    "Camera": _format_camera,
    "Lens": lambda exif: _text(exif.get(0xA434, "")),
    "Taken": _format_taken,
    "Exposure": _format_exposure,
    "Aperture": lambda exif: f"f/{_number(exif[0x829D]):.2g}",
    "Sensitivity": lambda exif: f"ISO {int(exif[0x8827])}",
    "Focal length": lambda exif: f"{_number(exif[0x920A]):g} mm",
    "Software": lambda exif: _text(exif.get(0x0131, "")),
    "Artist": lambda exif: _text(exif.get(0x013B, "")),
    "Copyright": lambda exif: _text(exif.get(0x8298, "")),
    "Description": lambda exif: _text(exif.get(0x010E, "")),
}
"""How to format each label's tags (EXIF 2.32), in the order of display."""


def _format_position(gps: Mapping[int, Any]) -> str:
    """Return degrees north and east. GPS tags 1 to 4 hold degrees, minutes and seconds."""
    degrees = []
    for letter_tag, value_tag, negative in ((1, 2, "S"), (3, 4, "W")):
        full, minutes, seconds = (_number(part) for part in gps[value_tag])
        size = full + minutes / 60 + seconds / 3600
        degrees.append(-size if gps[letter_tag] == negative else size)
    return f"{degrees[0]:.5f}, {degrees[1]:.5f}"
