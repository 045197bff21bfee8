"""Rewrite shards without unused rows. Safe to kill at any moment.

Takes a collection. Each step copies up to 10,000 used rows from wasteful shards to a new shard,
syncs it, and points their images to it in one transaction; then it deletes shards without images.
Shard numbers are never used again, so a reader with an old shard open finds no row of it in the
catalog, and never a wrong one.
"""

from dataclasses import dataclass

from sokkuri.store.collection import CollectionStore
from sokkuri.store.shard_table import next_shard_number, read_shards
from sokkuri.store.shards import SHARD_ROWS

_OWNED = "SELECT count(*) FROM images WHERE images.shard = shards.shard"


@dataclass(frozen=True, slots=True)
class Compaction:
    """Rows and bytes of all shards, before and after."""

    rows_before: int
    rows_after: int
    bytes_before: int
    bytes_after: int


def compact(collection: CollectionStore) -> Compaction:
    """Rewrite the shards that have unused rows, and join shards that are not full.

    Forgets images whose files are gone. Removed images stay marked, without their vector. Needs
    free space for one shard. Raises StorageError.
    """
    catalog, shards = collection.catalog, collection.shards
    collection.recover()
    rows_before, bytes_before = _rows(collection), shards.bytes()
    _forget(collection)
    wasteful = _wasteful(collection)
    while wasteful and _step(collection, wasteful):
        pass
    collection.refresh_ids()
    catalog.run("PRAGMA wal_checkpoint(TRUNCATE)")
    return Compaction(rows_before, _rows(collection), bytes_before, shards.bytes())


def _rows(collection: CollectionStore) -> int:
    return sum(shard.rows for shard in read_shards(collection.catalog))


def _forget(collection: CollectionStore) -> None:
    """Detach the rows of images that are not live."""
    catalog = collection.catalog
    with catalog.writing():
        catalog.run(
            "UPDATE shards SET stale_ids = 1 WHERE shard IN"
            " (SELECT shard FROM images WHERE removed = 1 OR missing IS NOT NULL)"
        )
        catalog.run("DELETE FROM images WHERE missing IS NOT NULL AND removed = 0")
        catalog.run(
            "UPDATE images SET model = NULL, shard = NULL, row = NULL, checksum = NULL"
            " WHERE removed = 1"
        )


def _wasteful(collection: CollectionStore) -> list[int]:
    """Return shards with unused rows, and also shards that are not full, if joining them helps."""
    rows = collection.catalog.all(f"SELECT shard, rows, ({_OWNED}) FROM shards ORDER BY shard")  # noqa: S608
    wasteful = {shard for shard, held, owned in rows if owned < held}
    unfinished = {shard for shard, held, _ in rows if held < SHARD_ROWS}
    if wasteful or len(unfinished) > 1:
        wasteful |= unfinished
    return sorted(wasteful)


def _step(collection: CollectionStore, sources: list[int]) -> bool:
    """Move up to one shard of rows out of `sources`, and delete shards left empty.

    Returns whether more steps may be needed.
    """
    catalog, shards = collection.catalog, collection.shards
    marks = ", ".join("?" * len(sources))
    with catalog.writing():
        moving = catalog.all(
            f"SELECT key, id, shard, row FROM images WHERE shard IN ({marks})"  # noqa: S608
            " ORDER BY shard, row LIMIT ?",
            [*sources, SHARD_ROWS],
        )
        if moving:
            target = next_shard_number(catalog)
            features = collection.vectors([(shard, row) for _, _, shard, row in moving])
            shards.write(target, 0, shards.stored(features), [id_ for _, id_, _, _ in moving])
            catalog.run("INSERT INTO shards (shard, model, rows) VALUES (?, 1, ?)", [
                target, len(moving),
            ])  # fmt: skip
            catalog.run_many(
                "UPDATE images SET shard = ?, row = ? WHERE key = ?",
                ((target, row, key) for row, (key, _, _, _) in enumerate(moving)),
            )
        empty = [
            shard
            for (shard,) in catalog.all(
                f"SELECT shard FROM shards WHERE shard IN ({marks}) AND ({_OWNED}) = 0",  # noqa: S608
                sources,
            )
        ]
        catalog.run_many("DELETE FROM shards WHERE shard = ?", ((shard,) for shard in empty))
    for shard in empty:
        shards.delete(shard)
    return len(moving) == SHARD_ROWS
