"""Write files atomically: a crash at any moment leaves the old file or the new one, never half.

The order is the same everywhere: write a temporary file beside it, fsync, rename, fsync the folder.
"""

import errno
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

HOLDS_OPEN_FILES = os.name == "nt"
"""Whether this system deletes, renames and replaces no file that a process has open."""

_REPLACE_SECONDS = 2.0  # a reader of a small file is done by then
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield a binary file that replaces `path` when the block ends; delete it if the block fails.

    It has the permissions of the file that it replaces, or those of any new file. A link stays, and
    the file that it names is replaced. A device or a pipe is never replaced: the bytes are written
    to it. durable : False for files that a power cut may lose. Raises OSError.
    """
    if _is_device(path):
        with path.open("ab") as device:  # what is there stays
            yield device
        return
    path = path.resolve()
    new = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.new")  # not too long a name
    try:
        with new.open("xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if path.is_file():
            new.chmod(stat.S_IMODE(path.stat().st_mode))
        _replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def _is_device(path: Path) -> bool:
    """Return whether bytes that are written to the path go elsewhere, as those to /dev/stdout."""
    if path.is_relative_to("/dev") and not path.is_relative_to("/dev/shm"):  # noqa: S108
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


def _replace(new: Path, path: Path) -> None:
    """Rename a file over another one. Wait a moment for readers where the system demands it."""
    end = time.monotonic() + _REPLACE_SECONDS
    while True:
        try:
            new.replace(path)
        except PermissionError:
            if not HOLDS_OPEN_FILES or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def unless_open() -> AbstractContextManager[None]:
    """Skip the rest of the block at a file that the system keeps because a process has it open."""
    return suppress(PermissionError) if HOLDS_OPEN_FILES else nullcontext()


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable. Do nothing on Windows, which cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def has_locks(folder: Path) -> bool:
    """Return whether the file system of a folder locks files; True if that cannot be told.

    It locks a file that it makes and deletes: closing a file drops the locks of this process on it.
    """
    if os.name == "nt":
        return True
    import fcntl

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _WITHOUT_LOCKS
    return True
