"""The settings that a collection keeps from run to run: excluded globs, ids, part.

Takes the options of a run and the catalog; returns the options with the saved settings filled in,
and saves them for the next run.
"""

import json
from dataclasses import replace

from sokkuri.core.errors import UsageError
from sokkuri.core.types import IdKind
from sokkuri.indexing.films import OFF, video_setting
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.partition import Part
from sokkuri.store.catalog import Catalog
from sokkuri.store.films import VIDEO
from sokkuri.store.images import is_empty

_FINISHED = "part_finished"
_WALKED = "walked"


def with_saved_settings(catalog: Catalog, options: SyncOptions) -> SyncOptions:
    """Return the options, with the saved settings where an option is None.

    Raises UsageError if the options would change the ids or the part of the collection.
    """
    saved_globs = json.loads(catalog.meta("exclude") or "[]")
    globs = saved_globs if options.exclude is None else options.exclude
    ids = resolve_ids(catalog, options.ids)
    part = resolve_part(catalog, options.part)
    video = catalog.meta(VIDEO) if options.video is None else video_setting(options.video)
    exclude = tuple(glob for glob in globs if glob)
    return replace(options, exclude=exclude, ids=ids, part=part, video=video)


def resolve_ids(catalog: Catalog, requested: IdKind | None, default: IdKind = "path") -> IdKind:
    """Return what an image's id is in this collection: saved, else requested, else the default.

    Raises UsageError if the request differs from the saved setting.
    """
    saved = catalog.meta("ids")
    if saved is not None and requested not in (None, saved):
        raise UsageError(
            f"the ids of {catalog.where.parent} are each file's {saved}: leave --ids out, or give "
            "--store DIR for a second collection"
        )
    if saved is not None:
        return "name" if saved == "name" else "path"
    return requested or default


def saved_part(catalog: Catalog) -> Part | None:
    """Return the part that this collection is, or None if it is for all images."""
    saved = catalog.meta("part")
    return Part.parsed(saved) if saved else None


def resolve_part(catalog: Catalog, requested: Part | None) -> Part | None:
    """Return the part that this collection is or becomes, or None if it is for all images.

    Raises UsageError if the request differs from the saved part, or if the collection is for all
    images and a run has already begun to fill it.
    """
    saved = saved_part(catalog)
    if saved is None and requested is not None and not _is_new(catalog):
        raise UsageError(
            f"{catalog.where.parent} is a collection of all images and cannot become a part: leave "
            f"--part out, or give --store DIR for part {requested}"
        )
    if saved is not None and requested not in (None, saved):
        raise UsageError(
            f"{catalog.where.parent} is part {saved}, not {requested}: leave --part out, or give "
            "another --store"
        )
    return saved or requested


def _is_new(catalog: Catalog) -> bool:
    """Return whether no run has begun to fill the collection."""
    return catalog.meta("exclude") is None and is_empty(catalog)


def claim_settings(catalog: Catalog, options: SyncOptions) -> None:
    """Save at the start of a run what later runs cannot change: the kind of ids and the part.

    A new collection also gets its globs, so that other processes see that a run has begun.
    options : from `with_saved_settings`. Raises UsageError if another process has made another
    part of the collection meanwhile.
    """
    with catalog.writing():
        if resolve_part(catalog, options.part) != options.part:
            raise UsageError(f"{catalog.where.parent} has just become a part: run again")
        catalog.set_meta("ids", str(options.ids))
        if catalog.meta("exclude") is None:
            catalog.set_meta("exclude", json.dumps(options.exclude))
        if options.part is not None:
            catalog.set_meta("part", str(options.part))
            catalog.set_meta(_FINISHED, "no")


def save_settings(catalog: Catalog, options: SyncOptions) -> None:
    """Save all settings at once, in two transactions. Raises as `claim_settings`."""
    claim_settings(catalog, options)
    with catalog.writing():
        store_settings(catalog, options)


def store_settings(catalog: Catalog, options: SyncOptions) -> None:
    """Save the settings that later runs use if they leave the options out.

    It runs inside a transaction of the caller. options : from `with_saved_settings`.
    """
    catalog.set_meta("exclude", json.dumps(options.exclude))
    if options.video is not None and (options.video != OFF or catalog.meta(VIDEO) is not None):
        catalog.set_meta(VIDEO, options.video)
    if options.ann_from is not None:
        catalog.set_meta("ann_from", str(options.ann_from))


def record_walk(catalog: Catalog, options: SyncOptions) -> None:
    """Record whether the images are those of a walk of the folder, and not of a list.

    It runs inside a transaction of the caller.
    """
    catalog.set_meta(_WALKED, "yes" if options.names is None else "no")


def is_walked(catalog: Catalog) -> bool:
    """Return whether the last run walked the folder of images."""
    return catalog.meta(_WALKED) == "yes"


def is_listed(catalog: Catalog) -> bool:
    """Return whether the images of the last run were those of a list."""
    return catalog.meta(_WALKED) == "no"


def mark_finished(catalog: Catalog) -> None:
    """Record that a run of this part is complete; `merge` refuses unfinished parts."""
    if saved_part(catalog) is not None:
        catalog.set_meta(_FINISHED, "yes")


def is_finished(catalog: Catalog) -> bool:
    """Return whether the last run of this part was completed."""
    return catalog.meta(_FINISHED) == "yes"
