"""JPEG XL is read with its colours, turn and metadata, and an animation is no copy of its frame."""

from base64 import b85decode
from pathlib import Path
from typing import Any

import brotli
import numpy as np
import pylibjxl
import pytest
from colour_profile import rgb_profile
from draw_images import draw
from image_formats import (
    FULL,
    HALF,
    assert_colours,
    decode_image,
    draw_quarters,
    encode_image,
    failure_reason,
    make_half_transparent,
)
from photo_metadata import CAMERA, make_exif, make_xmp
from PIL import Image
from raw_photo import missing
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.compare_files import compare_files
from sokkuri.images import jpeg_xl
from sokkuri.images.decode import read_layers
from sokkuri.images.formats import unreadable_kind
from sokkuri.images.metadata import read_photo
from sokkuri.images.open_image import open_image

ANIMATION = b85decode(  # 64 x 48, three frames
    "{|d_lO#mP!2m}EDbOB2!q8wXJ2fuHwryL4FL1Fb26jnn)LBSDetT4}*Cv@q6dVb=^7~_69VL`)K2!Q|q(dJ460C+"
    "?pJB|cn0YB1Agb#z)YZKQ3Gx@1~=M|AVrUOiVl6zyR_rC)O1OWi70ZS;bZM28aUgx>Rj)KDLC@3f>C@46hj0hl_<"
    "{5PuHY!F%;hdi_ZVXmi-Kon$2m}C#1~{P3;kpta{RK#gN3FMkGCy^KT)tucZn_a!&=9xY=?=N~tAx))^>VC@c&r*"
    "vWlG!eB2*)52m}QHOae<Nv2ih%HF0SL1%-H02nq_0XrksB)4W3n&<$aX!5PM2j-t-Y_%X)#s1#$2iv6-e>=!~H06"
    "?@2Q3imC4oDva0k@K`k3xZ^RDr<iiGkI>JO}NNB2yVZ_!-uFYX~g-_^HiboF&n{r6V;;CQ92TBIFQTv=R;ExPU1#"
    "T|`mKn?=eakn4~-Gl6XYM6LWc0s"
)


def jxl(image: Image.Image, **options: Any) -> bytes:
    data: bytes = pylibjxl.encode(np.asarray(image), lossless=True, effort=1, **options)
    return data


def test_pictures_of_each_mode_have_their_colours() -> None:
    quarters = draw_quarters()
    for image, colours in ((quarters, FULL), (make_half_transparent(quarters), HALF)):
        found = decode_image(jxl(image))
        assert (found.width, found.height) == (60, 40)
        assert_colours(found, colours, 2)
    grey = decode_image(jxl(quarters.convert("L"))).rgb
    assert np.array_equal(grey, decode_image(encode_image(quarters.convert("L"), "PNG")).rgb)
    red = Image.new("RGB", (40, 40), (200, 30, 30))
    profile = rgb_profile()
    wide = encode_image(red, "PNG", icc_profile=profile)
    assert np.array_equal(
        decode_image(jxl(red, icc=profile)).rgb[0, 0], decode_image(wide).rgb[0, 0]
    )


def test_a_jpeg_that_became_a_jpeg_xl_is_upright_with_its_metadata() -> None:
    exif = make_exif(**CAMERA)
    exif[0x0112] = 6
    jpeg = encode_image(Image.fromarray(draw(3, 96, 72)), "JPEG", quality=95, exif=exif)
    data = pylibjxl.jpeg_to_jxl(jpeg)
    assert open_image(data).size == (72, 96)
    found = decode_image(data).rgb.astype(int)
    assert np.abs(found - decode_image(jpeg).rgb).mean() < 3
    photo = read_photo(data)
    assert (photo.format, photo.camera, photo.iso) == ("jxl", "Example One", 400)
    assert b"brob" in data
    for box in (data.find(b"brob") + 8, data.find(b"brob") + 30):
        read_photo(data[:box] + b"\xff" * 9 + data[box + 9 :])  # it does no harm
    with missing("brotli"):
        assert read_photo(data).camera == ""
    rated = jxl(draw_quarters(), xmp=make_xmp({"xmp:Rating": "4"}))
    assert read_photo(rated).rating == 4


def test_an_animation_is_no_copy_of_its_first_frame(tmp_path: Path) -> None:
    """Guarantee: no plan moves a picture in favour of one that has only a part of it."""
    assert read_layers(ANIMATION) == (2, False)
    first = decode_image(ANIMATION).rgb
    assert first.std() > 20
    moving, still = tmp_path / "a.jxl", tmp_path / "a.png"
    moving.write_bytes(ANIMATION)
    still.write_bytes(encode_image(open_image(ANIMATION).convert("RGB"), "PNG"))
    assert compare_files(moving, still).grade is None
    picture().save(still)
    moving.write_bytes(jxl(picture()))
    assert compare_files(moving, still).grade == "same"


def test_a_box_of_metadata_is_decompressed_once_however_often_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Guarantee: a small hostile file cannot keep a run busy for hours."""
    sizes: list[int] = []
    decompress = jpeg_xl._decompress

    def counted(data: bytes) -> bytes:
        sizes.append(len(data))
        return decompress(data)

    monkeypatch.setattr(jpeg_xl, "_decompress", counted)
    start = jpeg_xl._CONTAINER
    first, second = (_box(b"brob", b"xml " + brotli.compress(text)) for text in (b"one", b"two"))
    assert jpeg_xl.jpeg_xl_metadata(start + first + second * 1000) == (b"", b"one")
    assert len(sizes) == 1
    late = _box(b"free", b"") * jpeg_xl._MOST_BOXES + first
    assert jpeg_xl.jpeg_xl_metadata(start + late) == (b"", b"")


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def test_damaged_and_huge_files_are_failures() -> None:
    data = jxl(picture())
    for part in (data[:200], data[: len(data) // 2], data[:12] + bytes(200), b"\xff\n" + bytes(9)):
        assert failure_reason(part).startswith("the image is damaged: ")
        read_photo(part)
    assert "more than the limit" in failure_reason(data, limits=Limits(max_pixels=1000))


@pytest.mark.parametrize("begin", [b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"])
def test_without_the_extra_the_reason_names_it(begin: bytes) -> None:
    assert unreadable_kind(".jxl") is None
    formats = dict(Image.OPEN)
    Image.OPEN.pop("JXL", None)
    try:
        with missing("pylibjxl"):
            assert unreadable_kind(".jxl") == "JPEG XL file"
            assert "needs the extra jxl" in failure_reason(begin + bytes(50))
            assert read_photo(begin + bytes(50)).format == "jxl"
    finally:
        Image.OPEN.update(formats)
