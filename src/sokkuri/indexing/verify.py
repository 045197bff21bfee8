"""Find faults: differences between the catalog, the shards and the image files.

Takes a collection and yields its faults; changes nothing (repair.py does). docs/verify.md lists the
kinds of faults. Checks a shard twice before it reports a fault, because another process may move
rows or ids meanwhile.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from sokkuri.core.errors import DamagedError, ImageError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Roots
from sokkuri.core.types import Fault, Features, FileStat, Limits, Pixels, StoredRows
from sokkuri.images import remote
from sokkuri.images.decode import decode
from sokkuri.images.presence import FolderWalk
from sokkuri.images.read import read_file, stat_file
from sokkuri.images.scan import is_folder
from sokkuri.indexing.lost_disks import unmounted_disks
from sokkuri.indexing.settings import is_walked
from sokkuri.models import Model, rounds_to_integers
from sokkuri.models.extractor import Extractor
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import live_files, read_position, settled_keys
from sokkuri.store.leases import has_active_run
from sokkuri.store.lost_rows import imported_lost_rows, lost_shards
from sokkuri.store.npy_files import read_header
from sokkuri.store.old_shards import read_old_shards
from sokkuri.store.read_rows import unsound_rows
from sokkuri.store.replacements import replacement_if_begun
from sokkuri.store.shard_table import find_shard, read_shards, row_owners, shard_ids
from sokkuri.store.snapshot import at_one_moment
from sokkuri.store.unfinished import is_unfinished

DEEP_SAMPLE = 32
_DEEP_TOLERANCE = {"float32": 1e-4, "float16": 1e-3}
"""Largest difference relative to a vector's maximum. Other processors round differently, and
float16 has eleven significant bits; different images differ by more."""

_DEEP_DISTANCE = 0.002
"""Largest cosine distance for a network that rounds values to integers. Where another processor
rounds a single value differently, many later values differ."""

_CHUNK = 1000

_FileRow: TypeAlias = tuple[str, str, int, int]
"""Id, path, size and time stamp of a live image."""

_Owner: TypeAlias = tuple[int, str, int, int]
"""Key, id, row and checksum of the image that owns a row."""


@dataclass(frozen=True, slots=True)
class ShardFaults:
    """The faults of one shard. bad_keys : keys of images whose rows are lost or changed."""

    shard: int
    faults: tuple[Fault, ...]
    bad_keys: tuple[int, ...]


def verify(collection: CollectionStore, deep: Model | None = None) -> Iterator[Fault]:
    """Yield all faults. deep : the collection's model, to extract a sample again and compare."""
    old = read_old_shards(collection.catalog)
    yield from _store_faults(collection, old)
    yield from _lost_rows(collection)
    with replacement_if_begun(collection, "ro") as fresh:
        if fresh is not None:
            yield from _store_faults(fresh, old)
    yield from file_faults(collection)
    if deep is not None:
        yield from _feature_faults(collection, deep)


def _store_faults(collection: CollectionStore, old: Mapping[str, Sequence[int]]) -> Iterator[Fault]:
    """Yield the faults of a catalog and of its shards. old : from `read_old_shards`."""
    yield from _catalog_faults(collection.catalog)
    for shard in [row.shard for row in read_shards(collection.catalog)]:
        yield from shard_faults(collection, shard).faults
    yield from _stray_files(collection, {*old.get(collection.shards.folder.name, ())})


def _catalog_faults(catalog: Catalog) -> Iterator[Fault]:
    for text in catalog.integrity_faults(10):
        yield Fault("catalog", str(catalog.where), text)


def shard_faults(collection: CollectionStore, shard: int) -> ShardFaults:
    """Return the faults of one shard: its shape, checksums and ids, compared with the catalog."""
    for _ in range(2):
        with collection.catalog.reading():
            collection.follow()
            found = inspect_shard(collection, shard)
        if found.faults and find_shard(collection.catalog, shard) is None:
            return ShardFaults(shard, (), ())  # another process has replaced it meanwhile
        if not found.faults:
            break
    return found


