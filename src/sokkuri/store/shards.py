"""The shards: `NNNN.features.npy` and `NNNN.object_ids.npy`, row-aligned, plain `.npy`.

Takes rows and where to put them; which rows count is the catalog's business. A shard grows in
place: rows are written behind the last one that counts, then the header's shape is moved on, then
the file is synced. Whatever a crash leaves behind the last row that counts is overwritten by the
next write. An empty id stands for a row that no longer counts.
"""

import errno
import io
import os
import re
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xxhash
from numpy.lib import format as npy
from numpy.typing import NDArray

from sokkuri.core.atomic import atomic_write, sync_folder
from sokkuri.core.errors import CollectionError, DamagedError, StorageError
from sokkuri.core.types import Dtype, Features, StoredRows

SHARD_ROWS = 10_000
"""Rows of a full shard, as in the article's files: 49 MiB at 1280 dimensions."""

_ID_STEP = 32  # id columns widen in steps, so that most appends need no rewrite
_NAME = re.compile(r"(\d{4,})\.features\.npy")
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}

Ids = NDArray[np.str_]


def checksum_rows(features: StoredRows) -> list[int]:
    """One XXH3-64 for each row, as the signed integers SQLite keeps."""
    rows = np.ascontiguousarray(features)
    return [xxhash.xxh3_64_intdigest(row.data) - 2**63 for row in rows]


