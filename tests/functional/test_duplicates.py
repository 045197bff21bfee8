"""duplicates: groups that are right, found once, kept through kills, with what a person decided."""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import edited
from command import as_json, sokkuri, start
from drawing import draw
from permissions import as_nobody
from sokkuri.api import Collection
from sokkuri.duplicates import find_duplicates
from sokkuri.errors import StorageError
from tiny_model import write_tiny_model
from trashing import contents, in_trash, move_in

PICTURES = 4
NAMES = ["orig", "twin", *edited.EDITS]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures and their edits in a collection, all compared."""
    root = tmp_path_factory.mktemp("compared") / "photos"
    for seed in range(PICTURES):
        edited.write(root / f"p{seed}", seed, twin=True)
    sokkuri("index", root)
    sokkuri("duplicates", "-C", root)
    return root


@pytest.fixture
def root(compared: Path, tmp_path: Path) -> Path:
    """A copy of it, which keeps the files' time stamps."""
    return shutil.copytree(compared, tmp_path / "photos")


def groups(root: Path, *options: object) -> list[Any]:
    found: list[Any] = as_json("duplicates", "-C", root, *options)["groups"]
    return found


def members(found: list[Any]) -> set[frozenset[str]]:
    return {frozenset(group["ids"]) for group in found}


def ids(seed: int, names: list[str]) -> set[str]:
    return {f"p{seed}/{name}.jpg" for name in names}


def ledger(root: Path) -> Path:
    (found,) = root.glob(".sokkuri/indexes/*/pairs.sqlite")
    return found


def opened(root: Path) -> contextlib.closing[sqlite3.Connection]:
    """The ledger, to be read."""
    return contextlib.closing(sqlite3.connect(f"file:{ledger(root)}?mode=ro", uri=True))


