"""Shards: read and write pairs of plain `.npy` files that hold the vectors and their ids.

Row n of `NNNN.features.npy` is the vector of the id in row n of `NNNN.object_ids.npy`. This module
takes rows and their position; the catalog records which rows count. A shard grows in place
(npy_files.py). A crash can leave rows that do not count; the next write overwrites them. An empty
id marks a row that no longer counts.
"""

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xxhash
from numpy.lib import format as npy
from numpy.typing import NDArray

from sokkuri.core.atomic import atomic_write, sync_folder, unless_open
from sokkuri.core.errors import (
    CollectionError,
    DamagedError,
    MissingShardError,
    StorageError,
    from_os_error,
)
from sokkuri.core.types import Features, StoredRows
from sokkuri.store.npy_files import (
    cut_rows,
    encode_header,
    holds_more,
    load_array,
    parse_header,
    read_header,
    short_error,
    write_rows,
)
from sokkuri.store.unfinished import claim_place, mark_unfinished, remove_mark

SHARD_ROWS = 10_000
"""Rows of a full shard: 49 MiB with 1280 dimensions in float32.

The files of the article series, which sokkuri grew out of, have the same number of rows.
"""

_ID_STEP = 32  # characters: id columns widen in steps, so that most appends need no rewrite
_NAME = re.compile(r"(\d{4,})\.features\.npy")
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}

Ids = NDArray[np.str_]


def checksum_rows(features: StoredRows) -> list[int]:
    """Return the XXH3-64 of each row's bytes, minus 2**63: SQLite stores signed integers.

    features : (N, D). Returns N integers.
    """
    rows = np.ascontiguousarray(features)
    return [xxhash.xxh3_64_intdigest(row.data) - 2**63 for row in rows]


