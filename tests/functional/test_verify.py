"""verify names every fault, and --repair loses no good row."""

import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_cli import as_json, assert_sound, read_positions, read_vectors, sokkuri
from tiny_model import write_tiny_model

COUNT = 40


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "photos"
    folder.mkdir()
    for seed in range(COUNT):
        pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((96, 72)).save(folder / f"{seed:02d}.png")
    model = write_tiny_model(folder.with_name("tiny.onnx"), dimension=1280)
    assert as_json("index", folder, "--model", model)["total"] == COUNT
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "photos", copy_function=shutil.copy2)
    return tmp_path / "photos"


def shard(folder: Path, name: str = "features") -> Path:
    return folder / f".sokkuri/features/tiny/0000.{name}.npy"


def fault_kinds(folder: Path, *options: str) -> set[str]:
    """Return the kinds of the faults that `verify` finds with exit code 1."""
    found = as_json("verify", "-C", folder, *options, code=1)
    assert found["ok"] is False
    assert all(set(fault) == {"kind", "where", "what"} for fault in found["faults"])
    return {fault["kind"] for fault in found["faults"]}


def assert_repairable(folder: Path, original: Path, lost: int) -> None:
    """Check that a repair loses just `lost` rows, and that a run extracts them again."""
    before = read_vectors(original / ".sokkuri")
    found = as_json("verify", "-C", folder, "--repair")
    assert found == {"ok": True, "faults": []}
    kept = read_vectors(folder / ".sokkuri")
    assert len(kept) == COUNT - lost
    assert kept.items() <= before.items()
    report = as_json("index", folder)
    assert report["total"] == COUNT
    assert report["added"] + report["updated"] == lost
    assert read_vectors(folder / ".sokkuri") == before
    assert_sound(folder)


def test_a_sound_collection_has_no_fault(folder: Path) -> None:
    assert_sound(folder)
    assert as_json("verify", "-C", folder, "--deep") == {"ok": True, "faults": []}
    assert sokkuri("verify", "-C", folder).stdout == "no fault found\n"


def test_a_flipped_bit_costs_one_row(folder: Path, original: Path) -> None:
    data = bytearray(shard(folder).read_bytes())
    data[128 + 5120 * 7 + 33] ^= 1
    shard(folder).write_bytes(data)
    assert fault_kinds(folder) == {"row"}
    assert_repairable(folder, original, lost=1)


def test_a_shard_cut_short_keeps_its_whole_rows(folder: Path, original: Path) -> None:
    os.truncate(shard(folder), 128 + 5120 * 30 + 100)
    assert fault_kinds(folder) == {"shard", "row"}
    assert_repairable(folder, original, lost=COUNT - 30)


def test_an_index_run_stops_at_a_shard_that_lost_its_end(folder: Path, original: Path) -> None:
    """Guarantee: a shard that lost its end is not written on. New rows would stand behind a gap of
    zeros, and the lost images would get rows of zeros."""
    os.truncate(shard(folder), 128 + 5120 * 30)
    Image.new("RGB", (80, 60), "teal").save(folder / "new.png")
    refused = sokkuri("index", folder, code=1)
    assert refused.stderr.splitlines()[-1].endswith("run `sokkuri verify --repair`")
    assert "lost its end" in refused.stderr
    (folder / "new.png").unlink()
    assert_repairable(folder, original, lost=COUNT - 30)


def test_a_broken_header_costs_no_row(folder: Path, original: Path) -> None:
    data = bytearray(shard(folder).read_bytes())
    data[:128] = bytes(128)
    shard(folder).write_bytes(data)
    assert fault_kinds(folder) == {"shard"}
    assert_repairable(folder, original, lost=0)


def test_a_missing_shard_is_extracted_again(folder: Path, original: Path) -> None:
    shard(folder).unlink()
    assert fault_kinds(folder) == {"shard", "row"}
    refused = sokkuri("search", "00.png", "-C", folder, code=1)
    assert "verify --repair" in refused.stderr
    assert_repairable(folder, original, lost=COUNT)


@pytest.mark.parametrize("damage", ["missing", "swapped", "short", "pickled"])
def test_a_damaged_id_column_is_rewritten(folder: Path, original: Path, damage: str) -> None:
    path = shard(folder, "object_ids")
    ids = np.load(path)
    if damage == "missing":
        path.unlink()
    elif damage == "swapped":
        np.save(path, ids[::-1])
    elif damage == "short":
        np.save(path, ids[:-1])
    else:
        np.save(path, ids.astype(object), allow_pickle=True)
    assert fault_kinds(folder) == {"ids"}
    assert_repairable(folder, original, lost=0)


def test_uncommitted_rows_are_cut_off(folder: Path, original: Path) -> None:
    features = np.load(shard(folder))
    np.save(shard(folder), np.vstack([features, features[:3]]))
    assert fault_kinds(folder) == {"slack"}
    assert_repairable(folder, original, lost=0)


def test_a_stray_shard_is_named(folder: Path) -> None:
    np.save(shard(folder).with_name("0099.features.npy"), np.zeros((2, 1280), np.float32))
    assert fault_kinds(folder) == {"stray"}
    assert fault_kinds(folder, "--repair") == {"stray"}, "files of others are left where they are"


