"""The order of the grid: every live image's number and shape, by folder or by date.

Takes a Collection, a folder and an order; hands on arrays. What was made is kept until the
collection changes: a page asks for its windows many times.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.store.filters import Condition
from sokkuri.store.images import LIVE
from sokkuri.web.services.browse import below, by_keys, parts, utc_time

Sort = Literal["folder", "newest", "oldest"]

_KEPT = 8


@dataclass(frozen=True, slots=True, eq=False)
class GridOrder:
    """keys : (N,) int64, the images' numbers in the catalog. ratios : (N,) a hundred times width
    by height. groups : their titles, first images and folders."""

    keys: NDArray[np.int64]
    ratios: NDArray[np.int64]
    groups: tuple[tuple[str, int, str | None], ...]


class GridOrderCache:
    """The orders made last, shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[tuple[str, str, str], GridOrder] = LRUCache(_KEPT)

    def get(
        self, collection: Collection, revision: str, under: str | None, sort: Sort
    ) -> GridOrder:
        """Raises UsageError for a folder outside the root."""
        name = (revision, under or "", sort)
        with self._lock:
            if name in self._kept:
                return self._kept[name]
        made = order(collection, under, sort)
        with self._lock:
            self._kept[name] = made
        return made


def grid(order_: GridOrder, revision: str) -> dict[str, Any]:
    """The shape of the whole, as GridDocument."""
    return {
        "revision": revision,
        "count": len(order_.keys),
        "ratios": order_.ratios.tolist(),
        "groups": [
            {"title": title, "first": first, "folder": folder}
            for title, first, folder in order_.groups
        ],
    }


def window(
    collection: Collection, order_: GridOrder, revision: str, offset: int, limit: int
) -> dict[str, Any]:
    """A part of it, as GridItemsDocument."""
    keys = order_.keys[offset : offset + limit].tolist()
    return {"revision": revision, "images": by_keys(collection, keys)}


def order(collection: Collection, under: str | None, sort: Sort) -> GridOrder:
    """The live images below a folder in their order. Raises UsageError."""
    which = below(collection, under, None) or Condition("1", ())
    rows = collection.catalog.all(
        f"SELECT key, path, mtime_ns, width, height FROM images WHERE {LIVE} AND {which.sql}",  # noqa: S608
        which.values,
    )
    if sort == "folder":
        rows.sort(key=lambda row: parts(row[1]))
        groups = _groups([parts(row[1])[0] for row in rows], _folder_title)
    else:
        rows.sort(key=lambda row: (row[2], row[1]), reverse=sort == "newest")
        groups = _groups([_month(row[2]) for row in rows], _month_title)
    ratios = [100 if not row[3] or not row[4] else round(100 * row[3] / row[4]) for row in rows]
    return GridOrder(
        np.array([row[0] for row in rows], np.int64),
        np.clip(np.array(ratios, np.int64), 1, 10_000),
        groups,
    )


def _groups(
    names: Sequence[str], titled: Callable[[str], tuple[str, str | None]]
) -> tuple[tuple[str, int, str | None], ...]:
    found = []
    before: str | None = None
    for number, name in enumerate(names):
        if name != before:
            title, folder = titled(name)
            found.append((title, number, folder))
            before = name
    return tuple(found)


def _folder_title(folder: str) -> tuple[str, str | None]:
    return folder, folder


def _month(mtime_ns: int) -> str:
    """Return year and month in this machine's time zone, or "" for years outside 1 to 9999."""
    try:
        time = utc_time(mtime_ns)
        with suppress(OSError):  # Windows knows no local time before 1970: keep UTC
            time = time.astimezone()
        return time.strftime("%Y-%m")
    except (ValueError, OverflowError):
        return ""


def _month_title(month: str) -> tuple[str, str | None]:
    if not month:
        return "Without a date", None
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).strftime("%B %Y"), None
