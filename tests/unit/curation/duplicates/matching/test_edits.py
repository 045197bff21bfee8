"""Files are aligned closely, then a photo may have additions, and a page may not differ."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching.edits import FileView, can_be_edit
from sokkuri.curation.duplicates.matching.keypoints import find_keypoints
from sokkuri.curation.duplicates.matching.placement import find_place


def page(*words: str, number: str = "217") -> Image.Image:
    """Return a form: letterhead and lines are the same on every page, the words are not."""
    sheet = Image.new("RGB", (620, 877), "white")
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, 620, 80), fill=(30, 70, 60))
    pen.text((40, 20), "NORTHERN TIMBER COMPANY", "white", font_size=30)
    for line, word in enumerate(words):
        pen.line((40, 160 + 40 * line, 580, 160 + 40 * line), "grey")
        pen.text((50, 130 + 40 * line), word, "black", font_size=22)
    pen.text((450, 800), f"Total {number}", "black", font_size=14)
    return sheet


def photo() -> Image.Image:
    noise = np.random.default_rng(5).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC)


GOODS = "planks", "beams", "doors", "floors", "fences", "stairs"


def view(image: Image.Image) -> FileView:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return FileView(out.getvalue(), Limits())


def judge(a: Image.Image, b: Image.Image, *, likely: bool = True) -> bool:
    views = view(a), view(b)
    points = [find_keypoints(view.rgb) for view in views]
    place = find_place(*views, (points[0], points[1]))
    return place is not None and can_be_edit(views, place.refined, likely=likely)


@pytest.mark.parametrize("likely", [True, False])
def test_a_page_with_a_bar_or_without_its_margins_is_an_edit(likely: bool) -> None:
    whole = page(*GOODS)
    assert judge(whole, ImageOps.expand(whole, (0, 90, 0, 0), "black"), likely=likely)
    assert judge(whole, whole.crop((12, 20, 610, 860)), likely=likely)


def test_pages_of_one_form_are_no_edits_of_each_other() -> None:
    assert not judge(page(*GOODS), page(*reversed(GOODS)))
    assert not judge(page(*GOODS), page(*GOODS[:4], "windows", "tiles"))


def test_one_other_number_on_a_page_is_found_at_full_size() -> None:
    assert not judge(page(*GOODS), page(*GOODS, number="271"))
    assert judge(page(*GOODS), page(*GOODS).convert("L").convert("RGB"))


def test_a_photo_with_text_on_it_is_an_edit_only_if_the_previews_speak_for_it() -> None:
    marked = photo()
    ImageDraw.Draw(marked).text((40, 200), "READ THIS", "white", font_size=90)
    turned = marked.rotate(20, Image.Resampling.BICUBIC, expand=True)
    assert judge(photo(), marked)
    assert judge(photo(), turned)
    assert not judge(photo(), marked, likely=False)


def test_transparent_marks_are_compared_on_every_ground() -> None:
    def mark(x: int) -> Image.Image:
        image = Image.new("RGBA", (300, 300), (255, 255, 255, 0))
        pen = ImageDraw.Draw(image)
        for row in range(6):
            pen.text((20, 40 * row), "white marks here", (255, 255, 255, 255), font_size=30)
        pen.ellipse((x, 230, x + 40, 270), fill=(255, 255, 255, 255))
        return image

    assert judge(mark(40), mark(40))
    assert not judge(mark(40), mark(180))


@pytest.mark.parametrize("blur", [2.0, 3.0])
def test_a_thing_that_moved_is_no_edit_though_one_picture_is_blurred(blur: float) -> None:
    scene, thing = picture(3), picture(11).resize((150, 220))
    here, there = scene.copy(), scene.copy()
    here.paste(thing, (40, 90))
    there.paste(thing, (220, 90))
    soft = ImageFilter.GaussianBlur(blur)
    assert not judge(here, there.filter(soft))
    assert judge(here, here.filter(soft))


def shot(seed: int, *marks: tuple[int, int], contrast: float = 0.6) -> Image.Image:
    """Return a photo of one scene with noise of its own, and small marks in these places."""
    scene = picture().filter(ImageFilter.GaussianBlur(3))
    pen = ImageDraw.Draw(scene)
    for x, y in marks:
        pen.rectangle((x, y, x + 14, y + 14), fill=(250, 60, 40))
    levels = np.asarray(scene, np.float32) * contrast + 100 * (1 - contrast)
    levels += np.random.default_rng(seed).normal(0, 3, levels.shape)
    return jpeg(Image.fromarray(levels.clip(0, 255).astype(np.uint8)), 85)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def test_a_photo_upon_a_photo_is_an_edit() -> None:
    pasted = shot(1)
    pasted.paste(picture(11).resize((130, 100)), (200, 120))
    assert judge(shot(1), jpeg(pasted, 90))


def test_a_smaller_copy_of_another_shot_in_which_a_small_thing_moved_is_no_edit() -> None:
    here, there = shot(1, (60, 80)), shot(2, (300, 200))
    half = here.resize((here.width // 2, here.height // 2))
    assert judge(here, half)
    assert not judge(there, half)


def under_text(image: Image.Image) -> Image.Image:
    covered = image.copy()
    pen = ImageDraw.Draw(covered)
    for y in range(4, image.height, 46):
        pen.text(
            (4, y), "words over the whole photo", "white", font_size=34,
            stroke_width=3, stroke_fill="black",
        )  # fmt: skip
    return jpeg(covered, 90)


def pixelated(image: Image.Image) -> Image.Image:
    hidden = image.copy()
    tiles = hidden.crop((160, 100, 300, 240)).resize((10, 10))
    hidden.paste(tiles.resize((140, 140), Image.Resampling.NEAREST), (160, 100))
    return jpeg(hidden, 90)


@pytest.mark.parametrize("edit", [under_text, pixelated])
def test_a_text_over_the_whole_photo_and_a_pixelated_part_are_edits_of_one_shot(
    edit: Callable[[Image.Image], Image.Image],
) -> None:
    assert judge(shot(1), edit(shot(1)))
    assert not judge(shot(1), edit(shot(2)))


def test_two_photos_under_the_same_text_are_no_edits_of_each_other() -> None:
    assert not judge(under_text(shot(1)), under_text(picture(11)))


def marked(image: Image.Image) -> Image.Image:
    """Return a darker copy of half the size, with a translucent text upon it."""
    half = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", half.size)
    for line in range(3):
        place, white = (8 + 10 * line, 15 + 60 * line), (255, 255, 255, 140)
        ImageDraw.Draw(layer).text(place, "sample.example", white, font_size=30)
    half = Image.alpha_composite(half.convert("RGBA"), layer).convert("RGB")
    return jpeg(ImageEnhance.Brightness(half).enhance(0.8), 60)


def test_a_translucent_text_upon_a_copy_that_kept_little_noise_is_an_edit() -> None:
    """Nothing but the text may differ."""
    scene, changed = shot(1, contrast=1.1), shot(1, (300, 112), contrast=1.1)
    assert judge(scene, marked(scene))
    assert not judge(scene, marked(changed))
