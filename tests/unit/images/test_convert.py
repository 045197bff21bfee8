"""Conversion in strips gives what conversion of the whole image gives."""

import numpy as np
import pytest
from image_formats import draw_quarters, make_half_transparent
from PIL import Image

from sokkuri.images import convert as module
from sokkuri.images.convert import convert_whole, rgb_converter


def in_mode(mode: str) -> Image.Image:
    """Return an image of noise in a mode, half of it transparent if the mode has that."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    if mode in ("LA", "RGBA", "La", "RGBa", "PA"):
        return make_half_transparent(picture).convert(mode if mode != "La" else "LA").convert(mode)
    if mode.startswith("I;16"):
        return Image.fromarray(noise[..., 0].astype(np.uint16) * 250)
    if mode == "F":
        return Image.fromarray(noise[..., 0].astype(np.float32) / 3 - 20)
    return picture.convert(mode)


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"]
)
@pytest.mark.parametrize("strip", [1, 60, 500])
def test_strips_of_any_height_give_the_same_pixels(
    monkeypatch: pytest.MonkeyPatch, mode: str, strip: int
) -> None:
    """Guarantee: vectors do not depend on how an image was converted."""
    image = in_mode(mode)
    whole = convert_whole(image, rgb_converter(image))
    monkeypatch.setattr(module, "_STRIP_PIXELS", strip)
    again = convert_whole(image, rgb_converter(image))
    assert again.mode == whole.mode
    np.testing.assert_array_equal(np.asarray(again), np.asarray(whole))


def test_a_transparent_colour_is_white_in_every_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STRIP_PIXELS", 60)
    image = draw_quarters()
    image.info["transparency"] = (200, 200, 100)
    rgb = np.asarray(convert_whole(image, rgb_converter(image)))
    assert (rgb[30, 45] == 255).all()
    assert rgb[10, 15].tolist() == [255, 0, 0]


def test_a_part_of_an_image_of_numbers_has_the_black_and_white_of_the_whole() -> None:
    values = np.linspace(-5, 5, 2400, dtype=np.float32).reshape(40, 60)
    image = Image.fromarray(values)
    convert = rgb_converter(image)
    part = np.asarray(convert(image.crop((0, 20, 60, 21))))
    np.testing.assert_array_equal(part, np.asarray(convert(image))[20:21])
