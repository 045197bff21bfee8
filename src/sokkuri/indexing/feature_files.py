"""Reads features that other programs wrote, and trusts nothing in them.

Takes a folder with one `.npy` file an image (`00/01/<id>.npy`), or shard pairs
(`NNNN.features.npy` with `NNNN.object_ids.npy`), or both; hands on each vector with its id, or a
line that says why it cannot be used. What lies at an address is copied here for that, some files at
a time.
"""

import os
import re
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
from sokkuri.core.types import Features
from sokkuri.images import remote
from sokkuri.images.scan import sorted_addresses, sorted_paths
from sokkuri.store.database import as_text
from sokkuri.store.shards import header_of

_FEATURES = re.compile(r"\d{4,}\.features\.npy")
_AT_ONCE = 32  # files that are copied from an address together
_IDS = re.compile(r"\d{4,}\.object_ids\.npy")


@dataclass(frozen=True, slots=True, eq=False)
class FoundVector:
    """A vector for the image `id`. vector : (D,) float32, all finite. where : its place, in words.
    file : where it has one to itself."""

    id: str
    vector: NDArray[np.float32]
    where: str
    file: Path | None = None


class _RefusedError(Exception):
    """A vector or a file of them cannot be used; the message says which and why."""


def found_vectors(folder: Location, dimension: int) -> Iterator[FoundVector | str]:
    """Every vector below the folder in the order of the files' names, or a line on what is wrong
    with it. Raises ReadError when a folder cannot be listed, or an object not be had."""
    if isinstance(folder, Address):
        try:
            yield from _fetched(folder, dimension)
        except OSError as error:
            raise ReadError(f"{folder} cannot be read: {error.strerror}") from None
        return
    try:
        for name in sorted_paths(str(folder), "*.npy"):
            path = Path(name)
            if _FEATURES.fullmatch(path.name):
                yield from _pair(path, dimension)
            elif not _IDS.fullmatch(path.name):
                yield _small(path, dimension)
            elif not _features_of(path).exists():
                yield f"{path} is left out: {_features_of(path).name} is missing"
    except OSError as error:
        raise ReadError(f"{error.filename} cannot be read: {error.strerror}") from error


def _fetched(folder: Address, dimension: int) -> Iterator[FoundVector | str]:
    """Copies some files, in order and no pair apart, reads them, and goes on with the next."""
    names = sorted_addresses(folder, "*.npy")
    while some := _together(names):
        with tempfile.TemporaryDirectory(prefix="sokkuri-") as place:

            def copy(address: Address, place: Path = Path(place)) -> None:
                file = place / str(folder.below(address.url))
                file.parent.mkdir(parents=True, exist_ok=True)
                remote.fetch(address, file)

            for _, failed in remote.each(copy, some):
                if failed is not None:
                    raise failed
            for found in found_vectors(Path(place), dimension):
                if isinstance(found, str):
                    yield found.replace(place, folder.url)
                else:
                    yield replace(found, where=found.where.replace(place, folder.url), file=None)


def _together(names: Iterator[Address]) -> list[Address]:
    """The next files that are small together: pairs follow each other."""
    some = list(islice(names, _AT_ONCE))
    if some and _FEATURES.fullmatch(some[-1].name):
        some += islice(names, 1)
    return some


def _features_of(ids: Path) -> Path:
    return ids.with_name(ids.name.replace(".object_ids.", ".features."))


def _small(path: Path, dimension: int) -> FoundVector | str:
    """One image's file, `<id>.npy` : (D,) or (1, D) float32."""
    try:
        return _checked(path.name.removesuffix(".npy"), _vector(path, dimension), str(path), path)
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


def _pair(path: Path, dimension: int) -> Iterator[FoundVector | str]:
    """A shard pair's vectors; the whole pair is refused where its rows may not be aligned."""
    try:
        features, ids = _arrays(path, dimension)
    except _RefusedError as refused:
        yield str(refused)
        return
    except OSError as error:
        yield f"{error.filename} is left out: {error.strerror}"
        return
    for row, id_ in enumerate(ids.tolist()):
        if id_ == "":
            continue  # a row that no longer counts, in a shard of ours
        try:
            yield _checked(id_, np.array(features[row]), f"row {row} of {path}")
        except _RefusedError as refused:
            yield str(refused)


def _arrays(path: Path, dimension: int) -> tuple[Features, NDArray[np.str_]]:
    """A shard's (N, D) float32, memory-mapped, and its N ids."""
    beside = path.with_name(path.name.replace(".features.", ".object_ids."))
    if not beside.exists():
        raise _RefusedError(f"{path} is left out: {beside.name} is missing")
    with path.open("rb") as file:
        shape = _shape_of_floats(path, file)
        held = (os.fstat(file.fileno()).st_size - file.tell()) / (4 * dimension)
        offset = file.tell()
    if len(shape) != 2 or shape[1] != dimension:
        raise _RefusedError(f"{path} is left out: its shape is {shape}, not (N, {dimension})")
    if held != shape[0]:
        raise _RefusedError(f"{path} is left out: it holds {held:g} rows, not {shape[0]}")
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
    return np.frombuffer(data, dtype)


def _shape_of_floats(path: Path, file: BinaryIO) -> tuple[int, ...]:
    """The shape of a file of float32."""
    dtype, shape = _header(path, file)
    if dtype != np.float32:
        raise _RefusedError(f"{path} is left out: it holds {dtype}, not float32")
    return shape


def _header(path: Path, file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """dtype and shape of an .npy file that holds plain values: nothing in it is executed."""
    try:
        dtype, shape, _ = header_of(file)
    except (ValueError, EOFError) as error:
        raise _RefusedError(f"{path} is left out: it is no .npy file ({error})") from error
    if dtype.hasobject:
        raise _RefusedError(
            f"{path} is left out: it holds pickled objects, which could run programs"
        )
    return dtype, shape


def _checked(
    id_: str, vector: NDArray[np.float32], where: str, file: Path | None = None
) -> FoundVector:
    if not np.isfinite(vector).all():
        raise _RefusedError(f"{where} is left out: not all of its numbers are finite")
    if not _is_name(id_):
        raise _RefusedError(f"{where} is left out: {id_!r} cannot be an image's name")
    return FoundVector(id_, vector, where, file)


def _is_name(id_: str) -> bool:
    """Whether a file below the root can be called so."""
    try:
        as_text(id_)
    except UnicodeEncodeError:
        return False
    return "\0" not in id_ and not {"", ".", ".."} & set(id_.split("/"))
