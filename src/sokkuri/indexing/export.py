"""Export the live vectors, ordered by id, in formats that other tools read.

Takes a collection and writes contiguous shards into a new folder: the article's `.npy` pairs, the
layout of clip-retrieval and autofaiss, or a Parquet data set. Reads each shard back and compares
it. For an address, each shard is first written to this machine. The manifest comes last, so an
export that was cut short has none; a folder gets its name only when it is complete.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.atomic import atomic_write, sync_folder
from sokkuri.core.errors import (
    CollectionError,
    DamagedError,
    StorageError,
    UsageError,
)
from sokkuri.core.locations import Address, Location
from sokkuri.core.named_roots import Root
from sokkuri.core.parquet import check_utf8, load_parquet
from sokkuri.core.types import Dtype, PhotoMetadata
from sokkuri.images import remote
from sokkuri.indexing.photo_table import parquet_columns
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import live_rows_by_id
from sokkuri.store.npy_files import load_array
from sokkuri.store.photos import find_photos
from sokkuri.store.read_rows import read_rows
from sokkuri.store.shards import SHARD_ROWS
from sokkuri.store.snapshot import open_snapshot

MANIFEST = "_manifest.json"
"""The file that an export has when it is complete. Readers of Parquet leave out such names."""

Layout = Literal["article", "clip-retrieval", "parquet"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The layout, the type of the numbers, and the rows per shard."""

    layout: Layout = "article"
    dtype: Dtype = "float32"
    shard_size: int = SHARD_ROWS


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written and read back without a difference."""

    rows: int
    shards: int
    bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class _Shard:
    """One shard to write. features : (N, D) of the export's dtype. ids, paths : N entries each.
    photos : N entries for Parquet, else none."""

    number: int
    ids: list[str]
    paths: list[str]
    features: NDArray[Any]
    photos: list[PhotoMetadata]


def export(
    collection: CollectionStore, to: Location, options: ExportOptions
) -> Generator[Exported]:
    """Write the vectors of live images, ordered by id; yield the totals so far after each shard.

    Only an iteration to the end completes the export.

    to : a folder or an address. Raises UsageError if it is not empty, CollectionError if an id or a
    number cannot be written in this format, DamagedError if a shard reads back differently,
    MissingExtraError, StorageError.
    """
    if options.shard_size < 1:
        raise UsageError("a shard needs at least one row")
    with _storage_errors(to):
        if not _is_empty(to):
            raise UsageError(f"{to} is there already and is not an empty folder: name another")
    done = Exported(0, 0, 0)
    if isinstance(to, Path):
        with _storage_errors(to), _folder_until_done(to) as folder:
            for done, _ in _write_shards(collection, folder, options):
                yield done
            _write_manifest(folder, collection, options, done)
        return
    with tempfile.TemporaryDirectory(prefix="sokkuri-") as name, _storage_errors(to):
        folder = Path(name)
        for done, paths in _write_shards(collection, folder, options):
            for path in paths:
                _send(path, to / path.relative_to(folder).as_posix())
                path.unlink()
            yield done
        _send(_write_manifest(folder, collection, options, done), to / MANIFEST)


@contextmanager
def _folder_until_done(to: Path) -> Iterator[Path]:
    """Yield a hidden folder to write in; when the block ends, its content gets its place.

    The folder is beside `to`, or in it if `to` exists. It is deleted if the block fails.
    """
    exists = to.exists()
    if not exists:
        to.parent.mkdir(parents=True, exist_ok=True)
    place = to if exists else to.parent
    folder = Path(tempfile.mkdtemp(prefix=f".{to.name}.", suffix=".new", dir=place))
    try:
        yield folder
        if exists:
            for path in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
                path.rename(to / path.name)
            folder.rmdir()
        else:
            folder.chmod(0o777 & ~_umask())
            folder.rename(to)
        sync_folder(place)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _umask() -> int:
    """Return the bits that new folders lack: `mkdtemp` makes one for its owner alone."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _write_manifest(
    folder: Path, collection: CollectionStore, options: ExportOptions, done: Exported
) -> Path:
    """Write what the export holds, and return the file."""
    path = folder / MANIFEST
    document = {
        "version": 1,
        "format": options.layout,
        "rows": done.rows,
        "shards": done.shards,
        "bytes": done.bytes,
        "dimension": collection.model.dimension,
        "dtype": options.dtype,
        "model": collection.model.name,
        "fingerprint": collection.model.fingerprint,
    }
    with atomic_write(path) as file:
        file.write(json.dumps(document, indent=2).encode() + b"\n")
    return path


