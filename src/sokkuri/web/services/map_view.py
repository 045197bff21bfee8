"""The map as pages show it: points in the order of the catalog, their groups, and regions.

Takes a Collection; returns documents of `schemas/maps.py`, and the bytes of the points. Pages name
points by their numbers in this order, so an order is cached until images, labels or the map change.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.core.errors import ConflictError
from sokkuri.curation.map.map_file import Positions, content_keys, map_version, read_map
from sokkuri.curation.map.regions import find_regions
from sokkuri.store.image_pages import images_by_key
from sokkuri.store.images import find_images
from sokkuri.store.labels import labels_revision, read_labels
from sokkuri.store.live_rows import live_contents_and_paths
from sokkuri.web.services.browse import image_fields, split_path

Grouping = Literal["folder", "label"]
"""What points have their colours and regions their names by."""

MAX_GROUPS = 10
"""The most groups that have a colour of their own."""

_MAX_VIEWS = 2
_STEPS = 65535  # of a coordinate in the bytes of the points
_NO_GROUP = 255


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """names : of the largest groups, the largest first. counts : their images. of : (N,) int64, the
    group of each point; -1 without one, or with a smaller one."""

    names: list[str]
    counts: list[int]
    of: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MapView:
    """The points of a map. version : a text that changes with them. made : whether there is a map.
    keys : (N,) int64, the images in the catalog, ascending. waiting : images without a place."""

    version: str
    made: bool
    keys: NDArray[np.int64]
    positions: Positions
    waiting: int
    groups: dict[Grouping, Groups]


class MapViewCache:
    """A cache of the last views. Thread-safe. One view is made at a time."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._views: LRUCache[Any, MapView] = LRUCache(_MAX_VIEWS)

    def get(self, collection: Collection, revision: str) -> MapView:
        """Return the view of a revision of the collection."""
        key = (revision, labels_revision(collection.catalog), map_version(collection))
        with self._making:
            view = self._views.get(key)
            if view is None:
                view = self._views[key] = _make_view(collection, str(key))
            return view

    def get_same(self, collection: Collection, revision: str, version: str) -> MapView:
        """Return the view that a page has. Raises ConflictError if it is another one by now."""
        view = self.get(collection, revision)
        if view.version != version:
            raise ConflictError("the map has changed: load it again")
        return view


def _make_view(collection: Collection, key: str) -> MapView:
    made = read_map(collection)
    images = list(live_contents_and_paths(collection.catalog))
    places = np.full(len(images), -1, np.int64)
    if made is not None:
        places = made.find(content_keys([content for _, content, _, _ in images]))
    shown = np.flatnonzero(places >= 0)
    listed = [images[index] for index in shown.tolist()]
    labels = read_labels(collection.catalog)
    positions = np.zeros((0, 2), np.float32) if made is None else made.positions[places[shown]]
    return MapView(
        sha256(key.encode()).hexdigest()[:16],
        made is not None,
        np.array([key for key, _, _, _ in listed], np.int64),
        positions,
        len(images) - len(shown),
        {
            "folder": _group([split_path(path)[0] or None for _, _, _, path in listed]),
            "label": _group([labels.get(id_) for _, _, id_, _ in listed]),
        },
    )


def _group(names: Sequence[str | None]) -> Groups:
    counts = Counter(name for name in names if name is not None)
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_GROUPS]
    numbers = {name: number for number, (name, _) in enumerate(largest)}
    of = np.array([-1 if name is None else numbers.get(name, -1) for name in names], np.int64)
    return Groups([name for name, _ in largest], [count for _, count in largest], of)


def map_document(view: MapView, by: Grouping) -> dict[str, Any]:
    """Return what MapDocument has of a view."""
    groups = view.groups[by]
    regions = find_regions(view.positions, groups.of, groups.names)
    return {
        "version": view.version,
        "made": view.made,
        "count": len(view.keys),
        "waiting": view.waiting,
        "groups": [
            {"name": name, "count": count}
            for name, count in zip(groups.names, groups.counts, strict=True)
        ],
        "regions": [asdict(region) for region in regions],
    }


def point_bytes(view: MapView, by: Grouping) -> bytes:
    """Return x and y of each point as uint16, then the group of each point as one byte."""
    coordinates = np.rint(np.clip(view.positions, 0, 1) * _STEPS).astype("<u2")
    groups = view.groups[by].of
    return coordinates.tobytes() + np.where(groups < 0, _NO_GROUP, groups).astype("u1").tobytes()


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
