"""export: the collection's live vectors in id order, as other tools read them.

Takes a collection and writes contiguous shards into a folder of its own: the article's `.npy`
pairs, the layout of clip-retrieval and autofaiss, or a Parquet data set. What was written is read
back and compared before it counts as done. To an address, each shard is written here first.
"""

import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.atomic import replacing
from sokkuri.core.errors import (
    CollectionError,
    DamagedError,
    MissingExtraError,
    StorageError,
    UsageError,
)
from sokkuri.core.locations import Address, Location
from sokkuri.core.types import Dtype
from sokkuri.images import remote
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import LIVE
from sokkuri.store.shards import SHARD_ROWS

Layout = Literal["article", "clip-retrieval", "parquet"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to write: the layout, the numbers' type, rows a shard."""

    layout: Layout = "article"
    dtype: Dtype = "float32"
    shard_size: int = SHARD_ROWS


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and read back the same."""

    rows: int
    shards: int
    bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One shard to write. features : (N, D) of the wanted type; the others have N entries."""

    number: int
    ids: list[str]
    paths: list[str]
    features: NDArray[Any]


def export(
    collection: CollectionStore, to: Location, options: ExportOptions
) -> Generator[Exported]:
    """Write the live images' vectors in id order; yields what is done after each shard.

    to : a folder or an address. Raises UsageError when it is not empty, CollectionError when ids or
    numbers cannot be written that way, DamagedError when what was read back differs,
    MissingExtraError, StorageError.
    """
    if options.shard_size < 1:
        raise UsageError("a shard needs at least one row")
    with _storing(to):
        if not _is_empty(to):
            raise UsageError(f"{to} is there already and is not an empty folder: name another")
    if isinstance(to, Path):
        with _storing(to):
            to.mkdir(parents=True, exist_ok=True)
            for done, _ in _written(collection, to, options):
                yield done
        return
    with tempfile.TemporaryDirectory(prefix="sokkuri-") as name, _storing(to):
        folder = Path(name)
        for done, paths in _written(collection, folder, options):
            for path in paths:
                _send(path, to / path.relative_to(folder).as_posix())
                path.unlink()
            yield done


def _is_empty(to: Location) -> bool:
    if isinstance(to, Address):
        return not remote.holds_any(to)
    return not to.exists() or (to.is_dir() and not any(to.iterdir()))


def _written(
    collection: CollectionStore, folder: Path, options: ExportOptions
) -> Iterator[tuple[Exported, list[Path]]]:
    """After each shard what is done, and the shard's files."""
    write = _WRITERS[options.layout]
    rows = size = 0
    for part in _parts(collection, options):
        paths = write(part, folder, collection.root)
        size += sum(path.stat().st_size for path in paths)
        rows += len(part.ids)
        yield Exported(rows, part.number + 1, size), paths


def _send(path: Path, address: Address) -> None:
    """Write a file to an address, and read it back."""
    remote.put(path, address)
    with path.open("rb") as file:
        back = remote.parts(address, remote.look(address))
        same = all(file.read(len(part)) == part for part in back)
        same = same and not file.read(1)
    if not same:
        raise DamagedError(f"{address} reads back differently from what was written")


def _parts(collection: CollectionStore, options: ExportOptions) -> Iterator[_Part]:
    with collection.catalog.reading():  # one picture of the collection, from the first row on
        images = collection.catalog.each(
            f"SELECT id, path, shard, row FROM images WHERE {LIVE} ORDER BY id"  # noqa: S608
        )
        number = 0
        while chunk := list(islice(images, options.shard_size)):
            vectors = collection.vectors([(shard, row) for _, _, shard, row in chunk])
            with np.errstate(over="ignore"):
                features = vectors.astype(options.dtype)
            if not np.isfinite(features).all():
                raise CollectionError(f"some numbers are too large for {options.dtype}")
            ids, paths = [one[0] for one in chunk], [one[1] for one in chunk]
            yield _Part(number, ids, paths, features)
            number += 1


def _write_article(part: _Part, folder: Path, _root: Location) -> list[Path]:
    features = folder / f"{part.number:04d}.features.npy"
    ids = folder / f"{part.number:04d}.object_ids.npy"
    _save(features, part.features)
    _save(ids, np.array(part.ids, np.str_))
    return [features, ids]


def _write_clip_retrieval(part: _Part, folder: Path, root: Location) -> list[Path]:
    pyarrow, parquet = _parquet()
    features = folder / "img_emb" / f"img_emb_{part.number:04d}.npy"
    metadata = folder / "metadata" / f"metadata_{part.number:04d}.parquet"
    for path in (features, metadata):
        path.parent.mkdir(exist_ok=True)
    _save(features, part.features)
    columns = {
        "image_path": _texts([str(root / path) for path in part.paths]),
        "id": _texts(part.ids),
    }
    _save_table(metadata, pyarrow.table(columns), parquet)
    return [features, metadata]


def _write_parquet(part: _Part, folder: Path, _root: Location) -> list[Path]:
    pyarrow, parquet = _parquet()
    numbers = pyarrow.array(part.features.reshape(-1))
    columns = {
        "id": _texts(part.ids),
        "path": _texts(part.paths),
        "features": pyarrow.FixedSizeListArray.from_arrays(numbers, part.features.shape[1]),
    }
    path = folder / f"part-{part.number:04d}.parquet"
    _save_table(path, pyarrow.table(columns), parquet)
    return [path]


_WRITERS: dict[Layout, Callable[[_Part, Path, Location], list[Path]]] = {
    "article": _write_article,
    "clip-retrieval": _write_clip_retrieval,
    "parquet": _write_parquet,
}


def _save(path: Path, array: NDArray[Any]) -> None:
    with replacing(path) as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    back = np.load(path, mmap_mode="r", allow_pickle=False)
    if back.dtype != array.dtype or not np.array_equal(back, array):
        raise DamagedError(f"{path} reads back differently from what was written: check the disk")


def _save_table(path: Path, table: Any, parquet: Any) -> None:
    with replacing(path) as file:
        parquet.write_table(table, file)
    if not parquet.read_table(path).equals(table):
        raise DamagedError(f"{path} reads back differently from what was written: check the disk")


def _parquet() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Parquet", "parquet") from None
    return pyarrow, parquet


def _texts(texts: list[str]) -> list[str]:
    """Parquet's texts are UTF-8, which a file's name need not be."""
    for text in texts:
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                raise CollectionError(
                    f"{shown} is not UTF-8, which Parquet needs: rename the file, or export with "
                    "--format article"
                ) from None
    return texts


@contextmanager
def _storing(folder: Location) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{folder} could not be written: {error.strerror or error}") from error
