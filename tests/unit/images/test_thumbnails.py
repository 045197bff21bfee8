"""Pictures for the eyes: thumbnails, mosaics that hold nothing but blocks, and EXIF of any kind."""

import io
from typing import Any

import numpy as np
import pytest
from draw_images import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from image_formats import EXIF_FORMATS, encode_turned
from numpy.typing import NDArray
from photo_folder import draw_camera_photo
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from sokkuri.core.errors import DecodeError
from sokkuri.core.types import Limits
from sokkuri.images.exif import summarise_exif
from sokkuri.images.thumbnails import MOSAIC_BLOCKS, render_thumbnail

SIDES = (64, 128, 256, 512, 1024, 2048)


def png(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def shown(data: bytes) -> NDArray[np.float64]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert not image.getexif()
        return np.asarray(image.convert("RGB"), np.float64)


def noise(width: int, height: int) -> NDArray[np.uint8]:
    """Grey, so that JPEG's coarser colours do not blur the blocks' edges."""
    grey = np.random.default_rng(1).integers(0, 256, (height, width, 1), np.uint8)
    return grey.repeat(3, axis=2)


@pytest.mark.parametrize(
    ("width", "height"), [(800, 600), (600, 800), (500, 500), (999, 3), (3, 999), (17, 13), (1, 1)]
)
@pytest.mark.parametrize("side", SIDES)
def test_a_mosaic_contains_only_its_blocks(width: int, height: int, side: int) -> None:
    """Guarantee: at most sixteen blocks along the longer side, each of one colour."""
    found = shown(render_thumbnail(png(noise(width, height)), side, Limits(), mosaic=True))
    high, wide, _ = found.shape
    assert max(high, wide) == min(side, max(width, height))
    scale = min(1, MOSAIC_BLOCKS / max(high, wide))
    counts = [max(1, round(length * scale)) for length in (high, wide)]
    at = [((np.arange(length) + 0.5) * count // length).astype(int)
          for length, count in zip((high, wide), counts, strict=True)]  # fmt: skip
    assert all(one.max() < MOSAIC_BLOCKS for one in at)
    number = at[0][:, None] * counts[1] + at[1][None, :]
    sums = np.bincount(number.ravel(), found.mean(axis=2).ravel())
    colours = sums / np.bincount(number.ravel())
    assert len(colours) <= MOSAIC_BLOCKS**2
    away = np.abs(found.mean(axis=2) - colours[number])
    assert away.mean() < 4, "what is left is JPEG's own"


def test_details_inside_a_block_do_not_change_a_mosaic() -> None:
    """Two pictures that agree in their blocks' colours give the same mosaic."""
    rng = np.random.default_rng(2)
    colours = rng.integers(0, 256, (12, 16, 3), np.uint8)
    flat = colours.repeat(32, axis=0).repeat(32, axis=1)
    smooth = render_thumbnail(png(flat), 512, Limits(), mosaic=True)
    checked = flat.astype(int)
    sign = np.where(np.indices(flat.shape[:2]).sum(axis=0) % 2, 1, -1)[..., None]
    checked = checked + sign * np.minimum(40, np.minimum(checked, 255 - checked))
    rough = render_thumbnail(png(checked.astype(np.uint8)), 512, Limits(), mosaic=True)
    assert np.abs(shown(smooth) - shown(rough)).mean() < 2
    assert np.abs(flat.astype(int) - checked).mean() > 15


@pytest.mark.parametrize("side", SIDES)
def test_a_thumbnail_keeps_its_shape_within_the_square(side: int) -> None:
    for width, height in ((800, 600), (600, 800), (50, 20), (1, 900)):
        data = png(np.full((height, width, 3), 99, np.uint8))
        found = shown(render_thumbnail(data, side, Limits()))
        scale = min(1, side / max(width, height))
        assert found.shape[:2] == (max(1, round(height * scale)), max(1, round(width * scale)))


@pytest.mark.parametrize("size", [(4032, 3024), (3000, 4000)])
def test_a_large_thumbnail_is_a_quarter_of_a_photo_if_that_is_nearly_as_large(
    size: tuple[int, int],
) -> None:
    """Then a JPEG is decoded at this size, and looks as if it had been scaled down."""
    width, height = size
    photo = Image.fromarray(draw(1, 400, 300)).resize(size)
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=95)
    found = shown(render_thumbnail(out.getvalue(), 1024, Limits()))
    assert found.shape == (height // 4, width // 4, 3)
    scaled = photo.resize((width // 4, height // 4), Image.Resampling.BOX)
    assert np.abs(found - np.asarray(scaled, np.float64)).mean() < 3
    mosaic = shown(render_thumbnail(out.getvalue(), 1024, Limits(), mosaic=True))
    assert max(mosaic.shape) == 1024
    flat = png(np.full((1080, 1620, 3), 99, np.uint8))
    assert shown(render_thumbnail(flat, 1024, Limits())).shape == (683, 1024, 3)


@pytest.mark.parametrize("mosaic", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnails_and_mosaics_are_upright(orientation: int, mosaic: bool) -> None:
    kind, options = EXIF_FORMATS[0]
    data = encode_turned(orientation, kind, options, (60, 40))
    assert shown(render_thumbnail(data, 64, Limits(), mosaic=mosaic)).shape == (40, 60, 3)
    red = shown(render_thumbnail(data, 64, Limits(), mosaic=mosaic))[5, 5]
    assert red[0] > 150
    assert red[1:].max() < 90


@pytest.mark.parametrize("data", [b"", b"no picture", draw_camera_photo()[:400]])
def test_an_unreadable_image_has_no_thumbnail(data: bytes) -> None:
    for mosaic in (False, True):
        with pytest.raises(DecodeError):
            render_thumbnail(data, 256, Limits(), mosaic=mosaic)
    assert isinstance(summarise_exif(data), dict)


def test_an_image_beyond_the_limit_has_no_thumbnail() -> None:
    with pytest.raises(DecodeError, match="limit"):
        render_thumbnail(png(draw(1, 40, 30)), 256, Limits(max_pixels=1000))


def with_exif(**parts: dict[int, Any]) -> bytes:
    exif = Image.Exif()
    exif.update(parts.get("base", {}))
    exif.get_ifd(0x8769).update(parts.get("camera", {}))
    exif.get_ifd(0x8825).update(parts.get("place", {}))
    out = io.BytesIO()
    Image.fromarray(draw(1, 40, 30)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def degrees(whole: int, minutes: int, seconds: int) -> tuple[IFDRational, ...]:
    return IFDRational(whole), IFDRational(minutes), IFDRational(seconds)


def test_exif_is_formatted_for_people() -> None:
    found = summarise_exif(with_exif(
        base={0x010F: "Canon", 0x0110: "EOS 5", 0x0132: "2024:01:02 03:04:05",
              0x0131: "Tool 1\0\0", 0x013B: "  A. Noether  ", 0x8298: "\x01\x02",
              0x010E: "x" * 999},
        camera={0x829A: IFDRational(13, 10), 0x829D: IFDRational(8), 0x8827: 100},
        place={1: "N", 2: degrees(52, 30, 0), 3: "W", 4: degrees(13, 24, 36)},
    ))  # fmt: skip
    assert found.pop("Description") == "x" * 200
    assert found == {
        "Camera": "Canon EOS 5", "Taken": "2024-01-02 03:04:05", "Exposure": "1.3 s",
        "Aperture": "f/8", "Sensitivity": "ISO 100", "Software": "Tool 1",
        "Artist": "A. Noether", "Position": "52.50000, -13.41000",
    }  # fmt: skip


def test_invalid_exif_numbers_are_left_out() -> None:
    """Cameras write 0/0 for what they do not know."""
    unknown = IFDRational(0, 0)
    found = summarise_exif(with_exif(
        base={0x0110: "Model"},
        camera={0x829A: unknown, 0x829D: unknown, 0x920A: unknown},
        place={1: "N", 2: (unknown,) * 3, 3: "E", 4: (unknown,) * 3},
    ))  # fmt: skip
    assert found == {"Camera": "Model"}


def test_an_image_without_exif_has_no_labels() -> None:
    assert summarise_exif(png(draw(1, 40, 30))) == {}
    assert summarise_exif(with_exif()) == {}
    assert summarise_exif(with_exif(place={1: "N"})) == {}


@settings(deadline=None)
@given(st.data())
def test_damaged_exif_never_raises(data: st.DataObject) -> None:
    """Bytes of the EXIF part are changed at will: texts come out, and no error."""
    whole = bytearray(draw_camera_photo(width=16, height=16))
    at = whole.index(b"Exif\0\0")
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(at + 6, at + 400))
        if place < len(whole):
            whole[place] = data.draw(st.integers(0, 255))
    found = summarise_exif(bytes(whole))
    for label, text in found.items():
        assert label
        assert text.isprintable()
        assert len(text) <= 400
        assert "nan" not in text.split()
