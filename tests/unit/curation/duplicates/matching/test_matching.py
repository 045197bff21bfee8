"""Whether two images show the same picture: all kinds of edits, and lookalikes."""

import io
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pytest
from draw_images import draw
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from run_cli import find_real_photos

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching import Match, compare
from sokkuri.curation.duplicates.matching.fingerprint import (
    canonical_orientation,
    fingerprint,
    make_preview,
    normalise_fingerprints,
)
from sokkuri.curation.duplicates.matching.keypoints import find_keypoints

LIMITS = Limits()
Edit = Callable[[Image.Image], Image.Image]


def saved(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


class Picture:
    """An image as it is compared. Its keypoints are found once."""

    def __init__(self, data: bytes) -> None:
        self.preview = make_preview(data, LIMITS)
        self.keypoints = cache(partial(find_keypoints, self.preview.rgb))


def seen(image: Image.Image, quality: int = 90) -> Picture:
    return Picture(saved(image, quality))


def matched(a: Picture, b: Picture, *, by_keypoints: bool = True) -> Match:
    return compare(a.preview, b.preview, (a.keypoints, b.keypoints) if by_keypoints else None)


def drawn(seed: int) -> Image.Image:
    return Image.fromarray(draw(seed, 480, 360))


@cache
def original(seed: int) -> Picture:
    return seen(drawn(seed))


SAME: dict[str, Edit] = {
    "as it is": lambda image: image,
    "half": lambda image: image.resize((240, 180), Image.Resampling.LANCZOS),
    "a little larger": lambda image: image.resize((640, 480), Image.Resampling.LANCZOS),
}
STILL: dict[str, Edit] = {
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "mirrored": ImageOps.mirror,
    "squashed": lambda image: image.resize((256, 256), Image.Resampling.LANCZOS),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(6)),
}
MOVED: dict[str, Edit] = {
    "cropped": lambda image: image.crop((120, 60, 400, 300)),
    "cropped and mirrored": lambda image: ImageOps.mirror(image.crop((120, 60, 400, 300))),
    "turned a little": lambda image: image.rotate(5, Image.Resampling.BICUBIC),
    "turned upside down": lambda image: image.rotate(180),
    "on its side": lambda image: image.rotate(90, expand=True),
}


@pytest.mark.parametrize("edit", SAME)
def test_other_sizes_and_encodings_are_the_same(edit: str) -> None:
    for seed in range(5):
        match = matched(original(seed), seen(SAME[edit](drawn(seed)), 60))
        assert match.grade == "same", seed
        assert match.score > 0.9


EDITED = STILL | MOVED
UNMOVED = SAME | STILL


@pytest.mark.parametrize("edit", EDITED)
def test_an_edited_copy_is_found(edit: str) -> None:
    for seed in range(5):
        match = matched(original(seed), seen(EDITED[edit](drawn(seed))))
        assert match.grade in ("edited", "same") if edit == "blurred" else match.grade == "edited"


@pytest.mark.parametrize("edit", UNMOVED)
def test_edits_that_move_nothing_are_found_without_opencv(edit: str) -> None:
    for seed in range(5):
        copy = seen(UNMOVED[edit](drawn(seed)))
        assert matched(original(seed), copy, by_keypoints=False).grade in ("same", "edited")


def test_a_photo_under_a_text_that_hides_its_keypoints_may_be_an_edit() -> None:
    noise = np.random.default_rng(8).normal(0, 9, (360, 480, 1))
    levels = np.asarray(drawn(4).resize((480, 360)).filter(ImageFilter.GaussianBlur(4)))
    photo = Image.fromarray((levels + noise).clip(0, 255).astype(np.uint8))
    covered = photo.copy()
    pen = ImageDraw.Draw(covered)
    for y in range(0, 360, 24):
        pen.text((4, y), "words over all of it " * 3, "yellow", font_size=20)
    assert matched(seen(photo), seen(covered)).grade == "edited"
    assert matched(seen(photo), seen(covered), by_keypoints=False).grade is None


def test_different_drawings_are_not_copies() -> None:
    pictures = [original(seed) for seed in range(12)]
    grades = {matched(a, b).grade for number, a in enumerate(pictures) for b in pictures[:number]}
    assert grades <= {None, "alike"}


@pytest.mark.parametrize("count", [12, pytest.param(25, marks=pytest.mark.full)])
def test_photos_of_different_things_are_not_copies(count: int) -> None:
    pictures = [Picture(photo.read_bytes()) for photo in find_real_photos(count)]
    for number, a in enumerate(pictures):
        assert all(matched(a, b).grade in (None, "alike") for b in pictures[:number])


def test_the_order_of_the_two_images_does_not_matter() -> None:
    whole = drawn(7)
    a, b = seen(whole), seen(whole.crop((100, 60, 420, 320)))
    assert matched(a, b).grade == matched(b, a).grade == "edited"


def test_the_same_images_give_the_same_score() -> None:
    a, b = original(8), seen(drawn(8).rotate(4, Image.Resampling.BICUBIC))
    assert matched(a, b) == matched(a, b)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 5), (9, 9), (2000, 3)])
def test_images_of_odd_sizes_can_be_compared(size: tuple[int, int]) -> None:
    odd, usual = seen(Image.new("RGB", size, "teal")), original(0)
    assert matched(odd, usual).grade in (None, "alike")
    assert matched(usual, odd).grade in (None, "alike")
    assert matched(odd, odd).score >= 0


def test_blank_images_are_not_copies_of_others() -> None:
    white, black = (seen(Image.new("RGB", (200, 150), colour)) for colour in ("white", "black"))
    assert matched(white, original(1)).grade is None
    assert matched(white, black).grade != "same"
    assert matched(white, white).grade == "same"


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_all_orientations_have_the_same_canonical_fingerprint(turn: int, mirrored: bool) -> None:
    for seed in range(8):
        grid = fingerprint(original(seed).preview.square).reshape(16, 16)
        turned = np.rot90(grid[:, ::-1] if mirrored else grid, turn)
        fingerprints = canonical_orientation(np.stack([grid.reshape(-1), turned.reshape(-1)]))
        assert (fingerprints[0] == fingerprints[1]).all(), seed


def test_flat_fingerprints_correlate_with_nothing() -> None:
    assert not normalise_fingerprints(np.full((1, 256), 90, np.uint8)).any()
