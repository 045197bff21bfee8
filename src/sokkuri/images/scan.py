"""List the images below a folder or an address, or the files that a list names.

Takes a root and globs to leave out; yields FileRefs as they are found. Memory is bounded by the
depth of the tree. Reads names and stats only, and opens no image. Hidden entries are skipped. Links
to files are followed, links to folders are not, so that a loop of links cannot trap the walk. Below
an address, many folders are listed at a time.
"""

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias

from sokkuri.core.errors import CollectionError
from sokkuri.core.locations import Address, Location, redact
from sokkuri.core.types import FileRef, FileStat
from sokkuri.images import remote
from sokkuri.images.formats import ENDINGS
from sokkuri.images.globs import matches_glob
from sokkuri.images.remote import DirEntry

OnError = Callable[[str, OSError], None]

_Page: TypeAlias = tuple[list[DirEntry], str | None]

_FOLDERS_AT_ONCE = 16  # listings under way at a time


def is_folder(location: Location) -> bool:
    """Return whether a folder is there, or whether anything can be listed below an address."""
    if isinstance(location, Path):
        return location.is_dir()
    try:
        return remote.holds_any(location)
    except OSError:
        return False


def list_images(
    root: Location,
    *,
    exclude: Sequence[str] = (),
    accept: Callable[[str], bool] = lambda _: True,
    on_error: OnError | None = None,
) -> Iterator[FileRef]:
    """Yield every image file below `root`, in no particular order.

    exclude : globs, see `globs.is_excluded`; an excluded folder is not entered. accept : whether to
    ask the disk for the stat of this path; it is not called for addresses, whose listings carry the
    stats. on_error : called with each folder that cannot be read, which is skipped. Raises
    CollectionError when the address itself cannot be listed, or when its server stops answering:
    then nobody can tell which images are missing.
    """
    globs = tuple(exclude)
    if isinstance(root, Address):
        yield from _list_objects(root, globs, on_error)
        return
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.name.startswith(".") or (globs and matches_glob(path, globs)):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    elif _has_image_ending(entry.name):
                        ref = _file_ref(entry, path) if accept(path) else None
                        if ref is not None:
                            yield ref
        except OSError as error:
            if on_error is not None:
                on_error(folder or str(root), error)


