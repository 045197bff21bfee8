"""Read feature vectors that other programs wrote, and check everything in the files.

Takes a folder with one `.npy` file per image (`00/01/<id>.npy`), or pairs of shard files
(`NNNN.features.npy` with `NNNN.object_ids.npy`), or both. Yields each vector with its id, or a line
that says why it cannot be used. Files at an address are copied to this machine, some at a time.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ReadError
from sokkuri.core.locations import Address, Location
from sokkuri.core.paths import is_path_below
from sokkuri.core.types import Features
from sokkuri.images import remote
from sokkuri.images.scan import sorted_addresses, sorted_paths
from sokkuri.store.database import as_text
from sokkuri.store.npy_files import parse_header

_FEATURES = re.compile(r"\d{4,}\.features\.npy")
_COPIED_AT_ONCE = 32  # files from an address
_IDS = re.compile(r"\d{4,}\.object_ids\.npy")


@dataclass(frozen=True, slots=True, eq=False)
class FoundVector:
    """A vector for the image `id`.

    vector : (D,) float32, all finite. where : its file, and its row in it, for messages. file : the
    file, if it holds only this vector.
    """

    id: str
    vector: NDArray[np.float32]
    where: str
    file: Path | None = None


class _RefusedError(Exception):
    """A vector or a file cannot be used; the message says which and why."""


def read_vectors(folder: Location, dimension: int) -> Iterator[FoundVector | str]:
    """Yield each vector below the folder, ordered by file name, or a line that says what is wrong.

    dimension : D of the vectors. Raises ReadError if a folder cannot be listed or an object cannot
    be read.
    """
    if isinstance(folder, Address):
        try:
            yield from _vectors_at_address(folder, dimension)
        except OSError as error:
            raise ReadError(f"{folder} cannot be read: {error.strerror}") from None
        return
    try:
        for name in sorted_paths(str(folder), "*.npy"):
            path = Path(name)
            if _FEATURES.fullmatch(path.name):
                yield from _vectors_of_pair(path, dimension)
            elif not _IDS.fullmatch(path.name):
                yield _vector_of_file(path, dimension)
            elif not _features_of(path).exists():
                yield f"{path} is left out: {_features_of(path).name} is missing"
    except OSError as error:
        raise ReadError(f"{error.filename} cannot be read: {error.strerror}") from error


def _vectors_at_address(folder: Address, dimension: int) -> Iterator[FoundVector | str]:
    """Copy some files in order, pairs together, and yield their vectors; repeat."""
    names = sorted_addresses(folder, "*.npy")
    while addresses := _next_files(names):
        with tempfile.TemporaryDirectory(prefix="sokkuri-") as place:

            def copy(address: Address, place: Path = Path(place)) -> None:
                file = place / str(folder.relative_path(address.url))
                file.parent.mkdir(parents=True, exist_ok=True)
                remote.download(address, file)

            for _, failed in remote.map_concurrent(copy, addresses):
                if failed is not None:
                    raise failed
            for vector in read_vectors(Path(place), dimension):
                if isinstance(vector, str):
                    yield _with_address(vector, place, folder)
                else:
                    where = _with_address(vector.where, place, folder)
                    yield replace(vector, where=where, file=None)


def _with_address(text: str, copies: str, folder: Address) -> str:
    """Return the text with the path of a copy replaced by the address that it was copied from."""
    return text.replace(copies, folder.url).replace(os.sep, "/")


def _next_files(names: Iterator[Address]) -> list[Address]:
    """Return the next files to copy. The files of a pair follow each other and stay together."""
    addresses = list(islice(names, _COPIED_AT_ONCE))
    if addresses and _FEATURES.fullmatch(addresses[-1].name):
        addresses += islice(names, 1)
    return addresses


def _features_of(ids: Path) -> Path:
    return ids.with_name(ids.name.replace(".object_ids.", ".features."))


def _vector_of_file(path: Path, dimension: int) -> FoundVector | str:
    """Return the vector of `<id>.npy`, (D,) or (1, D) float32, or why it cannot be used."""
    try:
        return _checked_vector(
            path.name.removesuffix(".npy"), _vector(path, dimension), str(path), path
        )
    except _RefusedError as refused:
        return str(refused)
    except OSError as error:
        return f"{path} is left out: {error.strerror}"


def _vector(path: Path, dimension: int) -> NDArray[np.float32]:
    with path.open("rb") as file:
        shape = _shape_of_floats(path, file)
        if shape not in {(dimension,), (1, dimension)}:
            raise _RefusedError(f"{path} is left out: its shape is {shape}, not ({dimension},)")
        data = file.read(4 * dimension + 1)
    if len(data) != 4 * dimension:
        raise _RefusedError(f"{path} is left out: it is cut short, or too long")
    return np.frombuffer(data, np.float32)


def _vectors_of_pair(path: Path, dimension: int) -> Iterator[FoundVector | str]:
    """Yield the vectors of a pair; refuse the whole pair if its rows may not match its ids."""
    try:
        features, ids = _mapped_pair(path, dimension)
    except _RefusedError as refused:
        yield str(refused)
        return
    except OSError as error:
        yield f"{error.filename} is left out: {error.strerror}"
        return
    impossible = _impossible_texts(ids)
    for row in range(len(ids)):
        if impossible[row]:
            yield f"row {row} of {path} is left out: its id is no text"
            continue
        id_ = str(ids[row])
        if id_ == "":
            continue  # an unused row in a shard of sokkuri
        try:
            yield _checked_vector(id_, np.array(features[row]), f"row {row} of {path}")
        except _RefusedError as refused:
            yield str(refused)


def _mapped_pair(path: Path, dimension: int) -> tuple[Features, NDArray[np.str_]]:
    """Return a pair's vectors, (N, D) float32, memory-mapped, and its N ids."""
    beside = path.with_name(path.name.replace(".features.", ".object_ids."))
    if not beside.exists():
        raise _RefusedError(f"{path} is left out: {beside.name} is missing")
    with path.open("rb") as file:
        shape = _shape_of_floats(path, file)
        rows_in_file = (os.fstat(file.fileno()).st_size - file.tell()) / (4 * dimension)
        offset = file.tell()
    if len(shape) != 2 or shape[1] != dimension:
        raise _RefusedError(f"{path} is left out: its shape is {shape}, not (N, {dimension})")
    if rows_in_file != shape[0]:
        raise _RefusedError(f"{path} is left out: it holds {rows_in_file:g} rows, not {shape[0]}")
    ids = _ids(path, beside, shape[0])
    if shape[0] == 0:
        return np.empty((0, dimension), np.float32), ids
    rows = (shape[0], dimension)
    return np.memmap(path, np.float32, mode="r", offset=offset, shape=rows), ids


