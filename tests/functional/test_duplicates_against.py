"""duplicates --against: find images of a folder that an archive has. The archive stays as it is."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import edited_images
import pytest
from duplicate_collection import (
    find_groups,
)
from run_cli import as_json, sokkuri
from tiny_model import write_tiny_model
from trash_fixtures import list_trash, read_contents, use_home


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A folder with edits of two of the images, and one new image."""
    for seed in (0, 1):
        edited_images.write_edits(tmp_path / "new" / f"n{seed}", seed, ["small", "crop"])
    edited_images.write_edits(tmp_path / "new" / "n9", 99, [])
    return tmp_path / "new"


def copy_ids(found: list[Any]) -> set[str]:
    return {id_ for group in found for id_ in group["ids"][1:]}


def test_a_plain_folder_is_compared_with_the_archive(
    compared: Path, new: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    found = find_groups(compared, "--against", new)
    expected = {
        str(new / f"n{seed}" / f"{name}.jpg") for seed in (0, 1)
        for name in ("orig", "small", "crop")
    }  # fmt: skip
    assert copy_ids(found) == expected
    assert {group["keep"].split("/")[0] for group in found} == {"p0", "p1"}
    grades = {Path(pair["b"]).stem: pair["grade"] for group in found for pair in group["pairs"]}
    assert grades["orig"] == "identical", "they equal files of the archive"
    for pair in (pair for group in found for pair in group["pairs"]):
        kind = {"small": "resized", "crop": "cropped"}.get(Path(pair["b"]).stem)
        assert kind is None or pair["grade"] == "identical" or kind in pair["kinds"], pair
    assert not (new / ".sokkuri").exists(), "nothing is left in the folder"

    page = tmp_path / "groups.html"
    sokkuri(
        "duplicates",
        "-C",
        compared,
        "--against",
        new,
        "--min-grade",
        "edited",
        "--resolve",
        plan,
        "--html",
        page,
    )
    assert page.read_text().count('src="data:image') == len(expected) + len(found)
    document = json.loads(plan.read_text())
    assert document["store"] is None
    assert {f"{move['root']}/{move['path']}" for move in document["moves"]} == expected
    assert {move["keep"]["root"] for move in document["moves"]} == {str(compared)}


@pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")
def test_only_files_of_the_folder_are_moved(
    compared: Path, new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guarantee: no file of the archive is moved when a folder is compared with it."""
    plan, before = tmp_path / "plan.json", read_contents(compared)
    sokkuri(
        "duplicates", "-C", compared, "--against", new, "--min-grade", "edited", "--resolve", plan
    )
    trash = use_home(tmp_path / "home", monkeypatch)
    assert len(as_json("duplicates", "--apply", plan)["moved"]) == 6
    assert read_contents(compared) == before
    assert read_contents(new).keys() == {"n9/orig.jpg"}
    assert len(list_trash(trash)) == 6


def test_a_collection_is_compared_with_the_archive(
    compared: Path, new: Path, tmp_path: Path
) -> None:
    sokkuri("index", new)
    plan = tmp_path / "plan.json"
    done = as_json(
        "duplicates", "-C", compared, "--against", new, "--min-grade", "edited", "--resolve", plan
    )
    document = json.loads(plan.read_text())
    assert done["moves"] == len(document["moves"]) == 6
    assert document["store"] == str(new / ".sokkuri")
    shutil.rmtree(new / "n0")
    shutil.rmtree(new / "n1")
    again = as_json("duplicates", "-C", compared, "--against", new)
    assert len(copy_ids(again["groups"])) == 6, "earlier comparisons are kept"


def test_another_model_or_a_folder_inside_is_refused(
    compared: Path, new: Path, tmp_path: Path
) -> None:
    sokkuri("index", new, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    done = sokkuri("duplicates", "-C", compared, "--against", new, code=1)
    assert "another model" in done.stderr
    assert done.stderr.count("\n") == 1
    done = sokkuri("duplicates", "-C", compared, "--against", compared / "p0", code=2)
    assert "contains the other" in done.stderr
