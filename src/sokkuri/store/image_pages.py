"""Queries for browsing: pages of images and of failures, single images, images before and after,
and the folders of images."""

from collections.abc import Iterator, Sequence
from typing import Any

import xxhash

from sokkuri.store.catalog import Catalog
from sokkuri.store.content import CONTENT
from sokkuri.store.database import as_text
from sokkuri.store.filters import ANY, Condition
from sokkuri.store.images import LIVE
from sokkuri.store.photos import photo_changes, taken_expression

_COLUMNS = "id, path, width, height, digest, mtime_ns"
_FAILED = "stage IS NOT NULL AND removed = 0 AND missing IS NULL"
_AT_ONCE = 500  # parameters of one statement


def list_live(catalog: Catalog, condition: Condition | None, after: bytes, limit: int) -> list[Any]:
    """Return a page of up to `limit` live images, ordered by id.

    Each is (id, path, width, height, digest, mtime_ns). condition : None for all live images.
    after : the page starts behind this id, in bytes.
    """
    return _page(catalog, _COLUMNS, LIVE, condition, after, limit)


def list_failed(catalog: Catalog, after: bytes, limit: int) -> list[tuple[str, str, str, str]]:
    """Return a page of up to `limit` failures, ordered by id.

    Each is (id, path, stage, reason). after : the page starts behind this id, in bytes.
    """
    return _page(catalog, "id, path, stage, reason", _FAILED, None, after, limit)


def _page(
    catalog: Catalog, columns: str, which: str, also: Condition | None, after: bytes, limit: int
) -> list[Any]:
    also = also or ANY
    return catalog.fetch_all(
        f"SELECT {columns} FROM images WHERE {which} AND {also.sql}"  # noqa: S608
        " AND id > CAST(? AS TEXT) ORDER BY id LIMIT ?",
        [*also.values, after, limit],
    )


def images_by_id(catalog: Catalog, ids: Sequence[str]) -> dict[str, Any]:
    """Return the images with these ids, by id; leave unknown ids out.

    Each is (id, path, width, height, digest, mtime_ns, shard, row, size, content key).
    """
    images: dict[str, Any] = {}
    for start in range(0, len(ids), _AT_ONCE):
        chunk = ids[start : start + _AT_ONCE]
        marks = ",".join(["CAST(? AS TEXT)"] * len(chunk))
        for row in catalog.iterate(
            f"SELECT {_COLUMNS}, shard, row, size, {CONTENT} FROM images WHERE id IN ({marks})",  # noqa: S608
            [as_text(id_) for id_ in chunk],
        ):
            images[row[0]] = row
    return images


def images_by_key(catalog: Catalog, keys: Sequence[int]) -> dict[int, Any]:
    """Return the images with these keys, by key; leave unknown keys out.

    Each is (id, path, width, height, digest, mtime_ns).
    """
    images: dict[int, Any] = {}
    for start in range(0, len(keys), _AT_ONCE):
        chunk = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(chunk))
        for row in catalog.iterate(
            f"SELECT key, {_COLUMNS} FROM images WHERE key IN ({marks})",  # noqa: S608
            chunk,
        ):
            images[row[0]] = row[1:]
    return images


def image_details(catalog: Catalog, id_: str) -> Any:
    """Return all that the page of one image shows, or None for an unknown id and for an image that
    was removed.

    It is (id, path, width, height, digest, mtime_ns, size, shard, stage, reason, missing).
    """
    return catalog.fetch_one(
        f"SELECT {_COLUMNS}, size, shard, stage, reason, missing"  # noqa: S608
        " FROM images WHERE id = CAST(? AS TEXT) AND removed = 0",
        [as_text(id_)],
    )


def image_file(catalog: Catalog, id_: str) -> Any:
    """Return (path, digest, size, mtime_ns) of an image, or None for an unknown id and for an image
    that was removed."""
    return catalog.fetch_one(
        "SELECT path, digest, size, mtime_ns FROM images WHERE id = CAST(? AS TEXT)"
        " AND removed = 0",
        [as_text(id_)],
    )


