"""Files of vectors with odd ids are refused row by row, and stop no import."""

from pathlib import Path

import numpy as np

from sokkuri.indexing.feature_files import FoundVector, read_vectors

D = 4


def write_pair(folder: Path, number: int, ids: "np.ndarray[tuple[int], np.dtype[np.str_]]") -> None:
    np.save(folder / f"{number:04d}.features.npy", np.ones((len(ids), D), np.float32))
    np.save(folder / f"{number:04d}.object_ids.npy", ids)


def test_ids_without_letters_are_unused_rows(tmp_path: Path) -> None:
    """NumPy writes a column of empty texts as `<U0` if it is told to."""
    write_pair(tmp_path, 0, np.array(["", ""]).astype("<U0"))
    header = (tmp_path / "0000.object_ids.npy").read_bytes()
    (tmp_path / "0000.object_ids.npy").write_bytes(header[:128].replace(b"<U1", b"<U0"))
    write_pair(tmp_path, 1, np.array(["a", "b"]))
    found = [*read_vectors(tmp_path, D)]
    assert [one.id if isinstance(one, FoundVector) else one for one in found] == ["a", "b"]


def test_ids_with_impossible_code_points_are_left_out_by_row(tmp_path: Path) -> None:
    write_pair(tmp_path, 0, np.array(["a", "b", "c"]))
    file = tmp_path / "0000.object_ids.npy"
    data = bytearray(file.read_bytes())
    data[-8:-4] = (0x110000).to_bytes(4, "little")
    file.write_bytes(data)
    found = [*read_vectors(tmp_path, D)]
    assert [one.id for one in found if isinstance(one, FoundVector)] == ["a", "c"]
    (line,) = [one for one in found if isinstance(one, str)]
    assert line.startswith("row 1 of ")
    assert line.endswith("is left out: its id is no text")
