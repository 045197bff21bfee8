"""Write a large collection of synthetic vectors in seconds, for the search benchmarks.

    python -m benchmarks.large_collection REAL.npy ROOT ROWS DTYPE

Writes the same shards as `index`, and each shard's rows of the catalog in one transaction.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """What the catalog knows of an image file. id : also its path. mtime_ns : its time stamp."""

    id: str
    size: int
    mtime_ns: int
    width: int
    height: int
    digest: bytes


def append_shard(
    collection: Collection,
    shard: int,
    vectors: Features,
    files: Sequence[IndexedFile] | None = None,
) -> None:
    """Append a shard. vectors : (N, D) float32, N <= 10,000. files : of the rows; None for images
    without files."""
    files = files or [_absent_file(shard * 10_000 + row) for row in range(len(vectors))]
    stored = collection.shards.to_stored(vectors)
    with collection.catalog.writing():
        collection.shards.write(shard, 0, stored, [file.id for file in files])
        _record(collection.catalog, shard, files, checksum_rows(stored))


def _absent_file(number: int) -> IndexedFile:
    id_ = f"object/{number:08d}.jpg"
    return IndexedFile(id_, 10, 1, 640, 480, id_.encode())


def _record(catalog: Catalog, shard: int, files: Sequence[IndexedFile], sums: list[int]) -> None:
    catalog.execute("INSERT INTO shards (shard, model, rows) VALUES (?, 1, ?)", [shard, len(files)])
    catalog.execute_many(
        "INSERT INTO images (id, path, size, mtime_ns, width, height, model, shard, row, checksum,"
        " digest, todo) VALUES (?1, ?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, 0)",
        (
            (
                file.id, file.size, file.mtime_ns, file.width, file.height,
                shard, row, checksum, file.digest,
            )
            for row, (file, checksum) in enumerate(zip(files, sums, strict=True))
        ),
    )  # fmt: skip


if __name__ == "__main__":
    kind: Literal["float32", "float16"] = "float16" if sys.argv[4] == "float16" else "float32"
    write_collection(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), kind)
