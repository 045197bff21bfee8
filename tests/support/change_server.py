"""A collection with copies, a server that may change it, and the requests of its pages."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from draw_images import save_drawing
from run_cli import sokkuri
from run_server import TIMEOUT_SECONDS, Server, serving
from tiny_model import write_tiny_model
from trash_fixtures import home_environment

ODD = os.fsdecode(b"copies/caf\xe9.png")
COPIES = {"a/0.png": ["copies/0.png", "copies/zero.png"], "a/1.png": [ODD], "b/2.png": ["b/3.png"]}
"""Copies with equal bytes, by their original, which is the oldest file."""
ALL = {keep: set(copies) for keep, copies in COPIES.items()}
POSTS = {
    "find": {},
    "decisions": {"different": [["a/0.png", "copies/0.png"]], "keep": ["copies/0.png"]},
    "drops": {"drops": [{"id": "copies/0.png", "keep": "a/0.png"}]},
    "undo": {"log": "20260101T000000-000000-00000000.log"},
}


@pytest.fixture(scope="session")
def indexed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a collection in `photos`: eight images, four of which have copies."""
    home = tmp_path_factory.mktemp("indexed")
    photos = home / "photos"
    for seed, folder in enumerate("aabb"):
        if folder == "a" or seed == 2:
            save_drawing(photos / folder / f"{seed}.png", seed, 200, 150)
    for seed in (10, 11):
        save_drawing(photos / "alone" / f"{seed}.png", seed, 200, 150)
    for number, (original, copies) in enumerate(COPIES.items()):
        os.utime(photos / original, (1_500_000_000 + number, 1_400_000_000 + number))
        for copy in copies:
            (photos / copy).parent.mkdir(exist_ok=True)
            shutil.copyfile(photos / original, photos / copy)
            os.utime(photos / copy, (1_600_000_000, 1_600_000_000))
    sokkuri("index", photos, "--model", write_tiny_model(home / "tiny.onnx"))
    return home


@pytest.fixture(scope="session")
def compared_home(indexed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which all images are compared."""
    home = shutil.copytree(indexed_home, tmp_path_factory.mktemp("compared") / "home")
    with changing(home) as server:
        compare(server)
    return home


@pytest.fixture(scope="session")
def unchanged_server(
    compared_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that allows changes, for tests that make none."""
    home = shutil.copytree(compared_home, tmp_path_factory.mktemp("unchanged") / "home")
    with changing(home) as server:
        yield server


def changing(home: Path) -> AbstractContextManager[Server]:
    """Run a server that allows changes, with a trash of its own."""
    return serving(home / "photos", "--allow-changes", **home_environment(home))


def compare(server: Server) -> None:
    assert post(server, "find", {}).json() == {"started": True}
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (state := server.api("duplicates/state"))["running"]:
        assert time.monotonic() < deadline, state
    assert state["failure"] is None, state
    assert state["compared"] == state["of"] > 0


def key(server: Server) -> dict[str, str]:
    return {"X-Sokkuri-Change": server.api("changes")["key"]}


def post(server: Server, path: str, body: Any, **headers: str) -> httpx.Response:
    """Send a change as a page does, with the right key unless another one is given."""
    sent = {"Content-Type": "application/json", **(headers or key(server))}
    content = json.dumps(body)
    return server.post(f"/api/v1/duplicates/{path}", content=content, headers=sent)


def groups(server: Server, **params: Any) -> dict[str, set[str]]:
    """Return the ids of the other images of each group, by the image to keep."""
    found = server.api("duplicates", **params)["groups"]
    return {
        group["keep"]: {image["id"] for image in group["images"]} - {group["keep"]}
        for group in found
    }


def drop(server: Server, *drops: tuple[str, str], **also: Any) -> Any:
    body = {"drops": [{"id": id_, "keep": keep} for id_, keep in drops], **also}
    answer = post(server, "drops", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def state_of(home: Path) -> dict[str, tuple[bytes, int]]:
    """Return the bytes and the date of every file."""
    photos = home / "photos"
    files = [file for file in photos.rglob("*.png") if ".sokkuri" not in file.parts]
    return {
        str(file.relative_to(photos)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in files
    }
