"""What was saved from the same pixels with the same steps is equal; all else is no proof."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching.coarse_jpeg import was_saved_coarsely
from sokkuri.curation.duplicates.matching.edits import FileView, enlargement
from sokkuri.curation.duplicates.matching.keypoints import SimilarityTransform


def jpeg(image: Image.Image, quality: int, sampling: int = 2) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=sampling)
    return out.getvalue()


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def is_proved(a: bytes, b: bytes, corner: tuple[float, float] = (0.0, 0.0)) -> bool:
    """Return whether it is proved. corner : x and y in the second picture at which the first one
    begins."""
    views = FileView(a, Limits()), FileView(b, Limits())
    moved = np.array([[1.0, 0.0, corner[0]], [0.0, 1.0, corner[1]], [0.0, 0.0, 1.0]])
    to_a, to_b = (enlargement(view.rgb.shape, (view.height, view.width)) for view in views)
    matrix = (np.linalg.inv(to_b) @ moved @ to_a)[:2]
    transform = SimilarityTransform(matrix, mirrored=False, matched=80, inliers=50)
    return was_saved_coarsely((a, b), views, transform, Limits())


@pytest.mark.parametrize("quality", [3, 5, 10, 30])
def test_the_same_pixels_with_the_same_steps_are_proved_in_either_order(quality: int) -> None:
    original, saved = jpeg(picture(), 90), jpeg(picture(), quality)
    again = jpeg(Image.open(io.BytesIO(original)), quality, 0)
    assert is_proved(png(picture()), saved)
    assert is_proved(saved, png(picture()))
    assert is_proved(original, again)


def test_a_part_that_was_cut_out_and_saved_is_proved() -> None:
    part = picture().crop((37, 21, 237, 201))
    assert is_proved(png(picture()), jpeg(part, 10), (-37.2, -20.9))
    assert is_proved(jpeg(part, 10), png(picture()), (37.2, 20.9))


def noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(3).normal(0, 1, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def with_a_small_thing(image: Image.Image) -> Image.Image:
    changed = image.copy()
    ImageDraw.Draw(changed).rectangle((100, 100, 111, 107), fill="white")
    return changed


def resized(image: Image.Image) -> Image.Image:
    return image.resize((image.width * 9 // 10, image.height * 9 // 10))


OTHERS: dict[str, tuple[Callable[[Image.Image], Image.Image], int]] = {
    "another shot": (noisy, 10),
    "a small thing, coarse": (with_a_small_thing, 10),
    "a small thing, very coarse": (with_a_small_thing, 4),
    "resized": (resized, 10),
    "fine losses": (lambda image: image, 90),
    "nothing in it": (lambda image: Image.new("RGB", image.size, "navy"), 10),
}


@pytest.mark.parametrize(("change", "quality"), OTHERS.values(), ids=OTHERS)
def test_other_pictures_are_not_proved(
    change: Callable[[Image.Image], Image.Image], quality: int
) -> None:
    assert not is_proved(png(picture()), jpeg(change(picture()), quality))


def test_a_blank_picture_proves_nothing() -> None:
    blank = Image.new("RGB", (200, 150), "navy")
    assert not is_proved(png(blank), jpeg(blank, 10))


def test_a_turned_or_broken_file_proves_nothing() -> None:
    image, out = picture(), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 3
    image.rotate(180).save(out, "JPEG", quality=10, exif=exif)
    assert not is_proved(png(image), out.getvalue())
    assert not is_proved(png(image), png(image))
