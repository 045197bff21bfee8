"""Read images of a part and of the target, and copy them from the part to the target.

Takes an open part and the open target; reads images of both in chunks, copies vectors after a check
of their checksums, and writes rows of the catalog, inside transactions of the caller (merge.py).
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import xxhash

from sokkuri.core.errors import DamagedError
from sokkuri.core.types import RowRef, StoredRows
from sokkuri.indexing.parts.gather import PartStore
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import as_text
from sokkuri.store.decisions import add_decisions, read_decisions
from sokkuri.store.labels import add_labels, said_labels
from sokkuri.store.rows import free_row, place_rows
from sokkuri.store.shards import checksums

CHUNK = 2_000
"""Images of one commit, which a crash can cost."""

_IDS_AT_ONCE = 400
_COLUMNS = (
    "id, path, size, mtime_ns, digest, width, height, checksum, stage, reason, todo, missing,"
    " removed, model, shard, row"
)
_VALUES = "CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?"
_ENTER = f"INSERT INTO images ({_COLUMNS}) VALUES ({_VALUES})"  # noqa: S608
_REPLACE = f"UPDATE images SET ({_COLUMNS}) = ({_VALUES}), claim = NULL, deaths = 0 WHERE key = ?"  # noqa: S608
_TOUCH = (
    "UPDATE images SET id = CAST(? AS TEXT), path = CAST(? AS TEXT), size = ?, mtime_ns = ?,"
    " missing = NULL, stage = NULL, reason = NULL, todo = 0, claim = NULL, deaths = 0 WHERE key = ?"
)
_OF_IMAGE = (
    "id, path, size, mtime_ns, digest, width, height, checksum, stage, reason, todo, missing,"
    " removed, shard, row"
)
PRESENT = "missing IS NULL"
ABSENT = "missing IS NOT NULL AND shard IS NOT NULL"


class PartImage(NamedTuple):
    """An image in a part."""

    id: str
    path: str
    size: int
    mtime_ns: int
    digest: bytes | None
    width: int | None
    height: int | None
    checksum: int | None
    stage: str | None
    reason: str | None
    todo: int
    missing: int | None
    removed: int
    shard: int | None
    row: int | None

    def values(self, at: RowRef | None, *, removed: int, missing: int | None = None) -> list[Any]:
        """Return the values of _COLUMNS. at : the row of its vector in the target."""
        reason = None if self.reason is None else as_text(self.reason)
        return [
            as_text(self.id), as_text(self.path), *self[2:9], reason, self.todo, missing, removed,
            *((None, None, None) if at is None else (1, at.shard, at.row)),
        ]  # fmt: skip


class TargetImage(NamedTuple):
    """An image in the target."""

    key: int
    id: str
    path: str
    size: int
    mtime_ns: int
    digest: bytes | None
    shard: int | None
    todo: int
    removed: int
    missing: int | None


def iter_images(part: CollectionStore, condition: str = "true") -> Iterator[list[PartImage]]:
    """Yield the images of a part that satisfy the SQL condition, in chunks."""
    rows = part.catalog.each(f"SELECT {_OF_IMAGE} FROM images WHERE {condition} ORDER BY key")  # noqa: S608
    while chunk := [PartImage._make(row) for row in islice(rows, CHUNK)]:
        yield chunk


def find_existing(catalog: Catalog, ids: Sequence[str]) -> dict[str, TargetImage]:
    """Return the images with these ids that the target has, by id."""
    found: dict[str, TargetImage] = {}
    for at in range(0, len(ids), _IDS_AT_ONCE):
        chunk = [as_text(id_) for id_ in ids[at : at + _IDS_AT_ONCE]]
        marks = ", ".join(["CAST(? AS TEXT)"] * len(chunk))
        for row in catalog.each(
            "SELECT key, id, path, size, mtime_ns, digest, shard, todo, removed, missing"  # noqa: S608
            f" FROM images WHERE id IN ({marks})",
            chunk,
        ):
            existing = TargetImage._make(row)
            found[existing.id] = existing
    return found


def copy_rows(
    whole: CollectionStore, store: PartStore, part: CollectionStore, images: Sequence[PartImage]
) -> list[RowRef | None]:
    """Append the images' vectors to the target; return their rows, None for images without one.

    Raises DamagedError, StorageError.
    """
    with_row = [image for image in images if image.shard is not None]
    vectors = _vectors(store, part, with_row)
    at = iter(place_rows(whole, vectors, [image.id for image in with_row]))
    return [None if image.shard is None else next(at) for image in images]


def _vectors(store: PartStore, part: CollectionStore, images: Sequence[PartImage]) -> StoredRows:
    """Return the images' vectors, (N, D) in the dtype of the part.

    Raises DamagedError if a vector does not match its checksum.
    """
    mend = f"run `sokkuri verify --repair -C {store.store}` and `sokkuri index -C {store.store}`"
    try:
        places = [(image.shard or 0, image.row or 0) for image in images]
        rows: StoredRows = np.asarray(part.vectors(places), part.shards.dtype)
    except DamagedError as error:
        what = str(error).partition(": run ")[0]
        raise DamagedError(f"{store} is damaged: {what}: {mend}, then merge again") from error
    for image, found in zip(images, checksums(rows), strict=True):
        if found != image.checksum:
            raise DamagedError(
                f"{store} is damaged: the vector of {image.id} is not as it was written: {mend}, "
                "then merge again"
            )
    return rows


def enter(
    catalog: Catalog,
    images: Sequence[PartImage],
    places: Sequence[RowRef | None],
    missing: int | None = None,
) -> None:
    """Add images that the target lacks. missing : the run that found their files gone."""
    pairs = zip(images, places, strict=True)
    rows = (image.values(at, removed=image.removed, missing=missing) for image, at in pairs)
    catalog.run_many(_ENTER, rows)


def replace_image(
    catalog: Catalog, existing: TargetImage, image: PartImage, at: RowRef | None
) -> None:
    """Replace all data of an image in the target by the part's, except its removal mark."""
    free_row(catalog, existing.key)
    catalog.run(_REPLACE, [*image.values(at, removed=existing.removed), existing.key])


def touch(catalog: Catalog, key: int, image: PartImage) -> None:
    """Take over id, path, size and time of the file; the image keeps its vector and is done."""
    values = [as_text(image.id), as_text(image.path), image.size, image.mtime_ns, key]
    catalog.run(_TOUCH, values)


def merge_annotations(catalog: Catalog, part: Catalog, key: str) -> None:
    """Copy labels and decisions from the part, if they have changed since the last merge.

    So later labels and decisions in the target stay.
    """
    digest = annotations_digest(part)
    if digest == catalog.meta(key):
        return
    with catalog.writing():
        add_labels(catalog, said_labels(part))
        add_decisions(catalog, read_decisions(part))
        catalog.set_meta(key, digest)


def annotations_digest(catalog: Catalog) -> str:
    """Return a digest of all labels, decisions and removals of a collection."""
    digest = xxhash.xxh3_64()
    tables = {"labels": "content, label", "different": "first, second", "kept": "content"}
    for table, columns in tables.items():
        if catalog.has_table(table):
            for row in catalog.each(f"SELECT {columns} FROM {table} ORDER BY {columns}"):  # noqa: S608
                digest.update(repr((table, row)).encode())
    for (id_,) in catalog.each("SELECT id FROM images WHERE removed = 1 ORDER BY id"):
        digest.update(as_text(id_) + b"\0")
    return digest.hexdigest()


def annotations_key(store: PartStore) -> str:
    """Return the key under which the target saves the digest of a part's annotations."""
    return f"said {store.part}"
