"""A thing upon one photo has its outline there; things that differ have one in each photo."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from textured_images import picture

from sokkuri.curation.duplicates.matching.outlines import Outlines, measure_outlines


def scene() -> Image.Image:
    return picture(3).resize((320, 240)).convert("RGB")


def with_photo(seed: int, box: tuple[int, int, int, int] = (150, 60, 260, 150)) -> Image.Image:
    image = scene()
    image.paste(picture(seed).resize((box[2] - box[0], box[3] - box[1])), box)
    return image


def with_sticker() -> Image.Image:
    image = scene()
    pen = ImageDraw.Draw(image)
    pen.ellipse((40, 60, 120, 140), fill=(250, 210, 40), outline=(60, 40, 0), width=2)
    return image


def measure(a: Image.Image, b: Image.Image) -> Outlines:
    return measure_outlines(np.asarray(a), np.asarray(b), np.ones((a.height, a.width), bool))


@pytest.mark.parametrize("edited", [with_photo(11), with_sticker()], ids=["photo", "sticker"])
def test_a_thing_upon_one_photo_is_an_edit_of_it(edited: Image.Image) -> None:
    for found in (measure(scene(), edited), measure(edited, scene())):
        assert found.are_of_one
        assert not found.are_of_both


def test_a_thing_that_is_elsewhere_has_an_outline_in_each_photo() -> None:
    found = measure(with_photo(11), with_photo(11, (20, 20, 130, 110)))
    assert found.are_of_both
    assert not found.are_of_one


def test_another_picture_in_the_same_frame_lies_upon_no_photo() -> None:
    assert not measure(with_photo(11), with_photo(14)).are_of_one


def test_equal_photos_and_photos_that_hardly_overlap_have_no_outlines() -> None:
    assert measure(scene(), scene()).length == 0
    pixels = np.asarray(scene())
    nowhere = measure_outlines(pixels, pixels, np.zeros(pixels.shape[:2], bool))
    assert not nowhere.are_of_one
    assert not nowhere.are_of_both
