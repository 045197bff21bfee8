"""Bytes to RGB pixels of the network's size; with showing.py the only user of image libraries.

Takes a file's bytes and a PixelSpec; hands on Pixels, or a DecodeError with a reason that a person
understands. Called from many threads at once. Only formats that Pillow reads in this process are
admitted: none that starts another program.
"""

import ctypes
import io
import logging
import struct
import threading
import warnings
import zlib
from contextlib import AbstractContextManager, nullcontext, suppress

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin, UnidentifiedImageError, _imaging

from sokkuri.core.errors import DecodeError, MissingExtraError
from sokkuri.core.types import Box, Limits, Pixels, PixelSpec

FORMATS = (
    "JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "ICO", "CUR",
    "TGA", "PPM", "PCX", "DCX", "DDS", "SGI", "SUN", "XBM", "XPM", "QOI", "PSD", "ICNS", "BLP",
    "FTEX", "GBR", "FLI", "MSP", "PIXAR", "PCD", "IM", "FITS",
)  # fmt: skip
"""Pillow's formats that are pictures and are read in process, the common ones first."""

_LARGE_PIXELS = 24_000_000
_LARGE = threading.Lock()  # so that N workers never hold N giants in memory
_HEIF_LOCK = threading.Lock()
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

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
"""EXIF orientation to what makes the picture upright (EXIF 2.32, tag 0x0112)."""
_BACK = {6: 8, 8: 6}
"""The orientations that another one undoes; the rest undo themselves."""
_KEY_SCALE = {"L;2": 85.0, "L;4": 17.0, "RGB;16B": 1 / 256}
"""From a PNG's own numbers to the 8 bits that Pillow turns its pixels into, but not its key."""
_ORIENTATION = 0x0112

_KNOWN_BUT_UNREAD = {
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"farbfeld": "farbfeld",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"%!PS": "PostScript",
    b"%PDF": "PDF",
}

_SIGNATURES = {
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
    b"GIF8": "GIF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"RIFF": "WebP",
    b"8BPS": "PSD",
}

BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError,
    OverflowError, ZeroDivisionError, NotImplementedError, RuntimeError, AssertionError,
    struct.error, zlib.error, SystemError, ImageCms.PyCMSError,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow's format readers raise on bytes that contradict themselves: they check little."""

# Instead of Pillow's: a picture beyond the limit is refused, not warned of, what a broken file's
# metadata provokes is not printed, for the failure row says what counts, and a colour profile or
# a text of more than 1 MiB beside the pixels does not make a PNG unreadable.
Image.MAX_IMAGE_PIXELS = Limits().max_pixels
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


def _silence_libtiff() -> None:
    """libtiff prints what it finds wrong unless told otherwise, and Pillow does not tell it."""
    with suppress(OSError, AttributeError):  # where it cannot be reached it prints: no harm
        library = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            setter = getattr(library, name)
            setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
            setter(None)


_silence_libtiff()