def _is_empty(to: Location) -> bool:
    if isinstance(to, Address):
        return not remote.holds_any(to)
    return not to.exists() or (to.is_dir() and not any(to.iterdir()))


def _write_shards(
    collection: CollectionStore, folder: Path, options: ExportOptions
) -> Iterator[tuple[Exported, list[Path]]]:
    """Yield, after each shard, the totals so far and the files of the shard."""
    write = _WRITERS[options.layout]
    rows = size = 0
    for shard in _shards(collection, options):
        paths = write(shard, folder, collection.root)
        size += sum(path.stat().st_size for path in paths)
        rows += len(shard.ids)
        yield Exported(rows, shard.number + 1, size), paths


def _send(path: Path, address: Address) -> None:
    """Write a file to an address, and compare what is read back."""
    remote.upload(path, address)
    with path.open("rb") as file:
        back = remote.iter_ranges(address, remote.stat(address))
        same = all(file.read(len(part)) == part for part in back)
        same = same and not file.read(1)
    if not same:
        raise DamagedError(f"{address} reads back differently from what was written")


def _shards(collection: CollectionStore, options: ExportOptions) -> Iterator[_Shard]:
    with open_snapshot(collection) as pinned:
        images = live_rows_by_id(collection.catalog)
        number = 0
        while chunk := list(islice(images, options.shard_size)):
            places = [(shard, row) for _, _, shard, row in chunk]
            vectors = read_rows(collection.catalog, pinned, places)
            with np.errstate(over="ignore"):
                features = vectors.astype(options.dtype)
            if not np.isfinite(features).all():
                raise CollectionError(f"some numbers are too large for {options.dtype}")
            ids, paths = [id_ for id_, *_ in chunk], [path for _, path, *_ in chunk]
            photos = find_photos(collection.catalog, ids) if options.layout == "parquet" else []
            yield _Shard(number, ids, paths, features, photos)
            number += 1


def _write_article(shard: _Shard, folder: Path, _root: Root) -> list[Path]:
    features = folder / f"{shard.number:04d}.features.npy"
    ids = folder / f"{shard.number:04d}.object_ids.npy"
    _save(features, shard.features)
    _save(ids, np.array(shard.ids, np.str_))
    return [features, ids]


def _write_clip_retrieval(shard: _Shard, folder: Path, root: Root) -> list[Path]:
    pyarrow, parquet = load_parquet()
    features = folder / "img_emb" / f"img_emb_{shard.number:04d}.npy"
    metadata = folder / "metadata" / f"metadata_{shard.number:04d}.parquet"
    for path in (features, metadata):
        path.parent.mkdir(exist_ok=True)
    _save(features, shard.features)
    columns = {
        "image_path": _texts([str(root / path) for path in shard.paths]),
        "id": _texts(shard.ids),
    }
    _save_table(metadata, pyarrow.table(columns), parquet)
    return [features, metadata]


def _write_parquet(shard: _Shard, folder: Path, _root: Root) -> list[Path]:
    pyarrow, parquet = load_parquet()
    numbers = pyarrow.array(shard.features.reshape(-1))
    columns = {
        "id": _texts(shard.ids),
        "path": _texts(shard.paths),
        "features": pyarrow.FixedSizeListArray.from_arrays(numbers, shard.features.shape[1]),
        **parquet_columns(pyarrow, shard.photos),
    }
    path = folder / f"part-{shard.number:04d}.parquet"
    _save_table(path, pyarrow.table(columns), parquet)
    return [path]


_WRITERS: dict[Layout, Callable[[_Shard, Path, Root], list[Path]]] = {
    "article": _write_article,
    "clip-retrieval": _write_clip_retrieval,
    "parquet": _write_parquet,
}


def _save(path: Path, array: NDArray[Any]) -> None:
    with atomic_write(path) as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    back = load_array(path, mmap_mode="r")
    if back.dtype != array.dtype or not np.array_equal(back, array):
        raise DamagedError(f"{path} reads back differently from what was written: check the disk")


def _save_table(path: Path, table: Any, parquet: Any) -> None:
    with atomic_write(path) as file:
        parquet.write_table(table, file)
    if not parquet.read_table(path).equals(table):
        raise DamagedError(f"{path} reads back differently from what was written: check the disk")


def _texts(names: list[str]) -> list[str]:
    return check_utf8(names, "export with --format article")


@contextmanager
def _storage_errors(folder: Location) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{folder} could not be written: {error.strerror or error}") from error
