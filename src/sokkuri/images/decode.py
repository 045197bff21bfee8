"""Decode image files: bytes to RGB pixels of the network's size.

Takes a file's bytes and a PixelSpec; returns Pixels, or raises DecodeError with a reason that a
person understands. Many threads may call this at once. formats.py names the formats that may be
read; Pillow reads them all in this process, so that a file cannot start another program.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from sokkuri.core.errors import DecodeError, MissingExtraError, ScarceMemoryError
from sokkuri.core.types import Box, Limits, Pixels, PixelSpec
from sokkuri.images.colour_profiles import has_profile, profile_of, to_srgb
from sokkuri.images.convert import Converter, convert_whole, rgb_converter, scale_png_key
from sokkuri.images.cut_files import (
    JPEG_END,
    LEAST_SHARE,
    can_lack_rows,
    copy_over_missing_rows,
    is_interlaced,
    jpeg_body,
    lacks_only_its_end,
    lenient,
    share_of_rows,
    without_torn_segment,
)
from sokkuri.images.decode_errors import (
    CUT_SHORT,
    DECODER_ERRORS,
    decoder_text,
    too_much_memory_text,
    unrecognised_text,
)
from sokkuri.images.fit import corners, fit, pad, region_as_stored
from sokkuri.images.jpeg_xl import FORMAT as JPEG_XL
from sokkuri.images.layers import later_frames
from sokkuri.images.memory import decoding_bytes, hold_memory
from sokkuri.images.open_image import open_file, open_image

_RESAMPLE = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn an image upright, by its EXIF orientation (EXIF 2.32, tag 0x0112)."""
_INVERSE = {6: 8, 8: 6}
"""The orientation that undoes another one. All others undo themselves."""
_ORIENTATION = 0x0112
_SAMPLED_ROWS = 200  # of a file that is cut short, to tell how much of it is there


def decode(data: bytes, spec: PixelSpec, limits: Limits) -> Pixels:
    """Return the upright image, fitted into the spec's size, over the spec's ground.

    Of an animation, return the first frame; of a file that lacks its end, what is there, with a
    note. Raises DecodeError with the reason, ScarceMemoryError if the machine has too little
    memory.
    """
    return next(decode_frames(data, spec, limits))


