"""Any file becomes pixels of the network's size, upright and over white, or one clear sentence."""

import dataclasses
import functools
import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, features

from sokkuri import decode as module
from sokkuri.decode import FORMATS, decode
from sokkuri.errors import DecodeError
from sokkuri.records import Limits, Pixels, PixelSpec, Resample

SPEC = PixelSpec(20, 30)  # not square, so that turning shows
RED, GREEN, BLUE, SAND = (255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 200, 100)
WHITE = (255, 255, 255)
SPOTS = ((4, 4), (4, 25), (15, 4), (15, 25))  # one in each quarter of the decoded picture
GREYS = tuple((g, g, g) for g in (76, 150, 29, 189))  # what ITU-R 601 makes of the four colours

Colours = tuple[tuple[int, int, int], ...]


def quarters(width: int = 60, height: int = 40) -> Image.Image:
    """Red and green above blue and sand: no turning or flipping leaves it as it is."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = RED, GREEN
    rgb[height // 2 :, : width // 2], rgb[height // 2 :, width // 2 :] = BLUE, SAND
    return Image.fromarray(rgb)


def see_through(image: Image.Image) -> Image.Image:
    """The picture with its right half transparent."""
    image = image.convert("RGBA")
    alpha = np.full((image.height, image.width), 255, np.uint8)
    alpha[:, image.width // 2 :] = 0
    image.putalpha(Image.fromarray(alpha))
    return image


def deep() -> Image.Image:
    """The picture in grey of 16 bits."""
    return Image.fromarray(np.asarray(quarters().convert("L")).astype(np.uint16) * 257)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def look(data: bytes, spec: PixelSpec = SPEC, limits: Limits | None = None) -> Pixels:
    return decode(data, spec, limits or Limits())


def reason(data: bytes, spec: PixelSpec = SPEC, limits: Limits | None = None) -> str:
    with pytest.raises(DecodeError) as caught:
        look(data, spec, limits)
    return str(caught.value)


def assert_colours(found: Pixels, expected: Colours, tolerance: int = 3) -> None:
    assert found.rgb.shape == (SPEC.height, SPEC.width, 3)
    assert found.rgb.dtype == np.uint8
    spots = np.array([found.rgb[spot] for spot in SPOTS], int)
    assert np.abs(spots - np.array(expected)).max() <= tolerance, spots.tolist()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG, part by part, for what Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


# Colours


def lab() -> Image.Image:
    srgb, into = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    turned = ImageCms.profileToProfile(quarters(), srgb, into, outputMode="LAB")
    assert turned is not None
    return turned


FULL = (RED, GREEN, BLUE, SAND)
HALF = (RED, WHITE, BLUE, WHITE)
GREY_HALF = (GREYS[0], WHITE, GREYS[2], WHITE)
KINDS: dict[str, tuple[Callable[[], bytes], str, Colours, int]] = {
    "RGB PNG": (lambda: saved(quarters(), "PNG"), "RGB", FULL, 0),
    "RGB BMP": (lambda: saved(quarters(), "BMP"), "RGB", FULL, 0),
    "RGB TIFF": (lambda: saved(quarters(), "TIFF"), "RGB", FULL, 0),
    "RGB PPM": (lambda: saved(quarters(), "PPM"), "RGB", FULL, 0),
    "RGB TGA": (lambda: saved(quarters(), "TGA"), "RGB", FULL, 0),
    "RGB ICO": (lambda: saved(quarters(), "ICO", sizes=[(60, 40)]), "RGB", FULL, 0),
    "RGB JPEG 2000": (lambda: saved(quarters(), "JPEG2000"), "RGB", FULL, 0),
    "RGB WebP": (lambda: saved(quarters(), "WEBP", lossless=True), "RGB", FULL, 0),
    "RGB JPEG": (lambda: saved(quarters(), "JPEG", quality=95), "RGB", FULL, 8),
    "RGB AVIF": (lambda: saved(quarters(), "AVIF", quality=95), "RGB", FULL, 8),
    "L PNG": (lambda: saved(quarters().convert("L"), "PNG"), "L", GREYS, 0),
    "L JPEG": (lambda: saved(quarters().convert("L"), "JPEG"), "L", GREYS, 3),
    "LA PNG": (lambda: saved(see_through(quarters()).convert("LA"), "PNG"), "LA", GREY_HALF, 0),
    "LA TIFF": (lambda: saved(see_through(quarters()).convert("LA"), "TIFF"), "LA", GREY_HALF, 0),
    "RGBA PNG": (lambda: saved(see_through(quarters()), "PNG"), "RGBA", HALF, 0),
    "RGBA WebP": (lambda: saved(see_through(quarters()), "WEBP", lossless=True), "RGBA", HALF, 0),
    "RGBA TIFF": (lambda: saved(see_through(quarters()), "TIFF"), "RGBA", HALF, 0),
    "P PNG": (lambda: saved(quarters().quantize(8), "PNG"), "P", FULL, 0),
    "P GIF": (lambda: saved(quarters().quantize(8), "GIF"), "P", FULL, 0),
    "P GIF with a transparent colour": (
        lambda: saved(see_through(quarters()), "GIF"), "P", HALF, 0,
    ),
    "P PNG with an alpha for each colour": (
        lambda: saved(see_through(quarters()).quantize(8, Image.Quantize.FASTOCTREE), "PNG"),
        "P", HALF, 3,
    ),
    "CMYK JPEG": (lambda: saved(quarters().convert("CMYK"), "JPEG", quality=95), "CMYK", FULL, 8),
    "CMYK TIFF": (lambda: saved(quarters().convert("CMYK"), "TIFF"), "CMYK", FULL, 0),
    "YCbCr TIFF": (lambda: saved(quarters().convert("YCbCr"), "TIFF"), "YCbCr", FULL, 3),
    "LAB TIFF": (lambda: saved(lab(), "TIFF"), "LAB", FULL, 24),  # 8 bits of a wider space
    "16-bit PNG": (lambda: saved(deep(), "PNG"), "I;16", GREYS, 0),
    "16-bit TIFF": (lambda: saved(deep(), "TIFF"), "I;16", GREYS, 0),
    "16-bit PGM": (lambda: saved(deep().convert("I"), "PPM"), "I", GREYS, 1),
    "I TIFF": (lambda: saved(quarters().convert("I"), "TIFF"), "I", GREYS, 0),
    "F TIFF to 255": (lambda: saved(quarters().convert("F"), "TIFF"), "F", GREYS, 1),
    "F TIFF to 1": (
        lambda: saved(Image.fromarray(np.asarray(quarters().convert("F")) / 255), "TIFF"),
        "F", GREYS, 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_mode_and_format_comes_back_in_its_colours(kind: str) -> None:
    """Guarantee: any colour mode becomes RGB of the network's size, over white where it is
    transparent."""
    write, mode, colours, tolerance = KINDS[kind]
    data = write()
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == mode  # or this would test another one
    found = look(data)
    assert_colours(found, colours, tolerance)
    assert (found.width, found.height) == (60, 40)


def test_black_and_white_dots_become_the_greys_that_they_stand_for() -> None:
    """A dithered picture is seen as what it shows: its dots are averaged, not picked."""
    data = saved(quarters(600, 400).convert("1"), "PNG")
    assert_colours(look(data), GREYS, 12)


@pytest.mark.parametrize("mode", ["HSV", "PA", "La", "RGBa"])
def test_modes_that_no_format_hands_on_are_turned_too(mode: str) -> None:
    """Pillow's readers may hand on any of its modes one day."""
    picture = quarters().convert("RGBA") if mode != "HSV" else quarters()
    if mode == "PA":
        picture = quarters().quantize(8)
    elif mode == "La":
        picture = quarters().convert("LA")
    rgb = np.asarray(module._to_rgb(picture.convert(mode)).convert("RGB"), int)
    expected = GREYS if mode == "La" else FULL
    for (y, x), colour in zip(((10, 15), (10, 45), (30, 15), (30, 45)), expected, strict=True):
        assert np.abs(rgb[y, x] - colour).max() <= 3


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("which", ["least", "next", "most"])
def test_a_transparent_grey_is_white_at_every_depth(depth: int, which: str) -> None:
    """A PNG names its transparent colour in its own depth, not in the 8 bits Pillow gives."""
    key = {"least": 0, "next": 1, "most": 2**depth - 1}[which]
    other = 2**depth // 2 if key != 2**depth // 2 else 0
    rows = b"".join(
        b"\0" + int(format(value, f"0{depth}b") * 8, 2).to_bytes(depth, "big")
        for value in [key] * 4 + [other] * 4
    )
    data = png(8, 8, depth, 0, rows, chunk(b"tRNS", struct.pack(">H", key)))
    found = look(data, PixelSpec(8, 8, "nearest")).rgb
    assert (found[:4] == 255).all()
    grey = round(other * 255 / (2**depth - 1))
    assert np.abs(found[4:].astype(int) - grey).max() <= 1


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("key", [(0x1234, 0x5678, 0x9ABC), (0xFFFF, 0, 0x8000)])
def test_a_transparent_colour_is_white_in_8_and_in_16_bits(
    depth: int, key: tuple[int, int, int]
) -> None:
    other = (0x4000, 0xC000, 0x2000)
    kind = {8: ">u1", 16: ">u2"}[depth]
    values = np.array([[key] * 8] * 4 + [[other] * 8] * 4) >> (16 - depth)
    rows = b"".join(b"\0" + row.astype(kind).tobytes() for row in values)
    mark = struct.pack(">3H", *(part >> (16 - depth) for part in key))
    found = look(png(8, 8, depth, 2, rows, chunk(b"tRNS", mark)), PixelSpec(8, 8, "nearest")).rgb
    assert (found[:4] == 255).all()
    assert (found[4:] == [part >> 8 for part in other]).all()


