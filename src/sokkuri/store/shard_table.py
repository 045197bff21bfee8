"""Queries on the table `shards`: how many rows of each shard count."""

from dataclasses import dataclass

from sokkuri.store.catalog import Catalog


@dataclass(frozen=True, slots=True)
class ShardRow:
    """A shard as the catalog counts it: rows beyond `rows` do not exist."""

    shard: int
    rows: int
    stale_ids: bool


def read_shards(catalog: Catalog) -> list[ShardRow]:
    rows = catalog.all("SELECT shard, rows, stale_ids FROM shards ORDER BY shard")
    return [ShardRow(shard, rows_, bool(stale)) for shard, rows_, stale in rows]


def find_shard(catalog: Catalog, shard: int) -> ShardRow | None:
    row = catalog.one("SELECT shard, rows, stale_ids FROM shards WHERE shard = ?", [shard])
    return None if row is None else ShardRow(row[0], row[1], bool(row[2]))


def next_shard_number(catalog: Catalog) -> int:
    """A number that no shard has had before: readers may still hold old ones open."""
    row = catalog.one("SELECT seq FROM sqlite_sequence WHERE name = 'shards'")
    return 0 if row is None else int(row[0]) + 1


def shard_ids(catalog: Catalog, shard: int, rows: int) -> list[str]:
    """What the shard's id column should hold : `rows` ids, "" where no image owns the row."""
    ids = [""] * rows
    for row, id_ in catalog.each("SELECT row, id FROM images WHERE shard = ?", [shard]):
        ids[row] = id_
    return ids
