"""Lists the images below a folder, or those of a list: names and stats only, nothing is opened.

Takes a root and globs to leave out; hands on FileRefs as they are found, so that memory stays
bounded by the depth of the tree. Hidden entries are skipped. Links to files are followed, links to
folders are not, so no loop of links can trap it.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from sokkuri.records import FileRef, FileStat

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


def list_images(
    root: Path, *, exclude: Sequence[str] = (), on_error: OnError | None = None
) -> Iterator[FileRef]:
    """Every image file below `root`, in no particular order.

    exclude : see `is_excluded`; an excluded folder is not entered. on_error : is told of folders
    that cannot be read, which are skipped.
    """
    folders, globs = [""], tuple(exclude)
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
                        ref = _ref(entry, path)
                        if ref is not None:
                            yield ref
        except OSError as error:
            if on_error is not None:
                on_error(folder or str(root), error)


def read_list(
    names: Iterable[bytes], root: Path, *, on_error: OnError | None = None
) -> Iterator[FileRef]:
    """The files that a list names, a path relative to `root` a line, in the list's order.

    The list is trusted: no folder is read, and no ending is asked for. on_error : is told of lines
    that lead out of the root or to no file, which are left out.
    """
    for line in names:
        path = os.fsdecode(line.rstrip(b"\r\n"))
        if not path:
            continue
        path = path.removeprefix("./")
        try:
            found = _stat_below(root, path)
        except OSError as error:
            if on_error is not None:
                on_error(path, error)
            continue
        yield FileRef(path, path, FileStat(found.st_size, found.st_mtime_ns))


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
