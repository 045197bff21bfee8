"""duplicates: groups are right, pairs are compared once, and decisions hold."""

import csv
import io
import json
import os
import shutil
from pathlib import Path

import edited_images
import numpy as np
import pytest
from draw_images import draw
from duplicate_collection import (
    NAMES,
    PICTURES,
    find_groups,
    forge_scores,
    group_members,
    image_ids,
    read_pair_store,
)
from PIL import Image
from run_cli import as_json, sokkuri, without
from tiny_model import write_tiny_model


@pytest.fixture
def root(compared: Path, tmp_path: Path) -> Path:
    """A copy of the collection, with the dates of its files."""
    return shutil.copytree(compared, tmp_path / "photos")


def test_each_image_and_its_edits_are_a_group_with_the_largest_first(compared: Path) -> None:
    found = find_groups(compared)
    assert group_members(found) == {frozenset(image_ids(seed, NAMES)) for seed in range(PICTURES)}
    for group in found:
        assert group["keep"] == group["ids"][0]
        assert Path(group["keep"]).name in ("orig.jpg", "twin.jpg")
        assert group["grade"] == "edited", "the grade of the least certain pair"
        linked = {pair["b"]: pair for pair in group["pairs"]}
        assert {group["keep"], *linked} == {*group["ids"]}
        for pair in group["pairs"]:
            assert 0.5 <= pair["score"] <= 1
            kind = Path(pair["b"]).stem
            assert pair["grade"] == edited_images.GRADES.get(kind, "identical"), pair
            expected = {"crop": "cropped", "grey": "recoloured", "mirror": "mirrored"}.get(kind)
            assert expected is None or expected in pair["kinds"], pair
            assert bool(pair["kinds"]) == (pair["grade"] != "identical"), pair


def test_a_search_shows_one_hit_of_each_group(compared: Path) -> None:
    group = find_groups(compared)[1]
    query = next(id_ for id_ in group["ids"] if id_.endswith("crop.jpg"))
    found = as_json("search", "-C", compared, query, "--collapse", "-k", PICTURES)["hits"]
    assert [hit["rank"] for hit in found] == [*range(1, PICTURES + 1)]
    assert found[0]["id"] == query, "the nearest stands for its group"
    assert {query, *found[0]["copy_ids"]} == {*group["ids"]}
    assert [hit["copies"] for hit in found] == [len(NAMES) - 1] * PICTURES
    assert len({hit["id"][:2] for hit in found}) == PICTURES
    told = sokkuri("search", "-C", compared, query, "--collapse", "-k", 1)
    assert told.stdout.endswith(f"{query}  and {len(NAMES) - 1} copies\n")
    assert told.stderr == ""
    plain = as_json("search", "-C", compared, query)["hits"]
    assert len(plain) == 10
    assert not any("copies" in hit for hit in plain)


def test_text_and_csv_equal_json(compared: Path) -> None:
    found = find_groups(compared)
    text = sokkuri("duplicates", "-C", compared).stdout
    *parts, total = text.rstrip("\n").split("\n\n")
    for part, group in zip(parts, found, strict=True):
        *images, why = part.split("\n")
        assert [line.split()[-1] for line in images] == group["ids"]
        kinds = {pair["b"]: ", ".join(pair["kinds"]) for pair in group["pairs"]}
        for line, id_ in zip(images, group["ids"], strict=True):
            assert line.removesuffix(id_).rstrip().endswith(kinds.get(id_, "keep"))
        assert why == f"kept because it {group['why']}"
    assert [part.split()[0] for part in parts] == ["keep"] * PICTURES
    assert total == f"{PICTURES} groups, {PICTURES * (len(NAMES) - 1)} images besides those to keep"
    lines = sokkuri("duplicates", "-C", compared, "--csv", "-").stdout
    header, *rows = csv.reader(io.StringIO(lines))
    assert header == ["group", "a", "b", "grade", "score", "why", "conflict", "kinds"]
    assert rows == [
        [
            str(number),
            pair["a"],
            pair["b"],
            pair["grade"],
            f"{pair['score']:.4f}",
            group["why"],
            group["conflict"],
            ", ".join(pair["kinds"]),
        ]
        for number, group in enumerate(found, 1)
        for pair in group["pairs"]
    ]


def test_csv_and_html_files_are_written_beside_the_output(compared: Path, tmp_path: Path) -> None:
    table, page = tmp_path / "pairs.csv", tmp_path / "groups.html"
    found = find_groups(compared, "--csv", table, "--html", page)
    assert len(table.read_text().splitlines()) == 1 + sum(len(group["pairs"]) for group in found)
    html = page.read_text()
    assert html.count("<section>") == PICTURES
    assert html.count('src="data:image') == PICTURES * len(NAMES)
    assert all(id_ in html for group in found for id_ in group["ids"])
    assert all(
        ", ".join([pair["grade"], f"{pair['score']:.3f}", *pair["kinds"]]) in html
        for group in found
        for pair in group["pairs"]
    )


