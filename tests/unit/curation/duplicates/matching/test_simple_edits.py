"""A blurred or brighter copy is explained by the same edit; another picture is not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from textured_images import picture

from sokkuri.curation.duplicates.matching.simple_edits import is_simple_edit


def photo(seed: int = 3) -> Image.Image:
    """Return a picture as soft as a lens shows it."""
    return picture(seed).filter(ImageFilter.GaussianBlur(1))


def explained(a: Image.Image, b: Image.Image) -> bool:
    """Return whether the second picture, saved as a JPEG, is explained, in either order."""
    out = io.BytesIO()
    b.save(out, "JPEG", quality=85)
    one, other = np.asarray(a), np.asarray(Image.open(out).convert("RGB"))
    found = is_simple_edit(one, other)
    assert found == is_simple_edit(other, one)
    return found


def edited(image: Image.Image, blur: float, light: float) -> Image.Image:
    return ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(blur))).enhance(light)


@pytest.mark.parametrize(("blur", "light"), [(0, 1), (1.1, 1), (3.3, 1), (0, 0.7), (2, 1.1)])
def test_a_blur_and_other_levels_are_explained(blur: float, light: float) -> None:
    assert explained(photo(), edited(photo(), blur, light))


@pytest.mark.parametrize("blur", [0.0, 3.3])
def test_a_small_thing_is_not(blur: float) -> None:
    other = photo()
    ImageDraw.Draw(other).rectangle((200, 150, 211, 161), fill=(200, 60, 40))
    assert not explained(photo(), edited(other, blur, 1.0))


@pytest.mark.parametrize("blur", [0.0, 3.3])
def test_another_picture_is_not(blur: float) -> None:
    assert not explained(photo(), edited(photo(11), blur, 1.0))


def test_pictures_that_show_nothing_prove_nothing() -> None:
    grey = Image.new("RGB", (480, 360), "grey")
    assert not explained(grey, grey)
    assert not is_simple_edit(*[np.zeros((16, 16, 3), np.uint8)] * 2)