class ShardFolder:
    """The folder `features/<model>/` of a collection whose vectors have `dimension` numbers of type
    `dtype`."""

    def __init__(self, folder: Path, dimension: int, dtype: Dtype = "float32") -> None:
        self.folder = folder
        self.dimension = dimension
        self.dtype: np.dtype[np.floating[Any]] = np.dtype(dtype)
        self._row_bytes = self.dtype.itemsize * dimension

    def features_path(self, shard: int) -> Path:
        return self.folder / f"{shard:04d}.features.npy"

    def ids_path(self, shard: int) -> Path:
        return self.folder / f"{shard:04d}.object_ids.npy"

    def list_shards(self) -> list[int]:
        """The shard numbers that have a features file, ascending."""
        if not self.folder.is_dir():
            return []
        names = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in names if match)

    def to_stored(self, features: Features) -> StoredRows:
        """Vectors as rows of this folder hold them. Raises CollectionError for numbers that are
        too large for its dtype."""
        with np.errstate(over="ignore"):
            rows: StoredRows = np.asarray(features, self.dtype)
        if not np.isfinite(rows).all():
            raise CollectionError(
                f"a vector has numbers too large for the {self.dtype} of {self.folder}: keep such "
                "images in a collection of their own with --dtype float32"
            )
        return rows

    def write(self, shard: int, at: int, rows: StoredRows, ids: Sequence[str]) -> None:
        """Put rows at `at` and after, durably; whatever lay behind them is cut off.

        rows : (N, D), from `stored`; ids : N strings. Raises StorageError when the disk refuses,
        and then leaves the `at` rows before as they were.
        """
        with _storing(self.features_path(shard)):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                _write_rows(self.features_path(shard), at, np.asarray(rows, self.dtype))
                self._write_ids_at(shard, at, ids)
            except OSError:
                self._cut_back(shard, at)
                raise
            if at == 0:
                sync_folder(self.folder)

    def write_ids(self, shard: int, ids: Sequence[str]) -> None:
        """Replace a shard's whole id column, atomically."""
        path = self.ids_path(shard)
        with _storing(path), atomic_write(path) as file:
            npy.write_array(file, _id_column(ids), version=(1, 0), allow_pickle=False)

    def truncate(self, shard: int, rows: int) -> None:
        """Cut both files to `rows` rows where they hold more; damaged ones are left to `verify`."""
        for path in (self.features_path(shard), self.ids_path(shard)):
            with _storing(path), suppress(ValueError):
                if path.exists() and _rows_within(path) > rows:
                    _cut(path, rows)

    def salvage(self, shard: int) -> StoredRows:
        """Whatever whole rows a damaged file still holds : (N, D), read-only.

        The header is not believed: data starts where this module puts it, or the header ends.
        """
        path = self.features_path(shard)
        offset = self._data_offset(path)
        held = max(0, (path.stat().st_size if path.exists() else 0) - offset)
        return self._mapped(path, held // self._row_bytes, offset)

    def mend_header(self, shard: int, rows: int) -> None:
        """Make the header say that the file holds `rows` rows, and cut what lies behind them."""
        path = self.features_path(shard)
        header = _header(self.dtype, (rows, self.dimension))
        if self._data_offset(path) != len(header):
            return  # another tool's header, which could be read: it says what it should
        with _storing(path), path.open("r+b") as file:
            file.write(header)
            file.truncate(len(header) + rows * self._row_bytes)
            file.flush()
            os.fsync(file.fileno())

    def delete_partial_files(self) -> None:
        """Remove what a crash left of files that were being replaced."""
        for path in self.folder.glob(".*.new"):
            path.unlink(missing_ok=True)

    def delete(self, shard: int) -> None:
        """Remove a shard whose rows all live elsewhere or count no more."""
        for path in (self.features_path(shard), self.ids_path(shard)):
            with _storing(path):
                path.unlink(missing_ok=True)

    def map_rows(self, shard: int, rows: int) -> StoredRows:
        """The first `rows` rows : (rows, D), memory-mapped and read-only.

        Raises DamagedError when the file is missing, of another shape or too short.
        """
        path = self.features_path(shard)
        try:
            dtype, shape, offset = read_header(path)
        except FileNotFoundError:
            raise DamagedError(f"{path} is missing: run `sokkuri verify --repair`") from None
        except ValueError as error:
            raise DamagedError(f"{path} is no .npy file ({error}): run `sokkuri verify`") from None
        held = min(shape[0], (path.stat().st_size - offset) // self._row_bytes)
        if dtype != self.dtype or shape[1:] != (self.dimension,) or held < rows:
            raise DamagedError(
                f"{path} holds {held} rows of {dtype} {shape[1:]}, not {rows} of "
                f"{self.dtype} ({self.dimension},): run `sokkuri verify --repair`"
            )
        return self._mapped(path, rows, offset)

    def read_ids(self, shard: int) -> Ids:
        """The id column : (N,) str. Raises DamagedError when it cannot be read."""
        path = self.ids_path(shard)
        try:
            column: Ids = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DamagedError(f"{path} cannot be read: {error}") from None
        return column

    def disk_size(self) -> int:
        """What the folder takes on disk, in bytes."""
        if not self.folder.is_dir():
            return 0
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())

    def _mapped(self, path: Path, rows: int, offset: int) -> StoredRows:
        shape = (rows, self.dimension)
        if rows == 0:
            return np.empty(shape, self.dtype)
        return np.memmap(path, self.dtype, mode="r", offset=offset, shape=shape)

    def _data_offset(self, path: Path) -> int:
        """Where the rows start, by the header if it can be read, else as this module writes it."""
        try:
            return read_header(path)[2]
        except (OSError, ValueError):
            return len(_header(self.dtype, (0, self.dimension)))

    def _write_ids_at(self, shard: int, at: int, ids: Sequence[str]) -> None:
        path = self.ids_path(shard)
        column = _id_column(ids)
        if at > 0:
            before, _, _ = read_header(path)
            if before.itemsize < column.itemsize:
                self.write_ids(shard, [*self.read_ids(shard)[:at].tolist(), *ids])
                return
            column = column.astype(before)
        _write_rows(path, at, column)

    def _cut_back(self, shard: int, rows: int) -> None:
        """Best effort after a failed write: the disk is full, but cutting needs no space."""
        for path in (self.features_path(shard), self.ids_path(shard)):
            try:
                if rows:
                    _cut(path, rows)
                else:
                    path.unlink(missing_ok=True)
            except (OSError, ValueError):
                continue  # the next write cuts it: the catalog never counted these rows


def read_header(path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """dtype, shape and the offset of the first row of an `.npy` file of version 1 or 2.

    Raises OSError, or ValueError when it is no such file.
    """
    with path.open("rb") as file:
        return parse_header(file)


def parse_header(file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """The same of an open file, which is left at its first row."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        shape, fortran, dtype = read(file)
    except tokenize.TokenError as error:  # by NumPy's mending of headers that Python 2 wrote
        raise ValueError(str(error)) from error
    if fortran and len(shape) > 1:
        raise ValueError("it is in Fortran order")
    return dtype, shape, file.tell()


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """An `.npy` header; NumPy pads it so that the first axis can grow without moving the data."""
    buffer = io.BytesIO()
    npy.write_array_header_1_0(
        buffer, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()


def _write_rows(path: Path, at: int, rows: NDArray[Any]) -> None:
    """Rows first, then the header that makes them visible, then one sync."""
    shape = (at + len(rows), *rows.shape[1:])
    header = _header(rows.dtype, shape)
    with path.open("r+b" if at else "wb") as file:
        offset = parse_header(file)[2] if at else len(header)
        if len(header) != offset:
            raise DamagedError(f"{path} has a header of {offset} bytes: run `sokkuri verify`")
        row_bytes = rows.dtype.itemsize * int(np.prod(rows.shape[1:], dtype=int))
        file.seek(offset + at * row_bytes)
        file.write(np.ascontiguousarray(rows).tobytes())
        file.truncate()
        file.flush()
        file.seek(0)
        file.write(header)
        file.flush()
        os.fsync(file.fileno())


def _cut(path: Path, rows: int) -> None:
    with path.open("r+b") as file:
        dtype, shape, offset = parse_header(file)
        row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=int))
        file.seek(0)
        file.write(_header(dtype, (rows, *shape[1:])))
        file.truncate(offset + rows * row_bytes)
        file.flush()
        os.fsync(file.fileno())


def _rows_within(path: Path) -> int:
    """Rows that the file holds or begins: by its header or by its length, whichever is more."""
    dtype, shape, offset = read_header(path)
    row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=int))
    return max(shape[0], -(-(path.stat().st_size - offset) // row_bytes))


def _id_column(ids: Sequence[str]) -> Ids:
    width = max((len(one) for one in ids), default=0)
    return np.array(ids, dtype=f"<U{max(1, -(-width // _ID_STEP)) * _ID_STEP}")


@contextmanager
def _storing(path: Path) -> Iterator[None]:
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