def test_transparent_16_bit_grey_with_an_alpha_channel_is_over_white() -> None:
    pairs = np.array([[[0x4000, 0xFFFF]] * 8] * 4 + [[[0x4000, 0]] * 8] * 4, ">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in pairs)
    found = look(png(8, 8, 16, 4, rows), PixelSpec(8, 8, "nearest")).rgb
    assert (found[:4] == 0x40).all()
    assert (found[4:] == 255).all()


# The first frame


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("GIF", {}, 0),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("TIFF", {}, 0),
        ("AVIF", {"quality": 95}, 8),
        ("MPO", {"quality": 95}, 8),
    ],
)
def test_of_an_animation_or_many_pages_the_first_is_seen(
    kind: str, options: dict[str, Any], tolerance: int
) -> None:
    """Guarantee: an animation counts as its first frame."""
    rest = [Image.new("RGB", (60, 40), colour) for colour in ("black", "yellow")]
    data = saved(quarters(), kind, save_all=True, append_images=rest, **options)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 3
    assert_colours(look(data), FULL, tolerance)


# Upright

TURNS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}
"""What a camera stores of an upright picture, by the orientation that it then writes."""
FORMS: list[tuple[str, dict[str, Any]]] = [
    ("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}),
    ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("AVIF", {"quality": 95}),
]  # fmt: skip


def turned(orientation: int, kind: str, options: dict[str, Any], size: tuple[int, int]) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(TURNS[orientation](np.asarray(quarters(*size))))
    return saved(Image.fromarray(stored), kind, exif=exif, **options)


@pytest.mark.parametrize("size", [(60, 40), (48, 48), (600, 400)])
@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("kind", "options"), FORMS)
def test_a_picture_is_upright_whichever_way_it_is_stored(
    kind: str, options: dict[str, Any], orientation: int, size: tuple[int, int]
) -> None:
    """Guarantee: every EXIF orientation gives the upright picture, and its width and height."""
    found = look(turned(orientation, kind, options, size))
    assert (found.width, found.height) == size
    assert_colours(found, FULL, 8)


