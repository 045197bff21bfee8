"""Copy the paths of a folder or of a list file into the catalog's temporary listing.

Takes a root, a catalog and settings; fills the table that diff.py compares with the catalog, and
tells which unlisted files are really gone.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Never

from sokkuri.core.errors import CollectionError, UsageError
from sokkuri.core.locations import Address, Location
from sokkuri.core.types import FileRef, Progress
from sokkuri.images import remote
from sokkuri.images.scan import OnError, is_excluded, is_folder, list_images, read_list
from sokkuri.indexing import diff
from sokkuri.indexing.options import SyncOptions
from sokkuri.store.catalog import Catalog

_LISTING_CHUNK = 10_000
_SHOWN_NOTES = 20


def check_root(root: Location) -> None:
    """Raises CollectionError unless the folder of images is there, or anything at the address:
    nothing at all is what a wrong name looks like."""
    if isinstance(root, Address):
        _check_address(root)
    elif not is_folder(root):
        raise CollectionError(
            f"{root} is not there, so nothing was changed: mount it, or say where the images are "
            "now with `sokkuri index FOLDER --store STORE`"
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
    catalog: Catalog, root: Location, options: SyncOptions, unread: set[str] | None = None
) -> Iterator[Progress[Never]]:
    """Fill the catalog's temporary table with what the folder or the list holds, in bounded
    memory. options : settled. unread : takes up the folders that could not be listed. Raises
    UsageError for a list that cannot be read, or two files with one id; CollectionError when a
    server is gone."""
    notes: list[str] = []
    left_out = 0

    def skipped(path: str, error: OSError) -> None:
        nonlocal left_out
        if unread is not None:
            unread.add(path)
        left_out += 1
        if left_out <= _SHOWN_NOTES:
            notes.append(_note(path, error, options))

    listed = 0
    diff.begin_listing(catalog)
    yield Progress("listing", 0, 0)
    refs = _refs(root, options, skipped)
    while chunk := list(islice(refs, _LISTING_CHUNK)):
        diff.add_listed(catalog, chunk)
        listed += len(chunk)
        yield Progress("listing", listed, 0)
    if left_out > _SHOWN_NOTES:
        notes.append(f"and {left_out - _SHOWN_NOTES:,} more")
    for note in notes:
        yield Progress("listing", listed, 0, note=note)


def _refs(root: Location, options: SyncOptions, on_error: OnError) -> Iterator[FileRef]:
    """The images of the list or the folder, under the ids that were asked for."""
    exclude = options.exclude or ()
    if options.names is None:
        refs = list_images(root, exclude=exclude, wanted=_wanted(options), on_error=on_error)
    else:
        refs = _listed(options.names, root, _wanted(options), on_error)
    for ref in refs:
        if options.names is not None and is_excluded(ref.path, exclude):
            continue
        id_ = _id_of(ref.path, options)
        if options.part is None or options.part.holds(id_):
            yield ref if id_ == ref.path else replace(ref, id=id_)


def _wanted(options: SyncOptions) -> Callable[[str], bool]:
    """Whether a path is in the part: of others no stat is asked for, where that can be spared."""
    part = options.part
    return lambda path: part is None or part.holds(_id_of(path, options))


def _id_of(path: str, options: SyncOptions) -> str:
    return path.rpartition("/")[2] if options.ids == "name" else path


def _listed(
    names: Location, root: Location, wanted: Callable[[str], bool], on_error: OnError
) -> Iterator[FileRef]:
    if isinstance(names, Address):
        yield from read_list(_lines(names), root, wanted=wanted, on_error=on_error)
        return
    try:
        file = names.open("rb")
    except OSError as error:
        raise UsageError(f"the list {names} cannot be read: {error.strerror}") from error
    with file:
        yield from read_list(file, root, wanted=wanted, on_error=on_error)


def _lines(names: Address) -> Iterator[bytes]:
    try:
        yield from remote.lines(names)
    except OSError as error:
        raise UsageError(f"the list {names} cannot be read: {error.strerror}") from None


def _note(path: str, error: OSError, options: SyncOptions) -> str:
    if options.names is None:
        return f"{path} was skipped: {error.strerror}; its images are left as they were"
    return f"{path} of the list is left out: {error.strerror}"


def make_is_gone(
    root: Location, options: SyncOptions, unread: set[str] | None = None
) -> Callable[[str], bool]:
    """A test for paths that the listing lacks: excluded now, not on the list, of another part, or
    really not there. options : settled. unread : the folders that the listing left out: at an
    address, where each look is a request, what lies in none of them is believed to be gone."""

    def is_gone(path: str) -> bool:
        if options.names is not None or is_excluded(path, options.exclude or ()):
            return True
        if options.part is not None and not options.part.holds(_id_of(path, options)):
            return True
        if isinstance(root, Address) and unread is not None:
            return unread.isdisjoint(_with_folders(path))
        try:
            remote.look(root / path) if isinstance(root, Address) else (root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    return is_gone


def _with_folders(path: str) -> Iterator[str]:
    """The path, and the folders that it lies in."""
    while path:
        yield path
        path = path.rpartition("/")[0]
