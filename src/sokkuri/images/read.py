"""Reads one image's bytes, in one go: hash, decode and size come from the same read.

Takes a root and a path below it; hands on the bytes and the stat they belong to. Originals are
only ever opened for reading, and nothing that is not a regular file is waited for. An object at an
address is read as one version of it, or not at all.
"""

import errno
import os
import stat
from pathlib import Path

from sokkuri.core.errors import ReadError
from sokkuri.core.locations import Address, Location
from sokkuri.core.types import FileStat, Limits
from sokkuri.images import remote

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not hang
    | getattr(os, "O_BINARY", 0)
)


_WAITING = 8  # threads a core, of which most wait for an object
_VERSIONS = 3  # of an object that is replaced while it is read, before that is a failure


def read_file(root: Location, path: str, limits: Limits) -> tuple[bytes, FileStat]:
    """The file's bytes, and the size and time stamp it had when it was opened.

    Raises FileNotFoundError when nothing has that name any more, ReadError when its bytes cannot
    be had: no permission, a broken link, not a regular file, larger than the limit, a disk fault;
    at an address also when nothing has that name.
    """
    if isinstance(root, Address):
        return _read_object(root / path, limits)
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
        _check_size(found.st_size, limits)
        with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
            data = file.readall()
    except OSError as error:
        raise ReadError(_reason(error)) from error
    finally:
        os.close(handle)
    if data is None:
        raise ReadError("it gave no data")
    return data, FileStat(found.st_size, found.st_mtime_ns)


def threads_for(root: Location, cores: int) -> int:
    """How many threads keep so many cores busy with what is read there."""
    return cores * (_WAITING if isinstance(root, Address) else 1)


def is_file(where: Location) -> bool:
    """Whether something can be read there, as far as a look tells."""
    if isinstance(where, Path):
        return where.is_file()
    try:
        remote.look(where)
    except OSError:
        return False
    return True


def _read_object(address: Address, limits: Limits) -> tuple[bytes, FileStat]:
    for version in range(_VERSIONS):
        try:
            seen = remote.look(address)
            _check_size(seen.stat.size, limits)
            return b"".join(remote.parts(address, seen)), seen.stat
        except OSError as error:
            if error.errno != errno.ESTALE or version == _VERSIONS - 1:
                raise ReadError(_reason(error)) from None
    raise AssertionError("the last version was read or refused")


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise ReadError(f"its {size:,} bytes are more than the limit of {limits.max_bytes:,}")


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "the link points to itself"
    return (error.strerror or str(error)).lower()
