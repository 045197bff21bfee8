"""Mark images whose files went to the trash, or came back from it."""

from sokkuri.core.types import FileStat
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text


def mark_trashed(catalog: Catalog, id_: str, path: str, digest: bytes, mark: int) -> int:
    """Mark an image missing if it still has this path and these bytes; return 0 or 1."""
    return catalog.execute(
        "UPDATE images SET missing = ? WHERE id = CAST(? AS TEXT)"
        " AND path = CAST(? AS TEXT) AND digest = ? AND missing IS NULL",
        [mark, as_text(id_), as_text(path), digest],
    )


def mark_restored(catalog: Catalog, id_: str, path: str, digest: bytes, stat: FileStat) -> int:
    """Make a missing image live again if it still has this path, bytes and time stamp; return 0
    or 1."""
    return catalog.execute(
        "UPDATE images SET missing = NULL WHERE id = CAST(? AS TEXT) AND path = CAST(? AS TEXT)"
        " AND digest = ? AND size = ? AND mtime_ns = ?"
        " AND missing IS NOT NULL AND todo = 0 AND shard IS NOT NULL",
        [as_text(id_), as_text(path), digest, stat.size, stat.mtime_ns],
    )
