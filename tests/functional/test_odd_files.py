"""Format test files, good and bad: each gives an image or one clear sentence."""

from pathlib import Path

import numpy as np
import pytest

from sokkuri.core.errors import DecodeError
from sokkuri.core.types import Limits, Pixels, PixelSpec
from sokkuri.images.decode import decode

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ODD = DATA / "odd"
BAD = ODD / "tests" / "bad"
SPEC = PixelSpec(64, 96)

# The directory of this file says 372 bytes for an image of 744 bytes. Pillow ignores that number if
# more bytes follow, and reads a 32 x 32 image (of stripes instead of a smile).
BAD_BUT_READ = {"Bad_smile-incorrect-image-length.ico"}

# How many valid images Pillow cannot read. It reads all others of images/ and reference/.
# A newer Pillow may read more of them.
NOT_READ_BY_PILLOW = {
    ".bmp": 18,  # 2 bits a pixel, unusual bit fields, RLE24, alpha bit fields, lenient ones
    ".exr": 3,
    ".ff": 12,
    ".hdr": 5,
    ".tga": 6,  # colour maps of 5 bits; runs that cross the end of a row
    ".tiff": 6,  # 32-bit float in three channels, or grey in big-endian
}


def find_files(folder: Path) -> list[Path]:
    if not ODD.is_dir():
        pytest.skip("the format test files (shared/data/odd) are not beside the project")
    texts = {".md", ".txt"}
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in texts)


def decode_or_explain(path: Path) -> Pixels | str:
    """Return the image or the reason of the failure. Any other exception fails the test."""
    try:
        return decode(path.read_bytes(), SPEC, Limits())
    except DecodeError as error:
        return str(error)


def test_every_odd_file_gives_pixels_or_one_line_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Guarantee: a broken image is a row with a reason, never a crash or noise in the terminal.

    The output of the C libraries libtiff and libjpeg, which Pillow silences, counts too.
    """
    wrong = []
    for path in find_files(ODD):
        found = decode_or_explain(path)
        if isinstance(found, Pixels):
            fits = found.rgb.shape == (64, 96, 3) and found.rgb.dtype == np.uint8
            if not (fits and found.width > 0 and found.height > 0):
                wrong.append(f"{path.name}: {found.rgb.shape} of {found.width} x {found.height}")
        elif not (0 < len(found) <= 200 and found.isprintable()):
            wrong.append(f"{path.name}: {found!r}")
    assert not wrong
    assert capfd.readouterr() == ("", "")


def test_bad_files_fail_with_a_reason_except_one_that_pillow_reads() -> None:
    """Guarantee: visible damage is reported."""
    results = {path.name: decode_or_explain(path) for path in find_files(BAD)}
    assert len(results) >= 9
    read = {name: image for name, image in results.items() if isinstance(image, Pixels)}
    assert read.keys() == BAD_BUT_READ
    assert {(image.width, image.height) for image in read.values()} == {(32, 32)}


def test_valid_files_are_read_except_those_that_pillow_cannot_read() -> None:
    """The unreadable files of each format are counted, so that a new failure is noticed."""
    unread: dict[str, int] = {}
    for folder in ("images", "reference"):
        for path in find_files(ODD / "tests" / folder):
            if path.suffix and isinstance(decode_or_explain(path), str):
                unread[path.suffix] = unread.get(path.suffix, 0) + 1
    more = {suffix: n for suffix, n in unread.items() if n > NOT_READ_BY_PILLOW.get(suffix, 0)}
    assert not more


def test_unsupported_formats_are_named() -> None:
    """A failure row names the format of the file, so that a user can convert it."""
    images = ODD / "tests" / "images"
    for suffix, name in ((".exr", "OpenEXR"), (".hdr", "Radiance HDR"), (".ff", "farbfeld")):
        found = {decode_or_explain(path) for path in find_files(images) if path.suffix == suffix}
        assert found == {f"{name} is not supported"}
