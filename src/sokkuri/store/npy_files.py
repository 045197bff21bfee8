"""`.npy` files of rows: read their headers, write rows behind others, and cut rows off.

A file grows in place: new rows are written behind the last row that counts, then the header gets
the new shape, then the file is synced.
"""

import io
import os
import threading
import tokenize
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from sokkuri.core.errors import DamagedError

_LONGEST_HEADER = 10_000  # bytes, as NumPy's own limit for headers that it does not trust
_parsing = threading.Lock()
# NumPy reads a header as a Python literal. Python 3.11 gives that up with a SystemError if two
# threads do it and one of them collects garbage on the way (python/cpython, issue 106905).
_VERSIONS = ((1, 0), (2, 0), (3, 0))  # of the format; 3.0 differs in the names of fields only


def read_header(path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return dtype, shape and the offset in bytes of the first row of an `.npy` file.

    It reads the format versions 1 to 3. Raises OSError, and ValueError for any other file.
    """
    with path.open("rb") as file:
        return parse_header(file)


def parse_header(file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return the same for an open file, and leave the file at its first row."""
    version = npy.read_magic(file)
    if version not in _VERSIONS:
        raise ValueError(f"it is of version {version[0]}.{version[1]} of the format")
    if version != (1, 0):
        length = int.from_bytes(file.read(4), "little")  # NumPy reads so many bytes into memory
        if length > _LONGEST_HEADER:
            raise ValueError(f"its header has {length:,} bytes")
        file.seek(npy.MAGIC_LEN)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        with _parsing:
            shape, fortran, dtype = read(file)
    # NumPy repairs Python 2 headers with `tokenize`, and reads headers as Python literals.
    except (tokenize.TokenError, RecursionError, MemoryError, TypeError) as error:
        raise ValueError(str(error)) from error
    if fortran and len(shape) > 1:
        raise ValueError("it is in Fortran order")
    return dtype, shape, file.tell()


def load_array(path: Path, mmap_mode: Literal["r"] | None = None) -> NDArray[Any]:
    """Return what numpy.load returns for an `.npy` file without objects, in any thread."""
    with _parsing:
        array: NDArray[Any] = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    return array


def encode_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return an `.npy` header. NumPy pads it, so the first axis can grow and the data stay."""
    buffer = io.BytesIO()
    npy.write_array_header_1_0(
        buffer, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()


def write_rows(path: Path, at: int, rows: NDArray[Any]) -> None:
    """Write the rows, then the header that makes them count, then sync the file."""
    shape = (at + len(rows), *rows.shape[1:])
    header = encode_header(rows.dtype, shape)
    row_bytes = rows.dtype.itemsize * int(np.prod(rows.shape[1:], dtype=int))
    with path.open("r+b" if at else "wb") as file:
        if at:
            _check_rows_before(path, file, at, rows)
        file.seek(len(header) + at * row_bytes)
        file.write(np.ascontiguousarray(rows).tobytes())
        file.truncate()
        file.flush()
        file.seek(0)
        file.write(header)
        file.flush()
        os.fsync(file.fileno())


def _check_rows_before(path: Path, file: BinaryIO, at: int, rows: NDArray[Any]) -> None:
    """Check that rows like these can follow the first `at` rows of the file.

    A write beyond the end of a file would fill the gap with zeros. Raises DamagedError.
    """
    try:
        dtype, shape, offset = parse_header(file)
    except ValueError as error:
        raise DamagedError(f"{path} is no .npy file ({error}): run `sokkuri verify`") from None
    if (
        dtype != rows.dtype
        or shape[1:] != rows.shape[1:]
        or offset != len(encode_header(dtype, shape))
    ):
        raise DamagedError(
            f"{path} has another header, of {dtype} {shape} in {offset} bytes: run `sokkuri verify`"
        )
    held = _complete_rows(file, dtype, shape, offset)
    if held < at:
        raise short_error(path, held, at)


def short_error(path: Path, held: int, rows: int) -> DamagedError:
    """Return the error for a file that holds fewer rows than the catalog counts."""
    return DamagedError(
        f"{path} lost its end: it holds {held} rows of {rows}: run `sokkuri verify --repair`"
    )


def _complete_rows(
    file: BinaryIO, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int
) -> int:
    """Return how many complete rows an open file holds, whatever its header says."""
    row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=int))
    return max(0, os.fstat(file.fileno()).st_size - offset) // row_bytes


def cut_rows(path: Path, rows: int) -> None:
    """Let the file hold its first `rows` rows only, and sync it. A shorter file stays shorter."""
    with path.open("r+b") as file:
        dtype, shape, offset = parse_header(file)
        row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=int))
        rows = min(rows, _complete_rows(file, dtype, shape, offset))
        file.seek(0)
        file.write(encode_header(dtype, (rows, *shape[1:])))
        file.truncate(offset + rows * row_bytes)
        file.flush()
        os.fsync(file.fileno())


def holds_more(path: Path, rows: int) -> bool:
    """Return whether the file holds `rows` rows, and more by its header or by its length.

    A row that is not complete counts as more.
    """
    with path.open("rb") as file:
        dtype, shape, offset = parse_header(file)
        row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=int))
        end = os.fstat(file.fileno()).st_size
        is_longer = shape[0] > rows or end > offset + rows * row_bytes
        return is_longer and _complete_rows(file, dtype, shape, offset) >= rows
