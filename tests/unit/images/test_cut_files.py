"""Files that are cut short: what is there is read, with a note; too little of it is a failure."""

import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from image_formats import build_chunk, decode_image, encode_image, failure_reason
from numpy.typing import NDArray
from PIL import Image, ImageFile

from sokkuri.core.errors import DecodeError
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.cut_files import lenient
from sokkuri.images.decode import decode

_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
"""The first six of the seven passes of an interlaced PNG: first column, first row, steps."""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "TGA", "PPM"])
def test_a_file_cut_in_half_is_a_failure_not_half_a_picture(kind: str) -> None:
    """Guarantee: a half-copied file fails, so that the next run tries it again."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 120, 3), dtype=np.uint8))
    data = encode_image(image, kind)
    assert decode_image(data).width == 120
    text = failure_reason(data[: len(data) // 2])
    assert text == "the file is cut short" or (kind == "TIFF" and "TIFF" in text), text


@pytest.mark.parametrize("size", [(64, 48), (61, 45), (200, 150)])
@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"optimize": True}],
    ids=str,
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_lacks_only_its_end_is_read(
    size: tuple[int, int], options: dict[str, Any], mode: str
) -> None:
    """Guarantee: a JPEG whose pixels are all there is read. One that lacks pixels has a note."""
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    data = encode_image(Image.fromarray(noise).convert(mode), "JPEG", **options)
    whole = decode_image(data).rgb
    for missing in (1, 2):
        np.testing.assert_array_equal(decode_image(data[:-missing]).rgb, whole)
        assert decode_image(data[:-missing]).note == ""
    for missing in (20, len(data) // 100 + 20):
        note = decode_image(data[:-missing]).note
        assert re.fullmatch(r"the file is cut short: (\d+%|a part) of the picture is missing", note)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "TGA", "PPM"])
def test_what_is_there_of_a_file_that_is_cut_short_is_read(kind: str) -> None:
    """Guarantee: a file that lacks its end is read as far as it goes, with a note."""
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = encode_image(Image.fromarray(noise), kind)
    spec = PixelSpec(200, 200, "nearest")
    whole = decode(data, spec, Limits())
    cut = decode(data[: len(data) * 8 // 10], spec, Limits())
    percent = re.fullmatch(r"the file is cut short: (\d+)% of the picture is missing", cut.note)
    assert percent is not None
    assert 20 <= int(percent[1]) <= 30
    agree = (cut.rgb == whole.rgb).all(axis=(1, 2))
    assert 0.7 <= agree.mean() <= 0.8
    assert (cut.width, cut.height, whole.note) == (200, 200, "")
    with pytest.raises(DecodeError, match=r"^the file is cut short$"):
        decode(data[: len(data) * 55 // 100], spec, Limits())


def test_a_setting_of_one_thread_leaves_the_others_alone() -> None:
    with lenient(), ThreadPoolExecutor(1) as pool:
        assert bool(ImageFile.LOAD_TRUNCATED_IMAGES)
        assert not pool.submit(lambda: bool(ImageFile.LOAD_TRUNCATED_IMAGES)).result()
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def interlaced_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return an interlaced PNG, which Pillow does not write. pixels : (H, W, C)."""
    height, width, channels = pixels.shape
    passes = [pixels[y::down, x::right] for x, y, right, down in (*_ADAM7, (0, 1, 1, 2))]
    rows = b"".join(b"\0" + row.tobytes() for part in passes for row in part)
    colour = {1: 0, 3: 2, 4: 6}[channels]
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, colour, 0, 0, 1])
    start = b"\x89PNG\r\n\x1a\n" + build_chunk(b"IHDR", header)
    return start + build_chunk(b"IDAT", zlib.compress(rows)) + build_chunk(b"IEND", b"")


def draw_noise(height: int, width: int, channels: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, (height, width, channels), dtype=np.uint8)


def encode_interlaced(kind: str, height: int = 101, width: int = 90) -> bytes:
    if kind == "GIF":
        image = Image.fromarray(draw_noise(height, width, 3))
        return encode_image(image.quantize(250), "GIF", interlace=1)
    return interlaced_png(draw_noise(height, width, int(kind.removeprefix("PNG "))))


@pytest.mark.parametrize("kind", ["GIF", "PNG 1", "PNG 3", "PNG 4"])
@pytest.mark.parametrize("height", [100, 101])
def test_rows_that_an_interlaced_file_lacks_are_copied_from_above(kind: str, height: int) -> None:
    """Guarantee: an interlaced file that lacks its end is read as far as it goes, with a note."""
    data = encode_interlaced(kind, height)
    spec = PixelSpec(height, 90, "nearest")
    whole = decode(data, spec, Limits())
    cut = decode(data[: len(data) * 8 // 10], spec, Limits())
    percent = re.fullmatch(r"the file is cut short: (\d+)% of the picture is missing", cut.note)
    assert percent is not None
    there = (cut.rgb == whole.rgb).all(axis=(1, 2))
    assert (1 - there.mean()) * 100 == pytest.approx(int(percent[1]), abs=2)
    lacking = np.flatnonzero(~there)
    assert (lacking % 2 == 1).all()
    np.testing.assert_array_equal(cut.rgb[lacking], whole.rgb[lacking - 1])
    for share in (20, 55):
        assert failure_reason(data[: len(data) * share // 100]) == "the file is cut short"


def test_an_interlaced_file_of_one_row_that_is_cut_is_a_failure() -> None:
    data = encode_interlaced("PNG 3", height=1)
    assert failure_reason(data[:-60]) == "the file is cut short"


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_formats_that_are_read_only_whole_say_so(kind: str, share: float) -> None:
    data = encode_image(Image.fromarray(draw_noise(100, 90, 3)), kind)
    name = {"WEBP": "WebP", "JPEG2000": "JPEG 2000"}.get(kind, kind)
    assert failure_reason(data[: int(len(data) * share)]) == (
        f"the file is cut short, and only whole {name} files can be read"
    )


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_a_file_of_its_full_length_is_not_called_cut(kind: str) -> None:
    data = encode_image(Image.fromarray(draw_noise(100, 90, 3)), kind)
    start = {"WEBP": 16, "AVIF": 40}[kind]
    damaged = data[:start] + bytes(200) + data[start + 200 :]
    assert "cut short" not in failure_reason(damaged)
