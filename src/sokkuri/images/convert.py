"""Convert a decoded image of any mode to RGB or grey, a strip at a time.

Takes Pillow's images and returns images of 8 bits. A strip at a time, because the numbers between
two modes take many times the memory of the image.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

Converter = Callable[[Image.Image], Image.Image]
"""Converts an image, or any part of it."""

WHITE, BLACK = 255, 0
"""Grey levels of the ground behind transparent parts."""

_STRIP_PIXELS = 1_000_000
_PNG_KEY_SCALE = {"L;2": 85.0, "L;4": 17.0, "RGB;16B": 1 / 256}
"""Factors from a PNG's own numbers to 8 bits. Pillow scales the pixels, but not the transparent
colour."""


def rgb_converter(image: Image.Image, ground: int = WHITE) -> Converter:
    """Return the function that converts this loaded image, or a part of it, to RGB or to grey.

    Grey is cheaper to convert once it is small. ground : the grey level behind transparent parts.
    Handles every mode of Pillow. Raises ValueError if the image has no finite number.
    """
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return partial(_grey_from_numbers, value_range=_value_range(image))
    if image.has_transparency_data:
        return partial(_over_ground, ground=ground)
    if mode in ("RGB", "L"):
        return _unchanged
    if mode == "1":
        return _convert_to("L")
    return _rgb_from_lab() if mode == "LAB" else _convert_to("RGB")


def scale_png_key(image: PngImagePlugin.PngImageFile) -> None:
    """Scale the transparent colour of a PNG, not loaded yet, to the numbers that its pixels will
    have."""
    key = image.info.get("transparency")
    scale = _PNG_KEY_SCALE.get(str(image.tile[0].args)) if image.tile else None
    if scale is not None and isinstance(key, int):
        image.info["transparency"] = int(key * scale)
    elif scale is not None and isinstance(key, tuple):
        image.info["transparency"] = tuple(int(part * scale) for part in key)


def convert_whole(image: Image.Image, convert: Converter) -> Image.Image:
    """Return the whole image converted, a strip at a time."""
    if convert is _unchanged or image.height <= _strip_rows(image):
        return convert(image)
    parts = strips(image)
    top = convert(next(parts))
    whole = Image.new(top.mode, image.size)
    whole.paste(top, (0, 0))
    done = top.height
    for strip in parts:
        whole.paste(convert(strip), (0, done))
        done += strip.height
    return whole


def strips(image: Image.Image) -> Iterator[Image.Image]:
    """Yield the image in strips from the top, of about `_STRIP_PIXELS` pixels each."""
    rows = _strip_rows(image)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _strip_rows(image: Image.Image) -> int:
    return max(1, _STRIP_PIXELS // image.width)


def _unchanged(image: Image.Image) -> Image.Image:
    return image


def _convert_to(mode: str) -> Converter:
    return lambda image: image.convert(mode)


def _rgb_from_lab() -> Converter:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")

    def convert(image: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(image, transform)
        if converted is None:
            raise ValueError("its colours cannot be converted")
        return converted

    return convert


def _over_ground(image: Image.Image, ground: int) -> Image.Image:
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    rgba = image.convert("RGBA")
    opaque = Image.new("RGB", image.size, (ground, ground, ground))
    opaque.paste(rgba, mask=rgba.getchannel("A"))
    return opaque


def _grey_from_numbers(image: Image.Image, value_range: tuple[float, float]) -> Image.Image:
    """Return a 16-bit, 32-bit or float image as 8-bit grey. value_range : black and white."""
    low, high = value_range
    values = _values(image)
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    if "transparency" in image.info:
        scaled[values == image.info["transparency"]] = 255
    whole = np.clip(np.rint(np.nan_to_num(scaled, copy=False)), 0, 255)
    return Image.fromarray(whole.astype(np.uint8))


def _value_range(image: Image.Image) -> tuple[float, float]:
    """Return black and white of an image of numbers. They are 0 and 1, 255 or 65535, the first that
    contains all values; otherwise the least and the greatest value."""
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    low, high = math.inf, -math.inf
    for strip in strips(image):
        values = _values(strip)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        raise ValueError("none of its values is a finite number")
    if low >= 0 and image.mode == "F" and high <= 1:
        return 0.0, 1.0
    if low >= 0 and high <= 65535:
        return 0.0, 255.0 if high <= 255 else 65535.0
    return low, high


def _values(image: Image.Image) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # from a signalling NaN
        return np.asarray(image, np.float64)