def adjacent_images(catalog: Catalog, path: str) -> tuple[str | None, str | None]:
    """Return the ids of the live images before and after a path in its folder, None at the ends."""
    folder = path.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    # If ids are paths, the index on ids saves a scan of all images.
    column = "path" if catalog.meta("ids") == "name" else "id"
    ids = []
    for sign, direction in (("<", "DESC"), (">", "ASC")):
        row = catalog.fetch_one(
            f"SELECT id FROM images WHERE {LIVE} AND {column} {sign} CAST(? AS TEXT)"  # noqa: S608
            f" AND substr({column}, 1, ?) = CAST(? AS TEXT) AND instr(substr({column}, ?), '/') = 0"
            f" ORDER BY {column} {direction} LIMIT 1",
            [as_text(path), len(prefix), as_text(prefix), len(prefix) + 1],
        )
        ids.append(None if row is None else str(row[0]))
    return ids[0], ids[1]


def grid_rows(
    catalog: Catalog, condition: Condition | None, *, with_times: bool = False
) -> list[Any]:
    """Return (key, path, mtime_ns, width, height, taken, size, digest) of the live images that meet
    the condition. taken : as in PhotoMetadata, None if it is unknown, or without `with_times`."""
    condition = condition or ANY
    taken = taken_expression(catalog) if with_times else "NULL"
    return catalog.fetch_all(
        f"SELECT key, path, mtime_ns, width, height, {taken}, size, digest"  # noqa: S608
        f" FROM images WHERE {LIVE} AND {condition.sql}",
        condition.values,
    )


def paths_of_live(catalog: Catalog, condition: Condition | None = None) -> Iterator[str]:
    """Yield the paths of the live images that meet the condition, None for all."""
    condition = condition or ANY
    rows = catalog.iterate(
        f"SELECT path FROM images WHERE {LIVE} AND {condition.sql}",  # noqa: S608
        condition.values,
    )
    return (path for (path,) in rows)


def commit_count(catalog: Catalog) -> str:
    """Return a text that changes when another connection commits, or with the catalog's file."""
    return f"{catalog.file_id} {catalog.fetch_one('PRAGMA data_version')[0]}"


def change_sums(catalog: Catalog) -> tuple[int, ...]:
    """Return numbers that change when images change: their rows, marks, failures, dates or folders,
    or their metadata.

    Marks are summed as hashes, so that two changes which cancel out in a count, such as one image
    removed and one restored, do not cancel out here. Dates and rows have a weight by image, which
    is quicker: a hash is a call of Python for each image.
    """
    catalog.define("hash_31", lambda data: xxhash.xxh3_64_intdigest(data) >> 33)
    last, dates, places = catalog.fetch_one(
        "SELECT coalesce(max(key), 0),"  # noqa: S608
        f" coalesce(sum({_weighted('mtime_ns / 1000000')}), 0),"
        f" coalesce(sum({_weighted('coalesce(shard * 16384 + row + 1, 0)')}), 0) FROM images"
    )
    (marks,) = catalog.fetch_one(
        "SELECT coalesce(sum(hash_31(CAST(key || ' ' || removed || ' ' || (missing IS NOT NULL)"
        " || ' ' || (stage IS NOT NULL) AS BLOB))), 0) FROM images"
        " WHERE removed = 1 OR missing IS NOT NULL OR stage IS NOT NULL"
    )
    rows = catalog.fetch_one("SELECT total(rows) FROM shards")[0]
    sums = int(last), int(dates), int(places), int(marks), int(rows), _path_sum(catalog)
    return *sums, photo_changes(catalog)


def _weighted(number: str) -> str:
    """Return an SQL expression for a number times the weight of its image, below 2 ** 31."""
    return f"(key * 7919 % 16777213 + 1) * ({number} % 2147483647) % 2147483647"


def _path_sum(catalog: Catalog) -> int:
    """Return a number that changes when an image moves and keeps its id. 0 if ids are paths."""
    if catalog.meta("ids") != "name":
        return 0
    text = "CAST(key || ' ' || path AS BLOB)"
    return int(catalog.fetch_one(f"SELECT coalesce(sum(hash_31({text})), 0) FROM images")[0])  # noqa: S608
