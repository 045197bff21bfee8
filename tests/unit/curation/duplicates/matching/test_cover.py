"""A plain rectangle upon one photo explains what differs; another thing does not."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from textured_images import picture

from sokkuri.curation.duplicates.matching.cover import is_cover


def scene() -> Image.Image:
    return picture(3).resize((320, 240)).convert("RGB")


def saved(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return Image.open(out).convert("RGB")


def covers(change: Callable[[ImageDraw.ImageDraw], None]) -> bool:
    changed = scene()
    change(ImageDraw.Draw(changed))
    a, b = np.asarray(scene()), np.asarray(saved(changed))
    found = [is_cover(*pair, np.ones(a.shape[:2], bool)) for pair in ((a, b), (b, a))]
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("colour", ["gray", "black", "white", "crimson"])
def test_a_plain_rectangle_covers(colour: str) -> None:
    assert covers(lambda pen: pen.rectangle((90, 40, 250, 160), fill=colour))


@pytest.mark.parametrize(
    "change",
    [
        lambda _pen: None,
        lambda pen: pen.ellipse((90, 40, 250, 160), fill="gray"),
        lambda pen: [pen.rectangle((90 + x, 40, 92 + x, 160), fill=(x, x, x)) for x in range(160)],
        lambda pen: [
            pen.rectangle((90, 40, 200, 160), fill="gray"),
            pen.ellipse((230, 150, 290, 210), fill="gold"),
        ],
    ],
    ids=["nothing", "a round thing", "many colours", "another thing beside it"],
)
def test_other_things_do_not(change: Callable[[ImageDraw.ImageDraw], None]) -> None:
    assert not covers(change)


def test_a_thing_in_front_of_a_plain_wall_is_no_cover() -> None:
    """All that differs lies on the wall of the other photo, but the wall is larger."""
    wall = scene()
    ImageDraw.Draw(wall).rectangle((60, 0, 319, 239), fill=(200, 200, 200))
    visited = wall.copy()
    visited.paste(picture(11).resize((70, 90)), (130, 80))
    a, b = np.asarray(wall), np.asarray(visited)
    assert not is_cover(a, b, np.ones(a.shape[:2], bool))


def test_photos_that_hardly_overlap_have_no_cover() -> None:
    pixels = np.asarray(scene())
    assert not is_cover(pixels, 255 - pixels, np.zeros(pixels.shape[:2], bool))
