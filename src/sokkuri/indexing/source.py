"""What there is to index: the folder or the list, as the options say, into the catalog's listing.

Takes a root, a catalog and options; fills the temporary table that changes.py compares, and says
what is really gone. Options that a run leaves out are those of the run before.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from sokkuri.core.errors import CollectionError, UsageError
from sokkuri.core.locations import Address, Location
from sokkuri.core.types import FileRef, IdKind
from sokkuri.images import remote
from sokkuri.images.scan import OnError, is_excluded, is_folder, list_images, read_list
from sokkuri.indexing import diff
from sokkuri.indexing.options import Progress, SyncOptions
from sokkuri.indexing.partition import Part
from sokkuri.store.catalog import Catalog

_LISTING_CHUNK = 10_000
_SHOWN_NOTES = 20
_FINISHED = "part_finished"


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


def take_listing(
    catalog: Catalog, root: Location, options: SyncOptions, unread: set[str] | None = None
) -> Iterator[Progress]:
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


def gone_test(
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


def settled(catalog: Catalog, options: SyncOptions) -> SyncOptions:
    """The options with what the run before has left for this one. Raises UsageError when the ids
    or the part would become something else."""
    given = (
        json.loads(catalog.meta("exclude") or "[]") if options.exclude is None else options.exclude
    )
    ids = settled_ids(catalog, options.ids)
    part = settled_part(catalog, options.part)
    return replace(options, exclude=tuple(glob for glob in given if glob), ids=ids, part=part)


def settled_ids(catalog: Catalog, wanted: IdKind | None, default: IdKind = "path") -> IdKind:
    """What an image's id is in this collection. Raises UsageError when it would become another."""
    kept = catalog.meta("ids")
    if kept is not None and wanted not in (None, kept):
        raise UsageError(
            f"the ids of {catalog.where.parent} are each file's {kept}: leave --ids out, or give "
            "--store DIR for a second collection"
        )
    if kept is not None:
        return "name" if kept == "name" else "path"
    return wanted or default


def part_of(catalog: Catalog) -> Part | None:
    """The part that this collection is, None for one of all images."""
    kept = catalog.meta("part")
    return Part.parsed(kept) if kept else None


def settled_part(catalog: Catalog, wanted: Part | None) -> Part | None:
    """Which part this collection is to be. Raises UsageError when it would become another one, or
    has images already and is none."""
    kept = part_of(catalog)
    if kept is None and wanted is not None and not _is_new(catalog):
        raise UsageError(
            f"{catalog.where.parent} is a collection of all images and cannot become a part: leave "
            f"--part out, or give --store DIR for part {wanted}"
        )
    if kept is not None and wanted not in (None, kept):
        raise UsageError(
            f"{catalog.where.parent} is part {kept}, not {wanted}: leave --part out, or give "
            "another --store"
        )
    return kept or wanted


def _is_new(catalog: Catalog) -> bool:
    """Whether no run has begun yet to fill it."""
    return catalog.meta("exclude") is None and catalog.one("SELECT 1 FROM images LIMIT 1") is None


def remember(catalog: Catalog, options: SyncOptions) -> None:
    """Leave for the next run what it does not say itself. options : settled. Raises UsageError when
    another process has just made another part of it."""
    with catalog.writing():
        if settled_part(catalog, options.part) != options.part:
            raise UsageError(f"{catalog.where.parent} has just become a part: run again")
        catalog.set_meta("exclude", json.dumps(options.exclude))
        catalog.set_meta("ids", str(options.ids))
        if options.ann_from is not None:
            catalog.set_meta("ann_from", str(options.ann_from))
        if options.part is not None:
            catalog.set_meta("part", str(options.part))
            catalog.set_meta(_FINISHED, "no")


def finish(catalog: Catalog) -> None:
    """A run has seen everything and done it: for `merge`, which takes no half part."""
    if part_of(catalog) is not None:
        catalog.set_meta(_FINISHED, "yes")


def is_finished(catalog: Catalog) -> bool:
    """Whether the last run of this part came to its end."""
    return catalog.meta(_FINISHED) == "yes"