@pytest.mark.parametrize("size", [(60, 40), (48, 48)])
@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("kind", "options"), FORMS)
def test_a_card_may_ask_for_pictures_as_they_are_stored(
    kind: str, options: dict[str, Any], orientation: int, size: tuple[int, int]
) -> None:
    """`orientation = false` in a card: for a network that was fed so."""
    stored = TURNS[orientation](np.asarray(quarters(*size)))
    expected = look(saved(Image.fromarray(np.ascontiguousarray(stored)), kind, **options))
    plain = dataclasses.replace(SPEC, orientation=False)
    found = look(turned(orientation, kind, options, size), plain)
    assert (found.width, found.height) == (stored.shape[1], stored.shape[0])
    assert np.abs(found.rgb.astype(int) - expected.rgb).max() <= 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", [0, 9, 40000])
def test_an_orientation_that_cannot_be_is_ignored(kind: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    found = look(saved(quarters(), kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {})))
    assert_colours(found, FULL, 8)


def test_broken_exif_does_not_make_a_picture_unreadable() -> None:
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 100):
        assert_colours(look(saved(quarters(), "JPEG", quality=95, exif=exif)), FULL, 8)


def test_a_tiff_whose_orientation_is_in_its_xmp_is_upright() -> None:
    """Pillow learns of that one only while it loads the pixels."""
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(quarters()), 1)))
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    found = look(saved(stored, "TIFF", tiffinfo={700: xmp}))
    assert (found.width, found.height) == (60, 40)
    assert_colours(found, FULL, 0)


