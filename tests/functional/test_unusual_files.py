"""Unusual files beside good images: broken, locked, vanishing, oddly named, or no files at all."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from draw_images import save_drawing
from run_cli import SHARED, as_json, assert_sound, changes, command_line, read_positions, sokkuri
from tiny_model import write_tiny_model

COUNT = 8
NAMES = [f"{seed % 4}/{seed:03d}.jpg" for seed in range(COUNT)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """COUNT images in four folders."""
    for seed, name in enumerate(NAMES):
        save_drawing(tmp_path / "photos" / name, seed)
    return tmp_path / "photos"


def test_files_that_are_left_aside_are_counted(tmp_path: Path, model: Path) -> None:
    """Guarantee: nobody takes videos and drawings for indexed."""
    photos = tmp_path / "photos"
    save_drawing(photos / "a.jpg", 1)
    for name in ("b.SVG", "c.ai", "sub/d.eps", "e.mp4", ".hidden.mov", "f.txt", "g.xmp", "h.jxr"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"x")
    told = sokkuri("index", photos, "--model", model).stderr
    counts = "3 vector drawings, 1 video"
    line = f"left aside, since sokkuri does not read them: {counts}; no extra reads 1 JPEG XR file"
    assert f"{line}; `sokkuri index --video scenes` indexes frames of videos\n" in told
    assert f"\nleft aside {counts}\n" in sokkuri("status", "-C", photos).stdout + "\n"
    expected = {"vector drawing": 3, "video": 1}
    assert as_json("status", "-C", photos)["left_aside"] == expected
    (photos / "e.mp4").unlink()
    sokkuri("index", photos)
    assert as_json("status", "-C", photos)["left_aside"] == {"vector drawing": 3}


def write_giant_header(path: Path) -> None:
    """Write a PNG that claims 50,000 x 50,000 pixels."""
    chunk = struct.pack(">II5B", 50_000, 50_000, 8, 2, 0, 0, 0)
    head = b"IHDR" + chunk
    data = b"IDAT" + zlib.compress(bytes(100_000))

    def whole(chunk: bytes) -> bytes:
        return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + whole(head) + whole(data))


def test_broken_files_are_rows_not_crashes(folder: Path, model: Path) -> None:
    """Guarantee: a broken image is a row, not a crash. `status` shows its reason. It is retried if
    the file changes or with --retry-failed."""
    whole = (folder / "0" / "000.jpg").read_bytes()
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("I am a poem, not a picture.\n")
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    write_giant_header(folder / "giant.png")
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    report = as_json("index", folder, "--model", model, "--strict", code=3)
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
    save_drawing(folder / "text.jpg", 8000)
    assert changes(as_json("index", folder)) == {"updated": 2, "failed": 4}
    assert changes(as_json("index", folder, "--retry-failed")) == {"failed": 4}
    assert_sound(folder)


def test_odd_names_are_indexed_and_shown_on_one_line(folder: Path, model: Path) -> None:
    """Names in Japanese, with spaces, newlines, quotes and bytes that are not UTF-8."""
    names = ["写真 そっくり.jpg", "with space.jpg", "new\nline.jpg", "quo'te\".jpg", "-k.jpg",
             "%41.jpg", "caf\udce9.jpg", "\x1b[31mred.jpg"]  # fmt: skip
    for seed, name in enumerate(names):
        save_drawing(folder / "odd names" / name, 9000 + seed)
    assert as_json("index", folder, "--model", model)["added"] == COUNT + len(names)
    for name in names:
        (first,) = as_json("search", f"odd names/{name}", "-C", folder, "-k", 1)["hits"]
        assert first["id"] == f"odd names/{name}"
        shown = sokkuri("search", f"odd names/{name}", "-C", folder, "-k", 1).stdout
        assert shown.count("\n") == 1, "one line for each hit"
        assert "\x1b" not in shown
    assert_sound(folder)


def test_link_loops_pipes_and_sockets_do_not_block_a_run(folder: Path, model: Path) -> None:
    """Symlink loops end, pipes and sockets are skipped, and links to files are images."""
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "up").symlink_to("..", target_is_directory=True)
    (folder / "link.jpg").symlink_to(folder / "0" / "000.jpg")
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket.jpg"))
        report = as_json("index", folder, "--model", model)
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
def test_unreadable_folders_and_files_are_reported(folder: Path, model: Path) -> None:
    """A folder without permission is reported and its images stay. A file without permission is a
    failure row, and every run tries it again."""
    as_json("index", folder, "--model", model)
    (folder / "0").chmod(0)
    save_drawing(folder / "locked.jpg", 6000)
    (folder / "locked.jpg").chmod(0)
    try:
        done = run_without_privileges("index", folder, "--json")
    finally:
        (folder / "0").chmod(0o755)
        (folder / "locked.jpg").chmod(0o644)
    assert "0 was skipped: Permission denied" in done.stderr
    report = json.loads(done.stdout)
    assert changes(report) == {"failed": 1}
    assert report["total"] == COUNT
    (failure,) = as_json("status", "-C", folder)["failures"]
    assert failure == {"id": "locked.jpg", "stage": "read", "reason": "permission denied"}
    assert changes(as_json("index", folder)) == {"updated": 1}
    assert_sound(folder)


def test_files_that_vanish_during_the_run_are_no_failures(folder: Path, model: Path) -> None:
    """A file that vanishes between listing and reading is no failure, and no row."""
    from sokkuri import Collection

    with Collection.create(folder, model=str(model)) as collection:
        for progress in collection.sync():
            if progress.stage == "listing" and progress.done == COUNT:
                shutil.rmtree(folder / "3")
        assert progress.result is not None
        assert progress.result.total == COUNT * 3 // 4
        assert progress.result.failed == 0
    assert_sound(folder)
    assert changes(as_json("index", folder)) == {}


def test_odd_files_do_not_disturb_good_images(folder: Path, model: Path) -> None:
    """Each unreadable file is a failure row, and all good images are indexed."""
    if not SHARED.is_dir():
        pytest.skip(f"needs {SHARED}")
    shutil.copytree(SHARED / "odd", folder / "odd")
    report = as_json("index", folder, "--model", model)
    status = as_json("status", "-C", folder)
    assert report["failed"] == len(status["failures"]) > 50
    assert all(failure["id"].startswith("odd/") for failure in status["failures"])
    positions = read_positions(folder / ".sokkuri")
    assert {*NAMES} <= positions.keys()
    bad = {p.relative_to(folder).as_posix() for p in (folder / "odd/tests/bad").rglob("*.bmp")}
    assert bad <= {failure["id"] for failure in status["failures"]}
    assert_sound(folder)
