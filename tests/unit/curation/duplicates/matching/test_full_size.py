"""Two files are the same picture only if every small part of them agrees, in all frames."""

import io
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching.full_size import Verdict, compare_full_size

SAME, DIFFERENT, UNKNOWN = Verdict.SAME, Verdict.DIFFERENT, Verdict.UNKNOWN


def page(text: str = "4711", paper: str = "white") -> Image.Image:
    """Draw a bill; only its number changes."""
    image = Image.new("RGB", (420, 594), paper)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 420, 60), fill=(30, 70, 60))
    for line in range(20):
        pen.text(
            (30, 90 + 22 * line), f"{line * 7919 % 1000} boards of oak, {line} m", fill="black"
        )
    pen.text((300, 540), text, fill="black", font_size=14)
    return image


def photo(seed: int = 1) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3)).astype(np.uint8))
    image = coarse.resize((480, 360), Image.Resampling.BICUBIC)
    noisy = np.asarray(image, np.float32) + rng.normal(0, 4, (360, 480, 1))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def icon(corner: int, ink: str = "white") -> Image.Image:
    image = Image.new("RGBA", (128, 128), (255, 255, 255, 0))
    ImageDraw.Draw(image).rectangle((corner, 20, corner + 40, 90), fill=ink)
    return image


def sky(seed: int) -> Image.Image:
    """Draw stars: some bright points on black."""
    rng = np.random.default_rng(seed)
    levels = np.full((300, 400), 6.0)
    for y, x in rng.integers(2, 298, (80, 2)):
        levels[y : y + 2, x : x + 2] = 220
    stars = Image.fromarray(levels.astype(np.uint8)).convert("RGB")
    return stars.filter(ImageFilter.GaussianBlur(1))


def noise(seed: int) -> Image.Image:
    """Draw a frame that a camera takes with its cap on."""
    levels = np.random.default_rng(seed).normal(5, 1.5, (300, 400, 3))
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def png(image: Image.Image) -> bytes:
    return save(image, "PNG")


def save(image: Image.Image, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def half(image: Image.Image) -> bytes:
    size = image.width // 2, image.height // 2
    return png(image.resize(size, Image.Resampling.LANCZOS))


def verdict(a: bytes, b: bytes) -> Verdict:
    sizes = Image.open(io.BytesIO(a)).size, Image.open(io.BytesIO(b)).size
    there, back = (
        compare_full_size(*files, sizes=pair, limits=Limits())
        for files, pair in (((a, b), sizes), ((b, a), sizes[::-1]))
    )
    assert there is back
    return there


@pytest.mark.parametrize("draw", [page, photo])
@pytest.mark.parametrize(
    "copy",
    [
        half,
        lambda image: save(image, "JPEG", quality=40),
        lambda image: save(image, "JPEG", quality=20),
        lambda image: save(image, "WEBP", quality=50),
    ],
)
def test_a_smaller_or_coarser_copy_is_the_same(
    draw: Callable[[], Image.Image], copy: Callable[[Image.Image], bytes]
) -> None:
    assert verdict(png(draw()), copy(draw())) is SAME


def test_another_number_on_a_page_is_different() -> None:
    assert verdict(png(page("4711")), png(page("4712"))) is DIFFERENT
    assert verdict(png(page("4711")), half(page("8035"))) is DIFFERENT
    assert verdict(png(page("4711")), save(page("8035"), "JPEG", quality=40)) is DIFFERENT


def spotted(image: Image.Image) -> Image.Image:
    image.paste((200, 30, 30), (200, 150, 206, 156))
    return image


@pytest.mark.parametrize(
    "edit",
    [
        spotted,
        lambda image: image.convert("L").convert("RGB"),
        lambda image: ImageEnhance.Brightness(image).enhance(0.85),
        lambda image: ImageEnhance.Color(image).enhance(0.6),
        lambda image: image.crop((0, 0, 470, 353)).resize(image.size),
    ],
)
def test_what_a_person_sees_is_different(edit: Callable[[Image.Image], Image.Image]) -> None:
    assert verdict(png(photo()), png(edit(photo()))) is DIFFERENT


def test_marks_on_transparent_ground_are_compared() -> None:
    for ink in ("white", "black"):
        assert verdict(png(icon(10, ink)), png(icon(60, ink))) is DIFFERENT
        assert verdict(png(icon(10, ink)), half(icon(10, ink))) is SAME
    flat = Image.new("RGB", (128, 128), "white")
    assert verdict(png(icon(10)), png(flat)) is DIFFERENT


def test_stars_are_compared() -> None:
    assert verdict(png(sky(1)), png(sky(2))) is DIFFERENT
    assert verdict(png(sky(1)), half(sky(2))) is DIFFERENT
    assert verdict(png(sky(1)), half(sky(1))) is SAME


@pytest.mark.parametrize("draw", [noise, lambda seed: Image.new("RGB", (300, 200), (40, 90, seed))])
def test_where_there_is_nothing_to_see_only_equal_pixels_are_the_same(
    draw: Callable[[int], Image.Image],
) -> None:
    assert verdict(png(draw(1)), save(draw(1), "BMP")) is SAME
    assert verdict(png(draw(1)), png(draw(2))) is UNKNOWN
    assert verdict(png(draw(1)), half(draw(1))) is UNKNOWN


def frames(format_: str, seeds: Sequence[int]) -> bytes:
    first, *rest = [photo(seed).resize((160, 120)) for seed in seeds]
    return save(first, format_, save_all=True, append_images=rest)


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "TIFF"])
def test_all_frames_and_pages_must_agree(format_: str) -> None:
    moving = frames(format_, [1, 2, 3])
    assert verdict(moving, moving) is SAME
    assert verdict(moving, frames(format_, [1, 2, 4])) is DIFFERENT
    assert verdict(moving, frames(format_, [1, 2])) is DIFFERENT
    assert verdict(moving, png(photo(1).resize((160, 120)))) is DIFFERENT


def test_another_shape_is_different() -> None:
    assert verdict(png(photo()), png(photo().resize((360, 360)))) is DIFFERENT
