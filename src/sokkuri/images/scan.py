"""Lists the images below a folder, or those of a list: names and stats only, nothing is opened.

Takes a root and globs to leave out; hands on FileRefs as they are found, so that memory stays
bounded by the depth of the tree. Hidden entries are skipped. Links to files are followed, links to
folders are not, so no loop of links can trap it. At an address, many folders are listed at a time.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from sokkuri.core.errors import CollectionError
from sokkuri.core.locations import Address, Location, shown
from sokkuri.core.types import FileRef, FileStat
from sokkuri.images import remote
from sokkuri.images.remote import Entry

_READ = (
    ".apng .avif .avifs .blp .bmp .bw .cur .dcx .dds .dib .fit .fits .flc .fli .ftc .ftu .gbr "
    ".gif .heic .heics .heif .heifs .hif .icb .icns .ico .im .j2c .j2k .jfif .jp2 .jpc .jpe "
    ".jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcd .pcx .pfm .pgm .png .pnm .ppm .psd .pxr .qoi "
    ".ras .rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp .xbm .xpm "
)  # by Pillow, HEIC with the extra `heic`
_SHOWN = ".exr .ff .hdr .jxl .jxr"  # cannot be read: listed, so that they show as failures

SUFFIXES = frozenset(f"{_READ} {_SHOWN}".split())
"""The endings, in lower case, of files that are taken for images."""

OnError = Callable[[str, OSError], None]

_Page: TypeAlias = tuple[list[Entry], str | None]

_FOLDERS_AT_ONCE = 16  # whose listings are under way


def is_folder(where: Location) -> bool:
    """Whether there is a folder, or anything below an address that can be had."""
    if isinstance(where, Path):
        return where.is_dir()
    try:
        return remote.holds_any(where)
    except OSError:
        return False


def list_images(
    root: Location,
    *,
    exclude: Sequence[str] = (),
    wanted: Callable[[str], bool] = lambda _: True,
    on_error: OnError | None = None,
) -> Iterator[FileRef]:
    """Every image file below `root`, in no particular order.

    exclude : see `is_excluded`; an excluded folder is not entered. wanted : whether a path is to be
    looked at, which addresses do not ask. on_error : is told of folders that cannot be read, which
    are skipped. Raises CollectionError when an address cannot be listed,
    or its server is gone meanwhile: then nothing is known of what is missing.
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
                    if entry.name.startswith(".") or (globs and _matches(path, globs)):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122 - hot
                        ref = _ref(entry, path) if wanted(path) else None
                        if ref is not None:
                            yield ref
        except OSError as error:
            if on_error is not None:
                on_error(folder or str(root), error)


def _list_objects(
    root: Address, globs: tuple[str, ...], on_error: OnError | None
) -> Iterator[FileRef]:
    """Page by page, some folders at a time: an answer takes its time, and few hold much."""
    todo: list[tuple[str, str | None]] = [("", None)]
    asked: dict[Future[_Page], str] = {}
    pool = ThreadPoolExecutor(_FOLDERS_AT_ONCE, thread_name_prefix="sokkuri-list")
    try:
        while todo or asked:
            while todo and len(asked) < _FOLDERS_AT_ONCE:
                folder, token = todo.pop()
                asked[pool.submit(remote.page, root / folder, token)] = folder
            for future in wait(asked, return_when=FIRST_COMPLETED).done:
                folder = asked.pop(future)
                try:
                    found, token = future.result()
                except OSError as error:
                    _skip_folder(root, folder, error, on_error)
                    continue
                if token is not None:
                    todo.append((folder, token))
                for path, stat in _wanted(folder, found, globs, on_error):
                    if stat is None:
                        todo.append((path, None))
                    else:
                        yield FileRef(path, path, stat)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _skip_folder(root: Address, folder: str, error: OSError, on_error: OnError | None) -> None:
    """One folder can be skipped, but neither all nor whatever a server held that is gone."""
    if not folder or isinstance(error, ConnectionError):
        raise CollectionError(
            f"{root / folder} could not be listed, so nothing was changed: {error.strerror}"
        ) from None
    if on_error is not None:
        on_error(folder, error)


def _wanted(
    folder: str, found: Iterable[Entry], globs: tuple[str, ...], on_error: OnError | None
) -> Iterator[tuple[str, FileStat | None]]:
    """The images of a page, and the folders to enter, whose stat is None."""
    for entry in found:
        path = f"{folder}/{entry.name}" if folder else entry.name
        ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - no path of this machine
        if entry.stat is not None and ending not in SUFFIXES:
            continue
        if not is_name(entry.name):
            if on_error is not None:
                on_error(path, OSError(errno.EINVAL, "no file could have this name"))
        elif not entry.name.startswith(".") and not (globs and _matches(path, globs)):
            yield path, entry.stat


def is_name(name: str) -> bool:
    """Whether a file in a folder can be called so: stores take any text for a key."""
    return name not in ("", ".", "..") and not {"/", "\0"} & set(name)