@pytest.mark.parametrize(
    ("grade", "names"),
    [("identical", ["orig", "twin"]), ("same", ["orig", "twin", "small"]), ("edited", NAMES)],
)
def test_a_minimum_grade_leaves_out_lower_grades(
    compared: Path, grade: str, names: list[str]
) -> None:
    found = find_groups(compared, "--min-grade", grade)
    expected = {frozenset(image_ids(seed, names)) for seed in range(PICTURES)}
    assert {one for one in group_members(found) if any("/orig" in id_ for id_ in one)} == expected
    assert {group["grade"] for group in found} <= {"identical", "same", "edited"}


def test_filters_limit_the_images_that_are_grouped(compared: Path) -> None:
    assert group_members(find_groups(compared, "--under", "p1")) == {frozenset(image_ids(1, NAMES))}
    small = [name for name in NAMES if name in ("small", "crop", "side")]
    found = find_groups(compared, "--where", "width < 400")
    assert {id_ for group in found for id_ in group["ids"]} <= {
        id_ for seed in range(PICTURES) for id_ in image_ids(seed, small)
    }
    assert len(found) == PICTURES


def test_rules_choose_the_image_to_keep(root: Path) -> None:
    for seed in range(PICTURES):
        os.utime(root / f"p{seed}" / "grey.jpg", (1, 1))
    sokkuri("index", root)
    assert {group["keep"] for group in find_groups(root, "--keep", "oldest")} == {
        f"p{seed}/grey.jpg" for seed in range(PICTURES)
    }
    (root / "best").mkdir()
    (root / "p1" / "crop.jpg").rename(root / "best" / "crop.jpg")
    sokkuri("index", root)
    found = find_groups(root, "--keep", "best/", "--keep", "oldest")
    assert sorted(group["keep"] for group in found) == [
        "best/crop.jpg", "p0/grey.jpg",
    ]  # fmt: skip


def test_a_second_run_compares_nothing(root: Path) -> None:
    before, held = find_groups(root), read_pair_store(root)
    for folder in root.glob("p*"):
        shutil.rmtree(folder)
    done = sokkuri("duplicates", "-C", root, "--json")
    assert json.loads(done.stdout)["groups"] == before
    assert done.stderr == "", "no file was missed"
    assert read_pair_store(root) == held


def test_only_new_images_are_compared(root: Path) -> None:
    forge_scores(root)
    edited_images.write_edits(root / "new", PICTURES, ["mirror", "crop"])
    Image.fromarray(draw(0, 480, 360)).resize((120, 90)).save(root / "new" / "tiny.png")
    sokkuri("index", root)
    found = find_groups(root)
    fresh = {
        pair["b"] for group in found for pair in group["pairs"] if pair["score"] not in (0.75, 1.0)
    }
    assert {id_ for id_ in fresh if not id_.startswith("new/")} == set()
    assert sum(pair["score"] == 0.75 for group in found for pair in group["pairs"]) == PICTURES * (
        len(NAMES) - 2
    ), "known pairs are not compared again"
    shutil.rmtree(root / ".sokkuri" / "indexes")
    anew = find_groups(root)
    assert group_members(anew) == group_members(found)
    assert frozenset({*image_ids(0, NAMES), "new/tiny.png"}) in group_members(anew)
    assert {"new/orig.jpg", "new/mirror.jpg", "new/crop.jpg"} in group_members(anew)


def test_decisions_survive_moves_and_new_indexes(root: Path) -> None:
    """Guarantee: decisions belong to the bytes. They survive moves and a new comparison."""
    apart = ("p1/orig.jpg", "p1/small.jpg")
    assert as_json("duplicates", "-C", root, "--different", *apart) == {"changed": 1}
    assert as_json("duplicates", "-C", root, "--prefer", "p0/grey.jpg") == {"changed": 1}

    def is_decided(one: str, two: str, preferred: str) -> bool:
        found = find_groups(root)
        together = any({one, two} <= {*group["ids"]} for group in found)
        return not together and preferred in {group["keep"] for group in found}

    assert is_decided(*apart, "p0/grey.jpg")
    (root / "p1").rename(root / "elsewhere")
    (root / "p0" / "grey.jpg").rename(root / "kept.jpg")
    sokkuri("index", root)
    moved = ("elsewhere/orig.jpg", "elsewhere/small.jpg")
    assert is_decided(*moved, "kept.jpg")
    shutil.rmtree(root / ".sokkuri" / "indexes")
    assert is_decided(*moved, "kept.jpg")
    assert as_json("duplicates", "-C", root, "--different", "--forget", *moved) == {"changed": 1}
    assert as_json("duplicates", "-C", root, "--prefer", "--forget", "kept.jpg") == {"changed": 1}
    assert not is_decided(*moved, "kept.jpg")
    assert {group["keep"] for group in find_groups(root)} & {"kept.jpg", moved[1]} == set()


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
        ["--bursts", "--resolve", "plan.json"],
        ["--bursts", "--against", "."],
        ["--min-grade", "burst"],
    ],
)
def test_meaningless_options_are_refused(compared: Path, options: list[str]) -> None:
    done = sokkuri("duplicates", "-C", compared, *options, code=2)
    assert done.stdout == ""
    assert done.stderr


