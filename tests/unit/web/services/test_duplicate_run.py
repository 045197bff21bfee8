"""The background run that compares images: one at a time, with a reported failure."""

import shutil
import threading
from pathlib import Path

import pytest
from draw_images import save_drawing
from run_cli import sokkuri
from run_server import TIMEOUT_SECONDS
from tiny_model import write_tiny_model

from sokkuri.web.services.duplicate_run import DuplicateRun


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(4):
        save_drawing(tmp_path / "photos" / f"{seed}.png", seed)
    sokkuri("index", tmp_path / "photos", "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    return tmp_path / "photos"


def wait_for_end(run: DuplicateRun) -> None:
    """Wait until the run has ended."""
    assert run._thread is not None
    run._thread.join(TIMEOUT_SECONDS)
    assert run.state()["running"] is None


def test_a_second_run_can_follow_the_first(photos: Path) -> None:
    run = DuplicateRun(photos)
    assert run.state() == {"running": None, "failure": None, "notes": []}
    for _ in range(2):
        assert run.start("edited")
        wait_for_end(run)
        assert run.state()["failure"] is None
    run.close()
    assert not run.start("edited"), "it is closed"


def test_threads_that_start_at_once_start_one_run(photos: Path) -> None:
    run = DuplicateRun(photos)
    ready, started = threading.Barrier(8), []

    def start() -> None:
        ready.wait(TIMEOUT_SECONDS)
        started.append(run.start("edited"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_SECONDS)
    assert started.count(True) >= 1
    alive = [one for one in threading.enumerate() if one.name == "sokkuri-comparing"]
    assert len(alive) <= 1
    run.close()
    assert run.state()["running"] is None


def test_the_failure_of_a_run_is_reported(photos: Path) -> None:
    run = DuplicateRun(photos)
    shutil.rmtree(photos / ".sokkuri")
    assert run.start("edited")
    wait_for_end(run)
    assert run.state()["failure"]
    run.close()
