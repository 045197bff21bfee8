"""Queries for a selection of images: their keys, and where their files are."""

from collections.abc import Iterator, Sequence
from typing import Any

from sokkuri.core.errors import UnknownImageError
from sokkuri.store.catalog import Catalog
from sokkuri.store.images import ids_in

_AT_ONCE = 500  # parameters of one statement


def image_keys(catalog: Catalog, ids: Sequence[str]) -> list[int]:
    """Return the keys of the images with these ids, in their order, each once.

    Images without a vector have keys too. Raises UnknownImageError, also for removed images.
    """
    keys = {
        id_: key
        for condition in ids_in(ids)
        for key, id_ in catalog.iterate(
            f"SELECT key, id FROM images WHERE removed = 0 AND {condition.sql}",  # noqa: S608
            condition.values,
        )
    }
    for id_ in ids:
        if id_ not in keys:
            raise UnknownImageError(f"the collection has no image {id_!r}")
    return list(dict.fromkeys(keys[id_] for id_ in ids))


def files_of_images(catalog: Catalog, ids: Sequence[str]) -> dict[str, tuple[str, int, bytes]]:
    """Return (path, size, digest) of these images by id, with or without a vector.

    Leaves out images that were removed, whose files are gone, or were never read.
    """
    return {
        id_: (path, size, digest)
        for condition in ids_in(ids)
        for id_, path, size, digest in catalog.iterate(
            "SELECT id, path, size, digest FROM images WHERE removed = 0 AND missing IS NULL"  # noqa: S608
            f" AND digest IS NOT NULL AND {condition.sql}",
            condition.values,
        )
    }


def selected_images(catalog: Catalog, keys: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Yield the images with these keys, in their order.

    Each is (id, path, width, height, size, mtime_ns). Leaves out unknown keys and removed images.
    """
    for start in range(0, len(keys), _AT_ONCE):
        chunk = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(chunk))
        rows = {
            row[0]: row[1:]
            for row in catalog.iterate(
                "SELECT key, id, path, width, height, size, mtime_ns FROM images"  # noqa: S608
                f" WHERE removed = 0 AND key IN ({marks})",
                chunk,
            )
        }
        yield from (rows[key] for key in chunk if key in rows)