def test_an_unknown_image_is_named(compared: Path) -> None:
    for verb in ("--different", "--prefer"):
        done = sokkuri("duplicates", "-C", compared, verb, "p0/orig.jpg", "nobody", code=1)
        assert "nobody" in done.stderr
        assert done.stderr.count("\n") == 1
    assert len(find_groups(compared)) == PICTURES, "nothing was decided"


def test_a_file_that_cannot_be_written_is_named(compared: Path, tmp_path: Path) -> None:
    for option in ("--csv", "--html", "--resolve"):
        done = sokkuri("duplicates", "-C", compared, option, tmp_path / "no" / "file", code=1)
        assert f"{tmp_path / 'no' / 'file'}" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_chain_of_crops_is_no_group(tmp_path: Path) -> None:
    """Guarantee: every image of a group is a copy of the kept image, not only of a neighbour."""
    wide = Image.fromarray(draw(3, 1760, 360))
    (tmp_path / "photos").mkdir()
    for number in range(7):
        part = wide.crop((number * 160, 0, number * 160 + 480, 360))
        part.save(tmp_path / "photos" / f"{number:02d}.jpg", quality=92)
    sokkuri("index", tmp_path / "photos")
    found = find_groups(tmp_path / "photos")
    assert found, "neighbours are copies"
    for group in found:
        assert {pair["a"] for pair in group["pairs"]} == {group["keep"]}
        numbers = [int(Path(id_).stem) for id_ in group["ids"]]
        assert max(abs(number - numbers[0]) for number in numbers) <= 2, "both show the same part"
    seen = [id_ for group in found for id_ in group["ids"]]
    assert len(seen) == len(set(seen))


def test_blank_images_are_grouped_only_if_all_pixels_are_equal(tmp_path: Path) -> None:
    """A smaller blank image may be another image: nothing in it can tell."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for colour in ("white", "navy"):
        for size in (4, 5):
            blank = Image.new("RGB", (40 * size, 30 * size), colour)
            blank.save(photos / f"{colour}{size}.png")
            blank.save(photos / f"{colour}{size}.bmp")
    sokkuri("index", photos)
    found = find_groups(photos)
    assert sorted(sorted(group["ids"]) for group in found) == sorted(
        [f"{colour}{size}.bmp", f"{colour}{size}.png"]
        for colour in ("white", "navy")
        for size in (4, 5)
    )


def test_collections_of_no_image_or_one_have_no_groups(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    sokkuri("index", tmp_path / "photos")
    assert find_groups(tmp_path / "photos") == []
    edited_images.write_edits(tmp_path / "photos", 1, [])
    sokkuri("index", tmp_path / "photos")
    assert find_groups(tmp_path / "photos") == []
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


def test_images_that_changed_since_indexing_are_left_out(root: Path) -> None:
    shutil.rmtree(root / ".sokkuri" / "indexes")
    (root / "p0" / "small.jpg").unlink()
    (root / "p1" / "crop.jpg").write_bytes((root / "p0" / "crop.jpg").read_bytes())
    done = sokkuri("duplicates", "-C", root, "--json")
    assert "2 pictures were left out" in done.stderr
    assert done.stderr.count("\n") == 1
    assert group_members(json.loads(done.stdout)["groups"]) == {
        frozenset(image_ids(seed, NAMES) - {"p0/small.jpg", "p1/crop.jpg"})
        for seed in range(PICTURES)
    }
    sokkuri("index", root)
    found = sokkuri("duplicates", "-C", root, "--json")
    assert found.stderr == ""
    now = image_ids(0, NAMES) - {"p0/small.jpg"} | {"p1/crop.jpg"}
    assert frozenset(now) in group_members(json.loads(found.stdout)["groups"])


def test_without_opencv_the_limits_are_reported(root: Path) -> None:
    shutil.rmtree(root / ".sokkuri" / "indexes")
    done = without("cv2", "duplicates", "-C", root, "--json")
    assert "edited copies are not looked for" in done.stderr
    assert "sokkuri[duplicates]" in done.stderr
    assert done.stderr.count("\n") == 1
    found = json.loads(done.stdout)["groups"]
    for seed in range(PICTURES):
        (group,) = [group for group in found if f"p{seed}/orig.jpg" in group["ids"]]
        assert image_ids(seed, ["orig", "twin", "small"]) <= {*group["ids"]}
        assert not {f"p{seed}/mirror.jpg", f"p{seed}/side.jpg"} & {*group["ids"]}


def test_without_send2trash_the_missing_extra_is_named(root: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    sokkuri("duplicates", "-C", root, "--resolve", plan)
    done = without("send2trash", "duplicates", "--apply", plan, code=1)
    assert "sokkuri[duplicates]" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not plan.with_suffix(".log").exists()
