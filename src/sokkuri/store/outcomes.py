"""Record the outcome of a run for an image, with one function for each kind of outcome.

All functions run inside a write transaction of the caller (indexing/writer.py).
"""

from dataclasses import dataclass

from sokkuri.core.types import FileFingerprint, FileStat, RowRef
from sokkuri.store.annotations import know_content
from sokkuri.store.catalog import Catalog
from sokkuri.store.damage import record_damage
from sokkuri.store.database import as_text

_SETTLED = "todo = 0, claim = NULL, deaths = 0"
_CLEAN = f"stage = NULL, reason = NULL, {_SETTLED}"


@dataclass(frozen=True, slots=True)
class ImageState:
    """An image as the catalog records it before its outcome.

    `shard` : None without a row. `is_new` : the image has neither a row nor a failure.
    """

    shard: int | None
    digest: bytes | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class SameContent:
    """An image that has equal bytes and a row. `is_missing` : its file is gone."""

    key: int
    at: RowRef
    width: int
    height: int
    is_missing: bool


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The properties of an image's file. `width`, `height` : in pixels, None if unknown. `damage` :
    what is missing in it, "" if that is nothing or unknown."""

    fingerprint: FileFingerprint
    width: int | None
    height: int | None
    damage: str = ""


def read_state(catalog: Catalog, key: int) -> ImageState:
    """Return the image `key` as the catalog records it."""
    shard, digest, stage = catalog.fetch_one(
        "SELECT shard, digest, stage FROM images WHERE key = ?", [key]
    )
    return ImageState(shard, digest, is_new=shard is None and stage is None)


def find_same_content(catalog: Catalog, digest: bytes) -> SameContent | None:
    """Return an image that has these bytes and a row, or None; prefer an image without a file."""
    row = catalog.fetch_one(
        "SELECT key, shard, row, width, height, missing FROM images"
        " WHERE digest = ? AND shard IS NOT NULL"
        " ORDER BY missing IS NULL, key LIMIT 1",
        [digest],
    )
    if row is None:
        return None
    key, shard, number, width, height, missing = row
    return SameContent(key, RowRef(shard, number), width, height, missing is not None)


def has_content(catalog: Catalog, digest: bytes | None) -> bool:
    """Return whether any image has these bytes and a row."""
    row = catalog.fetch_one(
        "SELECT 1 FROM images WHERE digest = ? AND shard IS NOT NULL LIMIT 1", [digest]
    )
    return row is not None


def free_row(catalog: Catalog, key: int) -> None:
    """Mark the id column of the image's shard as stale, if the image has a row."""
    catalog.execute(
        "UPDATE shards SET stale_ids = 1 WHERE shard = (SELECT shard FROM images WHERE key = ?)",
        [key],
    )


def record_row(catalog: Catalog, key: int, at: RowRef, checksum: int) -> None:
    """Record the image's new row and the row's checksum, and change nothing else."""
    free_row(catalog, key)
    catalog.execute(
        "UPDATE images SET model = 1, shard = ?, row = ?, checksum = ? WHERE key = ?",
        [at.shard, at.row, checksum, key],
    )


def record_extracted(
    catalog: Catalog, key: int, at: RowRef, checksum: int, file: FileRecord
) -> None:
    """Record the image's new row, and the file that the row was made from."""
    free_row(catalog, key)
    know_content(catalog, key, file.fingerprint.digest)
    if file.damage:
        record_damage(catalog, {file.fingerprint.digest: file.damage})
    stat = file.fingerprint.stat
    catalog.execute(
        "UPDATE images SET model = 1, shard = ?, row = ?, checksum = ?, size = ?, mtime_ns = ?,"  # noqa: S608
        f" digest = ?, width = ?, height = ?, {_CLEAN} WHERE key = ?",
        [
            at.shard, at.row, checksum, stat.size, stat.mtime_ns, file.fingerprint.digest,
            file.width, file.height, key,
        ],
    )  # fmt: skip


