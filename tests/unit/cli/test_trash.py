"""The lines of `duplicates --apply` and `--undo` say what happened to which file."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from trash_fixtures import (
    make_collection,
    make_drops_plan,
    make_move,
    read_contents,
    use_home,
    write_file,
    write_photos,
)

from sokkuri.cli import run
from sokkuri.cli.trash import move_files
from sokkuri.curation.trash.plan import Carried, TrashPlan, write_plan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")


def test_a_sidecar_that_is_not_written_is_not_said_to_be_a_picture_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_home(tmp_path / "home", monkeypatch)
    root, plan = tmp_path / "photos", tmp_path / "plan.json"
    for name, data in {"k.jpg": b"kept", "a.jpg": b"copy", "k.jpg.xmp": b"<broken"}.items():
        write_file(root / name, data)
    move = replace(make_move(root, "a.jpg", "k.jpg"), carried=Carried(4))
    write_plan(plan, TrashPlan((move,), "now"))
    with pytest.raises(typer.Exit):
        move_files(plan, None, None, hardlink=False, as_json=False)
    said = capsys.readouterr()
    assert (
        "k.jpg: its sidecar is not written: k.jpg.xmp is left as it is: it is damaged" in said.err
    )
    assert "was not moved" not in said.err
    (root / "k.jpg.xmp").unlink()
    move_files(plan, None, None, hardlink=False, as_json=False)
    move_files(None, plan.with_suffix(".log"), None, hardlink=False, as_json=False)
    assert capsys.readouterr().out.endswith("back in place: 1 image; as before: k.jpg.xmp\n")
    assert {file.name for file in root.iterdir()} == {"k.jpg", "a.jpg"}


_SEARCHING = (
    ["--csv", "-"], ["--html", "groups.html"], ["--against", "."], ["--under", "sub"],
    ["--where", "width > 1"], ["--keep", "oldest"], ["--bursts"], ["--no-stacks"],
    ["--min-grade", "same"], ["--engine", "pgvector://localhost/d/t"],
    ["--resolve", "other.json"],
)  # fmt: skip
_DECIDING = (["--prefer"], ["--different"], ["--forget"], ["a.jpg"])


def test_options_without_effect_are_refused_before_anything_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_home(tmp_path / "home", monkeypatch)
    root, plan = write_photos(tmp_path / "photos"), tmp_path / "plan.json"
    write_plan(plan, make_drops_plan(root))
    before = read_contents(root)
    move = ["duplicates", "--apply", str(plan)]
    remember = ["duplicates", "--prefer", "a.jpg"]
    undo = ["duplicates", "--undo", str(plan.with_suffix(".log"))]
    for command, refused in (
        (move, (*_SEARCHING, *_DECIDING)), (undo, (*_SEARCHING, *_DECIDING)), (remember, _SEARCHING)
    ):  # fmt: skip
        for option in refused:
            assert run([*command, *option]) == 2, option
            said = capsys.readouterr()
            name = "IDS" if option == ["a.jpg"] else option[0]
            assert said.out == ""
            assert said.err.count("\n") == 1
            assert said.err.endswith(f"run them without {name}\n")
    assert read_contents(root) == before


def test_minus_c_must_name_the_collection_of_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_home(tmp_path / "home", monkeypatch)
    root, other = write_photos(tmp_path / "photos"), write_photos(tmp_path / "other")
    make_collection(root).close()
    make_collection(other).close()
    plan, before = tmp_path / "plan.json", read_contents(root)
    write_plan(plan, make_drops_plan(root))
    for file, verb in ((plan, "--apply"), (plan.with_suffix(".log"), "--undo")):
        assert run(["duplicates", "-C", str(other), verb, str(file)]) == 2
        assert f"-C {other} is not the collection of {file}" in capsys.readouterr().err
        assert (read_contents(root) == before) == (verb == "--apply")
        assert run(["duplicates", "-C", str(root / ".sokkuri"), verb, str(file)]) == 0
    assert read_contents(root) == before
