"""Read an image file in one go, so that hash, pixels and size come from the same bytes.

Takes the location of a file; returns its bytes and the stat they belong to. Files are only ever
opened for reading. A pipe or a device is refused, never waited for. An object at an address is read
as one version of it, or not at all. The location of a film's frame (frame_names.py) is read as the
picture of the frame, with the stat of the film.
"""

import errno
import os
import stat
from pathlib import Path

from sokkuri.core.errors import ReadError
from sokkuri.core.locations import Address, Location
from sokkuri.core.named_roots import Root
from sokkuri.core.types import FileStat, Limits
from sokkuri.images import remote
from sokkuri.images.frame_names import frame_at

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not hang
    | getattr(os, "O_BINARY", 0)
)

_REMOTE_THREADS_PER_CORE = 8  # most of them wait for an object
_ATTEMPTS = 3  # to read an object that is replaced meanwhile; after that it is a failure


def read_file(location: Location, limits: Limits) -> tuple[bytes, FileStat]:
    """Return the file's bytes, and the size and time stamp it had when it was opened.

    Raises FileNotFoundError when no file has that path any more. Raises ReadError when its bytes
    cannot be read: no permission, a broken link, not a regular file, larger than the limit, a disk
    fault, or no such object at an address.
    """
    if isinstance(location, Address):
        return _read_object(location, limits)
    try:
        handle = os.open(location, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        if location.is_symlink():
            raise ReadError("the link points to nothing") from None
        if (frame := frame_at(location)) is not None:
            return _read_frame(*frame, limits)
        raise FileNotFoundError(str(location)) from None
    except OSError as error:
        raise ReadError(_reason(error)) from error
    try:
        file_stat = os.fstat(handle)
        if not stat.S_ISREG(file_stat.st_mode):
            raise ReadError("it is not a regular file")
        _check_size(file_stat.st_size, limits)
        with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
            data = file.readall()
    except OSError as error:
        raise ReadError(_reason(error)) from error
    finally:
        os.close(handle)
    if data is None:
        raise ReadError("it gave no data")
    return data, FileStat.of(file_stat)


def threads_for(root: Root, cores: int) -> int:
    """Return how many threads keep this many cores busy with images of this root."""
    return cores * (_REMOTE_THREADS_PER_CORE if isinstance(root, Address) else 1)


def stat_file(location: Location) -> FileStat:
    """Return the size and time stamp of a file or an object: of the film for a frame. Raises
    OSError."""
    if isinstance(location, Address):
        return remote.stat(location).stat
    frame = frame_at(location)
    return FileStat.of((location if frame is None else frame[0]).stat())


def is_file(location: Location) -> bool:
    """Return whether a file or an object is there. Nothing is read."""
    if isinstance(location, Path):
        frame = frame_at(location)
        return (location if frame is None else frame[0]).is_file()
    try:
        remote.stat(location)
    except OSError:
        return False
    return True


def _read_object(address: Address, limits: Limits) -> tuple[bytes, FileStat]:
    for attempt in range(_ATTEMPTS):
        try:
            info = remote.stat(address)
            _check_size(info.stat.size, limits)
            return b"".join(remote.iter_ranges(address, info)), info.stat
        except OSError as error:
            if error.errno != errno.ESTALE or attempt == _ATTEMPTS - 1:
                raise ReadError(_reason(error)) from None
    raise AssertionError("the last attempt returned or raised")


def _read_frame(film: Path, milliseconds: int, limits: Limits) -> tuple[bytes, FileStat]:
    from sokkuri.images.films import read_frame  # most collections have no films

    try:
        return read_frame(film, milliseconds, limits)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(str(film)) from None
    except OSError as error:
        raise ReadError(_reason(error)) from error


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise ReadError(f"its {size:,} bytes are more than the limit of {limits.max_bytes:,}")


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "the link points to itself"
    return (error.strerror or str(error)).lower()
