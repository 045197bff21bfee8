"""Read the files that a list names, one path a line.

Takes the lines of a list and a root; yields FileRefs with paths below the root, each spelled in one
way. Reads stats only: no folder is walked, and any file ending will do.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from sokkuri.core.errors import CollectionError
from sokkuri.core.locations import Address, Location, redact
from sokkuri.core.paths import is_store
from sokkuri.core.types import FileRef, FileStat, storable_time
from sokkuri.images import remote
from sokkuri.images.scan import OnError, is_file_name

_OUTSIDE = "it leads out of the folder of images"


def read_list(
    lines: Iterable[bytes],
    root: Location,
    *,
    accept: Callable[[str], bool] = lambda _: True,
    on_error: OnError | None = None,
) -> Iterator[FileRef]:
    """Yield the files that a list names, in its order.

    Each line is a path relative to `root`, an absolute path below it, or a path that begins with
    the root as seen from the current folder, as `sokkuri list` prints it. accept : whether to look
    at this path. on_error : called with each line that leads out of the root, into the store of a
    collection or to no file; the line is left out. If the root is an address, lines may be whole
    addresses, and an object that is not there is listed, so that it appears as a failure. Raises
    CollectionError when the server does not answer.
    """
    if isinstance(root, Address):
        yield from _read_objects(lines, root, accept, on_error)
        return
    below = _PathsBelow(root)
    for line in lines:
        text = _decode_line(line)
        if not text:
            continue
        try:
            path = below.path_of(text)
            if not accept(path):
                continue
            below.check(path)
            found = (root / path).stat()
        except OSError as error:
            if on_error is not None:
                on_error(text, error)
            continue
        yield FileRef(path, path, FileStat.of(found), storable_time(found.st_ctime_ns))


def _decode_line(line: bytes) -> str:
    """Return a path of a list. Unlike `os.fsdecode`, this accepts any bytes on Windows too."""
    text = line.rstrip(b"\r\n").decode(sys.getfilesystemencoding(), "surrogateescape")
    return text if os.sep == "/" else text.replace(os.sep, "/")


class _PathsBelow:
    """Turns the lines of a list into paths relative to a root: one path for each file."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 - keeps the links a person gave
        self._real = root.resolve()
        self._prefixes = [_prefix_from_here(place) for place in (self._root, self._real)]
        self._is_store = lru_cache(maxsize=4096)(self._is_store_folder)

    def path_of(self, text: str) -> str:
        """Return the path of a line. Raises OSError if it leads out of the root."""
        if "\0" in text:
            raise OSError(errno.EINVAL, "it contains a zero byte")
        if Path(text).is_absolute():
            path = self._below(text)
        elif ".." in text.split("/"):
            path = self._beside(text)
        else:
            path = _plain(text)
            prefix = next((start for start in self._prefixes if path.startswith(start)), "")
            path = path.removeprefix(prefix)
        if not path or Path(path).anchor:  # the anchor of Windows includes `C:` and `\`
            raise OSError(errno.EXDEV, _OUTSIDE)
        return path

    def check(self, path: str) -> None:
        """Raise OSError if a path leads into the store of a collection."""
        folder = path.rpartition("/")[0]
        if folder and self._is_store(folder):
            raise OSError(errno.EPERM, "it is in the store of a collection")

    def _is_store_folder(self, folder: str) -> bool:
        parent = folder.rpartition("/")[0]
        return is_store(self._root / folder) or (bool(parent) and self._is_store(parent))

    def _below(self, text: str) -> str:
        """Return the relative path for an absolute one, "" if it is not below the root."""
        start = "/" if os.sep == "/" else ""
        plain = start + _plain(text)
        if ".." not in plain.split("/"):
            for root in (self._root, self._real):
                prefix = f"{root.as_posix().rstrip('/')}/"
                if plain.startswith(prefix):
                    return plain.removeprefix(prefix)
        folder, _, name = plain.rpartition("/")
        place = Path(folder or "/").resolve() / name
        return place.relative_to(self._real).as_posix() if _is_below(place, self._real) else ""

    def _beside(self, text: str) -> str:
        """Return the relative path for a line with `..`, from the root or the current folder.

        Such a line counts only if it names the same file without the `..`: links may lead
        elsewhere.
        """
        for base in (self._root, Path.cwd()):
            plain = Path(os.path.normpath(base / text))
            for root in (self._root, self._real):
                if _is_below(plain, root) and _is_same(base / text, plain):
                    return plain.relative_to(root).as_posix()
        return ""


def _plain(text: str) -> str:
    """Return a path without empty and `.` parts."""
    return "/".join(part for part in text.split("/") if part not in ("", "."))


def _prefix_from_here(root: Path) -> str:
    """Return the root as seen from the current folder, with a slash; "" if no line begins so.

    A folder of that name below the root has priority.
    """
    try:
        seen = Path(os.path.relpath(root)).as_posix()
    except (OSError, ValueError):  # no current folder, or another drive
        return ""
    if seen == "." or seen.startswith("../") or seen == ".." or (root / seen).exists():
        return ""
    return f"{seen}/"


def _is_below(place: Path, root: Path) -> bool:
    return place != root and place.is_relative_to(root)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _read_objects(
    lines: Iterable[bytes],
    root: Address,
    accept: Callable[[str], bool],
    on_error: OnError | None,
) -> Iterator[FileRef]:
    def paths() -> Iterator[str]:
        for line in lines:
            text = _decode_line(line)
            path = root.relative_path(text) or text.removeprefix("./")
            if path and all(map(is_file_name, path.split("/"))):
                if accept(path):
                    yield path
            elif path and on_error is not None:
                on_error(redact(text), OSError(errno.EXDEV, f"it leads out of {root}"))

    for path, info in remote.map_concurrent(lambda path: remote.stat(root / path), paths()):
        if isinstance(info, ConnectionError):
            raise CollectionError(f"{root / path}: {info.strerror}, so nothing was changed")
        yield FileRef(path, path, FileStat(0, 0) if isinstance(info, OSError) else info.stat)
