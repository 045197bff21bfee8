"""Copy the paths of a folder or of a list file into the catalog's temporary listing.

Takes a root, a catalog and settings; fills the table that diff.py compares with the catalog, and
tells which unlisted files are really gone.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Never

from sokkuri.core.errors import CollectionError, UsageError
from sokkuri.core.locations import Address, Location
from sokkuri.core.named_roots import Root, Roots
from sokkuri.core.types import FileRef, Progress
from sokkuri.images import remote
from sokkuri.images.formats import unreadable_kind, unreadable_text
from sokkuri.images.frame_names import file_of
from sokkuri.images.globs import is_excluded
from sokkuri.images.list_files import read_list
from sokkuri.images.presence import FolderWalk
from sokkuri.images.scan import (
    OnError,
    OnSidecar,
    has_image_ending,
    is_folder,
    list_images,
    may_be_image,
)
from sokkuri.indexing.films import OFF, FilmListing, note_without_reader
from sokkuri.indexing.options import SyncOptions
from sokkuri.store.catalog import Catalog
from sokkuri.store.listing import add_listed, begin_listing
from sokkuri.store.sidecars import add_sidecars, begin_sidecars

_LISTING_CHUNK = 10_000
_LISTING_SECONDS = 1.0  # between two signs of progress while films are opened
_SHOWN_NOTES = 20


def check_root(root: Root) -> None:
    """Raise CollectionError if the folder of images, or each named root, does not exist, or if the
    address is empty.

    An address with nothing below it is probably a wrong name.
    """
    if isinstance(root, Address):
        _check_address(root)
    elif not is_folder(root):
        named = isinstance(root, Roots)
        absent = f"none of {root} is there" if named else f"{root} is not there"
        raise CollectionError(
            f"{absent}, so nothing was changed: mount it, or say where the images are now with "
            f"`sokkuri index {'NAME=' if named else ''}FOLDER --store STORE`"
        )


def check_list(root: Root, options: SyncOptions) -> None:
    """Raise UsageError if images of several roots are to come from a list."""
    if options.names is not None and isinstance(root, Roots):
        raise UsageError(
            f"a list names images of one folder, and this collection is of {root}: leave --list out"
        )


def _check_address(root: Address) -> None:
    try:
        reason = "" if remote.holds_any(root) else "there is nothing"
    except FileNotFoundError:
        reason = "there is no such bucket or folder"
    except OSError as error:
        reason = str(error.strerror)
    if reason:
        raise CollectionError(f"{root} cannot be listed, so nothing was changed: {reason}")


def fill_listing(
    catalog: Catalog,
    root: Root,
    settings: SyncOptions,
    unread: set[str] | None = None,
    aside: Counter[str] | None = None,
    *,
    sidecars: bool = False,
    films: FilmListing | None = None,
) -> Iterator[Progress[Never]]:
    """Fill the catalog's temporary listing from the folder or the list file; yield progress.

    Needs bounded memory. settings : from `with_saved_settings`. unread : receives the folders and
    films that could not be listed. aside : counts the files below the folder that hold pictures
    which sokkuri does not read. sidecars : list `.xmp` files too, in a temporary table of their
    own. films : list the frames of films, too; closed at the end. Raises UsageError if the list
    cannot be read or two files have one id, CollectionError if a server is gone.
    """
    notes: list[str] = []
    skipped_count = 0

    def on_error(path: str, error: OSError) -> None:
        nonlocal skipped_count
        if unread is not None:
            unread.add(path)
        skipped_count += 1
        if skipped_count <= _SHOWN_NOTES:
            notes.append(_note(root, path, error, settings))

    listed = 0
    begin_listing(catalog)
    yield Progress("listing", 0, 0)
    aside = Counter() if aside is None else aside
    beside: list[FileRef] = []
    unreadable: Counter[str] = Counter()
    begin_sidecars(catalog)
    on_sidecar = beside.append if sidecars else None
    refs = _refs(root, settings, on_error, aside, on_sidecar, films)
    for chunk in _chunks(refs, _LISTING_SECONDS if films is not None else None):
        add_listed(catalog, chunk)
        add_sidecars(catalog, beside)
        beside.clear()
        unreadable.update(kind for ref in chunk if (kind := _unreadable_kind(ref.path)) is not None)
        listed += len(chunk)
        yield Progress("listing", listed, 0)
    add_sidecars(catalog, beside)
    if films is not None:
        films.close()
        notes += films.notes[:_SHOWN_NOTES]
        if unread is not None:
            unread |= films.unread
    notes.append(note_without_reader(settings.video))
    more = f"and {skipped_count - _SHOWN_NOTES:,} more" if skipped_count > _SHOWN_NOTES else ""
    for note in filter(None, [*notes, more, unreadable_text(aside + unreadable)]):
        yield Progress("listing", listed, 0, note=note)


def _chunks(refs: Iterator[FileRef], seconds: float | None) -> Iterator[list[FileRef]]:
    """Yield the files in parts, one after so many seconds, if not None, even if it is small."""
    if seconds is None:
        while chunk := list(islice(refs, _LISTING_CHUNK)):
            yield chunk
        return
    chunk, started = [], time.monotonic()
    for ref in refs:
        chunk.append(ref)
        if len(chunk) >= _LISTING_CHUNK or time.monotonic() - started > seconds:
            yield chunk
            chunk, started = [], time.monotonic()
    yield chunk


def _unreadable_kind(path: str) -> str | None:
    return unreadable_kind(os.path.splitext(path)[1].lower())  # noqa: PTH122 - in the hot loop


def _refs(
    root: Root,
    settings: SyncOptions,
    on_error: OnError,
    aside: Counter[str],
    on_sidecar: OnSidecar | None,
    films: FilmListing | None,
) -> Iterator[FileRef]:
    """Yield the images of the list or the folder, with ids as in the settings."""
    exclude = settings.exclude or ()
    if settings.names is None:
        accept = _part_filter(settings)
        refs = list_images(
            root,
            exclude=exclude,
            accept=accept,
            on_error=on_error,
            aside=aside,
            on_sidecar=on_sidecar,
            on_film=None if films is None else films.take,
        )
        refs = refs if films is None else _with_frames(refs, films)
    else:
        assert not isinstance(root, Roots), "check_list has refused them"
        refs = _refs_of_list(settings.names, root, _part_filter(settings), on_error)
    for ref in refs:
        if settings.names is not None and is_excluded(ref.path, exclude):
            continue
        id_ = _id_of(ref.path, settings)
        if settings.part is None or settings.part.holds(id_):
            yield ref if id_ == ref.path else replace(ref, id=id_)


def _with_frames(refs: Iterator[FileRef], films: FilmListing) -> Iterator[FileRef]:
    """Yield the images, and between them the frames of the films that the same walk finds."""
    for ref in refs:
        yield ref
        yield from films.frames()
    yield from films.frames()


def _part_filter(settings: SyncOptions) -> Callable[[str], bool]:
    """Return a test whether a path is in the part; other files need no stat."""
    part = settings.part
    return lambda path: part is None or part.holds(_id_of(path, settings))


def _id_of(path: str, settings: SyncOptions) -> str:
    return path.rpartition("/")[2] if settings.ids == "name" else path


def _refs_of_list(
    names: Location, root: Location, wanted: Callable[[str], bool], on_error: OnError
) -> Iterator[FileRef]:
    if isinstance(names, Address):
        yield from read_list(_lines(names), root, accept=wanted, on_error=on_error)
        return
    try:
        file = names.open("rb")
    except OSError as error:
        raise UsageError(f"the list {names} cannot be read: {error.strerror}") from error
    with file:
        yield from read_list(file, root, accept=wanted, on_error=on_error)


def _lines(names: Address) -> Iterator[bytes]:
    try:
        yield from remote.iter_lines(names)
    except OSError as error:
        raise UsageError(f"the list {names} cannot be read: {error.strerror}") from None


def _note(root: Root, path: str, error: OSError, settings: SyncOptions) -> str:
    if isinstance(root, Roots) and "/" not in path and isinstance(error, FileNotFoundError):
        return f"{path} is left as it was: {root / path} is not there"
    if settings.names is None:
        return f"{path} was skipped: {error.strerror}; its images are left as they were"
    return f"{path} of the list is left out: {error.strerror}"


class IsGone:
    """Tells whether an unlisted path is gone from the collection. Use one for a single comparison.

    A path is gone if it is excluded, not in the list file, in another part, or if a walk of the
    folder would not list it. A frame of a film is also gone if the film was listed without it, or
    if frames are not wanted any more. settings : from `with_saved_settings`. unread : folders and
    films that could not be listed, whose images are not gone; nor are those of a root that another
    command has just added. At an address, where a look at a file is a request, every unlisted path
    outside them counts as gone. films : whose frames were listed.
    """

    def __init__(
        self,
        root: Root,
        settings: SyncOptions,
        unread: set[str] | None = None,
        films: FilmListing | None = None,
    ) -> None:
        self._root = root
        self._films = films
        self._settings = settings
        self._unread = unread
        self._walk = None if isinstance(root, Address) else FolderWalk(root)

    def __call__(self, path: str) -> bool:
        settings = self._settings
        file = file_of(path)
        in_part = settings.part is None or settings.part.holds(_id_of(path, settings))
        if settings.names is not None or not in_part or is_excluded(file, settings.exclude or ()):
            return True
        if file != path and self._is_frame_let_go(file):
            return True
        if self._is_out_of_sight(file):
            return False
        if may_be_image(file) and not has_image_ending(file):
            return self._is_really_gone(path)  # the extra that lists it is missing
        if self._walk is None and self._unread is not None:
            return True
        return self._is_really_gone(path)

    def _is_out_of_sight(self, file: str) -> bool:
        """Return whether the listing could not see a file that may be there."""
        if isinstance(self._root, Roots) and not self._root.has_name_of(file):
            return True
        return self._unread is not None and not self._unread.isdisjoint(_with_folders(file))

    def _is_frame_let_go(self, film: str) -> bool:
        """Return whether a film is listed without this frame, or without any."""
        is_listed = self._films is not None and self._films.is_listed(film)
        return is_listed or self._settings.video in (None, OFF)

    def is_loss(self, path: str) -> bool:
        """Return whether a path that is gone took its file along: a frame whose film is still there
        did not."""
        film = file_of(path)
        return film == path or self._is_really_gone(film, is_film=True)

    def _is_really_gone(self, path: str, *, is_film: bool = False) -> bool:
        try:
            return not self._is_there(path, is_film)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False

    def _is_there(self, path: str, is_film: bool) -> bool:
        if isinstance(self._root, Address):
            remote.stat(self._root / path)
            return True
        assert self._walk is not None, "made for a folder of this machine"
        return self._walk.has_file(path) if is_film else self._walk.would_list(path)

    def notes(self) -> list[str]:
        """Return a line for each link to a folder that hides images which were there before."""
        links = sorted(self._walk.links) if self._walk is not None else []
        return [
            f"{link} is a link to a folder, which is not followed: its images leave the collection"
            for link in links[:_SHOWN_NOTES]
        ]


def _with_folders(path: str) -> Iterator[str]:
    """Yield the path and its parent folders."""
    while path:
        yield path
        path = path.rpartition("/")[0]
