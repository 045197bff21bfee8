"""Queries on the table `shards` and on the images of a shard: which rows count, and which images
own them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sokkuri.store.catalog import Catalog
from sokkuri.store.database import chunks

_OWNED = "SELECT count(*) FROM images WHERE images.shard = shards.shard"


@dataclass(frozen=True, slots=True)
class ShardRow:
    """A shard as the catalog records it.

    `rows` : how many rows count; the rows behind them in the file do not. `stale_ids` : the id
    column on disk must be rewritten.
    """

    shard: int
    rows: int
    stale_ids: bool


def read_shards(catalog: Catalog) -> list[ShardRow]:
    """Return all shards, ordered by number."""
    rows = catalog.fetch_all("SELECT shard, rows, stale_ids FROM shards ORDER BY shard")
    return [ShardRow(shard, rows_, bool(stale)) for shard, rows_, stale in rows]


def find_shard(catalog: Catalog, shard: int) -> ShardRow | None:
    """Return the shard with this number, or None."""
    row = catalog.fetch_one("SELECT shard, rows, stale_ids FROM shards WHERE shard = ?", [shard])
    return None if row is None else ShardRow(row[0], row[1], bool(row[2]))


def next_shard_number(catalog: Catalog) -> int:
    """Return a number that no shard has had before: a reader may still have an old shard open."""
    row = catalog.fetch_one("SELECT seq FROM sqlite_sequence WHERE name = 'shards'")
    return 0 if row is None else int(row[0]) + 1


def number_shards_from(catalog: Catalog, first: int) -> None:
    """Let the numbers of new shards begin at `first` or later."""
    if next_shard_number(catalog) >= first:
        return
    catalog.execute("DELETE FROM sqlite_sequence WHERE name = 'shards'")
    catalog.execute("INSERT INTO sqlite_sequence VALUES ('shards', ?)", [first - 1])


def shard_ids(catalog: Catalog, shard: int, rows: int) -> list[str]:
    """Return the `rows` ids of a shard's id column, "" for a row that no image owns."""
    ids = [""] * rows
    for row, id_ in catalog.iterate("SELECT row, id FROM images WHERE shard = ?", [shard]):
        ids[row] = id_
    return ids


def add_shard(catalog: Catalog, shard: int, rows: int = 0) -> None:
    """Enter a new shard, of which `rows` rows count."""
    catalog.execute("INSERT INTO shards (shard, model, rows) VALUES (?, 1, ?)", [shard, rows])


def set_rows(catalog: Catalog, shard: int, rows: int) -> None:
    """Set how many rows of a shard count."""
    catalog.execute("UPDATE shards SET rows = ? WHERE shard = ?", [rows, shard])


def find_open_shard(catalog: Catalog, full: int) -> tuple[int, int] | None:
    """Return (shard, rows) of the first shard with fewer than `full` rows, or None."""
    row = catalog.fetch_one(
        "SELECT shard, rows FROM shards WHERE rows < ? ORDER BY shard LIMIT 1", [full]
    )
    return None if row is None else (int(row[0]), int(row[1]))


def clear_stale_ids(catalog: Catalog, shard: int) -> None:
    """Record that the shard's id column is up to date."""
    catalog.execute("UPDATE shards SET stale_ids = 0 WHERE shard = ?", [shard])


def mark_stale_ids(catalog: Catalog, shard: int) -> None:
    """Record that the shard's id column must be rewritten."""
    catalog.execute("UPDATE shards SET stale_ids = 1 WHERE shard = ?", [shard])


def delete_shards(catalog: Catalog, shards: Iterable[int]) -> None:
    """Delete shards from the catalog. Their numbers are never used again."""
    catalog.execute_many("DELETE FROM shards WHERE shard = ?", ([shard] for shard in shards))


def row_owners(catalog: Catalog, shard: int) -> list[tuple[int, str, int, int]]:
    """Return (key, id, row, checksum) of the images with a row in the shard, ordered by row."""
    return catalog.fetch_all(
        "SELECT key, id, row, checksum FROM images WHERE shard = ? ORDER BY row", [shard]
    )


