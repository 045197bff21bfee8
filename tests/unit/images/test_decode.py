"""Any file becomes pixels of the network's size, upright and over white, or one clear sentence."""

import dataclasses
import io
import struct
from typing import Any

import numpy as np
import pytest
from image_formats import (
    EXIF_FORMATS,
    FULL,
    GREYS,
    KINDS,
    SPEC,
    TURNS,
    assert_colours,
    build_chunk,
    build_png,
    decode_image,
    draw_quarters,
    encode_image,
    encode_turned,
)
from PIL import Image

from sokkuri.core.types import PixelSpec
from sokkuri.images.convert import rgb_converter

# Colours


@pytest.mark.parametrize("kind", KINDS)
def test_every_mode_and_format_comes_back_in_its_colours(kind: str) -> None:
    """Guarantee: any colour mode becomes RGB of the network's size, over white where it is
    transparent."""
    write, mode, colours, tolerance = KINDS[kind]
    data = write()
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == mode  # or this would test another one
    found = decode_image(data)
    assert_colours(found, colours, tolerance)
    assert (found.width, found.height) == (60, 40)


def test_black_and_white_dots_become_the_greys_that_they_stand_for() -> None:
    """A dithered picture is seen as what it shows: its dots are averaged, not picked."""
    data = encode_image(draw_quarters(600, 400).convert("1"), "PNG")
    assert_colours(decode_image(data), GREYS, 12)


@pytest.mark.parametrize("mode", ["HSV", "PA", "La", "RGBa"])
def test_modes_that_no_format_produces_are_converted(mode: str) -> None:
    """Pillow's readers may hand on any of its modes one day."""
    picture = draw_quarters().convert("RGBA") if mode != "HSV" else draw_quarters()
    if mode == "PA":
        picture = draw_quarters().quantize(8)
    elif mode == "La":
        picture = draw_quarters().convert("LA")
    given = picture.convert(mode)
    rgb = np.asarray(rgb_converter(given)(given).convert("RGB"), int)
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
    data = build_png(8, 8, depth, 0, rows, build_chunk(b"tRNS", struct.pack(">H", key)))
    found = decode_image(data, PixelSpec(8, 8, "nearest")).rgb
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
    found = decode_image(
        build_png(8, 8, depth, 2, rows, build_chunk(b"tRNS", mark)), PixelSpec(8, 8, "nearest")
    ).rgb
    assert (found[:4] == 255).all()
    assert (found[4:] == [part >> 8 for part in other]).all()


def test_transparent_16_bit_grey_with_an_alpha_channel_is_over_white() -> None:
    pairs = np.array([[[0x4000, 0xFFFF]] * 8] * 4 + [[[0x4000, 0]] * 8] * 4, ">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in pairs)
    found = decode_image(build_png(8, 8, 16, 4, rows), PixelSpec(8, 8, "nearest")).rgb
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
def test_the_first_frame_or_page_is_decoded(
    kind: str, options: dict[str, Any], tolerance: int
) -> None:
    """Guarantee: an animation counts as its first frame."""
    rest = [Image.new("RGB", (60, 40), colour) for colour in ("black", "yellow")]
    data = encode_image(draw_quarters(), kind, save_all=True, append_images=rest, **options)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 3
    assert_colours(decode_image(data), FULL, tolerance)


# Upright


@pytest.mark.parametrize("size", [(60, 40), (48, 48), (600, 400)])
@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("kind", "options"), EXIF_FORMATS)
def test_a_picture_is_upright_whichever_way_it_is_stored(
    kind: str, options: dict[str, Any], orientation: int, size: tuple[int, int]
) -> None:
    """Guarantee: every EXIF orientation gives the upright picture, and its width and height."""
    found = decode_image(encode_turned(orientation, kind, options, size))
    assert (found.width, found.height) == size
    assert_colours(found, FULL, 8)


@pytest.mark.parametrize("size", [(60, 40), (48, 48)])
@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("kind", "options"), EXIF_FORMATS)
def test_a_card_may_ask_for_pictures_as_they_are_stored(
    kind: str, options: dict[str, Any], orientation: int, size: tuple[int, int]
) -> None:
    """`orientation = false` in a card: for a network that was fed so."""
    stored = TURNS[orientation](np.asarray(draw_quarters(*size)))
    expected = decode_image(
        encode_image(Image.fromarray(np.ascontiguousarray(stored)), kind, **options)
    )
    plain = dataclasses.replace(SPEC, orientation=False)
    found = decode_image(encode_turned(orientation, kind, options, size), plain)
    assert (found.width, found.height) == (stored.shape[1], stored.shape[0])
    assert np.abs(found.rgb.astype(int) - expected.rgb).max() <= 8


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_part_is_cut_from_the_upright_picture(kind: str, orientation: int) -> None:
    data = encode_turned(orientation, kind, {}, (60, 40))
    whole = decode_image(data, PixelSpec(40, 60, "nearest")).rgb
    part = decode_image(data, PixelSpec(9, 25, "nearest", crop=(20, 14, 25, 9)))
    assert (part.width, part.height) == (60, 40)
    np.testing.assert_array_equal(part.rgb, whole[14:23, 20:45])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", [0, 9, 40000])
def test_an_invalid_orientation_is_ignored(kind: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    found = decode_image(
        encode_image(
            draw_quarters(), kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {})
        )
    )
    assert_colours(found, FULL, 8)


def test_broken_exif_does_not_make_a_picture_unreadable() -> None:
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 100):
        assert_colours(
            decode_image(encode_image(draw_quarters(), "JPEG", quality=95, exif=exif)), FULL, 8
        )


def test_a_tiff_whose_orientation_is_in_its_xmp_is_upright() -> None:
    """Pillow learns of that one only while it loads the pixels."""
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(draw_quarters()), 1)))
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    found = decode_image(encode_image(stored, "TIFF", tiffinfo={700: xmp}))
    assert (found.width, found.height) == (60, 40)
    assert_colours(found, FULL, 0)
