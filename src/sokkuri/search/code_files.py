"""The int8 codes of a collection's shards, kept under `indexes/`: searches read a twentieth.

Takes a collection and writes, for shards that lack them, `NNNN-ROWS.*.npy`: full codes, projected
codes ("heads"), and the terms of both. `CodeReader` returns codes for searches, checked against the
hashes in the manifest `codes.json`, which is replaced last. The projected codes of all shards share
the directions in `basis.npy`: those in which a sample of the rows varies most. Committed rows never
change, so codes are never out of date. If they are deleted, nothing is lost: they are rebuilt.
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
from sokkuri.core.types import StoredRows
from sokkuri.search.vectors import (
    Basis,
    Int8Codes,
    QuantizedBlock,
    basis_of,
    quantize_rows,
    sum_products,
)
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import derived_folder, storage_errors, wait_for_lock
from sokkuri.store.npy_files import load_array
from sokkuri.store.shard_table import read_shards
from sokkuri.store.shards import SHARD_ROWS
from sokkuri.store.snapshot import at_one_moment

CODED_FROM = 20_000
"""From this many rows on, codes are kept; below, a float32 scan takes a few milliseconds."""

_NEW_ROWS = 1000  # rows that an unfinished shard may grow before it is coded again
_SAMPLE = 20_000  # rows that the basis is computed from
_KINDS = ("codes", "terms", "heads", "head_terms")
_VERSION = 2
_MANIFEST, _BASIS = "codes.json", "basis.npy"


def refresh_codes(
    collection: CollectionStore, *, thorough: bool = False
) -> Iterator[tuple[int, int]]:
    """Code shards that lack codes; yield how many shards are done, of how many.

    thorough : read all codes, and rebuild those that are damaged. It waits for another process that
    codes this collection. Raises StorageError when the disk refuses; searches do without codes
    then.
    """
    if sum(collection.rows_per_shard().values()) >= CODED_FROM:
        with wait_for_lock(collection, "codes"):
            yield from _code_shards(collection, thorough=thorough)


def _code_shards(collection: CollectionStore, *, thorough: bool) -> Iterator[tuple[int, int]]:
    rows_per_shard = collection.rows_per_shard()
    manifest = _read_manifest(collection)
    basis = _read_basis(collection, manifest)
    if basis is None:
        basis, manifest = _make_basis(collection), {}
    entries = manifest.get("shards", {})
    todo = [
        shard for shard, rows in rows_per_shard.items()
        if _needs_codes(collection, shard, rows, entries.get(str(shard)), thorough)
    ]  # fmt: skip
    for done, shard in enumerate(todo):
        yield done, len(todo)
        try:
            vectors = collection.shards.map_rows(shard, rows_per_shard[shard])
        except DamagedError:
            continue  # compacted away in the meantime; otherwise `verify` reports the damage
        _write_codes(collection, shard, quantize_rows(vectors, basis))
    if todo or entries.keys() - {str(shard) for shard in rows_per_shard}:
        _delete_unused(collection)
        yield len(todo), len(todo)


class CodeReader:
    """Reads a collection's codes. Each file is checked and read once."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        self._blocks: dict[Path, QuantizedBlock] = {}  # by the path of the full codes
        self._basis: tuple[str, Basis] | None = None  # hash, directions

    def read(
        self, rows_per_shard: Mapping[int, int]
    ) -> tuple[list[QuantizedBlock | None], list[str]]:
        """Return the codes of each shard, and a message for each shard whose codes are damaged.

        The codes are of a shard's first rows, at most as many as given; None if there are none.
        """
        manifest = _read_manifest(self._collection)
        entries = manifest.get("shards", {})
        basis = self._load_basis(manifest)
        if entries and basis is None:
            path = derived_folder(self._collection) / _BASIS
            return [None] * len(rows_per_shard), [_message(f"{path} is damaged or missing")]
        blocks: list[QuantizedBlock | None] = []
        messages: list[str] = []
        loaded: dict[Path, QuantizedBlock] = {}
        for shard, rows in rows_per_shard.items():
            entry = entries.get(str(shard))
            if entry is None or rows == 0 or basis is None:
                blocks.append(None)
                continue
            paths = _code_paths(self._collection, shard, entry["rows"])
            try:
                block = self._blocks.get(paths[0]) or _load_block(paths, entry, basis)
            except _UnusableError as error:
                messages.append(_message(str(error)))
                blocks.append(None)
            else:
                loaded[paths[0]] = block
                blocks.append(block.select(slice(0, rows)))
        self._keep_current(entries, loaded)
        return blocks, messages

    def _keep_current(
        self, entries: Mapping[str, Any], loaded: Mapping[Path, QuantizedBlock]
    ) -> None:
        """Keep the blocks whose files the manifest names, and close the others."""
        current = {
            _code_paths(self._collection, int(shard), entry["rows"])[0]
            for shard, entry in entries.items()
        }
        blocks = {**self._blocks, **loaded}
        self._blocks = {path: block for path, block in blocks.items() if path in current}

    def _load_basis(self, manifest: Mapping[str, Any]) -> Basis | None:
        """Return the basis that the manifest names; read it again only if it has changed."""
        digest = str(manifest.get("basis", ""))
        if self._basis is None or self._basis[0] != digest:
            basis = _read_basis(self._collection, manifest)
            self._blocks = {}
            self._basis = None if basis is None else (digest, basis)
        return None if self._basis is None else self._basis[1]


