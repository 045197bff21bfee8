"""The int8 codes of a collection's shards, kept under `indexes/` so that searches read a twentieth.

Takes a collection and writes, for shards that lack them, `NNNN-ROWS.*.npy`: full codes, heads, and
the terms of both. Hands on codes to searches, checked against the hashes in `codes.json`, which is
replaced last. The heads of all shards share the directions in `basis.npy`, which are those in which
a sample of the rows differs most. Rows that were committed never change but by `repair`, which
drops them: so codes never go stale. Deleting them loses nothing.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import DamagedError, StorageError
from sokkuri.search.vectors import (
    Basis,
    Int8Codes,
    QuantizedBlock,
    VectorBlocks,
    principal_basis,
    quantize_rows,
)
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import derived_folder, storage_errors
from sokkuri.store.shard_table import read_shards
from sokkuri.store.shards import SHARD_ROWS

CODED_FROM = 20_000
"""From this many rows on, codes are kept; below, a float32 scan takes a few milliseconds."""

_BEHIND = 1000  # rows that an unfinished shard may grow before it is coded again
_SAMPLE = 20_000  # rows whose directions are taken for those of all
_KINDS = ("codes", "terms", "heads", "head_terms")
_VERSION = 2
_MANIFEST, _BASIS = "codes.json", "basis.npy"


def refresh_codes(
    collection: CollectionStore, *, thorough: bool = False
) -> Iterator[tuple[int, int]]:
    """Code what is not coded yet; yields how many shards are done, of how many.

    thorough : read all codes, and renew those that are damaged. Raises StorageError when the disk
    refuses; searches do without codes then.
    """
    counted = collection.rows_per_shard()
    if sum(counted.values()) < CODED_FROM:
        return
    kept = _manifest(collection)
    basis = _basis(collection, kept)
    if basis is None:
        basis, kept = _make_basis(collection, counted), {}
    shards = kept.get("shards", {})
    sound = {
        shard for shard in counted
        if str(shard) in shards and _is_sound(collection, shard, shards[str(shard)], thorough)
    }  # fmt: skip
    todo = [
        shard for shard, rows in counted.items()
        if _is_behind(shards[str(shard)] if shard in sound else None, rows)
    ]  # fmt: skip
    for done, shard in enumerate(todo):
        yield done, len(todo)
        try:
            features = collection.shards.features(shard, counted[shard])
        except DamagedError:
            continue  # compacted away meanwhile, or for `verify` to find
        _write(collection, shard, quantize_rows(features, basis))
    if todo or shards.keys() - {str(shard) for shard in counted}:
        _forget_others(collection)
        yield len(todo), len(todo)


def forget_codes(collection: CollectionStore) -> None:
    """Invalidate all codes. Raises StorageError if the disk cannot be written."""
    with storage_errors(collection), collection.catalog.writing():
        (derived_folder(collection) / _MANIFEST).unlink(missing_ok=True)


class CodeReader:
    """Reads a collection's codes, and each file of them once, however often it is asked."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        self._held: dict[Path, QuantizedBlock] = {}
        self._basis: tuple[str, Basis] | None = None

    def read(self, counted: Mapping[int, int]) -> tuple[list[QuantizedBlock | None], list[str]]:
        """The codes of each shard's first rows, at most as many as `counted` says; None without
        any. And a line for each shard that should have codes, but they cannot be trusted."""
        kept = _manifest(self._collection)
        shards = kept.get("shards", {})
        basis = self._basis_of(kept)
        if shards and basis is None:
            place = derived_folder(self._collection) / _BASIS
            return [None] * len(counted), [_untrusted(f"{place} is damaged or missing")]
        found: list[QuantizedBlock | None] = []
        notes: list[str] = []
        used: dict[Path, QuantizedBlock] = {}
        for shard, rows in counted.items():
            entry = shards.get(str(shard))
            if entry is None or rows == 0 or basis is None:
                found.append(None)
                continue
            paths = _paths(self._collection, shard, entry["rows"])
            try:
                used[paths[0]] = self._held.get(paths[0]) or _checked(paths, entry, basis)
            except _UntrustedError as error:
                notes.append(_untrusted(str(error)))
                found.append(None)
            else:
                found.append(used[paths[0]].select(slice(0, rows)))
        current = {_paths(self._collection, int(key), shards[key]["rows"])[0] for key in shards}
        self._held = {path: one for path, one in (self._held | used).items() if path in current}
        return found, notes

    def _basis_of(self, kept: Mapping[str, Any]) -> Basis | None:
        digest = str(kept.get("basis", ""))
        if self._basis is None or self._basis[0] != digest:
            basis = _basis(self._collection, kept)
            self._held = {}
            self._basis = None if basis is None else (digest, basis)
        return None if self._basis is None else self._basis[1]


class _UntrustedError(Exception):
    """A code file cannot be used."""


def _untrusted(what: str) -> str:
    return f"{what}: searched without it; `sokkuri compact` makes it anew"


