"""Clear what a crash left in a store, and take back vectors that were lost.

Takes an open collection; holds the write lock while it works, so no other process can write
meanwhile. A shard that the catalog does not know is deleted only if a crash left it
(unfinished.py). If a repair gave it up, its vectors are taken back, and what cannot be used is kept
in the folder `damaged` until each of its images has a vector again. Others are a person's, and
stay; one in the place of the next shard moves to the folder `unknown`.
"""

from sokkuri.store.collection import CollectionStore
from sokkuri.store.leftovers import (
    delete_partial_files,
    delete_set_aside,
    delete_unfinished,
    make_room,
    set_aside,
)
from sokkuri.store.lost_rows import (
    find_lost_rows,
    forget_found_rows,
    forget_lost_rows,
    is_wanted,
    lost_shards,
    return_row,
)
from sokkuri.store.read_rows import unsound_rows
from sokkuri.store.rows import store_rows
from sokkuri.store.shard_table import next_shard_number, read_shards


def recover(collection: CollectionStore) -> list[str]:
    """Clear uncommitted rows and shards, take lost vectors back, rewrite stale id columns.

    Returns a line for each shard that came back or was moved aside. Raises StorageError.
    """
    catalog, shards = collection.catalog, collection.shards
    lines: list[str] = []
    with catalog.writing():
        counted = {shard.shard: shard.rows for shard in read_shards(catalog)}
        for shard, rows in counted.items():
            shards.truncate(shard, rows)
        forget_found_rows(catalog)
        lost = lost_shards(catalog)
        delete_unfinished(shards, counted, lost)
        lines += make_room(shards, next_shard_number(catalog))
        for number in sorted({*lost} & {*shards.list_shards()} - {*counted}):
            lines += _take_back(collection, number)
    with catalog.writing():  # files are moved only when the rows that were in them are committed
        still_lost = lost_shards(catalog)
        for number in {*lost} - {shard.shard for shard in read_shards(catalog)}:
            if number in still_lost:
                set_aside(shards, number)
            else:
                shards.mark_for_deletion(number)
                shards.delete(number)
        delete_set_aside(shards, except_for=still_lost)
        delete_partial_files(shards)
    collection.rewrite_id_columns()
    return lines


def _take_back(collection: CollectionStore, shard: int) -> list[str]:
    """Give the vectors of a returned shard to the images that lost them; return a line about it.

    Vectors of the shard that are damaged stay lost.
    """
    catalog, shards = collection.catalog, collection.shards
    lost = find_lost_rows(catalog, shard)
    found = shards.salvage(shard)
    inside = [row for row in lost if row.row < len(found)]
    rows = found[[row.row for row in inside]]
    bad = {*unsound_rows(rows, [row.checksum for row in inside]).tolist()}
    sound = [number for number in range(len(inside)) if number not in bad]
    wanted = [number for number in sound if is_wanted(catalog, inside[number])]
    returned = [inside[number] for number in wanted]
    places = store_rows(collection, rows[wanted], [row.id for row in returned])
    for row, place in zip(returned, places, strict=True):
        return_row(catalog, row, place.shard, place.row)
    forget_lost_rows(catalog, [inside[number] for number in sound])
    if not wanted:
        return []
    return [f"{shards.features_path(shard)} is back: {len(wanted)} vectors were taken from it"]
