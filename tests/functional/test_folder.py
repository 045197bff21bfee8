"""A collection follows its folder: added, changed, moved, deleted and unreadable files."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from draw_images import save_drawing
from image_formats import build_png
from PIL import Image
from run_cli import (
    SHARED,
    as_json,
    assert_sound,
    command_line,
    count_rows_in_shards,
    read_positions,
    read_vectors,
    sokkuri,
)
from tiny_model import write_tiny_model

COUNT = 120


def draw(path: Path, seed: int) -> None:
    """Write a small image. Each seed gives another image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((96, 72)).save(path, "JPEG", quality=92)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COUNT images in four folders."""
    root = tmp_path_factory.mktemp("drawn") / "photos"
    for seed in range(COUNT):
        draw(root / f"{seed % 4}" / f"{seed:03d}.jpg", seed)
    return root


@pytest.fixture(scope="module")
def indexed_once(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(drawn, tmp_path_factory.mktemp("indexed") / "photos")
    assert as_json("index", root)["added"] == COUNT
    return root


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    """A copy of the images, with their dates."""
    return shutil.copytree(drawn, tmp_path / "photos")


@pytest.fixture
def indexed(indexed_once: Path, tmp_path: Path) -> Path:
    """A copy of the images with their collection."""
    return shutil.copytree(indexed_once, tmp_path / "photos")


def changes(report: dict[str, int]) -> dict[str, int]:
    """Return the counts of a report that are changes and not 0."""
    names = ("added", "updated", "moved", "reused", "removed", "failed")
    return {name: report[name] for name in names if report[name]}


def test_a_second_run_has_nothing_to_do(indexed: Path) -> None:
    report = as_json("index", indexed)
    assert changes(report) == {}
    assert report["unchanged"] == report["total"] == COUNT
    assert report["images_per_second"] == 0


def test_the_report_has_exactly_the_documented_keys(indexed: Path) -> None:
    assert set(as_json("index", indexed)) == {
        "added", "updated", "moved", "reused", "removed", "unchanged", "failed", "damaged", "total",
        "seconds", "images_per_second",
    }  # fmt: skip
    assert set(as_json("status", "-C", indexed)) == {
        "root", "store", "part", "model", "dimension", "total", "removed", "gone", "to_do",
        "failed", "failures", "bytes", "ann", "pushed", "left_aside",
        "damaged",
    }  # fmt: skip


def test_files_that_are_left_aside_are_counted(tmp_path: Path) -> None:
    """Guarantee: nobody takes a camera's RAW files for indexed."""
    photos = tmp_path / "photos"
    save_drawing(photos / "a.jpg", 1)
    for name in ("b.NEF", "c.cr3", "sub/d.dng", "e.mp4", ".hidden.mov", "f.txt", "g.xmp"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"x")
    model = write_tiny_model(tmp_path / "tiny.onnx")
    told = sokkuri("index", photos, "--model", model).stderr
    counts = "3 camera RAW files, 1 video"
    assert f"left aside, since sokkuri does not read them: {counts}\n" in told
    assert f"\nleft aside {counts}\n" in sokkuri("status", "-C", photos).stdout + "\n"
    expected = {"camera RAW file": 3, "video": 1}
    assert as_json("status", "-C", photos)["left_aside"] == expected
    (photos / "e.mp4").unlink()
    sokkuri("index", photos)
    assert as_json("status", "-C", photos)["left_aside"] == {"camera RAW file": 3}


def test_moved_files_keep_their_rows(indexed: Path) -> None:
    """Guarantee: a moved or renamed file is recognised by its hash and keeps its row."""
    store = indexed / ".sokkuri"
    before, positions = read_vectors(store), read_positions(store)
    for seed in range(100):
        old = indexed / f"{seed % 4}" / f"{seed:03d}.jpg"
        new = indexed / "moved" / f"{seed % 7}" / f"another {seed}.jpg"
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
    report = as_json("index", indexed)
    assert changes(report) == {"moved": 100}
    assert report["unchanged"] == COUNT - 100
    after = read_vectors(store)
    for seed in range(100):
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


def test_a_new_date_alone_extracts_nothing(indexed: Path) -> None:
    positions = read_positions(indexed / ".sokkuri")
    for path in indexed.rglob("*.jpg"):
        os.utime(path, ns=(1, 1))
    assert changes(as_json("index", indexed)) == {}
    assert read_positions(indexed / ".sokkuri") == positions
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
    assert report["total"] == COUNT - 10
    assert "0/000.jpg" not in {hit["id"] for hit in search(indexed, "0/040.jpg", k=COUNT)}
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


def test_a_separate_store_remembers_its_folder(folder: Path, tmp_path: Path) -> None:
    """Guarantee: a separate store remembers the folder of the photos and follows its move. It does
    not accept another folder while its own folder exists."""
    store = tmp_path / "store"
    as_json("index", folder, "--store", store)
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


