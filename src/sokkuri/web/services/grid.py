"""The order of the grid: the keys and proportions of live images, by folder, date and so on.

Takes a Collection, a folder, a filter and a sort order. Returns arrays. A page reads an order in
parts, so orders are cached until the collection changes. A page names images by their places, and
says of which order: labels and metadata change what passes a filter.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
import xxhash
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.core.errors import ConflictError
from sokkuri.store.image_pages import grid_rows
from sokkuri.store.images import find_image
from sokkuri.store.labels import labels_revision
from sokkuri.store.photos import photo_changes
from sokkuri.web.services.browse import (
    make_condition,
    read_images,
    split_path,
    unknown_image_error,
    utc_time,
)

Sort = Literal["folder", "newest", "oldest", "name", "size", "pixels"]
"""`newest`, `oldest`: by the time at which a photo was taken or, if that is unknown, by the time of
its file. `size`, `pixels`: the largest first."""

_MAX_ORDERS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class GridOrder:
    """The images of the grid in order.

    keys : (N,) int64, keys of the images in the catalog.
    ratios : (N,) int64, 100 * width / height, 1 to 10,000; 100 where the size is unknown.
    groups : for each group its title, the position of its first image, and its folder or None.
    version : a text that differs for other images, another order, and other contents of a file.
    """

    keys: NDArray[np.int64]
    ratios: NDArray[np.int64]
    groups: tuple[tuple[str, int, str | None], ...]
    version: str


class GridOrderCache:
    """A cache of the orders that were used last. Thread-safe.

    One order is made at a time, because a page requests the layout and the first images together,
    and both need the same order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._orders: LRUCache[Hashable, GridOrder] = LRUCache(_MAX_ORDERS)
        self._by_version: LRUCache[str, GridOrder] = LRUCache(_MAX_ORDERS)

    def get(
        self,
        collection: Collection,
        revision: str,
        under: str | None,
        sort: Sort,
        where: str | None = None,
    ) -> GridOrder:
        """Return the order of the images below a folder that pass a filter. Raises UsageError for a
        folder outside the root and for a wrong filter."""
        key = (_state(collection, revision, where), under or "", sort, where)
        order = self._find(key)
        if order is None:
            with self._making:
                order = self._find(key)
                if order is None:
                    order = make_order(collection, under, sort, where)
                    with self._lock:
                        self._orders[key] = order
                        self._by_version[order.version] = order
        return order

    def get_same(
        self,
        collection: Collection,
        revision: str,
        under: str | None,
        sort: Sort,
        where: str | None,
        version: str,
    ) -> GridOrder:
        """Return the order that a page has, even if there is a newer one. Raises ConflictError if
        it was dropped and cannot be made again."""
        with self._lock:
            held = self._by_version.get(version)
        order = held or self.get(collection, revision, under, sort, where)
        if order.version != version:
            raise ConflictError("the images of this grid have changed: load it again")
        return order

    def _find(self, key: Hashable) -> GridOrder | None:
        with self._lock:
            return self._orders.get(key)


def _state(collection: Collection, revision: str, where: str | None) -> Hashable:
    """Return what an order depends on, beside its query. revision : of the images."""
    catalog = collection.catalog
    by_label = where is not None and "label" in where.lower()
    labels = labels_revision(catalog) if by_label else ""
    return revision, str(catalog.file_id), photo_changes(catalog), labels


def grid_document(order: GridOrder, revision: str) -> dict[str, Any]:
    """Return the layout of the whole grid, as GridDocument."""
    return {
        "revision": revision,
        "order": order.version,
        "count": len(order.keys),
        "ratios": order.ratios.tolist(),
        "groups": [
            {"title": title, "first": first, "folder": folder}
            for title, first, folder in order.groups
        ],
    }


def read_window(
    collection: Collection, order: GridOrder, revision: str, offset: int, limit: int
) -> dict[str, Any]:
    """Return consecutive images of the grid, as GridItemsDocument."""
    keys = order.keys[offset : offset + limit].tolist()
    images = read_images(collection, keys)
    return {"revision": revision, "order": order.version, "images": images}


