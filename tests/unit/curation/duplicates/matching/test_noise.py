"""The noise of a camera tells whether two photos of one scene are one shot."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from textured_images import picture

from sokkuri.curation.duplicates.matching.noise import compare_noise


def shot(seed: int, noise: float = 3.0) -> Image.Image:
    """Return a photo of the same scene, with noise of its own."""
    scene = picture().filter(ImageFilter.GaussianBlur(3))
    levels = np.asarray(scene, np.float32) * 0.6 + 40
    levels += np.random.default_rng(seed).normal(0, noise, levels.shape)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def other(a: Image.Image, b: Image.Image) -> bool:
    inside = np.ones((a.height, a.width), bool)
    return compare_noise(np.asarray(a), np.asarray(b), inside) in ("other", "misaligned")


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def marked(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).text((40, 150), "sample text", "white", font_size=60)
    return copy


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "unchanged": lambda image: image,
    "JPEG 90": lambda image: jpeg(image, 90),
    "JPEG 40": lambda image: jpeg(image, 40),
    "marked": lambda image: jpeg(marked(image), 85),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.4),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "smaller": lambda image: image.resize((240, 180)).resize(image.size, Image.Resampling.BICUBIC),
    "turned": lambda image: image.rotate(7, Image.Resampling.BICUBIC).rotate(
        -7, Image.Resampling.BICUBIC
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_copy_keeps_the_noise(edit: str) -> None:
    assert not other(shot(1), EDITS[edit](shot(1)))


def test_an_edit_with_few_losses_is_surely_one_shot() -> None:
    def judge(a: Image.Image, b: Image.Image) -> str:
        return compare_noise(np.asarray(a), np.asarray(b), np.ones((a.height, a.width), bool))

    original = jpeg(shot(1), 85)
    assert judge(original, jpeg(marked(original), 90)) == "surely one"
    assert judge(original, jpeg(marked(shot(2)), 90)) != "surely one"
    assert judge(original, original.filter(ImageFilter.GaussianBlur(2))) != "surely one"


def test_another_shot_has_other_noise() -> None:
    assert other(shot(1), shot(2))
    assert other(shot(1), marked(shot(2)))
    assert other(jpeg(shot(1), 90), jpeg(shot(2), 90))


@pytest.mark.parametrize("quality", [40, 60, 80])
def test_false_noise_of_a_jpeg_is_no_noise(quality: int) -> None:
    assert not other(jpeg(shot(1), 85), jpeg(shot(1), quality))


def test_without_noise_nothing_is_told() -> None:
    assert not other(shot(1, noise=0.0), shot(2, noise=0.0))
    assert not other(shot(1), Image.new("RGB", shot(1).size, "grey"))


def test_pictures_that_hardly_overlap_tell_nothing() -> None:
    a, b = np.asarray(shot(1)), np.asarray(shot(2))
    assert compare_noise(a, b, np.zeros(a.shape[:2], bool)) == "unclear"
    assert compare_noise(a[:7, :7], b[:7, :7], np.ones((7, 7), bool)) == "unclear"


def test_noise_that_agrees_in_part_is_doubtful() -> None:
    """A camera adds noise of its own to a pattern that is the same in all its shots."""
    scene = np.asarray(shot(0, noise=0.0), np.float32)
    pattern, *noise = np.random.default_rng(1).normal(0, 3, (3, *scene.shape))

    def judge(own: float) -> str:
        a, b = (
            np.rint(scene + (1 - own) ** 0.5 * pattern + own**0.5 * new).clip(0, 255)
            for new in noise
        )  # fmt: skip
        inside = np.ones(a.shape[:2], bool)
        return compare_noise(a.astype(np.uint8), b.astype(np.uint8), inside)

    assert judge(0.0) == "surely one"
    assert judge(0.4) == "doubtful"
    assert judge(0.95) == "other"
