"""A kill at any moment loses no file: it is at its place or in the trash. A second apply or an undo
then ends as usual."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kill_steps import kill_before
from trash_fixtures import (
    list_live_ids,
    list_trash,
    make_collection,
    make_move,
    moved_paths,
    read_contents,
    run_in_child,
    use_home,
    write_file,
    write_photos,
)

from sokkuri.curation.trash.apply import apply_plan, undo
from sokkuri.curation.trash.companions import with_companions
from sokkuri.curation.trash.plan import TrashPlan
from sokkuri.curation.trash.system_trash import find_in_trash, require_trash

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")

FILES = {"keep.jpg": b"kept", "a.jpg": b"first", "a.xmp": b"edits", "sub/deep/c.jpg": b"kept"}
DROPS = ["a.jpg", "a.xmp", "sub/deep/c.jpg"]
"""Photos, and a sidecar that moves with its photo."""

MOST_STEPS = 400

some_steps = pytest.mark.parametrize(
    "first", [1, pytest.param(2, marks=pytest.mark.full), pytest.param(3, marks=pytest.mark.full)]
)
"""Every third step in the gate, all steps in the full suite."""


class Scene:
    """A collection in a folder of its own, its plan and the log. The trash lies beside."""

    def __init__(self, tmp_path: Path) -> None:
        ready = tmp_path / "ready"
        if not ready.exists():
            for path, data in FILES.items():
                write_file(ready / path, data)
            make_collection(ready).close()
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        self.around = tmp_path
        self.root = shutil.copytree(ready, folder / "photos")
        photos = [make_move(self.root, path, "keep.jpg") for path in ("a.jpg", "sub/deep/c.jpg")]
        self.plan = TrashPlan(tuple(with_companions(photos)), store=str(self.root / ".sokkuri"))
        self.log = folder / "plan.log"

    def apply(self) -> None:
        assert sorted(moved_paths(apply_plan(self.plan, self.log))) == DROPS

    def undo(self) -> None:
        if self.log.exists():
            moved_paths(undo(self.log))

    def killed(self, verb: str, step: int) -> bool:
        """Do it in another process, which is killed before a step; whether it came so far."""
        code = run_in_child(lambda: kill_before(step, self.around, getattr(self, verb)))
        assert code in (0, -signal.SIGKILL)
        return code != 0

    def assert_nothing_is_lost(self) -> None:
        """Each file is at its place or is found in the trash, whole; and no other file is there."""
        there = read_contents(self.root)
        seen = {path: there[path] for path in there if not Path(path).name.startswith(".")}
        whole = {path: data for path, data in seen.items() if data}  # a place may be taken only
        assert whole.items() <= FILES.items()
        assert "keep.jpg" in whole
        for move in self.plan.moves:
            place = self.root / move.path
            if move.path not in whole:
                found = find_in_trash(place, move.size, move.digest)
                assert found is not None, move.path
                assert found.read_bytes() == FILES[move.path]

    def assert_all_is_in_the_trash(self) -> None:
        assert read_contents(self.root) == {"keep.jpg": FILES["keep.jpg"]}
        self.assert_nothing_is_lost()
        assert list_live_ids(self.root) == ["keep.jpg"]

    def assert_all_is_back(self) -> None:
        assert read_contents(self.root) == FILES
        for path in FILES:
            stat = (self.root / path).stat()
            assert (stat.st_nlink, stat.st_mtime_ns) == (1, 1_400_000_000_123_456_789), path
        assert list_live_ids(self.root) == ["a.jpg", "keep.jpg", "sub/deep/c.jpg"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    trash = use_home(tmp_path / "home", monkeypatch)
    require_trash()
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a kill leaves what is written to the system
    return trash


@pytest.mark.parametrize("then", ["apply", "undo"])
@pytest.mark.parametrize("verb", ["apply", "undo"])
@some_steps
def test_a_kill_at_any_step_loses_no_file(
    home: Path, tmp_path: Path, verb: str, then: str, first: int
) -> None:
    for step in range(first, MOST_STEPS, 3):
        scene = Scene(tmp_path)
        if verb == "undo":
            scene.apply()
        was_killed = scene.killed(verb, step)
        scene.assert_nothing_is_lost()
        if then == "apply":
            scene.apply()
            scene.assert_all_is_in_the_trash()
        scene.undo()
        scene.assert_all_is_back()
        assert list_trash(home) == []
        shutil.rmtree(home, ignore_errors=True)  # a kill can leave notes without a file
        if not was_killed:
            assert step > 30, "the steps were counted"
            return
    pytest.fail(f"it took more than {MOST_STEPS} steps")


@some_steps
def test_a_kill_at_any_step_loses_no_file_without_hard_links(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Then a file comes back as a copy, and the trash keeps its own until that is whole."""

    def link(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    for step in range(first, MOST_STEPS, 3):
        scene = Scene(tmp_path)
        scene.apply()
        was_killed = scene.killed("undo", step)
        scene.assert_nothing_is_lost()
        scene.undo()
        scene.assert_all_is_back()
        shutil.rmtree(home, ignore_errors=True)
        if not was_killed:
            return
    pytest.fail(f"it took more than {MOST_STEPS} steps")


@settings(
    max_examples=settings().max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["apply", "undo"]), st.integers(1, 90)), min_size=2, max_size=5
    )
)
def test_several_kills_lose_no_file(
    home: Path, tmp_path: Path, acts: list[tuple[str, int]]
) -> None:
    scene = Scene(tmp_path)
    for verb, step in acts:
        scene.killed(verb, step)
        scene.assert_nothing_is_lost()
    scene.apply()
    scene.assert_all_is_in_the_trash()
    scene.undo()
    scene.assert_all_is_back()


def test_two_plans_at_once_never_move_both_files_of_a_pair(home: Path, tmp_path: Path) -> None:
    """Each plan moves the file that the other keeps: one of them comes too late."""
    for number in range(15):
        root = write_photos(tmp_path / str(number))
        plans = [
            TrashPlan((make_move(root, "a.jpg", "keep.jpg"),)),
            TrashPlan((make_move(root, "keep.jpg", "a.jpg"),)),
        ]
        ready, go = os.pipe()

        def act(
            which: int, ready: int = ready, plans: list[TrashPlan] = plans, root: Path = root
        ) -> None:
            os.read(ready, 1)
            list(apply_plan(plans[which], root.parent / f"{root.name}-{which}.log"))

        children = []
        for which in range(2):
            child = os.fork()
            if child == 0:
                try:
                    act(which)
                finally:
                    os._exit(0)
            children.append(child)
        os.write(go, b"..")
        for child in children:
            os.waitpid(child, 0)
        os.close(ready)
        os.close(go)
        assert len({"a.jpg", "keep.jpg"} & read_contents(root).keys()) == 1
