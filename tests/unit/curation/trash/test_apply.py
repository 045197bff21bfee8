"""Files go to the trash only if everything is as the plan says, and they come back."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from trash_fixtures import (
    DROPS,
    FILES,
    list_live_ids,
    list_trash,
    make_collection,
    make_drops_plan,
    make_move,
    moved_paths,
    read_contents,
    use_home,
    write_file,
    write_photos,
)

from sokkuri.api import Collection
from sokkuri.core.errors import MissingExtraError
from sokkuri.curation.duplicates.contents import live_contents
from sokkuri.curation.trash.apply import apply_plan, log_path, undo
from sokkuri.curation.trash.companions import with_companions
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.curation.trash.plan import TrashPlan
from sokkuri.curation.types import DuplicateImage, Group, Pair
from sokkuri.store.decisions import Decisions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_home(tmp_path / "home", monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "plan.log"


def test_files_go_to_the_trash_and_come_back(trash: Path, root: Path, log: Path) -> None:
    before = {path: (root / path).stat() for path in FILES}
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS
    assert read_contents(root) == {"keep.jpg": b"kept"}
    assert list_trash(trash) == ["a.jpg", "b.jpg", "c.jpg"]
    assert moved_paths(undo(log)) == DROPS[::-1], "the newest first"
    assert read_contents(root) == FILES
    assert list_trash(trash) == []
    for path, stat in before.items():
        after = (root / path).stat()
        assert (after.st_mtime_ns, after.st_ino) == (stat.st_mtime_ns, stat.st_ino)


def test_files_that_belong_to_a_photo_go_with_it(trash: Path, root: Path, log: Path) -> None:
    """A film that changed stays, and what belongs to the film. All comes back."""
    for name in ("a.MOV", "a.jpg.xmp", "a.xmp", "sub/b.xmp"):
        write_file(root / name, name.encode())
    plan = TrashPlan(tuple(with_companions(make_drops_plan(root).moves)))
    paths = ["a.jpg", "a.MOV", "a.jpg.xmp", "a.xmp", "sub/b.jpg", "sub/b.xmp", "sub/deep/c.jpg"]
    assert [move.path for move in plan.moves] == paths
    before = read_contents(root)
    assert moved_paths(apply_plan(plan, log)) == paths
    assert read_contents(root) == {"keep.jpg": b"kept"}
    assert moved_paths(undo(log)) == paths[::-1]
    assert read_contents(root) == before
    write_file(root / "a.MOV", b"another")
    stayed = [result for result in apply_plan(plan, log.with_name("2.log")) if not result.moved]
    assert [result.move.path for result in stayed] == ["a.MOV", "a.xmp"]
    assert stayed[1].reason == "a.MOV, which it belongs to, stays"


@pytest.mark.parametrize("fate", ["refused", "not in the plan", "another photo"])
def test_a_file_stays_if_a_photo_that_it_belongs_to_stays(
    trash: Path, root: Path, log: Path, fate: str
) -> None:
    write_file(root / "a.xmp", b"edits")
    photo, sidecar = with_companions([make_move(root, "a.jpg", "keep.jpg")])
    if fate == "refused":
        write_file(root / "a.jpg", b"changed")
    elif fate == "another photo":
        write_file(root / "a.nef", b"came after the plan was made")
    moves = (sidecar,) if fate == "not in the plan" else (photo, sidecar)
    *_, last = apply_plan(TrashPlan(moves), log)
    owner = "a.nef" if fate == "another photo" else "a.jpg"
    assert (last.moved, last.reason) == (False, f"{owner}, which it belongs to, stays")
    assert (root / "a.xmp").read_bytes() == b"edits"


def test_applying_or_undoing_again_gives_the_same_result(
    trash: Path, root: Path, log: Path
) -> None:
    moves = make_drops_plan(root)
    for _ in range(2):
        for _ in range(2):
            assert moved_paths(apply_plan(moves, log)) == DROPS
            assert read_contents(root) == {"keep.jpg": b"kept"}
        for _ in range(2):
            assert moved_paths(undo(log)) == DROPS[::-1]
            assert read_contents(root) == FILES


def _link_out(folder: Path) -> None:
    """The folder is a link now, to the same files outside of the root."""
    elsewhere = folder.parents[1] / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


def _instead(file: Path, make: Callable[[Path], object]) -> None:
    """Something else has the file's name."""
    file.unlink()
    make(file)


