"""Compare two files at up to full size, in all their frames: are they surely the same picture?

Takes the bytes of two files and returns a Verdict. Transparent pictures are compared over white and
over black. Frames of animations and pages of documents are compared one by one.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

import numpy as np

from sokkuri.core.types import Limits, Pixels, PixelSpec
from sokkuri.curation.duplicates.matching.verification import measure_difference
from sokkuri.images.convert import BLACK, WHITE
from sokkuri.images.decode import decode_frames, read_layers

MAX_SIDE = 2048
"""Pixels of the longer side at which pictures are compared, at most."""

MAX_FRAMES = 300
"""Frames that are compared; longer animations and documents are never the same."""

_SAME_SHAPE = 0.03  # share by which a side may differ from the other picture's shape

Size = tuple[int, int]
"""Width and height in pixels."""


class Verdict(Enum):
    """What two files show.

    SAME : the same picture, and enough in it to be sure. DIFFERENT : something differs, if only a
    word. UNKNOWN : too little in them to tell, such as a blank page or a black frame.
    """

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


def compare_full_size(a: bytes, b: bytes, sizes: tuple[Size, Size], limits: Limits) -> Verdict:
    """Return whether two files show the same picture, in another size or encoding at most.

    sizes : of both upright pictures. Raises DecodeError.
    """
    (frames, clear), (other_frames, other_clear) = read_layers(a), read_layers(b)
    spec = _common_spec(sizes)
    if frames != other_frames or frames > MAX_FRAMES or spec is None:
        return Verdict.DIFFERENT
    equal = sizes[0] == sizes[1] == (spec.width, spec.height)
    tells = False
    for ground in (WHITE, BLACK) if clear or other_clear or frames > 1 else (WHITE,):
        for of_a, of_b in _frame_pairs(a, b, replace(spec, ground=ground), limits):
            if of_a.note or of_b.note:  # cut short: a part of the picture is missing
                return Verdict.DIFFERENT
            one, other = of_a.rgb, of_b.rgb
            difference = measure_difference(one, other)
            if not difference.agrees:
                return Verdict.DIFFERENT
            equal = equal and np.array_equal(one, other)
            tells = tells or difference.tells
    return Verdict.SAME if equal or tells else Verdict.UNKNOWN


def _frame_pairs(
    a: bytes, b: bytes, spec: PixelSpec, limits: Limits
) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield the frames of both files, side by side."""
    return zip(decode_frames(a, spec, limits), decode_frames(b, spec, limits), strict=True)


def _common_spec(sizes: tuple[Size, Size]) -> PixelSpec | None:
    """Return the size at which to compare: that of the smaller picture.

    None if their shapes differ.
    """
    (width, height), (other_width, other_height) = sorted(sizes, key=lambda size: size[0] * size[1])
    if abs(width * other_height / (height * other_width) - 1) > _SAME_SHAPE:
        return None
    scale = min(1.0, MAX_SIDE / max(width, height))
    return PixelSpec(
        max(1, round(height * scale)), max(1, round(width * scale)), "bilinear", srgb=True
    )
