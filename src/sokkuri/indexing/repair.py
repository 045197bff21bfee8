"""Repair the faults that `verify` finds, without losing a good row.

Takes a collection with faults. Gives up rows that are lost or changed, so that the next run reads
their images again; rewrites id columns from the catalog; cuts off rows that were never committed;
marks images whose files are gone or changed. All other rows stay.

A shard that was cut grows again with other rows in the same places. Rows change in no other way.
So everything derived from the shard is dropped first.
"""

from sokkuri.indexing.verify import ShardFaults, file_faults, shard_faults
from sokkuri.search.ann_files import delete_ann
from sokkuri.search.code_files import delete_codes
from sokkuri.search.push_log import mark_uncertain
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import mark_file_fault
from sokkuri.store.shard_table import cut_shard, delete_shards, give_up_rows, read_shards


def repair(collection: CollectionStore) -> list[str]:
    """Repair the collection; return a line for each repair. `verify` finds what is left."""
    done: list[str] = []
    collection.recover()
    for shard in [row.shard for row in read_shards(collection.catalog)]:
        found = shard_faults(collection, shard)
        if found.faults:
            delete_ann(collection)
            delete_codes(collection)
            mark_uncertain(collection, shard)
            done.append(_repair_shard(collection, found))
    collection.recover()
    done += _mark_files(collection)
    return done


def _repair_shard(collection: CollectionStore, found: ShardFaults) -> str:
    catalog, shards = collection.catalog, collection.shards
    with catalog.writing():
        left, last = give_up_rows(catalog, found.shard, found.bad_keys)
        if last is not None:
            shards.mend_header(found.shard, last + 1)
            cut_shard(catalog, found.shard, last + 1)
        else:
            delete_shards(catalog, [found.shard])
    return (
        f"{shards.features_path(found.shard)}: {left} rows kept, "
        f"{len(found.bad_keys)} images to be read again"
    )


def _mark_files(collection: CollectionStore) -> list[str]:
    done = []
    for fault in list(file_faults(collection)):
        if fault.kind in ("missing", "changed"):
            mark_file_fault(collection.catalog, fault.where, is_missing=fault.kind == "missing")
            done.append(f"{fault.where}: marked as {fault.kind}")
    return done
