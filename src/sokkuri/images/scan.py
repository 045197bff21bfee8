"""List the images below a folder or an address.

Takes a root and globs to leave out; yields FileRefs as they are found. Memory is bounded by the
depth of the tree. Reads names and stats only, and opens no image. Hidden entries and the stores of
collections are skipped. Links to files are followed, links to folders are not, so that a loop of
links cannot trap the walk. Below an address, many folders are listed at a time. presence.py asks
the same rules about one path.
"""

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias

from sokkuri.core.errors import CollectionError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root, Roots, local_folders
from sokkuri.core.paths import STORE_FOLDERS, is_store
from sokkuri.core.types import FileRef, FileStat, storable_time
from sokkuri.images import remote
from sokkuri.images.formats import (
    ENDINGS,
    FILM_ENDINGS,
    LARGEST_LIVE_FILM,
    LIVE_ENDING,
    LIVE_IMAGES,
    RAW_ENDINGS,
    kind_left_aside,
    reads_raw,
)
from sokkuri.images.globs import matches_glob
from sokkuri.images.remote import DirEntry

OnError = Callable[[str, OSError], None]
OnSidecar = Callable[[FileRef], None]
OnFilm = Callable[[FileRef], None]

_Page: TypeAlias = tuple[list[DirEntry], str | None]

_ANY_ENDINGS = ENDINGS | RAW_ENDINGS
_FOLDERS_AT_ONCE = 16  # listings under way at a time


def is_folder(root: Root) -> bool:
    """Return whether a folder, or one of several roots, is there, or whether anything can be listed
    below an address."""
    if not isinstance(root, Address):
        return any(folder.is_dir() for _, folder in local_folders(root))
    try:
        return remote.holds_any(root)
    except OSError:
        return False


def list_images(
    root: Root,
    *,
    exclude: Sequence[str] = (),
    accept: Callable[[str], bool] = lambda _: True,
    on_error: OnError | None = None,
    aside: Counter[str] | None = None,
    on_sidecar: OnSidecar | None = None,
    on_film: OnFilm | None = None,
) -> Iterator[FileRef]:
    """Yield every image file below `root`, in no particular order.

    exclude : globs, see `globs.is_excluded`; an excluded folder is not entered. accept : whether to
    ask the disk for the stat of this path; it is not called for addresses, whose listings carry the
    stats. on_error : called with each folder that cannot be read, which is skipped. aside : counts
    the pictures of kinds that sokkuri does not read, see `formats.kind_left_aside`. on_sidecar :
    called with each `.xmp` file. on_film : called with each film in a folder of this machine that
    is no video of a Live Photo; with it, no video counts as left aside. Raises CollectionError when
    the address itself cannot be listed, or when its server stops answering: then nobody can tell
    which images are missing.
    """
    globs = tuple(exclude)
    if isinstance(root, Address):
        yield from _list_objects(root, globs, on_error, aside, on_sidecar)
        return
    folders = _top_folders(root, globs)
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in _without_films(entries, folder, globs, on_film):
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.name.startswith(".") or (globs and matches_glob(path, globs)):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders += [] if is_of_store(root, path) else [path]
                    elif (ref := _image_ref(entry, path, accept)) is not None:
                        yield ref
                    else:
                        _take_other(entry, path, aside, on_sidecar)
        except OSError as error:
            if on_error is not None:
                on_error(folder or str(root), error)


def _top_folders(root: Path | Roots, globs: tuple[str, ...]) -> list[str]:
    """Return the folders that the walk begins with: the named roots, or the root itself."""
    return [name for name, _ in local_folders(root) if not (name and matches_glob(name, globs))]


