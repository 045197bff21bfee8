"""A pixelated part of a photo has its edges on a grid, and hides what the other photo shows."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from textured_images import picture

from sokkuri.curation.duplicates.matching.mosaic import is_mosaic

PLACE = 150, 100, 290, 240


def pixelated(tile: int) -> Image.Image:
    image = picture().copy()
    part = image.crop(PLACE)
    tiles = part.resize((part.width // tile, part.height // tile), Image.Resampling.BOX)
    image.paste(tiles.resize(part.size, Image.Resampling.NEAREST), PLACE)
    return image


def with_part(part: Image.Image) -> Image.Image:
    image = picture().copy()
    image.paste(part, PLACE[:2])
    return image


def with_number(number: str) -> Image.Image:
    image = picture().copy()
    ImageDraw.Draw(image).text((150, 120), number, "black", font_size=60)
    return image


def with_spot(x: int, y: int) -> Image.Image:
    image = picture().copy()
    ImageDraw.Draw(image).ellipse((x, y, x + 12, y + 12), fill=(230, 200, 40), outline="black")
    return image


def judge(a: Image.Image, b: Image.Image) -> bool:
    return is_mosaic(np.asarray(a), np.asarray(b), np.ones((a.height, a.width), bool))


@pytest.mark.parametrize("tile", [10, 14, 20])
def test_a_pixelated_part_is_an_edit(tile: int) -> None:
    assert judge(picture(), pixelated(tile))
    assert judge(pixelated(tile), picture())


def test_other_things_are_no_mosaic() -> None:
    size = PLACE[2] - PLACE[0], PLACE[3] - PLACE[1]
    other_tiles = picture(11).resize((10, 10)).resize(size, Image.Resampling.NEAREST)
    for part in (other_tiles, picture(11).resize(size), Image.new("RGB", size, "grey")):
        assert not judge(picture(), with_part(part))
    soft = picture().crop(PLACE).filter(ImageFilter.GaussianBlur(8))
    assert not judge(picture(), with_part(soft))
    assert not judge(with_number("2711"), with_number("2771"))
    for first, second in (((60, 200), (316, 143)), ((40, 40), (52, 300)), ((100, 90), (112, 100))):
        assert not judge(with_spot(*first), with_spot(*second))


def test_equal_photos_have_no_mosaic() -> None:
    assert not judge(picture(), picture())
    assert not judge(pixelated(14), pixelated(14))