# Sizes and limits


def smooth(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    parts = (x / width, y / height, 0.5 + 0.5 * np.sin(x / 17) * np.cos(y / 23))
    return Image.fromarray((np.stack(parts, -1) * 255).astype(np.uint8))


@pytest.mark.parametrize("size", [(1000, 700), (700, 1000), (61, 2000)])
def test_a_jpeg_decoded_small_is_close_to_one_decoded_whole(size: tuple[int, int]) -> None:
    """Decoding at 1/2 to 1/8 costs no visible difference, and the true size is still told."""
    data = saved(smooth(*size), "JPEG", quality=90)
    fast, whole = look(data), look(data, dataclasses.replace(SPEC, draft=False))
    assert (fast.width, fast.height) == (whole.width, whole.height) == size
    assert np.abs(fast.rgb.astype(int) - whole.rgb).mean() < 2


@pytest.mark.parametrize("resample", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_a_picture_of_one_pixel_and_a_very_long_one_are_pictures(resample: Resample) -> None:
    for size in ((1, 1), (1, 3000), (3000, 1)):
        spec = dataclasses.replace(SPEC, resample=resample)
        found = look(saved(Image.new("RGB", size, SAND), "PNG"), spec)
        assert_colours(found, (SAND,) * 4, 0)


def test_more_pixels_than_the_limit_are_refused_and_exactly_as_many_are_not() -> None:
    data = saved(quarters(), "PNG")
    assert look(data, limits=Limits(max_pixels=2400)).width == 60
    assert reason(data, limits=Limits(max_pixels=2399)) == (
        "60 x 40 pixels are more than the limit of 2,399"
    )


def test_a_header_of_50000_x_50000_is_refused_before_a_byte_is_decoded() -> None:
    """Guarantee: one broken header must not take the machine."""
    data = png(50_000, 50_000, 8, 2, b"\0" * 100)
    assert reason(data) == "it claims more pixels than the limit of 250,000,000"


def test_a_limit_above_the_usual_one_counts() -> None:
    """In a process of its own: the limit is Pillow's as well, for all of a process."""
    script = (
        "import struct, zlib\n"
        "from sokkuri.decode import decode\n"
        "from sokkuri.records import Limits, PixelSpec\n"
        "def chunk(kind, data):\n"
        "    sum = zlib.crc32(kind + data)\n"
        "    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', sum)\n"
        "header = chunk(b'IHDR', struct.pack('>IIBBBBB', 300_000, 1_000, 1, 0, 0, 0, 0))\n"
        "rows = chunk(b'IDAT', zlib.compress(b'\\0' * (37_501 * 1_000)))\n"
        "data = b'\\x89PNG\\r\\n\\x1a\\n' + header + rows + chunk(b'IEND', b'')\n"
        "found = decode(data, PixelSpec(8, 8), Limits(max_pixels=300_000_000))\n"
        "print(found.width, found.height)\n"
    )
    assert run(script).stdout == "300000 1000\n"


def test_metadata_of_any_size_does_not_make_a_picture_unreadable() -> None:
    """Colour profiles and texts of some megabytes are found in the wild."""
    rows = b"".join(b"\0" + np.asarray(quarters())[y].tobytes() for y in range(40))
    for kind in (b"iCCP", b"zTXt"):
        beside = chunk(kind, b"name\0\0" + zlib.compress(b"x" * 5_000_000))
        assert_colours(look(png(60, 40, 8, 2, rows, beside)), FULL, 0)


def test_a_claim_of_endless_frames_or_pages_is_not_followed() -> None:
    """Only the first is looked for, so the others cannot keep a worker busy."""
    rows = b"".join(b"\0" + np.asarray(quarters())[y].tobytes() for y in range(40))
    control = chunk(b"acTL", struct.pack(">II", 0x7FFFFFFF, 0))
    assert_colours(look(png(60, 40, 8, 2, rows, control)), FULL, 0)
    gif = saved(quarters().quantize(8), "GIF")
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    assert_colours(look(gif[:-1] + frame * 100_000 + b";"), FULL, 0)
    tiff = bytearray(saved(quarters(), "TIFF"))
    (at,) = struct.unpack_from("<I", tiff, 4)
    (entries,) = struct.unpack_from("<H", tiff, at)
    struct.pack_into("<I", tiff, at + 2 + 12 * entries, at)  # the next page is this one
    assert_colours(look(bytes(tiff)), FULL, 0)


# What is no picture


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the file is empty"),
        (b"Dear diary,\nno picture today.\n", "it is no image: it looks like a text file"),
        ("日記: 今日は写真がない。".encode() * 9, "it is no image: it looks like a text file"),
        (b"\x00\x01\x02\x03" * 10, "it is no image that can be read"),
        (b"\xff\x0a" + b"\0" * 50, "JPEG XL is not supported"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0" * 50, "JPEG XL is not supported"),
        (b"%PDF-1.7\n", "PDF is not supported"),
        (b"v/1\x01\2\0\0\0", "OpenEXR is not supported"),
        (b"II*\0\xff\xff\xff\xff",
         "it begins like TIFF, but is damaged or of a kind that cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_called_what_it_is(data: bytes, expected: str) -> None:
    """Guarantee: a failure row's reason is one that a person understands."""
    assert reason(data) == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "TGA", "PPM"])
def test_a_file_cut_in_half_is_a_failure_not_half_a_picture(kind: str) -> None:
    """Guarantee: a half-copied file fails, so that the next run tries it again."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 120, 3), dtype=np.uint8))
    data = saved(image, kind)
    assert look(data).width == 120
    text = reason(data[: len(data) // 2])
    assert text == "the file is cut short" or (kind == "TIFF" and "TIFF" in text), text


def test_a_reason_of_many_lines_becomes_one_short_line() -> None:
    """A reason is printed in a table: it is short and has no control characters."""
    text = module._reason(ValueError("a\nb\x1b[31m" + "c" * 1000))
    assert text.startswith("the picture is damaged: a b?[31mccc")
    assert len(text) <= 200
    assert text.isprintable()


def test_a_kind_that_pillow_does_not_know_is_not_called_damaged() -> None:
    data = bytearray(saved(quarters(), "BMP"))
    struct.pack_into("<I", data, 30, 4)  # a JPEG inside, for printers
    assert reason(bytes(data)).startswith("it is of a kind that cannot be read: ")


def test_damage_is_told_in_the_reason_alone(capfd: pytest.CaptureFixture[str]) -> None:
    """Guarantee: nothing is printed past the progress line; libtiff would, left to itself."""
    refused = 0
    for coded in CODED:
        data = bytearray(saved(smooth(200, 150), "TIFF", compression=coded))
        data[100:3000] = bytes(reversed(data[100:3000]))
        try:
            look(bytes(data))
        except DecodeError:
            refused += 1
    assert refused > 0
    assert capfd.readouterr() == ("", "")


def test_numbers_that_are_none_do_not_spoil_the_others() -> None:
    """A float picture with gaps (NaN) or infinities shows the rest as it is."""
    values = np.array(quarters().convert("F")) / 255
    values[18:22, 28:32] = [np.nan, np.inf, -np.inf, np.nan]
    values.view(np.uint32)[0, 0] = 0x7F800001  # a NaN that complains when it is converted
    assert_colours(look(saved(Image.fromarray(values), "TIFF")), GREYS, 1)
    nothing = Image.fromarray(np.full((8, 8), np.nan, np.float32))
    assert reason(saved(nothing, "TIFF")).endswith("none of its values is a finite number")


def test_numbers_beyond_16_bits_go_from_the_least_to_the_greatest() -> None:
    values = np.asarray(quarters().convert("I"), np.int32)
    grey = (values - values.min()) * 255.0 / (values.max() - values.min())
    expected = [(int(g), int(g), int(g)) for g in np.rint(grey[[10, 10, 30, 30], [15, 45, 15, 45]])]
    data = saved(Image.fromarray(values * 100_000 - 5_000_000), "TIFF")
    assert_colours(look(data), tuple(expected), 1)


# HEIC, and what is never started


def run(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, text=True, env={**os.environ, **env},
    )  # fmt: skip


def heic(image: Image.Image, **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=95, **options)
    return file.getvalue()


def test_heic_is_read_with_the_extra() -> None:
    found = look(heic(quarters()))
    assert (found.width, found.height) == (60, 40)
    assert_colours(found, FULL, 12)
    assert_colours(look(heic(see_through(quarters()))), HALF, 12)


@pytest.mark.parametrize("orientation", TURNS)
def test_heic_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(TURNS[orientation](np.asarray(quarters())))
    found = look(heic(Image.fromarray(stored), exif=exif.tobytes()))
    assert (found.width, found.height) == (60, 40)
    assert_colours(found, FULL, 12)


def test_heic_cut_short_is_a_failure() -> None:
    data = heic(smooth(200, 200))
    for length in (40, len(data) // 2, len(data) - 10):
        assert "\n" not in reason(data[:length])


def test_heic_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    """Guarantee: a missing optional part is named with the command that brings it."""
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    script = (
        "import sys\n"
        "sys.modules['pillow_heif'] = None\n"  # as if it were not installed
        "from pathlib import Path\n"
        "from sokkuri.decode import decode\n"
        "from sokkuri.errors import DecodeError\n"
        "from sokkuri.records import Limits, PixelSpec\n"
        "try:\n"
        "    decode(Path('photo.heic').read_bytes(), PixelSpec(8, 8), Limits())\n"
        "except DecodeError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout == "HEIC needs an optional part: pip install 'sokkuri[heic]'\n"


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_that_calls_itself_a_heif_needs_no_extra() -> None:
    data = saved(quarters(), "AVIF", quality=95)
    assert data[8:12] == b"avif"
    assert b"avif" not in data[12:16]
    general = data[:8] + b"mif1" + data[12:]
    assert b"avif" in general[16:64]
    assert_colours(look(general), FULL, 8)


EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\n"
    b"newpath 0 0 moveto 20 20 lineto stroke\nshowpage\n%%EOF\n"
)


def test_postscript_is_refused_and_never_starts_a_program(tmp_path: Path) -> None:
    """Guarantee: no file, whatever it holds, has another program started.

    Pillow hands EPS to Ghostscript; a script in its place tells whether it was called.
    """
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f'#!/bin/sh\ntouch "{tmp_path}/called"\nexit 1\n')
    ghostscript.chmod(0o755)
    (tmp_path / "picture.eps").write_bytes(EPS)
    start = (
        "from pathlib import Path\n"
        "from PIL import Image\n"
        "from sokkuri.decode import decode\n"
        "from sokkuri.errors import DecodeError\n"
        "from sokkuri.records import Limits, PixelSpec\n"
        f"path = Path({str(tmp_path / 'picture.eps')!r})\n"
    )
    ours = (
        "try:\n"
        "    decode(path.read_bytes(), PixelSpec(8, 8), Limits())\n"
        "except DecodeError as error:\n"
        "    print(error)\n"
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert run(start + ours, PATH=path).stdout == "PostScript is not supported\n"
    assert not (tmp_path / "called").exists()
    pillows = "try:\n    Image.open(path).load()\nexcept Exception:\n    pass\n"
    run(start + pillows, PATH=path)
    assert (tmp_path / "called").exists(), "the script would not have told"


def test_formats_that_start_programs_or_are_no_pictures_are_not_admitted() -> None:
    Image.init()
    assert not {"EPS", "WMF", "MPEG", "HDF5", "GRIB", "BUFR"} & set(FORMATS)
    assert set(FORMATS) <= set(Image.OPEN)


# Threads


def test_eight_threads_give_the_bits_that_one_gives() -> None:
    """Guarantee: features do not depend on the number of workers."""
    files = [write() for write, *_ in KINDS.values()]
    files += [turned(n, kind, options, (600, 400)) for kind, options in FORMS for n in (1, 6)]
    files.append(saved(smooth(1000, 700), "JPEG"))
    alone = [look(data).rgb.tobytes() for data in files]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            together = list(pool.map(lambda data: look(data).rgb.tobytes(), files * 4))
            assert together == alone * 4


# Whatever the bytes

SOUND = {
    "JPEG": {"quality": 80}, "PNG": {}, "GIF": {}, "WEBP": {}, "TIFF": {}, "BMP": {},
    "TGA": {}, "PPM": {}, "ICO": {}, "AVIF": {}, "JPEG2000": {}, "PCX": {}, "DDS": {}, "SGI": {},
}  # fmt: skip
CODED = ("tiff_lzw", "tiff_deflate", "jpeg", "packbits")


@functools.cache
def sound_files() -> tuple[bytes, ...]:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a text"
    files = [
        saved(smooth(64, 48), kind, **({"exif": exif} if kind in {"JPEG", "PNG", "WEBP"} else {}))
        for kind in SOUND
    ]
    files += [saved(smooth(64, 48), "TIFF", compression=one, exif=exif) for one in CODED]
    files += [saved(smooth(64, 48), "JPEG", progressive=True)]
    return tuple(files)


def never_but_a_reason(data: bytes) -> None:
    try:
        found = look(data, limits=Limits(max_pixels=1_000_000))
    except DecodeError as error:
        text = str(error)
        assert 0 < len(text) <= 200
        assert text.isprintable()
    else:
        assert found.rgb.shape == (SPEC.height, SPEC.width, 3)


BOUNDED = settings(
    max_examples=1000, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@BOUNDED
@given(
    start=st.sampled_from([b"", *module._SIGNATURES, b"P6 ", b"\0\0\1\0", b"qoif", b"DDS "]),
    data=st.binary(max_size=400),
)
def test_any_bytes_give_a_picture_or_a_reason(start: bytes, data: bytes) -> None:
    """Guarantee: no file stops a run."""
    never_but_a_reason(start + data)


@BOUNDED
@given(
    which=st.integers(0, 1000),
    cut=st.floats(0, 1),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12),
    early=st.booleans(),
)
def test_a_damaged_picture_gives_a_picture_or_a_reason(
    which: int, cut: float, places: list[tuple[float, int]], early: bool
) -> None:
    """Guarantee: no damage to a file stops a run."""
    files = sound_files()
    data = bytearray(files[which % len(files)])
    for place, value in places:
        reach = min(len(data), 200) if early else len(data)  # headers are where it hurts
        data[int(place * (reach - 1))] = value
    never_but_a_reason(bytes(data[: max(1, int(cut * len(data)))] if cut < 0.8 else data))