def inspect_shard(collection: CollectionStore, shard: int) -> ShardFaults:
    """Return the same, inside a transaction of the caller, without a second look."""
    catalog, shards = collection.catalog, collection.shards
    row = find_shard(catalog, shard)
    if row is None:  # compacted meanwhile
        return ShardFaults(shard, (), ())
    ids = shard_ids(catalog, shard, row.rows)
    owners = row_owners(catalog, shard)
    busy = has_active_run(catalog)
    faults: list[Fault] = []
    try:
        features = shards.map_rows(shard, row.rows)
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
    """Return the owners whose row does not exist, has another checksum or is not finite."""
    bad = [owner for owner in owners if owner[2] >= len(features)]
    inside = [owner for owner in owners if owner[2] < len(features)]
    for start in range(0, len(inside), _CHUNK):
        part = inside[start : start + _CHUNK]
        rows = features[[owner[2] for owner in part]]
        bad += [part[number] for number in unsound_rows(rows, [owner[3] for owner in part])]
    return bad


def _ids_fault(collection: CollectionStore, shard: int, ids: list[str]) -> Fault | None:
    path = collection.shards.ids_path(shard)
    try:
        stored = collection.shards.read_ids(shard)[: len(ids)].tolist()
    except DamagedError as error:
        return Fault("ids", str(path), str(error))
    if stored == ids:
        return None
    if len(stored) < len(ids):
        return Fault("ids", str(path), f"it holds {len(stored)} ids, the catalog {len(ids)} rows")
    row = next(n for n, (a, b) in enumerate(zip(stored, ids, strict=True)) if a != b)
    return Fault("ids", str(path), f"row {row} is {stored[row]!r}, the catalog says {ids[row]!r}")


def _has_slack(collection: CollectionStore, shard: int, rows: int) -> bool:
    paths = (collection.shards.features_path(shard), collection.shards.ids_path(shard))
    try:
        return any(read_header(path)[1][0] > rows for path in paths)
    except FileNotFoundError:
        return False  # another process has replaced the shard at this moment


def _stray_files(collection: CollectionStore, old: Set[int]) -> Iterator[Fault]:
    if has_active_run(collection.catalog):
        return
    numbers = collection.shards.list_shards()  # first: other processes may add shards
    known = {row.shard for row in read_shards(collection.catalog)}
    lost = lost_shards(collection.catalog)
    for number in numbers:
        path = collection.shards.features_path(number)
        # A mark says that a command writes or deletes the shard, or that the next one deletes it.
        if number not in known | old and not is_unfinished(path) and path.exists():
            where = str(path)
            what = "no row of the catalog counts in it"
            if number in lost:
                what = "it is back: `sokkuri verify --repair` takes its vectors"
            yield Fault("stray", where, what)


def _lost_rows(collection: CollectionStore) -> Iterator[Fault]:
    """Yield a fault for each shard with lost vectors that were imported and that no file gives."""
    lost: Counter[int] = Counter()
    for row in imported_lost_rows(collection.catalog):
        try:
            stat_file(collection.root / row.path)
        except OSError:
            lost[row.shard] += 1
    for shard, count in lost.items():
        where = str(collection.shards.features_path(shard))
        yield Fault(
            "lost",
            where,
            f"{count} imported vectors were in it, and no file gives them: put it back and run "
            "`sokkuri verify --repair`, or import them again, or remove the images",
        )


