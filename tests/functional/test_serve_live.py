"""serve: follows changes by other processes, and serves unusual collections."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from draw_images import draw, save_drawing
from run_cli import as_json, sokkuri
from run_server import TIMEOUT_SECONDS, Server, assert_problem, serving
from tiny_model import write_tiny_model


@contextmanager
def events(server: Server) -> Iterator[Iterator[dict[str, Any]]]:
    """Yield the status events."""
    with (
        httpx.Client(timeout=TIMEOUT_SECONDS) as client,
        client.stream("GET", f"{server.address}api/v1/events") as stream,
    ):
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        yield _pulses(stream.iter_lines())


def _pulses(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Fail if only keep-alive comments arrive for a long time."""
    name, quiet = "", 0
    for line in lines:
        key, _, value = line.partition(":")
        quiet = 0 if key == "data" else quiet + line.startswith(":")
        assert quiet < 3, "nothing has changed"
        if key == "event":
            name = value.strip()
        elif key == "data":
            assert name == "status"
            yield json.loads(value)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture
def folder(tmp_path: Path, model: Path) -> Path:
    """A collection of three images."""
    home = tmp_path / "photos"
    for seed in range(3):
        save_drawing(home / f"{seed:02d}.png", seed)
    sokkuri("index", home, "--model", model)
    return home


def test_an_index_run_shows_up_without_a_restart(folder: Path) -> None:
    """Promise: the server needs no restart after `sokkuri index`."""
    with serving(folder) as server, events(server) as pulses:
        first = next(pulses)
        assert first.keys() == {
            "total", "waiting", "failed", "runs", "revision", "replacement", "watch",
        }  # fmt: skip
        assert (first["total"], first["failed"], first["runs"]) == (3, 0, 0)
        assert len(server.api("images/00.png/similar")["hits"]) == 3
        assert server.api("grid")["count"] == 3
        save_drawing(folder / "new" / "03.png", 0)
        (folder / "broken.png").write_bytes(b"no picture")
        sokkuri("index", folder)
        latest = next(pulse for pulse in pulses if (pulse["total"], pulse["failed"]) == (4, 1))
        assert latest["revision"] != first["revision"]
        assert server.api("info")["total"] == 4
        grid = server.api("grid")
        assert (grid["revision"], grid["count"]) == (server.api("info")["revision"], 4)
        hits = server.api("images/00.png/similar")["hits"]
        assert [hit["id"] for hit in hits[:2]] == ["00.png", "new/03.png"], "the same picture"
        assert hits[1]["distance"] == pytest.approx(0, abs=1e-6)


def test_a_removed_image_disappears_without_a_restart(folder: Path) -> None:
    with serving(folder) as server:
        assert len(server.api("images/00.png/similar")["hits"]) == 3
        sokkuri("remove", "01.png", "-C", folder)
        assert [hit["id"] for hit in server.api("images/00.png/similar")["hits"]].count(
            "01.png"
        ) == 0
        assert [one["id"] for one in server.api("images")["images"]] == ["00.png", "02.png"]
        assert server.api("folders")["folders"] == [{"path": "", "count": 2}]
        for what in ("", "/file", "/thumbnail", "/similar"):
            assert_problem(server.get(f"/api/v1/images/01.png{what}"), 404, "unknown-image")
        assert_problem(server.get("/similar/01.png"), 404, "unknown-image")
        for body in ({"ids": ["01.png"]}, {"ids": ["01.png"], "crop": "0,0,9,9"}):
            assert_problem(server.post("/api/v1/search", json=body), 404, "unknown-image")
        assert (server.api("images/00.png")["next"]) == "02.png"
        assert server.api("status")["removed"] == 1
        sokkuri("remove", "--restore", "01.png", "-C", folder)
        assert len(server.api("images/00.png/similar")["hits"]) == 3
        assert server.api("images/01.png")["state"] == "live"


def test_a_new_date_is_a_change(folder: Path) -> None:
    """Equal bytes with another date change the order by date."""
    for day, name in enumerate(("00.png", "01.png", "02.png"), 1):
        os.utime(folder / name, (86400 * day, 86400 * day))
    sokkuri("index", folder)
    with serving(folder) as server, events(server) as pulses:
        before = next(pulses)
        newest = [one["id"] for one in server.api("grid/items", sort="newest")["images"]]
        assert newest == ["02.png", "01.png", "00.png"]
        os.utime(folder / "00.png", (86400 * 9, 86400 * 9))
        sokkuri("index", folder)
        next(p for p in pulses if p["revision"] != before["revision"] and not p["waiting"])
        newest = [one["id"] for one in server.api("grid/items", sort="newest")["images"]]
        assert newest == ["00.png", "02.png", "01.png"]