def decode_frames(data: bytes, spec: PixelSpec, limits: Limits) -> Iterator[Pixels]:
    """Yield the frames of an animation, or the pages of a document, as `decode` returns the first.

    Raises DecodeError with the reason, ScarceMemoryError if the machine has too little memory.
    """
    if not data:
        raise DecodeError("the file is empty")
    if Image.MAX_IMAGE_PIXELS is not None and limits.max_pixels > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = limits.max_pixels
    frames = 0
    try:
        image = open_image(data)
        _check_size(image, limits)
        for pixels in _frames(image, spec, limits):
            frames += 1
            yield pixels
    except UnidentifiedImageError:
        raise DecodeError(unrecognised_text(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DecodeError(
            f"it claims more pixels than the limit of {limits.max_pixels:,}"
        ) from None
    except MissingExtraError as error:
        raise DecodeError(str(error)) from None
    except MemoryError:
        raise ScarceMemoryError("there is not enough memory to decode it") from None
    except DECODER_ERRORS as error:
        reason = decoder_text(error, data)
        if reason != CUT_SHORT or frames:
            raise DecodeError(reason) from error
        yield _decode_cut(data, spec, limits)


def resize(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a decoded image in another size, bilinear : (H, W, 3) -> (height, width, 3) uint8."""
    resized = Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def read_size(data: bytes, spec: PixelSpec) -> tuple[int, int]:
    """Return the width and height in pixels that `decode` would return, from the header alone.

    Raises DecodeError with the reason.
    """
    try:
        image = open_image(data)
        width, height = image.size
        sideways = _orientation(image, spec) >= 5
    except UnidentifiedImageError:
        raise DecodeError(unrecognised_text(data)) from None
    except (*DECODER_ERRORS, MissingExtraError) as error:
        raise DecodeError(decoder_text(error, data)) from error
    return (height, width) if sideways else (width, height)


def read_layers(data: bytes) -> tuple[int, bool]:
    """Return the number of frames or pages, and whether parts of the image can be transparent.

    Raises DecodeError.
    """
    try:
        image = open_image(data)
        return 1 + len(later_frames(image)), image.has_transparency_data
    except UnidentifiedImageError:
        raise DecodeError(unrecognised_text(data)) from None
    except (*DECODER_ERRORS, MissingExtraError) as error:
        raise DecodeError(decoder_text(error, data)) from error


def memory_needed(file: BinaryIO, spec: PixelSpec, limits: Limits) -> int:
    """Return the bytes that decoding an image file will hold, from its header alone.

    0 for a file that is refused. Raises OSError.
    """
    if file.seek(0, io.SEEK_END) > limits.max_bytes:
        return 0
    file.seek(0)
    try:
        image = open_file(file)
        _check_size(image, limits)
        size = image.size
        _shrink(image, spec)
        needed = decoding_bytes(image, size, cropped=spec.crop is not None)
    except (*DECODER_ERRORS, MissingExtraError, DecodeError, MemoryError):
        return 0
    return needed if needed <= limits.max_memory else 0


def _frames(image: Image.Image, spec: PixelSpec, limits: Limits) -> Iterator[Pixels]:
    yield _to_pixels(image, spec, limits)
    for number in later_frames(image):
        if image.format == JPEG_XL:
            raise NotImplementedError("a later frame of a JPEG XL animation")
        image.seek(number)
        yield _to_pixels(image, spec, limits)


def _to_pixels(image: Image.Image, spec: PixelSpec, limits: Limits) -> Pixels:
    size = image.size
    _shrink(image, spec)
    with _holding(image, size, spec, limits):
        return _pixels_of(image, spec, size, _load(image, spec))


def _shrink(image: Image.Image, spec: PixelSpec) -> None:
    """Let a JPEG be decoded at 1/2, 1/4 or 1/8, if that is large enough."""
    if spec.draft and not spec.exact and spec.crop is None and image.format in ("JPEG", "MPO"):
        side = max(spec.width, spec.height, spec.shortest)
        size = side, side
        if spec.proportional:  # no side need be as long as the longer one
            times = max(1, max(image.size) // side)
            size = image.width // times, image.height // times
        image.draft(None, size)


@contextmanager
def _holding(
    image: Image.Image, size: tuple[int, int], spec: PixelSpec, limits: Limits
) -> Iterator[None]:
    """Hold the memory that decoding needs. Raises DecodeError if that is more than the limit."""
    needed = decoding_bytes(image, size, cropped=spec.crop is not None)
    if needed > limits.max_memory:
        raise DecodeError(too_much_memory_text(image, size, needed, limits))
    with hold_memory(needed):
        yield


def _pixels_of(
    image: Image.Image, spec: PixelSpec, size: tuple[int, int], orientation: int
) -> Pixels:
    """Return the pixels of a loaded image. size : its width and height in the file."""
    if spec.exact or image.format == "TIFF":
        size = image.size  # loading swaps the sides if XMP says so
    if spec.crop is not None:
        return _crop_pixels(image, spec, spec.crop, orientation)
    return _whole_pixels(image, spec, size, orientation)


def _load(image: Image.Image, spec: PixelSpec) -> int:
    """Decode the pixels and return how to turn them, as an EXIF orientation from 1 to 8."""
    if isinstance(image, PngImagePlugin.PngImageFile):
        scale_png_key(image)
        image.load()  # its EXIF may follow its pixels
        return _orientation(image, spec)
    orientation = _orientation(image, spec)  # a loaded TIFF no longer tells it
    image.load()
    return orientation


def _whole_pixels(
    image: Image.Image, spec: PixelSpec, size: tuple[int, int], orientation: int
) -> Pixels:
    """Return the pixels of a loaded image. size : its width and height in the file."""
    sideways = orientation >= 5
    fitted = fit(image.size[::-1] if sideways else image.size, spec)
    target = fitted.size[::-1] if sideways else fitted.size
    box = corners(region_as_stored(fitted.region, image.size, orientation), image.size)
    whole = convert_whole(image, _converter(image, spec))
    small = _as_rgb(whole.resize(target, _RESAMPLE[spec.resample], box), image, spec)
    if orientation in _TRANSPOSE:
        small = small.transpose(_TRANSPOSE[orientation])
    width, height = size[::-1] if sideways else size
    return Pixels(pad(np.asarray(small), spec), width, height)


def _crop_pixels(image: Image.Image, spec: PixelSpec, crop: Box, orientation: int) -> Pixels:
    """Return a part of a loaded image. The whole image was decoded for it."""
    width, height = image.size[::-1] if orientation >= 5 else image.size
    if crop[0] + crop[2] > width or crop[1] + crop[3] > height:
        raise DecodeError(
            f"{crop[2]} x {crop[3]} at {crop[0]}, {crop[1]} reaches beyond its {width} x {height}"
        )
    x, y, part_width, part_height = map(int, region_as_stored(crop, image.size, orientation))
    convert = _converter(image, spec)
    part = image.crop((x, y, x + part_width, y + part_height))
    part = _as_rgb(convert_whole(part, convert), image, spec)
    if orientation in _TRANSPOSE:
        part = part.transpose(_TRANSPOSE[orientation])
    fitted = fit(part.size, spec)
    box = corners(fitted.region, part.size)
    small = part.resize(fitted.size, _RESAMPLE[spec.resample], box)
    return Pixels(pad(np.asarray(small), spec), width, height)


def _converter(image: Image.Image, spec: PixelSpec) -> Converter:
    """Return the function that converts the image to RGB or grey."""
    if spec.exact:
        return lambda part: part.convert("RGB")
    profile = profile_of(image)
    if spec.srgb and image.mode == "CMYK" and has_profile(image):
        return lambda part: to_srgb(part, profile)
    return rgb_converter(image, spec.ground)


def _as_rgb(converted: Image.Image, image: Image.Image, spec: PixelSpec) -> Image.Image:
    """Return a converted image, or a part of it, as RGB. image : as it was loaded."""
    if spec.srgb and not spec.exact and image.mode != "CMYK":
        converted = to_srgb(converted, profile_of(image))
    return converted if converted.mode == "RGB" else converted.convert("RGB")


def _lacks_only_its_end(data: bytes, limits: Limits) -> bool:
    try:
        return lacks_only_its_end(data, limits)
    except (*DECODER_ERRORS, DecodeError):
        return False


def _decode_cut(data: bytes, spec: PixelSpec, limits: Limits) -> Pixels:
    """Return the image of a file that is cut short, with a note if a part is missing.

    Raises DecodeError if too little of it is there.
    """
    if _lacks_only_its_end(data, limits):
        return decode(jpeg_body(data) + JPEG_END, spec, limits)
    data = without_torn_segment(data)
    try:
        with lenient():
            image = open_image(data)
            if is_interlaced(image):
                pixels, share = _decode_cut_interlaced(image, spec, limits)
            elif can_lack_rows(image):
                pixels, share = _decode_cut_rows(image, data, spec, limits)
            else:
                raise DecodeError(CUT_SHORT)
    except DECODER_ERRORS:
        raise DecodeError(CUT_SHORT) from None
    missing = f"{1 - share:.0%}" if round(100 * share) < 100 else "a part"
    return replace(pixels, note=f"{CUT_SHORT}: {missing} of the picture is missing")


def _decode_cut_rows(
    image: Image.Image, data: bytes, spec: PixelSpec, limits: Limits
) -> tuple[Pixels, float]:
    """Return a picture that lacks rows at one side, and the share of its rows that are there."""
    rows = PixelSpec(_SAMPLED_ROWS, _SAMPLED_ROWS, "nearest", orientation=False)
    upwards = image.format not in ("JPEG", "MPO", "PNG", "GIF")
    share = share_of_rows(_to_pixels(image, rows, limits).rgb, upwards=upwards)
    if share < LEAST_SHARE:
        raise DecodeError(CUT_SHORT)
    return _to_pixels(open_image(data), spec, limits), share


def _decode_cut_interlaced(
    image: Image.Image, spec: PixelSpec, limits: Limits
) -> tuple[Pixels, float]:
    """Return a picture that lacks odd rows, with the row above in the place of each, and the share
    of its rows that are there."""
    size = image.size
    with _holding(image, size, spec, limits):
        orientation = _load(image, spec)
        share = copy_over_missing_rows(image)
        if share < LEAST_SHARE:
            raise DecodeError(CUT_SHORT)
        return _pixels_of(image, spec, size, orientation), share


def _orientation(image: Image.Image, spec: PixelSpec) -> int:
    """Return how to turn the image, as an EXIF orientation from 1 to 8."""
    if spec.exact:
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except DECODER_ERRORS:
        value = 1  # broken metadata does not make the image unreadable
    orientation: int = value if value in _TRANSPOSE else 1
    if image.format == "TIFF":  # Pillow turns a TIFF while it loads it
        return 1 if spec.orientation else _INVERSE.get(orientation, orientation)
    return orientation if spec.orientation else 1


def _check_size(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise DecodeError(
            f"{image.width:,} x {image.height:,} pixels are more than the limit of "
            f"{limits.max_pixels:,}"
        )
