"""Near-duplicates to the trash and back, with the real command and a real trash."""

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from draw_images import draw
from photo_metadata import make_xmp
from PIL import Image
from run_cli import as_json, assert_sound, sokkuri, start
from trash_fixtures import list_live_ids, list_trash, read_contents, use_home

from sokkuri.core.paths import cache_folder
from sokkuri.images.metadata import read_sidecar

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")

PICTURES = 10
KEPT = [f"{number:02d}/picture.jpg" for number in range(PICTURES)]
COPIES = sorted(
    f"{number:02d}/{kind}.jpg" for number in range(PICTURES) for kind in ("copy", "small")
)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of images, each with an equal copy and a smaller copy, which are compared."""
    root = tmp_path_factory.mktemp("indexed") / "photos"
    for number in range(PICTURES):
        folder = root / f"{number:02d}"
        folder.mkdir(parents=True)
        picture = Image.fromarray(draw(number, 640, 480))
        picture.save(folder / "picture.jpg", quality=92)
        shutil.copyfile(folder / "picture.jpg", folder / "copy.jpg")
        picture.resize((320, 240)).save(folder / "small.jpg", quality=85)
    sokkuri("index", root)
    sokkuri("duplicates", "-C", root)
    return root


@pytest.fixture
def root(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the collection, with the dates of its files."""
    return shutil.copytree(indexed, tmp_path / "photos")


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = cache_folder()  # has the network, which need not be built again
    trash = use_home(tmp_path / "home", monkeypatch)
    monkeypatch.setenv("SOKKURI_CACHE", str(cache))
    return trash


def resolve(root: Path) -> Path:
    """Make a plan that keeps the largest image of each group, and return its path."""
    plan = root.parent / "plan.json"
    before = read_contents(root)
    found = as_json(
        "duplicates", "-C", root, "--keep", "largest", "--min-grade", "edited", "--resolve", plan
    )
    assert found == {
        "plan": str(plan),
        "moves": len(COPIES),
        "bytes": sum(len(before[move["path"]]) for move in json.loads(plan.read_text())["moves"]),
        "left_out": 0,
        "companions_moved": [],
    }
    assert read_contents(root) == before, "nothing is moved"
    return plan


def test_files_that_belong_to_moved_photos_move_too(root: Path, trash: Path) -> None:
    """Guarantee: no sidecar is orphaned. RAW files stay, and are named.

    With `--merge`, the sidecar of the picture that is kept gets its metadata.
    """
    (name, *_) = dropped(resolve(root))
    sidecar, raw = f"{name}.xmp", name.replace(".jpg", ".nef")
    (root / sidecar).write_bytes(make_xmp({"xmp:Rating": "4"}, ["sea"]))
    sokkuri("index", root)
    (root / raw).write_text("the sensor's data")
    before = read_contents(root)
    plan, alone = root.parent / "again.json", root.parent / "alone.json"
    command = ("duplicates", "-C", root, "--keep", "largest", "--min-grade", "edited")
    found = sokkuri(*command, "--resolve", plan, "--merge")
    assert f"{len(COPIES)} images and what belongs to them ({sidecar})" in found.stdout
    stays = "the trash gets the photo but not what belongs to it: "
    assert f"{stays}{raw}\n" in found.stderr
    found = sokkuri(*command, "--resolve", alone, "--no-stacks")
    assert f"{stays}{sidecar}, {raw}\n" in found.stderr
    assert len(json.loads(alone.read_text())["moves"]) == len(COPIES)
    applied = as_json("duplicates", "--apply", plan)
    assert (len(applied["moved"]), applied["companions_moved"]) == (len(COPIES), [sidecar])
    (kept,) = applied["merged"]
    photo = read_sidecar((root / kept).read_bytes())
    assert (photo.rating, photo.keywords) == (4, ("sea",))
    assert not (root / sidecar).exists()
    assert (root / raw).exists()
    returned = as_json("duplicates", "--undo", plan.with_suffix(".log"))
    assert (len(returned["returned"]), returned["companions_returned"]) == (len(COPIES), [sidecar])
    assert returned["unmerged"] == [kept]
    assert read_contents(root) == before


def dropped(plan: Path) -> list[str]:
    return sorted(move["id"] for move in json.loads(plan.read_text())["moves"])


def test_an_applied_plan_can_be_undone(root: Path, trash: Path) -> None:
    before = read_contents(root)
    plan = resolve(root)
    ids = dropped(plan)
    assert {id_.partition("/")[0] for id_ in ids} == {id_.partition("/")[0] for id_ in KEPT}
    assert len({before[id_] for id_ in before.keys() - set(ids)}) == PICTURES, "one of each is kept"

    applied = as_json("duplicates", "--apply", plan)
    log = root.parent / "plan.log"
    assert applied == {
        "log": str(log), "moved": applied["moved"], "companions_moved": [], "merged": [],
        "left": [],
    }  # fmt: skip
    assert sorted(applied["moved"]) == ids
    assert read_contents(root) == {id_: before[id_] for id_ in before.keys() - set(ids)}
    assert len(list_trash(trash)) == len(ids)
    assert list_live_ids(root) == sorted(read_contents(root)), "searches no longer find them"
    assert as_json("duplicates", "--apply", plan) == applied, "again, it says the same"

    returned = as_json("duplicates", "--undo", log)
    assert returned == {
        "returned": applied["moved"][::-1], "companions_returned": [], "unmerged": [], "left": []
    }  # fmt: skip
    assert read_contents(root) == before
    assert list_trash(trash) == []
    assert list_live_ids(root) == sorted(before)
    report = as_json("index", root)
    assert (report["added"], report["updated"], report["moved"]) == (0, 0, 0)
    assert_sound(root)


