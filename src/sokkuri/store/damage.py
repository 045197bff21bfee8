"""The table of damaged files that were read in part: what is missing, by the digest of the bytes.

Equal bytes are damaged alike, so what is known here goes along with every copy and move.
"""

from collections.abc import Mapping

from sokkuri.core.types import Failure
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.images import LIVE
from sokkuri.store.migrations import create_table


def record_damage(catalog: Catalog, notes: Mapping[bytes, str]) -> None:
    """Record what is damaged in files with these digests, inside a write transaction."""
    if notes:
        create_table(catalog, "damaged")
        catalog.execute_many(
            "INSERT OR REPLACE INTO damaged VALUES (?, CAST(? AS TEXT))",
            ((digest, as_text(note)) for digest, note in notes.items()),
        )


def read_damage(catalog: Catalog) -> dict[bytes, str]:
    """Return what is damaged, by digest, also of bytes that no image has any more."""
    if not catalog.has_table("damaged"):
        return {}
    return dict(catalog.iterate("SELECT digest, note FROM damaged"))


def find_damage(catalog: Catalog, digest: bytes | None) -> str | None:
    """Return what is damaged in files with this digest, None if they are whole."""
    if digest is None or not catalog.has_table("damaged"):
        return None
    row = catalog.fetch_one("SELECT note FROM damaged WHERE digest = ?", [digest])
    return None if row is None else str(row[0])


def count_damaged(catalog: Catalog) -> int:
    """Return the number of live images whose files are damaged and were read in part."""
    if not catalog.has_table("damaged"):
        return 0
    (count,) = catalog.fetch_one(
        f"SELECT count(*) FROM images JOIN damaged USING (digest) WHERE {LIVE}"  # noqa: S608
    )
    return int(count)


def list_damaged(catalog: Catalog, after: bytes, limit: int) -> list[tuple[str, str, str]]:
    """Return a page of up to `limit` live images whose files were read in part, ordered by id.

    Each is (id, path, note). after : the page starts behind this id, in bytes.
    """
    if not catalog.has_table("damaged"):
        return []
    return catalog.fetch_all(
        "SELECT id, path, note FROM images JOIN damaged USING (digest)"  # noqa: S608
        f" WHERE {LIVE} AND id > CAST(? AS TEXT) ORDER BY id LIMIT ?",
        [after, limit],
    )


def damaged_images(catalog: Catalog) -> list[Failure]:
    """Return the live images whose files are damaged and were read in part, ordered by id."""
    if not catalog.has_table("damaged"):
        return []
    rows = catalog.iterate(
        f"SELECT id, note FROM images JOIN damaged USING (digest) WHERE {LIVE} ORDER BY id"  # noqa: S608
    )
    return [Failure(id_, "decode", note) for id_, note in rows]
