"""Mark images whose files were moved to the trash, or back from it."""

from sokkuri.core.types import FileStat
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text


def mark_trashed(catalog: Catalog, id_: str, path: str, digest: bytes, mark: int) -> int:
    """Mark an image as missing; return how many images changed, 0 or 1.

    An image that has another path or another digest by now, or that is missing already, does not
    change. mark : the value of the column `missing`.
    """
    return catalog.execute(
        "UPDATE images SET missing = ? WHERE id = CAST(? AS TEXT)"
        " AND path = CAST(? AS TEXT) AND digest = ? AND missing IS NULL",
        [mark, as_text(id_), as_text(path), digest],
    )


def mark_restored(catalog: Catalog, id_: str, path: str, digest: bytes, stat: FileStat) -> int:
    """Mark a missing image as present; return how many images changed, 0 or 1.

    An image that has another path, digest, size or time stamp by now, or that has no row or must be
    read again, does not change.
    """
    return catalog.execute(
        "UPDATE images SET missing = NULL WHERE id = CAST(? AS TEXT) AND path = CAST(? AS TEXT)"
        " AND digest = ? AND size = ? AND mtime_ns = ?"
        " AND missing IS NOT NULL AND todo = 0 AND shard IS NOT NULL",
        [as_text(id_), as_text(path), digest, stat.size, stat.mtime_ns],
    )