class _UnusableError(Exception):
    """A code file cannot be used."""


def _message(damage: str) -> str:
    return f"{damage}: searched without it; `sokkuri compact` rebuilds it"


def _load_block(paths: list[Path], entry: Mapping[str, Any], basis: Basis) -> QuantizedBlock:
    """Return the codes in these files. Raises _UnusableError if they are damaged."""
    try:
        arrays = [load_array(path, mmap_mode="r") for path in paths]
        hashes = [xxhash.xxh3_64_hexdigest(array.data) for array in arrays]
    except (OSError, ValueError, EOFError, BufferError) as error:
        raise _UnusableError(f"{paths[0]} cannot be read ({error})") from error
    if hashes != entry["hashes"]:
        raise _UnusableError(f"{paths[0]} is damaged")
    codes, terms, heads, head_terms = map(np.asarray, arrays)
    return QuantizedBlock(Int8Codes(codes, terms), Int8Codes(heads, head_terms), basis)


def _needs_codes(
    collection: CollectionStore,
    shard: int,
    rows: int,
    entry: Mapping[str, Any] | None,
    thorough: bool,
) -> bool:
    """Return whether a shard must be coded: it has no sound codes, or too many rows are new."""
    is_full = rows == SHARD_ROWS
    if entry is None or not _is_sound(collection, shard, entry, thorough):
        return rows >= _NEW_ROWS or is_full
    return rows - entry["rows"] >= _NEW_ROWS or (is_full and entry["rows"] < rows)


def _is_sound(
    collection: CollectionStore, shard: int, entry: Mapping[str, Any], thorough: bool
) -> bool:
    """Return whether the shard's files exist, and if `thorough` also whether they are undamaged."""
    paths = _code_paths(collection, shard, entry["rows"])
    if not thorough:
        return all(path.is_file() for path in paths)
    try:
        _load_block(paths, entry, np.empty((0, 0)))
    except _UnusableError:
        return False
    return True


def _code_paths(collection: CollectionStore, shard: int, rows: int) -> list[Path]:
    """Return the paths of a shard's four files, in the order of `_KINDS`."""
    stem = f"{shard:04d}-{rows}"
    return [derived_folder(collection) / f"{stem}.{kind}.npy" for kind in _KINDS]


def _read_basis(collection: CollectionStore, manifest: Mapping[str, Any]) -> Basis | None:
    """Return the basis that the manifest names, None if it is missing or damaged."""
    try:
        basis: Basis = load_array(derived_folder(collection) / _BASIS)
    except (OSError, ValueError, EOFError):
        return None
    return basis if xxhash.xxh3_64_hexdigest(basis.data) == manifest.get("basis") else None


