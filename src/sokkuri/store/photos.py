"""The table of photo metadata, by the digest of the bytes of a file.

Equal bytes have the same metadata, so nothing must be done when a file is copied or moved. For each
field, the `.xmp` sidecar of an image counts before this table: see sidecars.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sokkuri.core.types import NOTHING_KNOWN, PhotoMetadata
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.filter_columns import photo_value
from sokkuri.store.images import LIVE
from sokkuri.store.migrations import create_table
from sokkuri.store.photo_rows import COLUMNS, photo_of_row, row_of
from sokkuri.store.sidecars import beside, read_sidecars, record_sidecars

_NAMES = ", ".join(COLUMNS)
_CHANGES = "photo_changes"


def record_photos(catalog: Catalog, photos: Mapping[bytes, PhotoMetadata]) -> None:
    """Record the metadata of the files with these digests, inside a write transaction."""
    if photos:
        _record(catalog, photos.items())


def _record(catalog: Catalog, photos: Iterable[tuple[bytes, PhotoMetadata]]) -> None:
    create_table(catalog, "photos")
    marks = ", ".join("?" * (1 + len(COLUMNS)))
    catalog.execute_many(
        f"INSERT OR REPLACE INTO photos (digest, {_NAMES}) VALUES ({marks})",  # noqa: S608
        ((digest, *row_of(photo)) for digest, photo in photos),
    )


def read_photos(catalog: Catalog) -> Iterator[tuple[bytes, PhotoMetadata]]:
    """Yield digest and metadata of each row, also of bytes that no image has any more.

    Values that no photo can have are left out: a stranger may have made the catalog.
    """
    if catalog.has_table("photos"):
        for digest, *row in catalog.iterate(f"SELECT digest, {_NAMES} FROM photos"):  # noqa: S608
            if isinstance(digest, bytes):
                yield digest, photo_of_row(row)


def forget_photos(catalog: Catalog) -> None:
    """Forget the metadata of bytes that no image has any more, inside a write transaction."""
    if catalog.has_table("photos"):
        catalog.execute(
            "DELETE FROM photos WHERE digest NOT IN"
            " (SELECT digest FROM images WHERE digest IS NOT NULL)"
        )


def copy_photos(catalog: Catalog, other: Catalog) -> None:
    """Record the metadata and the sidecars of another catalog, inside a write transaction.

    Needs bounded memory.
    """
    if other.has_table("photos"):
        _record(catalog, read_photos(other))
    if other.has_table("sidecars"):
        record_sidecars(catalog, read_sidecars(other))
    count_photo_change(catalog)


def find_photo(catalog: Catalog, path: str, digest: bytes | None) -> PhotoMetadata | None:
    """Return the metadata of an image, from its sidecars first. None if there is no sidecar and the
    metadata of its file was never read."""
    row = None
    if digest is not None and catalog.has_table("photos"):
        row = catalog.fetch_one(f"SELECT {_NAMES} FROM photos WHERE digest = ?", [digest])  # noqa: S608
    photo = None if row is None else photo_of_row(row)
    for sidecar in reversed(beside(catalog, path)):
        photo = _over(sidecar, photo or PhotoMetadata())
    return photo


def _over(above: PhotoMetadata, below: PhotoMetadata) -> PhotoMetadata:
    """Return both as one. For each field, `above` counts if it is known."""
    said = {
        name: value for name in COLUMNS if (value := getattr(above, name)) not in (None, "", ())
    }
    if "taken" in said:
        said["utc_offset"] = above.utc_offset  # an offset belongs to its own time
    return replace(below, **said)


def find_photos(catalog: Catalog, ids: Sequence[str]) -> list[PhotoMetadata]:
    """Return the metadata of the images with these ids, in the order of `ids`."""
    return [
        NOTHING_KNOWN if image is None else find_photo(catalog, *image) or NOTHING_KNOWN
        for image in (
            catalog.fetch_one(
                "SELECT path, digest FROM images WHERE id = CAST(? AS TEXT)", [as_text(id_)]
            )
            for id_ in ids
        )
    ]


def photo_table(catalog: Catalog) -> Iterator[Any]:
    """Yield (id, path, width, height, size, mtime_ns, metadata or None) of the live images, ordered
    by id."""
    rows = catalog.iterate(
        f"SELECT id, path, width, height, size, mtime_ns, digest FROM images WHERE {LIVE}"  # noqa: S608
        " ORDER BY id"
    )
    for *image, digest in rows:
        yield *image, find_photo(catalog, image[1], digest)


def taken_expression(catalog: Catalog) -> str:
    """Return the SQL expression for the time at which an image was taken, NULL if it is unknown."""
    if not catalog.has_table("photos"):
        return "NULL"
    return photo_value("taken", sidecars=catalog.has_table("sidecars"))


def taken_by_key(catalog: Catalog) -> dict[int, int]:
    """Return when each live image was taken, by key, in microseconds of local time from 1970.
    Leaves out images of which it is unknown."""
    taken = taken_expression(catalog)
    rows = catalog.iterate(f"SELECT key, {taken} FROM images WHERE {LIVE}")  # noqa: S608
    return {key: moment for key, moment in rows if isinstance(moment, int)}


def unknown_photos(catalog: Catalog, after: int, limit: int) -> list[tuple[int, bytes, str]]:
    """Return key, digest and path of up to `limit` live images whose metadata was not read from
    their files yet, ordered by key. after : only keys above it."""
    return catalog.fetch_all(
        f"SELECT key, digest, path FROM images WHERE key > ? AND {_unknown(catalog)}"  # noqa: S608
        " ORDER BY key LIMIT ?",
        [after, limit],
    )


def count_unknown(catalog: Catalog) -> int:
    """Return the number of live images whose metadata was not read from their files yet."""
    row = catalog.fetch_one(f"SELECT count(*) FROM images WHERE {_unknown(catalog)}")  # noqa: S608
    return int(row[0])


def _unknown(catalog: Catalog) -> str:
    """Return the SQL condition for a live image whose metadata was not read from its file yet."""
    condition = f"{LIVE} AND todo = 0 AND digest IS NOT NULL"
    if catalog.has_table("photos"):
        condition += " AND NOT EXISTS (SELECT 1 FROM photos WHERE photos.digest = images.digest)"
    return condition


def count_photo_change(catalog: Catalog) -> None:
    """Count a change of metadata. Such a change need not change a row of an image."""
    catalog.set_meta(_CHANGES, str(photo_changes(catalog) + 1))


def photo_changes(catalog: Catalog) -> int:
    """Return a number that grows when the metadata of some photos changes."""
    text = catalog.meta(_CHANGES)
    return int(text) if text is not None and text.isdecimal() else 0
