"""Let the rows of a finished replacement count: one transaction gives the collection its new model.

Takes the collection and the store of the replacement (replacements.py). Labels, decisions and marks
of removed images come from the collection. Vectors, failures and file properties come from the
replacement. The old shards stay until `compact` (old_shards.py).
"""

# ruff: noqa: S608 - all parts of the statements are of this module

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sokkuri.core.errors import CollectionError
from sokkuri.store.annotations import carry_all_over, free_id, inherit_removals
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.damage import read_damage, record_damage
from sokkuri.store.images import LIVE
from sokkuri.store.leases import count_open_images, has_other_leases
from sokkuri.store.old_shards import record_old_shards
from sokkuri.store.photos import copy_photos
from sokkuri.store.replacements import Replacement
from sokkuri.store.shard_table import next_shard_number, number_shards_from, read_shards

_SETTINGS = ("exclude", "ids", "part", "ann_from", "video")
_OF_RUNS = ("part_finished", "walked", "left_aside")
"""Settings that a run of the replacement has found out."""

_FILE = (
    "path, size, mtime_ns, ctime_ns, digest, width, height, model, shard, row, checksum, stage,"
    " reason"
)
_FRESH_IDS = "(SELECT id FROM fresh.images)"
_OWN_IDS = "(SELECT id FROM main.images)"
_FRESH_DIGESTS = "(SELECT digest FROM fresh.images WHERE shard IS NOT NULL AND digest IS NOT NULL)"
_LEFT_OUT = (
    "FROM main.images AS old WHERE old.removed = 0 AND old.shard IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM fresh.images AS new"
    " WHERE new.id = old.id AND new.shard IS NOT NULL)"
    f" AND (old.digest IS NULL OR old.digest NOT IN {_FRESH_DIGESTS})"
)
"""Images with a vector that get no new one, whether under this or under another name."""

_FREED = (
    "SELECT old.key FROM main.images AS old JOIN fresh.images AS new USING (id)"
    " WHERE old.removed = 1 AND new.removed = 0 AND new.shard IS NOT NULL"
    " AND old.digest IS NOT NULL AND new.digest <> old.digest"
)
"""Removed images whose name another file has now."""

_FORGET_MOVED = (
    "DELETE FROM main.images WHERE removed = {removed}"
    f" AND id NOT IN {_FRESH_IDS} AND digest IN (SELECT digest FROM fresh.images"
    " WHERE removed = {removed} AND (shard IS NOT NULL OR removed = 1)"
    f" AND id NOT IN {_OWN_IDS})"
)
"""An image that moved has its new name in the replacement only."""

_TAKE_OVER = (
    f"UPDATE main.images SET {', '.join(f'{name} = new.{name}' for name in _FILE.split(', '))},"
    " missing = CASE WHEN new.missing IS NULL THEN NULL ELSE 0 END,"
    " todo = max(new.todo, coalesce(new.digest <> images.digest, 0)), claim = NULL, deaths = 0"
    " FROM fresh.images AS new"
    " WHERE new.id = images.id AND images.removed = 0 AND new.removed = 0"
)
"""A file of which the collection knows other bytes is read again: one of the two is out of date."""

_COUNT_AS_GONE = (
    "UPDATE main.images SET missing = coalesce(missing, 0)"
    f" WHERE removed = 1 AND id NOT IN {_FRESH_IDS}"
)
_MOVED_REMOVED = (
    f"SELECT id FROM fresh.images AS new WHERE removed = 0 AND id NOT IN {_OWN_IDS}"
    " AND digest IN (SELECT digest FROM main.images WHERE removed = 1)"
)
_ENTER = (
    f"INSERT INTO main.images (id, {_FILE}, todo, removed) SELECT id, {_FILE}, todo, removed"
    f" FROM fresh.images AS new WHERE missing IS NULL AND id NOT IN {_OWN_IDS} ORDER BY key"
)
_TAKE_ROWS_AWAY = (
    "UPDATE main.images SET model = NULL, shard = NULL, row = NULL, checksum = NULL,"
    " claim = NULL, deaths = 0, todo = CASE WHEN removed THEN todo ELSE 1 END,"
    " stage = CASE WHEN removed THEN stage END, reason = CASE WHEN removed THEN reason END"
)
_FOR_REMOVED = f"{_TAKE_ROWS_AWAY} WHERE removed = 1"
_FOR_UNKNOWN = (
    f"{_TAKE_ROWS_AWAY} WHERE removed = 0"
    " AND id NOT IN (SELECT id FROM fresh.images WHERE removed = 0)"
)
_TAKE_SHARDS = (
    "INSERT INTO main.shards (shard, model, rows, stale_ids) SELECT shard, 1, rows, stale_ids OR"
    " (SELECT count(*) FROM main.images AS own WHERE own.shard = new.shard)"
    " <> (SELECT count(*) FROM fresh.images AS own WHERE own.shard = new.shard)"
    " FROM fresh.shards AS new"
)


