"""Format test files, good and bad: each gives a picture or one clear sentence, nothing else."""

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

# Its directory gives 372 bytes to a picture of 744. Pillow never looks at that number where the
# bytes go on, and they do: it reads a 32 x 32 picture (of stripes, where a smile was meant).
READ_ALL_THE_SAME = {"Bad_smile-incorrect-image-length.ico"}

# Pictures that are sound and that Pillow cannot read; the rest of images/ and reference/ it reads.
# A newer Pillow may read more of them.
NOT_READ_BY_PILLOW = {
    ".bmp": 18,  # 2 bits a pixel, unusual bit fields, RLE24, alpha bit fields, lenient ones
    ".exr": 3,
    ".ff": 12,
    ".hdr": 5,
    ".tga": 6,  # colour maps of 5 bits; runs that go on over the end of a row
    ".tiff": 6,  # 32-bit float in three channels, or grey in big-endian
}


def files(folder: Path) -> list[Path]:
    if not ODD.is_dir():
        pytest.skip("the format test files (shared/data/odd) are not beside the project")
    texts = {".md", ".txt"}
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in texts)


def look(path: Path) -> Pixels | str:
    """The picture, or the reason why there is none; any other exception fails the test."""
    try:
        return decode(path.read_bytes(), SPEC, Limits())
    except DecodeError as error:
        return str(error)


def test_every_odd_file_gives_pixels_or_one_line_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Guarantee: a broken image is a row with a reason, never a crash or noise in the terminal.

    The C libraries' own outputs are watched too (libtiff's and libjpeg's, which Pillow silences).
    """
    wrong = []
    for path in files(ODD):
        found = look(path)
        if isinstance(found, Pixels):
            fits = found.rgb.shape == (64, 96, 3) and found.rgb.dtype == np.uint8
            if not (fits and found.width > 0 and found.height > 0):
                wrong.append(f"{path.name}: {found.rgb.shape} of {found.width} x {found.height}")
        elif not (0 < len(found) <= 200 and found.isprintable()):
            wrong.append(f"{path.name}: {found!r}")
    assert not wrong
    assert capfd.readouterr() == ("", "")


def test_bad_files_fail_with_a_reason_but_for_one_that_pillow_takes_as_it_is() -> None:
    """Guarantee: damage that shows is told, not guessed around."""
    found = {path.name: look(path) for path in files(BAD)}
    assert len(found) >= 9
    read = {name: one for name, one in found.items() if isinstance(one, Pixels)}
    assert read.keys() == READ_ALL_THE_SAME
    assert {(one.width, one.height) for one in read.values()} == {(32, 32)}


def test_sound_files_are_read_except_those_that_pillow_cannot() -> None:
    """Which kinds of a format are out of reach is known, and no other is lost unseen."""
    unread: dict[str, int] = {}
    for folder in ("images", "reference"):
        for path in files(ODD / "tests" / folder):
            if path.suffix and isinstance(look(path), str):
                unread[path.suffix] = unread.get(path.suffix, 0) + 1
    more = {suffix: n for suffix, n in unread.items() if n > NOT_READ_BY_PILLOW.get(suffix, 0)}
    assert not more


def test_formats_that_are_never_read_are_named() -> None:
    """A failure row says what the file is, so that it can be converted."""
    images = ODD / "tests" / "images"
    for suffix, name in ((".exr", "OpenEXR"), (".hdr", "Radiance HDR"), (".ff", "farbfeld")):
        found = {look(path) for path in files(images) if path.suffix == suffix}
        assert found == {f"{name} is not supported"}
