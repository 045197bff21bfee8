"""Queries on the table `lost_rows`: vectors that a repair gave up.

Their shard was missing or damaged.
An entry has all that is needed to take the vector back when the shard returns. It is forgotten when
its image has a vector again.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.migrations import create_table

_COLUMNS = "shard, row, checksum, id, path, size, mtime_ns, digest, width, height, todo"
_HAS_ROW = "(SELECT id FROM images WHERE shard IS NOT NULL)"


class LostRow(NamedTuple):
    """A vector that was given up, and the image that it belonged to, as it was then."""

    shard: int
    row: int
    checksum: int
    id: str
    path: str
    size: int
    mtime_ns: int
    digest: bytes | None
    width: int | None
    height: int | None
    todo: int


def record_lost_rows(catalog: Catalog, keys: Iterable[int]) -> None:
    """Enter the vectors of these images, before the images give them up."""
    create_table(catalog, "lost_rows")
    catalog.execute_many(
        f"INSERT OR REPLACE INTO lost_rows ({_COLUMNS}) SELECT {_COLUMNS} FROM images"  # noqa: S608
        " WHERE key = ? AND shard IS NOT NULL",
        ((key,) for key in keys),
    )


def lost_shards(catalog: Catalog) -> list[int]:
    """Return the shards of which vectors are lost, in ascending order."""
    if not catalog.has_table("lost_rows"):
        return []
    rows = catalog.fetch_all("SELECT DISTINCT shard FROM lost_rows ORDER BY shard")
    return [shard for (shard,) in rows]


def find_lost_rows(catalog: Catalog, shard: int) -> list[LostRow]:
    """Return the lost vectors of a shard, ordered by row."""
    rows = catalog.iterate(
        f"SELECT {_COLUMNS} FROM lost_rows WHERE shard = ? ORDER BY row",  # noqa: S608
        [shard],
    )
    return [LostRow._make(row) for row in rows]


def imported_lost_rows(catalog: Catalog) -> Iterator[LostRow]:
    """Yield the lost vectors that were imported, and whose images have none and are not removed."""
    if not catalog.has_table("lost_rows"):
        return
    for row in catalog.iterate(
        f"SELECT {_COLUMNS} FROM lost_rows WHERE digest IS NULL AND id NOT IN {_HAS_ROW}"  # noqa: S608
        " AND id NOT IN (SELECT id FROM images WHERE removed = 1) ORDER BY shard, row"
    ):
        yield LostRow._make(row)


def forget_found_rows(catalog: Catalog) -> None:
    """Forget the lost vectors of images that have a vector again, and of photos that are gone."""
    if catalog.has_table("lost_rows"):
        catalog.execute(
            f"DELETE FROM lost_rows WHERE id IN {_HAS_ROW}"  # noqa: S608
            " OR (digest IS NOT NULL AND id NOT IN (SELECT id FROM images))"
        )


def forget_lost_rows(catalog: Catalog, rows: Iterable[LostRow]) -> None:
    """Forget these lost vectors."""
    catalog.execute_many(
        "DELETE FROM lost_rows WHERE shard = ? AND row = ?", ((row.shard, row.row) for row in rows)
    )


def is_wanted(catalog: Catalog, lost: LostRow) -> bool:
    """Return whether the vector, once found, belongs to its image.

    That is so if the image has no vector, and its file was not read with other bytes since. An
    image that the catalog forgot counts only if its vector was imported.
    """
    image = catalog.fetch_one(
        "SELECT shard, digest FROM images WHERE id = CAST(? AS TEXT)", [as_text(lost.id)]
    )
    if image is None:
        return lost.digest is None
    shard, digest = image
    return shard is None and (digest is None or digest == lost.digest)


def return_row(catalog: Catalog, lost: LostRow, shard: int, row: int) -> None:
    """Give the image of a lost vector this row, which holds it. Marks on the image stay.

    The image is to be read again only if it was so before, or if its file has changed since.
    """
    id_ = as_text(lost.id)
    catalog.execute(
        "INSERT INTO images (id, path, size, mtime_ns, todo)"
        " SELECT CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?"
        " WHERE NOT EXISTS (SELECT 1 FROM images WHERE id = CAST(? AS TEXT))",
        [id_, as_text(lost.path), lost.size, lost.mtime_ns, lost.todo, id_],
    )
    catalog.execute(
        "UPDATE images SET model = 1, shard = ?, row = ?, checksum = ?, stage = NULL,"
        " reason = NULL, digest = ?, width = ?, height = ?,"
        " todo = CASE WHEN size = ? AND mtime_ns = ? THEN ? ELSE todo END"
        " WHERE id = CAST(? AS TEXT)",
        [
            shard, row, lost.checksum, lost.digest, lost.width, lost.height, lost.size,
            lost.mtime_ns, lost.todo, id_,
        ],
    )  # fmt: skip