def _without_films(
    entries: Iterable[os.DirEntry[str]],
    folder: str,
    globs: tuple[str, ...],
    on_film: OnFilm | None,
) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder without its films; at the end call `on_film` with each film."""
    if on_film is None:
        yield from entries
        return
    films: list[FileRef] = []
    others: list[str] = []
    for entry in entries:
        _, ending = _stem_and_ending(entry.name)
        if ending not in FILM_ENDINGS or entry.is_dir(follow_symlinks=False):
            others.append(entry.name)
            yield entry
            continue
        path = f"{folder}/{entry.name}" if folder else entry.name
        if not entry.name.startswith(".") and not (globs and matches_glob(path, globs)):
            films += _regular_file(entry, path)
    live = live_stems(others) if films else frozenset[str]()
    for film in films:
        if not is_of_live_photo(film.path.rpartition("/")[2], film.stat.size, live):
            on_film(film)


def live_stems(names: Iterable[str]) -> frozenset[str]:
    """Return the stems of the pictures in a folder that may be of Live Photos."""
    parts = map(_stem_and_ending, names)
    return frozenset(stem for stem, ending in parts if ending in LIVE_IMAGES)


def is_of_live_photo(film: str, size: int, live: frozenset[str]) -> bool:
    """Return whether a film is the video of a Live Photo. film : its name. size : in bytes. live :
    from `live_stems`, of its folder."""
    stem, ending = _stem_and_ending(film)
    return ending == LIVE_ENDING and stem in live and size <= LARGEST_LIVE_FILM


def _regular_file(entry: os.DirEntry[str], path: str) -> list[FileRef]:
    """Return the file of an entry, [] if it disappeared, or is a broken link or no file."""
    try:
        found = entry.stat()
    except OSError:
        return []
    return [_ref(path, found)] if stat.S_ISREG(found.st_mode) else []


def _stem_and_ending(name: str) -> tuple[str, str]:
    return os.path.splitext(unicodedata.normalize("NFC", name).lower())  # noqa: PTH122 - as below


def is_of_store(root: Path | Roots, folder: str) -> bool:
    """Return whether a folder is the store of a collection, or one of the folders in a store.

    folder : relative to `root`, not empty. Its parent folders were asked before.
    """
    place = root / folder
    if place.name in STORE_FOLDERS and _is_root(root, folder) and is_store(place.parent):
        return True  # the root itself is the store
    return is_store(place)


def _is_root(root: Path | Roots, folder: str) -> bool:
    """Return whether a folder lies directly in a root. An example is `a`, or `NAME/a`."""
    return folder.count("/") == isinstance(root, Roots)


def has_image_ending(name: str) -> bool:
    """Return whether a file name has the ending of an image format."""
    ending = os.path.splitext(name)[1].lower()  # noqa: PTH122 - in the hot loop
    return ending in ENDINGS or (ending in RAW_ENDINGS and reads_raw())


def has_film_ending(name: str) -> bool:
    """Return whether a file name has the ending of a film."""
    return os.path.splitext(name)[1].lower() in FILM_ENDINGS  # noqa: PTH122 - as above


def may_be_image(name: str) -> bool:
    """Return whether a file name has the ending of an image format, or of one that an extra reads,
    installed or not."""
    return os.path.splitext(name)[1].lower() in _ANY_ENDINGS  # noqa: PTH122 - as above


def _is_image_or_sidecar(name: str) -> bool:
    return has_image_ending(name) or is_sidecar(name)


def is_sidecar(name: str) -> bool:
    """Return whether a file has the name of an XMP sidecar."""
    return name[-4:].lower() == ".xmp"


def _take_other(
    entry: os.DirEntry[str], path: str, aside: Counter[str] | None, on_sidecar: OnSidecar | None
) -> None:
    """Pass a sidecar to `on_sidecar`, or count another file that is no image."""
    if on_sidecar is None or not is_sidecar(entry.name):
        _count_aside(entry.name, aside)
        return
    for ref in _regular_file(entry, path):
        on_sidecar(ref)


def _count_aside(name: str, aside: Counter[str] | None) -> None:
    """Count a file that holds a picture of a kind that sokkuri does not read."""
    if aside is None:
        return
    kind = kind_left_aside(os.path.splitext(name)[1].lower())  # noqa: PTH122 - in the hot loop
    if kind is not None and not name.startswith("."):
        aside[kind] += 1


def _list_objects(
    root: Address,
    globs: tuple[str, ...],
    on_error: OnError | None,
    aside: Counter[str] | None,
    on_sidecar: OnSidecar | None,
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
                for entry in entries:
                    _count_aside(entry.name, aside)
                wanted = has_image_ending if on_sidecar is None else _is_image_or_sidecar
                for path, file_stat in _select_entries(folder, entries, globs, on_error, wanted):
                    if file_stat is None:
                        to_list.append((path, None))
                    elif on_sidecar is not None and is_sidecar(path):
                        on_sidecar(FileRef(path, path, file_stat))
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
    folder: str,
    entries: Iterable[DirEntry],
    globs: tuple[str, ...],
    on_error: OnError | None,
    wanted: Callable[[str], bool],
) -> Iterator[tuple[str, FileStat | None]]:
    """Yield the files with wanted names, with their stats, and the folders to enter with None."""
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.stat is not None and not wanted(entry.name):
            continue
        if not is_file_name(entry.name):
            if on_error is not None:
                on_error(path, OSError(errno.EINVAL, "no file could have this name"))
        elif not entry.name.startswith(".") and not (globs and matches_glob(path, globs)):
            yield path, entry.stat


def is_file_name(name: str) -> bool:
    """Return whether a file in a folder can have this name. Object stores accept any text."""
    return name not in ("", ".", "..") and not {"/", "\0"} & set(name)


def sorted_paths(root: str, glob: str | None = None) -> Iterator[str]:
    """Yield what `find ROOT -type f -name GLOB | sort` prints: regular files in byte order, with
    the prefix as it was given. Without a glob, yield the files with the ending of an image. The
    stores of collections are left out.

    Streams: sorting the entries of each folder, with a `/` after a folder's name, sorts the whole.
    Raises OSError when a folder cannot be read.
    """
    pending = [_sorted_entries(root)]  # one iterator for each folder on the way down
    while pending:
        entry = next(pending[-1], None)
        if entry is None:
            pending.pop()
        elif entry.is_dir(follow_symlinks=False):
            folder, _, name = entry.path.rpartition("/")
            if not is_of_store(Path(folder or "/"), name):
                pending.append(_sorted_entries(entry.path))
        elif entry.is_file(follow_symlinks=False) and _passes_glob(entry.name, glob):
            yield entry.path


def _sorted_entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        keyed = [(os.fsencode(e.name) + b"/" * e.is_dir(follow_symlinks=False), e) for e in entries]
    return iter([entry for _, entry in sorted(keyed, key=lambda pair: pair[0])])


def sorted_addresses(root: Address, glob: str | None = None) -> Iterator[Address]:
    """Yield the objects below an address in the order of `sorted_paths`. Raises OSError."""
    pending = [_sorted_objects(root)]
    while pending:
        found = next(pending[-1], None)
        if found is None:
            pending.pop()
            continue
        address, is_folder_entry = found
        if is_folder_entry:
            pending.append(_sorted_objects(address))
        elif _passes_glob(address.name, glob):
            yield address


def _sorted_objects(folder: Address) -> Iterator[tuple[Address, bool]]:
    """Return the entries of a folder, and whether each is a folder."""
    keyed = [
        (entry.name.encode() + b"/" * (entry.stat is None), entry)
        for entry in remote.list_entries(folder)
        if is_file_name(entry.name)
    ]
    in_order = sorted(keyed, key=lambda pair: pair[0])
    return iter([(folder / entry.name, entry.stat is None) for _, entry in in_order])


def _passes_glob(name: str, glob: str | None) -> bool:
    return has_image_ending(name) if glob is None else fnmatchcase(name, glob)


def _image_ref(entry: os.DirEntry[str], path: str, accept: Callable[[str], bool]) -> FileRef | None:
    """Return a regular file with the ending of an image, or a link to one. A broken link is
    returned too, so that it appears as a failure. Return None for anything else."""
    if not has_image_ending(entry.name) or not accept(path):
        return None
    try:
        found = entry.stat()
    except OSError:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            return None  # it disappeared after the folder was read
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return None
    return _ref(path, found)


def _ref(path: str, status: os.stat_result) -> FileRef:
    return FileRef(path, path, FileStat.of(status), storable_time(status.st_ctime_ns))
