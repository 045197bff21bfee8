"""Queries on the table `images`: one image, a few, or all live ones."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sokkuri.core.paths import other_spellings
from sokkuri.core.types import Failure, FileStat, ImageRecord, RowRef
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text, chunks
from sokkuri.store.filters import ANY, Condition

LIVE = "shard IS NOT NULL AND removed = 0 AND missing IS NULL"
"""The SQL condition for an image that searches may find."""

_LEFT_ASIDE = "left_aside"  # the setting with the counts of the last run


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image as the catalog records it. row : the position of its vector, None without one."""

    key: int
    id: str
    path: str
    stat: FileStat
    row: RowRef | None
    live: bool
    removed: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of images by their state. `todo`: images whose file must be read."""

    live: int
    failed: int
    removed: int
    missing: int
    todo: int


def count_images(catalog: Catalog) -> Counts:
    """Return how many images are in each state."""
    row = catalog.fetch_one(
        f"SELECT total({LIVE}), total(stage IS NOT NULL AND removed = 0 AND missing IS NULL),"  # noqa: S608
        " total(removed), total(missing IS NOT NULL AND removed = 0),"
        " total(todo AND removed = 0 AND missing IS NULL) FROM images"
    )
    return Counts(*(int(value) for value in row))


def read_failures(catalog: Catalog) -> Iterator[Failure]:
    """Return an iterator over the failures of present images, ordered by id."""
    rows = catalog.iterate(
        "SELECT id, stage, reason FROM images"
        " WHERE stage IS NOT NULL AND removed = 0 AND missing IS NULL ORDER BY id"
    )
    return (Failure(*row) for row in rows)


def live_records(catalog: Catalog, rows: Iterable[RowRef]) -> dict[RowRef, ImageRecord]:
    """Return the records of the live images that have one of the given rows, by row."""
    checked = records_with_checksums(catalog, rows)
    return {ref: record for ref, (record, _) in checked.items()}


def records_with_checksums(
    catalog: Catalog, rows: Iterable[RowRef]
) -> dict[RowRef, tuple[ImageRecord, int]]:
    """Return the same with the checksums of the rows."""
    records = {}
    for chunk in chunks(rows):
        places = ", ".join(["(?, ?)"] * len(chunk))
        for shard, row, checksum, *columns in catalog.iterate(
            f"WITH wanted (s, r) AS (VALUES {places})"  # noqa: S608
            " SELECT shard, row, checksum, id, path, size, mtime_ns, width, height, digest"
            f" FROM wanted JOIN images ON shard = s AND row = r WHERE {LIVE}",
            [number for ref in chunk for number in (ref.shard, ref.row)],
        ):
            ref = RowRef(shard, row)
            records[ref] = (ImageRecord(ref, *columns), checksum)
    return records


def ids_in(ids: Iterable[str]) -> Iterator[Condition]:
    """Yield conditions that together match the images with these ids: one for each statement."""
    for chunk in chunks(ids):
        marks = ", ".join(["CAST(? AS TEXT)"] * len(chunk))
        yield Condition(f"id IN ({marks})", tuple(as_text(id_) for id_ in chunk))


def find_images(catalog: Catalog, ids: Iterable[str]) -> dict[str, ImageRow]:
    """Return the images with these ids, live or not, by id; leave unknown ids out."""
    images = {}
    for condition in ids_in(ids):
        for key, id_, path, size, mtime_ns, shard, row, live, removed in catalog.iterate(
            f"SELECT key, id, path, size, mtime_ns, shard, row, {LIVE}, removed FROM images"  # noqa: S608
            f" WHERE {condition.sql}",
            condition.values,
        ):
            ref = None if shard is None else RowRef(shard, row)
            stat = FileStat(size, mtime_ns)
            images[id_] = ImageRow(key, id_, path, stat, ref, bool(live), bool(removed))
    return images


def find_image(catalog: Catalog, id_: str) -> ImageRow | None:
    """Return the image with this id, live or not, or None."""
    return find_images(catalog, [id_]).get(id_)


def known_ids(catalog: Catalog, typed: Sequence[str]) -> list[str]:
    """Return ids that a person typed, as the catalog spells them; unknown ids stay as they are."""
    known = find_images(catalog, typed)
    return [id_ if id_ in known else _other_id(catalog, id_) for id_ in typed]


def _other_id(catalog: Catalog, id_: str) -> str:
    return next(iter(find_images(catalog, other_spellings(id_))), id_)


def live_paths(catalog: Catalog, condition: Condition = ANY) -> Iterator[tuple[str, str]]:
    """Yield (id, path) of the live images that meet the condition, in the order of their keys."""
    return catalog.iterate(
        f"SELECT id, path FROM images WHERE {LIVE} AND {condition.sql} ORDER BY key",  # noqa: S608
        condition.values,
    )


def is_empty(catalog: Catalog) -> bool:
    """Return whether the catalog has no image at all."""
    return catalog.fetch_one("SELECT 1 FROM images LIMIT 1") is None


def holds_any(catalog: Catalog, filters: Condition) -> bool:
    """Return whether the catalog knows an image, live or not, that meets the condition."""
    return (
        catalog.fetch_one(f"SELECT 1 FROM images WHERE {filters.sql} LIMIT 1", filters.values)  # noqa: S608
        is not None
    )


def left_aside(catalog: Catalog) -> dict[str, int]:
    """Return how many pictures of kinds that sokkuri does not read the last run saw, by kind."""
    text = catalog.meta(_LEFT_ASIDE)
    return {} if text is None else {str(kind): int(n) for kind, n in json.loads(text).items()}


def set_left_aside(catalog: Catalog, counts: Mapping[str, int]) -> None:
    """Record how many pictures of kinds that sokkuri does not read a run saw, by kind."""
    if left_aside(catalog) != dict(counts):
        catalog.set_meta(_LEFT_ASIDE, json.dumps(counts))


def mark_missing(catalog: Catalog, keys: Iterable[int], run: int) -> None:
    """Record that the run `run` found the files of these images gone."""
    catalog.execute_many(
        "UPDATE images SET missing = ? WHERE key = ?", ((run, key) for key in keys)
    )


def set_removed(catalog: Catalog, ids: Iterable[str], *, removed: bool) -> int:
    """Mark images removed or not removed; return how many images changed.

    An image that has neither a row nor a failure is also marked to be read.
    """
    return sum(
        catalog.execute(
            "UPDATE images SET removed = ?, todo = todo OR (shard IS NULL AND stage IS NULL)"  # noqa: S608
            f" WHERE removed <> ? AND {condition.sql}",
            [int(removed), int(removed), *condition.values],
        )
        for condition in ids_in(ids)
    )


def count_vanished(catalog: Catalog, run: int) -> int:
    """Return how many images with a row or a failure the run `run` marked as missing."""
    row = catalog.fetch_one(
        "SELECT count(*) FROM images WHERE missing = ? AND removed = 0"
        " AND (shard IS NOT NULL OR stage IS NOT NULL)",
        [run],
    )
    return int(row[0])


def live_files(catalog: Catalog) -> Iterator[tuple[str, str, int, int]]:
    """Yield (id, path, size, mtime_ns) of the live images, ordered by path: folder by folder."""
    return catalog.iterate(
        f"SELECT id, path, size, mtime_ns FROM images WHERE {LIVE} ORDER BY path"  # noqa: S608
    )


def live_rows_by_id(catalog: Catalog) -> Iterator[tuple[str, str, int, int]]:
    """Yield (id, path, shard, row) of the live images, ordered by id."""
    return catalog.iterate(f"SELECT id, path, shard, row FROM images WHERE {LIVE} ORDER BY id")  # noqa: S608


def settled_keys(catalog: Catalog) -> list[int]:
    """Return the keys of the live images whose file need not be read again."""
    return [key for (key,) in catalog.iterate(f"SELECT key FROM images WHERE {LIVE} AND todo = 0")]  # noqa: S608


def read_position(catalog: Catalog, key: int) -> tuple[str, str, int, int] | None:
    """Return (id, path, shard, row) of an image, None if it has no row."""
    row: tuple[str, str, int, int] | None = catalog.fetch_one(
        "SELECT id, path, shard, row FROM images WHERE key = ? AND shard IS NOT NULL", [key]
    )
    return row


def mark_file_fault(catalog: Catalog, id_: str, *, is_missing: bool) -> None:
    """Mark an image as missing, or mark it to be read again because its file changed."""
    change = "missing = 0" if is_missing else "todo = 1"
    catalog.execute(f"UPDATE images SET {change} WHERE id = CAST(? AS TEXT)", [as_text(id_)])  # noqa: S608


def enter_imported(catalog: Catalog, id_: str) -> int:
    """Enter an image whose vector is imported and whose file was not read; return its key."""
    catalog.execute(
        "INSERT INTO images (id, path, size, mtime_ns, todo)"
        " VALUES (CAST(? AS TEXT), CAST(? AS TEXT), -1, 0, 0)",
        [as_text(id_), as_text(id_)],
    )
    return int(catalog.fetch_one("SELECT last_insert_rowid()")[0])


def reset_imported(catalog: Catalog, key: int) -> None:
    """Clear the columns on an image's file: its vector is imported, and not made from this file."""
    catalog.execute(
        "UPDATE images SET digest = NULL, stage = NULL, reason = NULL, missing = NULL,"
        " size = -1, claim = NULL, todo = 0 WHERE key = ?",
        [key],
    )
