"""A kill at any moment of a move into a folder, or of a hard link, loses no bytes of any file."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from kill_steps import kill_before
from trash_fixtures import make_move, moved_paths, read_contents, run_in_child, use_home, write_file

from sokkuri.curation.trash.apply import apply_plan, undo
from sokkuri.curation.trash.plan import TrashPlan
from sokkuri.curation.trash.ways import Destination

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills by the number of a step")

FILES = {"keep.jpg": b"kept", "sub/a.jpg": b"kept", "b.jpg": b"other"}
WAYS = ["folder", "copy", "link"]
MOST_STEPS = 200

some_steps = pytest.mark.parametrize(
    ("first", "stride"), [(3, 7), pytest.param(1, 1, marks=pytest.mark.full)]
)
"""Every seventh step in the gate, all steps in the full suite."""


class Scene:
    """Files, their plan, the folder to move to, and the log. `copy`: no hard links can be made."""

    def __init__(self, tmp_path: Path, way: str) -> None:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        self.around, self.root, self.there = folder, folder / "photos", folder / "there"
        for path, data in FILES.items():
            write_file(self.root / path, data)
        self.moved = ["sub/a.jpg"] if way == "link" else ["sub/a.jpg", "b.jpg"]
        moves = tuple(make_move(self.root, path, "keep.jpg") for path in self.moved)
        self.plan, self.log = TrashPlan(moves), folder / "plan.log"
        self.to = Destination(hardlink=True) if way == "link" else Destination(self.there)

    def apply(self) -> None:
        assert moved_paths(apply_plan(self.plan, self.log, self.to)) == self.moved

    def undo(self) -> None:
        if self.log.exists():
            moved_paths(undo(self.log))

    def killed(self, verb: str, step: int) -> bool:
        code = run_in_child(lambda: kill_before(step, self.around, getattr(self, verb)))
        assert code in (0, -signal.SIGKILL)
        return code != 0

    def seen(self, folder: Path) -> dict[str, bytes]:
        """The files that a person sees, but for places that are only taken."""
        files = read_contents(folder) if folder.exists() else {}
        return {path: data for path, data in files.items() if data and not is_hidden(path)}

    def assert_nothing_is_lost(self) -> None:
        here, there = self.seen(self.root), self.seen(self.there)
        assert (there | here) == FILES
        assert here["keep.jpg"] == b"kept"
        assert there.items() <= FILES.items()
        if self.to.hardlink:
            assert here == FILES, "the name always leads to the bytes"

    def assert_all_is_done(self) -> None:
        self.assert_nothing_is_lost()
        if self.to.hardlink:
            assert (self.root / "sub" / "a.jpg").samefile(self.root / "keep.jpg")
        else:
            assert self.seen(self.root) == {"keep.jpg": b"kept"}

    def assert_all_is_back(self) -> None:
        assert read_contents(self.root) == FILES
        assert not self.there.exists() or read_contents(self.there) == {}
        for path in FILES:
            stat = (self.root / path).stat()
            assert (stat.st_nlink, stat.st_mtime_ns) == (1, 1_400_000_000_123_456_789), path


def is_hidden(path: str) -> bool:
    return Path(path).name.startswith(".")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_home(tmp_path / "home", monkeypatch)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a kill leaves what is written to the system


def refuse_other_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.parametrize("verb", ["apply", "undo"])
@pytest.mark.parametrize("way", WAYS)
@some_steps
def test_a_kill_at_any_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, verb: str, first: int, stride: int
) -> None:
    """Then the same command goes on, and an undo brings all back."""
    if way == "copy":
        refuse_other_links(monkeypatch)
    for step in range(first, MOST_STEPS, stride):
        for then in ("apply", "undo"):
            scene = Scene(tmp_path, way)
            if verb == "undo":
                scene.apply()
            was_killed = scene.killed(verb, step)
            scene.assert_nothing_is_lost()
            if then == "apply":
                scene.apply()
                scene.assert_all_is_done()
            scene.undo()
            scene.assert_all_is_back()
            shutil.rmtree(scene.around)
        if not was_killed:
            assert step > 15, "the steps were counted"
            return
    pytest.fail(f"it took more than {MOST_STEPS} steps")
