"""Selections of images: what a page has selected, and the images that it stands for.

A selection of the grid is kept as a query with ranges of positions, however many images it has. The
positions hold for one order of the grid, and nothing is done with a selection once its order has
changed: it would be done with images that nobody has seen. Search hits are selected by their ids.
"""

import base64
import binascii
import csv
import io
import json
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.core.errors import ConflictError, UnknownSelectionError, UsageError
from sokkuri.store.selected_images import image_keys, selected_images
from sokkuri.web.services.browse import iso_time
from sokkuri.web.services.grid import GridOrderCache, Sort
from sokkuri.web.services.map_view import MapViewCache, passing_points

ListFormat = Literal["csv", "json", "txt"]

_MAX_SELECTIONS = 64
_COLUMNS = ("id", "path", "width", "height", "bytes", "modified")


@dataclass(frozen=True, slots=True)
class GridSelection:
    """Images of the grid: ranges of positions in its order. order : the version of the order."""

    under: str | None
    sort: Sort
    order: str
    ranges: tuple[tuple[int, int], ...]
    where: str | None = None


@dataclass(frozen=True, slots=True)
class IdSelection:
    """Images by their ids, in order."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapSelection:
    """Images on a version of the map. points : a bit for each point, in base64. under, where : the
    filter that the images pass."""

    version: str
    points: str
    under: str | None = None
    where: str | None = None


Selection = GridSelection | MapSelection | IdSelection


class SelectionStore:
    """The latest selections by name. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._selections: LRUCache[str, Selection] = LRUCache(_MAX_SELECTIONS)

    def put(self, selection: Selection) -> str:
        """Keep a selection, and return its name."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._selections[name] = selection
        return name

    def get(self, name: str) -> Selection:
        """Return a selection. Raises UnknownSelectionError."""
        with self._lock:
            found = self._selections.get(name)
        if found is None:
            raise UnknownSelectionError("the server has forgotten this selection: select again")
        return found


def order_now(
    collection: Collection,
    orders: GridOrderCache,
    revision: str,
    under: str | None,
    sort: Sort,
    seen: str,
) -> str:
    """Return the version of the grid's order, for a client that names none.

    revision : the present one. seen : the one that the client has seen. Raises ConflictError if
    they differ.
    """
    if seen != revision:
        raise ConflictError("the collection has changed since these images were selected")
    return orders.get(collection, revision, under, sort).version


def selected_keys(
    collection: Collection,
    orders: GridOrderCache,
    revision: str,
    selection: Selection,
    views: MapViewCache,
) -> NDArray[np.int64]:
    """Return the keys of the selected images in the catalog, in their order, (N,) int64.

    revision : the present one. Raises ConflictError if the grid or the map has changed since the
    images were selected, UsageError if it has no such positions, UnknownImageError.
    """
    if isinstance(selection, IdSelection):
        return np.array(image_keys(collection.catalog, selection.ids), np.int64)
    if isinstance(selection, MapSelection):
        return _keys_on_map(collection, orders, revision, selection, views)
    order = orders.get(collection, revision, selection.under, selection.sort, selection.where)
    if selection.order != order.version:
        raise ConflictError(
            "the images, or those that pass the filter, have changed since these were selected: "
            "nothing was done, select again"
        )
    keys = order.keys
    ranges = selection.ranges
    follow = all(end <= first for (_, end), (first, _) in pairwise(ranges))
    if not follow or any(first >= end for first, end in ranges) or ranges[-1][1] > len(keys):
        raise UsageError(f"ranges: they must follow each other, and end at {len(keys)} at most")
    return np.concatenate([keys[first:end] for first, end in ranges])


def _keys_on_map(
    collection: Collection,
    orders: GridOrderCache,
    revision: str,
    selection: MapSelection,
    views: MapViewCache,
) -> NDArray[np.int64]:
    view = views.get_same(collection, revision, selection.version)
    try:
        packed = np.frombuffer(base64.b64decode(selection.points, validate=True), np.uint8)
    except (ValueError, binascii.Error):
        raise UsageError("points: they must be bits in base64") from None
    bits = np.unpackbits(packed, bitorder="little").astype(bool)
    count = len(view.keys)
    if not bits.any() or bits[count:].any():
        raise UsageError(f"points: there must be some, and {count} at most")
    chosen = np.zeros(count, bool)
    chosen[: len(bits)] = bits[:count]
    under, where = selection.under, selection.where
    if under or where:
        passing = passing_points(collection, orders, view, revision, under, where)
        if (chosen & ~passing).any():
            raise ConflictError(
                "some of these images no longer pass the filter: nothing was done, select again"
            )
    return view.keys[chosen]


def total_bytes(collection: Collection, keys: Sequence[int]) -> int:
    """Return the size of the files of these images."""
    return sum(row[4] for row in selected_images(collection.catalog, keys))


def read_selected(collection: Collection, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return these images as SelectedImageDocuments. Leaves out images that are gone."""
    return [
        dict(zip(_COLUMNS, (id_, _place(collection, path), *facts, iso_time(mtime)), strict=True))
        for id_, path, *facts, mtime in selected_images(collection.catalog, keys)
    ]


def ids_and_paths(collection: Collection, keys: Sequence[int]) -> list[tuple[str, str]]:
    """Return the id of each image, and its path below the root of the collection."""
    return [(row[0], row[1]) for row in selected_images(collection.catalog, keys)]


def _place(collection: Collection, path: str) -> str:
    """Return where the file of an image is, absolute."""
    root = collection.root
    place = root / path
    return str(place.absolute() if isinstance(place, Path) else place)


def list_head(kind: ListFormat) -> bytes:
    """Return the beginning of a list of images as a file."""
    return {"csv": _csv_line(_COLUMNS), "json": b"[", "txt": b""}[kind]


def list_part(images: Sequence[dict[str, Any]], kind: ListFormat, *, first: bool) -> bytes:
    """Return some images of a list as a file. first : no images come before them."""
    if kind == "csv":
        return b"".join(_csv_line(list(image.values())) for image in images)
    if kind == "txt":
        return b"".join(_bytes(f"{image['path']}\n") for image in images)
    lines = ",\n ".join(json.dumps(image) for image in images)
    return (("" if first else ",\n ") + lines).encode("ascii") if images else b""


def list_tail(kind: ListFormat) -> bytes:
    """Return the end of a list of images as a file."""
    return b"]\n" if kind == "json" else b""


def _csv_line(values: Sequence[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return _bytes(line.getvalue())


def _bytes(text: str) -> bytes:
    """Return UTF-8, with the bytes of names that are not UTF-8 as they are."""
    return text.encode("utf-8", "surrogateescape")