def ask(root: Path, question: str) -> Any:
    """The first row that the ledger answers with; None while there is no ledger that can."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{ledger(root)}?mode=ro", uri=True)
        ) as tables:
            return tables.execute(question).fetchone()
    except (ValueError, sqlite3.Error):
        return None


def everything(root: Path) -> list[list[Any]]:
    """All that the ledger holds."""
    with opened(root) as tables:
        return [
            tables.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for name in ("prints", "pairs", "compared")
        ]


def forge(root: Path) -> None:
    """Scores that no comparing gives: what is compared again loses them."""
    with contextlib.closing(sqlite3.connect(ledger(root))) as tables, tables:
        tables.execute("UPDATE pairs SET score = 0.75 WHERE grade IS NOT NULL")


def test_each_picture_is_a_group_with_the_largest_first(compared: Path) -> None:
    found = groups(compared)
    assert members(found) == {frozenset(ids(seed, NAMES)) for seed in range(PICTURES)}
    for group in found:
        assert group["keep"] == group["ids"][0]
        assert Path(group["keep"]).name in ("orig.jpg", "twin.jpg")
        assert group["grade"] == "edited", "that of the least sure"
        linked = {pair["b"]: pair for pair in group["pairs"]}
        assert {group["keep"], *linked} == {*group["ids"]}
        for pair in group["pairs"]:
            assert 0.5 <= pair["score"] <= 1
            kind = Path(pair["b"]).stem
            assert pair["grade"] == edited.GRADES.get(kind, "identical"), pair


def test_text_and_csv_say_what_json_says(compared: Path) -> None:
    found = groups(compared)
    text = sokkuri("duplicates", "-C", compared).stdout
    *parts, total = text.rstrip("\n").split("\n\n")
    assert [[line.split()[-1] for line in part.split("\n")] for part in parts] == [
        group["ids"] for group in found
    ]
    assert [part.split()[0] for part in parts] == ["keep"] * PICTURES
    assert total == f"{PICTURES} groups, {PICTURES * (len(NAMES) - 1)} images beside those to keep"
    lines = sokkuri("duplicates", "-C", compared, "--csv", "-").stdout
    header, *rows = csv.reader(io.StringIO(lines))
    assert header == ["group", "a", "b", "grade", "score"]
    assert rows == [
        [str(number), pair["a"], pair["b"], pair["grade"], f"{pair['score']:.4f}"]
        for number, group in enumerate(found, 1)
        for pair in group["pairs"]
    ]


def test_files_are_written_beside_what_is_printed(compared: Path, tmp_path: Path) -> None:
    table, page = tmp_path / "pairs.csv", tmp_path / "groups.html"
    found = groups(compared, "--csv", table, "--html", page)
    assert len(table.read_text().splitlines()) == 1 + sum(len(group["pairs"]) for group in found)
    html = page.read_text()
    assert html.count("<section>") == PICTURES
    assert html.count('src="data:image') == PICTURES * len(NAMES)
    assert all(id_ in html for group in found for id_ in group["ids"])


@pytest.mark.parametrize(
    ("grade", "names"),
    [("identical", ["orig", "twin"]), ("same", ["orig", "twin", "small"]), ("edited", NAMES)],
)
def test_a_grade_leaves_out_those_below(compared: Path, grade: str, names: list[str]) -> None:
    found = groups(compared, "--min-grade", grade)
    expected = {frozenset(ids(seed, names)) for seed in range(PICTURES)}
    assert {one for one in members(found) if any("/orig" in id_ for id_ in one)} == expected
    assert {group["grade"] for group in found} <= {"identical", "same", "edited"}


def test_only_what_is_asked_for(compared: Path) -> None:
    assert members(groups(compared, "--under", "p2")) == {frozenset(ids(2, NAMES))}
    small = [name for name in NAMES if name in ("small", "crop", "side")]
    found = groups(compared, "--where", "width < 400")
    assert {id_ for group in found for id_ in group["ids"]} <= {
        id_ for seed in range(PICTURES) for id_ in ids(seed, small)
    }
    assert len(found) == PICTURES


def test_rules_say_which_one_to_keep(root: Path) -> None:
    for seed in range(PICTURES):
        os.utime(root / f"p{seed}" / "grey.jpg", (1, 1))
    sokkuri("index", root)
    assert {group["keep"] for group in groups(root, "--keep", "oldest")} == {
        f"p{seed}/grey.jpg" for seed in range(PICTURES)
    }
    (root / "best").mkdir()
    (root / "p1" / "crop.jpg").rename(root / "best" / "crop.jpg")
    sokkuri("index", root)
    found = groups(root, "--keep", "best/", "--keep", "oldest")
    assert sorted(group["keep"] for group in found) == [
        "best/crop.jpg", "p0/grey.jpg", "p2/grey.jpg", "p3/grey.jpg",
    ]  # fmt: skip


def test_a_second_run_compares_nothing(root: Path) -> None:
    before, held = groups(root), everything(root)
    for folder in root.glob("p*"):
        shutil.rmtree(folder)
    done = sokkuri("duplicates", "-C", root, "--json")
    assert json.loads(done.stdout)["groups"] == before
    assert done.stderr == "", "no file was missed"
    assert everything(root) == held


def test_new_images_alone_are_compared(root: Path) -> None:
    forge(root)
    edited.write(root / "new", PICTURES)
    Image.fromarray(draw(0, 480, 360)).resize((120, 90)).save(root / "new" / "tiny.png")
    sokkuri("index", root)
    found = groups(root)
    fresh = {
        pair["b"] for group in found for pair in group["pairs"] if pair["score"] not in (0.75, 1.0)
    }
    assert {id_ for id_ in fresh if not id_.startswith("new/")} == set()
    assert sum(pair["score"] == 0.75 for group in found for pair in group["pairs"]) == PICTURES * (
        len(NAMES) - 2
    ), "what was known is as it was"
    shutil.rmtree(root / ".sokkuri" / "indexes")
    anew = groups(root)
    assert members(anew) == members(found)
    assert frozenset({*ids(0, NAMES), "new/tiny.png"}) in members(anew)
    assert frozenset(f"new/{name}.jpg" for name in ["orig", *edited.EDITS]) in members(anew)


def test_what_was_decided_survives(root: Path) -> None:
    """Guarantee: decisions belong to the bytes: through moves, indexing anew and comparing anew."""
    apart = ("p1/orig.jpg", "p1/small.jpg")
    assert as_json("duplicates", "-C", root, "--different", *apart) == {"changed": 1}
    assert as_json("duplicates", "-C", root, "--prefer", "p2/grey.jpg") == {"changed": 1}

    def is_decided(one: str, two: str, preferred: str) -> bool:
        found = groups(root)
        together = any({one, two} <= {*group["ids"]} for group in found)
        return not together and preferred in {group["keep"] for group in found}

    assert is_decided(*apart, "p2/grey.jpg")
    (root / "p1").rename(root / "elsewhere")
    (root / "p2" / "grey.jpg").rename(root / "kept.jpg")
    sokkuri("index", root)
    moved = ("elsewhere/orig.jpg", "elsewhere/small.jpg")
    assert is_decided(*moved, "kept.jpg")
    shutil.rmtree(root / ".sokkuri" / "indexes")
    assert is_decided(*moved, "kept.jpg")
    assert as_json("duplicates", "-C", root, "--different", "--forget", *moved) == {"changed": 1}
    assert as_json("duplicates", "-C", root, "--prefer", "--forget", "kept.jpg") == {"changed": 1}
    assert not is_decided(*moved, "kept.jpg")
    assert {group["keep"] for group in groups(root)} & {"kept.jpg", moved[1]} == set()


@pytest.mark.parametrize(
    "options",
    [
        ["p0/orig.jpg"],
        ["--different", "p0/orig.jpg"],
        ["--different", "--prefer", "p0/orig.jpg", "p1/orig.jpg"],
        ["--prefer", "p0/orig.jpg", "--csv", "-"],
        ["--min-grade", "close"],
        ["--keep", "best"],
        ["--csv", "-", "--json"],
        ["--csv", "-", "--html", "-"],
        ["--apply", "plan.json", "--undo", "plan.log"],
    ],
)
def test_what_makes_no_sense_is_said(compared: Path, options: list[str]) -> None:
    done = sokkuri("duplicates", "-C", compared, *options, code=2)
    assert done.stdout == ""
    assert done.stderr


def test_an_unknown_image_is_named(compared: Path) -> None:
    for verb in ("--different", "--prefer"):
        done = sokkuri("duplicates", "-C", compared, verb, "p0/orig.jpg", "nobody", code=1)
        assert "nobody" in done.stderr
        assert done.stderr.count("\n") == 1
    assert len(groups(compared)) == PICTURES, "nothing was decided"


def test_a_file_that_cannot_be_written_is_named(compared: Path, tmp_path: Path) -> None:
    for option in ("--csv", "--html", "--resolve"):
        done = sokkuri("duplicates", "-C", compared, option, tmp_path / "no" / "file", code=1)
        assert f"{tmp_path / 'no' / 'file'}" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_chain_of_crops_is_no_group(tmp_path: Path) -> None:
    """Guarantee: in a group each is a copy of the one to keep, not of one another's neighbour."""
    wide = Image.fromarray(draw(3, 2400, 360))
    (tmp_path / "photos").mkdir()
    for number in range(11):
        part = wide.crop((number * 160, 0, number * 160 + 480, 360))
        part.save(tmp_path / "photos" / f"{number:02d}.jpg", quality=92)
    sokkuri("index", tmp_path / "photos")
    found = groups(tmp_path / "photos")
    assert found, "neighbours are copies"
    for group in found:
        assert {pair["a"] for pair in group["pairs"]} == {group["keep"]}
        numbers = [int(Path(id_).stem) for id_ in group["ids"]]
        assert max(abs(number - numbers[0]) for number in numbers) <= 2, "both show the same part"
    seen = [id_ for group in found for id_ in group["ids"]]
    assert len(seen) == len(set(seen))