def _checked(paths: list[Path], entry: Mapping[str, Any], basis: Basis) -> QuantizedBlock:
    try:
        arrays = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        found = [xxhash.xxh3_64_hexdigest(array.data) for array in arrays]
    except (OSError, ValueError, EOFError, BufferError) as error:
        raise _UntrustedError(f"{paths[0]} cannot be read ({error})") from error
    if found != entry["hashes"]:
        raise _UntrustedError(f"{paths[0]} is damaged")
    codes, terms, heads, head_terms = map(np.asarray, arrays)
    return QuantizedBlock(Int8Codes(codes, terms), Int8Codes(heads, head_terms), basis)


def _is_sound(
    collection: CollectionStore, shard: int, entry: Mapping[str, Any], thorough: bool
) -> bool:
    paths = _paths(collection, shard, entry["rows"])
    if not thorough:
        return all(path.is_file() for path in paths)
    try:
        _checked(paths, entry, np.empty((0, 0)))
    except _UntrustedError:
        return False
    return True


def _is_behind(entry: Mapping[str, Any] | None, rows: int) -> bool:
    if entry is None:
        return rows >= _BEHIND or rows == SHARD_ROWS
    return rows - entry["rows"] >= _BEHIND or (rows == SHARD_ROWS and entry["rows"] < rows)


def _paths(collection: CollectionStore, shard: int, rows: int) -> list[Path]:
    stem = f"{shard:04d}-{rows}"
    return [derived_folder(collection) / f"{stem}.{kind}.npy" for kind in _KINDS]


def _basis(collection: CollectionStore, kept: Mapping[str, Any]) -> Basis | None:
    """The directions that the manifest names; None where they are not there, or not whole."""
    try:
        basis: Basis = np.load(derived_folder(collection) / _BASIS, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return basis if xxhash.xxh3_64_hexdigest(basis.data) == kept.get("basis") else None


def _make_basis(collection: CollectionStore, counted: Mapping[int, int]) -> Basis:
    """Write a new basis and a manifest without codes; return the basis."""
    try:
        rows = VectorBlocks.from_shards(collection.shards, counted)
    except DamagedError as error:
        raise StorageError(f"codes cannot be made: {error}") from error
    step = max(1, rows.size // _SAMPLE)
    basis = principal_basis(rows.take(np.arange(0, rows.size, step)))
    with storage_errors(collection), collection.catalog.writing():
        _save(derived_folder(collection) / _BASIS, basis)
        _write_manifest(collection, xxhash.xxh3_64_hexdigest(basis.data), {})
    return basis


def _write(collection: CollectionStore, shard: int, coded: QuantizedBlock) -> None:
    arrays: list[NDArray[Any]] = [
        coded.full.codes, coded.full.terms, coded.projected.codes, coded.projected.terms,
    ]  # fmt: skip
    digest = xxhash.xxh3_64_hexdigest(coded.basis.data)
    with storage_errors(collection):
        for path, array in zip(_paths(collection, shard, len(coded)), arrays, strict=True):
            _save(path, array)
        hashes = [xxhash.xxh3_64_hexdigest(array.data) for array in arrays]
        with collection.catalog.writing():  # several processes may add to it
            kept = _manifest(collection)
            if kept.get("basis") == digest:  # else another process has begun anew
                entry = {str(shard): {"rows": len(coded), "hashes": hashes}}
                _write_manifest(collection, digest, kept["shards"] | entry)


def _save(path: Path, array: NDArray[Any]) -> None:
    with atomic_write(path) as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)


def _manifest(collection: CollectionStore) -> dict[str, Any]:
    """`basis` and `shards`; empty where the file is not there, or not for these vectors."""
    try:
        kept = json.loads((derived_folder(collection) / _MANIFEST).read_text(encoding="utf-8"))
        if (kept["version"], kept["fingerprint"]) != (_VERSION, collection.model.fingerprint):
            return {}
        shards: dict[str, Any] = kept["shards"]
        whole = {key: entry for key, entry in shards.items() if {"rows", "hashes"} <= {*entry}}
        return {"basis": str(kept["basis"]), "shards": whole}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_manifest(collection: CollectionStore, basis: str, shards: Mapping[str, Any]) -> None:
    kept = {
        "version": _VERSION, "fingerprint": collection.model.fingerprint, "basis": basis,
        "shards": shards,
    }  # fmt: skip
    with atomic_write(derived_folder(collection) / _MANIFEST) as file:
        file.write(json.dumps(kept).encode())


def _forget_others(collection: CollectionStore) -> None:
    """Delete the codes of shards that are gone, and files that newer ones replaced."""
    with collection.catalog.writing():
        there = {str(shard.shard) for shard in read_shards(collection.catalog)}
        kept = _manifest(collection)
        if not kept:
            return
        shards = {key: entry for key, entry in kept["shards"].items() if key in there}
        _write_manifest(collection, kept["basis"], shards)
    current = {
        path.name
        for key, entry in shards.items()
        for path in _paths(collection, int(key), entry["rows"])
    }
    for pattern in (*(f"*.{kind}.npy" for kind in _KINDS), ".[0-9]*.new"):
        for path in derived_folder(collection).glob(pattern):
            if path.name not in current:
                with suppress(OSError):  # where open files cannot be deleted: the next time
                    path.unlink()