def file_faults(collection: CollectionStore) -> Iterator[Fault]:
    """Yield the faults of live images' files: missing, unreadable, or of another size or time."""
    if not is_folder(collection.root):
        yield Fault("root", str(collection.root), "the folder of images is not there")
        return
    missing = collection.root.missing() if isinstance(collection.root, Roots) else ()
    for name in missing:
        yield Fault("root", str(collection.root / name), "the folder of images is not there")
    away = unmounted_disks(collection.catalog, collection.root).union(missing)
    lost: set[str] = set()
    rows = live_files(collection.catalog)
    for (id_, path, size, mtime_ns), stat in _current_stats(collection, rows):
        if isinstance(stat, FileNotFoundError | NotADirectoryError):
            if disks := [folder for folder in away if path.startswith(f"{folder}/")]:
                lost.update(disks)
                continue
            what = "its file is gone, or behind a link to a folder: run `sokkuri index`"
            yield Fault("missing", id_, what)
        elif isinstance(stat, OSError):
            yield Fault("unreadable", id_, f"its file cannot be looked at: {stat.strerror}")
        elif stat != FileStat(size, mtime_ns):
            yield Fault("changed", id_, "its file changed after it was read: run `sokkuri index`")
    for folder in sorted(lost.difference(missing)):
        where = str(collection.root / folder)
        yield Fault("root", where, "it was another disk, which is not mounted")


def _current_stats(
    collection: CollectionStore, rows: Iterator[_FileRow]
) -> Iterator[tuple[_FileRow, FileStat | OSError]]:
    """Yield each row with the current stat of its file or the error; many at once if remote.

    A file that a run would not list is not there, such as one behind a link to a folder.
    """
    root = collection.root
    if isinstance(root, Address):
        yield from remote.map_concurrent(lambda row: stat_file(root / row[1]), rows)
        return
    walk = FolderWalk(root) if is_walked(collection.catalog) else None
    for row in rows:
        try:
            if walk is not None and not walk.would_list(row[1]):
                raise FileNotFoundError(row[1])
            yield row, stat_file(root / row[1])
        except OSError as error:
            yield row, error


def _feature_faults(collection: CollectionStore, model: Model) -> Iterator[Fault]:
    """Extract a random sample again and compare it with the rows."""
    collection.check_model(model)
    catalog = collection.catalog
    keys = settled_keys(catalog)
    extractor, in_integers = Extractor(model), rounds_to_integers(model)
    for key in random.sample(keys, min(DEEP_SAMPLE, len(keys))):
        try:
            found = at_one_moment(collection, partial(_stored_row, collection, key))
        except DamagedError as error:
            yield Fault("features", "a sample", f"it cannot be extracted again: {error}")
            continue
        if found is None:
            continue
        id_, path, stored = found
        try:
            pixels = _pixels(collection, path, model)
            fresh = extractor.extract(pixels.rgb[None])[0]
        except FileNotFoundError:
            yield Fault("features", id_, "it cannot be extracted again: the file is gone")
            continue
        except ImageError as error:
            yield Fault("features", id_, f"it cannot be extracted again: {error}")
            continue
        scale = max(float(np.abs(stored).max()), 1e-12)
        difference = float(np.abs(fresh - stored).max()) / scale
        if difference <= _DEEP_TOLERANCE[collection.dtype]:
            continue
        if in_integers and _cosine_distance(fresh, stored) <= _DEEP_DISTANCE:
            continue
        yield Fault(
            "features", id_, f"extracted again, it differs by {difference:.2g} of its maximum"
        )


def _cosine_distance(a: Features, b: Features) -> float:
    """Return the cosine distance of two vectors : (D,) each; 1 if one of them is zero."""
    lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return 1 - float(a @ b) / lengths if lengths > 0 else 1.0


def _stored_row(collection: CollectionStore, key: int) -> tuple[str, str, StoredRows] | None:
    """Return id, path and vector of an image, not checked; None if it has no vector any more."""
    position = read_position(collection.catalog, key)
    if position is None:
        return None
    id_, path, shard, row = position
    return id_, path, collection.shards.map_rows(shard, row + 1)[row]


def _pixels(collection: CollectionStore, path: str, model: Model) -> Pixels:
    data, _ = read_file(collection.root / path, Limits())
    return decode(data, model.card.pixels, Limits())