def test_blank_pictures_are_told_by_their_colour(tmp_path: Path) -> None:
    for colour in ("white", "black", "navy"):
        for size in range(4, 14):
            file = tmp_path / "photos" / colour / f"{size}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40 * size, 30 * size), colour).save(file)
    edited.write(tmp_path / "photos" / "drawn", 1, ["small"])
    sokkuri("index", tmp_path / "photos")
    found = groups(tmp_path / "photos")
    assert {tuple({id_.split("/")[0] for id_ in group["ids"]}) for group in found} == {
        ("white",), ("black",), ("navy",), ("drawn",),
    }  # fmt: skip
    assert sorted(len(group["ids"]) for group in found) == [2, 10, 10, 10]


def test_none_and_one(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    sokkuri("index", tmp_path / "photos")
    assert groups(tmp_path / "photos") == []
    edited.write(tmp_path / "photos", 1, [])
    sokkuri("index", tmp_path / "photos")
    assert groups(tmp_path / "photos") == []
    assert sokkuri("duplicates", "-C", tmp_path / "photos").stdout == "no near-duplicates\n"


def test_vectors_without_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "made").mkdir()
    for name in ("a", "b"):
        np.save(tmp_path / "made" / f"{name}.npy", np.ones(8, np.float32))
    model = write_tiny_model(tmp_path / "tiny.onnx")
    sokkuri("import", tmp_path / "made", "--root", tmp_path / "photos", "--model", model)
    done = sokkuri("duplicates", "-C", tmp_path / "photos", "--json")
    assert json.loads(done.stdout) == {"groups": []}
    assert "2 pictures were left out" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_changed_since_is_left_out(root: Path) -> None:
    shutil.rmtree(root / ".sokkuri" / "indexes")
    (root / "p0" / "small.jpg").unlink()
    (root / "p1" / "crop.jpg").write_bytes((root / "p2" / "crop.jpg").read_bytes())
    done = sokkuri("duplicates", "-C", root, "--json")
    assert "2 pictures were left out" in done.stderr
    assert done.stderr.count("\n") == 1
    assert members(json.loads(done.stdout)["groups"]) == {
        frozenset(ids(seed, NAMES) - {"p0/small.jpg", "p1/crop.jpg"}) for seed in range(PICTURES)
    }
    sokkuri("index", root)
    found = sokkuri("duplicates", "-C", root, "--json")
    assert found.stderr == ""
    assert frozenset({*ids(2, NAMES), "p1/crop.jpg"}) in members(json.loads(found.stdout)["groups"])


