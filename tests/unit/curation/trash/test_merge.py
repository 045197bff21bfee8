"""What a person said about a trashed copy is carried over to the sidecar of the kept picture."""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from kill_steps import kill_before
from photo_metadata import make_photo, make_xmp
from trash_fixtures import (
    make_collection,
    make_move,
    read_contents,
    run_in_child,
    use_home,
    write_file,
)

from sokkuri.core.types import FileStat, PhotoMetadata
from sokkuri.curation.duplicates.contents import live_contents
from sokkuri.curation.trash.apply import apply_plan, undo
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.curation.trash.plan import Carried, TrashPlan, read_plan, write_plan
from sokkuri.curation.trash.safe_files import size_and_digest
from sokkuri.curation.types import Group
from sokkuri.images.metadata import read_sidecar
from sokkuri.images.xmp import read_xmp
from sokkuri.store.decisions import Decisions
from sokkuri.store.labels import set_labels
from sokkuri.store.photos import record_photos
from sokkuri.store.sidecars import record_sidecars

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")

KEPT = make_photo(1, xmp=make_xmp({}, ["own"]))
FILES = {"k.jpg": KEPT, "a.jpg": b"first", "b.jpg": b"second"}
A, B = Carried(3, ("sea", "own"), "Red"), Carried(5, ("sea", "hills"), "Blue")
BOTH = PhotoMetadata(rating=5, keywords=("own", "sea", "hills"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_home(tmp_path / "home", monkeypatch)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a kill leaves what is written to the system


def write_files(root: Path) -> Path:
    for path, data in FILES.items():
        write_file(root / path, data)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_files(tmp_path / "photos")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "plan.log"


def plan_of(root: Path) -> TrashPlan:
    moves = make_move(root, "a.jpg", "k.jpg"), make_move(root, "b.jpg", "k.jpg")
    return TrashPlan((replace(moves[0], carried=A), replace(moves[1], carried=B)), "now")


def merged(plan: TrashPlan, log: Path) -> list[str]:
    """Apply a plan, and return the sidecars that were written."""
    results = list(apply_plan(plan, log))
    assert all(result.moved for result in results), results
    return [result.move.path for result in results if result.is_merge]


def undo_all(log: Path) -> None:
    results = list(undo(log))
    assert all(result.moved for result in results), results


def test_a_new_sidecar_gets_what_the_copies_had(root: Path, log: Path) -> None:
    """The highest rating, all keywords also of the photo itself, and the first label."""
    plan = plan_of(root)
    for _ in range(2):
        for _ in range(2):
            assert merged(plan, log) == ["k.jpg.xmp"]
            data = (root / "k.jpg.xmp").read_bytes()
            assert (read_sidecar(data), read_xmp(data)["xmp:Label"]) == (BOTH, ["Red"])
            assert read_contents(root) == {"k.jpg": KEPT, "k.jpg.xmp": data}
        for _ in range(2):
            undo_all(log)
            assert read_contents(root) == FILES


@pytest.mark.parametrize(
    ("sidecars", "written", "expected"),
    [
        # What the kept picture has wins, and its other content stays.
        ({"k.xmp": make_xmp({"xmp:Rating": "1", "xmp:Label": "Own"}, ["mine"])}, "k.xmp",
         (1, ("mine", "sea", "own", "hills"), "Own")),
        ({"k.jpg.xmp": make_xmp({"xmp:Rating": "0"}), "k.xmp": make_xmp({}, ["stem"])},
         "k.jpg.xmp", (5, ("stem", "sea", "own", "hills"), "Red")),
        ({"K.XMP": make_xmp({})}, "K.XMP", (5, ("own", "sea", "hills"), "Red")),
        # A sidecar that another image has, too, stays as it is.
        ({"k.xmp": make_xmp({"xmp:Rating": "2"}, ["shared"]), "k.nef": b"raw"}, "k.jpg.xmp",
         (None, ("shared", "sea", "own", "hills"), "Red")),
    ],
)  # fmt: skip
def test_a_sidecar_of_the_kept_picture_is_added_to(
    root: Path, log: Path, sidecars: dict[str, bytes], written: str,
    expected: tuple[int | None, tuple[str, ...], str],
) -> None:  # fmt: skip
    for name, data in sidecars.items():
        write_file(root / name, data)
    before = read_contents(root)
    assert merged(plan_of(root), log) == [written]
    data = (root / written).read_bytes()
    photo, found = read_sidecar(data), read_xmp(data)
    assert (photo.rating, photo.keywords, *found["xmp:Label"]) == expected
    others = {name: data for name, data in sidecars.items() if name != written}
    assert others.items() <= read_contents(root).items()
    undo_all(log)
    assert read_contents(root) == before
    for name in sidecars:
        assert (root / name).stat().st_mtime_ns == 1_400_000_000_123_456_789


def test_only_copies_that_went_to_the_trash_give_something(root: Path, log: Path) -> None:
    plan = plan_of(root)
    write_file(root / "b.jpg", b"changed")
    results = list(apply_plan(plan, log))
    assert [result.moved for result in results] == [True, False, True]
    photo = read_sidecar((root / "k.jpg.xmp").read_bytes())
    assert (photo.rating, photo.keywords) == (3, ("own", "sea"))


def test_nothing_is_written_if_there_is_nothing_to_add(root: Path, log: Path) -> None:
    own = make_xmp({"xmp:Rating": "1", "xmp:Label": "x"}, ["own", "sea", "hills"])
    write_file(root / "k.jpg.xmp", own)
    assert merged(plan_of(root), log) == []
    assert (root / "k.jpg.xmp").read_bytes() == own


SPOILED: dict[str, Callable[[Path], object]] = {
    "damaged": lambda file: file.write_bytes(b"<x"),
    "a link": lambda file: file.symlink_to(file.with_name("k.jpg")),
    "a folder": lambda file: file.mkdir(),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_sidecar_that_cannot_be_added_to_is_left(root: Path, log: Path, case: str) -> None:
    plan = plan_of(root)
    SPOILED[case](root / "k.jpg.xmp")
    *moves, last = apply_plan(plan, log)
    assert all(result.moved for result in moves)
    assert (last.moved, last.move.path) == (False, "k.jpg")
    assert "its sidecar is not written: k.jpg.xmp is left as it is" in last.reason
    assert (root / "k.jpg").read_bytes() == KEPT
    undo_all(log)


def test_an_undo_leaves_a_sidecar_that_was_changed_since(root: Path, log: Path) -> None:
    merged(plan_of(root), log)
    (root / "k.jpg.xmp").write_bytes(b"newer")
    first, *others = undo(log)
    assert (first.moved, first.reason) == (False, "the sidecar was changed since")
    assert all(result.moved for result in others)
    assert (root / "k.jpg.xmp").read_bytes() == b"newer"


def test_a_log_of_a_stranger_replaces_no_photo(root: Path, log: Path) -> None:
    merged(plan_of(root), log)
    digest = size_and_digest(root / "k.jpg")
    text = log.read_text().replace(size_and_digest(root / "k.jpg.xmp")[1].hex(), digest[1].hex())
    lines = [json.loads(line) for line in text.replace("k.jpg.xmp", "k.jpg").splitlines()]
    for line in lines:
        line.pop("checksum", None)
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    first, *_ = undo(log)
    assert (first.moved, first.reason) == (False, "it is no sidecar")
    assert (root / "k.jpg").read_bytes() == KEPT


def test_a_plan_states_what_the_catalog_knows_of_copies(root: Path, tmp_path: Path) -> None:
    """Not that they have no stars. A label that the kept image has wins."""
    with make_collection(root) as collection:
        contents = live_contents(collection, Decisions()).values()
        images = {image.id: image for content in contents for image in content.images}
        digest = {id_: image.digest or b"" for id_, image in images.items()}
        rejected = PhotoMetadata(rating=-1, keywords=("hills",))
        with collection.catalog.writing():
            record_photos(collection.catalog, {digest["a.jpg"]: PhotoMetadata(rating=2),
                                               digest["b.jpg"]: rejected})  # fmt: skip
            sidecar = PhotoMetadata(rating=4, keywords=("sea",))
            record_sidecars(collection.catalog, [("a.xmp", FileStat(1, 1), sidecar)])
        set_labels(collection.catalog, [("a.jpg", "cat")])
        group = Group("same", (images["k.jpg"], images["a.jpg"], images["b.jpg"]), ())
        plan = make_trash_plan(collection, [group], merge=True)
        carried = [move.carried for move in plan.moves]
        assert carried == [Carried(4, ("sea",), "cat"), Carried(None, ("hills",))]
        write_plan(tmp_path / "plan.json", plan)
        assert read_plan(tmp_path / "plan.json") == plan
        set_labels(collection.catalog, [("k.jpg", "dog")])
        plan = make_trash_plan(collection, [group], merge=True)
        assert plan.moves[0].carried.label == ""
        (first, *_) = make_trash_plan(collection, [group]).moves
        assert first.carried == Carried()


@pytest.mark.parametrize(("first", "stride"), [(3, 6), pytest.param(1, 1, marks=pytest.mark.full)])
@pytest.mark.parametrize("verb", ["apply", "undo"])
def test_a_kill_at_any_step_leaves_the_old_sidecar_or_the_new_one(
    tmp_path: Path, verb: str, first: int, stride: int
) -> None:
    old = make_xmp({}, ["mine"])

    def apply(root: Path) -> None:
        assert merged(plans[root], root.parent / "plan.log") == ["k.xmp"]

    def take_back(root: Path) -> None:
        if (root.parent / "plan.log").exists():
            undo_all(root.parent / "plan.log")

    plans: dict[Path, TrashPlan] = {}
    for step in range(first, 200, stride):
        root = write_files(Path(tempfile.mkdtemp(dir=tmp_path)) / "photos")
        write_file(root / "k.xmp", old)
        before, plans[root] = read_contents(root), plan_of(root)
        if verb == "undo":
            apply(root)
        act = partial(apply if verb == "apply" else take_back, root)
        code = run_in_child(partial(kill_before, step, root.parent, act))
        assert code in (0, -signal.SIGKILL)
        keywords = read_sidecar((root / "k.xmp").read_bytes()).keywords
        assert keywords in (("mine",), ("mine", "sea", "own", "hills"))
        if step % 2:
            apply(root)
        take_back(root)
        there = {path: data for path, data in read_contents(root).items() if path[0] != "."}
        assert there == before
        shutil.rmtree(root.parent)
        shutil.rmtree(tmp_path / "home" / "data", ignore_errors=True)  # notes of kills
        if code == 0:
            assert step > 15, "the steps were counted"
            return
    pytest.fail("it took more steps")
