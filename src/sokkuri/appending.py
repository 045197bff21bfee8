"""Where new vectors go: behind the last row of the open shard, and on to new shards.

Takes rows, inside a transaction of the catalog, and records where each lies. Rows are synced before
this returns; they count when the caller's transaction is committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.catalog import Catalog
from sokkuri.collection import Collection
from sokkuri.shards import SHARD_ROWS, checksums


@dataclass(frozen=True, slots=True, eq=False)
class NewRow:
    """A vector to append for the image `key`. vector : (D,) float32."""

    key: int
    id: str
    vector: NDArray[np.float32]


def append_rows(collection: Collection, rows: Sequence[NewRow]) -> None:
    """Append rows and point their images there. Raises StorageError when the disk refuses,
    CollectionError for a vector that the shards cannot hold."""
    catalog = collection.catalog
    done = 0
    while done < len(rows):
        shard, at = _open_shard(catalog)
        part = rows[done : done + SHARD_ROWS - at]
        features = collection.shards.stored(np.stack([row.vector for row in part]))
        collection.shards.write(shard, at, features, [row.id for row in part])
        catalog.run("UPDATE shards SET rows = ? WHERE shard = ?", [at + len(part), shard])
        for number, (row, checksum) in enumerate(zip(part, checksums(features), strict=True)):
            free_row(catalog, row.key)
            catalog.run(
                "UPDATE images SET model = 1, shard = ?, row = ?, checksum = ? WHERE key = ?",
                [shard, at + number, checksum, row.key],
            )
        done += len(part)


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
    shard = catalog.next_shard()
    catalog.run("INSERT INTO shards (shard, model) VALUES (?, 1)", [shard])
    return shard, 0
