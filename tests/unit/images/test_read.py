"""A file's bytes and stat come from one read, and nothing that is no file is waited for."""

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from permissions import check_without_privileges

from sokkuri.core.errors import ReadError
from sokkuri.core.types import FileStat, Limits
from sokkuri.images.read import read_file

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX file names, links and pipes")


@pytest.fixture
def bell() -> Iterator[None]:
    """Ends a test that hangs, by the SIGALRM whose default is to end the process."""
    signal.alarm(20)
    yield
    signal.alarm(0)


def reason(root: Path, path: str, limits: Limits | None = None) -> str:
    with pytest.raises(ReadError) as caught:
        read_file(root / path, limits or Limits())
    return str(caught.value)


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_reading_returns_the_bytes_and_their_stat(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    (tmp_path / "a.jpg").write_bytes(data)
    os.utime(tmp_path / "a.jpg", ns=(1, 1_700_000_000_123_456_789))
    found, stat = read_file(tmp_path / "a.jpg", Limits())
    assert found == data
    assert stat == FileStat(size, (tmp_path / "a.jpg").stat().st_mtime_ns)


@posix
@pytest.mark.parametrize("raw", ["写真/夕日 1.jpg".encode(), b"new\nline.jpg", b"caf\xe9/\xff.jpg"])
def test_any_name_below_the_root_is_read(raw: bytes, tmp_path: Path) -> None:
    """Guarantee: a name that is not UTF-8 is read like any other."""
    path = os.fsdecode(raw)
    try:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"bytes")
    except OSError:
        pytest.skip("this file system takes no such name")
    assert read_file(tmp_path / path, Limits())[0] == b"bytes"


def test_reading_changes_nothing_and_needs_no_right_to_write(tmp_path: Path) -> None:
    """Guarantee: originals are only ever opened for reading."""
    file = tmp_path / "a.jpg"
    file.write_bytes(b"bytes")
    file.chmod(0o444)
    before = file.stat()
    assert read_file(tmp_path / "a.jpg", Limits())[0] == b"bytes"
    after = file.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)


def test_a_file_that_vanished_is_told_apart_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    """Gone is no failure: the caller forgets the file instead."""
    (tmp_path / "a.jpg").write_bytes(b"")
    for path in ("none.jpg", "no folder/none.jpg", "a.jpg/none.jpg"):
        with pytest.raises(FileNotFoundError):
            read_file(tmp_path / path, Limits())


@posix
def test_broken_links_say_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    (tmp_path / "good.jpg").symlink_to("a.jpg")
    (tmp_path / "dangling.jpg").symlink_to("nothing.jpg")
    (tmp_path / "through.jpg").symlink_to("a.jpg/nothing.jpg")
    (tmp_path / "self.jpg").symlink_to("self.jpg")
    assert read_file(tmp_path / "good.jpg", Limits())[0] == b"bytes"
    assert reason(tmp_path, "dangling.jpg") == "the link points to nothing"
    assert reason(tmp_path, "through.jpg") == "the link points to nothing"
    assert reason(tmp_path, "self.jpg") == "the link points to itself"


def test_a_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "album.jpg").mkdir()
    assert reason(tmp_path, "album.jpg") == "it is not a regular file"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs a list of open files")
def test_no_refusal_leaves_a_file_open(tmp_path: Path) -> None:
    """A million failures must not use up what a process may hold open."""
    (tmp_path / "album.jpg").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        reason(tmp_path, "album.jpg")
        reason(tmp_path, "a.jpg", Limits(max_bytes=1))
        read_file(tmp_path / "a.jpg", Limits())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@posix
@pytest.mark.usefixtures("bell")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Guarantee: no file can make a run hang; here neither with a writer nor without."""
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason(tmp_path, "pipe.jpg") == "it is not a regular file"
    both = os.open(tmp_path / "pipe.jpg", os.O_RDWR)
    try:
        assert reason(tmp_path, "pipe.jpg") == "it is not a regular file"
    finally:
        os.close(both)


@posix
@pytest.mark.usefixtures("bell")
def test_a_socket_and_a_device_are_not_read() -> None:
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/s.jpg")  # a socket's path must be short
        (Path(short) / "zero.jpg").symlink_to("/dev/zero")
        assert reason(Path(short), "s.jpg")
        assert reason(Path(short), "zero.jpg") == "it is not a regular file"


def test_a_file_of_exactly_the_limit_is_read_and_a_larger_one_refused(tmp_path: Path) -> None:
    """Guarantee: one giant file must not take the machine: it is not even read."""
    (tmp_path / "a.jpg").write_bytes(b"x" * 1000)
    assert len(read_file(tmp_path / "a.jpg", Limits(max_bytes=1000))[0]) == 1000
    assert reason(tmp_path, "a.jpg", Limits(max_bytes=999)) == (
        "its 1,000 bytes are more than the limit of 999"
    )
    with (tmp_path / "giant.jpg").open("wb") as file:
        file.truncate(2**40)  # takes no room
    assert reason(tmp_path, "giant.jpg").startswith("its 1,099,511,627,776 bytes are more than")


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # threads and fork
def test_a_file_without_permission_says_so() -> None:
    """Guarantee: what cannot be read is a failure with its reason, not one that has vanished."""
    with tempfile.TemporaryDirectory() as name:  # not tmp_path: its parents are closed to others
        root = Path(name)
        root.chmod(0o755)
        (root / "closed").mkdir()
        (root / "closed" / "a.jpg").write_bytes(b"bytes")
        (root / "b.jpg").write_bytes(b"bytes")
        (root / "b.jpg").chmod(0o000)
        (root / "link.jpg").symlink_to("closed/a.jpg")
        (root / "closed").chmod(0o000)

        def holds() -> bool:
            paths = ("b.jpg", "closed/a.jpg", "link.jpg")
            return {reason(root, path) for path in paths} == {"permission denied"}

        try:
            assert check_without_privileges(holds)
        finally:
            (root / "closed").chmod(0o700)
