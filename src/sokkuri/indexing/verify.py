"""verify: does the store hold what the catalog says, and do the files still match?

Takes a collection and names its faults; nothing is changed here (repairing.py does that). The kinds
are listed in docs/verify.md. A shard is looked at twice before a fault counts, because another
process may be moving its rows or ids in between.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sokkuri.core.errors import DamagedError, ImageError
from sokkuri.core.locations import Address
from sokkuri.core.types import Fault, FileStat, Limits, Pixels, StoredRows
from sokkuri.images import remote
from sokkuri.images.decode import decode
from sokkuri.images.read import read_file
from sokkuri.images.scan import is_folder
from sokkuri.models import Model
from sokkuri.models.extractor import Extractor
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import LIVE
from sokkuri.store.leases import is_worked_on
from sokkuri.store.shard_table import find_shard, read_shards, shard_ids
from sokkuri.store.shards import checksums, read_header

DEEP_SAMPLE = 32
_DEEP_TOLERANCE = {"float32": 1e-4, "float16": 1e-3}
"""Another machine's instructions round differently, and float16 keeps eleven bits; pictures differ
by more."""

_CHUNK = 1000

_FileRow: TypeAlias = tuple[str, str, int, int]
"""Id, path, size and time stamp of a live image."""

_Owner: TypeAlias = tuple[int, str, int, int]
"""Key, id, row and checksum of the image that owns a row."""


@dataclass(frozen=True, slots=True)
class ShardFaults:
    """What is wrong with one shard. `bad_keys` : images whose rows are lost or changed."""

    shard: int
    faults: tuple[Fault, ...]
    bad_keys: tuple[int, ...]


def verify(collection: CollectionStore, deep: Model | None = None) -> Iterator[Fault]:
    """Every fault found. deep : the collection's model, to extract a sample again and compare."""
    yield from _catalog_faults(collection.catalog)
    for shard in [row.shard for row in read_shards(collection.catalog)]:
        yield from shard_faults(collection, shard).faults
    yield from _stray_files(collection)
    yield from file_faults(collection)
    if deep is not None:
        yield from _feature_faults(collection, deep)


def _catalog_faults(catalog: Catalog) -> Iterator[Fault]:
    for (text,) in catalog.all("PRAGMA quick_check(10)"):
        if text != "ok":
            yield Fault("catalog", str(catalog.where), str(text))


def shard_faults(collection: CollectionStore, shard: int) -> ShardFaults:
    """One shard's shape, checksums and ids against the catalog."""
    first = _look_at(collection, shard)
    return _look_at(collection, shard) if first.faults else first


def _look_at(collection: CollectionStore, shard: int) -> ShardFaults:
    catalog, shards = collection.catalog, collection.shards
    with catalog.reading():
        row = find_shard(catalog, shard)
        if row is None:  # compacted away meanwhile
            return ShardFaults(shard, (), ())
        ids = shard_ids(catalog, shard, row.rows)
        owners = catalog.all(
            "SELECT key, id, row, checksum FROM images WHERE shard = ? ORDER BY row", [shard]
        )
        busy = is_worked_on(catalog)
    faults: list[Fault] = []
    try:
        features = shards.features(shard, row.rows)
    except DamagedError as error:
        faults.append(Fault("shard", str(shards.features_path(shard)), str(error)))
        features = shards.salvage(shard)
    bad = _bad_rows(features, owners)
    faults += [
        Fault("row", f"{shards.features_path(shard)}:{number}", f"the vector of {id_} is lost")
        for _, id_, number, _ in bad
    ]
    ids_fault = _ids_fault(collection, shard, ids)
    if ids_fault is not None:
        faults.append(ids_fault)
    if not busy and not faults and _has_slack(collection, shard, row.rows):
        faults.append(
            Fault("slack", str(shards.features_path(shard)), "it holds rows never committed")
        )
    return ShardFaults(shard, tuple(faults), tuple(owner[0] for owner in bad))


def _bad_rows(features: StoredRows, owners: list[_Owner]) -> list[_Owner]:
    """The owners whose row is not there or has another checksum."""
    bad = [owner for owner in owners if owner[2] >= len(features)]
    inside = [owner for owner in owners if owner[2] < len(features)]
    for at in range(0, len(inside), _CHUNK):
        part = inside[at : at + _CHUNK]
        sums = checksums(features[[owner[2] for owner in part]])
        bad += [owner for owner, found in zip(part, sums, strict=True) if found != owner[3]]
    return bad


