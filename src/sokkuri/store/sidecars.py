"""The table of `.xmp` sidecars: the metadata that each has for the photo beside it.

The sidecar of `a.jpg` is `a.jpg.xmp` or `a.xmp`. The first counts before the second. The stem of a
sidecar is its path without the letters `xmp`. The stem also follows from the path of an image. So
the table names no image, and nothing must be done when images come, go or move.
"""

from collections.abc import Callable, Iterable, Iterator

from sokkuri.core.types import FileRef, FileStat, PhotoMetadata
from sokkuri.images.frame_names import file_of
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.migrations import create_table
from sokkuri.store.photo_rows import COLUMNS, photo_of_row, row_of

_FRAME = "ltrim(substr(images.path, instr(images.path, '#t=') + 3), '0123456789.') = ''"
_FILE = (
    f"CASE WHEN instr(images.path, '#t=') AND {_FRAME}"
    " THEN substr(images.path, 1, instr(images.path, '#t=') - 1) ELSE images.path END"
)
"""The SQL expression for the file of an image: the film of a frame."""

NEAREST = f"({_FILE}) || '.'"
"""The SQL expression for the stem of an image's own sidecar, `a.jpg.xmp`."""

SHARED = f"rtrim({_FILE}, replace({_FILE}, '.', ''))"
"""The SQL expression for the stem of `a.xmp`, which all images named `a` share."""

_NAMES = ", ".join(COLUMNS)


def begin_sidecars(catalog: Catalog) -> None:
    """Create an empty temporary table for the sidecars of a listing."""
    catalog.execute("DROP TABLE IF EXISTS temp.seen_sidecars")
    catalog.execute(
        "CREATE TEMP TABLE seen_sidecars (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER,"
        " ctime_ns INTEGER) WITHOUT ROWID"
    )


def add_sidecars(catalog: Catalog, refs: Iterable[FileRef]) -> None:
    """Add a part of the listing to the temporary table."""
    rows = [(as_text(ref.path), ref.stat.size, ref.stat.mtime_ns, ref.ctime_ns) for ref in refs]
    if rows:
        with catalog.reading():  # one transaction for the temporary table, no lock on the catalog
            catalog.execute_many(
                "INSERT OR IGNORE INTO temp.seen_sidecars VALUES (CAST(? AS TEXT), ?, ?, ?)", rows
            )


def changed_sidecars(catalog: Catalog) -> list[str]:
    """Return the paths of the listed sidecars that are new or changed.

    A sidecar whose ctime is unknown counts as changed: it is small.
    """
    known = (
        " WHERE NOT EXISTS (SELECT 1 FROM sidecars WHERE sidecars.path = seen.path"
        " AND sidecars.stem = substr(seen.path, 1, length(seen.path) - 3)"
        " AND sidecars.size = seen.size AND sidecars.mtime_ns = seen.mtime_ns"
        " AND sidecars.ctime_ns IS seen.ctime_ns)"
        if catalog.has_column("sidecars", "ctime_ns")
        else ""
    )
    sql = f"SELECT path FROM temp.seen_sidecars AS seen{known} ORDER BY path"  # noqa: S608
    return [path for (path,) in catalog.iterate(sql)]


def record_sidecars(
    catalog: Catalog, sidecars: Iterable[tuple[str, FileStat, PhotoMetadata]]
) -> None:
    """Record sidecars, each as (path, stat, metadata), inside a write transaction."""
    create_table(catalog, "sidecars")
    places = "CAST(? AS TEXT), CAST(? AS TEXT)" + ", ?" * (2 + len(COLUMNS))
    catalog.execute_many(
        f"INSERT OR REPLACE INTO sidecars (stem, path, size, mtime_ns, {_NAMES})"  # noqa: S608
        f" VALUES ({places})",
        (
            (as_text(path[:-3]), as_text(path), stat.size, stat.mtime_ns, *row_of(photo))
            for path, stat, photo in sidecars
        ),
    )


def note_sidecar_ctimes(catalog: Catalog, paths: Iterable[str]) -> None:
    """Record the listed ctimes of sidecars that were just recorded, inside their transaction.

    A sidecar that changed after it was listed has another ctime at the next listing.
    """
    if not catalog.has_column("sidecars", "ctime_ns"):  # an earlier version made the table
        catalog.execute("ALTER TABLE sidecars ADD COLUMN ctime_ns INTEGER")
    catalog.execute_many(
        "UPDATE sidecars SET ctime_ns = (SELECT ctime_ns FROM temp.seen_sidecars AS seen"
        " WHERE seen.path = sidecars.path) WHERE stem = CAST(? AS TEXT) AND path = CAST(? AS TEXT)",
        ((as_text(path[:-3]), as_text(path)) for path in paths),
    )


def forget_sidecars(catalog: Catalog, is_gone: Callable[[str], bool]) -> int:
    """Forget sidecars that the listing lacks and that are gone; return how many.

    Call it inside a write transaction, if the catalog has the table.
    """
    unseen = catalog.fetch_all(
        "SELECT path FROM sidecars WHERE path NOT IN (SELECT path FROM temp.seen_sidecars)"
    )
    gone = [path for (path,) in unseen if is_gone(path)]
    catalog.execute_many(
        "DELETE FROM sidecars WHERE stem = CAST(? AS TEXT) AND path = CAST(? AS TEXT)",
        ((as_text(path[:-3]), as_text(path)) for path in gone),
    )
    return len(gone)


def read_sidecars(catalog: Catalog) -> Iterator[tuple[str, FileStat, PhotoMetadata]]:
    """Yield path, stat and metadata of each sidecar.

    Rows that no sidecar can have are left out: a stranger may have made the catalog.
    """
    if not catalog.has_table("sidecars"):
        return
    rows = catalog.iterate(f"SELECT path, size, mtime_ns, {_NAMES} FROM sidecars")  # noqa: S608
    for path, size, mtime_ns, *row in rows:
        if isinstance(path, str) and isinstance(size, int) and isinstance(mtime_ns, int):
            yield path, FileStat(size, mtime_ns), photo_of_row(row)


def sidecar_size(catalog: Catalog, path: str) -> int:
    """Return the size in bytes of all sidecars of the image at this path; 0 if it has none."""
    if not catalog.has_table("sidecars"):
        return 0
    row = catalog.fetch_one(
        "SELECT coalesce(sum(size), 0) FROM sidecars"
        " WHERE stem IN (CAST(? AS TEXT), CAST(? AS TEXT))",
        [as_text(stem) for stem in _stems_of(path)],
    )
    return int(row[0])


def _stems_of(path: str) -> tuple[str, str]:
    file = file_of(path)
    return f"{file}.", file.rpartition(".")[0] + "."


def beside(catalog: Catalog, path: str) -> list[PhotoMetadata]:
    """Return the metadata of the sidecars of the image at this path, the one that counts first
    first."""
    if not catalog.has_table("sidecars"):
        return []
    found = []
    for stem in _stems_of(path):
        row = catalog.fetch_one(
            f"SELECT {_NAMES} FROM sidecars WHERE stem = CAST(? AS TEXT) LIMIT 1",  # noqa: S608
            [as_text(stem)],
        )
        if row is not None:
            found.append(photo_of_row(row))
    return found
