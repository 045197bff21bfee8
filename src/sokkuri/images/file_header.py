"""Read from the header of an image file what tells where it comes from.

Takes a file's bytes; returns a FileHeader. Pixels are not decoded.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags

from sokkuri.core.errors import MissingExtraError
from sokkuri.images.decode import open_image
from sokkuri.images.decode_errors import DECODER_ERRORS

_EXPOSURE = (
    ExifTags.Base.ExposureTime, ExifTags.Base.FNumber, ExifTags.Base.ISOSpeedRatings,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class FileHeader:
    """The header of an image file.

    format : Pillow's name, "" if it cannot be read. camera : whether it names a camera, and how or
    when the picture was taken. taken : when, as the digits of year to second; 0 if unknown.
    quantisation : (8, 8) steps of a JPEG's brightness, rows by vertical frequency; None for others.
    orientation : how to turn the stored picture upright, 1 to 8 as in EXIF.
    """

    format: str = ""
    camera: bool = False
    taken: int = 0
    quantisation: NDArray[np.int64] | None = None
    orientation: int = 1


def read_file_header(data: bytes) -> FileHeader:
    """Return the header of an image file. What is damaged counts as absent."""
    header = FileHeader()
    try:
        image = open_image(data)
        header = replace(header, format=image.format or "")
        tables: dict[int, Any] = getattr(image, "quantization", None) or {}
        if 0 in tables:
            header = replace(header, quantisation=np.array(tables[0], np.int64).reshape(8, 8))
        exif = image.getexif()
        tags = exif.get_ifd(ExifTags.IFD.Exif)
    except (*DECODER_ERRORS, MissingExtraError):
        return header
    orientation: Any = exif.get(ExifTags.Base.Orientation)
    if orientation in range(1, 9):
        header = replace(header, orientation=int(orientation))
    digits = filter(str.isdecimal, str(tags.get(ExifTags.Base.DateTimeOriginal, "")))
    taken = int("".join(digits)[:14] or 0)
    named = bool(exif.get(ExifTags.Base.Make) or exif.get(ExifTags.Base.Model))
    exposed = any(tag in tags for tag in _EXPOSURE)
    return replace(header, camera=named and (exposed or taken > 0), taken=taken)