def record_file(catalog: Catalog, key: int, file: FileRecord) -> None:
    """Record the file of an image that already has a row: no work is left to do."""
    know_content(catalog, key, file.fingerprint.digest)
    stat = file.fingerprint.stat
    catalog.execute(
        "UPDATE images SET size = ?, mtime_ns = ?, digest = ?, width = ?, height = ?,"  # noqa: S608
        f" {_CLEAN} WHERE key = ?",
        [stat.size, stat.mtime_ns, file.fingerprint.digest, file.width, file.height, key],
    )


def record_removed(catalog: Catalog, key: int, fingerprint: FileFingerprint) -> None:
    """Record that the image is one that was removed: it needs no row. Its digest must be that of
    `annotations.find_removed`."""
    know_content(catalog, key, fingerprint.digest)
    stat = fingerprint.stat
    catalog.execute(
        f"UPDATE images SET size = ?, mtime_ns = ?, digest = ?, {_CLEAN} WHERE key = ?",  # noqa: S608
        [stat.size, stat.mtime_ns, fingerprint.digest, key],
    )


def record_touch(catalog: Catalog, key: int, stat: FileStat) -> None:
    """Record a new time stamp of unchanged bytes: the image keeps its row."""
    catalog.execute(
        f"UPDATE images SET size = ?, mtime_ns = ?, {_CLEAN} WHERE key = ?",  # noqa: S608
        [stat.size, stat.mtime_ns, key],
    )


def record_failure(
    catalog: Catalog, key: int, stage: str, reason: str, fingerprint: FileFingerprint | None
) -> None:
    """Record why an image has no row. fingerprint : None if its bytes could not be read.

    An imported vector stays, because nothing but the import can make it again.
    """
    if fingerprint is None and _is_imported(catalog, key):
        catalog.execute(
            f"UPDATE images SET stage = ?, reason = CAST(? AS TEXT), {_SETTLED} WHERE key = ?",  # noqa: S608
            [stage, as_text(reason), key],
        )
        return
    free_row(catalog, key)
    if fingerprint is not None:
        know_content(catalog, key, fingerprint.digest)
    stat = None if fingerprint is None else fingerprint.stat
    catalog.execute(
        f"UPDATE images SET stage = ?, reason = CAST(? AS TEXT), {_SETTLED},"  # noqa: S608
        " size = coalesce(?, size), mtime_ns = coalesce(?, mtime_ns),"
        " digest = ?, width = NULL, height = NULL,"
        " model = NULL, shard = NULL, row = NULL, checksum = NULL WHERE key = ?",
        [
            stage, as_text(reason),
            None if stat is None else stat.size, None if stat is None else stat.mtime_ns,
            None if fingerprint is None else fingerprint.digest, key,
        ],
    )  # fmt: skip


def _is_imported(catalog: Catalog, key: int) -> bool:
    """Return whether the image has a vector that was not made from its file."""
    found = catalog.fetch_one(
        "SELECT 1 FROM images WHERE key = ? AND shard IS NOT NULL AND digest IS NULL", [key]
    )
    return found is not None


def record_gone(catalog: Catalog, key: int, run: int) -> None:
    """Record that the run `run` found the image's file gone."""
    catalog.execute("UPDATE images SET missing = ?, claim = NULL WHERE key = ?", [run, key])


def record_move(catalog: Catalog, key: int, from_key: int, stat: FileStat) -> bool:
    """Give the image `key` the row and the marks of the image `from_key`, whose file vanished;
    return whether searches may find it, which is not so for a removed image."""
    free_row(catalog, key)
    free_row(catalog, from_key)  # the row stays, under another id
    columns = "digest, width, height, model, shard, row, checksum"
    *values, removed = catalog.fetch_one(
        f"SELECT {columns}, removed FROM images WHERE key = ?",  # noqa: S608
        [from_key],
    )
    know_content(catalog, key, values[0])
    catalog.execute("DELETE FROM images WHERE key = ?", [from_key])
    catalog.execute(
        f"UPDATE images SET ({columns}) = (?, ?, ?, ?, ?, ?, ?), removed = max(removed, ?),"  # noqa: S608
        f" size = ?, mtime_ns = ?, {_CLEAN} WHERE key = ?",
        [*values, removed, stat.size, stat.mtime_ns, key],
    )
    return not catalog.fetch_one("SELECT removed FROM images WHERE key = ?", [key])[0]
