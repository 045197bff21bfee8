"""The fine details of a photo show between the letters of a text that covers all of it."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching.details import details_agree
from sokkuri.curation.duplicates.matching.fingerprint import Preview, make_preview


def view(image: Image.Image, quality: int = 90) -> Preview:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return make_preview(out.getvalue(), Limits())


def under_text(image: Image.Image) -> Image.Image:
    covered = image.copy()
    pen = ImageDraw.Draw(covered)
    for y in range(4, image.height, 46):
        pen.text(
            (4, y), "words over the whole photo", "white", font_size=34,
            stroke_width=3, stroke_fill="black",
        )  # fmt: skip
    return covered


@pytest.mark.parametrize("quality", [40, 90])
def test_the_details_of_a_photo_under_a_text_agree(quality: int) -> None:
    photo = picture()
    assert details_agree(view(photo), view(under_text(photo), quality))
    assert details_agree(view(under_text(photo)), view(photo.resize((240, 180))))


def test_photos_that_are_equal_in_the_large_have_other_details() -> None:
    levels = np.asarray(picture().filter(ImageFilter.GaussianBlur(30)), np.float32)
    shots = [
        Image.fromarray((levels + noise).clip(0, 255).astype(np.uint8))
        for noise in np.random.default_rng(1).normal(0, 8, (2, *levels.shape))
    ]
    assert not details_agree(view(shots[0]), view(shots[1]))
    assert details_agree(view(shots[0]), view(shots[0], 60))


def test_pages_and_pictures_without_texture_have_no_details_of_photos() -> None:
    page = under_text(Image.new("RGB", (480, 360), "grey"))
    assert not details_agree(view(page), view(page))
    blank = view(Image.new("RGB", (480, 360), "white"))
    assert not details_agree(blank, blank)
