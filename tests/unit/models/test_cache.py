"""Converted networks are cached whole or not at all, by any number of processes."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from sokkuri.core.errors import ModelError
from sokkuri.core.paths import cache_folder
from sokkuri.models.cache import cached

DATA = b"a network"
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def unused() -> bytes:
    raise LookupError("it was there")


def test_a_cached_file_is_built_once(folder: Path) -> None:
    path = cached("a.onnx", SHA, lambda: DATA)
    assert path == folder / "a.onnx"
    assert cached("a.onnx", SHA, unused) == path
    assert [path.name for path in folder.iterdir()] == ["a.onnx"]


def test_a_damaged_cached_file_is_built_again() -> None:
    path = cached("a.onnx", SHA, lambda: DATA)
    path.write_bytes(DATA[:-1])
    assert cached("a.onnx", SHA, lambda: DATA).read_bytes() == DATA


def test_other_bytes_than_expected_leave_nothing(folder: Path) -> None:
    """The fingerprint covers these bytes: a library that writes others is noticed at once."""
    with pytest.raises(ModelError, match=r"constraints\.txt"):
        cached("a.onnx", SHA, lambda: b"another network")
    assert not folder.exists()


def test_a_conversion_that_fails_leaves_nothing(folder: Path) -> None:
    with pytest.raises(LookupError):
        cached("a.onnx", SHA, unused)
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_one_line(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="SOKKURI_CACHE"):
        cached("a.onnx", SHA, lambda: DATA)


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOKKURI_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder().name == "sokkuri"
    assert cache_folder().is_relative_to(tmp_path) or sys.platform == "win32"


def test_several_processes_convert_at_once(folder: Path) -> None:
    """Three first runs on a fresh machine: each has the whole network in the end."""
    code = (
        "from sokkuri.models import resolve_model; from sokkuri.models.cache import file_sha256;"
        " model = resolve_model(); assert file_sha256(model.path) == model.card.sha256"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    (made,) = folder.iterdir()
    assert made.suffix == ".onnx"
