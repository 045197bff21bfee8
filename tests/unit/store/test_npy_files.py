"""Headers of `.npy` files of any origin are read, or refused without harm."""

import io

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
