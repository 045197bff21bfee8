"""What one side has more is an edit; what each side has more is other content."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sokkuri.curation.duplicates.matching.content import (
    ContentAgreement,
    may_be_drawing,
    measure_content,
)

Rgb = NDArray[np.uint8]


def photo(seed: int) -> Image.Image:
    """Return smooth noise with many colours."""
    noise = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)


def page(word: str) -> Image.Image:
    sheet = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(sheet)
    for line in range(8):
        pen.text((20, 20 + 22 * line), "goods that were sold today", "black", font_size=18)
    pen.text((20, 205), word, "black", font_size=18)
    return sheet


def measure(a: Image.Image, b: Image.Image) -> ContentAgreement:
    return measure_content(np.asarray(a), np.asarray(b), np.ones((a.height, a.width), bool))


def with_text(image: Image.Image) -> Image.Image:
    marked = image.copy()
    ImageDraw.Draw(marked).text((20, 90), "READ THIS", "white", font_size=60)
    return marked


def with_box(image: Image.Image, x: int) -> Image.Image:
    covered = image.copy()
    covered.paste((120, 120, 120), (x, 60, x + 100, 160))
    return covered


def test_text_upon_a_photo_is_an_edit() -> None:
    found = measure(photo(1), with_text(photo(1)))
    assert found.agrees
    assert min(found.extra) < max(found.extra)
    assert not found.is_drawing


def test_a_covered_photo_is_an_edit() -> None:
    assert measure(with_box(photo(1), 40), photo(1)).agrees
    assert measure(photo(1), with_box(photo(1), 40)).agrees


def test_photos_that_each_have_something_else_are_no_edits() -> None:
    one, other = photo(1), photo(1)
    one.paste(photo(2).crop((0, 0, 120, 140)), (100, 50))
    other.paste(photo(3).crop((0, 0, 120, 140)), (100, 50))
    assert not measure(one, other).agrees
    assert not measure(photo(1), photo(2)).agrees


def test_one_other_word_on_a_page_is_other_content() -> None:
    assert measure(page("apples"), page("apples")).agrees
    found = measure(page("apples"), page("bricks and stones"))
    assert found.is_drawing
    assert not found.agrees


def test_pictures_without_content_do_not_agree() -> None:
    flat = Image.new("RGB", (320, 240), "grey")
    assert not measure(flat, flat).agrees


def test_a_page_may_be_a_drawing_and_a_photo_is_none() -> None:
    assert may_be_drawing(np.asarray(page("apples")))
    assert not may_be_drawing(np.asarray(photo(1)))