def _make_basis(collection: CollectionStore) -> Basis:
    """Write a new basis and a manifest without codes; return the basis."""
    try:
        products = at_one_moment(collection, lambda: sum_products(_sample(collection)))
    except DamagedError as error:
        raise StorageError(f"codes cannot be made: {error}") from error
    basis = basis_of(products)
    with storage_errors(collection), collection.catalog.writing():
        _save_array(derived_folder(collection) / _BASIS, basis)
        _write_manifest(collection, xxhash.xxh3_64_hexdigest(basis.data), {})
    return basis


def _sample(collection: CollectionStore) -> Iterator[StoredRows]:
    """Yield rows at equal steps, of one shard at a time : (N, D). A mapped shard takes memory once
    its rows are read. Raises DamagedError."""
    rows_per_shard = collection.rows_per_shard()
    step = max(1, sum(rows_per_shard.values()) // _SAMPLE)
    before = 0
    for shard, rows in rows_per_shard.items():
        yield np.asarray(collection.shards.map_rows(shard, rows))[-before % step :: step]
        before += rows


def _write_codes(collection: CollectionStore, shard: int, block: QuantizedBlock) -> None:
    """Write the shard's files, then its entry in the manifest, which makes them count."""
    arrays: list[NDArray[Any]] = [
        block.full.codes, block.full.terms, block.projected.codes, block.projected.terms,
    ]  # fmt: skip
    basis = xxhash.xxh3_64_hexdigest(block.basis.data)
    with storage_errors(collection):
        for path, array in zip(_code_paths(collection, shard, len(block)), arrays, strict=True):
            _save_array(path, array)
        hashes = [xxhash.xxh3_64_hexdigest(array.data) for array in arrays]
        with collection.catalog.writing():  # several processes may add entries
            manifest = _read_manifest(collection)
            if manifest.get("basis") == basis:  # otherwise another process made a new basis
                entry = {str(shard): {"rows": len(block), "hashes": hashes}}
                _write_manifest(collection, basis, manifest["shards"] | entry)


def _save_array(path: Path, array: NDArray[Any]) -> None:
    with atomic_write(path) as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)


def _read_manifest(collection: CollectionStore) -> dict[str, Any]:
    """Return `basis`, the hash of the basis, and `shards`, entries with `rows` and `hashes` by
    shard; an empty dict if there is no manifest, or if it is for another model or version."""
    path = derived_folder(collection) / _MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        fingerprint = collection.model.fingerprint
        if (document["version"], document["fingerprint"]) != (_VERSION, fingerprint):
            return {}
        entries: dict[str, Any] = document["shards"]
        complete = {key: entry for key, entry in entries.items() if {"rows", "hashes"} <= {*entry}}
        return {"basis": str(document["basis"]), "shards": complete}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_manifest(collection: CollectionStore, basis: str, entries: Mapping[str, Any]) -> None:
    document = {
        "version": _VERSION, "fingerprint": collection.model.fingerprint, "basis": basis,
        "shards": entries,
    }  # fmt: skip
    with atomic_write(derived_folder(collection) / _MANIFEST) as file:
        file.write(json.dumps(document).encode())


def _delete_unused(collection: CollectionStore) -> None:
    """Delete the codes of shards that are gone, and files that newer ones replaced."""
    with collection.catalog.writing():
        shards = {str(row.shard) for row in read_shards(collection.catalog)}
        manifest = _read_manifest(collection)
        if not manifest:
            return
        entries = {key: entry for key, entry in manifest["shards"].items() if key in shards}
        _write_manifest(collection, manifest["basis"], entries)
    current = {
        path.name
        for key, entry in entries.items()
        for path in _code_paths(collection, int(key), entry["rows"])
    }
    for pattern in (*(f"*.{kind}.npy" for kind in _KINDS), ".[0-9]*.new"):
        for path in derived_folder(collection).glob(pattern):
            if path.name not in current:
                with suppress(OSError):  # some systems cannot delete open files: the next run does
                    path.unlink()