def test_missing_and_changed_files_are_faults(folder: Path) -> None:
    (folder / "00.png").unlink()
    shutil.copyfile(folder / "02.png", folder / "01.png")
    assert fault_kinds(folder) == {"missing", "changed"}
    report = as_json("index", folder)
    assert (report["removed"], report["updated"] + report["reused"]) == (1, 1)
    assert_sound(folder)


def test_a_repair_marks_files_for_the_next_run(folder: Path) -> None:
    (folder / "00.png").unlink()
    shutil.copyfile(folder / "02.png", folder / "01.png")
    assert fault_kinds(folder, "--repair") == {"changed"}, "only a run can read the new image"
    assert as_json("status", "-C", folder)["total"] == COUNT - 1
    as_json("index", folder)
    assert_sound(folder)


def test_deep_finds_the_row_of_another_image(folder: Path) -> None:
    """Checksums cannot find a wrong row whose checksum the catalog has."""
    sokkuri("index", folder)  # the folder is a copy: its files are read once
    with sqlite3.connect(folder / ".sokkuri/catalog.sqlite") as catalog:
        catalog.execute("UPDATE images SET digest = randomblob(16)")
        rows = catalog.execute("SELECT key, row FROM images ORDER BY key").fetchall()
        sums = dict(catalog.execute("SELECT row, checksum FROM images").fetchall())
        catalog.execute("UPDATE images SET row = row + 1000")
        for key, row in rows:
            other = (row + 1) % COUNT
            catalog.execute(
                "UPDATE images SET row = ?, checksum = ? WHERE key = ?", [other, sums[other], key]
            )
        catalog.execute("UPDATE shards SET stale_ids = 1")
    catalog.close()
    sokkuri("index", folder)
    assert_sound(folder)
    assert fault_kinds(folder, "--deep") == {"features"}


def test_deep_names_images_whose_files_are_gone(folder: Path) -> None:
    """The faults name the images by their ids, not by paths of this machine."""
    for file in folder.glob("*.png"):
        file.unlink()
    faults = as_json("verify", "-C", folder, "--deep", code=1)["faults"]
    deep = [fault for fault in faults if fault["kind"] == "features"]
    assert deep
    assert all((folder / fault["where"]).parent == folder for fault in deep)
    assert {fault["what"] for fault in deep} == {"it cannot be extracted again: the file is gone"}


def test_a_damaged_catalog_gives_one_clear_line(folder: Path) -> None:
    (folder / ".sokkuri/catalog.sqlite").write_bytes(b"not a database at all" * 1000)
    for verb in ("status", "verify", "index"):
        failed = sokkuri(verb, "-C", folder, code=1)
        assert failed.stderr.count("\n") == 1
        assert "catalog.sqlite is damaged" in failed.stderr


def test_removed_images_can_be_restored(folder: Path, original: Path) -> None:
    """`remove` hides images from searches and later runs and leaves the files. `--restore` undoes
    it without extraction, unless `compact` has deleted the row."""
    assert as_json("remove", "-C", folder, "00.png", "01.png") == {"removed": 2}
    assert as_json("remove", "-C", folder, "01.png") == {"removed": 0}
    found = {hit["id"] for hit in as_json("search", "02.png", "-C", folder, "-k", 99)["hits"]}
    assert len(found) == COUNT - 2
    assert not {"00.png", "01.png"} & found
    report = as_json("index", folder, "--retry-failed")
    assert (report["total"], report["added"], report["updated"]) == (COUNT - 2, 0, 0)
    assert as_json("status", "-C", folder)["removed"] == 2
    assert (folder / "00.png").is_file()
    assert as_json("remove", "-C", folder, "--restore", "00.png") == {"restored": 1}
    assert as_json("status", "-C", folder)["total"] == COUNT - 1
    done = as_json("compact", "-C", folder)
    assert (done["rows_before"], done["rows_after"]) == (COUNT, COUNT - 1)
    assert done["bytes_after"] < done["bytes_before"]
    assert as_json("index", folder)["total"] == COUNT - 1
    as_json("remove", "-C", folder, "--restore", "01.png")
    assert as_json("index", folder)["total"] == COUNT
    assert read_vectors(folder / ".sokkuri") == read_vectors(original / ".sokkuri")
    assert_sound(folder)


def test_remove_follows_a_moved_photo(folder: Path) -> None:
    as_json("remove", "-C", folder, "00.png")
    (folder / "00.png").rename(folder / "renamed.png")
    assert as_json("index", folder)["total"] == COUNT - 1
    assert as_json("status", "-C", folder)["removed"] == 1


def test_remove_of_an_unknown_id_changes_nothing(folder: Path) -> None:
    failed = sokkuri("remove", "-C", folder, "00.png", "nobody.png", code=1)
    assert "no image 'nobody.png'" in failed.stderr
    assert as_json("status", "-C", folder)["removed"] == 0


def test_compact_with_nothing_to_do_changes_nothing(folder: Path) -> None:
    positions = read_positions(folder / ".sokkuri")
    done = as_json("compact", "-C", folder)
    assert done["rows_before"] == done["rows_after"] == COUNT
    assert read_positions(folder / ".sokkuri") == positions
    assert_sound(folder)
