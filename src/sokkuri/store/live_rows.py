"""Queries on the rows of live images: for filters, engines, duplicates and labels."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sokkuri.core.types import RowRef
from sokkuri.images.frame_names import parse_frame
from sokkuri.store.catalog import Catalog
from sokkuri.store.content import CONTENT
from sokkuri.store.database import chunks
from sokkuri.store.films import has_frames
from sokkuri.store.filters import ANY, Condition
from sokkuri.store.images import LIVE, ids_in

_AT_ONCE = 500  # parameters of one statement


def live_rows(catalog: Catalog, condition: Condition | None = None) -> list[tuple[int, int]]:
    """Return (shard, row) of the live images that meet the condition, None for all."""
    condition = condition or ANY
    return catalog.fetch_all(
        f"SELECT shard, row FROM images WHERE {LIVE} AND {condition.sql}",  # noqa: S608
        condition.values,
    )


def live_checksums(catalog: Catalog) -> tuple[list[tuple[int, int]], list[int]]:
    """Return (shard, row) of all live images, and the checksums of these rows."""
    rows = catalog.fetch_all(f"SELECT shard, row, checksum FROM images WHERE {LIVE}")  # noqa: S608
    return [(shard, row) for shard, row, _ in rows], [checksum for _, _, checksum in rows]


def live_ids(catalog: Catalog, condition: Condition) -> set[str]:
    """Return the ids of the live images that meet the condition."""
    rows = catalog.iterate(
        f"SELECT id FROM images WHERE {LIVE} AND {condition.sql}",  # noqa: S608
        condition.values,
    )
    return {id_ for (id_,) in rows}


def live_digests(catalog: Catalog, ids: Iterable[str]) -> dict[str, tuple[str, int, bytes | None]]:
    """Return the path, the size in bytes and the digest of the live images with these ids."""
    return {
        id_: (path, size, digest)
        for condition in ids_in(ids)
        for id_, path, size, digest in catalog.iterate(
            f"SELECT id, path, size, digest FROM images WHERE {LIVE} AND {condition.sql}",  # noqa: S608
            condition.values,
        )
    }


def live_rows_in(catalog: Catalog, shard: int) -> list[int]:
    """Return the rows in a shard that live images own."""
    rows = catalog.fetch_all(f"SELECT row FROM images WHERE shard = ? AND {LIVE}", [shard])  # noqa: S608
    return [row for (row,) in rows]


def vector_columns(catalog: Catalog, shard: int) -> dict[int, Sequence[Any]]:
    """Return the columns of a shard's live images that an engine stores, by row.

    Each is (row, id, path, width, height, size, mtime_ns, checksum).
    """
    columns = "row, id, path, width, height, size, mtime_ns, checksum"
    rows = catalog.fetch_all(
        f"SELECT {columns} FROM images WHERE shard = ? AND {LIVE} ORDER BY row",  # noqa: S608
        [shard],
    )
    return {row[0]: row for row in rows}


def count_contents(catalog: Catalog) -> int:
    """Return how many different contents the live images have, without frames of films."""
    frames = f" AND NOT {_is_frame(catalog)}" if has_frames(catalog) else ""
    row = catalog.fetch_one(f"SELECT count(DISTINCT {CONTENT}) FROM images WHERE {LIVE}{frames}")  # noqa: S608
    return int(row[0])


def count_frames(catalog: Catalog) -> int:
    """Return how many live images are frames of films."""
    if not has_frames(catalog):
        return 0
    sql = f"SELECT count(*) FROM images WHERE {LIVE} AND {_is_frame(catalog)}"  # noqa: S608
    return int(catalog.fetch_one(sql)[0])


def _is_frame(catalog: Catalog) -> str:
    """Return the SQL condition for frames of films."""

    def is_frame(path: bytes) -> int:
        return parse_frame(path.decode("utf-8", "surrogateescape")) is not None

    catalog.define("is_frame", is_frame)
    return "(path GLOB '*#t=[0-9]*' AND is_frame(CAST(path AS BLOB)))"


def content_rows(catalog: Catalog) -> Iterator[tuple[bytes, int, int]]:
    """Yield (content key, shard, row) of the live images."""
    return catalog.iterate(f"SELECT {CONTENT}, shard, row FROM images WHERE {LIVE}")  # noqa: S608


def contents_by_id(catalog: Catalog) -> Iterator[tuple[str, bytes]]:
    """Yield (id, content key) of the live images, ordered by id."""
    return catalog.iterate(f"SELECT id, {CONTENT} FROM images WHERE {LIVE} ORDER BY id")  # noqa: S608


def live_contents_and_paths(catalog: Catalog) -> Iterator[tuple[int, bytes, str, str]]:
    """Yield (key, content key, id, path) of the live images, ordered by key."""
    return catalog.iterate(
        f"SELECT key, {CONTENT}, id, path FROM images WHERE {LIVE} ORDER BY key"  # noqa: S608
    )


def images_by_digest(
    catalog: Catalog, digests: Iterable[bytes]
) -> dict[bytes, list[tuple[str, RowRef]]]:
    """Return the ids and rows of the live images with these digests, ordered by id."""
    found: dict[bytes, list[tuple[str, RowRef]]] = defaultdict(list)
    for chunk in chunks(digests):
        marks = ",".join("?" * len(chunk))
        for digest, id_, shard, row in catalog.iterate(
            f"SELECT digest, id, shard, row FROM images WHERE {LIVE}"  # noqa: S608
            f" AND digest IN ({marks}) ORDER BY id",
            chunk,
        ):
            found[digest].append((id_, RowRef(shard, row)))
    return dict(found)


def content_records(
    catalog: Catalog, some: Iterable[bytes] | None = None, *, twins: bool = True
) -> Iterable[Any]:
    """Return the live images with their content keys, ordered by shard and row.

    Each is (content key, id, path, width, height, size, mtime_ns, digest, checksum, shard, row).
    some : digests. Return only the images with one of these digests; None for all. twins : return
    also all images with the bytes of another live image.
    """
    if some is None:
        return _records(catalog, "")
    digests = sorted({*some, *(_digests_of_twins(catalog) if twins else ())})
    rows: list[Any] = []
    for start in range(0, len(digests), _AT_ONCE):
        chunk = digests[start : start + _AT_ONCE]
        rows += _records(catalog, f" AND digest IN ({','.join('?' * len(chunk))})", chunk)
    return sorted(rows, key=lambda row: (row[-2], row[-1]))


def _digests_of_twins(catalog: Catalog) -> list[bytes]:
    """Return the digests that several live images have."""
    rows = catalog.fetch_all(
        f"SELECT digest FROM images WHERE {LIVE} AND digest IS NOT NULL"  # noqa: S608
        " GROUP BY digest HAVING count(*) > 1"
    )
    return [digest for (digest,) in rows]


def _records(catalog: Catalog, condition: str, values: Sequence[bytes] = ()) -> Iterator[Any]:
    return catalog.iterate(
        f"SELECT {CONTENT}, id, path, width, height, size, mtime_ns, digest, checksum, shard, row"  # noqa: S608
        f" FROM images WHERE {LIVE}{condition} ORDER BY shard, row",
        values,
    )
