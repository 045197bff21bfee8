"""The metadata of a WebP file is what libwebp finds in it."""

import io

import pytest
from PIL import Image

from sokkuri.images.webp_metadata import webp_metadata

EXIF, XMP = b"Exif\0\0MM\0*odd", b"<x/>"


def make_webp(*, frames: int = 1, **options: object) -> bytes:
    first, *later = [Image.new("RGB", (8, 8), (90 * frame, 40, 40)) for frame in range(frames)]
    file = io.BytesIO()
    first.save(file, "WEBP", save_all=frames > 1, append_images=later, **options)
    return file.getvalue()


def without_flags(data: bytes) -> bytes:
    return data[:20] + b"\0" + data[21:]


@pytest.mark.parametrize(
    "data",
    [
        make_webp(),
        make_webp(lossless=True),
        make_webp(exif=EXIF),
        make_webp(xmp=XMP, lossless=True),
        make_webp(exif=EXIF, xmp=XMP, icc_profile=b"profile"),
        make_webp(frames=3, exif=EXIF, xmp=XMP),
        make_webp(exif=EXIF) + b"bytes behind the end",
        without_flags(make_webp(exif=EXIF, xmp=XMP)),
    ],
)
def test_exif_and_xmp_are_those_that_pillow_finds(data: bytes) -> None:
    info = Image.open(io.BytesIO(data)).info
    assert webp_metadata(data) == (info.get("exif", b""), info.get("xmp", b""))


def test_bytes_that_are_no_whole_webp_file_are_left_to_pillow() -> None:
    whole = make_webp(exif=EXIF)
    for length in (0, 3, 12, 19, 25, len(whole) - 2):
        assert webp_metadata(whole[:length]) is None
    assert webp_metadata(b"RIFF\4\0\0\0WAVEfmt ") is None
