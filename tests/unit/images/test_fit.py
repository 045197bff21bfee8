"""Images of any shape in the shape that a network takes: squashed, cropped or padded."""

import io

import numpy as np
import pytest
from draw_images import draw
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sokkuri.core.types import Limits, PixelSpec, Resize
from sokkuri.images.decode import decode
from sokkuri.images.fit import corners, fit

_ORIENTATIONS = range(1, 9)
_TURNS = {
    1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2), 8: lambda a: np.rot90(a, -1),
}  # fmt: skip
"""What a camera that was held so stores of an upright picture, by the EXIF orientation."""


def encoded(rgb: NDArray[np.uint8], orientation: int = 1) -> bytes:
    """Return the upright picture as a PNG that is stored in this orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    stored = np.ascontiguousarray(_TURNS[orientation](rgb))
    Image.fromarray(stored).save(file, "PNG", exif=exif)
    return file.getvalue()


def decoded(rgb: NDArray[np.uint8], resize: Resize, orientation: int = 1) -> NDArray[np.uint8]:
    spec = PixelSpec(32, 32, "bilinear", resize=resize, fill=(1, 2, 3))
    return decode(encoded(rgb, orientation), spec, Limits()).rgb


@pytest.mark.parametrize(("width", "height"), [(101, 64), (64, 101), (50, 50), (400, 33), (9, 20)])
def test_a_crop_is_the_middle_of_the_image_at_the_size_where_its_shorter_side_fits(
    width: int, height: int
) -> None:
    """Compared with torchvision's steps: resize the shorter side, then cut the middle out."""
    rgb = draw(0, width, height)
    side = (32, int(32 * height / width)) if width <= height else (int(32 * width / height), 32)
    whole = Image.fromarray(rgb).resize(side, Image.Resampling.BILINEAR)
    left, top = round((side[0] - 32) / 2), round((side[1] - 32) / 2)
    expected = np.asarray(whole.crop((left, top, left + 32, top + 32)), np.int16)
    assert abs(decoded(rgb, "shortest-crop") - expected).max() <= 1


def test_a_crop_can_be_smaller_than_the_shorter_side() -> None:
    """As DINOv2's: the shorter side becomes 40 pixels, and the middle 32 x 32 are cut out."""
    rgb = draw(3, 90, 60)
    spec = PixelSpec(32, 32, "bilinear", resize="shortest-crop", shortest=40)
    whole = Image.fromarray(rgb).resize((60, 40), Image.Resampling.BILINEAR)
    expected = np.asarray(whole.crop((14, 4, 46, 36)), np.int16)
    assert abs(decode(encoded(rgb), spec, Limits()).rgb - expected).max() <= 1


def test_a_padded_image_is_whole_on_the_fill() -> None:
    rgb = draw(1, 80, 39)
    padded = decoded(rgb, "pad")
    inner = Image.fromarray(rgb).resize((32, 16), Image.Resampling.BILINEAR)
    assert (padded[8:24] == np.asarray(inner)).all()
    assert (padded[:8] == (1, 2, 3)).all()
    assert (padded[24:] == (1, 2, 3)).all()


@pytest.mark.parametrize("resize", ["squash", "shortest-crop", "pad"])
def test_a_turned_file_gives_the_pixels_of_the_upright_one(resize: Resize) -> None:
    rgb = draw(2, 91, 47)
    upright = decoded(rgb, resize).astype(np.int16)
    for orientation in _ORIENTATIONS:
        turned = decoded(rgb, resize, orientation)
        assert turned.shape == (32, 32, 3)
        assert abs(turned - upright).max() <= 2, orientation


@given(
    st.tuples(st.integers(1, 70_000), st.integers(1, 70_000)),
    st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    st.sampled_from(["squash", "shortest-crop", "pad"]),
)
def test_the_part_lies_in_the_image_and_what_is_made_never_exceeds_the_wanted_size(
    size: tuple[int, int], wanted: tuple[int, int], resize: Resize
) -> None:
    fitted = fit(size, PixelSpec(wanted[1], wanted[0], resize=resize))
    left, top, right, bottom = corners(fitted.region, size)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert 1 <= fitted.size[0] <= wanted[0]
    assert 1 <= fitted.size[1] <= wanted[1]
    if resize != "pad":
        assert fitted.size == wanted
