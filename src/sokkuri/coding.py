"""The int8 codes of a collection's shards, kept under `indexes/` so that searches read a quarter.

Takes a collection and writes `NNNN-ROWS.codes.npy` and `.terms.npy` for shards that lack them;
hands on codes to searches, checked against the hashes in `codes.json`, which is replaced last. Rows
that were committed never change, so codes never go stale, and deleting them loses nothing.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from sokkuri.collection import Collection
from sokkuri.errors import DamagedError, StorageError
from sokkuri.files import replacing
from sokkuri.indexes import Codes, encode
from sokkuri.shards import SHARD_ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODED_FROM = 20_000
"""Rows from which codes are kept: below, a float32 scan takes a few milliseconds."""

_BEHIND = 1000  # rows that an unfinished shard may grow before it is coded again
_VERSION = 1
_MANIFEST = "codes.json"


def index_folder(collection: Collection) -> Path:
    """Where what is derived from the collection's vectors is kept."""
    return collection.store / "indexes" / collection.model.name


def refresh_codes(collection: Collection) -> Iterator[tuple[int, int]]:
    """Code what is not coded yet; yields how many shards are done, of how many.

    Raises StorageError when the disk refuses; searches do without codes then.
    """
    counted = collection.counted()
    kept = _manifest(collection)
    if sum(counted.values()) < CODED_FROM:
        return
    for shard in counted:
        entry = kept.get(str(shard))
        if entry and not all(path.is_file() for path in _paths(collection, shard, entry["rows"])):
            del kept[str(shard)]
    todo = [shard for shard, rows in counted.items() if _is_behind(kept.get(str(shard)), rows)]
    for done, shard in enumerate(todo):
        yield done, len(todo)
        try:
            features = collection.shards.features(shard, counted[shard])
        except DamagedError:
            continue  # compacted away meanwhile, or for `verify` to find
        _write(collection, shard, encode(features))
    if todo or kept.keys() - {str(shard) for shard in counted}:
        _forget_others(collection)
        yield len(todo), len(todo)


class CodeReader:
    """Reads a collection's codes, and each file of them once, however often it is asked."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._held: dict[Path, Codes] = {}

    def read(self, counted: Mapping[int, int]) -> tuple[list[Codes | None], list[str]]:
        """The codes of each shard's first rows, at most as many as `counted` says; None without
        any. And a line for each shard that should have codes, but they cannot be trusted."""
        kept, notes = _manifest(self._collection), []
        found: list[Codes | None] = []
        used: dict[Path, Codes] = {}
        for shard, rows in counted.items():
            entry = kept.get(str(shard))
            if entry is None or rows == 0:
                found.append(None)
                continue
            paths = _paths(self._collection, shard, entry["rows"])
            try:
                used[paths[0]] = self._held.get(paths[0]) or _checked(paths, entry["hashes"])
            except _UntrustedError as error:
                notes.append(f"{error}: searched without it; delete it, then `sokkuri index`")
                found.append(None)
            else:
                found.append(used[paths[0]].part(slice(0, rows)))
        current = {_paths(self._collection, int(key), kept[key]["rows"])[0] for key in kept}
        self._held = {path: one for path, one in (self._held | used).items() if path in current}
        return found, notes


class _UntrustedError(Exception):
    """A file of codes cannot be used."""


def _checked(paths: "list[Path]", hashes: "list[str]") -> Codes:
    try:
        codes, terms = (np.load(path, mmap_mode="r", allow_pickle=False) for path in paths)
        found = [xxhash.xxh3_64_hexdigest(array.data) for array in (codes, terms)]
    except (OSError, ValueError, EOFError, BufferError) as error:
        raise _UntrustedError(f"{paths[0]} cannot be read ({error})") from error
    if found != hashes:
        raise _UntrustedError(f"{paths[0]} is damaged")
    return Codes(np.asarray(codes), np.asarray(terms))


def _is_behind(entry: "dict[str, Any] | None", rows: int) -> bool:
    if entry is None:
        return rows >= _BEHIND or rows == SHARD_ROWS
    return rows - entry["rows"] >= _BEHIND or (rows == SHARD_ROWS and entry["rows"] < rows)


def _paths(collection: Collection, shard: int, rows: int) -> list[Path]:
    stem = f"{shard:04d}-{rows}"
    return [index_folder(collection) / f"{stem}.{kind}.npy" for kind in ("codes", "terms")]


def _write(collection: Collection, shard: int, codes: Codes) -> None:
    folder = index_folder(collection)
    arrays: list[NDArray[Any]] = [codes.codes, codes.terms]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, array in zip(_paths(collection, shard, len(codes)), arrays, strict=True):
            with replacing(path) as file:
                np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
        hashes = [xxhash.xxh3_64_hexdigest(array.data) for array in arrays]
        with collection.catalog.writing():  # several processes may add to it
            shards = _manifest(collection) | {str(shard): {"rows": len(codes), "hashes": hashes}}
            _write_manifest(collection, shards)
    except OSError as error:
        raise StorageError(f"{folder} could not be written: {error.strerror or error}") from error


def _manifest(collection: Collection) -> dict[str, Any]:
    """The coded shards; none where the file is not there, or not for these vectors."""
    try:
        kept = json.loads((index_folder(collection) / _MANIFEST).read_text(encoding="utf-8"))
        if (kept["version"], kept["fingerprint"]) != (_VERSION, collection.model.fingerprint):
            return {}
        shards: dict[str, Any] = kept["shards"]
        return {key: entry for key, entry in shards.items() if {"rows", "hashes"} <= {*entry}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_manifest(collection: Collection, shards: dict[str, Any]) -> None:
    kept = {"version": _VERSION, "fingerprint": collection.model.fingerprint, "shards": shards}
    with replacing(index_folder(collection) / _MANIFEST) as file:
        file.write(json.dumps(kept).encode())


def _forget_others(collection: Collection) -> None:
    """Drop what belongs to shards that are gone, and files that newer ones replaced."""
    with collection.catalog.writing():
        there = {str(shard.shard) for shard in collection.catalog.shards()}
        kept = {key: entry for key, entry in _manifest(collection).items() if key in there}
        _write_manifest(collection, kept)
    current = {
        path.name
        for key, entry in kept.items()
        for path in _paths(collection, int(key), entry["rows"])
    }
    for pattern in ("*.codes.npy", "*.terms.npy", ".*.new"):
        for path in index_folder(collection).glob(pattern):
            if path.name not in current:
                with suppress(OSError):  # where open files cannot be deleted: the next time
                    path.unlink()
