"""Hash files, and give a file a second name or a whole copy, without replacing any file.

After a kill at any moment, the file that is copied is still there, and no other file has changed.
"""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import xxhash

from sokkuri.core.atomic import sync_folder

_CHUNK_BYTES = 2**20
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not hang
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


def size_and_digest(path: Path) -> tuple[int, bytes]:
    """Return a regular file's size and XXH3-128. Raises OSError, also for a link."""
    handle = os.open(path, _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or path.is_symlink():
            raise OSError("it is not a regular file")
        digest, size = xxhash.xxh3_128(), 0
        while chunk := os.read(handle, _CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    finally:
        os.close(handle)
    return size, digest.digest()


def holds(path: Path, size: int, digest: bytes) -> bool:
    """Return whether a regular file with these bytes is there."""
    with suppress(OSError):
        return path.lstat().st_size == size and size_and_digest(path) == (size, digest)
    return False


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably. Raises OSError."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def put_at(source: Path, place: Path) -> None:
    """Give a file a second name at `place`, or else a whole copy with its time stamp there.

    Raises FileExistsError if the place is taken, and OSError. The source stays in all cases.
    """
    try:
        os.link(source, place, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # another file system, or one without hard links
        _copy_to(source, place)
    sync_folder(place.parent)


def remove_partial_copy(place: Path, size: int, digest: bytes) -> None:
    """Remove what a kill of `put_at` left beside a place and at it."""
    copy = _copy_path(place, digest)
    if copy.is_file():
        if size and place.is_file() and place.lstat().st_size == 0:
            place.unlink()  # the placeholder of `_rename_to_free`
        copy.unlink()


def write_copy(source: Path, copy: Path) -> None:
    """Write a whole copy with the time stamp and the permissions of the file, check it, and make it
    durable. Raises OSError."""
    size, digest = size_and_digest(source)
    shutil.copyfile(source, copy)
    with copy.open("rb+") as file:  # before copystat, which may make it read-only
        os.fsync(file.fileno())
    with suppress(OSError):  # some file systems do not take all of it
        shutil.copystat(source, copy)
    if size_and_digest(copy) != (size, digest):
        raise OSError("the copy differs from the file")


def _copy_to(source: Path, place: Path) -> None:
    """Make a whole copy beside the place, and give it the file's name."""
    copy = _copy_path(place, size_and_digest(source)[1])
    copy.unlink(missing_ok=True)
    try:
        write_copy(source, copy)
        _rename_to_free(copy, place)
    finally:
        copy.unlink(missing_ok=True)


def _copy_path(place: Path, digest: bytes) -> Path:
    return place.with_name(f".{digest.hex()}.returning")


def _rename_to_free(file: Path, place: Path) -> None:
    """Rename without replacing. Raises FileExistsError if the place is taken."""
    try:
        os.link(file, place, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        if os.name == "nt":
            file.rename(place)  # which replaces no file on Windows
            return
        # Without hard links: create an empty file at the place, and replace only that.
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            file.replace(place)
        except OSError:
            place.unlink()
            raise
