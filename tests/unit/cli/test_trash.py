"""The lines of `duplicates --apply` and `--undo` say what happened to which file."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from trash_fixtures import make_move, use_home, write_file

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
