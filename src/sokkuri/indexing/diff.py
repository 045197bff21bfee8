"""Compare a listing with the catalog: new, changed, returned and vanished images.

Takes the listing, puts it into a temporary table (on disk, so memory stays bounded), and compares
it with the images in SQL. `compare` counts the changes; `apply_changes` writes them. Here a moved
image is one that vanished and one that is new; the writer recognises it later, by its content.
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
    """The differences between listing and catalog, in images.

    moved : same name in another folder, if names are ids. returned : vanished before, and unchanged
    now. retried : failures to try again.
    """

    listed: int
    new: int
    changed: int
    moved: int
    returned: int
    vanished: int
    retried: int


def begin_listing(catalog: Catalog) -> None:
    """Create an empty temporary table for the listing."""
    catalog.run("DROP TABLE IF EXISTS temp.seen")
    catalog.run(
        "CREATE TEMP TABLE seen (id TEXT PRIMARY KEY, path TEXT, size INTEGER, mtime_ns INTEGER)"
        " WITHOUT ROWID"
    )


def add_listed(catalog: Catalog, refs: Sequence[FileRef]) -> None:
    """Add files to the temporary table. The same path twice is one file.

    Raises UsageError if two files have one id.
    """
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
                continue  # its id is its path, which is unique
            (path,) = catalog.one(
                "SELECT path FROM temp.seen WHERE id = CAST(? AS TEXT)", [as_text(ref.id)]
            )
            if path != ref.path:
                raise UsageError(
                    f"two files have the name {ref.id}: {path} and {ref.path}; a name can be the "
                    "id of one only, so rename one, or use their paths: --ids path"
                )


def vanished_images(catalog: Catalog, is_gone: Callable[[str], bool]) -> Iterator[int]:
    """Yield the keys of images that the listing lacks and whose file is gone.

    is_gone : takes a path relative to the root. A file in an unreadable folder, or one that another
    process has just listed, is not gone.
    """
    for key, path in catalog.each(f"SELECT key, path {_UNSEEN}"):
        if is_gone(path):
            yield key


def compare(catalog: Catalog, is_gone: Callable[[str], bool], *, retry_failed: bool) -> Changes:
    """Return the counts of all changes. Writes nothing to the catalog."""
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
    """Return up to `limit` random paths of listed files that are new or changed."""
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
    """Write all changes in one transaction, and return their counts.

    Images that must be read are `todo` afterwards. A changed file keeps its row until the new row
    is committed. An unchanged file that returned is live again at once. New images are added in the
    order of their ids, or in a random order with the seed `shuffle`; they are extracted in this
    order.
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
    """Return the SQL expression that new images are ordered by."""
    if shuffle is None:
        return "id"
    seed = shuffle % 2**64
    catalog.define("shuffled", lambda id_: xxhash.xxh3_64_intdigest(id_, seed) - 2**63)
    return "shuffled(CAST(id AS BLOB))"


def _retryable(retry_failed: bool) -> str:
    """Return the SQL condition of failures to try again.

    A failed read may be temporary and is tried in every run; other failures on request.
    """
    return "images.stage IS NOT NULL" if retry_failed else "images.stage = 'read'"
