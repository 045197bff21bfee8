"""The shards of earlier models, and of replacements that were given up, until they are deleted.

The catalog lists each of them by the name of its model and its number, so nothing else is ever
deleted. No image has a row in them. Whoever has one open can read it to the end.
"""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.leftovers import delete_partial_files, delete_set_aside
from sokkuri.store.migrations import create_table
from sokkuri.store.shards import ShardFolder


def record_old_shards(catalog: Catalog, name: str, shards: Iterable[int]) -> None:
    """Enter shards in the folder of the model `name`, inside a write transaction of the caller."""
    create_table(catalog, "old_shards")
    catalog.execute_many(
        "INSERT OR IGNORE INTO old_shards VALUES (?, ?)", ((name, shard) for shard in shards)
    )


def read_old_shards(catalog: Catalog) -> dict[str, list[int]]:
    """Return the numbers of the old shards in ascending order, by the name of their model."""
    found: dict[str, list[int]] = defaultdict(list)
    if catalog.has_table("old_shards"):
        for name, shard in catalog.iterate("SELECT name, shard FROM old_shards ORDER BY 1, 2"):
            found[name].append(shard)
    return dict(found)


def old_bytes(collection: CollectionStore) -> int:
    """Return the size of the files of all old shards, in bytes."""
    size = 0
    for name, shards in read_old_shards(collection.catalog).items():
        folder = _folder_of(collection, name)
        for shard in shards:
            for path in (folder.features_path(shard), folder.ids_path(shard)):
                with suppress(FileNotFoundError):
                    size += path.stat().st_size
    return size


def delete_old_shards(
    collection: CollectionStore, old: Mapping[str, Sequence[int]], used: Iterable[str]
) -> None:
    """Delete old shards, and what was derived from them. Safe to kill at any moment.

    old : from `read_old_shards`. used : names of the models that the collection has or gets, whose
    derived files stay. A system that does not delete files that are open leaves them to a later
    call. Raises StorageError.
    """
    catalog = collection.catalog
    kept = {collection.model.name, *used}
    for name, shards in old.items():
        folder = _folder_of(collection, name)
        for shard in shards:
            folder.delete(shard)
        gone = [shard for shard in shards if not folder.features_path(shard).exists()]
        with catalog.writing():
            catalog.execute_many(
                "DELETE FROM old_shards WHERE name = ? AND shard = ?",
                ((name, shard) for shard in gone),
            )
        if name in kept or len(gone) < len(shards):
            continue
        delete_set_aside(folder, except_for=())
        delete_partial_files(folder)
        shutil.rmtree(collection.home / "indexes" / name, ignore_errors=True)
        with suppress(OSError):  # it has files of others
            folder.folder.rmdir()


def _folder_of(collection: CollectionStore, name: str) -> ShardFolder:
    return ShardFolder(collection.home / "features" / name, collection.model.dimension)
