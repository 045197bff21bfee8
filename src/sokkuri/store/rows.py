"""Where new vectors go: behind the last row of the open shard, and on to new shards.

Takes rows, inside a transaction of the catalog, and records where each lies. Rows are synced before
this returns; they count when the caller's transaction is committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import RowRef, StoredRows
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.shard_table import next_shard_number
from sokkuri.store.shards import SHARD_ROWS, checksums


@dataclass(frozen=True, slots=True, eq=False)
class NewRow:
    """A vector to append for the image `key`. vector : (D,) float32."""

    key: int
    id: str
    vector: NDArray[np.float32]


def append_rows(collection: CollectionStore, rows: Sequence[NewRow]) -> None:
    """Append rows and point their images there. Raises StorageError when the disk refuses,
    CollectionError for a vector that the shards cannot hold."""
    if not rows:
        return
    catalog = collection.catalog
    features = collection.shards.stored(np.stack([row.vector for row in rows]))
    places = place_rows(collection, features, [row.id for row in rows])
    for row, at, checksum in zip(rows, places, checksums(features), strict=True):
        free_row(catalog, row.key)
        catalog.run(
            "UPDATE images SET model = 1, shard = ?, row = ?, checksum = ? WHERE key = ?",
            [at.shard, at.row, checksum, row.key],
        )


def place_rows(
    collection: CollectionStore, features: StoredRows, ids: Sequence[str]
) -> list[RowRef]:
    """Append rows : (N, D), from `stored`; where each lies, for the caller to record in the same
    transaction. Raises StorageError when the disk refuses."""
    catalog = collection.catalog
    places: list[RowRef] = []
    while len(places) < len(ids):
        shard, at = _open_shard(catalog)
        part = slice(len(places), len(places) + SHARD_ROWS - at)
        collection.shards.write(shard, at, features[part], ids[part])
        rows = range(at, at + len(ids[part]))
        catalog.run("UPDATE shards SET rows = ? WHERE shard = ?", [rows.stop, shard])
        places += [RowRef(shard, row) for row in rows]
    return places


def free_row(catalog: Catalog, key: int) -> None:
    """The image's row, if it has one, counts no more: the shard's id column must say so."""
    catalog.run(
        "UPDATE shards SET stale_ids = 1 WHERE shard = (SELECT shard FROM images WHERE key = ?)",
        [key],
    )


def _open_shard(catalog: Catalog) -> tuple[int, int]:
    """The shard that rows are appended to, and how many it has."""
    row = catalog.one(
        "SELECT shard, rows FROM shards WHERE rows < ? ORDER BY shard LIMIT 1", [SHARD_ROWS]
    )
    if row is not None:
        return int(row[0]), int(row[1])
    shard = next_shard_number(catalog)
    catalog.run("INSERT INTO shards (shard, model) VALUES (?, 1)", [shard])
    return shard, 0
