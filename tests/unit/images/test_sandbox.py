"""A picture is tried in a process of its own, and what becomes of that process is told apart."""

import io

import pytest
from draw_images import draw
from PIL import Image

from sokkuri.core.errors import DecodeError
from sokkuri.core.types import PixelSpec
from sokkuri.images import sandbox


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw(1, 40, 30)).save(out, "PNG")
    return out.getvalue()


def test_good_and_merely_broken_pictures_pass() -> None:
    sandbox.try_decode_in_child(png(), PixelSpec(8, 8))
    sandbox.try_decode_in_child(png()[:50], PixelSpec(8, 8))
    sandbox.try_decode_in_child(b"", PixelSpec(8, 8))


def test_a_process_that_dies_is_the_pictures_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.abort()")  # type: ignore[operator]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DecodeError, match="crashes on it \\(SIGABRT\\)"):
        sandbox.try_decode_in_child(png(), PixelSpec(8, 8))


def test_a_picture_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_TIMEOUT_SECONDS", 0.001)
    with pytest.raises(DecodeError, match="takes more than"):
        sandbox.try_decode_in_child(png(), PixelSpec(8, 8))
