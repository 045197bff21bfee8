"""What has changed in the folder since the catalog last looked: new, changed, back, vanished.

Takes the listing, puts it into a temporary table (on disk, so memory stays bounded), and compares
it with the images by SQL. A dry run stops there; `apply_changes` writes it down. Moves are found
later, by content: here they are one image that vanished and one that is new.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import xxhash

from sokkuri.core.errors import UsageError
from sokkuri.core.types import FileRef
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text

_NEW = "FROM seen WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.id = seen.id)"
_BOTH = "FROM seen WHERE images.id = seen.id AND images.removed = 0"
_OTHER_STAT = "(images.size <> seen.size OR images.mtime_ns <> seen.mtime_ns)"
_INTACT = f"NOT {_OTHER_STAT} AND images.todo = 0 AND images.shard IS NOT NULL"
_UNSEEN = (
    "FROM images WHERE missing IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.id = images.id)"
)

_RETRY = (
    f"UPDATE images SET todo = 1 {_BOTH} AND images.missing IS NULL AND images.todo = 0"  # noqa: S608
    f" AND NOT {_OTHER_STAT}"
)
_MOVE = f"UPDATE images SET path = seen.path {_BOTH} AND images.path <> seen.path"  # noqa: S608
_CHANGE = (
    "UPDATE images SET todo = 1, size = seen.size, mtime_ns = seen.mtime_ns"  # noqa: S608
    f" {_BOTH} AND images.missing IS NULL AND {_OTHER_STAT}"
)
_RETURN = f"UPDATE images SET missing = NULL {_BOTH} AND images.missing IS NOT NULL"  # noqa: S608
_RETURN_TO_DO = (
    "UPDATE images SET missing = NULL, todo = 1, size = seen.size, mtime_ns = seen.mtime_ns"  # noqa: S608
    f" {_BOTH} AND images.missing IS NOT NULL"
)
_ENTER = f"INSERT INTO images (id, path, size, mtime_ns) SELECT id, path, size, mtime_ns {_NEW}"


@dataclass(frozen=True, slots=True)
class Changes:
    """The listing against the catalog, in images. `moved` : elsewhere, under the same name, where
    names are ids. `returned` : came back as they were.
    `retried` : failures that are tried again."""

    listed: int
    new: int
    changed: int
    moved: int
    returned: int
    vanished: int
    retried: int


def begin_listing(catalog: Catalog) -> None:
    """An empty temporary table for the listing."""
    catalog.run("DROP TABLE IF EXISTS temp.seen")
    catalog.run(
        "CREATE TEMP TABLE seen (id TEXT PRIMARY KEY, path TEXT, size INTEGER, mtime_ns INTEGER)"
        " WITHOUT ROWID"
    )


def add_listed(catalog: Catalog, refs: Sequence[FileRef]) -> None:
    """Put a part of the listing into the temporary table. Raises UsageError when two files have
    one id; the same path twice is one file."""
    with catalog.reading():  # one transaction for the temporary table, no lock on the catalog
        catalog.run_many(
            "INSERT OR IGNORE INTO temp.seen VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?)",
            (
                (as_text(ref.id), as_text(ref.path), ref.stat.size, ref.stat.mtime_ns)
                for ref in refs
            ),
        )
        for ref in refs:
            if ref.id == ref.path:
                continue  # a path is its own id, and cannot be another's
            (path,) = catalog.one(
                "SELECT path FROM temp.seen WHERE id = CAST(? AS TEXT)", [as_text(ref.id)]
            )
            if path != ref.path:
                raise UsageError(
                    f"two files have the name {ref.id}: {path} and {ref.path}; a name can be the "
                    "id of one only, so rename one, or use their paths: --ids path"
                )


def vanished_images(catalog: Catalog, is_gone: Callable[[str], bool]) -> Iterator[int]:
    """Keys of images that the listing lacks and whose file, looked at again, is gone.

    is_gone : takes the path relative to the root. A folder that could not be read, or a file that
    another process has just listed, is not gone.
    """
    for key, path in catalog.each(f"SELECT key, path {_UNSEEN}"):
        if is_gone(path):
            yield key


def compare(catalog: Catalog, is_gone: Callable[[str], bool], *, retry_failed: bool) -> Changes:
    """Count what has changed, and write nothing."""
    both = "FROM images, seen WHERE images.id = seen.id AND images.removed = 0 AND"

    def count(tail: str) -> int:
        return int(catalog.one(f"SELECT count(*) {tail}")[0])

    return Changes(
        listed=count("FROM temp.seen"),
        new=count(_NEW),
        changed=count(f"{both} missing IS NULL AND {_OTHER_STAT}"),
        moved=count(f"{both} missing IS NULL AND images.path <> seen.path AND NOT {_OTHER_STAT}"),
        returned=count(f"{both} missing IS NOT NULL AND {_INTACT}"),
        vanished=sum(1 for _ in vanished_images(catalog, is_gone)),
        retried=count(
            f"{both} missing IS NULL AND NOT {_OTHER_STAT} AND {_retryable(retry_failed)}"
        ),
    )


def unread_paths(catalog: Catalog, limit: int) -> list[str]:
    """Up to `limit` paths, drawn at random, of listed files that are new or changed."""
    rows = catalog.all(
        "SELECT path FROM temp.seen WHERE NOT EXISTS (SELECT 1 FROM images"  # noqa: S608
        f" WHERE images.id = seen.id AND (images.removed = 1 OR NOT {_OTHER_STAT}))"
        " ORDER BY random() LIMIT ?",
        [limit],
    )
    return [path for (path,) in rows]


def apply_changes(
    catalog: Catalog,
    run: int,
    is_gone: Callable[[str], bool],
    *,
    retry_failed: bool,
    shuffle: int | None = None,
) -> Changes:
    """Write the comparison down in one transaction: what must be read is `todo` afterwards.

    A changed file keeps its row until the new one is committed. An unchanged file that came back
    is live again at once. New images are entered in the order of their ids, which is the order they
    are extracted in, or in one drawn by the seed `shuffle`.
    """
    with catalog.writing():
        gone = array("q", vanished_images(catalog, is_gone))
        retried = catalog.run(f"{_RETRY} AND {_retryable(retry_failed)}")
        moved = catalog.run(f"{_MOVE} AND images.missing IS NULL AND NOT {_OTHER_STAT}")
        catalog.run(_MOVE)
        changed = catalog.run(_CHANGE)
        returned = catalog.run(f"{_RETURN} AND {_INTACT}")
        catalog.run(_RETURN_TO_DO)
        new = catalog.run(f"{_ENTER} ORDER BY {_order(catalog, shuffle)}")
        catalog.run_many(
            "UPDATE images SET missing = ? WHERE key = ?", ((run, key) for key in gone)
        )
        listed = int(catalog.one("SELECT count(*) FROM temp.seen")[0])
    return Changes(listed, new, changed, moved, returned, len(gone), retried)


def _order(catalog: Catalog, shuffle: int | None) -> str:
    """What new images are sorted by."""
    if shuffle is None:
        return "id"
    seed = shuffle % 2**64
    catalog.define("shuffled", lambda id_: xxhash.xxh3_64_intdigest(id_, seed) - 2**63)
    return "shuffled(CAST(id AS BLOB))"


def _retryable(retry_failed: bool) -> str:
    """Failed reads are the surroundings' fault and tried each time; others when asked."""
    return "images.stage IS NOT NULL" if retry_failed else "images.stage = 'read'"