def row_checksums(
    catalog: Catalog, places: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[str, int]]:
    """Return the id and the checksum of the image that owns each (shard, row), by position.

    Leaves out rows that no image owns.
    """
    owners = {}
    for chunk in chunks(places):
        marks = ", ".join(["(?, ?)"] * len(chunk))
        for shard, row, id_, checksum in catalog.iterate(
            f"WITH wanted (s, r) AS (VALUES {marks})"  # noqa: S608
            " SELECT shard, row, id, checksum FROM wanted JOIN images ON shard = s AND row = r",
            [number for place in chunk for number in place],
        ):
            owners[shard, row] = (id_, checksum)
    return owners


def rows_and_owners(catalog: Catalog) -> list[tuple[int, int, int]]:
    """Return (shard, rows, rows that an image owns) of all shards, ordered by shard."""
    return catalog.fetch_all(f"SELECT shard, rows, ({_OWNED}) FROM shards ORDER BY shard")  # noqa: S608


def forget_missing(catalog: Catalog) -> None:
    """Delete the images whose files are gone. Removed ones stay, to be recognised.

    An image also stays if its vector was imported and is lost: its shard may come back.
    """
    is_lost = (
        "(digest IS NULL AND id IN (SELECT id FROM lost_rows))"
        if catalog.has_table("lost_rows")
        else "false"
    )
    catalog.execute(
        "UPDATE shards SET stale_ids = 1 WHERE shard IN"
        " (SELECT shard FROM images WHERE missing IS NOT NULL AND removed = 0)"
    )
    catalog.execute(
        f"DELETE FROM images WHERE missing IS NOT NULL AND removed = 0 AND NOT {is_lost}"  # noqa: S608
    )


def free_removed_rows(catalog: Catalog) -> None:
    """Take the rows away from removed images, which stay marked."""
    catalog.execute(
        "UPDATE shards SET stale_ids = 1 WHERE shard IN"
        " (SELECT shard FROM images WHERE removed = 1)"
    )
    catalog.execute(
        "UPDATE images SET model = NULL, shard = NULL, row = NULL, checksum = NULL"
        " WHERE removed = 1"
    )


def first_owners(
    catalog: Catalog, shards: Sequence[int], limit: int
) -> list[tuple[int, str, int, int]]:
    """Return (key, id, shard, row) of the first `limit` images in these shards, ordered by row."""
    marks = ", ".join("?" * len(shards))
    return catalog.fetch_all(
        f"SELECT key, id, shard, row FROM images WHERE shard IN ({marks})"  # noqa: S608
        " ORDER BY shard, row LIMIT ?",
        [*shards, limit],
    )


def move_rows(catalog: Catalog, keys: Iterable[int], shard: int) -> None:
    """Give images the rows of a new shard, in the order of `keys` from row 0 on."""
    catalog.execute_many(
        "UPDATE images SET shard = ?, row = ? WHERE key = ?",
        ((shard, row, key) for row, key in enumerate(keys)),
    )


def unowned_shards(catalog: Catalog, shards: Sequence[int]) -> list[int]:
    """Return those of the shards in which no image has a row."""
    marks = ", ".join("?" * len(shards))
    rows = catalog.fetch_all(
        f"SELECT shard FROM shards WHERE shard IN ({marks}) AND ({_OWNED}) = 0",  # noqa: S608
        shards,
    )
    return [shard for (shard,) in rows]


def give_up_rows(catalog: Catalog, shard: int, keys: Iterable[int]) -> None:
    """Take the rows away from images of a shard, and mark the images to be read again."""
    mark_stale_ids(catalog, shard)
    catalog.execute_many(
        "UPDATE images SET todo = (removed = 0), model = NULL, shard = NULL, row = NULL,"
        " checksum = NULL WHERE key = ? AND shard = ?",
        ((key, shard) for key in keys),
    )
