"""A collection is never emptied by accident: mounts, lists, links and stores below the photos."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from draw_images import save_drawing
from run_cli import as_json, assert_sound, count_rows_in_shards, read_positions, sokkuri
from tiny_model import write_tiny_model

COUNT = 8


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="module")
def indexed(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("indexed") / "photos"
    for seed in range(COUNT):
        save_drawing(root / ("sub" if seed % 2 else "top") / f"{seed}.png", seed)
    assert as_json("index", root, "--model", model)["added"] == COUNT
    return root


@pytest.fixture
def photos(indexed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(indexed, tmp_path / "photos")


def read_catalog(store: Path) -> list[Any]:
    """Return all images and settings of a store."""
    catalog = sqlite3.connect(store / "catalog.sqlite")
    rows = [*catalog.execute("SELECT * FROM images ORDER BY key")]
    rows += catalog.execute("SELECT * FROM meta ORDER BY key")
    catalog.close()
    return rows


def take_away(photos: Path) -> Path:
    """Move the photos away, as when their disk is not mounted; the store stays."""
    away = photos.parent / "away"
    away.mkdir()
    for folder in ("top", "sub"):
        (photos / folder).rename(away / folder)
    return away


def bring_back(photos: Path) -> None:
    for folder in ("top", "sub"):
        (photos.parent / "away" / folder).rename(photos / folder)


def assert_stops(photos: Path, *options: object, reason: str) -> None:
    """Check that `index` stops with one line, and that the same run goes on when it is allowed."""
    before = read_catalog(photos / ".sokkuri")
    stopped = sokkuri("index", photos, *options, code=1)
    assert stopped.stdout == ""
    assert stopped.stderr.count("\n") == 1
    assert reason in stopped.stderr
    assert "nothing was changed" in stopped.stderr
    assert "--accept-removals" in stopped.stderr
    assert read_catalog(photos / ".sokkuri") == before
    assert as_json("index", photos, *options, "--dry-run")["needs_accept_removals"]
    assert as_json("index", photos, *options, "--accept-removals")["removed"] > COUNT // 2


def test_an_empty_mount_point_stops_the_run(photos: Path) -> None:
    """Guarantee: a run that would mark most images as gone changes nothing unless it is allowed.
    When the disk is back, nothing is extracted."""
    take_away(photos)
    assert_stops(photos, reason=f"all 8 images of the collection are not in {photos} any more")
    sokkuri("compact", "-C", photos)
    bring_back(photos)
    report = as_json("index", photos)
    assert (report["reused"], report["added"], report["total"]) == (COUNT, 0, COUNT)
    assert_sound(photos)


def test_purge_forgets_images_whose_files_are_gone(photos: Path) -> None:
    take_away(photos)
    sokkuri("index", photos, "--accept-removals")
    assert as_json("compact", "-C", photos)["rows_after"] == COUNT
    assert as_json("compact", "-C", photos, "--purge")["rows_after"] == 0
    assert count_rows_in_shards(photos / ".sokkuri") == 0
    bring_back(photos)
    assert as_json("index", photos)["added"] == COUNT


def test_a_list_without_the_images_stops_the_run(photos: Path, tmp_path: Path) -> None:
    """An empty list, a list of another folder, and one that has less than half of the images."""
    names = tmp_path / "names.txt"
    for text in ("", "/elsewhere/1.png\nnowhere.png\n", "top/0.png\nsub/1.png\ntop/2.png\n"):
        names.write_text(text)
        before = read_catalog(photos / ".sokkuri")
        stopped = sokkuri("index", photos, "--list", names, code=1)
        assert f"images of the collection are not in the list {names}" in stopped.stderr
        assert read_catalog(photos / ".sokkuri") == before
    assert_stops(photos, "--list", names, reason="5 of 8 images")


def test_a_wrong_exclude_stops_the_run_and_is_not_remembered(photos: Path) -> None:
    sokkuri("index", photos, "--exclude", "*", code=1)
    assert as_json("index", photos)["unchanged"] == COUNT
    assert as_json("index", photos, "--exclude", "sub/")["removed"] == COUNT // 2, "not over half"


def test_another_folder_stops_the_run_and_is_not_remembered(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    sokkuri("index", photos, "--store", store, "--model", model)
    moved = photos.rename(tmp_path / "moved")
    save_drawing(tmp_path / "wrong" / "1.png", 100)
    stopped = sokkuri("index", tmp_path / "wrong", "--store", store, code=1)
    assert f"all 8 images of the collection are not in {tmp_path / 'wrong'}" in stopped.stderr
    assert as_json("status", "-C", store)["root"] == str(photos)
    assert as_json("index", moved, "--store", store)["unchanged"] == COUNT
    assert as_json("status", "-C", store)["root"] == str(moved)


def test_a_renamed_folder_needs_no_permission(photos: Path) -> None:
    """Its files are there with their sizes and time stamps: they moved, and are not gone."""
    for name in ("top", "sub"):
        (photos / name).rename(photos / f"{name} of 2024")
    report = as_json("index", photos)
    assert (report["moved"], report["removed"], report["total"]) == (COUNT, 0, COUNT)


def test_a_renamed_folder_moves_images_to_other_parts_and_the_whole_loses_none(
    model: Path, tmp_path: Path
) -> None:
    """A part cannot see whether another one has its images, so its run stops first."""
    root = tmp_path / "photos"
    for seed in range(2 * COUNT):
        save_drawing(root / "old" / f"{seed}.png", seed)
    parts = [("--model", model, "--part", f"{number}/2") for number in (1, 2)]
    for part in parts:
        sokkuri("index", root, *part)
    sokkuri("merge", root)
    sokkuri("label", "-C", root, "old/3.png", "kept")
    before = read_positions(root / ".sokkuri")
    (root / "old").rename(root / "new")
    for part in parts:
        told = sokkuri("index", root, *part, code=1).stderr
        assert "--accept-removals" in told
        sokkuri("index", root, *part, "--accept-removals")
    merged = as_json("merge", root)
    assert (merged["moved"], merged["removed"], merged["total"]) == (2 * COUNT, 0, 2 * COUNT)
    assert read_positions(root / ".sokkuri") == {
        id_.replace("old", "new"): at for id_, at in before.items()
    }
    assert as_json("label", "-C", root)["labels"] == {"kept": 1}
    assert as_json("index", root)["unchanged"] == 2 * COUNT


def test_repair_leaves_images_whose_files_all_seem_gone(photos: Path) -> None:
    take_away(photos)
    done = sokkuri("verify", "-C", photos, "--repair", code=1)
    assert "8 of 8 images have no file and are left as they are" in done.stderr
    bring_back(photos)
    assert_sound(photos)
    (photos / "top" / "0.png").unlink()
    assert "marked as missing" in sokkuri("verify", "-C", photos, "--repair").stderr


def test_the_recipe_with_a_list_works(photos: Path, model: Path, tmp_path: Path) -> None:
    """`sokkuri list ROOT > L; sokkuri index ROOT --list L`, with an absolute and a relative ROOT,
    with a link to it, and for a new collection."""
    link = tmp_path / "link"
    link.symlink_to(photos)
    for root in (str(photos), "photos", "./photos", "photos/", "link", str(link)):
        names = tmp_path / "names.txt"
        names.write_text(sokkuri("list", root, cwd=tmp_path).stdout)
        done = sokkuri("index", root, "--list", names, "--json", cwd=tmp_path)
        assert '"unchanged": 8' in done.stdout, root
        assert done.stderr == "", root
    names.write_text(sokkuri("list", "photos", cwd=tmp_path).stdout)
    again = ("index", "photos", "--list", names, "--store", tmp_path / "new", "--model", model)
    assert as_json(*again, cwd=tmp_path)["added"] == COUNT


def test_one_file_is_one_image_however_a_list_spells_it(photos: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    lines = sokkuri("list", photos).stdout.splitlines()
    odd = ["sub//1.png", "sub/./1.png", "./sub/1.png", "sub/../sub/1.png", f"{photos}//sub/1.png",
           "../outside.png", "/etc/1.png", "sub/1.png\0", ".sokkuri/thumbnails/x.png"]  # fmt: skip
    save_drawing(photos / ".sokkuri" / "thumbnails" / "x.png", 50)
    names.write_text("\n".join([*odd, *lines]))
    done = sokkuri("index", photos, "--list", names, "--json")
    assert '"unchanged": 8' in done.stdout
    assert [line.partition(" of the list")[0] for line in done.stderr.splitlines()] == [
        "../outside.png", "/etc/1.png", "sub/1.png\\x00", ".sokkuri/thumbnails/x.png",
    ]  # fmt: skip
    assert done.stderr.count("it leads out of the folder of images") == 2
    assert "it is in the store of a collection" in done.stderr


def test_a_store_below_the_photos_is_never_listed(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    """A store with a visible name, another collection's store, and a folder that is its own
    store."""
    shutil.rmtree(photos / ".sokkuri")
    for store in (photos / "store", photos):
        assert as_json("index", photos, "--store", store, "--model", model)["total"] == COUNT
        save_drawing(store / "thumbnails" / "ab" / "1.png", 60)
        save_drawing(store / "indexes" / "1.png", 61)
        report = as_json("index", photos, "--store", store)
        assert (report["unchanged"], report["total"]) == (COUNT, COUNT)
    assert len(sokkuri("list", photos).stdout.splitlines()) == COUNT
    save_drawing(photos / "thumbnails of mine" / "1.png", 62)
    assert as_json("index", photos, "--store", photos)["added"] == 1


def test_a_store_is_not_taken_for_a_folder_of_images(photos: Path) -> None:
    """A collection in a store would keep the store's own folder from being indexed."""
    sokkuri("index", photos)
    for root in (photos / ".sokkuri", photos / ".sokkuri" / "features"):
        refused = sokkuri("index", root, code=2)
        assert "name the folder of images" in refused.stderr
        assert not (root / ".sokkuri").exists()


def test_a_folder_that_becomes_a_link_is_treated_alike_everywhere(photos: Path) -> None:
    """Its images leave, with a note, and `verify` and `index` agree on what is there."""
    disk = (photos / "sub").rename(photos.parent / "disk")
    (photos / "sub").symlink_to(disk)
    faults = as_json("verify", "-C", photos, code=1)["faults"]
    assert [(fault["kind"], fault["where"][:4]) for fault in faults] == [("missing", "sub/")] * 4
    done = sokkuri("index", photos, "--json")
    assert '"removed": 4' in done.stdout
    assert "sub is a link to a folder, which is not followed" in done.stderr
    save_drawing(disk / "1.png", 70)
    assert_sound(photos)
    assert as_json("index", photos)["total"] == COUNT // 2
    (photos / "sub").unlink()
    disk.rename(photos / "sub")
    report = as_json("index", photos)
    assert (report["reused"], report["updated"], report["total"]) == (3, 1, COUNT)
    assert len(read_positions(photos / ".sokkuri")) == COUNT
