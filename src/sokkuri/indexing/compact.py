"""Rewrite shards without unused rows. Safe to kill at any moment.

Takes a collection. Each step copies up to 10,000 used rows from wasteful shards to a new shard,
syncs it, and points their images to it in one transaction; then it deletes shards without images.
Shard numbers are never used again, so a reader with an old shard open finds no row of it in the
catalog, and never a wrong one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sokkuri.store.collection import CollectionStore
from sokkuri.store.old_shards import delete_old_shards, old_bytes, read_old_shards
from sokkuri.store.photos import forget_photos
from sokkuri.store.read_rows import copy_rows
from sokkuri.store.recover import recover
from sokkuri.store.replacements import delete_finished, find_replacement
from sokkuri.store.shard_table import (
    add_shard,
    delete_shards,
    first_owners,
    forget_missing,
    free_removed_rows,
    move_rows,
    next_shard_number,
    read_shards,
    rows_and_owners,
    unowned_shards,
)
from sokkuri.store.shards import SHARD_ROWS


@dataclass(frozen=True, slots=True)
class Compaction:
    """Rows and bytes of all shards, before and after."""

    rows_before: int
    rows_after: int
    bytes_before: int
    bytes_after: int


def compact(
    collection: CollectionStore,
    *,
    purge: bool = False,
    on_note: Callable[[str], object] = lambda _: None,
) -> Compaction:
    """Rewrite the shards that have unused rows, and join shards that are not full. Delete the
    vectors of earlier models.

    Removed images stay marked, without their vector. purge : also forget images whose files are
    gone; otherwise they keep their vectors, so that they can come back. on_note : called with a
    line for each shard that came back or was moved aside. Needs free space for one shard. Raises
    StorageError.
    """
    catalog, shards = collection.catalog, collection.shards
    for line in recover(collection):
        on_note(line)
    rows_before, bytes_before = _rows(collection), shards.disk_size() + old_bytes(collection)
    _forget(collection, purge=purge)
    wasteful = _wasteful(collection)
    while wasteful and _step(collection, wasteful):
        pass
    collection.rewrite_id_columns()
    begun = find_replacement(catalog)
    used = [] if begun is None else [begun.name]
    delete_old_shards(collection, read_old_shards(catalog), used)
    delete_finished(collection)
    catalog.checkpoint()
    bytes_after = shards.disk_size() + old_bytes(collection)
    return Compaction(rows_before, _rows(collection), bytes_before, bytes_after)


def _rows(collection: CollectionStore) -> int:
    return sum(shard.rows for shard in read_shards(collection.catalog))


def _forget(collection: CollectionStore, *, purge: bool) -> None:
    """Detach the rows of removed images and, with `purge`, forget images whose files are gone.

    Photo metadata that belongs to no image any more is forgotten, too.
    """
    catalog = collection.catalog
    with catalog.writing():
        free_removed_rows(catalog)
        if purge:
            forget_missing(catalog)
        forget_photos(catalog)


def _wasteful(collection: CollectionStore) -> list[int]:
    """Return shards with unused rows, and also shards that are not full, if joining them helps."""
    rows = rows_and_owners(collection.catalog)
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
    with catalog.writing():
        moving = first_owners(catalog, sources, SHARD_ROWS)
        if moving:
            target = next_shard_number(catalog)
            # Without a check: damaged rows move with their checksums, so `verify` still finds them.
            rows = copy_rows(shards, [(shard, row) for _, _, shard, row in moving])
            shards.write(target, 0, rows, [id_ for _, id_, _, _ in moving])
            add_shard(catalog, target, len(moving))
            move_rows(catalog, [key for key, _, _, _ in moving], target)
        empty = unowned_shards(catalog, sources)
        for shard in empty:
            shards.mark_for_deletion(shard)
        delete_shards(catalog, empty)
    for shard in empty:
        shards.delete(shard)
    return len(moving) == SHARD_ROWS
