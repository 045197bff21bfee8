"""Append new vectors: behind the last row of the open shard, then in new shards.

Takes vectors inside a write transaction of the caller, and records or returns the position of each.
The rows are synced before a function returns; they count when the caller commits the transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import CollectionError
from sokkuri.core.types import RowRef, StoredRows
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.outcomes import FileRecord, record_extracted, record_row
from sokkuri.store.shard_table import add_shard, find_open_shard, next_shard_number, set_rows
from sokkuri.store.shards import SHARD_ROWS, checksum_rows


@dataclass(frozen=True, slots=True, eq=False)
class NewRow:
    """A vector to append for the image `key`.

    vector : (D,) float32. file : the file that the vector was made from, None for an imported
    vector.
    """

    key: int
    id: str
    vector: NDArray[np.float32]
    file: FileRecord | None = None


def append_rows(collection: CollectionStore, rows: Sequence[NewRow]) -> None:
    """Append rows, and record their positions for their images.

    Raises StorageError when the disk refuses, CollectionError for a vector with numbers too large
    for the dtype of the shards.
    """
    if not rows:
        return
    catalog = collection.catalog
    features = collection.shards.to_stored(np.stack([row.vector for row in rows]))
    places = store_rows(collection, features, [row.id for row in rows])
    for row, at, checksum in zip(rows, places, checksum_rows(features), strict=True):
        if row.file is None:
            record_row(catalog, row.key, at, checksum)
        else:
            record_extracted(catalog, row.key, at, checksum, row.file)


def store_rows(
    collection: CollectionStore, features: StoredRows, ids: Sequence[str]
) -> list[RowRef]:
    """Append rows and return their N positions; the caller records them in the same transaction.

    features : (N, D), from `ShardFolder.to_stored`. ids : N strings. Raises CollectionError for a
    row that is not finite, StorageError when the disk refuses.
    """
    for number in np.flatnonzero(~np.isfinite(features).all(axis=1))[:1].tolist():
        raise CollectionError(f"the vector of {ids[number]} has numbers that are not finite")
    catalog = collection.catalog
    places: list[RowRef] = []
    while len(places) < len(ids):
        shard, at = _open_shard(catalog)
        part = slice(len(places), len(places) + SHARD_ROWS - at)
        collection.shards.write(shard, at, features[part], ids[part])
        rows = range(at, at + len(ids[part]))
        set_rows(catalog, shard, rows.stop)
        places += [RowRef(shard, row) for row in rows]
    return places


def _open_shard(catalog: Catalog) -> tuple[int, int]:
    """Return the shard that takes the next row and its number of rows; add one if all are full."""
    open_shard = find_open_shard(catalog, SHARD_ROWS)
    if open_shard is not None:
        return open_shard
    shard = next_shard_number(catalog)
    add_shard(catalog, shard)
    return shard, 0
