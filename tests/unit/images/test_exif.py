"""What a camera wrote is read from the file without a look at the pixels."""

import struct

import numpy as np
from image_formats import build_chunk, build_png, draw_quarters, encode_image
from PIL import Image

from sokkuri.images.exif import summarise_exif
from sokkuri.images.exif_tags import read_exif_tags
from sokkuri.images.memory import peak_memory


def camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model 7"
    return exif


def test_the_camera_of_each_format_is_told() -> None:
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        data = encode_image(draw_quarters(), kind, exif=camera_exif())
        assert summarise_exif(data)["Camera"] == "Maker Model 7", kind


def test_the_exif_of_a_png_is_found_behind_pixels_that_are_not_decoded() -> None:
    """Guarantee: a look at one image of a server does not decode it."""
    block = build_chunk(b"eXIf", camera_exif().tobytes().removeprefix(b"Exif\0\0"))
    rows = b"".join(b"\0" + np.asarray(draw_quarters())[y].tobytes() for y in range(40))
    data = build_png(60, 40, 8, 2, rows)
    behind = data[:-12] + block + data[-12:]
    broken = bytearray(behind)
    start = behind.index(b"IDAT") + 4
    broken[start : start + 20] = bytes(20)  # pixels that nobody could decode
    before = peak_memory()
    for one in (behind, bytes(broken)):
        assert summarise_exif(one) == {"Camera": "Maker Model 7"}
    assert peak_memory() == before


def test_a_png_without_an_end_has_no_exif() -> None:
    data = encode_image(draw_quarters(), "PNG")
    assert summarise_exif(data) == {}
    assert summarise_exif(data[:60]) == {}
    assert summarise_exif(data + b"\xff" * 40) == {}


def test_an_exposure_too_short_for_a_number_is_unknown() -> None:
    directories = ((0x8769, 4, 1, 26, 0), (0x829A, 12, 1, 44, 0))
    tags = b"".join(struct.pack("<HHHIII", 1, *one) for one in directories)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + tags + struct.pack("<d", 5e-324)
    data = encode_image(draw_quarters(), "JPEG", exif=exif)
    assert read_exif_tags(exif).photo[0x829A] == (5e-324,)
    assert "Exposure" not in summarise_exif(data)