class ShardFolder:
    """The folder `features/<model>/` of a collection: all its shards.

    dimension : numbers in each vector. dtype : type of the numbers in the files.
    """

    def __init__(self, folder: Path, dimension: int, dtype: str = "float32") -> None:
        self.folder = folder
        self.dimension = dimension
        self.dtype: np.dtype[np.floating[Any]] = np.dtype(dtype)
        self._row_bytes = self.dtype.itemsize * dimension

    def features_path(self, shard: int) -> Path:
        """Return the path of a shard's vectors."""
        return self.folder / f"{shard:04d}.features.npy"

    def ids_path(self, shard: int) -> Path:
        """Return the path of a shard's ids."""
        return self.folder / f"{shard:04d}.object_ids.npy"

    def list_shards(self) -> list[int]:
        """Return the numbers of the shards that have a features file, in ascending order."""
        if not self.folder.is_dir():
            return []
        names = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in names if match)

    def to_stored(self, features: Features) -> StoredRows:
        """Return vectors in the dtype of this folder.

        features : (N, D) float32. Returns (N, D). Raises CollectionError for numbers that are too
        large for the dtype, infinite or not a number.
        """
        with np.errstate(over="ignore"):
            rows: StoredRows = np.asarray(features, self.dtype)
        if not np.isfinite(rows).all():
            raise CollectionError(
                f"a vector has numbers too large for the {self.dtype} of {self.folder}: keep such "
                "images in a collection of their own with --dtype float32"
            )
        return rows

    def write(self, shard: int, at: int, rows: StoredRows, ids: Sequence[str]) -> None:
        """Write rows from row `at` on, sync them, and cut off everything behind them.

        rows : (N, D), from `to_stored`. ids : N strings. Raises StorageError when the disk refuses,
        DamagedError when a file is missing, has another header, or lacks some of the first `at`
        rows. When a write fails, the first `at` rows stay as they were. A new shard is marked as
        unfinished until `forget_marks`; files of others in its place are moved aside.
        """
        with storing(self.features_path(shard)):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                if at == 0:
                    claim_place(self.features_path(shard), self.ids_path(shard))
                write_rows(self.features_path(shard), at, np.asarray(rows, self.dtype))
                self._write_ids_at(shard, at, ids)
            except OSError:
                self._cut_back(shard, at)
                raise
            if at == 0:
                sync_folder(self.folder)

    def write_ids(self, shard: int, ids: Sequence[str]) -> None:
        """Replace the whole id column of a shard atomically.

        ids : N strings. Raises StorageError when the disk refuses.
        """
        path = self.ids_path(shard)
        with storing(path), atomic_write(path) as file:
            npy.write_array(file, _id_column(ids), version=(1, 0), allow_pickle=False)

    def truncate(self, shard: int, rows: int) -> None:
        """Cut each file of a shard that holds more than `rows` rows; leave damaged files to
        `verify`, also those that hold fewer. Raises StorageError."""
        for path in (self.features_path(shard), self.ids_path(shard)):
            with storing(path), suppress(ValueError):
                if path.exists() and holds_more(path, rows):
                    cut_rows(path, rows)

    def salvage(self, shard: int) -> StoredRows:
        """Return all whole rows that a damaged file still holds : (N, D), read-only.

        The number of rows follows from the file's length, not from its header. The data starts
        behind the header; if the header is unreadable, it starts where this module writes it.
        """
        try:
            file = self.features_path(shard).open("rb")
        except FileNotFoundError:
            return np.empty((0, self.dimension), self.dtype)
        with file:
            try:
                offset = parse_header(file)[2]
            except ValueError:
                offset = len(encode_header(self.dtype, (0, self.dimension)))
            held = max(0, os.fstat(file.fileno()).st_size - offset)
            return self._mapped(file, held // self._row_bytes, offset)

    def delete(self, shard: int) -> None:
        """Delete both files of a shard. No image may have a row in it. Raises StorageError.

        Where a system does not delete files that are open, they stay until the next `recover`.
        Before the catalog forgets the shard, `mark_for_deletion` marks it.
        """
        with storing(self.features_path(shard)), unless_open():
            for path in (self.features_path(shard), self.ids_path(shard)):
                path.unlink(missing_ok=True)
            remove_mark(self.features_path(shard))

    def forget_marks(self, written: Iterable[int]) -> None:
        """Forget that these shards were new: the catalog knows them. Raises StorageError."""
        for shard in written:
            with storing(self.features_path(shard)):
                remove_mark(self.features_path(shard))

    def mark_for_deletion(self, shard: int) -> None:
        """Let the next `recover` delete the shard if the catalog has forgotten it by then.

        Raises StorageError.
        """
        with storing(self.features_path(shard)):
            mark_unfinished(self.features_path(shard))

    def map_rows(self, shard: int, rows: int) -> StoredRows:
        """Return the first `rows` rows : (rows, D), memory-mapped and read-only.

        Raises MissingShardError, DamagedError for a file of another shape or too short, and
        StorageError for one that cannot be opened.
        """
        path = self.features_path(shard)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise MissingShardError(path, shard) from None
        except OSError as error:
            raise from_os_error(error) from error
        with file:  # another process may delete it at any moment: it is opened once
            try:
                dtype, shape, offset = parse_header(file)
            except ValueError as error:
                raise DamagedError(
                    f"{path} is no .npy file ({error}): run `sokkuri verify`"
                ) from None
            held = min(shape[0], (os.fstat(file.fileno()).st_size - offset) // self._row_bytes)
            if dtype != self.dtype or shape[1:] != (self.dimension,) or held < rows:
                raise DamagedError(
                    f"{path} holds {held} rows of {dtype} {shape[1:]}, not {rows} of "
                    f"{self.dtype} ({self.dimension},): run `sokkuri verify --repair`"
                )
            return self._mapped(file, rows, offset)

    def read_ids(self, shard: int) -> Ids:
        """Return the id column : (N,) str.

        Raises DamagedError when it is missing or damaged, StorageError when it cannot be opened.
        """
        path = self.ids_path(shard)
        try:
            column: Ids = load_array(path)
        except (FileNotFoundError, ValueError, EOFError) as error:
            raise DamagedError(
                f"{path} cannot be read ({error}): run `sokkuri verify --repair`"
            ) from None
        except OSError as error:
            raise from_os_error(error, str(path)) from error
        return column

    def disk_size(self) -> int:
        """Return the size of all files in the folder, in bytes."""
        if not self.folder.is_dir():
            return 0
        size = 0
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # deleted at this moment
                size += path.stat().st_size if path.is_file() else 0
        return size

    def _mapped(self, file: BinaryIO, rows: int, offset: int) -> StoredRows:
        shape = (rows, self.dimension)
        if rows == 0:
            return np.empty(shape, self.dtype)
        return np.memmap(file, self.dtype, mode="r", offset=offset, shape=shape)

    def _write_ids_at(self, shard: int, at: int, ids: Sequence[str]) -> None:
        path = self.ids_path(shard)
        column = _id_column(ids)
        if at > 0:
            before, _, _ = read_header(path)
            if before.itemsize < column.itemsize:
                stored = self.read_ids(shard)
                if len(stored) < at:
                    raise short_error(path, len(stored), at)
                self.write_ids(shard, [*stored[:at].tolist(), *ids])
                return
            column = column.astype(before)
        write_rows(path, at, column)

    def _cut_back(self, shard: int, rows: int) -> None:
        """Try to cut both files to `rows` rows after a failed write: this needs no disk space."""
        for path in (self.features_path(shard), self.ids_path(shard)):
            try:
                if rows:
                    cut_rows(path, rows)
                else:
                    path.unlink(missing_ok=True)
            except (OSError, ValueError):
                continue  # the next write cuts it: the catalog never counted these rows


def _id_column(ids: Sequence[str]) -> Ids:
    """Return the ids as an array that is wide enough, in steps of `_ID_STEP` characters."""
    width = max((len(one) for one in ids), default=0)
    return np.array(ids, dtype=f"<U{max(1, -(-width // _ID_STEP)) * _ID_STEP}")


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into one line: DamagedError or StorageError."""
    try:
        yield
    except FileNotFoundError:
        raise DamagedError(f"{path} is missing: run `sokkuri verify --repair`") from None
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"the disk is full: {path} could not be written; free some space and run again"
            ) from error
        raise StorageError(f"{path} could not be written: {error.strerror or error}") from error
