"""HEIC needs an extra, AVIF does not, and no file ever starts another program."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draw_images import draw
from image_formats import (
    FULL,
    HALF,
    TURNS,
    assert_colours,
    decode_image,
    draw_quarters,
    encode_image,
    failure_reason,
    make_half_transparent,
)
from PIL import Image, features

from sokkuri.images.formats import FORMATS


def run(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, text=True, env={**os.environ, **env},
    )  # fmt: skip


def heic(image: Image.Image, **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=95, **options)
    return file.getvalue()


def test_heic_is_read_with_the_extra() -> None:
    found = decode_image(heic(draw_quarters()))
    assert (found.width, found.height) == (60, 40)
    assert_colours(found, FULL, 12)
    assert_colours(decode_image(heic(make_half_transparent(draw_quarters()))), HALF, 12)


@pytest.mark.parametrize("orientation", TURNS)
def test_heic_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(TURNS[orientation](np.asarray(draw_quarters())))
    found = decode_image(heic(Image.fromarray(stored), exif=exif.tobytes()))
    assert (found.width, found.height) == (60, 40)
    assert_colours(found, FULL, 12)


def test_heic_cut_short_is_a_failure() -> None:
    data = heic(Image.fromarray(draw(1, 200, 200)))
    for length in (40, len(data) // 2, len(data) - 10):
        text = "the file is cut short, and only whole HEIC files can be read"
        assert failure_reason(data[:length]) == text


def test_heic_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    """Guarantee: a missing optional part is named with the command that brings it."""
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    script = (
        "import sys\n"
        "sys.modules['pillow_heif'] = None\n"  # as if it were not installed
        "from pathlib import Path\n"
        "from sokkuri.images.decode import decode\n"
        "from sokkuri.core.errors import DecodeError\n"
        "from sokkuri.core.types import Limits, PixelSpec\n"
        "try:\n"
        "    decode(Path('photo.heic').read_bytes(), PixelSpec(8, 8), Limits())\n"
        "except DecodeError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert (
        done.stdout
        == "HEIC needs the extra heic: in sokkuri's environment, run pip install 'sokkuri[heic]'\n"
    )


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_that_calls_itself_a_heif_needs_no_extra() -> None:
    data = encode_image(draw_quarters(), "AVIF", quality=95)
    assert data[8:12] == b"avif"
    assert b"avif" not in data[12:16]
    general = data[:8] + b"mif1" + data[12:]
    assert b"avif" in general[16:64]
    assert_colours(decode_image(general), FULL, 8)


EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\n"
    b"newpath 0 0 moveto 20 20 lineto stroke\nshowpage\n%%EOF\n"
)


def test_postscript_is_refused_and_never_starts_a_program(tmp_path: Path) -> None:
    """Guarantee: no file, whatever it holds, has another program started.

    Pillow hands EPS to Ghostscript; a script in its place tells whether it was called.
    """
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f'#!/bin/sh\ntouch "{tmp_path}/called"\nexit 1\n')
    ghostscript.chmod(0o755)
    (tmp_path / "picture.eps").write_bytes(EPS)
    start = (
        "from pathlib import Path\n"
        "from PIL import Image\n"
        "from sokkuri.images.decode import decode\n"
        "from sokkuri.core.errors import DecodeError\n"
        "from sokkuri.core.types import Limits, PixelSpec\n"
        f"path = Path({str(tmp_path / 'picture.eps')!r})\n"
    )
    ours = (
        "try:\n"
        "    decode(path.read_bytes(), PixelSpec(8, 8), Limits())\n"
        "except DecodeError as error:\n"
        "    print(error)\n"
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert run(start + ours, PATH=path).stdout == "PostScript is not supported\n"
    assert not (tmp_path / "called").exists()
    pillows = "try:\n    Image.open(path).load()\nexcept Exception:\n    pass\n"
    run(start + pillows, PATH=path)
    assert (tmp_path / "called").exists(), "the script would not have told"


def test_formats_that_start_programs_or_are_no_pictures_are_not_admitted() -> None:
    Image.init()
    assert not {"EPS", "WMF", "MPEG", "HDF5", "GRIB", "BUFR"} & set(FORMATS)
    assert set(FORMATS) <= set(Image.OPEN)
