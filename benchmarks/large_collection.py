"""Write a large collection of synthetic vectors in seconds, for the search benchmarks.

    python -m benchmarks.large_collection REAL.npy ROOT ROWS DTYPE

Writes the same shards as `index`, and each shard's rows of the catalog in one transaction.
"""

import sys
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.features import mixtures
from sokkuri.api import Collection
from sokkuri.core.types import Features
from sokkuri.store.catalog import Catalog
from sokkuri.store.shards import checksum_rows


def write_collection(
    real: Path, root: Path, rows: int, dtype: Literal["float32", "float16"]
) -> None:
    """Write a collection of mixtures of the real vectors, without codes and approximate index."""
    root.mkdir(parents=True)
    with Collection.create(root, dtype=dtype) as collection:
        for shard, vectors in enumerate(mixtures(np.load(real), rows)):
            append_shard(collection, shard, vectors)


def append_shard(collection: Collection, shard: int, vectors: Features) -> None:
    """Append a shard. vectors : (N, D) float32, N <= 10,000."""
    first = shard * 10_000
    ids = [f"object/{first + number:08d}.jpg" for number in range(len(vectors))]
    stored = collection.shards.to_stored(vectors)
    with collection.catalog.writing():
        collection.shards.write(shard, 0, stored, ids)
        _record(collection.catalog, shard, ids, checksum_rows(stored))


def _record(catalog: Catalog, shard: int, ids: list[str], sums: list[int]) -> None:
    catalog.execute("INSERT INTO shards (shard, model, rows) VALUES (?, 1, ?)", [shard, len(ids)])
    catalog.execute_many(
        "INSERT INTO images (id, path, size, mtime_ns, width, height, model, shard, row, checksum,"
        " digest, todo) VALUES (?, ?, 10, 1, 640, 480, 1, ?, ?, ?, ?, 0)",
        (
            (id_, id_, shard, row, checksum, id_.encode())
            for row, (id_, checksum) in enumerate(zip(ids, sums, strict=True))
        ),
    )


if __name__ == "__main__":
    kind: Literal["float32", "float16"] = "float16" if sys.argv[4] == "float16" else "float32"
    write_collection(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), kind)
