"""The map as pages show it: points in the order of the catalog, their groups, and regions.

Takes a Collection; returns documents of `schemas/maps.py`, and the bytes of the points. Pages name
points by their numbers in this order, so an order is cached until images or the map change. Groups
and regions are cached until what they depend on changes, too.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xxhash
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.core.errors import ConflictError
from sokkuri.curation.map.map_file import Positions, content_keys, map_version, read_map
from sokkuri.curation.map.regions import Region, find_regions
from sokkuri.store.image_pages import images_by_key
from sokkuri.store.images import find_images
from sokkuri.store.live_rows import live_contents_and_paths
from sokkuri.web.services.browse import image_fields
from sokkuri.web.services.grid import GridOrderCache
from sokkuri.web.services.map_groups import (
    Copies,
    Grouping,
    Groups,
    group_points,
    groups_state,
)

_MAX_VIEWS = 2
_MAX_GROUPINGS = 8
_STEPS = 65535  # of a coordinate in the bytes of the points
_NO_GROUP = 255


@dataclass(frozen=True, slots=True, eq=False)
class MapView:
    """The points of a map. version : a text that differs for other images and other places. made :
    whether there is a map. keys : (N,) int64, the images in the catalog, ascending. waiting :
    images without a place."""

    version: str
    made: bool
    keys: NDArray[np.int64]
    positions: Positions
    waiting: int


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """The groups of the points of a map, and its regions. version : a text that changes with the
    groups."""

    version: str
    groups: Groups
    regions: list[Region]


class MapViewCache:
    """A cache of the last views and their colourings. Thread-safe. One is made at a time."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._views: LRUCache[Hashable, MapView] = LRUCache(_MAX_VIEWS)
        self._colourings: LRUCache[Hashable, Colouring] = LRUCache(_MAX_GROUPINGS)

    def get(self, collection: Collection, revision: str) -> MapView:
        """Return the view of a revision of the collection."""
        key = (revision, str(collection.catalog.file_id), map_version(collection))
        with self._making:
            view = self._views.get(key)
            if view is None:
                view = self._views[key] = _make_view(collection)
            return view

    def get_same(self, collection: Collection, revision: str, version: str) -> MapView:
        """Return the view that a page has. Raises ConflictError if it is another one by now."""
        view = self.get(collection, revision)
        if view.version != version:
            raise ConflictError("the map has changed: load it again")
        return view

    def colouring(
        self,
        collection: Collection,
        view: MapView,
        by: Grouping,
        known_copies: Callable[[], Copies] = tuple,
    ) -> Colouring:
        """Return the groups of the points of a view, and its regions. known_copies : returns the
        groups of copies; it has a cache of its own."""
        copies = known_copies() if by == "copies" else ()
        key = (view.version, by, groups_state(collection, by), copies)
        with self._making:
            found = self._colourings.get(key)
            if found is None:
                groups = group_points(collection, view.keys, by, copies)
                found = self._colourings[key] = _colour(view, groups)
            return found


def _make_view(collection: Collection) -> MapView:
    made = read_map(collection)
    images = list(live_contents_and_paths(collection.catalog))
    places = np.full(len(images), -1, np.int64)
    if made is not None:
        places = made.find(content_keys([content for _, content, _, _ in images]))
    shown = np.flatnonzero(places >= 0)
    listed = [images[index] for index in shown.tolist()]
    positions = np.zeros((0, 2), np.float32) if made is None else made.positions[places[shown]]
    keys = np.array([key for key, _, _, _ in listed], np.int64)
    digest = xxhash.xxh3_64(keys.tobytes() + positions.tobytes())
    digest.update("\0".join(path for _, _, _, path in listed).encode("utf-8", "surrogateescape"))
    digest.update(b"\0".join(content for _, content, _, _ in listed))
    waiting = len(images) - len(shown)
    return MapView(digest.hexdigest(), made is not None, keys, positions, waiting)


def _colour(view: MapView, groups: Groups) -> Colouring:
    names = "\0".join(groups.names).encode("utf-8", "surrogateescape")
    version = xxhash.xxh3_64_hexdigest(names + groups.of.tobytes())
    return Colouring(version, groups, find_regions(view.positions, groups.of, groups.names))


def map_document(view: MapView, colouring: Colouring) -> dict[str, Any]:
    """Return what MapDocument has of a view and its colouring."""
    groups = colouring.groups
    return {
        "version": view.version,
        "made": view.made,
        "count": len(view.keys),
        "waiting": view.waiting,
        "groups": [
            {"name": name, "count": count}
            for name, count in zip(groups.names, groups.counts, strict=True)
        ],
        "copies": groups.copies and {"groups": groups.copies[0], "images": groups.copies[1]},
        "regions": [asdict(region) for region in colouring.regions],
    }


def point_bytes(view: MapView, colouring: Colouring) -> bytes:
    """Return x and y of each point as uint16, then the group of each point as one byte."""
    coordinates = np.rint(np.clip(view.positions, 0, 1) * _STEPS).astype("<u2")
    groups = colouring.groups.of
    return coordinates.tobytes() + np.where(groups < 0, _NO_GROUP, groups).astype("u1").tobytes()


def passing_points(
    collection: Collection,
    orders: GridOrderCache,
    view: MapView,
    revision: str,
    under: str | None,
    where: str | None,
) -> NDArray[np.bool_]:
    """Return whether the image at each point is below a folder and passes a filter, (N,) bool.
    Raises UsageError."""
    order = orders.get(collection, revision, under, "folder", where)
    return np.isin(view.keys, order.keys)


def images_at(collection: Collection, view: MapView, points: Sequence[int]) -> dict[str, Any]:
    """Return the images at these points as MapImagesDocument; leave out numbers of no point."""
    known = [point for point in points if point < len(view.keys)]
    keys = view.keys[known].tolist()
    found = images_by_key(collection.catalog, keys)
    return {
        "images": [
            {"point": point, **image_fields(*found[key][:5])}
            for point, key in zip(known, keys, strict=True)
            if key in found
        ]
    }


def points_of(collection: Collection, view: MapView, ids: Sequence[str]) -> dict[str, Any]:
    """Return the points of images as MapPointsDocument, without images that are not on the map."""
    images = find_images(collection.catalog, ids)
    keys = np.array([images[id_].key for id_ in ids if id_ in images], np.int64)
    places = np.searchsorted(view.keys, keys)
    is_there = places < len(view.keys)
    is_there[is_there] = view.keys[places[is_there]] == keys[is_there]
    return {"points": places[is_there].tolist()}
