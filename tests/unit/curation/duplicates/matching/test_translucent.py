"""A translucent text upon a photo is taken away; a thing that hides the photo is not."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from textured_images import picture

from sokkuri.curation.duplicates.matching.translucent import without_text

Rgb = NDArray[np.uint8]
SIZE = 240, 180


def scene() -> Image.Image:
    return picture(3).filter(ImageFilter.GaussianBlur(2)).resize(SIZE)


def under_text(image: Image.Image, colour: tuple[int, int, int, int]) -> Image.Image:
    layer = Image.new("RGBA", image.size)
    for line in range(3):
        ImageDraw.Draw(layer).text((8, 20 + 50 * line), "sample.example", colour, font_size=30)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def saved(image: Image.Image, quality: int = 30) -> Rgb:
    out = io.BytesIO()
    ImageEnhance.Brightness(image).enhance(0.8).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out).convert("RGB"))


def clean(a: Rgb, b: Rgb) -> tuple[Rgb, Rgb] | None:
    return without_text(a, b, np.ones(a.shape[:2], bool))


def greatest(a: Rgb, b: Rgb) -> float:
    """Return the greatest mean difference of a square of 10 pixels."""
    difference = np.abs(a.astype(float) - b).mean(2)
    return float(difference.reshape(18, 10, 24, 10).mean((1, 3)).max())


@pytest.mark.parametrize("colour", [(255, 255, 255, 140), (230, 200, 120, 120)])
def test_a_translucent_text_is_taken_away_from_either_photo(
    colour: tuple[int, int, int, int],
) -> None:
    plain, marked = np.asarray(scene()), saved(under_text(scene(), colour))
    assert greatest(plain, marked) > 30
    for found in (clean(plain, marked), clean(marked, plain)):
        assert found is not None
        assert greatest(*found) < 16


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        lambda image: under_text(image, (0, 0, 0, 140)),
        lambda image: image.paste("white", (60, 40, 160, 140)),
        lambda image: image.paste(picture(11).resize((90, 120)), (60, 40)),
    ],
    ids=["nothing", "shadows", "a white thing", "another photo"],
)
def test_other_things_are_no_text(change: Callable[[Image.Image], Image.Image | None]) -> None:
    changed = scene()
    changed = change(changed) or changed
    assert clean(np.asarray(scene()), saved(changed, 90)) is None


def test_letters_that_hide_the_photo_are_no_translucent_text() -> None:
    thick = scene().resize((960, 720))
    opaque = under_text(scene(), (255, 255, 255, 255)).resize(thick.size)
    everywhere = np.ones((720, 960), bool)
    assert without_text(np.asarray(thick), np.asarray(opaque), everywhere) is None


def test_what_else_differs_still_does() -> None:
    changed = scene()
    changed.paste((150, 40, 30), (150, 100, 170, 120))
    found = clean(np.asarray(scene()), saved(under_text(changed, (255, 255, 255, 140))))
    assert found is None or greatest(*found) > 25


def test_photos_that_hardly_overlap_have_no_text() -> None:
    pixels = np.asarray(scene())
    assert without_text(pixels, 255 - pixels, np.zeros(pixels.shape[:2], bool)) is None
