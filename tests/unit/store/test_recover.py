"""Shards that come back, damaged shards, and what a crash left: no vector is lost that exists."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty, damage_row, make_files

from sokkuri.core import atomic
from sokkuri.indexing.compact import compact
from sokkuri.indexing.import_features import import_features
from sokkuri.indexing.verify import verify
from sokkuri.store.images import find_image
from sokkuri.store.leases import end_run
from sokkuri.store.recover import recover

IDS = [f"{number:02d}" for number in range(20)]
IMPORTED = [f"imported {number}" for number in range(10)]


def vectors(count: int = 30) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(3).random((count, DIMENSION), np.float32)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Twenty photos, and ten vectors that were imported and have no photo, all in shard 0."""
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_vectors(vectors()[:20], IDS)
    make_files(bench.collection.root, IDS)
    folder = tmp_path / "vectors"
    folder.mkdir()
    np.save(folder / "0000.features.npy", vectors()[20:])
    np.save(folder / "0000.object_ids.npy", np.array(IMPORTED))
    list(import_features(bench.collection, folder))
    yield bench
    bench.digests.close()
    bench.collection.close()


def stored(bench: Bench) -> dict[str, list[float]]:
    """Return the vectors of all images that have one, checked, by id."""
    images = {id_: find_image(bench.catalog, id_) for id_ in [*IDS, *IMPORTED]}
    places = {id_: image.row for id_, image in images.items() if image and image.row}
    found = bench.collection.read_vectors([(at.shard, at.row) for at in places.values()])
    return dict(zip(places, found.tolist(), strict=True))


def kinds(bench: Bench) -> set[str]:
    """Return the kinds of faults, without those of image files: the imported have none."""
    faults = {fault.kind for fault in verify(bench.collection)}
    return faults - {"missing", "changed"}


def shard_path(bench: Bench) -> Path:
    return bench.collection.shards.features_path(0)


def test_a_shard_that_comes_back_is_taken_back(bench: Bench, tmp_path: Path) -> None:
    """Guarantee: a repair forgets no vector: a shard that comes back is taken back."""
    before = stored(bench)
    shutil.move(shard_path(bench), tmp_path / "away.npy")
    bench.collection.repair()
    assert stored(bench) == {}
    assert kinds(bench) == {"lost"}, "nothing else can give the imported vectors"
    shutil.move(tmp_path / "away.npy", shard_path(bench))
    end_run(bench.catalog, bench.run)
    assert "stray" in kinds(bench)
    (line,) = recover(bench.collection)
    assert "is back: 30 vectors" in line
    assert stored(bench) == before
    assert kinds(bench) == set()
    assert bench.collection.shards.list_shards() == [1], "its vectors are in a new shard"


def test_what_a_run_does_meanwhile_counts(bench: Bench, tmp_path: Path) -> None:
    """Images that have a vector again keep it; removed and missing images keep their marks."""
    before = stored(bench)
    shutil.move(shard_path(bench), tmp_path / "away.npy")
    bench.collection.repair()
    bench.catalog.execute("UPDATE images SET digest = NULL WHERE id = '00'")  # read as new
    again = vectors(40)[39]
    bench.add_vectors(again[None], ["00"])
    bench.collection.remove(["imported 1"])
    bench.catalog.execute("UPDATE images SET missing = 1 WHERE id LIKE 'imported %'")
    compact(bench.collection, purge=True)
    shutil.move(tmp_path / "away.npy", shard_path(bench))
    recover(bench.collection)
    assert stored(bench) == {**before, "00": again.tolist()}
    image = find_image(bench.catalog, "imported 1")
    assert image is not None
    assert image.removed
    assert kinds(bench) == set()


def test_damaged_files_are_kept_until_every_vector_is_found(bench: Bench, tmp_path: Path) -> None:
    """Guarantee: a repair keeps a damaged file, and the vectors come back with their shard."""
    before = stored(bench)
    sound = shutil.copy(shard_path(bench), tmp_path / "backup.npy")
    damage_row(bench.collection, "imported 3")
    damage_row(bench.collection, "05", np.nan)
    damaged = shard_path(bench).read_bytes()
    bench.collection.repair()
    aside = shard_path(bench).parent / "damaged" / shard_path(bench).name
    assert aside.read_bytes() == damaged
    lost = {"imported 3", "05"}
    assert stored(bench) == {id_: vector for id_, vector in before.items() if id_ not in lost}
    shutil.copy(sound, shard_path(bench))
    (line,) = recover(bench.collection)
    assert "is back: 2 vectors" in line
    assert stored(bench) == before
    assert not aside.parent.exists()


