"""The root in the catalog: a path, an address, or named roots. Read it, record it, extend it.

A catalog with named roots has a version that a sokkuri without them refuses: it would take a name
for a folder, and all images for gone.
"""

import json
import os
from pathlib import Path

from sokkuri.core.errors import DamagedError, UnfinishedError, UsageError
from sokkuri.core.locations import Address, Location, parse_location
from sokkuri.core.named_roots import Root, Roots, check_apart, make_roots
from sokkuri.images.scan import is_folder
from sokkuri.store.catalog import Catalog
from sokkuri.store.migrations import mark_named_roots
from sokkuri.store.places import STORE_NAME

_ROOT = "root"
_ROOTS = "roots"  # a JSON array of names and absolute paths


def read_root(store: Path, catalog: Catalog) -> Root:
    """Return the root that the catalog records. A relative root starts at the store.

    Raises UnfinishedError when the catalog has no root, DamagedError for impossible named roots.
    """
    named = catalog.meta(_ROOTS)
    if named is not None:
        return _roots_from_json(catalog, named)
    root = catalog.meta(_ROOT)
    if root is None:
        raise UnfinishedError(f"{store} was never finished: run `sokkuri index` again")
    where = parse_location(root)
    return where if isinstance(where, Address) else Path(os.path.normpath(store / where))


def save_root(catalog: Catalog, root: Root, store: Path) -> None:
    """Record the root, also inside a transaction of the caller.

    Named roots that another command has recorded meanwhile stay.
    """
    if isinstance(root, Roots):
        mark_named_roots(catalog)
        named = catalog.meta(_ROOTS)
        whole = root if named is None else _roots_from_json(catalog, named).joined(root)
        catalog.set_meta(_ROOTS, json.dumps([(name, str(path)) for name, path in whole.folders]))
    else:
        catalog.set_meta(_ROOT, _remembered(root, store))


def next_root(recorded: Root, given: Root, store: Path) -> Root:
    """Return the root that a collection has once a person has given this one.

    Named roots are added to named roots, or replace those that are gone under the same name. A root
    without a name replaces one that is gone. Raises UsageError for any other.
    """
    if isinstance(recorded, Roots):
        return _extended(recorded, given)
    if isinstance(given, Roots):
        raise UsageError(
            f"{store} is the collection of one folder, {recorded}, whose ids have no names of "
            f"folders: make a new one of all folders, with another --store DIR"
        )
    if given != recorded and is_folder(recorded) and not _is_same(recorded, given):
        raise UsageError(
            f"{store} belongs to {recorded}: give another --store for {given}, or one "
            "for both folders"
        )
    return given


def _extended(recorded: Roots, given: Root) -> Roots:
    if isinstance(given, Address):
        raise UsageError(f"{given} is an address: named roots are folders of this machine")
    if not isinstance(given, Roots):
        given = Roots(((given.name, given),))
    roots = recorded.joined(given)
    before = dict(recorded.folders)
    for name, folder in roots.folders:
        old = before.get(name)
        if old == folder:
            continue
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder")
        if old is not None and old.is_dir() and not _is_same(old, folder):
            raise UsageError(
                f"{name} is {old}, which is still there: give {folder} another name, such as "
                f"{name}2={folder}"
            )
    if roots != recorded:
        check_apart(roots)
    return roots


def _roots_from_json(catalog: Catalog, text: str) -> Roots:
    try:
        roots = make_roots([(name, Path(folder)) for name, folder in json.loads(text)])
        if roots.folders and all(folder.is_absolute() for _, folder in roots.folders):
            return roots
    except (ValueError, TypeError, AttributeError, RecursionError, UsageError):
        pass
    raise DamagedError(
        f"{catalog.where} is damaged (its roots have impossible values): restore it from a backup, "
        "or move the store away and index again"
    )


def _is_same(one: Location, other: Location) -> bool:
    return isinstance(one, Path) and isinstance(other, Path) and one.samefile(other)


def _remembered(root: Location, store: Path) -> str:
    """Return a root without a name as the catalog records it.

    It is `..` for a store in the folder of its images, also for a part's store, so that both can be
    moved together. It is an absolute path for another store, and the URL for an address.
    """
    if isinstance(root, Address):
        return root.url
    inside = store.name.startswith(STORE_NAME) and store.parent.resolve() == root.resolve()
    return ".." if inside else str(root.resolve())
