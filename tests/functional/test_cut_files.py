"""Files that lack their end are read as far as they go, and never take the place of a whole one."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_cli import as_json, sokkuri


def save_scene(path: Path, seed: int, **options: object) -> bytes:
    """Save a JPEG with detail everywhere, and return its bytes."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (15, 20, 3), dtype=np.uint8))
    scene = np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(scene + rng.normal(0, 6, scene.shape), 0, 255).astype(np.uint8)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(noisy).save(path, "JPEG", **options)
    return path.read_bytes()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two scenes; of the first also a copy that is cut short, and this copy once more."""
    root = tmp_path / "photos"
    whole = save_scene(root / "z whole.jpg", 1, quality=90)
    for name in ("a cut.jpg", "b cut.jpg"):
        (root / name).write_bytes(whole[: len(whole) * 95 // 100])
    save_scene(root / "other.jpg", 2)
    report = as_json("index", root)
    assert (report["failed"], report["damaged"], report["total"]) == (0, 2, 4)
    return root


def test_a_file_that_is_cut_short_is_found_and_named(photos: Path) -> None:
    """Guarantee: a file without its end is read, and `status` says what is missing."""
    hits = as_json("search", "-C", photos, "z whole.jpg", "-k", 3)["hits"]
    assert {hit["id"] for hit in hits} == {"z whole.jpg", "a cut.jpg", "b cut.jpg"}
    status = as_json("status", "-C", photos)
    assert [image["id"] for image in status["damaged"]] == ["a cut.jpg", "b cut.jpg"]
    assert all(image["reason"].startswith("the file is cut short: ") for image in status["damaged"])
    assert (status["failed"], status["total"]) == (0, 4)
    text = sokkuri("status", "-C", photos).stdout
    assert "damaged    2, read in part" in text
    assert "a cut.jpg: the file is cut short: " in text
    (photos / "a cut.jpg").rename(photos / "moved.jpg")
    told = sokkuri("index", photos).stderr
    assert "2 images could be read only in part: see `sokkuri status`" in told
    damaged = [image["id"] for image in as_json("status", "-C", photos)["damaged"]]
    assert damaged == ["b cut.jpg", "moved.jpg"]


def test_a_whole_file_is_kept_and_one_that_is_cut_short_is_never_the_same(
    photos: Path, tmp_path: Path
) -> None:
    """Guarantee: a file that is cut short is not kept in the place of a whole one."""
    for rules in ([], ["--keep", "largest"], ["--keep", "oldest"]):
        (group,) = as_json("duplicates", "-C", photos, *rules)["groups"]
        assert group["keep"] == "z whole.jpg"
        grades = {(pair["a"], pair["b"]): pair["grade"] for pair in group["pairs"]}
        assert grades == {
            ("z whole.jpg", "a cut.jpg"): "edited",
            ("a cut.jpg", "b cut.jpg"): "identical",
        }
    assert "is whole, and not cut short" in group["why"] or "--keep" in group["why"]
    plan = tmp_path / "plan.json"
    plan.write_text("an older plan")
    told = sokkuri("duplicates", "-C", photos, "--min-grade", "edited", "--resolve", plan).stderr
    assert f"{plan} was there already: that plan is {tmp_path / 'plan.old-1.json'} now\n" in told
    assert (tmp_path / "plan.old-1.json").read_text() == "an older plan"
    assert "z whole.jpg" not in {move["id"] for move in json.loads(plan.read_text())["moves"]}


def test_a_damaged_image_of_the_collection_replaces_no_whole_one(tmp_path: Path) -> None:
    """Its whole copy in another folder is named as a conflict, and not planned."""
    root, other = tmp_path / "photos", tmp_path / "other"
    whole = save_scene(other / "whole.jpg", 1, quality=90)
    save_scene(root / "x.jpg", 2)
    (root / "cut.jpg").write_bytes(whole[: len(whole) * 95 // 100])
    sokkuri("index", root)
    against = ("duplicates", "-C", root, "--against", other, "--min-grade", "edited")
    (group,) = as_json(*against)["groups"]
    assert group["keep"] == "cut.jpg"
    assert "is whole, and it is cut short" in group["conflict"]
    sokkuri(*against, "--resolve", tmp_path / "plan.json")
    assert json.loads((tmp_path / "plan.json").read_text())["moves"] == []


def test_what_parts_know_of_damage_is_merged(photos: Path) -> None:
    for number in (1, 2):
        sokkuri("index", photos, "--part", f"{number}/2")
    sokkuri("merge", photos, "--into", photos.parent / "merged")
    expected = as_json("status", "-C", photos)["damaged"]
    assert as_json("status", "-C", photos.parent / "merged")["damaged"] == expected != []
