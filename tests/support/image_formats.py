"""Small images in every mode and format, and the colours that decoding must give."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from sokkuri.core.errors import DecodeError
from sokkuri.core.types import Limits, Pixels, PixelSpec
from sokkuri.images.decode import decode

SPEC = PixelSpec(20, 30)  # not square, so that turning shows
RED, GREEN, BLUE, SAND = (255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 200, 100)
WHITE = (255, 255, 255)
SPOTS = ((4, 4), (4, 25), (15, 4), (15, 25))  # one in each quarter of the decoded image
GREYS = tuple((g, g, g) for g in (76, 150, 29, 189))  # the four colours in grey, by ITU-R 601

Colours = tuple[tuple[int, int, int], ...]


def draw_quarters(width: int = 60, height: int = 40) -> Image.Image:
    """Return red and green above blue and sand. Every rotation and flip changes this image."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = RED, GREEN
    rgb[height // 2 :, : width // 2], rgb[height // 2 :, width // 2 :] = BLUE, SAND
    return Image.fromarray(rgb)


def make_half_transparent(image: Image.Image) -> Image.Image:
    """Return the image with its right half transparent."""
    image = image.convert("RGBA")
    alpha = np.full((image.height, image.width), 255, np.uint8)
    alpha[:, image.width // 2 :] = 0
    image.putalpha(Image.fromarray(alpha))
    return image


def draw_16_bit_grey() -> Image.Image:
    """Return the image in grey with 16 bits."""
    return Image.fromarray(np.asarray(draw_quarters().convert("L")).astype(np.uint16) * 257)


def encode_image(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decode_image(data: bytes, spec: PixelSpec = SPEC, limits: Limits | None = None) -> Pixels:
    return decode(data, spec, limits or Limits())


def failure_reason(data: bytes, spec: PixelSpec = SPEC, limits: Limits | None = None) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_image(data, spec, limits)
    return str(caught.value)


def assert_colours(found: Pixels, expected: Colours, tolerance: int = 3) -> None:
    assert found.rgb.shape == (SPEC.height, SPEC.width, 3)
    assert found.rgb.dtype == np.uint8
    spots = np.array([found.rgb[spot] for spot in SPOTS], int)
    assert np.abs(spots - np.array(expected)).max() <= tolerance, spots.tolist()


def build_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def build_png(
    width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: bytes
) -> bytes:
    """Return a PNG, built chunk by chunk, for variants that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (build_chunk(b"IHDR", header), *chunks, build_chunk(b"IDAT", zlib.compress(rows)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + build_chunk(b"IEND", b"")


def draw_lab() -> Image.Image:
    srgb, into = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    turned = ImageCms.profileToProfile(draw_quarters(), srgb, into, outputMode="LAB")
    assert turned is not None
    return turned


PICTURE = draw_quarters()
HALF_PICTURE = make_half_transparent(PICTURE)
FULL = (RED, GREEN, BLUE, SAND)
HALF = (RED, WHITE, BLUE, WHITE)
GREY_HALF = (GREYS[0], WHITE, GREYS[2], WHITE)
KINDS: dict[str, tuple[Callable[[], bytes], str, Colours, int]] = {
    "RGB PNG": (lambda: encode_image(PICTURE, "PNG"), "RGB", FULL, 0),
    "RGB BMP": (lambda: encode_image(PICTURE, "BMP"), "RGB", FULL, 0),
    "RGB TIFF": (lambda: encode_image(PICTURE, "TIFF"), "RGB", FULL, 0),
    "RGB PPM": (lambda: encode_image(PICTURE, "PPM"), "RGB", FULL, 0),
    "RGB TGA": (lambda: encode_image(PICTURE, "TGA"), "RGB", FULL, 0),
    "RGB ICO": (lambda: encode_image(PICTURE, "ICO", sizes=[(60, 40)]), "RGB", FULL, 0),
    "RGB JPEG 2000": (lambda: encode_image(PICTURE, "JPEG2000"), "RGB", FULL, 0),
    "RGB WebP": (lambda: encode_image(PICTURE, "WEBP", lossless=True), "RGB", FULL, 0),
    "RGB JPEG": (lambda: encode_image(PICTURE, "JPEG", quality=95), "RGB", FULL, 8),
    "RGB AVIF": (lambda: encode_image(PICTURE, "AVIF", quality=95), "RGB", FULL, 8),
    "L PNG": (lambda: encode_image(PICTURE.convert("L"), "PNG"), "L", GREYS, 0),
    "L JPEG": (lambda: encode_image(PICTURE.convert("L"), "JPEG"), "L", GREYS, 3),
    "LA PNG": (lambda: encode_image(HALF_PICTURE.convert("LA"), "PNG"), "LA", GREY_HALF, 0),
    "LA TIFF": (lambda: encode_image(HALF_PICTURE.convert("LA"), "TIFF"), "LA", GREY_HALF, 0),
    "RGBA PNG": (lambda: encode_image(HALF_PICTURE, "PNG"), "RGBA", HALF, 0),
    "RGBA WebP": (lambda: encode_image(HALF_PICTURE, "WEBP", lossless=True), "RGBA", HALF, 0),
    "RGBA TIFF": (lambda: encode_image(HALF_PICTURE, "TIFF"), "RGBA", HALF, 0),
    "P PNG": (lambda: encode_image(PICTURE.quantize(8), "PNG"), "P", FULL, 0),
    "P GIF": (lambda: encode_image(PICTURE.quantize(8), "GIF"), "P", FULL, 0),
    "P GIF with a transparent colour": (
        lambda: encode_image(HALF_PICTURE, "GIF"), "P", HALF, 0,
    ),
    "P PNG with an alpha for each colour": (
        lambda: encode_image(HALF_PICTURE.quantize(8, Image.Quantize.FASTOCTREE), "PNG"),
        "P", HALF, 3,
    ),
    "CMYK JPEG": (
        lambda: encode_image(PICTURE.convert("CMYK"), "JPEG", quality=95), "CMYK", FULL, 8,
    ),
    "CMYK TIFF": (lambda: encode_image(PICTURE.convert("CMYK"), "TIFF"), "CMYK", FULL, 0),
    "YCbCr TIFF": (lambda: encode_image(PICTURE.convert("YCbCr"), "TIFF"), "YCbCr", FULL, 3),
    "LAB TIFF": (lambda: encode_image(draw_lab(), "TIFF"), "LAB", FULL, 24),  # 8-bit steps
    "16-bit PNG": (lambda: encode_image(draw_16_bit_grey(), "PNG"), "I;16", GREYS, 0),
    "16-bit TIFF": (lambda: encode_image(draw_16_bit_grey(), "TIFF"), "I;16", GREYS, 0),
    "16-bit PGM": (lambda: encode_image(draw_16_bit_grey().convert("I"), "PPM"), "I", GREYS, 1),
    "I TIFF": (lambda: encode_image(PICTURE.convert("I"), "TIFF"), "I", GREYS, 0),
    "F TIFF to 255": (lambda: encode_image(PICTURE.convert("F"), "TIFF"), "F", GREYS, 1),
    "F TIFF to 1": (
        lambda: encode_image(Image.fromarray(np.asarray(PICTURE.convert("F")) / 255), "TIFF"),
        "F", GREYS, 1,
    ),
}  # fmt: skip

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
"""The pixels that a camera stores of an upright image, by the orientation that it writes."""
EXIF_FORMATS: list[tuple[str, dict[str, Any]]] = [
    ("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}),
    ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("AVIF", {"quality": 95}),
]  # fmt: skip


def encode_turned(
    orientation: int, kind: str, options: dict[str, Any], size: tuple[int, int]
) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(TURNS[orientation](np.asarray(draw_quarters(*size))))
    return encode_image(Image.fromarray(stored), kind, exif=exif, **options)
