"""Runs that compare: one at a time, and what ended one early is said."""

import shutil
import threading
from pathlib import Path

import pytest
from draw_images import save
from run_cli import sokkuri
from run_server import PATIENCE
from tiny_model import write_tiny_model

from sokkuri.web.services.duplicate_run import DuplicateRun


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(4):
        save(tmp_path / "photos" / f"{seed}.png", seed)
    sokkuri("index", tmp_path / "photos", "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    return tmp_path / "photos"


def ended(comparer: DuplicateRun) -> None:
    """Wait for the run to end by itself."""
    assert comparer._thread is not None
    comparer._thread.join(PATIENCE)
    assert comparer.state()["running"] is None


def test_a_run_and_another(photos: Path) -> None:
    comparer = DuplicateRun(photos)
    assert comparer.state() == {"running": None, "failure": None, "notes": []}
    for _ in range(2):
        assert comparer.start("edited")
        ended(comparer)
        assert comparer.state()["failure"] is None
    comparer.close()
    assert not comparer.start("edited"), "it was closed"


def test_many_that_start_at_once_start_one(photos: Path) -> None:
    comparer = DuplicateRun(photos)
    ready, started = threading.Barrier(8), []

    def start() -> None:
        ready.wait(PATIENCE)
        started.append(comparer.start("edited"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert started.count(True) >= 1
    alive = [one for one in threading.enumerate() if one.name == "sokkuri-comparing"]
    assert len(alive) <= 1
    comparer.close()
    assert comparer.state()["running"] is None


def test_what_ends_a_run_early_is_said(photos: Path) -> None:
    comparer = DuplicateRun(photos)
    shutil.rmtree(photos / ".sokkuri")
    assert comparer.start("edited")
    ended(comparer)
    assert comparer.state()["failure"]
    comparer.close()