def test_equal_files_are_extracted_once(folder: Path) -> None:
    """Guarantee: two files with equal bytes are extracted once, and are two images."""
    for seed in range(20):
        for copy in range(3):
            shutil.copyfile(
                folder / f"{seed % 4}" / f"{seed:03d}.jpg", folder / f"copy {seed} {copy}.jpg"
            )
    report = as_json("index", folder)
    assert changes(report) == {"added": COUNT, "reused": 60}
    assert report["total"] == COUNT + 60
    found = read_vectors(folder / ".sokkuri")
    assert all(found[f"copy {s} {c}.jpg"] == found[f"{s % 4}/{s:03d}.jpg"]
               for s in range(20) for c in range(3))  # fmt: skip
    assert_sound(folder)


def test_among_equal_images_the_query_image_comes_first(folder: Path) -> None:
    """A query image of the collection finds itself first, at distance 0 within 1e-5."""
    for copy in "abcdefghijklmnop":
        shutil.copyfile(folder / "1" / "001.jpg", folder / f"{copy}.jpg")
    as_json("index", folder)
    for query in ("h.jpg", "1/001.jpg", str(folder / "p.jpg")):
        hits = search(folder, query, k=3)
        assert hits[0]["path"] == str(folder / query)
        assert all(abs(float(str(hit["distance"]))) < 1e-5 for hit in hits)


def test_another_model_is_refused(indexed: Path, tmp_path: Path) -> None:
    """Guarantee: vectors of different models never mix. The refusal says what to do."""
    other = write_tiny_model(tmp_path / "other.onnx")
    refused = sokkuri("index", indexed, "--model", other, code=1)
    assert "--store DIR" in refused.stderr
    assert "efficientnet-lite0" in refused.stderr
    assert changes(as_json("index", indexed, "--model", "efficientnet-lite0")) == {}
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


def write_giant_header(path: Path) -> None:
    """Write a PNG that claims 50,000 x 50,000 pixels."""
    chunk = struct.pack(">II5B", 50_000, 50_000, 8, 2, 0, 0, 0)
    head = b"IHDR" + chunk
    data = b"IDAT" + zlib.compress(bytes(100_000))

    def whole(chunk: bytes) -> bytes:
        return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + whole(head) + whole(data))


def test_broken_files_are_rows_not_crashes(folder: Path) -> None:
    """Guarantee: a broken image is a row, not a crash. `status` shows its reason. It is retried if
    the file changes or with --retry-failed."""
    whole = (folder / "0" / "000.jpg").read_bytes()
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("I am a poem, not a picture.\n")
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    write_giant_header(folder / "giant.png")
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    report = as_json("index", folder, "--strict", code=3)
    assert changes(report) == {"added": COUNT, "failed": 6}
    status = as_json("status", "-C", folder)
    reasons = {failure["id"]: failure["reason"] for failure in status["failures"]}
    assert reasons == {
        "dangling.jpg": "the link points to nothing",
        "empty.jpg": "the file is empty",
        "giant.png": "it claims more pixels than the limit of 250,000,000",
        "half.jpg": "the file is cut short",
        "itself.jpg": "the link points to itself",
        "text.jpg": "it is not an image: it looks like a text file",
    }
    again = sokkuri("index", folder)
    assert "see `sokkuri status`" in again.stderr
    (folder / "half.jpg").write_bytes(whole + b"another tail")
    draw(folder / "text.jpg", 8000)
    assert changes(as_json("index", folder)) == {"updated": 2, "failed": 4}
    assert changes(as_json("index", folder, "--retry-failed")) == {"failed": 4}
    assert_sound(folder)


def test_odd_names_are_indexed_and_shown_on_one_line(folder: Path) -> None:
    """Names in Japanese, with spaces, newlines, quotes and bytes that are not UTF-8."""
    names = ["写真 そっくり.jpg", "with space.jpg", "new\nline.jpg", "quo'te\".jpg", "-k.jpg",
             "%41.jpg", "caf\udce9.jpg", "\x1b[31mred.jpg"]  # fmt: skip
    for seed, name in enumerate(names):
        draw(folder / "odd names" / name, 9000 + seed)
    assert as_json("index", folder)["added"] == COUNT + len(names)
    for name in names:
        (first, *_) = search(folder, f"odd names/{name}")
        assert first["id"] == f"odd names/{name}"
        shown = sokkuri("search", f"odd names/{name}", "-C", folder, "-k", 1).stdout
        assert shown.count("\n") == 1, "one line for each hit"
        assert "\x1b" not in shown
    assert_sound(folder)


