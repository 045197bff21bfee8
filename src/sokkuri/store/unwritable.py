"""Read an SQLite file in a folder that cannot be written, such as that of another user.

SQLite keeps helper files beside a file in WAL mode, so it cannot open one there unless a writer has
it open at this moment. Such a file is then opened as it is: with its write-ahead log from a private
copy, and otherwise directly. Neither way notices later writes, so `is_outdated` tells when the file
must be opened again.
"""

import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from sokkuri.core.errors import StorageError

Connect = Callable[[Path, str], sqlite3.Connection]
"""Opens the SQLite file at a path with the query of its URI, such as `mode=ro`."""

_ATTEMPTS = 5  # to copy a file that its owner writes meanwhile


def sqlite_version(path: Path) -> tuple[tuple[int, int], ...]:
    """Return a value that changes with the content of an SQLite file, without opening the file.

    It holds (bytes, nanoseconds) of the file and of its write-ahead log: the size and the date of
    change, or (-1, 0) for a file that does not exist, and for a log that is empty: who only reads
    leaves one.
    """
    log = _size_and_date(log_path(path))
    return _size_and_date(path), log if log[0] > 0 else (-1, 0)


def _size_and_date(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:
        return -1, 0
    return stat.st_size, stat.st_mtime_ns


def log_path(path: Path) -> Path:
    """Return the path of the write-ahead log of an SQLite file."""
    return path.with_name(f"{path.name}-wal")


class UnwritableFile:
    """The SQLite file at `path`, as it is now. connection : to read it."""

    def __init__(self, path: Path, connect: Connect) -> None:
        """Raises StorageError if the file is written again and again, OSError, and the errors of
        `connect`."""
        self._path = path
        self._version = sqlite_version(path)
        self._delete_copy: Callable[[], object] = lambda: None
        if self._version[1][0] <= 0:  # no log, or an empty one
            self.connection = connect(path, "mode=ro&immutable=1")
        else:
            self.connection = connect(self._copy(), "mode=rw")

    @property
    def is_outdated(self) -> bool:
        """Whether the file was written since."""
        return sqlite_version(self._path) != self._version

    def close(self) -> None:
        """Close the connection, and delete the copy if there is one."""
        self.connection.close()
        self._delete_copy()

    def _copy(self) -> Path:
        """Copy the file and its log to a temporary folder; return the path of the copy."""
        folder = Path(tempfile.mkdtemp(prefix="sokkuri-"))
        self._delete_copy = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        copy = folder / self._path.name
        for _ in range(_ATTEMPTS):
            self._version = sqlite_version(self._path)
            for source, target in ((self._path, copy), (log_path(self._path), log_path(copy))):
                shutil.copyfile(source, target)
                os.chmod(target, 0o600)  # noqa: PTH101 - the copy is written while it is read
            if not self.is_outdated:
                return copy
        raise StorageError(
            f"{self._path} is being written, and this user may not write in its folder: try again, "
            "or give this user the right to write there"
        )