def _ids_fault(collection: CollectionStore, shard: int, ids: list[str]) -> Fault | None:
    path = collection.shards.ids_path(shard)
    try:
        held = collection.shards.ids(shard)[: len(ids)].tolist()
    except DamagedError as error:
        return Fault("ids", str(path), str(error))
    if held == ids:
        return None
    if len(held) < len(ids):
        return Fault("ids", str(path), f"it holds {len(held)} ids, the catalog {len(ids)} rows")
    row = next(n for n, (one, other) in enumerate(zip(held, ids, strict=True)) if one != other)
    return Fault("ids", str(path), f"row {row} is {held[row]!r}, the catalog says {ids[row]!r}")


def _has_slack(collection: CollectionStore, shard: int, rows: int) -> bool:
    paths = (collection.shards.features_path(shard), collection.shards.ids_path(shard))
    return any(read_header(path)[1][0] > rows for path in paths)


def _stray_files(collection: CollectionStore) -> Iterator[Fault]:
    if is_worked_on(collection.catalog):
        return
    known = {row.shard for row in read_shards(collection.catalog)}
    for number in collection.shards.numbers():
        if number not in known:
            where = str(collection.shards.features_path(number))
            yield Fault("stray", where, "no row of the catalog counts in it")


def file_faults(collection: CollectionStore) -> Iterator[Fault]:
    """Every live row's file against the disk, by size and time stamp."""
    if not is_folder(collection.root):
        yield Fault("root", str(collection.root), "the folder of images is not there")
        return
    rows = collection.catalog.each(f"SELECT id, path, size, mtime_ns FROM images WHERE {LIVE}")  # noqa: S608
    for (id_, _, size, mtime_ns), found in _looks(collection, rows):
        if isinstance(found, FileNotFoundError | NotADirectoryError):
            yield Fault("missing", id_, "its file is gone: run `sokkuri index`")
        elif isinstance(found, OSError):
            yield Fault("unreadable", id_, f"its file cannot be looked at: {found.strerror}")
        elif found != FileStat(size, mtime_ns):
            yield Fault("changed", id_, "its file changed after it was read: run `sokkuri index`")


def _looks(
    collection: CollectionStore, rows: Iterator[_FileRow]
) -> Iterator[tuple[_FileRow, FileStat | OSError]]:
    """How each row's file is now; those at an address are asked for many at a time."""
    root = collection.root
    if isinstance(root, Address):
        yield from remote.map_concurrent(lambda row: remote.stat(root / row[1]).stat, rows)
        return
    for row in rows:
        try:
            stat = (root / row[1]).stat()
        except OSError as error:
            yield row, error
        else:
            yield row, FileStat(stat.st_size, stat.st_mtime_ns)


def _feature_faults(collection: CollectionStore, model: Model) -> Iterator[Fault]:
    """Extract a random sample again and compare with the rows."""
    collection.check_model(model)
    catalog = collection.catalog
    keys = [key for (key,) in catalog.each(f"SELECT key FROM images WHERE {LIVE} AND todo = 0")]  # noqa: S608
    extractor = Extractor(model)
    for key in random.sample(keys, min(DEEP_SAMPLE, len(keys))):
        id_, path, shard, row = catalog.one(
            "SELECT id, path, shard, row FROM images WHERE key = ?", [key]
        )
        try:
            stored = collection.shards.features(shard, row + 1)[row]
            pixels = _pixels(collection, path, model)
            fresh = extractor.extract(pixels.rgb[None])[0]
        except (ImageError, FileNotFoundError, DamagedError) as error:
            yield Fault("features", id_, f"it cannot be extracted again: {error}")
            continue
        scale = max(float(np.abs(stored).max()), 1e-12)
        off = float(np.abs(fresh - stored).max()) / scale
        if not off <= _DEEP_TOLERANCE[collection.dtype]:
            yield Fault("features", id_, f"extracted again, it differs by {off:.2g} of its maximum")


def _pixels(collection: CollectionStore, path: str, model: Model) -> Pixels:
    data, _ = read_file(collection.root / path, Limits())
    return decode(data, model.card.pixels, Limits())