@dataclass(frozen=True, slots=True)
class SwitchLosses:
    """live : images that searches find. lost : those of them that have no new vector."""

    live: int
    lost: int


def newest_image(catalog: Catalog) -> int:
    """Return a number that grows when images are entered."""
    return int(catalog.fetch_one("SELECT coalesce(max(key), 0) FROM images")[0])


def has_newer_images(collection: CollectionStore, fresh: CollectionStore, newest: int) -> bool:
    """Return whether images were entered since `newest_image` that the replacement lacks."""
    catalog = collection.catalog
    with catalog.attached(fresh.catalog.where, "fresh"):
        sql = f"SELECT 1 {_LEFT_OUT} AND old.key > ? AND old.missing IS NULL LIMIT 1"
        return catalog.fetch_one(sql, [newest]) is not None


def bring_marks(catalog: Catalog, collection: Path) -> None:
    """Bring the settings of a collection, and its marks of removed images, to another catalog.

    catalog : of a replacement. collection : the path of the collection's catalog.
    """
    gone = "removed = 1 AND id NOT IN (SELECT id FROM old.images)"
    with catalog.attached(collection, "old"), catalog.writing():
        _copy_settings(catalog, "old", _SETTINGS)
        catalog.execute(
            "UPDATE main.images SET removed = 1 WHERE removed = 0 AND EXISTS (SELECT 1"
            " FROM old.images AS was WHERE was.id = main.images.id AND was.removed = 1"
            " AND coalesce(was.digest = main.images.digest, 1))"
        )
        catalog.execute(
            "UPDATE main.images SET removed = 0, todo = todo OR (shard IS NULL AND stage IS NULL)"
            " WHERE removed = 1 AND id IN (SELECT id FROM old.images WHERE removed = 0)"
        )
        catalog.execute(
            "UPDATE main.shards SET stale_ids = 1 WHERE shard IN"
            f" (SELECT shard FROM main.images WHERE {gone})"
        )
        catalog.execute(f"DELETE FROM main.images WHERE {gone}")
        catalog.execute(
            "INSERT OR IGNORE INTO main.images"
            " (id, path, size, mtime_ns, digest, width, height, missing, removed, todo)"
            " SELECT id, path, size, mtime_ns, digest, width, height,"
            " CASE WHEN missing IS NULL THEN NULL ELSE 0 END, 1, 0"
            " FROM old.images WHERE removed = 1"
        )


def imported_paths(catalog: Catalog) -> list[tuple[str, str]]:
    """Return (id, path) of the images with a vector whose file was never read."""
    return catalog.fetch_all(
        "SELECT id, path FROM images WHERE removed = 0 AND shard IS NOT NULL AND digest IS NULL"
        " ORDER BY id"
    )


