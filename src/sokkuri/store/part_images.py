"""Queries for merging a part of a collection into the target collection: images and their rows."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeAlias

import xxhash

from sokkuri.core.paths import is_path_below
from sokkuri.core.types import FileStat, RowRef
from sokkuri.store.annotations import know_content
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.images import ids_in
from sokkuri.store.labels import MAX_LENGTH
from sokkuri.store.outcomes import free_row

CHUNK = 2_000
"""Images of one commit: at most the work on these is lost in a crash."""

_COLUMNS = (
    "id, path, size, mtime_ns, digest, width, height, checksum, stage, reason, todo, missing,"
    " removed, model, shard, row"
)
_VALUES = "CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?"
_ENTER = f"INSERT INTO images ({_COLUMNS}) VALUES ({_VALUES})"  # noqa: S608
_CLEAR = "ctime_ns = NULL, claim = NULL, deaths = 0"  # the next run learns the time of a change
_REPLACE = f"UPDATE images SET ({_COLUMNS}) = ({_VALUES}), {_CLEAR} WHERE key = ?"  # noqa: S608
_TOUCH = (
    "UPDATE images SET id = CAST(? AS TEXT), path = CAST(? AS TEXT), size = ?, mtime_ns = ?,"  # noqa: S608
    f" missing = NULL, stage = NULL, reason = NULL, todo = 0, {_CLEAR} WHERE key = ?"
)
_OF_IMAGE = (
    "id, path, size, mtime_ns, digest, width, height, checksum, stage, reason, todo, missing,"
    " removed, shard, row"
)
_ABSENT = "missing IS NOT NULL AND shard IS NOT NULL"
_CONDITIONS = {
    "all": "true",
    "present": "missing IS NULL",
    "absent": _ABSENT,
    "removed": "removed = 1 AND missing IS NOT NULL AND digest IS NOT NULL",
}

_SOUND = (
    "typeof(id) = 'text' AND typeof(path) = 'text' AND typeof(size) = 'integer'"
    " AND typeof(mtime_ns) = 'integer' AND typeof(todo) = 'integer' AND removed IN (0, 1)"
    " AND (digest IS NULL OR typeof(digest) IN ('blob', 'text'))"
    " AND (width IS NULL OR typeof(width) = 'integer')"
    " AND (height IS NULL OR typeof(height) = 'integer')"
    " AND (reason IS NULL OR typeof(reason) = 'text')"
    " AND (stage IS NULL OR typeof(stage) = 'text')"
    " AND (shard IS NULL OR (typeof(shard) = 'integer' AND typeof(row) = 'integer'"
    " AND typeof(checksum) = 'integer' AND shard >= 0 AND row >= 0))"
)

PartImages: TypeAlias = Literal["all", "present", "absent", "removed"]


class PartImage(NamedTuple):
    """An image as the catalog of a part records it."""

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

    def values(self, row: RowRef | None, *, removed: int, missing: int | None = None) -> list[Any]:
        """Return the values for `_COLUMNS`. row : the vector's row in the target collection."""
        reason = None if self.reason is None else as_text(self.reason)
        return [
            as_text(self.id), as_text(self.path), *self[2:9], reason, self.todo, missing, removed,
            *((None, None, None) if row is None else (1, row.shard, row.row)),
        ]  # fmt: skip


class TargetImage(NamedTuple):
    """The same image as the catalog of the target collection records it."""

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


def iter_images(catalog: Catalog, which: PartImages = "all") -> Iterator[list[PartImage]]:
    """Yield the images of a part in chunks of up to `CHUNK`, ordered by key.

    which : `all`; `present` for images that have a file; `absent` for images that have a row and no
    file; `removed` for removed images that have no file, and that are known by their bytes.
    """
    condition = _CONDITIONS[which]
    rows = catalog.iterate(f"SELECT {_OF_IMAGE} FROM images WHERE {condition} ORDER BY key")  # noqa: S608
    while chunk := [PartImage._make(row) for row in islice(rows, CHUNK)]:
        yield chunk


def find_existing(catalog: Catalog, ids: Sequence[str]) -> dict[str, TargetImage]:
    """Return the images of the target collection with these ids, by id; leave unknown ids out."""
    images: dict[str, TargetImage] = {}
    for condition in ids_in(ids):
        for row in catalog.iterate(
            "SELECT key, id, path, size, mtime_ns, digest, shard, todo, removed, missing"  # noqa: S608
            f" FROM images WHERE {condition.sql}",
            condition.values,
        ):
            image = TargetImage._make(row)
            images[image.id] = image
    return images


def enter(
    catalog: Catalog,
    images: Sequence[PartImage],
    rows: Sequence[RowRef | None],
    missing: int | None = None,
) -> None:
    """Enter images that the target collection does not have.

    rows : the position of each image's vector, None for an image without a row. missing : the run
    that found the files gone.
    """
    pairs = zip(images, rows, strict=True)
    values = (image.values(row, removed=image.removed, missing=missing) for image, row in pairs)
    catalog.execute_many(_ENTER, values)


