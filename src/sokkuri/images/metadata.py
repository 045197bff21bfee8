"""Read the metadata of a photo: time, place, camera, lens, rating and keywords.

Takes the bytes of an image file or of an `.xmp` sidecar; returns PhotoMetadata. EXIF counts first
for what the camera knows, XMP for what people say. Pixels are not decoded. Metadata that is
damaged, or that no photo can have, is left out: it never makes an image a failure.
"""

import math
import re
import struct
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sokkuri.core.errors import MissingExtraError
from sokkuri.core.types import PhotoMetadata
from sokkuri.images import exif_tags as tags
from sokkuri.images.decode_errors import DECODER_ERRORS
from sokkuri.images.exif_tags import ExifTags, Value, read_exif_tags
from sokkuri.images.frame_pictures import film_kind
from sokkuri.images.iptc import read_iptc_keywords
from sokkuri.images.jpeg_metadata import is_jpeg, jpeg_metadata
from sokkuri.images.jpeg_xl import is_jpeg_xl, jpeg_xl_metadata
from sokkuri.images.open_image import open_image
from sokkuri.images.raw import develop, is_raw, may_be_raw
from sokkuri.images.webp_metadata import webp_metadata
from sokkuri.images.xmp import read_xmp

MAX_TEXT = 200
"""Characters of a text that are kept."""

_MAX_KEYWORDS = 256
_MAX_PNG_CHUNKS = 200_000  # that are searched for EXIF; a file of a gigabyte has no more
_MAX_ISO = 10**8
_MAX_FOCAL_LENGTH = 100_000.0  # mm
_DAY = 24 * 60  # minutes
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, wherever that was
_FORMATS = {"mpo": "jpeg", "heif": "heic", "jpeg2000": "jp2", "dib": "bmp"}
_EXIF_TIME = re.compile(r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?")
_XMP_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?"
)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_XMP_DEGREES = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])")


@dataclass(frozen=True, slots=True)
class Blocks:
    """The parts of an image file that hold metadata, b"" where there is none. format : its name,
    "" if the file is no image."""

    format: str = ""
    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""


def read_photo(data: bytes) -> PhotoMetadata:
    """Return the metadata in the bytes of an image file."""
    return photo_of(read_blocks(data))


def photo_of(blocks: Blocks) -> PhotoMetadata:
    """Return the metadata in the parts of an image file."""
    xmp = read_xmp(blocks.xmp) if blocks.xmp else {}
    return _merged(blocks.format, read_exif_tags(blocks.exif), xmp, blocks.iptc)


def read_sidecar(data: bytes) -> PhotoMetadata:
    """Return the metadata in the bytes of an `.xmp` file beside an image."""
    return _merged("", ExifTags(), read_xmp(data), b"")


def read_blocks(data: bytes) -> Blocks:
    """Return the parts of an image file that hold metadata."""
    if is_jpeg(data):
        return Blocks("jpeg", *jpeg_metadata(data))
    if is_jpeg_xl(data):
        return Blocks("jxl", *jpeg_xl_metadata(data))
    if (webp := webp_metadata(data)) is not None:
        return Blocks("webp", *webp)
    if may_be_raw(data[:12]) and is_raw(data):
        return _raw_blocks(data)
    try:
        image = open_image(data)
    except (*DECODER_ERRORS, MissingExtraError, MemoryError):
        return Blocks()
    info, kind = image.info, (image.format or "").lower()
    exif, xmp = _bytes(info.get("exif")), _bytes(info.get("xmp"))
    iptc: object = None
    if kind == "png" and not exif:
        exif = _find_png_exif(data)
    if kind == "tiff":
        exif = data  # the file has the structure of EXIF itself
        kind = film_kind(data) or kind
        iptc = read_exif_tags(data).image.get(tags.IPTC_OF_TIFF)
    return Blocks(_FORMATS.get(kind, kind), exif, xmp, _bytes(iptc))


def _raw_blocks(data: bytes) -> Blocks:
    """Return the metadata of a RAW file that is built like a TIFF, or else of its preview."""
    if read_exif_tags(data).image:
        return Blocks("raw", data)
    try:
        preview = develop(data)
    except (*DECODER_ERRORS, MissingExtraError, MemoryError):
        return Blocks("raw")
    return Blocks("raw", *jpeg_metadata(preview)) if is_jpeg(preview) else Blocks("raw")


def clean(text: str) -> str:
    """Return a text without what cannot be printed, in NFC, and not too long."""
    printable = "".join(char for char in text[: 4 * MAX_TEXT] if char.isprintable())
    return unicodedata.normalize("NFC", printable.strip())[:MAX_TEXT]


def camera_name(make: str, model: str) -> str:
    """Return make and model as one name: many models name their make."""
    make, model = clean(make), clean(model)
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def position_of(exif: ExifTags) -> tuple[float, float] | None:
    """Return degrees north and east, None if they are unknown."""
    place = exif.place
    latitude = _degrees(place.get(tags.LATITUDE), place.get(tags.LATITUDE_REF), b"S")
    longitude = _degrees(place.get(tags.LONGITUDE), place.get(tags.LONGITUDE_REF), b"W")
    return _position(latitude, longitude)


def local_time(taken: int) -> datetime:
    """Return `PhotoMetadata.taken` as a local time, without a time zone."""
    return _EPOCH + timedelta(microseconds=taken)


def taken_of(exif: ExifTags) -> int | None:
    """Return when the photo was taken, as in PhotoMetadata. None if it is unknown."""
    return time_of(exif.text(tags.TAKEN), exif.text(tags.TAKEN_FRACTION))


def time_of(text: str, fraction: str = "") -> int | None:
    """Return the time in a text of EXIF, as in PhotoMetadata. None if the text is no time."""
    found = _EXIF_TIME.match(text.strip())
    return None if found is None else _microseconds(found.groups(), fraction.strip())