def test_a_shard_that_comes_back_in_part_gives_what_it_has(bench: Bench, tmp_path: Path) -> None:
    before = stored(bench)
    sound = Path(shutil.move(shard_path(bench), tmp_path / "away.npy"))
    bench.collection.repair()
    shutil.copy(sound, shard_path(bench))
    os.truncate(shard_path(bench), sound.stat().st_size - 4 * DIMENSION * 4 - 1)
    recover(bench.collection)
    assert len(stored(bench)) == 25
    assert stored(bench).items() <= before.items()
    assert kinds(bench) == {"lost"}
    shutil.copy(sound, shard_path(bench))
    recover(bench.collection)
    assert stored(bench) == before


def test_a_file_that_a_process_has_open_stays_until_the_next_run(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where open files are neither renamed nor deleted."""
    before = stored(bench)
    sound = shutil.copy(shard_path(bench), tmp_path / "backup.npy")
    damage_row(bench.collection, "imported 3")
    unlink = Path.unlink

    def refuse(path: Path, *_: object, **__: object) -> None:
        if path.suffix == ".npy":
            raise PermissionError(13, "The process cannot access the file", str(path))
        unlink(path, missing_ok=True)  # of a mark

    monkeypatch.setattr(atomic, "HOLDS_OPEN_FILES", True)
    with monkeypatch.context() as held_open:
        held_open.setattr(Path, "rename", refuse)
        bench.collection.repair()
        assert shard_path(bench).exists()
    recover(bench.collection)
    aside = shard_path(bench).parent / "damaged" / shard_path(bench).name
    assert aside.exists()
    shutil.copy(sound, shard_path(bench))
    with monkeypatch.context() as held_open:
        held_open.setattr(Path, "unlink", refuse)
        (line,) = recover(bench.collection)
    assert "is back: 1 vectors" in line
    assert stored(bench) == before
    assert aside.exists()
    assert shard_path(bench).exists()
    assert recover(bench.collection) == []
    assert not aside.parent.exists()
    assert not shard_path(bench).exists()
    assert stored(bench) == before


def test_a_second_damaged_file_replaces_no_earlier_one(bench: Bench, tmp_path: Path) -> None:
    """Guarantee: damaged files of one shard are all kept while a vector of it is lost."""
    backup = Path(shutil.copy(shard_path(bench), tmp_path / "backup.npy"))
    damage_row(bench.collection, "imported 3")
    first = shard_path(bench).read_bytes()
    ids = bench.collection.shards.ids_path(0).read_bytes()
    bench.collection.repair()
    aside = shard_path(bench).parent / "damaged"
    for length in (100, 200):
        shard_path(bench).write_bytes(backup.read_bytes()[:length])
        recover(bench.collection)
    kept = {path.name: path.read_bytes() for path in aside.iterdir()}
    assert sorted(len(held) for held in kept.values())[:2] == [100, 200]
    assert kept["0000.features.npy"] == first
    assert kept["0000.object_ids.npy"] == ids
    assert len(kept) == 4
    shutil.copy(backup, shard_path(bench))
    recover(bench.collection)
    assert not aside.exists(), "every vector is found"


def test_lost_vectors_can_be_imported_again_or_given_up(bench: Bench, tmp_path: Path) -> None:
    shard_path(bench).unlink()
    bench.collection.repair()
    assert kinds(bench) == {"lost"}
    bench.collection.remove(IMPORTED[5:])
    list(import_features(bench.collection, tmp_path / "vectors"))
    assert kinds(bench) == set()


def test_a_file_that_changed_meanwhile_keeps_its_new_state(bench: Bench, tmp_path: Path) -> None:
    shutil.move(shard_path(bench), tmp_path / "away.npy")
    bench.collection.repair()
    bench.list_files(*IDS, mtime_ns=2)
    shutil.move(tmp_path / "away.npy", shard_path(bench))
    recover(bench.collection)
    assert len(stored(bench)) == 30
    assert sorted(bench.claim_jobs()) == IDS, "each file is still to be read"


def test_shards_that_a_crash_left_are_deleted(bench: Bench) -> None:
    rows = vectors()[:3]
    bench.collection.shards.write(1, 0, rows, list("abc"))
    bench.collection.shards.write(0, 30, rows, list("abc"))
    before = stored(bench)
    assert recover(bench.collection) == []
    assert bench.collection.shards.list_shards() == [0]
    assert len(np.load(shard_path(bench))) == 30
    assert stored(bench) == before


def left_files(bench: Bench) -> list[str]:
    """Return the names of the files in the folder of shards."""
    return sorted(path.name for path in bench.collection.shards.folder.iterdir())


def save_shard(bench: Bench, shard: int) -> list[Path]:
    """Put a shard of a person into the store, with three vectors. Return its files."""
    shards = bench.collection.shards
    np.save(shards.features_path(shard), vectors()[:3])
    np.save(shards.ids_path(shard), np.array(["mine 1", "mine 2", "mine 3"]))
    return [shards.features_path(shard), shards.ids_path(shard)]


def test_a_shard_with_the_next_number_is_kept(bench: Bench) -> None:
    """Guarantee: only what a crash left is deleted; a person's shard moves aside, with a line."""
    before = [path.read_bytes() for path in save_shard(bench, 1)]
    (line,) = recover(bench.collection)
    aside = bench.collection.shards.folder / "unknown" / "1"
    assert f"it is in {aside} now" in line
    assert [path.read_bytes() for path in sorted(aside.iterdir())] == before
    *_, done = import_features(bench.collection, aside)
    assert done.imported == 3, "as the line says"
    assert recover(bench.collection) == []


def test_a_shard_with_an_old_number_is_left_where_it_is(bench: Bench) -> None:
    bench.catalog.execute("UPDATE images SET removed = 1 WHERE id = '00'")
    compact(bench.collection)
    assert left_files(bench) == ["0001.features.npy", "0001.object_ids.npy"]
    features, _ = save_shard(bench, 0)
    before = features.read_bytes()
    assert recover(bench.collection) == []
    end_run(bench.catalog, bench.run)
    assert "stray" in kinds(bench)
    assert features.read_bytes() == before


def test_a_shard_that_arrives_during_a_run_is_not_overwritten(bench: Bench) -> None:
    before = save_shard(bench, 1)[0].read_bytes()
    bench.collection.shards.write(1, 0, vectors()[:1], ["new"])
    aside = bench.collection.shards.folder / "unknown" / "1" / "0001.features.npy"
    assert aside.read_bytes() == before


def test_a_shard_in_the_place_of_an_unfinished_one_is_kept(bench: Bench, tmp_path: Path) -> None:
    """A mark counts for the file that it was made for."""
    shards = bench.collection.shards
    shards.write(1, 0, vectors()[:1], ["left by a crash"])
    kept = shutil.copy(shard_path(bench), tmp_path / "kept.npy")
    before = Path(kept).read_bytes()
    Path(kept).rename(shards.features_path(1))
    (line,) = recover(bench.collection)
    assert "unknown" in line
    assert (shards.folder / "unknown" / "1" / "0001.features.npy").read_bytes() == before


def test_shards_that_a_crash_left_undeleted_are_deleted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the commit of `compact` and the deletion of the old shard."""
    bench.catalog.execute("UPDATE images SET removed = 1 WHERE id = '00'")
    monkeypatch.setattr(type(bench.collection.shards), "delete", lambda *_: None)
    compact(bench.collection)
    assert "0000.features.npy" in left_files(bench)
    end_run(bench.catalog, bench.run)
    assert "stray" not in kinds(bench), "neither during `compact` nor after a crash"
    monkeypatch.undo()
    assert recover(bench.collection) == []
    assert left_files(bench) == ["0001.features.npy", "0001.object_ids.npy"]


def test_a_new_shard_is_not_stray_before_its_commit(bench: Bench) -> None:
    """`verify` looks at the files while another process runs `compact`."""
    end_run(bench.catalog, bench.run)
    bench.collection.shards.write(1, 0, vectors()[:3], list("abc"))
    assert "stray" not in kinds(bench)