def _has_image_ending(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in ENDINGS  # noqa: PTH122 - in the hot loop


def _list_objects(
    root: Address, globs: tuple[str, ...], on_error: OnError | None
) -> Iterator[FileRef]:
    """Yield the images below an address. Pages of several folders are requested at a time, because
    each answer takes a while and most folders hold little."""
    to_list: list[tuple[str, str | None]] = [("", None)]
    pending: dict[Future[_Page], str] = {}
    pool = ThreadPoolExecutor(_FOLDERS_AT_ONCE, thread_name_prefix="sokkuri-list")
    try:
        while to_list or pending:
            while to_list and len(pending) < _FOLDERS_AT_ONCE:
                folder, token = to_list.pop()
                pending[pool.submit(remote.list_page, root / folder, token)] = folder
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                folder = pending.pop(future)
                try:
                    entries, token = future.result()
                except OSError as error:
                    _skip_folder(root, folder, error, on_error)
                    continue
                if token is not None:
                    to_list.append((folder, token))
                for path, file_stat in _select_entries(folder, entries, globs, on_error):
                    if file_stat is None:
                        to_list.append((path, None))
                    else:
                        yield FileRef(path, path, file_stat)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _skip_folder(root: Address, folder: str, error: OSError, on_error: OnError | None) -> None:
    """Skip an unreadable folder. Raise CollectionError if it is the root or the server is down."""
    if not folder or isinstance(error, ConnectionError):
        raise CollectionError(
            f"{root / folder} could not be listed, so nothing was changed: {error.strerror}"
        ) from None
    if on_error is not None:
        on_error(folder, error)


def _select_entries(
    folder: str, entries: Iterable[DirEntry], globs: tuple[str, ...], on_error: OnError | None
) -> Iterator[tuple[str, FileStat | None]]:
    """Yield the images of a page with their stats, and the folders to enter with None."""
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.stat is not None and not _has_image_ending(entry.name):
            continue
        if not is_file_name(entry.name):
            if on_error is not None:
                on_error(path, OSError(errno.EINVAL, "no file could have this name"))
        elif not entry.name.startswith(".") and not (globs and matches_glob(path, globs)):
            yield path, entry.stat


def is_file_name(name: str) -> bool:
    """Return whether a file in a folder can have this name. Object stores accept any text."""
    return name not in ("", ".", "..") and not {"/", "\0"} & set(name)


def read_list(
    lines: Iterable[bytes],
    root: Location,
    *,
    accept: Callable[[str], bool] = lambda _: True,
    on_error: OnError | None = None,
) -> Iterator[FileRef]:
    """Yield the files that a list names, in its order. Each line is a path relative to `root`.

    The list is trusted: no folder is read, and any file ending will do. accept : whether to look at
    this path. on_error : called with each line that leads out of the root or to no file; the line
    is left out. If the root is an address, lines may be whole addresses, and an object that is not
    there is listed, so that it appears as a failure. Raises CollectionError when the server does
    not answer.
    """
    if isinstance(root, Address):
        yield from _read_object_list(lines, root, accept, on_error)
        return
    for line in lines:
        path = _decode_line(line).removeprefix("./")
        if not path or not accept(path):
            continue
        try:
            found = _stat_below(root, path)
        except OSError as error:
            if on_error is not None:
                on_error(path, error)
            continue
        yield FileRef(path, path, FileStat(found.st_size, found.st_mtime_ns))


def _decode_line(line: bytes) -> str:
    """Return a path of a list. Unlike `os.fsdecode`, this accepts any bytes on Windows too."""
    return line.rstrip(b"\r\n").decode(sys.getfilesystemencoding(), "surrogateescape")


def _read_object_list(
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


def _stat_below(root: Path, path: str) -> os.stat_result:
    relative = Path(path)
    if relative.anchor or ".." in relative.parts:  # the anchor of Windows includes `C:` and `\`
        raise OSError(errno.EXDEV, "it leads out of the folder of images")
    return (root / path).stat()


def sorted_paths(root: str, glob: str | None = None) -> Iterator[str]:
    """Yield what `find ROOT -type f -name GLOB | sort` prints: regular files in byte order, with
    the prefix as it was given. Without a glob, yield the files with the ending of an image.

    Streams: sorting the entries of each folder, with a `/` after a folder's name, sorts the whole.
    Raises OSError when a folder cannot be read.
    """
    with os.scandir(root) as entries:
        keyed = [(os.fsencode(e.name) + b"/" * e.is_dir(follow_symlinks=False), e) for e in entries]
    prefix = root if root.endswith("/") else f"{root}/"
    for _, entry in sorted(keyed, key=lambda pair: pair[0]):
        if entry.is_dir(follow_symlinks=False):
            yield from sorted_paths(f"{prefix}{entry.name}", glob)
        elif entry.is_file(follow_symlinks=False) and _passes_glob(entry.name, glob):
            yield f"{prefix}{entry.name}"


def sorted_addresses(root: Address, glob: str | None = None) -> Iterator[Address]:
    """Yield the objects below an address in the order of `sorted_paths`. Raises OSError."""
    keyed = [
        (entry.name.encode() + b"/" * (entry.stat is None), entry)
        for entry in remote.list_entries(root)
        if is_file_name(entry.name)
    ]
    for _, entry in sorted(keyed, key=lambda pair: pair[0]):
        if entry.stat is None:
            yield from sorted_addresses(root / entry.name, glob)
        elif _passes_glob(entry.name, glob):
            yield root / entry.name


def _passes_glob(name: str, glob: str | None) -> bool:
    return _has_image_ending(name) if glob is None else fnmatchcase(name, glob)


def _file_ref(entry: os.DirEntry[str], path: str) -> FileRef | None:
    """Return a regular file, or a link to one. A broken link is returned too, so that it appears as
    a failure. Return None for anything else."""
    try:
        found = entry.stat()
    except OSError:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            return None  # it disappeared after the folder was read
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return None
    return FileRef(path, path, FileStat(found.st_size, found.st_mtime_ns))
