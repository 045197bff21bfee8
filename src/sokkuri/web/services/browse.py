"""Read images, folders and failures from the catalog, for the pages.

The functions take a Collection and return documents of `schemas/` as dictionaries. They look ids up
in the catalog. An id never becomes part of a path.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.core.named_roots import Roots
from sokkuri.core.types import PhotoMetadata
from sokkuri.images.frame_names import parse_frame
from sokkuri.store.damage import find_damage, list_damaged
from sokkuri.store.database import as_text
from sokkuri.store.filters import Condition
from sokkuri.store.image_pages import (
    adjacent_images,
    image_details,
    images_by_key,
    list_failed,
    list_live,
    paths_of_live,
)
from sokkuri.store.photos import find_photo
from sokkuri.store.status import Status
from sokkuri.web.services.cursors import decode_cursor, encode_cursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_condition(
    collection: Collection, under: str | None, where: str | None
) -> Condition | None:
    """Return the folder and the filter as one condition. Raises UsageError."""
    return collection.condition(folder_location(collection, under), where)


def folder_location(collection: Collection, under: str | None) -> str | None:
    """Return the location of a folder of the collection, or None. under : relative to the root, so
    that a request cannot read another folder of this machine. Raises UsageError if no root has the
    name that it begins with."""
    root = collection.root
    if under and isinstance(root, Roots) and not root.has_name_of(under):
        raise UsageError(f"the collection has no folder {under}")
    return str(root / under) if under else None


def read_image_page(
    collection: Collection, under: str | None, where: str | None, cursor: str | None, limit: int
) -> dict[str, Any]:
    """Return live images after the cursor, ordered by id, as ImagePageDocument."""
    filters = make_condition(collection, under, where)
    rows = list_live(collection.catalog, filters, _last_id(cursor), limit + 1)
    rows, next_cursor = _split_page(rows, limit)
    return {"images": [listed_image_document(row) for row in rows], "next": next_cursor}


def read_failure_page(collection: Collection, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return failed images after the cursor, ordered by id, as FailurePageDocument."""
    rows = list_failed(collection.catalog, _last_id(cursor), limit + 1)
    rows, next_cursor = _split_page(rows, limit)
    failures = [
        {"id": id_, "name": split_path(path)[1], "stage": stage, "reason": reason}
        for id_, path, stage, reason in rows
    ]
    return {"failures": failures, "next": next_cursor}


