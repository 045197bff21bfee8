"""Repair the faults that `verify` finds, without losing a vector that is still there.

Takes a collection with faults. The sound vectors of a damaged shard move to a new shard, with their
checksums. The others are given up and recorded as lost (store/lost_rows.py): the next run reads
their images again, and if the shard comes back whole, they are taken from it. The files of a
damaged shard are kept while one of its vectors is lost. Also rewrites id columns from the catalog,
cuts off rows that were never committed, and marks images whose files are gone or changed.

A committed row never changes and its place is never used again. So searches that have the damaged
shard open go on, and nothing derived from other shards is touched.
"""

from sokkuri.indexing.removals import is_suspicious
from sokkuri.indexing.verify import ShardFaults, file_faults, inspect_shard, shard_faults
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import count_images, mark_file_fault
from sokkuri.store.lost_rows import record_lost_rows
from sokkuri.store.recover import recover
from sokkuri.store.replacements import replacement_if_begun
from sokkuri.store.shard_table import (
    add_shard,
    delete_shards,
    first_owners,
    give_up_rows,
    mark_stale_ids,
    move_rows,
    next_shard_number,
    read_shards,
)
from sokkuri.store.shards import SHARD_ROWS


def repair(collection: CollectionStore) -> list[str]:
    """Repair the collection; return a line for each repair. `verify` finds what is left."""
    done = _repair_shards(collection)
    with replacement_if_begun(collection) as fresh:
        if fresh is not None:
            done += _repair_shards(fresh)
    done += _mark_files(collection)
    return done


def _repair_shards(collection: CollectionStore) -> list[str]:
    done = recover(collection)
    for shard in [row.shard for row in read_shards(collection.catalog)]:
        if shard_faults(collection, shard).faults:
            done += _repair_shard(collection, shard)
    return done + recover(collection)


def _repair_shard(collection: CollectionStore, shard: int) -> list[str]:
    """Repair a shard, under the write lock. Return a line, or none if it has no fault any more."""
    catalog, shards = collection.catalog, collection.shards
    with catalog.writing():
        found = inspect_shard(collection, shard)
        if not found.faults:
            return []
        kept = len(first_owners(catalog, [shard], SHARD_ROWS)) - len(found.bad_keys)
        if {fault.kind for fault in found.faults} & {"shard", "row"}:
            _replace_shard(collection, found)
        else:
            mark_stale_ids(catalog, shard)
    lost = len(found.bad_keys)
    return [f"{shards.features_path(shard)}: {kept} rows kept, {lost} images to be read again"]


def _replace_shard(collection: CollectionStore, found: ShardFaults) -> None:
    """Move the sound rows of a damaged shard to a new one, and give up the others.

    The files stay: `recover` sets them aside after the commit.
    """
    catalog, shards = collection.catalog, collection.shards
    record_lost_rows(catalog, found.bad_keys)
    give_up_rows(catalog, found.shard, found.bad_keys)
    moving = first_owners(catalog, [found.shard], SHARD_ROWS)
    if moving:
        target = next_shard_number(catalog)
        rows = shards.salvage(found.shard)[[row for *_, row in moving]]
        shards.write(target, 0, rows, [id_ for _, id_, _, _ in moving])
        add_shard(catalog, target, len(moving))
        move_rows(catalog, [key for key, *_ in moving], target)
    shards.mark_for_deletion(found.shard)
    delete_shards(catalog, [found.shard])


def _mark_files(collection: CollectionStore) -> list[str]:
    done = []
    faults = list(file_faults(collection))
    live = count_images(collection.catalog).live
    gone = sum(fault.kind == "missing" for fault in faults)
    if is_suspicious(live, gone):
        done.append(
            f"{gone:,} of {live:,} images have no file and are left as they are: mount the disk, "
            "or let them go with `sokkuri index --accept-removals`"
        )
        faults = [fault for fault in faults if fault.kind != "missing"]
    for fault in faults:
        if fault.kind in ("missing", "changed"):
            mark_file_fault(collection.catalog, fault.where, is_missing=fault.kind == "missing")
            done.append(f"{fault.where}: marked as {fault.kind}")
    return done
