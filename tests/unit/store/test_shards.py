"""Shards stay plain `.npy` files, grow in place, and keep their earlier rows."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from permissions import check_without_privileges

from sokkuri.core.errors import DamagedError, StorageError
from sokkuri.store.shards import ShardFolder, checksum_rows

DIMENSION = 4


def rows(count: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).random((count, DIMENSION), np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> ShardFolder:
    return ShardFolder(tmp_path / "features" / "model", DIMENSION)


@given(parts=st.lists(st.lists(st.text(max_size=70), min_size=1, max_size=5), max_size=5))
def test_growing_in_parts_gives_what_numpy_would_save_at_once(
    parts: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Guarantee: shards stay plain `.npy` files that any tool can read."""
    parts = [[one.replace("\0", "") for one in part] for part in parts]
    folder = ShardFolder(tmp_path_factory.mktemp("shards"), DIMENSION)
    features, ids = rows(sum(map(len, parts))), [one for part in parts for one in part]
    at = 0
    for part in parts:
        folder.write(0, at, features[at : at + len(part)], part)
        at += len(part)
    if ids:
        np.testing.assert_array_equal(np.load(folder.features_path(0), mmap_mode="r"), features)
        assert np.load(folder.ids_path(0)).tolist() == ids


def test_file_names_that_are_not_utf8_come_back(folder: ShardFolder) -> None:
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    folder.write(0, 0, rows(1), [name])
    assert folder.read_ids(0).tolist() == [name]


def test_a_longer_id_widens_the_column_and_keeps_the_others(folder: ShardFolder) -> None:
    folder.write(0, 0, rows(2), ["a", "b"])
    folder.write(0, 2, rows(1), ["c" * 300])
    assert folder.read_ids(0).tolist() == ["a", "b", "c" * 300]


def test_rows_never_committed_are_overwritten(folder: ShardFolder) -> None:
    """Guarantee: a crash loses at most the batch in flight, and the next run repeats only this
    batch."""
    features = rows(5)
    folder.write(0, 0, features[:2], ["a", "b"])
    folder.write(0, 2, rows(3, seed=1), ["lost 1", "lost 2", "lost 3"])
    folder.write(0, 2, features[2:3], ["c"])
    np.testing.assert_array_equal(folder.map_rows(0, 3), features[:3])
    assert folder.read_ids(0).tolist() == ["a", "b", "c"]


def test_truncate_cuts_both_files_and_leaves_shorter_ones(folder: ShardFolder) -> None:
    features = rows(5)
    folder.write(0, 0, features, list("abcde"))
    folder.truncate(0, 3)
    np.testing.assert_array_equal(np.load(folder.features_path(0)), features[:3])
    assert np.load(folder.ids_path(0)).tolist() == ["a", "b", "c"]
    folder.truncate(0, 4)
    assert len(np.load(folder.features_path(0))) == 3


