"""A file that is replaced is the old one or the new one, never half."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sokkuri.core import atomic
from sokkuri.core.atomic import atomic_write


@pytest.mark.parametrize("name", ["a", "n" * 255, "そ" * 85])
def test_the_new_file_replaces_the_old_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for content in (b"old", b"new"):
        with atomic_write(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.name == "nt", reason="needs permissions of POSIX")
def test_permissions_are_those_of_the_old_file_or_of_any_new_one(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "other"
    other.touch()
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.stat().st_mode == other.stat().st_mode
    path.chmod(0o640)
    with atomic_write(path) as file:
        file.write(b"newer")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "sub" / "target"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev/stdout")
def test_what_goes_to_stdout_is_added_to_its_file(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from sokkuri.core.atomic import atomic_write\n"
        "with atomic_write(Path('/dev/stdout')) as file: file.write(b'new')"
    )
    out = tmp_path / "out"
    out.write_bytes(b"old ")
    with out.open("ab") as stdout:
        subprocess.run([sys.executable, "-c", program], stdout=stdout, check=True, timeout=60)
    assert out.read_bytes() == b"old new"


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