def read_list(
    names: Iterable[bytes],
    root: Location,
    *,
    wanted: Callable[[str], bool] = lambda _: True,
    on_error: OnError | None = None,
) -> Iterator[FileRef]:
    """The files that a list names, a path relative to `root` a line, in the list's order.

    The list is trusted: no folder is read, and no ending is asked for. wanted : whether a path is
    to be looked at. on_error : is told of lines
    that lead out of the root or to no file, which are left out. Of a root that is an address, lines
    can be whole addresses too, and an object that is not there is listed, so that it shows as a
    failure. Raises CollectionError when its server does not answer.
    """
    if isinstance(root, Address):
        yield from _read_object_list(names, root, wanted, on_error)
        return
    for line in names:
        path = os.fsdecode(line.rstrip(b"\r\n")).removeprefix("./")
        if not path or not wanted(path):
            continue
        try:
            found = _stat_below(root, path)
        except OSError as error:
            if on_error is not None:
                on_error(path, error)
            continue
        yield FileRef(path, path, FileStat(found.st_size, found.st_mtime_ns))


def _read_object_list(
    names: Iterable[bytes],
    root: Address,
    wanted: Callable[[str], bool],
    on_error: OnError | None,
) -> Iterator[FileRef]:
    def paths() -> Iterator[str]:
        for line in names:
            text = os.fsdecode(line.rstrip(b"\r\n"))
            path = root.below(text) or text.removeprefix("./")
            if path and all(map(is_name, path.split("/"))):
                if wanted(path):
                    yield path
            elif path and on_error is not None:
                on_error(shown(text), OSError(errno.EXDEV, f"it leads out of {root}"))

    for path, seen in remote.each(lambda path: remote.look(root / path), paths()):
        if isinstance(seen, ConnectionError):
            raise CollectionError(f"{root / path}: {seen.strerror}, so nothing was changed")
        yield FileRef(path, path, FileStat(0, 0) if isinstance(seen, OSError) else seen.stat)


def _stat_below(root: Path, path: str) -> os.stat_result:
    if path.startswith("/") or ".." in path.split("/"):
        raise OSError(errno.EXDEV, "it leads out of the folder of images")
    return (root / path).stat()


def sorted_paths(root: str, glob: str | None = None) -> Iterator[str]:
    """What `find ROOT -type f -name GLOB | sort` prints: regular files, with the prefix as it was
    given, in byte order; without a glob, those that are taken for images.

    Streams: sorting each folder by its entries' names, a folder's ending in `/`, sorts the whole.
    Raises OSError when a folder cannot be read.
    """
    with os.scandir(root) as entries:
        found = [(os.fsencode(e.name) + b"/" * e.is_dir(follow_symlinks=False), e) for e in entries]
    prefix = root if root.endswith("/") else f"{root}/"
    for _, entry in sorted(found, key=lambda pair: pair[0]):
        if entry.is_dir(follow_symlinks=False):
            yield from sorted_paths(f"{prefix}{entry.name}", glob)
        elif entry.is_file(follow_symlinks=False):
            ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - hot loop
            if fnmatchcase(entry.name, glob) if glob is not None else ending in SUFFIXES:
                yield f"{prefix}{entry.name}"


def sorted_addresses(root: Address, glob: str | None = None) -> Iterator[Address]:
    """The same of an address. Raises OSError."""
    found = [
        (entry.name.encode() + b"/" * (entry.stat is None), entry)
        for entry in remote.entries(root)
        if is_name(entry.name)
    ]
    for _, entry in sorted(found, key=lambda pair: pair[0]):
        if entry.stat is None:
            yield from sorted_addresses(root / entry.name, glob)
            continue
        ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - no path of this machine
        if fnmatchcase(entry.name, glob) if glob is not None else ending in SUFFIXES:
            yield root / entry.name


def _ref(entry: os.DirEntry[str], path: str) -> FileRef | None:
    """A regular file, or a link: one that is broken is listed, so that it shows as a failure."""
    try:
        found = entry.stat()
    except OSError:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            return None  # gone since the folder was read
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return None
    return FileRef(path, path, FileStat(found.st_size, found.st_mtime_ns))


def is_excluded(path: str, exclude: Sequence[str]) -> bool:
    """Whether a path relative to the root, or a folder on its way, matches one of the globs.

    A glob with a `/` before its end is matched against the path from the root (`2019/raw`,
    `**/raw/*.png`); one without is matched against any name on the way (`*.png`, `raw/`). `*` and
    `?` stop at `/`, `**` does not.
    """
    if not exclude:
        return False
    parts = path.split("/")
    globs = tuple(exclude)
    return any(_matches("/".join(parts[: n + 1]), globs) for n in range(len(parts)))


def _matches(path: str, exclude: tuple[str, ...]) -> bool:
    whole, name = _compiled(exclude)
    last = path.rpartition("/")[2]
    return bool((whole and whole.fullmatch(path)) or (name and name.fullmatch(last)))


@lru_cache(maxsize=16)
def _compiled(exclude: tuple[str, ...]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """One expression for globs against the whole path, one for those against a name."""
    globs = [glob.rstrip("/") for glob in exclude]
    whole = [_expression(glob.removeprefix("./").lstrip("/")) for glob in globs if "/" in glob]
    names = [_expression(glob) for glob in globs if glob and "/" not in glob]
    return (
        re.compile("|".join(whole), re.DOTALL) if whole else None,
        re.compile("|".join(names), re.DOTALL) if names else None,
    )


def _expression(glob: str) -> str:
    """A glob as a regular expression."""
    out, at = [], 0
    while at < len(glob):
        if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
            out.append("(?:.*/)?")  # any number of folders, or none
            at += 3
        elif glob.startswith("**", at):
            out.append(".*")
            at += 2
        else:
            out.append({"*": "[^/]*", "?": "[^/]"}.get(glob[at]) or re.escape(glob[at]))
            at += 1
    return "".join(out)