def switch(
    collection: CollectionStore,
    fresh: CollectionStore,
    begun: Replacement,
    accept: Callable[[SwitchLosses], None],
) -> bool:
    """Give the collection the rows, the model and the settings of the replacement, at once.

    Returns False, and changes nothing, if the replacement has images that must still be read.
    accept : raises if too many images would leave. Raises CollectionError if an imported vector
    would be lost, DamagedError if a new shard cannot be read, ModelReplacedError if another process
    was first.
    """
    catalog = collection.catalog
    # The lock of the replacement's catalog: nobody may write in its shards when they count.
    with catalog.attached(fresh.catalog.where, "fresh"), fresh.catalog.writing():
        if count_open_images(fresh.catalog) or has_other_leases(fresh.catalog, 0):
            return False
        for row in read_shards(fresh.catalog):
            fresh.shards.map_rows(row.shard, row.rows)
        with catalog.writing():
            _check(collection, begun, accept)
            _switch_images(catalog)
            _switch_shards(collection, begun)
            _copy_settings(catalog, "fresh", (*_SETTINGS, *_OF_RUNS))
            record_damage(catalog, read_damage(fresh.catalog))
            copy_photos(catalog, fresh.catalog)
            catalog.replace_model(fresh.model)
            catalog.set_meta("dtype", fresh.dtype)
            catalog.set_meta("generation", str(begun.generation))
            catalog.execute("DELETE FROM replacements")
            carry_all_over(catalog)
            collection.save_root()
    return True


def _check(
    collection: CollectionStore, begun: Replacement, accept: Callable[[SwitchLosses], None]
) -> None:
    """Raise if the switch would lose an imported vector or too many images."""
    catalog = collection.catalog
    imported, example = catalog.fetch_one(
        f"SELECT count(*), min(old.id) {_LEFT_OUT} AND (old.digest IS NULL OR old.width IS NULL)"
    )
    if imported:
        raise imported_error(collection, begun.name, imported, example)
    if next_shard_number(catalog) > begun.first_shard:
        raise CollectionError(
            f"{collection.store} got too many shards since the replacement by {begun.name} began: "
            f"give it up with `sokkuri index --model {collection.model.source} --replace`, and "
            "begin again"
        )
    (live,) = catalog.fetch_one(f"SELECT count(*) FROM images WHERE {LIVE}")
    (lost,) = catalog.fetch_one(f"SELECT count(*) {_LEFT_OUT} AND old.missing IS NULL")
    accept(SwitchLosses(live, lost))


def imported_error(
    collection: CollectionStore, model: str, count: int, example: str
) -> CollectionError:
    """Return the error for imported vectors that no other model can give."""
    images = f"{example} has an imported vector" if count == 1 else (
        f"{count:,} images, such as {example}, have imported vectors"
    )  # fmt: skip
    return CollectionError(
        f"{images} and no photo that {model} can read, so the model was not replaced: put the "
        f"photos in {collection.root} and run `sokkuri index`, or take the images out with "
        "`sokkuri remove`, or keep a second collection with --store DIR"
    )


def _switch_images(catalog: Catalog) -> None:
    for (key,) in catalog.fetch_all(_FREED):
        free_id(catalog, key)
    for removed in (0, 1):
        catalog.execute(_FORGET_MOVED.format(removed=removed))
    catalog.execute(_TAKE_OVER)
    catalog.execute(_FOR_REMOVED)
    catalog.execute(_FOR_UNKNOWN)
    catalog.execute(_COUNT_AS_GONE)
    moved = [id_ for (id_,) in catalog.fetch_all(_MOVED_REMOVED)]
    catalog.execute(_ENTER)
    inherit_removals(catalog, moved)
    catalog.execute(_FOR_REMOVED)


def _switch_shards(collection: CollectionStore, begun: Replacement) -> None:
    catalog = collection.catalog
    record_old_shards(catalog, collection.model.name, [row.shard for row in read_shards(catalog)])
    catalog.execute("DELETE FROM main.shards")
    catalog.execute(_TAKE_SHARDS)
    number_shards_from(catalog, begun.first_shard)
    if catalog.has_table("lost_rows"):
        catalog.execute("DELETE FROM lost_rows")  # their shards are of the old model


def _copy_settings(catalog: Catalog, schema: str, keys: tuple[str, ...]) -> None:
    for key in keys:
        catalog.execute(
            f"INSERT OR REPLACE INTO main.meta SELECT key, value FROM {schema}.meta WHERE key = ?",
            [key],
        )
