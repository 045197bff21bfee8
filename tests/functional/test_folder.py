"""A collection follows its folder: added, changed, moved, deleted, equal and excluded files."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from image_formats import build_png
from PIL import Image
from run_cli import (
    as_json,
    assert_sound,
    changes,
    count_rows_in_shards,
    read_positions,
    read_vectors,
    sokkuri,
)
from tiny_model import write_tiny_model

COUNT = 40
MOVED = 30
EQUAL = 10


def draw(path: Path, seed: int) -> None:
    """Write a small image. Each seed gives another image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((96, 72)).save(path, "JPEG", quality=92)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COUNT images in four folders."""
    root = tmp_path_factory.mktemp("drawn") / "photos"
    for seed in range(COUNT):
        draw(root / f"{seed % 4}" / f"{seed:03d}.jpg", seed)
    return root


@pytest.fixture(scope="module")
def indexed_once(drawn: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(drawn, tmp_path_factory.mktemp("indexed") / "photos")
    assert as_json("index", root, "--model", model)["added"] == COUNT
    return root


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    """A copy of the images, with their dates."""
    return shutil.copytree(drawn, tmp_path / "photos")


@pytest.fixture
def indexed(indexed_once: Path, tmp_path: Path) -> Path:
    """A copy of the images with their collection."""
    return shutil.copytree(indexed_once, tmp_path / "photos")


def test_a_second_run_has_nothing_to_do(indexed: Path) -> None:
    report = as_json("index", indexed)
    assert changes(report) == {}
    assert report["unchanged"] == report["total"] == COUNT
    assert report["images_per_second"] == 0


def test_the_report_has_exactly_the_documented_keys(indexed: Path) -> None:
    assert set(as_json("index", indexed)) == {
        "added", "updated", "moved", "reused", "removed", "unchanged", "failed", "damaged", "total",
        "seconds", "images_per_second", "gone",
    }  # fmt: skip
    assert set(as_json("status", "-C", indexed)) == {
        "root", "roots", "store", "part", "model", "dimension", "total", "removed", "gone", "to_do",
        "failed", "failures", "bytes", "ann", "pushed", "left_aside",
        "damaged", "replacement", "old_bytes", "without_metadata",
    }  # fmt: skip


def test_moved_files_keep_their_rows(indexed: Path) -> None:
    """Guarantee: a moved or renamed file is recognised by its hash and keeps its row."""
    store = indexed / ".sokkuri"
    before, positions = read_vectors(store), read_positions(store)
    for seed in range(MOVED):
        old = indexed / f"{seed % 4}" / f"{seed:03d}.jpg"
        new = indexed / "moved" / f"{seed % 7}" / f"another {seed}.jpg"
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
    report = as_json("index", indexed)
    assert changes(report) == {"moved": MOVED}
    assert report["unchanged"] == COUNT - MOVED
    after = read_vectors(store)
    for seed in range(MOVED):
        old_id, new_id = f"{seed % 4}/{seed:03d}.jpg", f"moved/{seed % 7}/another {seed}.jpg"
        assert after[new_id] == before[old_id]
        assert read_positions(store)[new_id] == positions[old_id]
    assert count_rows_in_shards(store) == COUNT
    assert_sound(store)


def test_changed_files_are_extracted_again(indexed: Path) -> None:
    """Guarantee: a changed file gets a new row, and all other rows stay."""
    store = indexed / ".sokkuri"
    before = read_vectors(store)
    for seed in range(10):
        draw(indexed / f"{seed % 4}" / f"{seed:03d}.jpg", 1000 + seed)
    report = as_json("index", indexed)
    assert changes(report) == {"updated": 10}
    assert report["unchanged"] == COUNT - 10
    after = read_vectors(store)
    assert sum(after[id_] != before[id_] for id_ in before) == 10
    assert_sound(store)


def test_new_time_stamps_and_inodes_alone_extract_nothing(indexed: Path) -> None:
    """As after a change to summer time or a copy to a disk with steps of two seconds (FAT, network
    drives), after a restored backup, and after `chmod`. A removed image stays removed."""
    sokkuri("remove", "0/000.jpg", "-C", indexed)
    sokkuri("compact", "-C", indexed)
    positions = read_positions(indexed / ".sokkuri")
    for number, path in enumerate(sorted(indexed.rglob("*.jpg"))):
        time = path.stat().st_mtime_ns
        times = (1, time + 3600 * 10**9, time - 3600 * 10**9, time // (2 * 10**9) * 2 * 10**9)
        if number % 6 == 4:
            other = path.with_suffix(".new")
            shutil.copy2(path, other)
            other.replace(path)
        elif number % 6 == 5:
            path.chmod(0o600)
        else:
            os.utime(path, ns=(time, times[number % 6]))
    assert as_json("index", indexed, "--dry-run")["changed"] == COUNT - 1
    report = as_json("index", indexed)
    assert (changes(report), report["unchanged"]) == ({}, COUNT - 1)
    assert read_positions(indexed / ".sokkuri") == positions
    estimate = as_json("index", indexed, "--dry-run")
    assert (estimate["changed"], estimate["new"]) == (0, 0)
    (indexed / "0/004.jpg").chmod(0o640)
    estimate = as_json("index", indexed, "--dry-run")
    assert (estimate["changed"], estimate["disk_bytes"]) == (1, 0), "it is only read"
    sokkuri("remove", "--restore", "0/000.jpg", "-C", indexed)
    assert changes(as_json("index", indexed)) == {"added": 1}
    assert_sound(indexed)


def test_a_file_replaced_with_the_same_size_and_time_stamp_is_noticed(indexed: Path) -> None:
    """By its ctime. Also if that happened while the file was away, or if the file has the bytes of
    another image now."""
    present, away, copy = (indexed / name for name in ("0/000.jpg", "1/001.jpg", "2/002.jpg"))

    def write(path: Path, seed: int) -> None:
        draw(path, seed)
        path.write_bytes(path.read_bytes().ljust(9000, b"\0"))  # zeros behind a JPEG do not count
        os.utime(path, ns=(1, 1))

    for seed, path in enumerate((present, away, copy), 500):
        write(path, seed)
    assert changes(as_json("index", indexed)) == {"updated": 3}
    before = read_vectors(indexed / ".sokkuri")
    away.rename(indexed / "away")
    assert changes(as_json("index", indexed)) == {"removed": 1}
    for seed, path in ((600, present), (601, away), (600, copy)):
        write(path, seed)
    report = as_json("index", indexed)
    assert (report["updated"] + report["reused"], report["unchanged"]) == (3, COUNT - 3)
    after = read_vectors(indexed / ".sokkuri")
    assert {id_ for id_ in before if after[id_] != before[id_]} == {
        "0/000.jpg", "1/001.jpg", "2/002.jpg",
    }  # fmt: skip
    assert after["0/000.jpg"] == after["2/002.jpg"]
    assert_sound(indexed)


def test_deleted_files_leave_searches_and_return_without_extraction(indexed: Path) -> None:
    """Guarantee: a vanished file is marked. When it returns, nothing is extracted."""
    store, away = indexed / ".sokkuri", indexed.parent / "away"
    away.mkdir()
    names = [f"{seed:03d}.jpg" for seed in range(0, 40, 4)]
    for name in names:
        (indexed / "0" / name).rename(away / name)
    report = as_json("index", indexed)
    assert changes(report) == {"removed": 10}
    assert report["gone"] == as_json("status", "-C", indexed)["gone"] == 10
    assert report["total"] == COUNT - 10
    assert "0/000.jpg" not in {hit["id"] for hit in search(indexed, "1/001.jpg", k=COUNT)}
    for name in names:
        (away / name).rename(indexed / "0" / name)
    assert changes(as_json("index", indexed)) == {"reused": 10}
    assert count_rows_in_shards(store) == COUNT
    assert_sound(store)


def search(where: Path, query: str, k: int = 10) -> list[dict[str, object]]:
    hits: list[dict[str, object]] = as_json("search", query, "-C", where, "-k", k)["hits"]
    return hits


def test_the_folder_can_be_moved_as_a_whole(indexed: Path) -> None:
    """Guarantee: no row contains an absolute path."""
    home = indexed.rename(indexed.parent / "elsewhere")
    assert changes(as_json("index", home)) == {}
    (first, *_) = search(home, "0/000.jpg")
    assert first["path"] == str(home / "0" / "000.jpg")
    assert_sound(home)


def test_a_separate_store_remembers_its_folder(folder: Path, model: Path, tmp_path: Path) -> None:
    """Guarantee: a separate store remembers the folder of the photos and follows its move. It does
    not accept another folder while its own folder exists."""
    store = tmp_path / "store"
    as_json("index", folder, "--store", store, "--model", model)
    assert not (folder / ".sokkuri").exists()
    assert as_json("status", "-C", store)["root"] == str(folder)
    assert changes(as_json("index", "-C", store)) == {}
    other = tmp_path / "other"
    draw(other / "a.jpg", 5000)
    refused = sokkuri("index", other, "--store", store, code=2)
    assert f"belongs to {folder}" in refused.stderr
    home = folder.rename(tmp_path / "home")
    absent = sokkuri("index", "-C", store, code=1)
    assert "nothing was changed" in absent.stderr
    assert changes(as_json("index", home, "--store", store)) == {}
    assert as_json("status", "-C", store)["root"] == str(home)


def test_equal_files_are_extracted_once(folder: Path, model: Path) -> None:
    """Guarantee: two files with equal bytes are extracted once, and are two images."""
    for seed in range(EQUAL):
        for copy in range(3):
            shutil.copyfile(
                folder / f"{seed % 4}" / f"{seed:03d}.jpg", folder / f"copy {seed} {copy}.jpg"
            )
    report = as_json("index", folder, "--model", model)
    assert changes(report) == {"added": COUNT, "reused": 3 * EQUAL}
    assert report["total"] == COUNT + 3 * EQUAL
    found = read_vectors(folder / ".sokkuri")
    assert all(found[f"copy {s} {c}.jpg"] == found[f"{s % 4}/{s:03d}.jpg"]
               for s in range(EQUAL) for c in range(3))  # fmt: skip
    assert_sound(folder)


def test_among_equal_images_the_query_image_comes_first(folder: Path, model: Path) -> None:
    """A query image of the collection finds itself first, at distance 0 within 1e-5."""
    for copy in "abcdefghijklmnop":
        shutil.copyfile(folder / "1" / "001.jpg", folder / f"{copy}.jpg")
    as_json("index", folder, "--model", model)
    for query in ("h.jpg", "1/001.jpg", str(folder / "p.jpg")):
        hits = search(folder, query, k=3)
        assert hits[0]["path"] == str(folder / query)
        assert all(abs(float(str(hit["distance"]))) < 1e-5 for hit in hits)


def test_another_model_is_refused(indexed: Path, model: Path) -> None:
    """Guarantee: vectors of different models never mix. The refusal says what to do."""
    refused = sokkuri("index", indexed, "--model", "efficientnet-lite0", code=1)
    assert "--store DIR" in refused.stderr
    assert "tiny" in refused.stderr
    assert changes(as_json("index", indexed, "--model", model)) == {}
    assert_sound(indexed)


def test_a_model_file_works_and_may_move(folder: Path, tmp_path: Path) -> None:
    """The assumptions about the model are printed once, and the file may move later."""
    model = write_tiny_model(tmp_path / "tiny.onnx")
    done = sokkuri("index", folder, "--model", model)
    assert "assumed RGB / 255" in done.stderr
    assert np.load(folder / ".sokkuri/features/tiny/0000.features.npy").shape == (COUNT, 8)
    moved = model.rename(tmp_path / "moved.onnx")
    draw(folder / "new.jpg", 7000)
    lost = sokkuri("index", folder, code=2)
    assert "tiny.onnx" in lost.stderr
    assert changes(as_json("index", folder, "--model", moved)) == {"added": 1}
    assert changes(as_json("index", folder)) == {}


def test_exclude_holds_for_later_runs_until_it_is_cleared(indexed: Path) -> None:
    assert changes(as_json("index", indexed, "--exclude", "0/", "--exclude", "*1.jpg")) == {
        "removed": COUNT // 4 + sum(1 for n in range(COUNT) if n % 10 == 1 and n % 4)
    }
    kept = as_json("index", indexed)
    assert changes(kept) == {}
    assert as_json("index", indexed, "--exclude", "")["total"] == COUNT


def test_a_dry_run_reports_the_work_and_changes_nothing(folder: Path, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "wide.onnx", dimension=1280)
    huge = folder / "huge.png"
    huge.write_bytes(build_png(7000, 7000, 8, 2, b""))
    assert as_json("index", folder, "--model", model, "--dry-run")["memory_bytes"] > 4 * 7000 * 7000
    huge.unlink()
    plan = as_json("index", folder, "--model", model, "--dry-run")
    assert (plan["new"], plan["listed"], plan["sampled"]) == (COUNT, COUNT, 32)
    assert plan["seconds"] >= 0  # in tenths, and a quick machine needs less
    assert plan["memory_bytes"] > 2**20
    assert COUNT * 5120 < plan["disk_bytes"] < COUNT * 8000
    assert not (folder / ".sokkuri").exists()
    as_json("index", folder, "--model", model)
    (folder / "0" / "000.jpg").unlink()
    draw(folder / "1" / "001.jpg", 100)
    draw(folder / "new.jpg", 101)
    before = (folder / ".sokkuri" / "catalog.sqlite").read_bytes()
    plan = as_json("index", folder, "--dry-run")
    assert (plan["new"], plan["changed"], plan["vanished"]) == (1, 1, 1)
    assert (folder / ".sokkuri" / "catalog.sqlite").read_bytes() == before
