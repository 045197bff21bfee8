"""Instead of the trash: files move into a folder, or become hard links, and all is undone."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from trash_fixtures import make_move, moved_paths, read_contents, use_home, write_file

from sokkuri.core.errors import UsageError
from sokkuri.curation.trash.apply import apply_plan, undo
from sokkuri.curation.trash.companions import with_companions
from sokkuri.curation.trash.plan import TrashPlan
from sokkuri.curation.trash.ways import TRASH, Destination

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")

FILES = {"keep.jpg": b"kept", "a.jpg": b"kept", "a.xmp": b"edits", "sub/b.jpg": b"other"}
PATHS = ["a.jpg", "a.xmp", "sub/b.jpg"]
LINKS = Destination(hardlink=True)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_home(tmp_path / "home", monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, data in FILES.items():
        write_file(tmp_path / "photos" / path, data)
    return tmp_path / "photos"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "plan.log"


@pytest.fixture(params=["one disk", "another disk", "no hard links"])
def there(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A folder to move to."""
    if request.param == "no hard links":
        monkeypatch.setattr(os, "link", refuse)
    other = Path("/dev/shm")
    if request.param != "another disk" or not other.is_dir():
        yield tmp_path / "new" / "there"
        return
    folder = other / f"sokkuri-test-{os.getpid()}"
    yield folder
    shutil.rmtree(folder)


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def plan_of(root: Path) -> TrashPlan:
    photos = make_move(root, "a.jpg", "keep.jpg"), make_move(root, "sub/b.jpg", "keep.jpg")
    return TrashPlan(tuple(with_companions(photos)))


def stats_of(root: Path) -> dict[str, tuple[int, int, int]]:
    stats = {path: (root / path).stat() for path in FILES}
    return {path: (stat.st_mtime_ns, stat.st_mode, stat.st_nlink) for path, stat in stats.items()}


def test_files_move_into_a_folder_and_come_back(root: Path, log: Path, there: Path) -> None:
    before, plan = stats_of(root), plan_of(root)
    for _ in range(2):
        for _ in range(2):
            assert moved_paths(apply_plan(plan, log, Destination(there))) == PATHS
            assert read_contents(root) == {"keep.jpg": b"kept"}
            assert read_contents(there) == {path: FILES[path] for path in PATHS}
            times = {(there / path).stat().st_mtime_ns for path in PATHS}
            assert times == {1_400_000_000_123_456_789}
        for _ in range(2):
            assert moved_paths(undo(log)) == PATHS[::-1]
            assert read_contents(root) == FILES
            assert stats_of(root) == before
            assert read_contents(there) == {}


def test_no_file_is_replaced(root: Path, log: Path, there: Path) -> None:
    """Neither in the folder, nor on the way back."""
    write_file(there / "a.jpg", b"mine")
    first, sidecar, last = apply_plan(plan_of(root), log, Destination(there))
    assert (first.moved, sidecar.moved, last.moved) == (False, False, True)
    assert first.reason == f"{there}/a.jpg exists already"
    write_file(root / "sub" / "b.jpg", b"new")
    assert [result.reason for result in undo(log)] == ["another file is at its place"]
    assert read_contents(there) == {"a.jpg": b"mine", "sub/b.jpg": b"other"}
    assert (root / "sub" / "b.jpg").read_bytes() == b"new"
    (root / "sub" / "b.jpg").unlink()
    assert moved_paths(undo(log)) == ["sub/b.jpg"]


def test_a_link_to_the_folder_in_place_of_the_root_loses_nothing(
    root: Path, log: Path, tmp_path: Path
) -> None:
    plan, there = plan_of(root), tmp_path / "there"
    assert moved_paths(apply_plan(plan, log, Destination(there))) == PATHS
    shutil.move(root / "keep.jpg", there)
    shutil.rmtree(root)
    root.symlink_to(there)
    list(apply_plan(plan, log, Destination(tmp_path / "elsewhere")))
    list(undo(log))
    assert read_contents(there) | read_contents(tmp_path / "elsewhere") == FILES