def place_document(collection: Collection, order: GridOrder, id_: str) -> dict[str, Any]:
    """Return the place of an image in the grid, as GridPlaceDocument. Raises UnknownImageError."""
    image = find_image(collection.catalog, id_)
    if image is None or image.removed:
        raise unknown_image_error(id_)
    places = np.flatnonzero(order.keys == image.key)
    index = int(places[0]) if len(places) else None
    return {"order": order.version, "count": len(order.keys), "index": index}


def make_order(
    collection: Collection, under: str | None, sort: Sort, where: str | None = None
) -> GridOrder:
    """Return the order of the live images below a folder that pass a filter. Raises UsageError."""
    condition = make_condition(collection, under, where)
    rows = grid_rows(collection.catalog, condition, with_times=sort in ("newest", "oldest"))
    groups: tuple[tuple[str, int, str | None], ...] = (("", 0, None),) if rows else ()
    if sort == "folder":
        rows.sort(key=lambda row: split_path(row[1]))
        groups = _groups([split_path(row[1])[0] for row in rows], _folder_title)
    elif sort == "name":
        rows.sort(key=lambda row: (split_path(row[1])[1].casefold(), row[1]))
    elif sort == "size":
        rows.sort(key=lambda row: (-row[6], row[1]))
    elif sort == "pixels":
        rows.sort(key=lambda row: (-(row[3] or 0) * (row[4] or 0), row[1]))
    else:
        moments = {row[0]: _moment(row[5], row[2]) for row in rows}
        rows.sort(key=lambda row: (moments[row[0]], row[1]), reverse=sort == "newest")
        groups = _groups([_month(moments[row[0]]) for row in rows], _month_title)
    ratios = [100 if not row[3] or not row[4] else round(100 * row[3] / row[4]) for row in rows]
    return GridOrder(
        np.array([row[0] for row in rows], np.int64),
        np.clip(np.array(ratios, np.int64), 1, 10_000),
        groups,
        _version(rows),
    )


def _version(rows: Sequence[Any]) -> str:
    """Return a text for the keys, paths and contents of these rows of `grid_rows`, in their order.

    Keys alone would not do: a new store, or an image that is added after another was deleted, may
    use a key again.
    """
    digest = xxhash.xxh3_128(np.array([row[0] for row in rows], np.int64).tobytes())
    digest.update("\0".join(str(row[1]) for row in rows).encode("utf-8", "surrogateescape"))
    digest.update(b"\0".join(row[7] if isinstance(row[7], bytes) else b"" for row in rows))
    return digest.hexdigest()


def _groups(
    names: Sequence[str], describe: Callable[[str], tuple[str, str | None]]
) -> tuple[tuple[str, int, str | None], ...]:
    """Return (title, position of the first image, folder) of each run of equal names.

    names : the group of each image, in order. describe : returns title and folder of a group.
    """
    groups = []
    previous: str | None = None
    for position, name in enumerate(names):
        if name != previous:
            title, folder = describe(name)
            groups.append((title, position, folder))
            previous = name
    return tuple(groups)


def _folder_title(folder: str) -> tuple[str, str | None]:
    return folder, folder


def _moment(taken: object, mtime_ns: int) -> int:
    """Return when a photo was taken or, if that is unknown, when its file was changed.

    In microseconds of local time from 1970. taken : as in PhotoMetadata, or anything else in the
    catalog of a stranger.
    """
    if isinstance(taken, int):
        return taken
    try:
        zone = utc_time(mtime_ns).astimezone().utcoffset() or timedelta()
    except (OSError, ValueError, OverflowError):  # Windows knows no local time before 1970
        zone = timedelta()
    return mtime_ns // 1000 + zone // timedelta(microseconds=1)


def _month(moment: int) -> str:
    """Return year and month, or "" for years outside 1 to 9999."""
    try:
        begin = _EPOCH + timedelta(microseconds=moment)
    except OverflowError:
        return ""
    return f"{begin.year:04}-{begin.month:02}"  # strftime writes early years with fewer digits


def _month_title(month: str) -> tuple[str, str | None]:
    if not month:
        return "Without a date", None
    year = month[:4].lstrip("0")
    return f"{datetime.strptime(month, '%Y-%m').replace(tzinfo=UTC):%B} {year}", None
