"""The map of a collection on disk: `map.bin` beside the other derived files.

Takes a collection; returns a `MapFile`, and replaces the file atomically. The file is one line of
JSON, then the arrays. Its digest is checked when it is read. A file that is damaged, of another
version or of another model counts as no map: a new one costs time and loses nothing.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import StorageError
from sokkuri.core.types import Features
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import derived_folder, storage_errors

MAP_NAME = "map.bin"
"""The name of the map's file."""

_VERSION = 1

Keys = NDArray[np.uint64]
"""Contents as numbers, (N,) uint64, see `content_keys`."""

Positions = NDArray[np.float32]
"""Positions on a map, (N, 2) float32: x to the right and y upwards."""


@dataclass(frozen=True, slots=True, eq=False)
class MapFile:
    """The positions of contents, and what places further ones.

    keys : (N,) uint64, ascending. positions : (N, 2) float32. is_anchor : (N,) bool, the contents
    that were projected; the others were placed by their neighbours. basis : (H, D) float32, the
    directions in which vectors are compared. digest : of the file, "" before it is written.
    """

    keys: Keys
    positions: Positions
    is_anchor: NDArray[np.bool_]
    basis: Features
    digest: str = ""

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """Return the index of each of the keys : (M,) int64, -1 for a content without position."""
        if len(self.keys) == 0:
            return np.full(len(keys), -1, np.int64)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)


def content_keys(contents: list[bytes]) -> Keys:
    """Return a number for each content key : (N,) uint64, equal for equal contents.

    Two of a million different contents get the same number with a chance of 1 in 37 million; then
    they share a position.
    """
    return np.array([xxhash.xxh3_64_intdigest(content) for content in contents], np.uint64)


def read_map(collection: CollectionStore) -> MapFile | None:
    """Return the map; None if there is none that can be used.

    Raises StorageError if the file cannot be read.
    """
    path = derived_folder(collection) / MAP_NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path} could not be read: {error.strerror or error}") from error
    line, _, payload = data.partition(b"\n")
    try:
        head = json.loads(line)
        if head["version"] != _VERSION or head["identity"] != _identity(collection):
            return None
        if head["digest"] != xxhash.xxh3_128_hexdigest(payload):
            return None
        return _parse(payload, head["count"], head["directions"], head["digest"])
    except (ValueError, KeyError, TypeError):
        return None


def map_version(collection: CollectionStore) -> tuple[int, int] | None:
    """Return a value that changes whenever the file of the map does; None without a file."""
    try:
        stat = (derived_folder(collection) / MAP_NAME).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def write_map(collection: CollectionStore, made: MapFile) -> None:
    """Replace the map. Raises StorageError when the disk refuses; then the old map stays."""
    parts = (
        made.keys.astype("<u8"),
        made.positions.astype("<f4"),
        made.is_anchor.astype("u1"),
        made.basis.astype("<f4"),
    )
    payload = b"".join(part.tobytes() for part in parts)
    head = {
        "version": _VERSION,
        "identity": _identity(collection),
        "count": len(made.keys),
        "directions": len(made.basis),
        "digest": xxhash.xxh3_128_hexdigest(payload),
    }
    with storage_errors(collection):
        path = derived_folder(collection) / MAP_NAME
        with atomic_write(path) as file:
            file.write(json.dumps(head).encode() + b"\n")
            file.write(payload)


def _identity(collection: CollectionStore) -> list[Any]:
    """Return what a map belongs to: vectors of another network have other neighbours."""
    model = collection.model
    return [model.fingerprint, model.decode, model.dimension]


def _parse(payload: bytes, count: int, directions: int, digest: str) -> MapFile:
    """Return the arrays of a payload. Raises ValueError if it is too short."""
    ends = np.cumsum([0, 8 * count, 8 * count, count])
    keys, positions, is_anchor = (
        np.frombuffer(payload[start:end], kind)
        for start, end, kind in zip(ends, ends[1:], ("<u8", "<f4", "u1"), strict=False)
    )
    basis = np.frombuffer(payload[ends[-1] :], "<f4")
    return MapFile(
        keys.astype(np.uint64),
        positions.astype(np.float32).reshape(count, 2),
        is_anchor.astype(bool),
        basis.astype(np.float32).reshape(directions, -1) if directions else basis.reshape(0, 0),
        digest,
    )
