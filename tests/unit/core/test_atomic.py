"""A file that is replaced is the old one or the new one, never half."""

import os
from pathlib import Path

import pytest

from sokkuri.core import atomic
from sokkuri.core.atomic import atomic_write


def test_the_new_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for content in (b"old", b"new"):
        with atomic_write(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_or_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    """Guarantee: an output to /dev/null, by the administrator, leaves /dev/null a device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for path in (pipe, tmp_path / "link"):
        if path != pipe:
            path.symlink_to(pipe)
        with atomic_write(path) as file:
            file.write(b"data")
        assert os.read(reading, 10) == b"data"
        assert pipe.is_fifo()
        assert path.is_symlink() is (path != pipe)
    os.close(reading)
    assert {one.name for one in tmp_path.iterdir()} == {"pipe", "link"}


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_being_read_is_replaced_when_its_reader_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, which replaces no file that a process has open."""
    path, replace, refused = tmp_path / "a", Path.replace, [1, 2, 3]

    def refuse_thrice(new: Path, target: Path) -> Path:
        if refused:
            raise PermissionError(refused.pop(), "The process cannot access the file")
        return replace(new, target)

    monkeypatch.setattr(Path, "replace", refuse_thrice)
    with pytest.raises(PermissionError), atomic_write(path) as file:
        file.write(b"new")
    assert len(refused) == 2, "elsewhere a refusal is final"
    monkeypatch.setattr(atomic, "HOLDS_OPEN_FILES", True)
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_the_old_file_is_there_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
