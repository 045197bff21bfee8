"""Read a PyTorch checkpoint of the old format (no ZIP file) without PyTorch, and safely.

Takes the file. Returns its tensors as NumPy arrays. PyTorch wrote this format up to version 1.5. It
has five pickles: a magic number, the protocol version, the type sizes of the writer, the dictionary
of tensors (their storages are persistent ids), and the list of storage keys. Then each storage
follows in that order: its element count as int64, and its numbers, little-endian.

A pickle is a program. This unpickler accepts only the few names that a dictionary of tensors needs,
and replaces each by a harmless class of this module. It refuses any other name before it looks the
name up.
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
"""What the unpickler and this module raise for bytes that are not a pickle or not a checkpoint."""


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
            tensors, storages = _read_tensors(file)
            return {
                name: _copy_tensor(name, tensor, storages[tensor.storage.key])
                for name, tensor in tensors.items()
            }
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except _MALFORMED as error:
        raise ModelError(f"{path} is not a valid checkpoint: {error}") from error


def _read_tensors(file: BinaryIO) -> tuple[dict[str, _Tensor], dict[str, NDArray[Any]]]:
    """Return the tensors by name, and the storages by key. Raises errors of `_MALFORMED`."""
    if _load(file) != _MAGIC or _load(file) != _PROTOCOL:
        raise ValueError("it does not begin like a checkpoint")
    info = _load(file)
    if not isinstance(info, dict) or info.get("little_endian") is not True:
        raise ValueError("it was not written on a little-endian machine")
    tensors, keys = _load(file), _load(file)
    if not isinstance(tensors, dict) or not all(
        isinstance(tensor, _Tensor) for tensor in tensors.values()
    ):
        raise ValueError("it contains values that are not tensors")
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if not isinstance(keys, list) or set(keys) != set(storages):
        raise ValueError("its storages do not match its tensors")
    return tensors, {key: _read_storage(file, storages[key]) for key in keys}


def _read_storage(file: BinaryIO, storage: _Storage) -> NDArray[Any]:
    (count,) = struct.unpack("<q", file.read(8))
    if count != storage.count:
        raise ValueError(f"storage {storage.key} has {count} numbers, not {storage.count}")
    data = file.read(count * np.dtype(storage.dtype).itemsize)
    return np.frombuffer(data, storage.dtype, count)


def _copy_tensor(name: str, tensor: _Tensor, data: NDArray[Any]) -> NDArray[Any]:
    """Return a copy of the tensor. data : its storage. Raises ValueError if it is not inside."""
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
    """Accepts only the names in `find_class`, so that a pickle cannot run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _StorageKind(_STORAGES[name])
        raise pickle.UnpicklingError(f"it needs {module}.{name}, which is not allowed")

    def persistent_load(self, pid: Any) -> _Storage:
        if not (isinstance(pid, tuple) and len(pid) == 6 and pid[0] == "storage"):
            raise pickle.UnpicklingError("it refers to an object that is not a storage")
        _, kind, key, _, count, view = pid
        fits = isinstance(kind, _StorageKind) and isinstance(key, str) and type(count) is int
        if not fits or view is not None or count < 0:
            raise pickle.UnpicklingError("its description of a storage is invalid")
        return _Storage(key, kind.dtype, count)


def _rebuild(
    storage: object, offset: object, shape: object, strides: object, *_: object
) -> _Tensor:
    """Stands for PyTorch's function of this name. Only records its arguments."""
    has_tuples = isinstance(shape, tuple) and isinstance(strides, tuple)
    if not (isinstance(storage, _Storage) and type(offset) is int and has_tuples):
        raise pickle.UnpicklingError("its description of a tensor is invalid")
    assert isinstance(shape, tuple)
    assert isinstance(strides, tuple)
    if not all(type(number) is int for number in (*shape, *strides)):
        raise pickle.UnpicklingError("its description of a tensor's shape is invalid")
    return _Tensor(storage, offset, shape, strides)