@pytest.mark.parametrize("which", ["features", "object_ids"])
@pytest.mark.parametrize("new_id", ["d", "d" * 100])
def test_a_file_that_lost_its_end_is_never_extended(
    folder: ShardFolder, which: str, new_id: str
) -> None:
    """Guarantee: a shard that lost its end is never written on. A write beyond the end would fill
    the gap with zeros, which count as vectors."""
    folder.write(0, 0, rows(5), list("abcde"))
    path = folder.folder / f"0000.{which}.npy"
    os.truncate(path, path.stat().st_size * 7 // 10)
    damaged = path.read_bytes()
    with pytest.raises(DamagedError, match=rf"{which}\.npy .*verify"):
        folder.write(0, 5, rows(1), [new_id])
    assert path.read_bytes() == damaged
    folder.truncate(0, 5)
    assert path.read_bytes() == damaged, "what a repair can still read stays"


def test_a_shard_with_uncommitted_rows_in_its_header_is_never_extended(folder: ShardFolder) -> None:
    folder.write(0, 0, rows(5), list("abcde"))
    path = folder.features_path(0)
    os.truncate(path, path.stat().st_size - 3 * DIMENSION * 4)
    damaged = path.read_bytes()
    folder.truncate(0, 4)  # the header says 5 rows, the file holds 2, and 4 count
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("damage", ["type", "shape", "header"])
def test_rows_are_never_written_behind_rows_of_another_kind(
    folder: ShardFolder, damage: str
) -> None:
    folder.write(0, 0, rows(5), list("abcde"))
    path = folder.features_path(0)
    if damage == "header":
        path.write_bytes(b"no header" * 200)
    else:
        np.save(path, np.zeros((9, 8), np.float16) if damage == "type" else np.zeros((9, 3), "f4"))
    damaged = path.read_bytes()
    with pytest.raises(DamagedError, match="run `sokkuri verify"):
        folder.write(0, 5, rows(1), ["f"])
    assert path.read_bytes() == damaged


def test_a_shard_that_is_missing_short_or_of_another_shape_is_named(folder: ShardFolder) -> None:
    with pytest.raises(DamagedError, match=r"0000\.features\.npy is missing"):
        folder.map_rows(0, 1)
    folder.write(0, 0, rows(2), ["a", "b"])
    with pytest.raises(DamagedError, match="holds 2 rows"):
        folder.map_rows(0, 3)
    with pytest.raises(DamagedError, match="not 2 of float32"):
        ShardFolder(folder.folder, DIMENSION + 1).map_rows(0, 2)
    folder.features_path(0).write_bytes(b"not an array")
    with pytest.raises(DamagedError, match=r"no \.npy file"):
        folder.map_rows(0, 2)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_files_without_permission_are_not_called_damaged(folder: ShardFolder) -> None:
    """The advice for damage would give up vectors that are there."""
    folder.write(0, 0, rows(3), list("abc"))
    for path in (folder.features_path(0), folder.ids_path(0)):
        path.chmod(0)

    def check() -> bool:
        for read in (lambda: folder.map_rows(0, 3), lambda: folder.read_ids(0)):
            try:
                read()
            except StorageError as error:
                if isinstance(error, DamagedError) or "permission denied" not in str(error):
                    return False
            else:
                return False
        return True

    for place in (folder.folder, *folder.folder.parents):
        if place.owner() == folder.folder.owner() and place != Path(place.root):
            place.chmod(place.stat().st_mode | 0o055)
    assert check_without_privileges(check)


def test_pickled_ids_are_refused(folder: ShardFolder) -> None:
    folder.write(0, 0, rows(1), ["a"])
    np.save(folder.ids_path(0), np.array(["a"], object), allow_pickle=True)
    with pytest.raises(DamagedError, match="cannot be read"):
        folder.read_ids(0)


def test_salvage_finds_whole_rows_behind_a_broken_header(folder: ShardFolder) -> None:
    features = rows(3)
    folder.write(0, 0, features, list("abc"))
    data = bytearray(folder.features_path(0).read_bytes())
    data[:10] = b"x" * 10
    folder.features_path(0).write_bytes(data[:-3])
    np.testing.assert_array_equal(folder.salvage(0), features[:2])


def test_a_refused_write_is_one_line_and_leaves_the_rows_before(folder: ShardFolder) -> None:
    """An error of the disk is reported in one line; the rows that count do not change."""
    features = rows(2)
    folder.write(0, 0, features, ["a", "b"])
    folder.ids_path(0).unlink()
    folder.ids_path(0).mkdir()
    with pytest.raises(StorageError, match="could not be written"):
        folder.write(0, 2, rows(1), ["c"])
    np.testing.assert_array_equal(np.load(folder.features_path(0)), features)


def test_checksums_tell_rows_apart_by_their_bits() -> None:
    features = rows(3)
    features[1] = features[0]
    sums = checksum_rows(features)
    assert sums[0] == sums[1] != sums[2]
    assert all(-(2**63) <= one < 2**63 for one in sums)
