"""Without any extra: every command works, or names the extra that it needs."""

import json
import subprocess
import sys
from pathlib import Path

from draw_images import save_drawing
from joint_model import write_joint_model
from typer.main import get_command

from sokkuri.cli import app

SCRIPT = Path(__file__).parents[1] / "support" / "plain_install.py"


def run_plainly(commands: list[list[str]], out: Path) -> list[tuple[int, str]]:
    """Return the exit code and the error line of each command."""
    command = [sys.executable, str(SCRIPT), json.dumps(commands), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [(code, line) for code, line in json.loads(out.read_text())]


def test_every_command_works_without_extras_or_names_its_extra(tmp_path: Path) -> None:
    photos, plan = tmp_path / "photos", str(tmp_path / "plan.json")
    for seed in range(6):
        save_drawing(photos / f"{seed}.jpg", seed)
    save_drawing(photos / "again.jpg", 5)
    here = ["-C", str(photos)]
    part = str(tmp_path / "part")
    joint = write_joint_model(tmp_path / "model")
    working = [
        ["list", str(photos)],
        ["index", str(photos)],
        ["index", str(photos), "--part", "1/1", "--store", part],
        ["merge", part, "--into", str(tmp_path / "whole")],
        ["search", str(photos / "1.jpg"), *here],
        ["duplicates", *here, "--resolve", plan],
        ["label", "0.jpg", "a", *here],
        ["label", "1.jpg", "b", *here],
        ["suggest", *here],
        ["outliers", *here],
        ["export", str(tmp_path / "vectors"), *here],
        ["import", str(tmp_path / "vectors"), "--root", str(photos),
            "--store", str(tmp_path / "imported"), "--model", "efficientnet-lite0-int8"],
        ["remove", "2.jpg", *here],
        ["remove", "2.jpg", "--restore", *here],
        ["status", *here],
        ["verify", *here],
        ["compact", *here, "--ann-from", "0"],
        ["index", str(photos), "--model", str(joint), "--store", str(tmp_path / "joint")],
        ["models"],
        ["compare", str(photos / "5.jpg"), str(photos / "again.jpg")],
    ]  # fmt: skip
    wanting = {
        "hub": ["models", "add", "hf:someone/model"],
        "words": ["search", "--text", "red", "-C", str(tmp_path / "joint")],
        "ray": ["index", str(photos), "--executor", "ray"],
        "cloud": ["list", "s3://bucket/photos"],
        "duplicates": ["duplicates", *here, "--apply", plan],
        "web": ["serve", *here],
        "milvus": ["push", "milvus://localhost:1/table", *here],
        "pgvector": ["push", "pgvector://localhost:1/database/table", *here],
        "map": ["map", *here],
        "parquet": ["export", str(tmp_path / "tables"), "--format", "parquet", *here],
    }
    results = run_plainly([*working, *wanting.values()], tmp_path / "results.json")
    for command, result in zip(working, results[: len(working)], strict=True):
        assert result == (0, ""), command
    for extra, (code, line) in zip(wanting, results[len(working) :], strict=True):
        assert code != 0, extra
        assert f"[{extra}]" in line, line
    verbs = {command[0] for command in [*working, *wanting.values()]}
    # `watch` runs on and on: test_watch.py has it without its extra
    assert {*verbs, "watch"} == {*get_command(app).commands}  # type: ignore[attr-defined]