def test_a_plan_can_use_a_folder_or_hard_links_instead_of_the_trash(
    root: Path, tmp_path: Path
) -> None:
    before, plan, there = read_contents(root), resolve(root), tmp_path / "copies"
    ids, log = dropped(plan), plan.with_suffix(".log")
    applied = as_json("duplicates", "--apply", plan, "--to", there)
    assert sorted(applied["moved"]) == ids
    assert read_contents(there) == {id_: before[id_] for id_ in ids}
    assert list_live_ids(root) == sorted(before.keys() - set(ids))
    assert len(as_json("duplicates", "--undo", log)["returned"]) == len(ids)
    assert (read_contents(root), list_live_ids(root)) == (before, sorted(before))
    linked = as_json("duplicates", "--apply", plan, "--hardlink", code=1)
    assert len(linked["moved"]) == PICTURES
    assert {of["reason"] for of in linked["left"]} == {
        "its bytes differ from those of the file to keep"
    }
    assert all((root / id_).stat().st_nlink == 2 for id_ in linked["moved"])
    assert (read_contents(root), list_live_ids(root)) == (before, sorted(before))
    assert len(as_json("duplicates", "--undo", log)["returned"]) == len(ids), "again, all"
    assert all((root / id_).stat().st_nlink == 1 for id_ in before)
    report = as_json("index", root)
    assert (report["added"], report["updated"], report["moved"]) == (0, 0, 0)
    for wrong in (["--apply", plan, "--merge"], ["--undo", log, "--merge"],
                  ["--to", there], ["--undo", log, "--hardlink"],
                  ["--apply", plan, "--to", there, "--hardlink"],
                  ["--apply", plan, "--to", root / "sub"]):  # fmt: skip
        sokkuri("duplicates", *wrong, code=2)


def test_moves_deleted_from_the_plan_are_not_made(root: Path, trash: Path) -> None:
    plan = resolve(root)
    document = json.loads(plan.read_text())
    document["moves"] = [move for move in document["moves"] if move["id"].startswith("03/")]
    plan.write_text(json.dumps(document))
    assert len(as_json("duplicates", "--apply", plan)["moved"]) == 2
    assert len(read_contents(root)) == 3 * PICTURES - 2


def test_changed_files_are_left_where_they_are(root: Path, trash: Path) -> None:
    plan = resolve(root)
    first, second, *others = dropped(plan)
    (root / first).write_bytes(b"changed")
    (root / second).unlink()
    applied = as_json("duplicates", "--apply", plan, code=1)
    assert {left["id"]: left["reason"] for left in applied["left"]} == {
        first: "it was changed after the plan was made",
        second: "it is not there any more",
    }
    assert sorted(applied["moved"]) == others
    assert (root / first).read_bytes() == b"changed"

    blocked = root / others[0]
    blocked.write_bytes(b"another")
    returned = as_json("duplicates", "--undo", plan.with_suffix(".log"), code=1)
    assert returned["left"] == [{"id": others[0], "reason": "another file is at its place"}]
    assert sorted(returned["returned"]) == others[1:]
    assert blocked.read_bytes() == b"another"


def test_a_plan_with_a_path_outside_the_folder_is_refused(
    root: Path, trash: Path, tmp_path: Path
) -> None:
    plan = resolve(root)
    (tmp_path / "mine.jpg").write_bytes((root / dropped(plan)[0]).read_bytes())
    document = json.loads(plan.read_text())
    document["moves"][0]["path"] = "../mine.jpg"
    plan.write_text(json.dumps(document))
    done = sokkuri("duplicates", "--apply", plan, code=2)
    assert "move 1" in done.stderr
    assert (tmp_path / "mine.jpg").exists()
    assert list_trash(trash) == []
    assert "is not a log" in sokkuri("duplicates", "--undo", plan, code=2).stderr


def killed(lines: int, log: Path, *arguments: object) -> bool:
    """`kill -9` the command once its log has `lines` more lines. Return whether it was killed."""
    enough = lines + _lines(log)
    process = start(*arguments)
    try:
        while _lines(log) < enough:
            try:
                process.wait(timeout=0.002)
            except subprocess.TimeoutExpired:
                continue
            return False
        process.kill()
    finally:
        process.communicate()
    return process.wait() < 0


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def test_a_kill_on_the_way_to_the_trash_and_back_loses_no_file(root: Path, trash: Path) -> None:
    """Guarantee: a `kill -9` at any moment loses no file. Each is at its place or in the trash, and
    the same command or --undo continues."""
    before = read_contents(root)
    plan = resolve(root)
    log = plan.with_suffix(".log")
    seed = random.randrange(2**32)
    draws = random.Random(seed)

    def assert_nothing_is_lost() -> None:
        here = read_contents(root)
        assert here.items() <= before.items(), f"seed {seed}"
        held = Counter(file.read_bytes() for file in trash.glob("files/*"))
        assert Counter(before.values()) <= held + Counter(here.values()), f"seed {seed}"

    kills = 0
    for act in (["--apply", plan], ["--undo", log]):
        for _ in range(3):
            kills += killed(draws.randrange(1, 14), log, "duplicates", *act)
            assert_nothing_is_lost()
        done = as_json("duplicates", *act)
        assert done["left"] == [], f"seed {seed}"
        assert_nothing_is_lost()
    assert kills, f"seed {seed}"
    assert read_contents(root) == before
    assert list_live_ids(root) == sorted(before)
    assert_sound(root)