def replace_image(
    catalog: Catalog, existing: TargetImage, image: PartImage, row: RowRef | None
) -> None:
    """Replace an image of the target collection by the part's image; keep the mark `removed`."""
    free_row(catalog, existing.key)
    if image.digest is not None:
        know_content(catalog, existing.key, image.digest)
    catalog.execute(_REPLACE, [*image.values(row, removed=existing.removed), existing.key])


def touch(catalog: Catalog, key: int, image: PartImage) -> None:
    """Record the part's file for an image of the target collection that keeps its vector.

    No work on the image is left to do.
    """
    values = [as_text(image.id), as_text(image.path), image.size, image.mtime_ns, key]
    catalog.execute(_TOUCH, values)


def find_unsound(catalog: Catalog) -> str | None:
    """Return what is wrong with an image or a label of a part, or None: a stranger may have made
    it.

    A path that leads out of the folder, or a value of a wrong type, is never merged.
    """
    odd = catalog.fetch_one(f"SELECT key FROM images WHERE NOT ({_SOUND}) LIMIT 1")  # noqa: S608
    if odd is not None:
        return f"its image number {odd[0]} has impossible values"
    # Only a few paths look like this, so few are looked at here.
    suspects = catalog.iterate(
        "SELECT id, path FROM images WHERE instr(path, '..') OR instr(path, '//')"
        " OR instr(path, './') OR path LIKE '/%' OR path LIKE '%/' OR path LIKE '%.'"
        " OR instr(path, char(92)) OR instr(path, ':') OR instr(CAST(path AS BLOB), x'00')"
        " OR instr(CAST(id AS BLOB), x'00') OR path = '' OR id = ''"
    )
    for id_, path in suspects:
        if not is_path_below(path) or not id_ or "\0" in id_:
            return f"the path {path!r} leads out of the folder of images"
    if catalog.has_table("labels"):
        odd = catalog.fetch_one(
            "SELECT 1 FROM labels WHERE typeof(content) <> 'blob' OR typeof(label) <> 'text'"
            " OR typeof(turn) <> 'integer' OR length(label) NOT BETWEEN 1 AND ? LIMIT 1",
            [MAX_LENGTH],
        )
    return None if odd is None else "a label has impossible values"


def has_absent(catalog: Catalog) -> bool:
    """Return whether any image has a row and no file."""
    return catalog.fetch_one(f"SELECT 1 FROM images WHERE {_ABSENT} LIMIT 1") is not None  # noqa: S608


def find_absent(catalog: Catalog, digest: bytes | None) -> tuple[int, int] | None:
    """Return an image that has these bytes, a row and no file, or None.

    It is (key, run that found its file gone).
    """
    row = catalog.fetch_one(
        f"SELECT key, missing FROM images WHERE digest = ? AND {_ABSENT} ORDER BY key LIMIT 1",  # noqa: S608
        [digest],
    )
    return None if row is None else (int(row[0]), int(row[1]))


def count_present(catalog: Catalog) -> int:
    """Return how many images have a file."""
    return int(catalog.fetch_one("SELECT count(*) FROM images WHERE missing IS NULL")[0])


def count_all(catalog: Catalog) -> tuple[int, int]:
    """Return the number of all images, and the number of images that have a row and no file."""
    images, absent = catalog.fetch_one(f"SELECT count(*), total({_ABSENT}) FROM images")  # noqa: S608
    return int(images), int(absent)


def known_files(catalog: Catalog, *, present: bool) -> Iterator[tuple[str, FileStat]]:
    """Yield the id and the stat of each image that has a file, or of those without one.

    An image without a file has a stat that no file has.
    """
    condition = "missing IS NULL" if present else "missing IS NOT NULL"
    rows = catalog.iterate(f"SELECT id, size, mtime_ns FROM images WHERE {condition}")  # noqa: S608
    for id_, size, mtime_ns in rows:
        yield id_, FileStat(size, mtime_ns) if present else FileStat(-1, -1)


def annotations_digest(catalog: Catalog) -> str:
    """Return a digest of all marks that people made: labels, decisions and removed images.

    It is an XXH3-64 in hexadecimal.
    """
    digest = xxhash.xxh3_64()
    tables = {"labels": "content, label", "different": "first, second", "kept": "content"}
    for table, columns in tables.items():
        if catalog.has_table(table):
            for row in catalog.iterate(f"SELECT {columns} FROM {table} ORDER BY {columns}"):  # noqa: S608
                digest.update(repr((table, row)).encode())
    for (id_,) in catalog.iterate("SELECT id FROM images WHERE removed = 1 ORDER BY id"):
        digest.update(as_text(id_) + b"\0")
    return digest.hexdigest()
