"""Reads one image's bytes, in one go: hash, decode and size come from the same read.

Takes a root and a path below it; hands on the bytes and the stat they belong to. Originals are
only ever opened for reading, and nothing that is not a regular file is waited for.
"""

import errno
import os
import stat
from pathlib import Path

from sokkuri.errors import ReadError
from sokkuri.records import FileStat, Limits

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not hang
    | getattr(os, "O_BINARY", 0)
)


def read_file(root: Path, path: str, limits: Limits) -> tuple[bytes, FileStat]:
    """The file's bytes, and the size and time stamp it had when it was opened.

    Raises FileNotFoundError when nothing has that name any more, ReadError when its bytes cannot
    be had: no permission, a broken link, not a regular file, larger than the limit, a disk fault.
    """
    where = root / path
    try:
        handle = os.open(where, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        if where.is_symlink():
            raise ReadError("the link points to nothing") from None
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise ReadError(_reason(error)) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise ReadError("it is not a regular file")
        if found.st_size > limits.max_bytes:
            raise ReadError(
                f"its {found.st_size:,} bytes are more than the limit of {limits.max_bytes:,}"
            )
        with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
            data = file.readall()
    except OSError as error:
        raise ReadError(_reason(error)) from error
    finally:
        os.close(handle)
    if data is None:
        raise ReadError("it gave no data")
    return data, FileStat(found.st_size, found.st_mtime_ns)


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "the link points to itself"
    return (error.strerror or str(error)).lower()