@pytest.mark.parametrize("changed", ["source", "copy"])
def test_a_file_that_changes_while_it_is_copied_stays(
    root: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    plan, there = plan_of(root), tmp_path / "there"

    def put_and_change(source: Path, place: Path) -> None:
        shutil.copyfile(source, place)
        {"source": source, "copy": place}[changed].write_bytes(b"changed")

    monkeypatch.setattr("sokkuri.curation.trash.folder.put_at", put_and_change)
    first, *_ = apply_plan(plan, log, Destination(there))
    assert (first.moved, "it changed while it was copied" in first.reason) == (False, True)
    assert (root / "a.jpg").read_bytes() == (b"changed" if changed == "source" else b"kept")
    assert (read_contents(there), list(undo(log))) == ({}, [])


def test_a_folder_that_files_cannot_go_to_is_refused(root: Path, log: Path, tmp_path: Path) -> None:
    plan = plan_of(root)
    (tmp_path / "way").symlink_to(root / "sub")
    for folder, reason in (
        (root, "found again"), (root / "sub" / "new", "found again"),
        (tmp_path / "way", "found again"), (root / "keep.jpg", "is not a folder"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=reason):
            apply_plan(plan, log, Destination(folder))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "sub").symlink_to(tmp_path)
    *_, last = apply_plan(plan, log, Destination(tmp_path / "there"))
    assert "a link leads from sub/b.jpg out of" in last.reason
    assert not (tmp_path / "b.jpg").exists()


def test_equal_files_become_hard_links_and_copies_again(root: Path, log: Path) -> None:
    (root / "a.jpg").chmod(0o600)
    before, plan = stats_of(root), plan_of(root)
    for _ in range(2):
        for _ in range(2):
            linked, other = apply_plan(plan, log, LINKS)
            assert (linked.moved, other.moved) == (True, False)
            assert other.reason == "its bytes differ from those of the file to keep"
            assert (root / "a.jpg").samefile(root / "keep.jpg")
            assert read_contents(root) == FILES
        for _ in range(2):
            assert moved_paths(undo(log)) == ["a.jpg"]
            assert read_contents(root) == FILES
            assert stats_of(root) == before


CHANGES: dict[str, Callable[[Path], object]] = {
    "its file changed": lambda root: write_file(root / "a.jpg", b"new"),
    "the kept file changed": lambda root: write_file(root / "keep.jpg", b"new"),
    "the kept file is gone": lambda root: (root / "keep.jpg").unlink(),
    "its file is a link": lambda root: link_to(root / "a.jpg", root / "keep.jpg"),
}


def link_to(file: Path, target: Path) -> None:
    file.unlink()
    file.symlink_to(target)


@pytest.mark.parametrize("case", CHANGES)
def test_a_file_that_is_not_as_planned_becomes_no_link(root: Path, log: Path, case: str) -> None:
    plan = plan_of(root)
    CHANGES[case](root)
    before = read_contents(root)
    first, _ = apply_plan(plan, log, LINKS)
    assert not first.moved
    assert (read_contents(root), list(undo(log))) == (before, [])


def test_an_undo_separates_files_whatever_happened_to_them(root: Path, log: Path) -> None:
    list(apply_plan(plan_of(root), log, LINKS))
    (root / "keep.jpg").rename(root / "renamed.jpg")
    assert moved_paths(undo(log)) == ["a.jpg"]
    assert not (root / "a.jpg").samefile(root / "renamed.jpg")
    (root / "renamed.jpg").rename(root / "keep.jpg")
    list(apply_plan(plan_of(root), log, LINKS))
    with (root / "a.jpg").open("r+b") as file:
        file.write(b"KEPT")  # a program that writes into a file changes both
    assert [result.reason for result in undo(log)] == ["another file is at its place"]
    (root / "a.jpg").unlink()
    assert [result.reason for result in undo(log)] == ["it is not there any more"]


def test_an_undo_gives_a_link_whose_kept_file_is_gone_its_own_time_stamp(
    root: Path, log: Path
) -> None:
    os.utime(root / "keep.jpg", (1, 1))
    (root / "a.jpg").chmod(0o600)
    before = stats_of(root)["a.jpg"]
    list(apply_plan(plan_of(root), log, LINKS))
    (root / "keep.jpg").unlink()
    assert moved_paths(undo(log)) == ["a.jpg"]
    found = (root / "a.jpg").stat()
    assert (found.st_mtime_ns, found.st_mode, found.st_nlink) == before


@pytest.mark.parametrize("first", ["trash", "folder", "other folder", "link"])
def test_a_file_that_went_elsewhere_before_stays_there(
    first: str, root: Path, log: Path, tmp_path: Path
) -> None:
    """A plan that is applied again in another way claims nothing that is not so."""
    ways = {
        "trash": TRASH,
        "folder": Destination(tmp_path / "there"),
        "other folder": Destination(tmp_path / "elsewhere"),
        "link": LINKS,
    }
    plan = TrashPlan(tuple(move for move in plan_of(root).moves if move.path == "a.jpg"))
    assert moved_paths(apply_plan(plan, log, ways[first])) == ["a.jpg"]
    before = read_contents(tmp_path)
    for name, way in ways.items():
        (result,) = apply_plan(plan, log, way)
        assert result.moved == (name == first)
        assert result.moved or result.reason.endswith("already: undo that first")
    assert read_contents(tmp_path).keys() == before.keys()
    assert moved_paths(undo(log)) == ["a.jpg"]
    assert read_contents(root) == FILES


def test_a_file_system_without_hard_links_keeps_the_file(
    root: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse)
    first, _ = apply_plan(plan_of(root), log, LINKS)
    assert first.reason == "it cannot become a hard link: Operation not permitted"
    assert read_contents(root) == FILES
