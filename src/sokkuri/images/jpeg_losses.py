"""Give pixels the losses of a JPEG file.

Takes the bytes of a JPEG and pixels; returns the pixels as they come out of a JPEG that was saved
with the same steps. An encoder rounds each frequency of a block to a multiple of its step.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from sokkuri.core.errors import MissingExtraError
from sokkuri.images.decode_errors import DECODER_ERRORS
from sokkuri.images.open_image import open_image

_ORIENTATION = 0x0112  # EXIF
_MOST_STEP = 255
_SAMPLINGS = 0, 1, 2
"""How Pillow names the ways to store colours in fewer pixels, or in all."""


@dataclass(frozen=True, slots=True)
class JpegLosses:
    """How a JPEG in colour was saved.

    tables : steps of each table, as Pillow keeps them: 64 numbers by rows. sampling : Pillow's
    number for the way to store colours in fewer pixels.
    """

    tables: Mapping[int, Sequence[int]]
    sampling: int

    @property
    def step(self) -> float:
        """The mean step of the brightness, in levels. At quality 75 it is 29, at 30 it is 96."""
        return sum(self.tables[0]) / len(self.tables[0])

    def apply(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the pixels with these losses : (H, W, 3) uint8."""
        out = io.BytesIO()
        tables = {number: [*steps] for number, steps in self.tables.items()}
        Image.fromarray(rgb).save(out, "JPEG", qtables=tables, subsampling=self.sampling)
        return np.asarray(Image.open(out, formats=("JPEG",)).convert("RGB"))


def read_jpeg_losses(data: bytes) -> JpegLosses | None:
    """Return how a JPEG in colour was saved; None of another file, or if its pixels lie turned."""
    try:
        image = open_image(data)
        turned = image.getexif().get(_ORIENTATION, 1) != 1
    except (*DECODER_ERRORS, MissingExtraError):
        return None
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode != "RGB" or turned:
        return None
    sampling = JpegImagePlugin.get_sampling(image)
    tables = image.quantization
    if sampling not in _SAMPLINGS or 0 not in tables or not _can_be_saved(tables):
        return None
    return JpegLosses(tables, sampling)


def _can_be_saved(tables: Mapping[int, Sequence[int]]) -> bool:
    """Return whether Pillow can save with these tables: some files have steps of 16 bits."""
    return all(1 <= step <= _MOST_STEP for steps in tables.values() for step in steps)
