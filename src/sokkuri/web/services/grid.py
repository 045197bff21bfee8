"""The order of the grid: the keys and proportions of all live images, by folder or by date.

Takes a Collection, a folder and a sort order, and returns arrays. Orders are cached until the
collection changes, because a page reads them part by part.
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
from sokkuri.store.image_pages import grid_rows
from sokkuri.web.services.browse import below, by_keys, parts, utc_time

Sort = Literal["folder", "newest", "oldest"]

_MAX_ORDERS = 8


@dataclass(frozen=True, slots=True, eq=False)
class GridOrder:
    """The images of the grid in order.

    keys : (N,) int64, keys of the images in the catalog. ratios : (N,) int64, 100 * width / height.
    groups : title, number of the first image, and folder of each group.
    """

    keys: NDArray[np.int64]
    ratios: NDArray[np.int64]
    groups: tuple[tuple[str, int, str | None], ...]


class GridOrderCache:
    """The latest orders. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: LRUCache[tuple[str, str, str], GridOrder] = LRUCache(_MAX_ORDERS)

    def get(
        self, collection: Collection, revision: str, under: str | None, sort: Sort
    ) -> GridOrder:
        """Return the order of the images below a folder. Raises UsageError for a folder outside the
        root."""
        key = (revision, under or "", sort)
        with self._lock:
            if key in self._orders:
                return self._orders[key]
        new_order = order(collection, under, sort)
        with self._lock:
            self._orders[key] = new_order
        return new_order


def grid(order_: GridOrder, revision: str) -> dict[str, Any]:
    """Return the layout of the whole grid, as GridDocument."""
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
    """Return consecutive images of the grid, as GridItemsDocument."""
    keys = order_.keys[offset : offset + limit].tolist()
    return {"revision": revision, "images": by_keys(collection, keys)}


def order(collection: Collection, under: str | None, sort: Sort) -> GridOrder:
    """Return the order of the live images below a folder. Raises UsageError."""
    rows = grid_rows(collection.catalog, below(collection, under, None))
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
    names: Sequence[str], describe: Callable[[str], tuple[str, str | None]]
) -> tuple[tuple[str, int, str | None], ...]:
    """Return a group for each run of equal names. describe : returns title and folder of a name."""
    groups = []
    previous: str | None = None
    for number, name in enumerate(names):
        if name != previous:
            title, folder = describe(name)
            groups.append((title, number, folder))
            previous = name
    return tuple(groups)


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