def _lead_to(folder: Path, target: Path) -> None:
    """The folder is a link now."""
    shutil.rmtree(folder)
    folder.symlink_to(target)


B, K = "sub/b.jpg", "k/keep.jpg"
REFUSED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "changed": ("it was changed", lambda root: write_file(root / B, b"second!")),
    "changed in place": ("it was changed", lambda root: write_file(root / B, b"sEcond")),
    "gone": ("it is not there", lambda root: (root / B).unlink()),
    "its folder is gone": ("it is not there", lambda root: shutil.rmtree(root / "sub")),
    "a link": (
        "it is a link",
        lambda root: _instead(root / B, lambda file: file.symlink_to(root / "a.jpg")),
    ),
    "a folder": ("it is not a regular file", lambda root: _instead(root / B, Path.mkdir)),
    "a pipe": ("it is not a regular file", lambda root: _instead(root / B, os.mkfifo)),
    "out of the root": ("out of", lambda root: _link_out(root / "sub")),
    "its folder leads to itself": (
        "levels of symbolic links",
        lambda root: _lead_to(root / "sub", Path("sub")),
    ),
}
KEEP_REFUSED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "changed": ("was changed", lambda root: write_file(root / K, b"KEPT")),
    "gone": ("is not there", lambda root: (root / K).unlink()),
    "a link to what is dropped": (
        "is a link",
        lambda root: _instead(root / K, lambda file: file.symlink_to(root / "same.jpg")),
    ),
    "the same file": (
        "same file",
        lambda root: _instead(root / K, lambda file: file.hardlink_to(root / "same.jpg")),
    ),
    "in a folder that leads to what is dropped": (
        "same file",  # the root's `keep.jpg` is what is dropped
        lambda root: _lead_to(root / "k", root),
    ),
    "out of the root": ("out of", lambda root: _link_out(root / "k")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_not_as_planned_stays(trash: Path, root: Path, log: Path, case: str) -> None:
    moves = make_drops_plan(root)
    reason, change = REFUSED[case]
    change(root)
    before = read_contents(root)
    done = {result.move.path: result for result in apply_plan(moves, log)}
    assert not done["sub/b.jpg"].moved
    assert reason in done["sub/b.jpg"].reason
    assert "\n" not in done["sub/b.jpg"].reason
    assert done["a.jpg"].moved, "the others go on"
    assert "b.jpg" not in list_trash(trash)
    for result in undo(log):
        assert result.moved
    assert read_contents(root) == before


@pytest.mark.parametrize("case", KEEP_REFUSED)
def test_a_file_stays_if_the_file_to_keep_is_not_as_planned(
    trash: Path, root: Path, log: Path, case: str
) -> None:
    write_file(root / "k" / "keep.jpg", b"kept")
    write_file(root / "same.jpg", b"kept")
    dropped = "keep.jpg" if "folder" in case else "same.jpg"
    moves = TrashPlan(
        (make_move(root, dropped, "k/keep.jpg"), make_move(root, "a.jpg", "sub/b.jpg"))
    )
    reason, change = KEEP_REFUSED[case]
    change(root)
    refused, other = apply_plan(moves, log)
    assert not refused.moved
    assert reason in refused.reason
    assert other.moved
    assert list_trash(trash) == ["a.jpg"]
    assert (root / dropped).read_bytes() == b"kept"


def test_a_plan_never_moves_a_file_that_it_keeps(trash: Path, root: Path, log: Path) -> None:
    chain = TrashPlan(
        (make_move(root, "a.jpg", "sub/b.jpg"), make_move(root, "sub/b.jpg", "keep.jpg"))
    )
    first, second = apply_plan(chain, log)
    assert (first.moved, second.moved) == (True, False)
    assert "the plan keeps it" in second.reason
    ring = TrashPlan(
        (make_move(root, "keep.jpg", "sub/b.jpg"), make_move(root, "sub/b.jpg", "keep.jpg"))
    )
    assert not any(result.moved for result in apply_plan(ring, log.with_name("ring.log")))


def test_a_kept_file_stays_if_the_plan_spells_its_name_in_another_way(
    trash: Path, root: Path, log: Path
) -> None:
    """A file system that ignores case has one file for both names; a hard link stands for it."""
    (root / "A.JPG").hardlink_to(root / "a.jpg")
    plan = TrashPlan((make_move(root, "sub/b.jpg", "a.jpg"), make_move(root, "A.JPG", "keep.jpg")))
    first, second = apply_plan(plan, log)
    assert (first.moved, second.moved) == (True, False)
    assert "the plan keeps it" in second.reason


def test_a_root_may_be_a_link(trash: Path, root: Path, log: Path) -> None:
    (root.parent / "way").symlink_to(root)
    moves = make_drops_plan(root.parent / "way")
    assert moved_paths(apply_plan(moves, log)) == DROPS
    assert moved_paths(undo(log)) == DROPS[::-1]
    assert read_contents(root) == FILES


def test_names_that_are_not_utf_8_go_and_come_back(trash: Path, root: Path, log: Path) -> None:
    name, sidecar = "sub/\udcff\udc80 é\n.jpg", "sub/\udcff\udc80 é\n.XMP"
    write_file(root / name, b"odd")
    write_file(root / sidecar, b"edits")
    plan = TrashPlan(tuple(with_companions([make_move(root, name, "keep.jpg")])))
    assert moved_paths(apply_plan(plan, log)) == [name, sidecar]
    assert moved_paths(undo(log)) == [sidecar, name]
    assert (root / name).read_bytes() == b"odd"
    assert (root / sidecar).read_bytes() == b"edits"


def test_files_stay_if_the_trash_takes_none(trash: Path, root: Path, log: Path) -> None:
    write_file(trash, b"no folder")
    done = list(apply_plan(make_drops_plan(root), log))
    assert [result.moved for result in done] == [False] * 3
    assert all("the trash does not take it" in result.reason for result in done)
    assert read_contents(root) == FILES
    assert list(undo(log)) == [], "nothing was moved, so nothing comes back"
    trash.unlink()
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS


def test_a_file_that_appeared_is_not_replaced(trash: Path, root: Path, log: Path) -> None:
    moves = make_drops_plan(root)
    assert moved_paths(apply_plan(moves, log)) == DROPS
    write_file(root / "a.jpg", b"another")
    (root / "sub" / "b.jpg").symlink_to(root / "keep.jpg")
    (root / "sub" / "deep" / "c.jpg").mkdir()
    done = list(undo(log))
    assert [result.moved for result in done] == [False] * 3
    assert {result.reason for result in done} <= {
        "another file is at its place",
        "it is not a regular file",
    }
    assert (root / "a.jpg").read_bytes() == b"another"
    assert list_trash(trash) == ["a.jpg", "b.jpg", "c.jpg"]
    (root / "a.jpg").unlink()
    assert [result.move.path for result in undo(log) if result.moved] == ["a.jpg"]
    assert (root / "a.jpg").read_bytes() == b"first"


def test_an_undo_creates_missing_folders(trash: Path, root: Path, log: Path) -> None:
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS
    shutil.rmtree(root / "sub")
    assert moved_paths(undo(log)) == DROPS[::-1]
    assert read_contents(root) == FILES


def test_an_undo_writes_nothing_outside_the_root(trash: Path, root: Path, log: Path) -> None:
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS
    shutil.rmtree(root / "sub")
    outside = root.parent / "outside"
    outside.mkdir()
    (root / "sub").symlink_to(outside)
    done = {result.move.path: result for result in undo(log)}
    assert done["a.jpg"].moved
    assert "out of" in done["sub/b.jpg"].reason
    assert "out of" in done["sub/deep/c.jpg"].reason
    assert list(outside.iterdir()) == []


def test_an_undo_reports_an_empty_trash_and_a_missing_root(
    trash: Path, root: Path, log: Path
) -> None:
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS
    moved = root.rename(root.parent / "moved")
    assert {result.reason for result in undo(log)} == {f"there is no folder {root}"}
    assert not root.exists()
    moved.rename(root)
    shutil.rmtree(trash)
    assert {result.reason for result in undo(log)} == {"it is not in the trash any more"}
    assert sorted(one.name for one in root.iterdir()) == ["keep.jpg", "sub"], "no folder is made"


def images(collection: Collection, *ids: str) -> tuple[DuplicateImage, ...]:
    """These images of a collection; an id that it does not have has no file."""
    contents = live_contents(collection, Decisions()).values()
    known = {image.id: image for content in contents for image in content.images}
    return tuple(
        known.get(id_, DuplicateImage(id_, id_, collection.root, None, None, 0, 0)) for id_ in ids
    )


def test_a_plan_moves_all_images_of_a_group_but_those_to_keep(trash: Path, root: Path) -> None:
    """An image that another group keeps stays, and so does one without a file."""
    make_collection(root).close()
    pairs = (Pair("a.jpg", "keep.jpg", "same", 0.9), Pair("a.jpg", "sub/b.jpg", "identical", 1))
    with Collection.open(root) as collection:
        groups = [
            Group("edited", images(collection, "keep.jpg", "a.jpg", "sub/b.jpg"), pairs),
            Group("alike", images(collection, "sub/b.jpg", "a.jpg"), ()),
            Group("same", images(collection, "none.jpg", "sub/deep/c.jpg"), ()),
            Group("same", images(collection, "keep.jpg", "none.jpg"), ()),
        ]
        made = make_trash_plan(collection, groups)
    assert [(move.id, move.grade, move.kept.id) for move in made.moves] == [
        ("a.jpg", "same", "keep.jpg")
    ]
    assert made.moves[0].root == made.moves[0].kept.root == str(root)
    assert made.moves[0].size == len(FILES["a.jpg"])
    assert made.store == str(root / ".sokkuri")


def test_searches_leave_out_moved_images_until_they_are_back(
    trash: Path, root: Path, log: Path
) -> None:
    with make_collection(root) as collection:
        made = make_trash_plan(collection, [Group("same", images(collection, *FILES), ())])
        assert sorted(move.id for move in made.moves) == DROPS
        write_file(root / "a.jpg", b"changed")
        done = apply_plan(made, log)
        assert sum(result.moved for result in done) == 2
        assert list_live_ids(root) == ["a.jpg", "keep.jpg"]
        assert moved_paths(apply_plan(TrashPlan((), store=made.store), log)) == []
        list(undo(log))
        assert list_live_ids(root) == sorted(FILES)


def test_an_image_that_comes_back_with_another_time_waits_for_the_next_run(
    trash: Path, root: Path, log: Path
) -> None:
    with make_collection(root) as collection:
        group = Group("same", images(collection, "keep.jpg", "a.jpg"), ())
        made = make_trash_plan(collection, [group])
        assert moved_paths(apply_plan(made, log)) == ["a.jpg"]
        os.utime(trash / "files" / "a.jpg", ns=(0, 5))
        assert moved_paths(undo(log)) == ["a.jpg"]
        assert "a.jpg" not in list_live_ids(root)


def test_a_catalog_of_another_folder_is_not_changed(trash: Path, root: Path, log: Path) -> None:
    """A copy of the collection's folder holds the same paths and bytes: they are not its images."""
    copy = shutil.copytree(root, root.parent / "copy")
    make_collection(root).close()
    moves = TrashPlan(make_drops_plan(copy).moves, store=str(root / ".sokkuri"))
    assert moved_paths(apply_plan(moves, log)) == DROPS
    assert list_live_ids(root) == sorted(FILES)


@pytest.mark.parametrize("store", ["nothing", "damaged"])
def test_files_move_even_if_the_catalog_cannot_be_opened(
    trash: Path, root: Path, log: Path, store: str
) -> None:
    write_file(root / "damaged" / "catalog.sqlite", b"no catalog")
    moves = TrashPlan(make_drops_plan(root).moves, store=str(root / store))
    assert moved_paths(apply_plan(moves, log)) == DROPS
    assert moved_paths(undo(log)) == DROPS[::-1]


def test_the_log_of_a_plan_is_beside_it(tmp_path: Path) -> None:
    assert log_path(tmp_path / "plan.json") == tmp_path / "plan.log"


def test_without_the_extra_no_move_begins(
    root: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "send2trash", None)
    with pytest.raises(MissingExtraError):
        apply_plan(make_drops_plan(root), log)
    assert not log.exists()
