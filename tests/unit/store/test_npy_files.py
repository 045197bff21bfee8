"""Headers of `.npy` files of any origin are read, or refused without harm."""

import gc
import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sokkuri.store.npy_files import parse_header


def npy_bytes(header: str, version: bytes = b"\x01\x00", length: int | None = None) -> bytes:
    """Return an .npy file with this header. length : what the file says of it."""
    size = 2 if version == b"\x01\x00" else 4
    told = len(header) if length is None else length
    return b"\x93NUMPY" + version + told.to_bytes(size, "little") + header.encode() + bytes(64)


@pytest.mark.parametrize(
    "data",
    [
        npy_bytes("{}", b"\x02\x00", 2**32 - 1),
        npy_bytes("{}", b"\x03\x00", 2**31),
        npy_bytes("(" * 3000 + ")" * 3000),
        npy_bytes("{'descr': " + "[" * 2000 + "]" * 2000 + ", 'shape': (1,)}"),
        npy_bytes("{'descr': None, 'fortran_order': False, 'shape': (2**8,)}"),
        npy_bytes("{'descr': ('<f4', {}), 'fortran_order': False, 'shape': (2,)}"),
        npy_bytes("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2)}"),
        npy_bytes("{'descr': 5, 'fortran_order': False, 'shape': (2,)}"),
        npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", b"\x09\x09"),
        b"\x93NUMPY",
        b"\x93NUMPY\x02\x00\x01",
    ],
)  # fmt: skip
def test_a_hostile_header_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_header(io.BytesIO(data))


class Garbage:
    """An object in a circle, whose collection runs Python code."""

    def __init__(self) -> None:
        self.own = self

    def __del__(self) -> None:
        for _ in range(200):
            pass


@pytest.fixture
def busy_garbage_collection() -> Iterator[None]:
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("busy_garbage_collection")
def test_threads_read_headers_while_one_of_them_collects_garbage() -> None:
    """Python 3.11 fails if two threads read a literal at such a moment."""
    data = npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}")

    def read_headers() -> set[tuple[int, ...]]:
        shapes = set()
        for _ in range(300):
            Garbage()
            shapes.add(parse_header(io.BytesIO(data))[1])
        return shapes

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(read_headers) for _ in range(4)]:
            assert future.result() == {(2, 2)}
