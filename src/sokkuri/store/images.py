"""Queries on the table `images`: one image, a few, or all live ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sokkuri.core.types import Failure, FileStat, ImageRecord, RowRef
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.filters import ANY, Condition

_ROWS_AT_ONCE = 400  # two parameters each: SQLite takes 999 in any build

LIVE = "shard IS NOT NULL AND removed = 0 AND missing IS NULL"
"""The SQL condition for an image that searches may find."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image as the catalog knows it."""

    key: int
    id: str
    path: str
    stat: FileStat
    at: RowRef | None
    live: bool
    removed: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """Images by what became of them."""

    live: int
    failed: int
    removed: int
    missing: int
    todo: int


def count_images(catalog: Catalog) -> Counts:
    row = catalog.one(
        f"SELECT total({LIVE}), total(stage IS NOT NULL AND removed = 0 AND missing IS NULL),"  # noqa: S608
        " total(removed), total(missing IS NOT NULL AND removed = 0),"
        " total(todo AND removed = 0 AND missing IS NULL) FROM images"
    )
    return Counts(*(int(value) for value in row))


def read_failures(catalog: Catalog) -> Iterator[Failure]:
    rows = catalog.each(
        "SELECT id, stage, reason FROM images"
        " WHERE stage IS NOT NULL AND removed = 0 AND missing IS NULL ORDER BY id"
    )
    return (Failure(*row) for row in rows)


def live_images_at(catalog: Catalog, rows: Iterable[RowRef]) -> dict[RowRef, tuple[str, str]]:
    """(id, path) of the live images among the given rows."""
    wanted, found = list(rows), {}
    for at in range(0, len(wanted), _ROWS_AT_ONCE):
        chunk = wanted[at : at + _ROWS_AT_ONCE]
        places = ", ".join(["(?, ?)"] * len(chunk))
        for shard, row, id_, path in catalog.each(
            f"WITH wanted (s, r) AS (VALUES {places})"  # noqa: S608
            " SELECT shard, row, id, path FROM wanted JOIN images ON shard = s AND row = r"
            f" WHERE {LIVE}",
            [number for ref in chunk for number in (ref.shard, ref.row)],
        ):
            found[RowRef(shard, row)] = (id_, path)
    return found


def live_records(catalog: Catalog, rows: Iterable[RowRef]) -> dict[RowRef, ImageRecord]:
    """Return the records of the live images among the given rows."""
    wanted, records = list(rows), {}
    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        chunk = wanted[start : start + _ROWS_AT_ONCE]
        places = ", ".join(["(?, ?)"] * len(chunk))
        for shard, row, *columns in catalog.each(
            f"WITH wanted (s, r) AS (VALUES {places})"  # noqa: S608
            " SELECT shard, row, id, path, size, mtime_ns, width, height, digest"
            f" FROM wanted JOIN images ON shard = s AND row = r WHERE {LIVE}",
            [number for ref in chunk for number in (ref.shard, ref.row)],
        ):
            ref = RowRef(shard, row)
            records[ref] = ImageRecord(ref, *columns)
    return records


def find_image(catalog: Catalog, id_: str) -> ImageRow | None:
    """The image with this id, live or not."""
    row = catalog.one(
        f"SELECT key, id, path, size, mtime_ns, shard, row, {LIVE}, removed FROM images"  # noqa: S608
        " WHERE id = CAST(? AS TEXT)",
        [as_text(id_)],
    )
    if row is None:
        return None
    key, id_, path, size, mtime_ns, shard, number, live, removed = row
    at = None if shard is None else RowRef(shard, number)
    return ImageRow(key, id_, path, FileStat(size, mtime_ns), at, bool(live), bool(removed))


def live_paths(catalog: Catalog, condition: Condition = ANY) -> Iterator[tuple[str, str]]:
    """Yield (id, path) of the live images that meet the condition, in the order of entry."""
    return catalog.each(
        f"SELECT id, path FROM images WHERE {LIVE} AND {condition.sql} ORDER BY key",  # noqa: S608
        condition.values,
    )
