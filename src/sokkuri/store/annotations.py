"""What people said about images outlives changes of the images' identity.

Labels and decisions refer to content keys, and the mark `removed` to an image. Here they follow:
labels and decisions when the bytes of an image become known, so that its content key changes from
its id to a digest; the mark when a removed image that has lost its row appears under another id,
and when a file with other bytes takes its name.
All functions run inside a write transaction of the caller.
"""

from collections.abc import Iterable

from sokkuri.store.catalog import Catalog
from sokkuri.store.content import key_of_id
from sokkuri.store.database import as_text
from sokkuri.store.labels import count_label_change

_GONE_FOR_GOOD = "removed = 1 AND missing IS NOT NULL AND shard IS NULL"
"""The SQL condition for a removed image without row and file: its digest is all that is left."""


def know_content(catalog: Catalog, key: int, digest: bytes) -> None:
    """Prepare the image `key` for its digest. Call it before the digest is recorded.

    What was said under its id goes to the digest. If a removed image with this digest has neither
    row nor file any more, this is the same image under another id, and it is removed too.
    """
    id_, old = catalog.fetch_one("SELECT id, digest FROM images WHERE key = ?", [key])
    if old is None:
        carry_over(catalog, key_of_id(id_), digest)
    inherit_removal(catalog, key, digest)


def inherit_removal(catalog: Catalog, key: int, digest: bytes) -> None:
    """Mark the image removed if it is a removed image that lost its row and its file; forget that
    one."""
    gone = find_removed(catalog, digest, key)
    if gone is not None:
        catalog.execute("DELETE FROM images WHERE key = ?", [gone])
        catalog.execute("UPDATE images SET removed = 1 WHERE key = ?", [key])


def find_removed(catalog: Catalog, digest: bytes, key: int = 0) -> int | None:
    """Return the key of a removed image with these bytes that has neither row nor file, other than
    the image `key`; None if there is none. A file with these bytes is that image."""
    row = catalog.fetch_one(
        f"SELECT key FROM images WHERE digest = ? AND {_GONE_FOR_GOOD} AND key <> ? LIMIT 1",  # noqa: S608
        [digest, key],
    )
    return None if row is None else int(row[0])


def inherit_removals(catalog: Catalog, ids: Iterable[str]) -> int:
    """Do the same for images that were just entered; return how many are removed now."""
    count = 0
    if catalog.fetch_one(f"SELECT 1 FROM images WHERE {_GONE_FOR_GOOD} LIMIT 1") is None:  # noqa: S608
        return count
    for id_ in ids:
        key, digest, removed = catalog.fetch_one(
            "SELECT key, digest, removed FROM images WHERE id = CAST(? AS TEXT)", [as_text(id_)]
        )
        if digest is not None and not removed:
            inherit_removal(catalog, key, digest)
            (removed,) = catalog.fetch_one("SELECT removed FROM images WHERE key = ?", [key])
            count += removed
    return count


def free_id(catalog: Catalog, key: int) -> None:
    """Give a removed image another id, because a file with other bytes has its name now.

    It stays marked, as an image without a file, to be recognised by its bytes. No file can have the
    new id.
    """
    (id_,) = catalog.fetch_one(
        "SELECT id || '//' || lower(hex(digest)) FROM images WHERE key = ?", [key]
    )
    free = "UPDATE shards SET stale_ids = 1 WHERE shard IN (SELECT shard FROM images WHERE {})"
    same_id = "id = CAST(? AS TEXT)"  # removed before under this name, with these bytes
    catalog.execute(free.format(f"{same_id} OR key = ?"), [as_text(id_), key])
    catalog.execute(f"DELETE FROM images WHERE {same_id}", [as_text(id_)])  # noqa: S608
    catalog.execute(
        "UPDATE images SET id = CAST(? AS TEXT), missing = coalesce(missing, 0), todo = 0,"
        " claim = NULL WHERE key = ?",
        [as_text(id_), key],
    )


def carry_over(catalog: Catalog, old: bytes, new: bytes, *, keep: bool = False) -> None:
    """Give the content `new` the label and the decisions of the content `old`.

    If both have a label, the later label stays. keep : `old` keeps its label and decisions too,
    because other images have this content.
    """
    if old == new:
        return
    if catalog.has_table("labels"):
        _carry_label(catalog, old, new, keep=keep)
    if catalog.has_table("kept"):
        catalog.execute(
            "INSERT OR IGNORE INTO kept SELECT ? FROM kept WHERE content = ?", [new, old]
        )
        if not keep:
            catalog.execute("DELETE FROM kept WHERE content = ?", [old])
    if catalog.has_table("different"):
        _carry_pairs(catalog, old, new, keep=keep)


def carry_all_over(catalog: Catalog) -> None:
    """Carry over all that is still said under ids whose images have a digest by now."""
    columns = {"labels": ["content"], "kept": ["content"], "different": ["first", "second"]}
    for table, names in columns.items():
        for name in names if catalog.has_table(table) else []:
            late = catalog.fetch_all(
                f"SELECT DISTINCT {name}, digest FROM {table} JOIN images"  # noqa: S608
                f" ON images.id = CAST(substr({name}, 4) AS TEXT) AND digest IS NOT NULL"
                f" WHERE substr({name}, 1, 3) = CAST('id:' AS BLOB)"
            )
            for old, digest in late:
                carry_over(catalog, old, digest)


def _carry_label(catalog: Catalog, old: bytes, new: bytes, *, keep: bool) -> None:
    find = "SELECT label, turn FROM labels WHERE content = ?"
    moving, present = catalog.fetch_one(find, [old]), catalog.fetch_one(find, [new])
    if moving is None:
        return
    if not keep:
        catalog.execute("DELETE FROM labels WHERE content = ?", [old])
    if present is None or present[1] < moving[1]:
        catalog.execute("INSERT OR REPLACE INTO labels VALUES (?, ?, ?)", [new, *moving])
    count_label_change(catalog)


def _carry_pairs(catalog: Catalog, old: bytes, new: bytes, *, keep: bool) -> None:
    pairs = catalog.fetch_all(
        "SELECT first, second FROM different WHERE first = ?"
        " UNION ALL SELECT first, second FROM different WHERE second = ?",
        [old, old],
    )
    for first, second in pairs:
        other = second if first == old else first
        if not keep:
            catalog.execute("DELETE FROM different WHERE first = ? AND second = ?", [first, second])
        if other != new:
            catalog.execute(
                "INSERT OR IGNORE INTO different VALUES (?, ?)",
                [min(other, new), max(other, new)],
            )