def decode(data: bytes, spec: PixelSpec, limits: Limits) -> Pixels:
    """The picture upright, over white where it is transparent, squashed to the spec's size.

    Of an animation the first frame. Raises DecodeError with the reason.
    """
    if not data:
        raise DecodeError("the file is empty")
    if Image.MAX_IMAGE_PIXELS is not None and limits.max_pixels > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = limits.max_pixels
    try:
        image = header(data)
        if image.width * image.height > limits.max_pixels:
            raise DecodeError(_too_large(image.width, image.height, limits))
        return _pixels(image, spec)
    except UnidentifiedImageError:
        raise DecodeError(_unrecognised(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DecodeError(
            f"it claims more pixels than the limit of {limits.max_pixels:,}"
        ) from None
    except MissingExtraError as error:
        raise DecodeError(str(error)) from None
    except MemoryError:
        raise DecodeError("there is not enough memory to decode it") from None
    except BROKEN as error:
        raise DecodeError(_reason(error)) from error


def measure(data: bytes, spec: PixelSpec) -> tuple[int, int]:
    """Width and height in pixels as `decode` would tell them, from the file's header alone.

    Raises DecodeError with the reason.
    """
    try:
        image = header(data)
        width, height = image.size
        sideways = not spec.exact and _orientation(image, spec) >= 5
    except UnidentifiedImageError:
        raise DecodeError(_unrecognised(data)) from None
    except (*BROKEN, MissingExtraError) as error:
        raise DecodeError(_reason(error)) from error
    return (height, width) if sideways else (width, height)


def header(data: bytes) -> Image.Image:
    """The image with its header read."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS and b"avif" not in data[16:64]:
        _admit_heif()
        return Image.open(io.BytesIO(data), formats=("HEIF",))
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _admit_heif() -> None:
    with _HEIF_LOCK:
        if "HEIF" not in Image.OPEN:
            try:
                import pillow_heif  # an extra: most collections have no HEIC
            except ImportError:
                raise MissingExtraError("HEIC", "heic") from None
            Image.init()
            pillow_heif.register_heif_opener()


def _pixels(image: Image.Image, spec: PixelSpec) -> Pixels:
    if spec.crop is not None:
        return _cropped(image, spec, spec.crop)
    if spec.exact:
        with _gate(image):
            whole = image.convert("RGB")
            small = whole.resize((spec.width, spec.height), _RESAMPLE[spec.resample])
        return Pixels(np.asarray(small), whole.width, whole.height)
    size = image.size
    if spec.draft and image.format in ("JPEG", "MPO"):
        side = max(spec.width, spec.height)
        image.draft(None, (side, side))  # decodes at 1/2, 1/4 or 1/8 while that suffices
    with _gate(image):
        if isinstance(image, PngImagePlugin.PngImageFile):
            _scale_key(image)
            image.load()  # first: its EXIF may follow its pixels
        orientation = _orientation(image, spec)
        image.load()
        if image.format == "TIFF":
            size = image.size  # the other way round where its XMP says so: known only now
        sideways = orientation >= 5
        target = (spec.height, spec.width) if sideways else (spec.width, spec.height)
        small = _to_rgb(image).resize(target, _RESAMPLE[spec.resample])
    if small.mode != "RGB":
        small = small.convert("RGB")
    if orientation in _TRANSPOSE:
        small = small.transpose(_TRANSPOSE[orientation])
    width, height = size[::-1] if sideways else size
    return Pixels(np.asarray(small), width, height)


def _cropped(image: Image.Image, spec: PixelSpec, crop: Box) -> Pixels:
    """A part of the picture, which is decoded whole for it."""
    with _gate(image):
        if isinstance(image, PngImagePlugin.PngImageFile):
            _scale_key(image)
        image.load()
        orientation = 1 if spec.exact else _orientation(image, spec)
        whole = (image if spec.exact else _to_rgb(image)).convert("RGB")
        if orientation in _TRANSPOSE:
            whole = whole.transpose(_TRANSPOSE[orientation])
        x, y, width, height = crop
        if x + width > whole.width or y + height > whole.height:
            raise DecodeError(
                f"{width} x {height} at {x}, {y} reaches beyond its {whole.width} x {whole.height}"
            )
        part = whole.crop((x, y, x + width, y + height))
        small = part.resize((spec.width, spec.height), _RESAMPLE[spec.resample])
    return Pixels(np.asarray(small), whole.width, whole.height)


def _gate(image: Image.Image) -> AbstractContextManager[object]:
    return _LARGE if image.width * image.height > _LARGE_PIXELS else nullcontext()


def _orientation(image: Image.Image, spec: PixelSpec) -> int:
    """How the picture, when loaded, has to be turned, as an EXIF orientation: 1 to 8."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except BROKEN:
        value = 1  # broken metadata does not make the picture unreadable
    orientation: int = value if value in _TRANSPOSE else 1
    if image.format == "TIFF":  # whose reader turns the picture itself, while loading
        return 1 if spec.orientation else _BACK.get(orientation, orientation)
    return orientation if spec.orientation else 1


def _scale_key(image: PngImagePlugin.PngImageFile) -> None:
    """Brings a PNG's transparent colour to the numbers that its pixels will have."""
    key = image.info.get("transparency")
    scale = _KEY_SCALE.get(str(image.tile[0].args)) if image.tile else None
    if scale is not None and isinstance(key, int):
        image.info["transparency"] = int(key * scale)
    elif scale is not None and isinstance(key, tuple):
        image.info["transparency"] = tuple(int(part * scale) for part in key)


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB, or grey that becomes RGB when it is small; every mode that Pillow has."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return _grey_of_numbers(image)
    if image.has_transparency_data:
        return _over_white(image)
    if mode in ("RGB", "L"):
        return image
    if mode == "1":
        return image.convert("L")
    if mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        turned = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        if turned is None:
            raise ValueError("its colours cannot be converted")
        return turned
    return image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    picture = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def _grey_of_numbers(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float pictures: the range is 0 to 1, 255 or 65535, whichever holds
    them all; beyond these, from the least to the greatest."""
    with np.errstate(invalid="ignore"):  # as of a signalling NaN
        values = np.asarray(image, np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("none of its values is a finite number")
    low, high = float(finite.min()), float(finite.max())
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    elif low >= 0 and image.mode == "F" and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    if "transparency" in image.info:
        scaled[values == image.info["transparency"]] = 255
    whole = np.clip(np.rint(np.nan_to_num(scaled, copy=False)), 0, 255)
    return Image.fromarray(whole.astype(np.uint8))


def _too_large(width: int, height: int, limits: Limits) -> str:
    return f"{width:,} x {height:,} pixels are more than the limit of {limits.max_pixels:,}"


def _unrecognised(data: bytes) -> str:
    """Why these bytes are no picture: what they look like instead."""
    for start, name in _KNOWN_BUT_UNREAD.items():
        if data.startswith(start):
            return f"{name} is not supported"
    for start, name in _SIGNATURES.items():
        if data.startswith(start):
            return f"it begins like {name}, but is damaged or of a kind that cannot be read"
    head = data[:256]
    if all(byte in b"\t\n\r\f\x1b" or byte >= 32 for byte in head) and b"\x7f" not in head:
        try:
            head.decode("utf-8", "strict")
        except UnicodeDecodeError as error:
            if error.start < len(head) - 3:
                return "it is no image that can be read"
        return "it is no image: it looks like a text file"
    return "it is no image that can be read"


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    text = "".join(one if one.isprintable() else "?" for one in text)
    if len(text) > 150:
        text = f"{text[:149]}…"
    lower = text.lower()
    if isinstance(error, EOFError) or "truncated" in lower or "not enough" in lower:
        return "the file is cut short"
    if isinstance(error, NotImplementedError) or "unsupported" in lower or "not support" in lower:
        return f"it is of a kind that cannot be read: {text or type(error).__name__}"
    return f"the picture is damaged: {text or type(error).__name__}"
