"""Repair the faults that `verify` finds, without losing a good row.

Takes a collection with faults. Gives up rows that are lost or changed, so that the next run reads
their images again; rewrites id columns from the catalog; cuts off rows that were never committed;
marks images whose files are gone or changed. All other rows stay.

A shard that was cut grows again with other rows in the same places. Rows change in no other way.
So everything derived from the shard is dropped first.
"""

from sokkuri.indexing.verify import ShardFaults, file_faults, shard_faults
from sokkuri.search.ann_files import forget_ann
from sokkuri.search.code_files import forget_codes
from sokkuri.search.push_log import doubt
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import as_text
from sokkuri.store.shard_table import read_shards


def repair(collection: CollectionStore) -> list[str]:
    """Repair the collection; return a line for each repair. `verify` finds what is left."""
    done: list[str] = []
    collection.recover()
    for shard in [row.shard for row in read_shards(collection.catalog)]:
        found = shard_faults(collection, shard)
        if found.faults:
            forget_ann(collection)
            forget_codes(collection)
            doubt(collection, shard)
            done.append(_repair_shard(collection, found))
    collection.recover()
    done += _mark_files(collection)
    return done


def _repair_shard(collection: CollectionStore, found: ShardFaults) -> str:
    catalog, shards = collection.catalog, collection.shards
    with catalog.writing():
        catalog.run_many(
            "UPDATE images SET todo = (removed = 0), model = NULL, shard = NULL, row = NULL,"
            " checksum = NULL WHERE key = ? AND shard = ?",
            ((key, found.shard) for key in found.bad_keys),
        )
        left, last = catalog.one(
            "SELECT count(*), max(row) FROM images WHERE shard = ?", [found.shard]
        )
        if left:
            shards.mend_header(found.shard, last + 1)
            catalog.run(
                "UPDATE shards SET stale_ids = 1, rows = ? WHERE shard = ?",
                [last + 1, found.shard],
            )
        else:
            catalog.run("DELETE FROM shards WHERE shard = ?", [found.shard])
    return (
        f"{shards.features_path(found.shard)}: {left} rows kept, "
        f"{len(found.bad_keys)} images to be read again"
    )


def _mark_files(collection: CollectionStore) -> list[str]:
    done = []
    marks = {"missing": "missing = 0", "changed": "todo = 1"}
    for fault in list(file_faults(collection)):
        if fault.kind in marks:
            collection.catalog.run(
                f"UPDATE images SET {marks[fault.kind]} WHERE id = CAST(? AS TEXT)",  # noqa: S608
                [as_text(fault.where)],
            )
            done.append(f"{fault.where}: marked as {fault.kind}")
    return done
