"""Read images, folders and failures from the catalog, for the pages.

The functions take a Collection and return documents of `schemas/` as dictionaries. Ids are looked
up in the catalog and never become a part of a path.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.store.collection import Status
from sokkuri.store.database import as_text
from sokkuri.store.filters import Condition, condition
from sokkuri.store.image_pages import (
    adjacent_images,
    image_details,
    images_by_key,
    list_failed,
    list_live,
    paths_of_live,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 500  # parameters of a statement


def below(collection: Collection, under: str | None, where: str | None) -> Condition | None:
    """Return both filters as a condition. Raises UsageError."""
    return condition(collection.root, folder_in(collection, under), where)


def folder_in(collection: Collection, under: str | None) -> str | None:
    """Return a folder that is relative to the root as a path below the root, so that no other
    folder of this machine is read."""
    return str(collection.root / under) if under else None


def image_page(
    collection: Collection, under: str | None, where: str | None, cursor: str | None, limit: int
) -> dict[str, Any]:
    """Return live images after the cursor, ordered by id, as ImagePageDocument."""
    rows = list_live(collection.catalog, below(collection, under, where), _after(cursor), limit + 1)
    rows, following = _cut(rows, limit)
    return {"images": [in_short(row) for row in rows], "next": following}


def failure_page(collection: Collection, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return failed images after the cursor, ordered by id, as FailurePageDocument."""
    rows, following = _cut(list_failed(collection.catalog, _after(cursor), limit + 1), limit)
    failures = [
        {"id": id_, "name": parts(path)[1], "stage": stage, "reason": reason}
        for id_, path, stage, reason in rows
    ]
    return {"failures": failures, "next": following}


def _cut(rows: list[Any], limit: int) -> tuple[list[Any], str | None]:
    """Return up to `limit` rows, and the cursor of the next page."""
    return rows[:limit], _cursor(rows[limit - 1][0]) if len(rows) > limit else None


def _after(cursor: str | None) -> bytes:
    return b"" if cursor is None else _read_cursor(cursor)


def _cursor(id_: str) -> str:
    return base64.urlsafe_b64encode(as_text(id_)).decode().rstrip("=")


def _read_cursor(cursor: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        raise UsageError("this is not a cursor: send the `next` that a page returned") from None


def in_short(row: Sequence[Any]) -> dict[str, Any]:
    """Return a row of `_COLUMNS` as ListedImageDocument."""
    id_, path, width, height, digest, mtime_ns = row
    folder, name = parts(path)
    return {
        "id": id_, "name": name, "folder": folder, "width": width, "height": height,
        "v": version(digest), "modified": moment(mtime_ns),
    }  # fmt: skip


def parts(path: str) -> tuple[str, str]:
    """Return folder and name of a path."""
    folder, _, name = path.rpartition("/")
    return folder, name


def version(digest: bytes | None) -> str:
    """Return the version of a content. An address that carries it may be cached for ever."""
    return "" if digest is None else digest[:8].hex()


def moment(mtime_ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 in UTC; 1970-01-01 for years outside 1 to 9999."""
    try:
        return utc_time(mtime_ns).isoformat()
    except OverflowError:
        return _EPOCH.isoformat()


def utc_time(mtime_ns: int) -> datetime:
    """Return nanoseconds since 1970 as a time. On Windows `datetime.fromtimestamp` would refuse
    times before 1970. Raises OverflowError."""
    return _EPOCH + timedelta(seconds=mtime_ns // 10**9)


def by_keys(collection: Collection, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return the images with these keys, in this order. Leaves out unknown keys."""
    images = images_by_key(collection.catalog, keys)
    return [in_short(images[key]) for key in keys if key in images]


def image(collection: Collection, id_: str) -> dict[str, Any]:
    """Return an image with its state and neighbours, as ImageDocument without `exif`.

    Raises UnknownImageError.
    """
    row = image_details(collection.catalog, id_)
    if row is None:
        raise unknown(id_)
    size, shard, stage, reason, removed, missing = row[6:]
    state = "live" if shard is not None else "failed" if stage is not None else "waiting"
    state = "removed" if removed else "missing" if missing is not None else state
    before, after = adjacent_images(collection.catalog, row[1])
    return {
        **in_short(row[:6]),
        "path": str(collection.file(row[1])),
        "size": size,
        "state": state,
        "failure": None if stage is None else {"stage": stage, "reason": reason},
        "previous": before,
        "next": after,
    }


def unknown(id_: str) -> UnknownImageError:
    """Return the error for an unknown id."""
    return UnknownImageError(f"the collection has no image {id_!r}")


def folders(collection: Collection) -> dict[str, Any]:
    """Return every folder that has live images in it or below, with their number. The root is
    first."""
    counts = Counter({"": 0})
    paths = paths_of_live(collection.catalog)
    for folder, count in Counter(parts(path)[0] for path in paths).items():
        counts.update(dict.fromkeys(("", *_above(folder)), count))
    return {"folders": [{"path": path, "count": counts[path]} for path in sorted(counts)]}


def _above(folder: str) -> Iterator[str]:
    """Yield the folder and its parents, without the root."""
    while folder:
        yield folder
        folder = parts(folder)[0]


def status(collection_status: Status, dtype: str) -> dict[str, Any]:
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
        "bytes": collection_status.size,
        "ann": None
        if ann is None
        else {
            "covered": ann.covered,
            "rows": ann.rows,
            "recall": {str(k): share for k, share in ann.recall.items()},
            "metric": ann.metric,
        },
    }
