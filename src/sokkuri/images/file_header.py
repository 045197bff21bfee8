"""Read from the header of an image file what tells where it comes from.

Takes a file's bytes; returns a FileHeader. Pixels are not decoded.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError
from sokkuri.images import exif_tags as tags
from sokkuri.images.decode_errors import DECODER_ERRORS
from sokkuri.images.exif_tags import read_exif_tags
from sokkuri.images.metadata import local_time, read_blocks, taken_of
from sokkuri.images.open_image import open_image

_EXPOSURE = (tags.EXPOSURE_TIME, tags.F_NUMBER, tags.ISO)


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
        orientation: Any = image.getexif().get(tags.ORIENTATION)  # as the decoder takes it
    except (*DECODER_ERRORS, MissingExtraError):
        return header
    if orientation in range(1, 9):
        header = replace(header, orientation=int(orientation))
    exif = read_exif_tags(read_blocks(data).exif)
    taken = taken_of(exif)
    named = bool(exif.text(tags.MAKE) or exif.text(tags.MODEL))
    exposed = any(tag in exif.photo for tag in _EXPOSURE)
    return replace(
        header,
        camera=named and (exposed or taken is not None),
        taken=0 if taken is None else _digits(local_time(taken)),
    )


def _digits(moment: datetime) -> int:
    """Return the digits of year to second."""
    return moment.year * 10**10 + int(f"{moment:%m%d%H%M%S}")
