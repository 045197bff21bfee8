"""What there is to index: the folder or the list, as the options say, into the catalog's listing.

Takes a root, a catalog and options; fills the temporary table that changes.py compares, and says
what is really gone. Options that a run leaves out are those of the run before.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sokkuri import changes
from sokkuri.catalog import Catalog
from sokkuri.errors import CollectionError, UsageError
from sokkuri.listing import OnError, is_excluded, list_images, read_list
from sokkuri.records import FileRef, IdKind
from sokkuri.syncing import Progress, SyncOptions

_LISTING_CHUNK = 10_000
_SHOWN_NOTES = 20


def check_root(root: Path) -> None:
    """Raises CollectionError unless the folder of images is there."""
    if not root.is_dir():
        raise CollectionError(
            f"{root} is not there, so nothing was changed: mount it, or say where the images are "
            "now with `sokkuri index FOLDER --store STORE`"
        )


def take_listing(catalog: Catalog, root: Path, options: SyncOptions) -> Iterator[Progress]:
    """Fill the catalog's temporary table with what the folder or the list holds, in bounded
    memory. options : settled. Raises UsageError for a list that cannot be read, or two files with
    one id."""
    notes: list[str] = []
    left_out = 0

    def skipped(path: str, error: OSError) -> None:
        nonlocal left_out
        left_out += 1
        if left_out <= _SHOWN_NOTES:
            notes.append(_note(path, error, options))

    listed = 0
    changes.begin_listing(catalog)
    yield Progress("listing", 0, 0)
    refs = _refs(root, options, skipped)
    while chunk := list(islice(refs, _LISTING_CHUNK)):
        changes.add_listed(catalog, chunk)
        listed += len(chunk)
        yield Progress("listing", listed, 0)
    if left_out > _SHOWN_NOTES:
        notes.append(f"and {left_out - _SHOWN_NOTES:,} more")
    for note in notes:
        yield Progress("listing", listed, 0, note=note)


def _refs(root: Path, options: SyncOptions, on_error: OnError) -> Iterator[FileRef]:
    """The images of the list or the folder, under the ids that were asked for."""
    exclude = options.exclude or ()
    if options.names is None:
        refs = list_images(root, exclude=exclude, on_error=on_error)
    else:
        refs = _listed(options.names, root, on_error)
    for ref in refs:
        if options.names is not None and is_excluded(ref.path, exclude):
            continue
        yield replace(ref, id=ref.path.rpartition("/")[2]) if options.ids == "name" else ref


def _listed(names: Path, root: Path, on_error: OnError) -> Iterator[FileRef]:
    try:
        file = names.open("rb")
    except OSError as error:
        raise UsageError(f"the list {names} cannot be read: {error.strerror}") from error
    with file:
        yield from read_list(file, root, on_error=on_error)


def _note(path: str, error: OSError, options: SyncOptions) -> str:
    if options.names is None:
        return f"{path} was skipped: {error.strerror}; its images are left as they were"
    return f"{path} of the list is left out: {error.strerror}"


def gone_test(root: Path, options: SyncOptions) -> Callable[[str], bool]:
    """A test for paths that the listing lacks: excluded now, not on the list, or really not there.
    options : settled."""

    def is_gone(path: str) -> bool:
        if options.names is not None or is_excluded(path, options.exclude or ()):
            return True
        try:
            (root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    return is_gone


def settled(catalog: Catalog, options: SyncOptions) -> SyncOptions:
    """The options with what the run before has left for this one. Raises UsageError when the ids
    would become something else."""
    given = (
        json.loads(catalog.meta("exclude") or "[]") if options.exclude is None else options.exclude
    )
    ids = settled_ids(catalog, options.ids)
    return replace(options, exclude=tuple(glob for glob in given if glob), ids=ids)


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


def remember(catalog: Catalog, options: SyncOptions) -> None:
    """Leave for the next run what it does not say itself. options : settled."""
    catalog.set_meta("exclude", json.dumps(options.exclude))
    catalog.set_meta("ids", str(options.ids))
    if options.ann_from is not None:
        catalog.set_meta("ann_from", str(options.ann_from))