def _merged(format_: str, exif: ExifTags, xmp: dict[str, list[str]], iptc: bytes) -> PhotoMetadata:
    first = {name: texts[0] for name, texts in xmp.items()}
    taken, offset = taken_of(exif), _minutes(exif.text(tags.TAKEN_OFFSET).strip())
    if taken is None:
        text = first.get("exif:DateTimeOriginal") or first.get("photoshop:DateCreated") or ""
        taken, offset = _xmp_time(text)
    position = position_of(exif) or _xmp_position(first)
    iso = exif.number(tags.ISO)
    if iso == 65535:  # the largest number of this tag: another tag has larger ones
        iso = exif.number(tags.ISO_ABOVE_65535) or iso
    if iso is None:
        iso = _plain_number(
            first.get("exif:ISOSpeedRatings") or first.get("exifEX:PhotographicSensitivity")
        )
    focal_length = exif.number(tags.FOCAL_LENGTH)
    if focal_length is None:
        focal_length = _plain_number(first.get("exif:FocalLength"))
    camera = camera_name(exif.text(tags.MAKE), exif.text(tags.MODEL))
    rating = _plain_number(first.get("xmp:Rating"))
    return PhotoMetadata(
        format_,
        taken,
        None if taken is None else offset,
        camera or camera_name(first.get("tiff:Make", ""), first.get("tiff:Model", "")),
        lens_name(exif.text(tags.LENS) or first.get("exifEX:LensModel") or first.get("aux:Lens")),
        None if iso is None or not 0.5 < iso <= _MAX_ISO else round(iso),
        focal_length if focal_length and 0 < focal_length <= _MAX_FOCAL_LENGTH else None,
        None if position is None else position[0],
        None if position is None else position[1],
        _rating(exif.number(tags.RATING) if rating is None else rating),
        _keywords(exif, xmp, iptc),
    )


def lens_name(text: str | None) -> str:
    """Return the name of a lens. Cameras write dashes when they do not know it."""
    name = clean(text or "")
    return name if any(char.isalnum() for char in name) else ""


def _keywords(exif: ExifTags, xmp: dict[str, list[str]], iptc: bytes) -> tuple[str, ...]:
    windows = exif.image.get(tags.WINDOWS_KEYWORDS)
    text = windows.decode("utf-16-le", "ignore") if isinstance(windows, bytes) else ""
    words = (
        *xmp.get("dc:subject", ()), *read_iptc_keywords(iptc), *text.split("\0")[0].split(";"),
    )  # fmt: skip
    found = dict.fromkeys(word for one in words if (word := clean(one)))
    return tuple(found)[:_MAX_KEYWORDS]


def _rating(number: float | None) -> int | None:
    return None if number is None else max(-1, min(5, round(number)))


def _microseconds(parts: tuple[str | None, ...], fraction: str | None) -> int | None:
    """Return the microseconds from 1970 to a local time. None for one that no calendar has."""
    try:
        moment = datetime(*(int(part or 0) for part in parts[:6]))  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError:
        return None
    part = fraction if fraction and fraction.isdecimal() and fraction.isascii() else ""
    return (moment - _EPOCH) // timedelta(microseconds=1) + int(f"{part:0<6}"[:6])


def _xmp_time(text: str) -> tuple[int | None, int | None]:
    """Return when a photo was taken, and the offset from UTC in minutes, as in PhotoMetadata."""
    found = _XMP_TIME.match(text)
    if found is None:
        return None, None
    zone = found[8] or ""
    return _microseconds(found.groups()[:6], found[7]), 0 if zone == "Z" else _minutes(zone)


def _minutes(text: str) -> int | None:
    """Return the minutes of an offset such as +02:00."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    minutes = (60 * int(found[2]) + int(found[3])) * (-1 if found[1] == "-" else 1)
    return minutes if abs(minutes) < _DAY else None


def _plain_number(text: str | None) -> float | None:
    """Return the number of a text such as `50`, `4.5` or `50/1`, None for any other."""
    over, _, under = (text or "").partition("/")
    try:
        number = float(over) / float(under or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _degrees(value: Value | None, reference: Value | None, negative: bytes) -> float | None:
    """Return the degrees of a GPS tag, which holds degrees, minutes and seconds."""
    if not isinstance(value, tuple) or len(value) < 3 or not isinstance(reference, bytes):
        return None
    degrees = value[0] + value[1] / 60 + value[2] / 3600
    return -degrees if reference[:1].upper() == negative else degrees


def _xmp_position(first: dict[str, str]) -> tuple[float, float] | None:
    values: list[float | None] = []
    for name in ("exif:GPSLatitude", "exif:GPSLongitude"):
        found = _XMP_DEGREES.fullmatch(first.get(name, ""))
        if found is None:
            return None
        degrees = int(found[1][:4]) + float(found[2]) / 60 + float(found[3] or 0) / 3600
        values.append(-degrees if found[4] in "SW" else degrees)
    return _position(*values)


def _position(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    if latitude is None or longitude is None:
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # false for NaN too
        return None
    return latitude, longitude


def _find_png_exif(data: bytes) -> bytes:
    """Return the EXIF of a PNG, b"" without one. Pillow misses it behind the pixels."""
    position = 8
    for _ in range(_MAX_PNG_CHUNKS):
        if position + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"eXIf":
            return data[position + 8 : position + 8 + length]
        position += 12 + length
    return b""


def _bytes(value: object) -> bytes:
    """Return the bytes of a part. Pillow returns some parts as text."""
    if isinstance(value, str):
        return value.encode(errors="replace")
    return value if isinstance(value, bytes) else b""
