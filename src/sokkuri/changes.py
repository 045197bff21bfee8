"""What has changed in the folder since the catalog last looked: new, changed, back, vanished.

Takes the listing, puts it into a temporary table (on disk, so memory stays bounded), and compares
it with the images by SQL. A dry run stops there; `apply_changes` writes it down. Moves are found
later, by content: here they are one image that vanished and one that is new.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sokkuri.catalog import Catalog, as_text
from sokkuri.records import FileRef

_NEW = "FROM seen WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.id = seen.id)"
_BOTH = "FROM seen WHERE images.id = seen.id AND images.removed = 0"
_OTHER_STAT = "(images.size <> seen.size OR images.mtime_ns <> seen.mtime_ns)"
_INTACT = f"NOT {_OTHER_STAT} AND images.todo = 0 AND images.shard IS NOT NULL"
_UNSEEN = (
    "FROM images WHERE missing IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.id = images.id)"
)


@dataclass(frozen=True, slots=True)
class Changes:
    """The listing against the catalog, in images. `returned` : came back as they were.
    `retried` : failures that are tried again."""

    listed: int
    new: int
    changed: int
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


def add_listed(catalog: Catalog, refs: Iterable[FileRef]) -> None:
    """Put a part of the listing into the temporary table."""
    with catalog.reading():  # one transaction for the temporary table, no lock on the catalog
        catalog.run_many(
            "INSERT INTO temp.seen VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?)",
            (
                (as_text(ref.id), as_text(ref.path), ref.stat.size, ref.stat.mtime_ns)
                for ref in refs
            ),
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
    catalog: Catalog, run: int, is_gone: Callable[[str], bool], *, retry_failed: bool
) -> Changes:
    """Write the comparison down in one transaction: what must be read is `todo` afterwards.

    A changed file keeps its row until the new one is committed. An unchanged file that came back
    is live again at once.
    """
    with catalog.writing():
        gone = array("q", vanished_images(catalog, is_gone))
        retried = catalog.run(
            f"UPDATE images SET todo = 1 {_BOTH} AND images.missing IS NULL"  # noqa: S608
            f" AND images.todo = 0 AND NOT {_OTHER_STAT} AND {_retryable(retry_failed)}"
        )
        changed = catalog.run(
            "UPDATE images SET todo = 1, size = seen.size, mtime_ns = seen.mtime_ns"  # noqa: S608
            f" {_BOTH} AND images.missing IS NULL AND {_OTHER_STAT}"
        )
        returned = catalog.run(
            "UPDATE images SET missing = NULL"  # noqa: S608
            f" {_BOTH} AND images.missing IS NOT NULL AND {_INTACT}"
        )
        catalog.run(
            "UPDATE images SET missing = NULL, todo = 1,"  # noqa: S608
            " size = seen.size, mtime_ns = seen.mtime_ns"
            f" {_BOTH} AND images.missing IS NOT NULL"
        )
        new = catalog.run(
            "INSERT INTO images (id, path, size, mtime_ns)"
            f" SELECT id, path, size, mtime_ns {_NEW} ORDER BY id"
        )
        catalog.run_many(
            "UPDATE images SET missing = ? WHERE key = ?", ((run, key) for key in gone)
        )
        listed = int(catalog.one("SELECT count(*) FROM temp.seen")[0])
    return Changes(listed, new, changed, returned, len(gone), retried)


def _retryable(retry_failed: bool) -> str:
    """Failed reads are the surroundings' fault and tried each time; others when asked."""
    return "images.stage IS NOT NULL" if retry_failed else "images.stage = 'read'"
