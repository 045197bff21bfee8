"""Decoding refuses what it should, in words a person understands, whatever the bytes."""

import dataclasses
import functools
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from image_formats import (
    EXIF_FORMATS,
    FULL,
    GREYS,
    KINDS,
    SAND,
    SPEC,
    assert_colours,
    build_chunk,
    build_png,
    decode_image,
    draw_quarters,
    encode_image,
    encode_turned,
    failure_reason,
)
from PIL import Image

from sokkuri.core.errors import DecodeError, ScarceMemoryError
from sokkuri.core.types import Limits, Resample
from sokkuri.images import decode as module
from sokkuri.images.formats import SUPPORTED_SIGNATURES

# Sizes and limits


def smooth(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    parts = (x / width, y / height, 0.5 + 0.5 * np.sin(x / 17) * np.cos(y / 23))
    return Image.fromarray((np.stack(parts, -1) * 255).astype(np.uint8))


@pytest.mark.parametrize("size", [(1000, 700), (700, 1000), (61, 2000)])
def test_a_jpeg_decoded_small_is_close_to_one_decoded_whole(size: tuple[int, int]) -> None:
    """Decoding at 1/2 to 1/8 costs no visible difference, and the true size is still told."""
    data = encode_image(smooth(*size), "JPEG", quality=90)
    fast, whole = decode_image(data), decode_image(data, dataclasses.replace(SPEC, draft=False))
    assert (fast.width, fast.height) == (whole.width, whole.height) == size
    assert np.abs(fast.rgb.astype(int) - whole.rgb).mean() < 2


@pytest.mark.parametrize("resample", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_a_picture_of_one_pixel_and_a_very_long_one_are_pictures(resample: Resample) -> None:
    for size in ((1, 1), (1, 3000), (3000, 1)):
        spec = dataclasses.replace(SPEC, resample=resample)
        found = decode_image(encode_image(Image.new("RGB", size, SAND), "PNG"), spec)
        assert_colours(found, (SAND,) * 4, 0)


def test_more_pixels_than_the_limit_are_refused_and_exactly_as_many_are_not() -> None:
    data = encode_image(draw_quarters(), "PNG")
    assert decode_image(data, limits=Limits(max_pixels=2400)).width == 60
    assert failure_reason(data, limits=Limits(max_pixels=2399)) == (
        "60 x 40 pixels are more than the limit of 2,399"
    )


def test_a_header_of_50000_x_50000_is_refused_before_a_byte_is_decoded() -> None:
    """Guarantee: one broken header must not take the machine."""
    data = build_png(50_000, 50_000, 8, 2, b"\0" * 100)
    assert failure_reason(data) == "it claims more pixels than the limit of 250,000,000"


def test_too_little_memory_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guarantee: the next run tries again what a run had no memory for."""

    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "convert_whole", refuse)
    with pytest.raises(ScarceMemoryError) as caught:
        decode_image(encode_image(draw_quarters(), "PNG"))
    assert caught.value.stage == "read"


def test_a_limit_above_that_of_pillow_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_image(draw_quarters(), "PNG")  # 2,400 pixels; Pillow refuses twice its limit
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    assert module.decode(data, SPEC, Limits(max_pixels=3_000)).width == 60
    assert Image.MAX_IMAGE_PIXELS == 3_000


@pytest.mark.full
def test_a_limit_above_the_usual_one_counts() -> None:
    """In a process of its own: the limit is Pillow's as well, for all of a process."""
    script = (
        "import struct, zlib\n"
        "from sokkuri.images.decode import decode\n"
        "from sokkuri.core.types import Limits, PixelSpec\n"
        "def chunk(kind, data):\n"
        "    sum = zlib.crc32(kind + data)\n"
        "    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', sum)\n"
        "header = chunk(b'IHDR', struct.pack('>IIBBBBB', 300_000, 1_000, 1, 0, 0, 0, 0))\n"
        "rows = chunk(b'IDAT', zlib.compress(b'\\0' * (37_501 * 1_000)))\n"
        "data = b'\\x89PNG\\r\\n\\x1a\\n' + header + rows + chunk(b'IEND', b'')\n"
        "found = decode(data, PixelSpec(8, 8), Limits(max_pixels=300_000_000))\n"
        "print(found.width, found.height)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "300000 1000\n"


def test_metadata_of_any_size_does_not_make_a_picture_unreadable() -> None:
    """Colour profiles and texts of some megabytes are found in the wild."""
    rows = b"".join(b"\0" + np.asarray(draw_quarters())[y].tobytes() for y in range(40))
    for kind in (b"iCCP", b"zTXt"):
        beside = build_chunk(kind, b"name\0\0" + zlib.compress(b"x" * 5_000_000))
        assert_colours(decode_image(build_png(60, 40, 8, 2, rows, beside)), FULL, 0)


def test_a_claim_of_endless_frames_or_pages_is_not_followed() -> None:
    """Only the first is looked for, so the others cannot keep a worker busy."""
    rows = b"".join(b"\0" + np.asarray(draw_quarters())[y].tobytes() for y in range(40))
    control = build_chunk(b"acTL", struct.pack(">II", 0x7FFFFFFF, 0))
    assert_colours(decode_image(build_png(60, 40, 8, 2, rows, control)), FULL, 0)
    gif = encode_image(draw_quarters().quantize(8), "GIF")
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    assert_colours(decode_image(gif[:-1] + frame * 100_000 + b";"), FULL, 0)
    tiff = bytearray(encode_image(draw_quarters(), "TIFF"))
    (at,) = struct.unpack_from("<I", tiff, 4)
    (entries,) = struct.unpack_from("<H", tiff, at)
    struct.pack_into("<I", tiff, at + 2 + 12 * entries, at)  # the next page is this one
    assert_colours(decode_image(bytes(tiff)), FULL, 0)


# What is no picture

DAMAGED = "it begins like {}, but is damaged or of an unsupported kind"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the file is empty"),
        (b"Dear diary,\nno picture today.\n", "it is not an image: it looks like a text file"),
        ("日記: 今日は写真がない。".encode() * 9, "it is not an image: it looks like a text file"),
        (b"\x00\x01\x02\x03" * 10, "it is not an image that sokkuri can read"),
        (b"%PDF-1.7\n", "PDF is not supported"),
        (b"II\xbc\x01" + b"\0" * 50, "JPEG XR is not supported"),
        (b"MM\0+\0\x08\0\0" + b"\0\0\0\0\0\0\0\x10" * 2**17, "big-endian BigTIFF is not supported"),
        (b"II*\0\x10\0\0\0CR\2\0" + b"\0" * 50, DAMAGED.format("Canon RAW (CR2)")),
        (b"\0\0\0\x18ftypcrx " + b"\0" * 50, DAMAGED.format("Canon RAW (CR3)")),
        (b"FUJIFILMCCD-RAW 0201", DAMAGED.format("Fujifilm RAW (RAF)")),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 50, "MP4 video is not supported"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI video is not supported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not supported"),
        (b"<?xml version='1.0'?>\n<svg/>", "SVG is not supported"),
        (b"v/1\x01\2\0\0\0", "OpenEXR is not supported"),
        (b"II*\0\xff\xff\xff\xff", DAMAGED.format("TIFF")),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_called_what_it_is(data: bytes, expected: str) -> None:
    """Guarantee: a failure row's reason is one that a person understands."""
    assert failure_reason(data) == expected


def test_a_kind_that_pillow_does_not_know_is_not_called_damaged() -> None:
    data = bytearray(encode_image(draw_quarters(), "BMP"))
    struct.pack_into("<I", data, 30, 4)  # a JPEG inside, for printers
    assert failure_reason(bytes(data)).startswith("its kind is not supported: ")


def test_damage_is_told_in_the_reason_alone(capfd: pytest.CaptureFixture[str]) -> None:
    """Guarantee: nothing is printed past the progress line; libtiff would, left to itself."""
    refused = 0
    for coded in CODED:
        data = bytearray(encode_image(smooth(200, 150), "TIFF", compression=coded))
        data[100:3000] = bytes(reversed(data[100:3000]))
        try:
            decode_image(bytes(data))
        except DecodeError:
            refused += 1
    assert refused > 0
    assert capfd.readouterr() == ("", "")


def test_numbers_that_are_none_do_not_spoil_the_others() -> None:
    """A float picture with gaps (NaN) or infinities shows the rest as it is."""
    values = np.array(draw_quarters().convert("F")) / 255
    values[18:22, 28:32] = [np.nan, np.inf, -np.inf, np.nan]
    values.view(np.uint32)[0, 0] = 0x7F800001  # a NaN that complains when it is converted
    assert_colours(decode_image(encode_image(Image.fromarray(values), "TIFF")), GREYS, 1)
    nothing = Image.fromarray(np.full((8, 8), np.nan, np.float32))
    assert failure_reason(encode_image(nothing, "TIFF")).endswith(
        "none of its values is a finite number"
    )


def test_numbers_beyond_16_bits_go_from_the_least_to_the_greatest() -> None:
    values = np.asarray(draw_quarters().convert("I"), np.int32)
    grey = (values - values.min()) * 255.0 / (values.max() - values.min())
    expected = [(int(g), int(g), int(g)) for g in np.rint(grey[[10, 10, 30, 30], [15, 45, 15, 45]])]
    data = encode_image(Image.fromarray(values * 100_000 - 5_000_000), "TIFF")
    assert_colours(decode_image(data), tuple(expected), 1)


# Threads


def test_eight_threads_give_the_bits_that_one_gives() -> None:
    """Guarantee: features do not depend on the number of workers."""
    files = [write() for write, *_ in KINDS.values()]
    files += [
        encode_turned(n, kind, options, (600, 400))
        for kind, options in EXIF_FORMATS
        for n in (1, 6)
    ]
    files.append(encode_image(smooth(1000, 700), "JPEG"))
    alone = [decode_image(data).rgb.tobytes() for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: decode_image(data).rgb.tobytes(), files * 4))
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
        encode_image(
            smooth(64, 48), kind, **({"exif": exif} if kind in {"JPEG", "PNG", "WEBP"} else {})
        )
        for kind in SOUND
    ]
    files += [encode_image(smooth(64, 48), "TIFF", compression=one, exif=exif) for one in CODED]
    files += [encode_image(smooth(64, 48), "JPEG", progressive=True)]
    return tuple(files)


def never_but_a_reason(data: bytes) -> None:
    try:
        found = decode_image(data, limits=Limits(max_pixels=1_000_000))
    except DecodeError as error:
        text = str(error)
        assert 0 < len(text) <= 200
        assert text.isprintable()
    else:
        assert found.rgb.shape == (SPEC.height, SPEC.width, 3)


BOUNDED = settings(
    max_examples=7 * settings().max_examples,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@BOUNDED
@given(
    start=st.sampled_from([b"", *SUPPORTED_SIGNATURES, b"P6 ", b"\0\0\1\0", b"qoif", b"DDS "]),
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