def test_link_loops_pipes_and_sockets_do_not_block_a_run(folder: Path) -> None:
    """Symlink loops end, pipes and sockets are skipped, and links to files are images."""
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "up").symlink_to("..", target_is_directory=True)
    (folder / "link.jpg").symlink_to(folder / "0" / "000.jpg")
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket.jpg"))
        report = as_json("index", folder)
    assert changes(report) == {"added": COUNT, "reused": 1}
    assert_sound(folder)


def run_without_privileges(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the command so that permissions bind it even if root started the tests."""
    capabilities = "-dac_override,-dac_read_search"
    prefix = ["setpriv", "--bounding-set", capabilities] if os.geteuid() == 0 else []
    return subprocess.run(
        [*prefix, *command_line(*arguments)], capture_output=True, text=True, check=True, timeout=60
    )


@pytest.mark.skipif(sys.platform != "linux", reason="drops privileges with setpriv")
def test_unreadable_folders_and_files_are_reported(indexed: Path) -> None:
    """A folder without permission is reported and its images stay. A file without permission is a
    failure row, and every run tries it again."""
    (indexed / "0").chmod(0)
    draw(indexed / "locked.jpg", 6000)
    (indexed / "locked.jpg").chmod(0)
    try:
        done = run_without_privileges("index", indexed, "--json")
    finally:
        (indexed / "0").chmod(0o755)
        (indexed / "locked.jpg").chmod(0o644)
    assert "0 was skipped: Permission denied" in done.stderr
    report = json.loads(done.stdout)
    assert changes(report) == {"failed": 1}
    assert report["total"] == COUNT
    (failure,) = as_json("status", "-C", indexed)["failures"]
    assert failure == {"id": "locked.jpg", "stage": "read", "reason": "permission denied"}
    assert changes(as_json("index", indexed)) == {"updated": 1}
    assert_sound(indexed)


def test_files_that_vanish_during_the_run_are_no_failures(folder: Path) -> None:
    """A file that vanishes between listing and reading is no failure, and no row."""
    from sokkuri import Collection

    with Collection.create(folder) as collection:
        for progress in collection.sync():
            if progress.stage == "listing" and progress.done == COUNT:
                shutil.rmtree(folder / "3")
        assert progress.result is not None
        assert progress.result.total == COUNT * 3 // 4
        assert progress.result.failed == 0
    assert_sound(folder)
    assert changes(as_json("index", folder)) == {}


def test_odd_files_do_not_disturb_good_images(folder: Path) -> None:
    """Each unreadable file is a failure row, and all good images are indexed."""
    if not SHARED.is_dir():
        pytest.skip(f"needs {SHARED}")
    shutil.copytree(SHARED / "odd", folder / "odd")
    report = as_json("index", folder)
    status = as_json("status", "-C", folder)
    assert report["failed"] == len(status["failures"]) > 50
    assert all(failure["id"].startswith("odd/") for failure in status["failures"])
    positions = read_positions(folder / ".sokkuri")
    assert {f"{seed % 4}/{seed:03d}.jpg" for seed in range(COUNT)} <= positions.keys()
    bad = {p.relative_to(folder).as_posix() for p in (folder / "odd/tests/bad").rglob("*.bmp")}
    assert bad <= {failure["id"] for failure in status["failures"]}
    assert_sound(folder)


def test_exclude_holds_for_later_runs_until_it_is_cleared(indexed: Path) -> None:
    assert changes(as_json("index", indexed, "--exclude", "0/", "--exclude", "*1.jpg")) == {
        "removed": 30 + sum(1 for n in range(COUNT) if n % 10 == 1 and n % 4)
    }
    kept = as_json("index", indexed)
    assert changes(kept) == {}
    assert as_json("index", indexed, "--exclude", "")["total"] == COUNT


def test_a_dry_run_reports_the_work_and_changes_nothing(folder: Path) -> None:
    huge = folder / "huge.png"
    huge.write_bytes(build_png(7000, 7000, 8, 2, b""))
    assert as_json("index", folder, "--dry-run")["memory_bytes"] > 4 * 7000 * 7000
    huge.unlink()
    plan = as_json("index", folder, "--dry-run")
    assert (plan["new"], plan["listed"], plan["sampled"]) == (COUNT, COUNT, 32)
    assert plan["seconds"] > 0
    assert plan["memory_bytes"] > 2**20
    assert COUNT * 5120 < plan["disk_bytes"] < COUNT * 8000
    assert not (folder / ".sokkuri").exists()
    as_json("index", folder)
    (folder / "0" / "000.jpg").unlink()
    draw(folder / "1" / "001.jpg", 100)
    draw(folder / "new.jpg", 101)
    before = (folder / ".sokkuri" / "catalog.sqlite").read_bytes()
    plan = as_json("index", folder, "--dry-run")
    assert (plan["new"], plan["changed"], plan["vanished"]) == (1, 1, 1)
    assert (folder / ".sokkuri" / "catalog.sqlite").read_bytes() == before