def test_a_damaged_ledger_is_made_anew(root: Path) -> None:
    before = groups(root)
    ledger(root).write_bytes(b"no database at all" * 1000)
    assert groups(root) == before
    assert everything(root)[2]


def test_a_store_that_cannot_be_written_is_an_error(compared: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # whom permissions bind can look into it
        root = shutil.copytree(compared, Path(folder) / "photos")
        for place in [*root.rglob("*")][::-1]:
            place.chmod(0o555 if place.is_dir() else 0o444)

        def is_said() -> bool:  # in this process: another could not start as nobody
            with pytest.raises(StorageError) as raised, Collection.open(root) as collection:
                list(find_duplicates(collection))
            said = str(raised.value)
            return said.startswith(str(root)) and "\n" not in said

        try:
            assert as_nobody(is_said)
        finally:
            for place in [root, *root.rglob("*")]:
                place.chmod(0o755)


def without(module: str, folder: Path) -> str:
    """The PYTHONPATH of a process that has no such module."""
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    return os.pathsep.join([str(folder), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])


def test_without_opencv_it_says_what_it_may_miss(root: Path, tmp_path: Path) -> None:
    shutil.rmtree(root / ".sokkuri" / "indexes")
    done = sokkuri("duplicates", "-C", root, "--json", PYTHONPATH=without("cv2", tmp_path))
    assert "may be missed" in done.stderr
    assert "sokkuri[duplicates]" in done.stderr
    assert done.stderr.count("\n") == 1
    found = json.loads(done.stdout)["groups"]
    for seed in range(PICTURES):
        (group,) = [group for group in found if f"p{seed}/orig.jpg" in group["ids"]]
        assert ids(seed, ["orig", "twin", "small", "mirror"]) <= {*group["ids"]}
        assert f"p{seed}/side.jpg" not in group["ids"]
    assert members(groups(root)) == {frozenset(ids(seed, NAMES)) for seed in range(PICTURES)}


def test_without_send2trash_it_says_what_to_install(root: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    sokkuri("duplicates", "-C", root, "--resolve", plan)
    path = without("send2trash", tmp_path)
    done = sokkuri("duplicates", "--apply", plan, code=1, PYTHONPATH=path)
    assert "sokkuri[duplicates]" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not plan.with_suffix(".log").exists()


MANY = 14
WHOLE = {
    frozenset(f"{seed:02d}/{name}.jpg" for name in ["orig", *edited.EDITS]) for seed in range(MANY)
}


@pytest.fixture
def uncompared(tmp_path: Path) -> Path:
    """Pictures in a collection that takes some seconds to compare."""
    root = tmp_path / "photos"
    for seed in range(MANY):
        edited.write(root / f"{seed:02d}", 100 + seed)
    sokkuri("index", root)
    return root


def stopped(root: Path, number: signal.Signals, pairs: int) -> tuple[int, str]:
    """Send the command a signal once so many pairs are kept : its exit code, what it said."""
    process = start("duplicates", "-C", root)
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
                break
            row = ask(root, "SELECT count(*) FROM pairs")
            if row is not None and row[0] >= pairs:
                process.send_signal(number)
                break
    finally:
        _, said = process.communicate(timeout=60)
    return process.returncode, said


def test_kills_and_interrupts_cost_what_is_at_hand(uncompared: Path) -> None:
    """Guarantee: what was found is kept, and the next run goes on and finds what an undisturbed
    run finds."""
    code, _ = stopped(uncompared, signal.SIGKILL, 1)
    assert code == -signal.SIGKILL
    (kept,) = ask(uncompared, "SELECT count(*) FROM pairs")
    assert ask(uncompared, "SELECT count(*) FROM compared") == (0,)
    forge(uncompared)

    code, said = stopped(uncompared, signal.SIGINT, kept + 1)
    assert code == 130
    assert said == "sokkuri: interrupted; what was done is kept\n"
    (now,) = ask(uncompared, "SELECT count(*) FROM pairs")
    assert now > kept
    assert ask(uncompared, "SELECT count(*) FROM compared") == (0,)

    found = groups(uncompared)
    assert members(found) == WHOLE
    scores = [pair["score"] for group in found for pair in group["pairs"]]
    assert 0.75 in scores, "what was kept is not compared again"
    assert {score for score in scores if score != 0.75}, "the rest is"


def test_two_at_once_find_the_same(root: Path) -> None:
    before = groups(root)
    shutil.rmtree(root / ".sokkuri" / "indexes")
    started = [start("duplicates", "-C", root, "--json") for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    assert [said for _, said in outputs] == ["", ""]
    first, second = (json.loads(out)["groups"] for out, _ in outputs)
    assert first == second == before


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A folder with edits of two of the pictures, and one that is new."""
    for seed in (0, 1):
        edited.write(tmp_path / "new" / f"n{seed}", seed, ["small", "crop"])
    edited.write(tmp_path / "new" / "n9", 99, [])
    return tmp_path / "new"


def copied(found: list[Any]) -> set[str]:
    return {id_ for group in found for id_ in group["ids"][1:]}


def test_against_a_plain_folder(compared: Path, new: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    found = groups(compared, "--against", new)
    expected = {
        str(new / f"n{seed}" / f"{name}.jpg") for seed in (0, 1)
        for name in ("orig", "small", "crop")
    }  # fmt: skip
    assert copied(found) == expected
    assert {group["keep"].split("/")[0] for group in found} == {"p0", "p1"}
    grades = {Path(pair["b"]).stem: pair["grade"] for group in found for pair in group["pairs"]}
    assert grades["orig"] == "identical", "they are the archive's very bytes"
    assert not (new / ".sokkuri").exists(), "nothing is left in the folder"

    page = tmp_path / "groups.html"
    sokkuri("duplicates", "-C", compared, "--against", new, "--resolve", plan, "--html", page)
    assert page.read_text().count('src="data:image') == len(expected) + len(found)
    document = json.loads(plan.read_text())
    assert document["store"] is None
    assert {f"{move['root']}/{move['path']}" for move in document["moves"]} == expected
    assert {move["keep"]["root"] for move in document["moves"]} == {str(compared)}


@pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")
def test_only_the_folder_is_moved(
    compared: Path, new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guarantee: nothing of the archive goes, whatever is compared with it."""
    plan, before = tmp_path / "plan.json", contents(compared)
    sokkuri("duplicates", "-C", compared, "--against", new, "--resolve", plan)
    trash = move_in(tmp_path / "home", monkeypatch)
    assert len(as_json("duplicates", "--apply", plan)["moved"]) == 6
    assert contents(compared) == before
    assert contents(new).keys() == {"n9/orig.jpg"}
    assert len(in_trash(trash)) == 6


def test_against_a_collection(compared: Path, new: Path, tmp_path: Path) -> None:
    sokkuri("index", new)
    plan = tmp_path / "plan.json"
    done = as_json("duplicates", "-C", compared, "--against", new, "--resolve", plan)
    document = json.loads(plan.read_text())
    assert done["moves"] == len(document["moves"]) == 6
    assert document["store"] == str(new / ".sokkuri")
    shutil.rmtree(new / "n0")
    shutil.rmtree(new / "n1")
    again = as_json("duplicates", "-C", compared, "--against", new)
    assert len(copied(again["groups"])) == 6, "what was compared is known"


def test_against_another_model_or_itself_is_refused(
    compared: Path, new: Path, tmp_path: Path
) -> None:
    sokkuri("index", new, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    done = sokkuri("duplicates", "-C", compared, "--against", new, code=1)
    assert "another model" in done.stderr
    assert done.stderr.count("\n") == 1
    done = sokkuri("duplicates", "-C", compared, "--against", compared / "p0", code=2)
    assert "not apart" in done.stderr
