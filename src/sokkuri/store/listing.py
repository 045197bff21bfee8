"""Compare the listing of a folder with the table `images`, in SQL.

Takes the listed files in parts, and keeps them in the temporary table `seen`. This table is on
disk, so memory stays bounded. `count_changes` only compares; `apply_listing` writes, inside a
transaction of the caller.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import xxhash

from sokkuri.core.errors import UsageError
from sokkuri.core.types import FileRef
from sokkuri.store.annotations import free_id
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.images import LIVE

_NEW = "FROM seen WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.id = seen.id)"
_BOTH = "FROM seen WHERE images.id = seen.id AND images.removed = 0"
_OTHER_STAT = "(images.size <> seen.size OR images.mtime_ns <> seen.mtime_ns)"
_OTHER_CTIME = (
    "(images.ctime_ns IS NOT NULL AND seen.ctime_ns IS NOT NULL"
    " AND images.ctime_ns <> seen.ctime_ns)"
)
"""The file may have other bytes, or be another one that took this name, with an equal size and time
stamp."""

_NAME_TAKEN = (
    "FROM images, seen WHERE images.id = seen.id AND images.removed = 1"
    " AND images.digest IS NOT NULL"
)
"""Removed images whose name has a file that must be looked at: it may be another image."""

_INTACT = f"NOT {_OTHER_STAT} AND images.todo = 0 AND images.shard IS NOT NULL"
_UNSEEN = (
    "FROM images WHERE missing IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.id = images.id)"
)

_UNREAD = (
    "FROM temp.seen WHERE NOT EXISTS (SELECT 1 FROM images"  # noqa: S608
    f" WHERE images.id = seen.id AND NOT {_OTHER_STAT})"
)
_BELOW = "path >= CAST(? AS TEXT) AND path < CAST(? AS TEXT)"

_RETRY = (
    f"UPDATE images SET todo = 1 {_BOTH} AND images.missing IS NULL AND images.todo = 0"  # noqa: S608
    f" AND NOT {_OTHER_STAT}"
)
_REREAD = f"UPDATE images SET todo = 1 {_BOTH} AND images.missing IS NULL AND images.todo = 0"  # noqa: S608
_NOTE_CTIME = (
    f"UPDATE images SET ctime_ns = seen.ctime_ns {_BOTH}"  # noqa: S608
    " AND images.ctime_ns IS NOT seen.ctime_ns"
)
_MOVE = f"UPDATE images SET path = seen.path {_BOTH} AND images.path <> seen.path"  # noqa: S608
_CHANGE = (
    "UPDATE images SET todo = 1, size = seen.size, mtime_ns = seen.mtime_ns"  # noqa: S608
    f" {_BOTH} AND images.missing IS NULL AND {_OTHER_STAT}"
)
_RETURN = f"UPDATE images SET missing = NULL {_BOTH} AND images.missing IS NOT NULL"  # noqa: S608
_NOTE_RETURN = (
    "INSERT INTO temp.came_back SELECT key FROM images JOIN seen USING (id)"
    " WHERE removed = 0 AND missing IS NOT NULL AND shard IS NOT NULL"
)
_RETURN_TO_DO = (
    "UPDATE images SET missing = NULL, todo = 1, size = seen.size, mtime_ns = seen.mtime_ns"  # noqa: S608
    f" {_BOTH} AND images.missing IS NOT NULL"
)
_ENTER = (
    "INSERT INTO images (id, path, size, mtime_ns, ctime_ns)"
    f" SELECT id, path, size, mtime_ns, ctime_ns {_NEW}"
)


@dataclass(frozen=True, slots=True)
class ListingCounts:
    """The differences between a listing and the catalog, as numbers of images.

    `moved` : at another path under the same id, if file names are ids. `returned` : missing before,
    and back unchanged. `retried` : failures that are tried again.
    """

    listed: int
    new: int
    changed: int
    moved: int
    returned: int
    retried: int


@dataclass(frozen=True, slots=True)
class Losses:
    """How many images searches would lose: `lost` of `live`, without those that seem moved."""

    live: int
    lost: int


def begin_listing(catalog: Catalog) -> None:
    """Create an empty temporary table for the listing; drop the table of an earlier listing."""
    catalog.execute("DROP TABLE IF EXISTS temp.seen")
    catalog.execute(
        "CREATE TEMP TABLE seen (id TEXT PRIMARY KEY, path TEXT, size INTEGER, mtime_ns INTEGER,"
        " ctime_ns INTEGER) WITHOUT ROWID"
    )
    catalog.execute("DROP TABLE IF EXISTS temp.came_back")
    catalog.execute("CREATE TEMP TABLE came_back (key INTEGER PRIMARY KEY)")


def add_listed(catalog: Catalog, refs: Sequence[FileRef]) -> None:
    """Add a part of the listing to the temporary table.

    A path that is listed twice counts once. Raises UsageError when two files have the same id.
    """
    with catalog.reading():  # one transaction for the temporary table, no lock on the catalog
        catalog.execute_many(
            "INSERT OR IGNORE INTO temp.seen VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)",
            (
                (as_text(ref.id), as_text(ref.path), ref.stat.size, ref.stat.mtime_ns, ref.ctime_ns)
                for ref in refs
            ),
        )
        for ref in refs:
            if ref.id == ref.path:
                continue  # the id is the path, so no other file can have it
            (path,) = catalog.fetch_one(
                "SELECT path FROM temp.seen WHERE id = CAST(? AS TEXT)", [as_text(ref.id)]
            )
            if path != ref.path:
                raise UsageError(
                    f"two files have the name {ref.id}: {path} and {ref.path}; a name can be the "
                    "id of one only, so rename one, or use their paths: --ids path"
                )


def came_back(catalog: Catalog, key: int) -> bool:
    """Return whether the last listing found the file of an image again that was missing, and that
    had to be read because something about the file was new."""
    if catalog.fetch_one("SELECT 1 FROM sqlite_temp_master WHERE name = 'came_back'") is None:
        return False
    return catalog.fetch_one("SELECT 1 FROM temp.came_back WHERE key = ?", [key]) is not None


def unseen_images(catalog: Catalog) -> Iterator[tuple[int, str]]:
    """Yield (key, path) of the images that are not in the listing and not yet missing."""
    return catalog.iterate(f"SELECT key, path {_UNSEEN}")


def unseen_below(catalog: Catalog, folder: str) -> Iterator[int]:
    """Yield the keys of the images below a folder that are not in the listing and not yet
    missing."""
    rows = catalog.iterate(f"SELECT key {_UNSEEN} AND {_BELOW}", _ends(folder))
    return (key for (key,) in rows)


def count_live_below(catalog: Catalog, folder: str) -> int:
    """Return how many live images are below a folder."""
    sql = f"SELECT count(*) FROM images WHERE {LIVE} AND {_BELOW}"  # noqa: S608
    return int(catalog.fetch_one(sql, _ends(folder))[0])


def _ends(folder: str) -> tuple[bytes, bytes]:
    """Return the ends of the range of paths below a folder: the character `0` follows `/`."""
    return as_text(f"{folder}/"), as_text(f"{folder}0")


def count_losses(catalog: Catalog, gone: Iterable[int]) -> Losses:
    """Return how many live images there are, and how many of them are among the keys `gone`.

    A vanished image seems moved, and is no loss, if the listing has a file of its size and time
    stamp that the collection lacks: a renamed folder is not a lost one.
    """
    catalog.execute("CREATE TEMP TABLE IF NOT EXISTS gone (key INTEGER PRIMARY KEY)")
    catalog.execute("DELETE FROM temp.gone")
    catalog.execute_many("INSERT INTO temp.gone VALUES (?)", ((key,) for key in gone))
    return _count_gone(catalog, LIVE)


def count_losses_below(catalog: Catalog, folder: str) -> Losses:
    """Return how many live images are below a folder, and how many of them are among the keys that
    `count_losses` got last."""
    return _count_gone(catalog, f"{LIVE} AND {_BELOW}", _ends(folder))


def _count_gone(catalog: Catalog, which: str, values: tuple[bytes, ...] = ()) -> Losses:
    """Count the images of a condition, and those of them in the table `gone` that seem lost."""
    live = int(catalog.fetch_one(f"SELECT count(*) FROM images WHERE {which}", values)[0])  # noqa: S608
    with_rows = f"SELECT size, mtime_ns FROM images JOIN temp.gone USING (key) WHERE {which}"  # noqa: S608
    (lost,) = catalog.fetch_one(
        "SELECT total(max(0, old.n - coalesce(new.n, 0)))"  # noqa: S608
        f" FROM (SELECT size, mtime_ns, count(*) AS n FROM ({with_rows}) GROUP BY 1, 2) AS old"
        " LEFT JOIN (SELECT size, mtime_ns, count(*) AS n FROM temp.seen WHERE NOT EXISTS"
        " (SELECT 1 FROM images WHERE images.id = seen.id AND missing IS NULL) GROUP BY 1, 2)"
        " AS new USING (size, mtime_ns)",
        values,
    )
    return Losses(live, int(lost))


def count_changes(catalog: Catalog, *, retry_failed: bool, rehash: bool = False) -> ListingCounts:
    """Count the differences between the listing and the catalog, and write nothing."""
    reread = _must_reread(catalog, rehash=rehash)
    both = "FROM images, seen WHERE images.id = seen.id AND images.removed = 0 AND"

    def count(tail: str) -> int:
        return int(catalog.fetch_one(f"SELECT count(*) {tail}")[0])

    return ListingCounts(
        listed=count("FROM temp.seen"),
        new=count(_NEW) + count(f"{_NAME_TAKEN} AND ({_OTHER_STAT} OR {reread})"),
        changed=count(f"{both} missing IS NULL AND ({_OTHER_STAT} OR {reread})"),
        moved=count(f"{both} missing IS NULL AND images.path <> seen.path AND NOT {_OTHER_STAT}"),
        returned=count(f"{both} missing IS NOT NULL AND {_INTACT} AND NOT {reread}"),
        retried=count(
            f"{both} missing IS NULL AND NOT {_OTHER_STAT} AND {_retryable(retry_failed)}"
        ),
    )


def unread_paths(catalog: Catalog, limit: int, *, largest: bool = False) -> list[str]:
    """Return up to `limit` paths of listed files that are new or changed.

    They are drawn at random, or the largest files.
    """
    order = "seen.size DESC" if largest else "random()"
    rows = catalog.fetch_all(f"SELECT path {_UNREAD} ORDER BY {order} LIMIT ?", [limit])
    return [path for (path,) in rows]


def count_unread(catalog: Catalog) -> int:
    """Return how many listed files are new or have another size or time stamp. Others that are read
    again most likely have the same bytes."""
    return int(catalog.fetch_one(f"SELECT count(*) {_UNREAD}")[0])


def apply_listing(
    catalog: Catalog, *, retry_failed: bool, shuffle: int | None, rehash: bool = False
) -> ListingCounts:
    """Bring the table `images` up to date with the listing; return the differences.

    It runs inside a transaction of the caller. New images are entered in the order of their ids, or
    in a random order with the seed `shuffle`. rehash : read all files again, changed or not.
    """
    reread = _must_reread(catalog, rehash=rehash)
    retried = catalog.execute(f"{_RETRY} AND {_retryable(retry_failed)}")
    moved = catalog.execute(f"{_MOVE} AND images.missing IS NULL AND NOT {_OTHER_STAT}")
    catalog.execute(_MOVE)
    changed = catalog.execute(f"{_REREAD} AND NOT {_OTHER_STAT} AND {reread}")
    changed += catalog.execute(_CHANGE)
    returned = catalog.execute(f"{_RETURN} AND {_INTACT} AND NOT {reread}")
    catalog.execute(_NOTE_RETURN)
    catalog.execute(_RETURN_TO_DO)
    for (key,) in catalog.fetch_all(f"SELECT key {_NAME_TAKEN} AND ({_OTHER_STAT} OR {reread})"):
        free_id(catalog, key)  # the file is new; a removed image is recognised when it is read
    catalog.execute(_NOTE_CTIME)
    new = catalog.execute(f"{_ENTER} ORDER BY {_order(catalog, shuffle)}")
    listed = int(catalog.fetch_one("SELECT count(*) FROM temp.seen")[0])
    return ListingCounts(listed, new, changed, moved, returned, retried)


def _must_reread(catalog: Catalog, *, rehash: bool) -> str:
    """Return the SQL condition for files that are read again though size and time stamp are equal.

    These are all files with `rehash`, and else those with another ctime. A program can set the time
    stamp of a file that it wrote or renamed, and never the ctime. Reading is enough: bytes that are
    as before keep their vector.
    """
    if rehash:
        return "true"
    if not catalog.has_column("images", "ctime_ns"):  # an older catalog, open for reading
        return "false"
    return _OTHER_CTIME


def _order(catalog: Catalog, shuffle: int | None) -> str:
    """Return the SQL expression that new images are ordered by."""
    if shuffle is None:
        return "id"
    seed = shuffle % 2**64
    catalog.define("shuffled", lambda id_: xxhash.xxh3_64_intdigest(id_, seed) - 2**63)
    return "shuffled(CAST(id AS BLOB))"


def _retryable(retry_failed: bool) -> str:
    """Return the SQL condition for failures that are tried again.

    A failed read has a cause outside the file, so each run tries it again. Other failures are tried
    again with `retry_failed` only.
    """
    return "images.stage IS NOT NULL" if retry_failed else "images.stage = 'read'"
