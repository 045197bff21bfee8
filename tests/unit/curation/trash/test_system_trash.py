"""The system's trash: files go there, are found there and come back, and none is lost."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from permissions import check_without_privileges
from trash_fixtures import forget_send2trash, home_environment, list_trash, use_home

from sokkuri.core.errors import MissingExtraError
from sokkuri.curation.trash.safe_files import remove_partial_copy, size_and_digest
from sokkuri.curation.trash.system_trash import (
    Trash,
    find_in_trash,
    lock_trash,
    require_trash,
    restore_from_trash,
    send_to_trash,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")

OTHER_DISK = Path("/dev/shm")


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_home(tmp_path / "home", monkeypatch)


def made(path: Path, data: bytes = b"picture") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def found(original: Path, data: bytes = b"picture") -> Path | None:
    scratch = made(original.parent / "scratch", data)
    size, digest = size_and_digest(scratch)
    scratch.unlink()
    return find_in_trash(original, size, digest)


@pytest.mark.parametrize(
    "name", ["a.jpg", "with space & per%cent.jpg", "né.jpg", "line\nbreak.jpg", "\udcff\udc80.jpg"]
)
def test_a_file_goes_is_found_and_comes_back(trash: Path, tmp_path: Path, name: str) -> None:
    file = made(tmp_path / "photos" / name)
    os.utime(file, ns=(1_500_000_000_000_000_000, 1_400_000_000_123_456_789))
    before = file.stat()
    send_to_trash(file)
    assert not file.exists()
    place = found(file)
    assert place is not None
    assert place.parent == trash / "files"
    restore_from_trash(place, file)
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert after.st_nlink == 1
    assert list_trash(trash) == []
    assert list((trash / "info").iterdir()) == [], "its note went with it"


def test_files_of_the_same_name_are_told_apart(trash: Path, tmp_path: Path) -> None:
    files = [made(tmp_path / folder / "a.jpg") for folder in "xyz"]
    for file in files:
        send_to_trash(file)
    assert len(list_trash(trash)) == 3
    for file in files:
        place = found(file)
        assert place is not None
        restore_from_trash(place, file)
        assert file.read_bytes() == b"picture"


def test_only_the_file_with_these_bytes_is_found(trash: Path, tmp_path: Path) -> None:
    file = made(tmp_path / "a.jpg", b"the older")
    send_to_trash(file)
    send_to_trash(made(file, b"the newer"))
    for data in b"the older", b"the newer":
        place = found(file, data)
        assert place is not None
        assert place.read_bytes() == data
    assert found(file, b"neither!!") is None
    assert found(tmp_path / "b.jpg", b"the older") is None


def test_a_file_that_comes_back_replaces_no_other(trash: Path, tmp_path: Path) -> None:
    file = made(tmp_path / "a.jpg")
    send_to_trash(file)
    place = found(file)
    assert place is not None
    made(file, b"another")
    with pytest.raises(FileExistsError):
        restore_from_trash(place, file)
    assert file.read_bytes() == b"another"
    assert place.read_bytes() == b"picture"
    assert list_trash(trash) == ["a.jpg"]


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links, as FAT is; none can be mounted here."""

    def link(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


def test_a_file_comes_back_where_there_are_no_hard_links(
    trash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(tmp_path / "photos" / "a.jpg")
    os.utime(file, ns=(0, 1_400_000_000_123_456_789))
    send_to_trash(file)
    place = found(file)
    assert place is not None
    refuse_links(monkeypatch)
    made(file, b"another")
    with pytest.raises(FileExistsError):
        restore_from_trash(place, file)
    assert file.read_bytes() == b"another"
    assert place.read_bytes() == b"picture"
    file.unlink()
    restore_from_trash(place, file)
    assert file.read_bytes() == b"picture"
    assert file.stat().st_mtime_ns == 1_400_000_000_123_456_789
    assert [one.name for one in file.parent.iterdir()] == ["a.jpg"]
    assert list_trash(trash) == []


def test_a_read_only_file_comes_back_as_a_copy(
    trash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_links(monkeypatch)
    require_trash()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        place = made(Path(folder) / "trashed.jpg")
        place.chmod(0o444)

        def comes_back() -> bool:
            original = Path(folder) / "a.jpg"
            restore_from_trash(place, original)
            return original.read_bytes() == b"picture" and original.stat().st_mode & 0o777 == 0o444

        assert check_without_privileges(comes_back)


def test_only_the_leftovers_of_a_kill_are_removed(tmp_path: Path) -> None:
    """An empty file is taken for one only beside the copy that was to take its place."""
    place = made(tmp_path / "a.jpg", b"")
    size, digest = size_and_digest(made(tmp_path / "b.jpg"))
    remove_partial_copy(place, size, digest)
    assert place.exists()
    copy = made(tmp_path / f".{digest.hex()}.returning")
    remove_partial_copy(tmp_path / "b.jpg", size, digest)
    assert (tmp_path / "b.jpg").read_bytes() == b"picture"
    assert not copy.exists()
    made(copy)
    remove_partial_copy(place, size, digest)
    assert [file.name for file in tmp_path.iterdir()] == ["b.jpg"]


def test_a_file_comes_back_across_file_systems(trash: Path, tmp_path: Path) -> None:
    if OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"needs {OTHER_DISK} on another file system than {tmp_path}")
    file = made(tmp_path / "photos" / "a.jpg", os.urandom(3_000_000))
    data = file.read_bytes()
    left = file.parent / f".{size_and_digest(file)[1].hex()}.returning"
    left.write_bytes(b"what a kill left")
    with_home = (
        OTHER_DISK / f"sokkuri-test-{hashlib.sha256(os.fsencode(tmp_path)).hexdigest()[:12]}"
    )
    try:
        place = made(with_home / "files" / "a.jpg", data)
        note = made(with_home / "info" / "a.jpg.trashinfo")
        os.utime(place, ns=(0, 1_400_000_000_123_456_789))
        file.unlink()
        restore_from_trash(place, file)
        assert file.read_bytes() == data
        assert file.stat().st_mtime_ns == 1_400_000_000_123_456_789
        assert [one.name for one in file.parent.iterdir()] == ["a.jpg"]
        assert not place.exists()
        assert not note.exists()
    finally:
        for path in sorted(with_home.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        with_home.rmdir()


@pytest.mark.parametrize("kind", [".Trash/{uid}", ".Trash-{uid}"])
def test_a_file_is_found_in_the_trash_of_its_volume(
    trash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Its notes name paths relative to the volume's top, says the standard."""
    top = tmp_path / "volume"
    file = made(top / "photos" / "ä b.jpg")
    size, digest = size_and_digest(file)
    folder = top / kind.format(uid=os.getuid())
    made(
        folder / "info" / "x.jpg.trashinfo",
        b"[Trash Info]\nPath=" + quote("photos/ä b.jpg").encode() + b"\nDeletionDate=2024\n",
    )
    (folder / "files").mkdir()
    file.rename(folder / "files" / "x.jpg")
    is_mount = os.path.ismount
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == top or is_mount(path))
    assert find_in_trash(file, size, digest) == folder / "files" / "x.jpg"


def test_broken_notes_are_skipped(trash: Path, tmp_path: Path) -> None:
    file = made(tmp_path / "a.jpg")
    send_to_trash(file)
    info = trash / "info"
    made(info / "empty.trashinfo", b"")
    made(info / "zeros.trashinfo", b"\0" * 100_000)
    made(info / "orphan.trashinfo", b"[Trash Info]\nPath=" + os.fsencode(file) + b"\n")
    (info / "folder.trashinfo").mkdir()
    (info / "link.trashinfo").symlink_to(tmp_path / "nothing")
    (trash / "files" / "b.jpg").symlink_to(trash / "files" / "a.jpg")
    made(info / "b.jpg.trashinfo", b"[Trash Info]\nPath=" + os.fsencode(file) + b"\n")
    assert found(file) == trash / "files" / "a.jpg", "and not a link"


def test_notes_are_read_once(trash: Path, tmp_path: Path) -> None:
    kept = Trash()
    first, second = made(tmp_path / "a.jpg"), made(tmp_path / "b.jpg")
    contents = size_and_digest(first)
    send_to_trash(first)
    assert kept.find(first, *contents) is not None
    send_to_trash(second)
    assert kept.find(second, *contents) is None
    assert find_in_trash(second, *contents) is not None


def test_a_file_that_the_trash_does_not_take_stays(trash: Path, tmp_path: Path) -> None:
    file = made(tmp_path / "a.jpg")
    made(trash, b"no folder")
    with pytest.raises(OSError, match=r"[a-z]"):
        send_to_trash(file)
    assert file.read_bytes() == b"picture"


def test_a_file_without_permission_stays(trash: Path) -> None:
    require_trash()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # whom permissions bind can look into it
        file = made(Path(folder) / "a.jpg")
        file.chmod(0o444)

        def is_refused() -> bool:
            with pytest.raises(PermissionError):
                send_to_trash(file)
            return file.exists()

        assert check_without_privileges(is_refused)
        assert file.read_bytes() == b"picture"


def test_a_relative_data_folder_is_ignored(
    trash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "")
    monkeypatch.chdir(tmp_path)
    forget_send2trash()
    require_trash()
    file = made(tmp_path / "a.jpg")
    send_to_trash(file)
    place = found(file)
    assert place == tmp_path / "home" / ".local" / "share" / "Trash" / "files" / "a.jpg"


def test_without_the_extra_the_message_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "send2trash", None)
    with pytest.raises(MissingExtraError, match=r"sokkuri\[duplicates\]"):
        require_trash()


def test_processes_use_the_trash_in_turn(trash: Path, tmp_path: Path) -> None:
    """Two that move files of one name at once must not take the same place in the trash."""
    code = (
        "import sys; from pathlib import Path; from sokkuri.curation.trash.system_trash import *\n"
        "print(flush=True); sys.stdin.readline()\n"
        "for file in sorted(Path(sys.argv[1]).glob('*/same.jpg')):\n"
        "    with lock_trash(): send_to_trash(file)\n"
    )
    sides = [tmp_path / side for side in "ab"]
    for side in sides:
        for number in range(40):
            made(side / f"{number:02d}" / "same.jpg", f"{side.name}{number}".encode())
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, side],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **home_environment(tmp_path / "home")},
        )
        for side in sides
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        process.communicate(b"\n")
        assert process.returncode == 0
    held = {path.read_bytes() for path in (trash / "files").iterdir()}
    assert held == {f"{side}{number}".encode() for side in "ab" for number in range(40)}


def test_a_process_waits_for_its_turn(trash: Path) -> None:
    with lock_trash(), pytest.raises(TimeoutError):
        another_waits(0.05)


def another_waits(seconds: float) -> None:
    from filelock import FileLock

    from sokkuri.core.paths import cache_folder

    with FileLock(cache_folder() / "trash.lock", timeout=seconds, thread_local=False):
        pass


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        lambda path: path.symlink_to(made(path.parent / "target")),
        os.mkfifo,
    ],
)
def test_only_a_regular_file_has_a_digest(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "a"
    make(path)
    with pytest.raises(OSError, match=r"[a-z]"):
        size_and_digest(path)
