"""Grey, toned and enhanced copies change all colours alike; a thing in another colour does not."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from textured_images import picture

from sokkuri.curation.duplicates.matching.recolouring import (
    equal_colours,
    share_recoloured,
)


def shirt(colour: tuple[int, int, int]) -> Image.Image:
    """Return a scene with a plain thing upon it."""
    image = picture(3).resize((320, 240)).convert("RGB")
    image.paste(colour, (100, 60, 220, 200))
    return image


def share(a: Image.Image, b: Image.Image) -> float:
    return share_recoloured(np.asarray(a), np.asarray(b), np.ones((a.height, a.width), bool))


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "unchanged": lambda image: image,
    "grey": lambda image: image.convert("L").convert("RGB"),
    "colourful": lambda image: ImageEnhance.Color(image).enhance(1.6),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.7),
    "toned": lambda image: ImageOps.colorize(image.convert("L"), (30, 15, 5), (255, 240, 200)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_copy_in_other_colours_has_no_recoloured_thing(edit: str) -> None:
    original = shirt((200, 40, 60))
    assert share(original, EDITS[edit](original)) < 0.03
    assert share(EDITS[edit](original), original) < 0.03


def rest(a: Image.Image, b: Image.Image) -> float:
    """Return by how many levels two photos differ in equal colours, in either order."""
    pair, everywhere = (np.asarray(a), np.asarray(b)), np.ones((a.height, a.width), bool)
    found = [equal_colours(*photos, everywhere) for photos in (pair, pair[::-1])]
    one, other = (float(np.abs(x.astype(float) - y).mean()) for x, y in found)
    assert abs(one - other) < 0.1
    return one


@pytest.mark.parametrize("edit", EDITS)
def test_a_copy_in_other_colours_gets_equal_colours(edit: str) -> None:
    original = shirt((200, 40, 60))
    assert rest(original, EDITS[edit](original)) < 2.5


def test_one_thing_in_another_colour_is_found() -> None:
    assert share(shirt((200, 40, 60)), shirt((40, 60, 200))) > 0.1
    assert rest(shirt((200, 40, 60)), shirt((40, 60, 200))) > 10


def test_photos_that_hardly_overlap_have_no_recoloured_thing() -> None:
    pixels = np.asarray(shirt((200, 40, 60)))
    nowhere = np.zeros(pixels.shape[:2], bool)
    assert share_recoloured(pixels, pixels[::-1], nowhere) == 0.0
    assert np.array_equal(equal_colours(pixels, pixels[::-1], nowhere)[0], pixels)