def _ids(path: Path, beside: Path, rows: int) -> NDArray[np.str_]:
    with beside.open("rb") as file:
        dtype, shape = _header(beside, file)
        if dtype.kind != "U" or shape != (rows,):
            raise _RefusedError(
                f"{path} is left out: {beside.name} holds {dtype} {shape}, not {rows} texts"
            )
        data = file.read(dtype.itemsize * rows + 1)
    if len(data) != dtype.itemsize * rows:
        raise _RefusedError(f"{path} is left out: {beside.name} is cut short, or too long")
    return np.frombuffer(data, dtype) if dtype.itemsize else np.zeros(rows, "U1")


def _impossible_texts(ids: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which ids, (N,) bool, hold a number that is no Unicode code point."""
    codes = ids.view(np.dtype(np.uint32).newbyteorder(ids.dtype.byteorder))
    width = ids.dtype.itemsize // 4
    too_large = (codes > sys.maxunicode).reshape(len(ids), width)
    return np.asarray(too_large.any(axis=1), np.bool_)


def _shape_of_floats(path: Path, file: BinaryIO) -> tuple[int, ...]:
    """Return the shape of a file of float32."""
    dtype, shape = _header(path, file)
    if dtype != np.float32:
        raise _RefusedError(f"{path} is left out: it holds {dtype}, not float32")
    return shape


def _header(path: Path, file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return dtype and shape of an .npy file. Nothing in the file is executed."""
    try:
        dtype, shape, _ = parse_header(file)
    except (ValueError, EOFError) as error:
        raise _RefusedError(f"{path} is left out: it is no .npy file ({error})") from error
    if dtype.hasobject:
        raise _RefusedError(
            f"{path} is left out: it holds pickled objects, which could run programs"
        )
    return dtype, shape


def _checked_vector(
    id_: str, vector: NDArray[np.float32], where: str, file: Path | None = None
) -> FoundVector:
    if not np.isfinite(vector).all():
        raise _RefusedError(f"{where} is left out: not all of its numbers are finite")
    if not _is_valid_id(id_):
        raise _RefusedError(f"{where} is left out: {id_!r} cannot be an image's name")
    return FoundVector(id_, vector, where, file)


def _is_valid_id(id_: str) -> bool:
    """Return whether a file below the root can have this name."""
    try:
        as_text(id_)
    except UnicodeEncodeError:
        return False
    return is_path_below(id_)
