"""Orientations: eight, closed under composition, and the same as those of EXIF."""

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from sokkuri.curation.duplicates.orientation import ORIENTATIONS, Orientation

PIXELS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)


@pytest.mark.parametrize("first", ORIENTATIONS)
@pytest.mark.parametrize("second", ORIENTATIONS)
def test_one_after_the_other_is_one_orientation(first: Orientation, second: Orientation) -> None:
    both = first.then(second)
    np.testing.assert_array_equal(both.apply(PIXELS), second.apply(first.apply(PIXELS)))
    assert first.then(first.inverse) == Orientation()
    assert both.sideways == (first.sideways != second.sideways)


@pytest.mark.parametrize("one", ORIENTATIONS)
def test_the_corner_is_where_the_top_left_pixel_goes(one: Orientation) -> None:
    turned = one.apply(PIXELS)
    right, bottom = one.corner
    assert (turned[-1 if bottom else 0, -1 if right else 0] == PIXELS[0, 0]).all()


@pytest.mark.parametrize("value", range(1, 9))
def test_exif_turns_the_same_way(value: int) -> None:
    image = Image.fromarray(PIXELS)
    image.getexif()[ExifTags.Base.Orientation] = value
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(Orientation.of_exif(value).apply(PIXELS), expected)


@pytest.mark.parametrize(
    ("degrees", "quarters"), [(-1.5, 0), (88, 1), (-179, 2), (181, 2), (-91, 3)]
)
def test_the_nearest_orientation_of_an_angle(degrees: float, quarters: int) -> None:
    assert Orientation.nearest(True, degrees) == Orientation(True, quarters)
