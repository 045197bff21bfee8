"""Read a PyTorch checkpoint of the old, non-zip format without PyTorch and without executing it.

Takes the file; returns its tensors as NumPy arrays. The format, as PyTorch wrote it up to 1.5:
five pickles one after another (a magic number, the protocol version, the writer's type sizes, the
dictionary of tensors whose storages are persistent ids, the list of storage keys), then each
storage in that order: its element count as int64 and its numbers, little-endian.

A pickle is a program. This unpickler admits the few names that a dictionary of tensors needs and
gives each an inert stand-in; any other name is refused before it can be looked up.
"""

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}
_MALFORMED = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, UnicodeDecodeError, OverflowError, MemoryError, struct.error,
)  # fmt: skip
"""The errors of the standard unpickler for bytes that are not a pickle or not a checkpoint."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """An array of numbers that tensors are views of. Its data is at the end of the file."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A strided view of a storage: the arguments of `torch._utils._rebuild_tensor_v2`."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _StorageKind:
    """Stands for a class such as `torch.FloatStorage`, which the file only names."""

    dtype: str


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Return the tensors by name, each C-contiguous. Raises ModelError that names the file."""
    try:
        with path.open("rb") as file:
            tensors = _read_tensors(file)
            return {name: _array(tensors, name) for name in tensors[0]}
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except _MALFORMED as error:
        raise ModelError(f"{path} is not a checkpoint that can be trusted: {error}") from error


def _read_tensors(file: BinaryIO) -> tuple[dict[str, _Tensor], dict[str, NDArray[Any]]]:
    if _load(file) != _MAGIC or _load(file) != _PROTOCOL:
        raise ValueError("it does not begin like one")
    info = _load(file)
    if not isinstance(info, dict) or info.get("little_endian") is not True:
        raise ValueError("it was not written on a little-endian machine")
    tensors, keys = _load(file), _load(file)
    if not isinstance(tensors, dict) or not all(isinstance(x, _Tensor) for x in tensors.values()):
        raise ValueError("it holds something other than tensors")
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if not isinstance(keys, list) or set(keys) != set(storages):
        raise ValueError("its storages are not those that its tensors use")
    return tensors, {key: _read_storage(file, storages[key]) for key in keys}


def _read_storage(file: BinaryIO, storage: _Storage) -> NDArray[Any]:
    (count,) = struct.unpack("<q", file.read(8))
    if count != storage.count:
        raise ValueError(f"storage {storage.key} has {count} numbers, not {storage.count}")
    data = file.read(count * np.dtype(storage.dtype).itemsize)
    return np.frombuffer(data, storage.dtype, count)


def _array(read: tuple[dict[str, _Tensor], dict[str, NDArray[Any]]], name: str) -> NDArray[Any]:
    """Return a copy of the tensor, after checking that its view is inside its storage."""
    tensor, data = read[0][name], read[1][read[0][name].storage.key]
    spans = [(n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True)]
    if tensor.offset < 0 or any(n < 1 for n in tensor.shape) or any(s < 0 for s in spans):
        raise ValueError(f"tensor {name} has an impossible shape")
    if tensor.offset + sum(spans) >= len(data):
        raise ValueError(f"tensor {name} reaches beyond its storage")
    strides = [step * data.itemsize for step in tensor.strides]
    view = np.lib.stride_tricks.as_strided(data[tensor.offset :], tensor.shape, strides)
    return np.ascontiguousarray(view).reshape(tensor.shape)


def _load(file: BinaryIO) -> Any:
    return _TensorUnpickler(file).load()


class _TensorUnpickler(pickle.Unpickler):
    """Accepts the names below and no others, so that a pickle cannot run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _StorageKind(_STORAGES[name])
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no tensor needs")

    def persistent_load(self, pid: Any) -> _Storage:
        if not (isinstance(pid, tuple) and len(pid) == 6 and pid[0] == "storage"):
            raise pickle.UnpicklingError("it refers to something that is no storage")
        _, kind, key, _, count, view = pid
        fits = isinstance(kind, _StorageKind) and isinstance(key, str) and type(count) is int
        if not fits or view is not None or count < 0:
            raise pickle.UnpicklingError("it describes a storage wrongly")
        return _Storage(key, kind.dtype, count)


def _rebuild(
    storage: object, offset: object, shape: object, strides: object, *_: object
) -> _Tensor:
    """Stands for PyTorch's function of this name. Only records its arguments."""
    whole = isinstance(shape, tuple) and isinstance(strides, tuple)
    if not (isinstance(storage, _Storage) and type(offset) is int and whole):
        raise pickle.UnpicklingError("its description of a tensor is invalid")
    assert isinstance(shape, tuple)
    assert isinstance(strides, tuple)
    if not all(type(number) is int for number in (*shape, *strides)):
        raise pickle.UnpicklingError("it describes a tensor's shape wrongly")
    return _Tensor(storage, offset, shape, strides)
