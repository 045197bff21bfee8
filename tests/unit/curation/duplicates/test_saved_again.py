"""Losses of a JPEG in a copy of it: found however it was turned, and in no other image."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.image_facts import ImageFacts, read_image_facts
from sokkuri.curation.duplicates.orientation import ORIENTATIONS, Orientation
from sokkuri.curation.duplicates.saved_again import (
    is_enlargement,
    is_from_lossier,
    is_saved_again,
    is_turned_file,
)
from sokkuri.images.file_header import read_file_header

UPRIGHT = Orientation()


def save(image: Image.Image, ending: str = "jpeg", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, ending, **options)
    return out.getvalue()


def turn(image: Image.Image, way: Orientation) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(way.apply(np.asarray(image))))


def facts(data: bytes) -> ImageFacts:
    return read_image_facts(data, Limits())


def as_pixels(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


SIZES = {"whole blocks": (480, 360), "parts of blocks": (475, 357)}


@pytest.fixture(scope="module", params=SIZES)
def original(request: pytest.FixtureRequest) -> bytes:
    return save(picture().crop((0, 0, *SIZES[request.param])), quality=75)


@pytest.mark.parametrize("way", ORIENTATIONS)
@pytest.mark.parametrize("options", [{"quality": 88}, {"ending": "png"}])
def test_losses_are_found_in_a_copy_and_not_the_other_way(
    way: Orientation, options: dict[str, object], original: bytes
) -> None:
    copy = facts(save(turn(as_pixels(original), way), **options))  # type: ignore[arg-type]
    assert is_saved_again(copy, facts(original), way)
    assert not is_saved_again(facts(original), copy, way.inverse)


@pytest.mark.parametrize("quality", [60, 75, 80, 90])
def test_a_copy_of_another_file_has_no_such_losses(quality: int, original: bytes) -> None:
    other = facts(save(picture(), quality=quality))
    lossless = facts(save(picture(), "png"))
    assert not is_saved_again(lossless, facts(original), UPRIGHT)
    assert not is_saved_again(other, facts(original), UPRIGHT)
    assert not is_saved_again(facts(original), other, UPRIGHT)


@pytest.mark.parametrize("quality", [94, 97])
def test_the_losses_of_a_camera_are_found_in_a_finer_copy(quality: int) -> None:
    original = save(picture(), quality=quality)
    finer = facts(save(as_pixels(original), quality=98))
    elsewhere = facts(save(picture(), quality=98))
    assert is_saved_again(finer, facts(original), UPRIGHT)
    assert not is_saved_again(elsewhere, facts(original), UPRIGHT)
    assert not is_saved_again(facts(original), finer, UPRIGHT)


@pytest.mark.parametrize("enhance", [ImageEnhance.Contrast, ImageEnhance.Brightness])
def test_losses_are_found_in_other_colours(
    enhance: Callable[[Image.Image], ImageEnhance._Enhance], original: bytes
) -> None:
    edited = enhance(as_pixels(original)).enhance(1.2)
    assert is_saved_again(facts(save(edited, quality=95)), facts(original), UPRIGHT)
    elsewhere = enhance(picture().crop((0, 0, *edited.size))).enhance(1.2)
    assert not is_saved_again(facts(save(elsewhere, quality=95)), facts(original), UPRIGHT)


def test_a_noisy_picture_is_not_made_of_its_coarse_copy() -> None:
    levels = np.asarray(picture(), np.float32)
    rng = np.random.default_rng(5)
    levels += rng.normal(0, 3, levels.shape)
    noisy = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    squares = Image.fromarray(rng.integers(0, 256, (45, 60, 3), dtype=np.uint8))
    edges = squares.resize(noisy.size, Image.Resampling.NEAREST)
    for image in (noisy, Image.blend(noisy, edges, 0.5)):
        for quality in (20, 40, 60):
            copy = facts(save(image, quality=quality))
            assert not is_saved_again(facts(save(image, "png")), copy, UPRIGHT)


CHAINS = {
    "WebP": {"ending": "webp", "quality": 92},
    "another JPEG": {"quality": 75},
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_png_that_was_saved_with_losses_before_hides_them(chain: str) -> None:
    jpeg = save(picture(), quality=92)
    between = save(as_pixels(jpeg), **CHAINS[chain])  # type: ignore[arg-type]
    assert is_from_lossier(facts(save(as_pixels(between), "png")), facts(jpeg)) is True


@pytest.mark.parametrize("quality", [75, 92])
def test_the_png_of_which_a_jpeg_was_made_hides_nothing(quality: int) -> None:
    png = facts(save(picture(), "png"))
    again = as_pixels(save(picture(), quality=60))
    contrast = ImageEnhance.Contrast(picture()).enhance(1.3)
    assert not is_from_lossier(png, facts(save(picture(), quality=quality)))
    assert not is_from_lossier(png, facts(save(again, quality=quality)))
    assert is_from_lossier(png, facts(save(contrast, quality=quality))) is None


def test_equal_steps_tell_nothing() -> None:
    first = save(picture(), quality=75)
    again = facts(save(as_pixels(first), quality=75))
    assert not is_saved_again(again, facts(first), UPRIGHT)
    assert not is_saved_again(facts(first), again, UPRIGHT)


def test_a_plain_picture_tells_nothing() -> None:
    plain = facts(save(Image.new("RGB", (64, 64), "red"), quality=75))
    assert not is_saved_again(plain, plain, UPRIGHT)


@pytest.mark.parametrize("way", [UPRIGHT, Orientation(True, 1), Orientation(False, 2)])
def test_an_enlarged_copy_shows_the_losses(way: Orientation, original: bytes) -> None:
    turned = turn(as_pixels(original), way)
    larger = turned.resize((round(turned.width * 1.5), round(turned.height * 1.5)))
    assert is_enlargement(save(larger, "png"), facts(original), way, Limits())


def test_a_larger_original_shows_no_losses_of_its_copy() -> None:
    larger = picture().resize((720, 540))
    smaller = save(larger.resize((480, 360)), quality=75)
    assert not is_enlargement(save(larger, "png"), facts(smaller), UPRIGHT, Limits())


@pytest.mark.parametrize("way", ORIENTATIONS)
def test_steps_that_were_turned_tell_the_copy_if_they_go_sideways(way: Orientation) -> None:
    first = facts(save(picture(), quality=75))
    steps = read_file_header(save(picture(), quality=75)).quantisation
    assert steps is not None
    steps = steps.T if way.sideways else steps
    copy = facts(save(turn(picture(), way), qtables=[steps.reshape(-1).tolist()]))
    assert is_turned_file(copy, first, way) == way.sideways
    assert not is_turned_file(first, copy, way.inverse)
