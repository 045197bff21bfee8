"""The background run that indexes: one at a time, its failure is told, and no work is lost."""

import shutil
from pathlib import Path

import pytest
from draw_images import save_drawing
from run_cli import sokkuri
from run_server import TIMEOUT_SECONDS
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.indexing.options import SyncOptions
from sokkuri.web.services.index_run import IndexRun


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a collection of one picture, and three more pictures."""
    root = tmp_path / "photos"
    save_drawing(root / "0.png", 0)
    sokkuri("index", root, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    for seed in (1, 2, 3):
        save_drawing(root / f"{seed}.png", seed)
    return root


def wait_for_end(run: IndexRun) -> None:
    assert run._thread is not None
    run._thread.join(TIMEOUT_SECONDS)
    assert run.state()["running"] is None


def test_a_second_run_can_follow_the_first(photos: Path) -> None:
    run = IndexRun(photos)
    assert run.state() == {"running": None, "failure": None, "notes": [], "report": None}
    for added in (3, 0):
        assert run.start(SyncOptions())
        wait_for_end(run)
        state = run.state()
        assert state["failure"] is None
        assert (state["report"]["added"], state["report"]["total"]) == (added, 4)
    run.close()
    assert not run.start(SyncOptions()), "it is closed"


def test_a_failure_is_told_and_changes_nothing(photos: Path, tmp_path: Path) -> None:
    """All images seem to be gone, as when a disk is not mounted."""
    store = photos / ".sokkuri"
    for file in photos.glob("*.png"):
        shutil.move(file, tmp_path)
    run = IndexRun(store)
    assert run.start(SyncOptions())
    wait_for_end(run)
    assert "--accept-removals" in run.state()["failure"]
    assert run.state()["report"] is None
    run.close()
    with Collection.open(store, "ro") as collection:
        assert collection.status(engines=False).total == 1


def test_a_run_that_is_stopped_leaves_its_work_to_the_next(photos: Path) -> None:
    first = IndexRun(photos)
    first.start(SyncOptions())
    first.close()
    second = IndexRun(photos)
    assert second.start(SyncOptions())
    wait_for_end(second)
    assert second.state()["report"]["total"] == 4
    second.close()