def test_the_error_for_a_missing_file_names_it(folder: Path) -> None:
    with serving(folder) as server:
        (folder / "01.png").unlink()
        for what in ("thumbnail", "file"):
            refused = server.get(f"/api/v1/images/01.png/{what}")
            assert "01.png" in assert_problem(refused, 422, "unreadable-image")
        found = server.api("images/01.png")
        assert (found["state"], found["exif"]) == ("live", {}), "the next run will notice"
        assert len(server.api("images/01.png/similar")["hits"]) == 3
        sokkuri("index", folder)
        assert server.api("images/01.png")["state"] == "missing"


def test_compacting_does_not_disturb_searches(folder: Path) -> None:
    with serving(folder) as server:
        before = server.api("images/00.png/similar")["hits"]
        sokkuri("remove", "01.png", "-C", folder)
        sokkuri("compact", "-C", folder)
        after = server.api("images/00.png/similar")["hits"]
        assert [hit["id"] for hit in after] == [
            hit["id"] for hit in before if hit["id"] != "01.png"
        ]


def test_a_server_with_open_event_streams_shuts_down_cleanly(folder: Path) -> None:
    """The streams end, and the terminal shows no traceback."""
    with serving(folder) as server, events(server) as pulses:
        next(pulses)
        server.stop()
        assert server.lines[1:] == ["stopped"]
        assert list(pulses) == []


def test_a_collection_whose_ids_are_names_is_served(tmp_path: Path, model: Path) -> None:
    home = tmp_path / "photos"
    for seed in range(4):
        save_drawing(home / ("a" if seed < 2 else "b c") / f"{seed:02d}.png", seed)
    sokkuri("index", home, "--model", model, "--ids", "name")
    with serving(home) as server:
        assert [one["id"] for one in server.api("images")["images"]] == [
            f"{seed:02d}.png" for seed in range(4)
        ]
        found = server.api("images/02.png")
        assert (found["folder"], found["name"], found["path"]) == (
            "b c", "02.png", str(home / "b c" / "02.png"),
        )  # fmt: skip
        assert (found["previous"], found["next"]) == (None, "03.png")
        assert server.get("/api/v1/images/02.png/file").content == (
            (home / "b c" / "02.png").read_bytes()
        )
        hits = server.api("images/02.png/similar", under="b c")["hits"]
        assert [(hit["id"], hit["folder"]) for hit in hits] == [
            ("02.png", "b c"), ("03.png", "b c"),
        ]  # fmt: skip
        told = as_json("search", "02.png", "-C", home, "--metric", "l2")["hits"]
        article = server.get("/similar/02.png").json()["similarImages"]
        assert [one["objectId"] for one in article] == [hit["id"] for hit in told]
        cropped = server.post("/api/v1/search", json={"ids": ["02.png"], "crop": "0,0,9,9"})
        assert cropped.status_code == 200


def test_an_empty_collection_is_served(tmp_path: Path, model: Path) -> None:
    home = tmp_path / "nothing yet"
    home.mkdir()
    sokkuri("index", home, "--model", model)
    picture = save_drawing(tmp_path / "picture.png", 1).read_bytes()
    with serving(home) as server:
        assert server.api("info")["total"] == server.api("status")["total"] == 0
        assert server.api("images") == {"images": [], "next": None}
        assert server.api("failures") == {"failures": [], "next": None}
        assert server.api("folders") == {"folders": [{"path": "", "count": 0}]}
        for sort in ("folder", "newest", "oldest"):
            grid = server.api("grid", sort=sort)
            assert (grid["count"], grid["ratios"], grid["groups"]) == (0, [], [])
            assert server.api("grid/items", sort=sort)["images"] == []
        answer = server.post(
            "/api/v1/search", files={"image": ("a.png", picture)}, data={"angles": "1"}
        )
        assert answer.json()["hits"] == []
        assert_problem(server.get("/api/v1/images/a.png/similar"), 404, "unknown-image")


def test_a_large_grid_is_compressed(tmp_path: Path, model: Path) -> None:
    """The answer is smaller, and its content is the same."""
    home = tmp_path / "photos"
    for number in range(300):
        path = home / f"a folder with a rather long name {number:04d}" / "one.ppm"
        path.parent.mkdir(parents=True)
        header = b"P6 %d 4 255\n" % (number % 7 + 2)
        path.write_bytes(header + draw(number % 7, number % 7 + 2, 4).tobytes())
    sokkuri("index", home, "--model", model)
    with serving(home) as server:
        packed = server.get("/api/v1/grid", headers={"Accept-Encoding": "gzip"})
        plain = server.get("/api/v1/grid", headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.json() == plain.json()
        assert int(packed.headers["content-length"]) < len(plain.content) / 4