def read_damaged_page(collection: Collection, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return damaged images after the cursor, ordered by id, as DamagedPageDocument."""
    rows = list_damaged(collection.catalog, _last_id(cursor), limit + 1)
    rows, next_cursor = _split_page(rows, limit)
    damaged = [{"id": id_, "name": split_path(path)[1], "reason": note} for id_, path, note in rows]
    return {"damaged": damaged, "next": next_cursor}


def _split_page(rows: list[Any], limit: int) -> tuple[list[Any], str | None]:
    """Return up to `limit` rows, and the cursor of the next page."""
    return rows[:limit], encode_cursor(as_text(rows[limit - 1][0])) if len(rows) > limit else None


def _last_id(cursor: str | None) -> bytes:
    """Return the bytes of the last id of the previous page. Raises UsageError."""
    return b"" if cursor is None else decode_cursor(cursor)


def listed_image_document(row: Sequence[Any]) -> dict[str, Any]:
    """Return an image as ListedImageDocument. row : as `list_live` returns it."""
    id_, path, width, height, digest, mtime_ns = row
    fields = image_fields(id_, path, width, height, digest)
    return {**fields, "modified": iso_time(mtime_ns)}


def image_fields(
    id_: str, path: str, width: int | None, height: int | None, digest: bytes | None
) -> dict[str, Any]:
    """Return the fields that all image documents share."""
    folder, name = split_path(path)
    return {
        "id": id_, "name": name, "folder": folder, "width": width, "height": height,
        "v": content_version(digest),
    }  # fmt: skip


def split_path(path: str) -> tuple[str, str]:
    """Return folder and name of a path."""
    folder, _, name = path.rpartition("/")
    return folder, name


def content_version(digest: bytes | None) -> str:
    """Return a short text that changes with the content, or "" if the content is unknown. Clients
    may cache addresses that carry it for ever."""
    return "" if digest is None else digest[:8].hex()


def iso_time(mtime_ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 in UTC; 1970-01-01 for years outside 1 to 9999."""
    try:
        return utc_time(mtime_ns).isoformat()
    except OverflowError:
        return _EPOCH.isoformat()


def utc_time(mtime_ns: int) -> datetime:
    """Return nanoseconds since 1970 as a time. On Windows `datetime.fromtimestamp` would refuse
    times before 1970. Raises OverflowError."""
    return _EPOCH + timedelta(seconds=mtime_ns // 10**9)


def read_images(collection: Collection, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return the images with these keys, in this order, as ListedImageDocuments. Leaves out unknown
    keys."""
    images = images_by_key(collection.catalog, keys)
    return [listed_image_document(images[key]) for key in keys if key in images]


def read_image(collection: Collection, id_: str) -> tuple[dict[str, Any], PhotoMetadata | None]:
    """Return an image with its state and the images beside it, as ImageDocument without `exif`;
    and the metadata of the photo, None if it was not read yet.

    If the server withholds places, the metadata has none. Raises UnknownImageError.
    """
    row = image_details(collection.catalog, id_)
    if row is None:
        raise unknown_image_error(id_)
    size, shard, stage, reason, missing = row[6:]
    state = "live" if shard is not None else "failed" if stage is not None else "waiting"
    state = "missing" if missing is not None else state
    before, after = adjacent_images(collection.catalog, row[1])
    photo = find_photo(collection.catalog, row[1], row[4])
    if photo is not None and collection.withheld:
        photo = replace(photo, latitude=None, longitude=None)
    document = {
        **listed_image_document(row[:6]),
        "path": str(collection.locate(row[1])),
        "size": size,
        "state": state,
        "failure": None if stage is None else {"stage": stage, "reason": reason},
        "damage": find_damage(collection.catalog, row[4]),
        "film": film_document(collection, row[1]),
        "photo": None if photo is None else photo_document(photo),
        "previous": before,
        "next": after,
    }
    return document, photo


def film_document(collection: Collection, path: str) -> dict[str, Any] | None:
    """Return a FilmDocument for the path of a frame, None for other images."""
    frame = parse_frame(path)
    if frame is None:
        return None
    return {"path": str(collection.locate(frame.film)), "seconds": frame.milliseconds / 1000}


def photo_document(photo: PhotoMetadata) -> dict[str, Any]:
    """Return the metadata of a photo as PhotoDocument."""
    return {
        "format": photo.format or None, "taken": photo.taken_text,
        "camera": photo.camera or None, "lens": photo.lens or None, "iso": photo.iso,
        "focal_length": photo.focal_length, "latitude": photo.latitude,
        "longitude": photo.longitude, "rating": photo.rating, "keywords": list(photo.keywords),
    }  # fmt: skip


def unknown_image_error(id_: str) -> UnknownImageError:
    """Return the error for an unknown id."""
    return UnknownImageError(f"the collection has no image {id_!r}")


def count_folders(collection: Collection, where: str | None = None) -> dict[str, Any]:
    """Return every folder that has live images in it or below, with their number, as
    FolderListDocument. The root is first. where : count only images that pass this filter. Raises
    UsageError."""
    counts = Counter({"": 0})
    paths = paths_of_live(collection.catalog, make_condition(collection, None, where))
    for folder, count in Counter(split_path(path)[0] for path in paths).items():
        counts.update(dict.fromkeys(("", *_folder_and_parents(folder)), count))
    return {"folders": [{"path": path, "count": counts[path]} for path in sorted(counts)]}


def _folder_and_parents(folder: str) -> Iterator[str]:
    """Yield the folder and its parents, without the root."""
    while folder:
        yield folder
        folder = split_path(folder)[0]


def status_document(collection_status: Status, dtype: str) -> dict[str, Any]:
    """Return the status as StatusDocument, without `runs` and `revision`."""
    ann = collection_status.ann
    return {
        "root": str(collection_status.root),
        "store": str(collection_status.store),
        "model": collection_status.model.name,
        "dimension": collection_status.model.dimension,
        "dtype": dtype,
        "total": collection_status.total,
        "removed": collection_status.removed,
        "missing": collection_status.missing,
        "waiting": collection_status.waiting,
        "failed": len(collection_status.failures),
        "damaged": len(collection_status.damaged),
        "bytes": collection_status.size,
        "ann": None
        if ann is None
        else {
            "covered": ann.covered,
            "rows": ann.rows,
            "recall": {str(k): share for k, share in ann.recall.items()},
            "text_recall": {str(k): share for k, share in ann.text_recall.items()},
            "by_queries": {
                kind: {str(k): share for k, share in recall.items()}
                for kind, recall in ann.by_queries.items()
            },
            "metric": ann.metric,
        },
        "replacement": None
        if collection_status.replacement is None
        else asdict(collection_status.replacement),
    }
