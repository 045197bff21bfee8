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


def test_a_process_that_dies_is_the_pictures_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.abort()")  # type: ignore[operator]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DecodeError, match="crashes on it \\(SIGABRT\\)"):
        sandbox.try_decode_in_child(png(), PixelSpec(8, 8))


def test_decoding_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_TIMEOUT_SECONDS", 0.001)
    with pytest.raises(DecodeError, match="takes more than"):
        sandbox.try_decode_in_child(png(), PixelSpec(8, 8))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, None),
        (1, None),
        (-6, "SIGABRT"),
        (-63, "signal 63"),
        (0xC0000005, "0xC0000005"),
    ],
)
def test_an_exit_code_shows_whether_the_process_crashed(code: int, name: str | None) -> None:
    """Linux and macOS report a signal as a negative code, Windows an exception as a large one."""
    assert sandbox.crash_name(code) == name
