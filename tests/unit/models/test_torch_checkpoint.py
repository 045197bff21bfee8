"""A checkpoint is read without executing anything from it, whatever it holds."""

import io
import os
import pickle
import random
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import ModelError
from sokkuri.models.torch_checkpoint import read_checkpoint

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
INFO = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {}}


class Storage:
    """Pickled as PyTorch pickles a storage: by a persistent id."""

    def __init__(self, key: str, values: list[float], count: Any = None) -> None:
        self.key = key
        self.data = np.array(values, "<f4")
        self.count = len(values) if count is None else count


class Named:
    """Pickled as a global of that name, like a function or a class."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Tensor:
    """Pickled as PyTorch does: a call of _rebuild_tensor_v2."""

    def __init__(self, storage: Any, offset: Any, shape: Any, strides: Any) -> None:
        self.arguments: tuple[Any, ...] = (storage, offset, shape, strides, False, OrderedDict())


class Call:
    """Pickled as any other call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments


_Pickler: Any = pickle._Pickler  # the one written in Python: its `save` can be extended


class Writer(_Pickler):  # type: ignore[misc]
    """Writes what PyTorch would, and what an attacker would, without PyTorch."""

    def persistent_id(self, one: Any) -> Any:
        if isinstance(one, Storage):
            kind = Named("torch", "FloatStorage")
            return ("storage", kind, one.key, "cpu", one.count, None)
        return None

    def save(self, one: Any, save_persistent_id: bool = True) -> None:
        if isinstance(one, Named):
            self.write(b"c" + f"{one.module}\n{one.name}\n".encode())
        elif isinstance(one, Tensor):
            self.save_call(Named("torch._utils", "_rebuild_tensor_v2"), one.arguments)
        elif isinstance(one, Call):
            self.save_call(one.function, one.arguments)
        else:
            super().save(one, save_persistent_id)

    def save_call(self, function: Any, arguments: tuple[Any, ...]) -> None:
        self.save(function)
        self.save(arguments)
        self.write(b"R")


def pickled(value: Any) -> bytes:
    out = io.BytesIO()
    Writer(out, 2).dump(value)
    return out.getvalue()


def checkpoint(tensors: Any, *storages: Storage, keys: Any = None) -> bytes:
    """The five pickles and the storages' data."""
    names = [storage.key for storage in storages] if keys is None else keys
    head = b"".join(map(pickled, (MAGIC, PROTOCOL, INFO, tensors, names)))
    body = b"".join(struct.pack("<q", len(s.data)) + s.data.tobytes() for s in storages)
    return head + body


def read(tmp_path: Path, data: bytes) -> dict[str, Any]:
    path = tmp_path / "weights.pth"
    path.write_bytes(data)
    return read_checkpoint(path)


def test_tensors_come_back_with_their_strides(tmp_path: Path) -> None:
    whole, scalar = Storage("1", list(range(12))), Storage("2", [7])
    tensors = OrderedDict(
        plain=Tensor(whole, 0, (3, 4), (4, 1)),
        turned=Tensor(whole, 0, (4, 3), (1, 4)),
        part=Tensor(whole, 5, (2, 2), (4, 1)),
        scalar=Tensor(scalar, 0, (), ()),
    )
    found = read(tmp_path, checkpoint(tensors, whole, scalar))
    expected = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(found["plain"], expected)
    np.testing.assert_array_equal(found["turned"], expected.T)
    np.testing.assert_array_equal(found["part"], [[5, 6], [9, 10]])
    assert found["scalar"].shape == ()
    assert found["scalar"] == 7
    assert all(array.flags.c_contiguous for array in found.values())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("builtins", "getattr"),
        ("subprocess", "Popen"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_parameter"),
        ("collections", "Counter"),
        ("sokkuri.models.torch_checkpoint", "_rebuild"),
        ("numpy", "frombuffer"),
    ],
)
@pytest.mark.parametrize("place", ["tensors", "magic", "value"])
def test_a_malicious_pickle_is_refused_before_anything_runs(
    module: str, name: str, place: str, tmp_path: Path
) -> None:
    """Reads it without executing anything from it: the file that the payload would make is not
    there."""
    witness = tmp_path / "executed"
    payload = Call(Named(module, name), f"touch {witness}")
    if place == "magic":
        data = pickled(payload)
    else:
        data = checkpoint(payload if place == "tensors" else {"weight": payload})
    with pytest.raises(ModelError, match="not a valid checkpoint"):
        read(tmp_path, data)
    assert not witness.exists()


def test_the_payload_would_have_run_in_an_ordinary_unpickler(tmp_path: Path) -> None:
    """The test above can fail: the same payload does its work where it is let."""
    witness = tmp_path / "executed"
    pickle.loads(pickled(Call(Named(os.system.__module__, "system"), f"touch {witness}")))
    assert witness.exists()


STORAGE = Storage("1", [1, 2, 3, 4])


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor(STORAGE, 0, (5,), (1,)),
        Tensor(STORAGE, 4, (1,), (1,)),
        Tensor(STORAGE, -1, (1,), (1,)),
        Tensor(STORAGE, 3, (2,), (-1,)),
        Tensor(STORAGE, 0, (2**40,), (1,)),
        Tensor(STORAGE, 0, (2, 2), (1,)),
        Tensor(STORAGE, 0, (0,), (1,)),
        Tensor(STORAGE, 0.5, (1,), (1,)),
        Tensor(STORAGE, 0, (True,), (1,)),
        Tensor(STORAGE, 0, [1], [1]),
        Tensor("no storage", 0, (1,), (1,)),
        Tensor(Storage("1", [1, 2, 3, 4], count=3), 0, (1,), (1,)),
        Tensor(Storage("1", [1, 2, 3, 4], count=2**62), 0, (1,), (1,)),
        Tensor(Storage("1", [1, 2, 3, 4], count=-1), 0, (1,), (1,)),
        Call(Named("torch._utils", "_rebuild_tensor_v2")),
        Call(Named("torch", "FloatStorage"), 4),
        Named("torch", "FloatStorage"),
        "no tensor",
    ],
)
def test_an_impossible_tensor_is_refused(tensor: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a valid checkpoint"):
        read(tmp_path, checkpoint({"weight": tensor}, STORAGE))


@pytest.mark.parametrize("keys", [[], ["0"], ["1", "2"], "1", {"1": 1}])
def test_storages_that_do_not_fit_the_tensors_are_refused(keys: Any, tmp_path: Path) -> None:
    tensors = {"weight": Tensor(STORAGE, 0, (4,), (1,))}
    with pytest.raises(ModelError):
        read(tmp_path, checkpoint(tensors, STORAGE, keys=keys))


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = checkpoint({"weight": Tensor(STORAGE, 0, (4,), (1,))}, STORAGE)
    assert read(tmp_path, whole).keys() == {"weight"}
    for length in random.Random(0).sample(range(len(whole)), 60):
        with pytest.raises(ModelError, match=r"weights\.pth"):
            read(tmp_path, whole[:length])


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ModelError):
        read(tmp_path_factory.mktemp("bytes"), data)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_checkpoint(tmp_path / "nowhere.pth")
