"""`label`, `suggest` and `outliers` by the real command, on drawn images and real photos."""

import csv
import shutil
from pathlib import Path

import pytest
from draw_images import save_drawing
from PIL import Image
from run_cli import as_json, assert_sound, copy_photos, find_real_photos, sokkuri

DRAWN = 8


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Drawn images in two folders."""
    root = tmp_path / "photos"
    for seed in range(DRAWN):
        save_drawing(root / ("even" if seed % 2 == 0 else "odd") / f"{seed}.png", seed)
    sokkuri("index", root)
    return root


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Real photos in two folders, each with a copy of half the size."""
    root = tmp_path / "copied"
    (root / "copies").mkdir(parents=True)
    for number, photo in enumerate(find_real_photos(DRAWN)):
        path = root / ("even" if number % 2 == 0 else "odd") / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(photo, path)
        with Image.open(photo) as image:
            half = image.convert("RGB").resize((image.width // 2, image.height // 2))
        half.save(root / "copies" / f"{number}.jpg", quality=85)
    sokkuri("index", root)
    return root


def read_labels(root: Path) -> dict[str, str]:
    lines = sokkuri("label", "-C", root, "--export", "-").stdout.splitlines()
    assert lines[0] == "id,label"
    return {fields[0]: fields[1] for fields in csv.reader(lines[1:])}


def test_labels_are_set_counted_and_removed(photos: Path) -> None:
    assert as_json("label", "-C", photos) == {"labels": {}, "labelled": 0, "total": DRAWN}
    done = as_json("label", "-C", photos, "even/0.png", "even/2.png", "a thing, red")
    assert done == {"labelled": 2}
    assert read_labels(photos) == {"even/0.png": "a thing, red", "even/2.png": "a thing, red"}
    text = sokkuri("label", "-C", photos).stdout
    assert "2  a thing, red" in text
    assert f"2 of {DRAWN} images labelled" in text
    assert as_json("label", "-C", photos, "--remove", "even/0.png", "odd/1.png") == {"removed": 1}
    assert read_labels(photos) == {"even/2.png": "a thing, red"}
    assert_sound(photos)


def test_labels_survive_a_move_and_an_index_run(photos: Path) -> None:
    sokkuri("label", "-C", photos, "even/0.png", "thing")
    (photos / "elsewhere").mkdir()
    shutil.move(photos / "even" / "0.png", photos / "elsewhere" / "new name.png")
    shutil.copy(photos / "elsewhere" / "new name.png", photos / "again.png")
    sokkuri("index", photos)
    assert read_labels(photos) == {"elsewhere/new name.png": "thing", "again.png": "thing"}


def test_labels_are_exported_as_csv_and_imported(photos: Path, tmp_path: Path) -> None:
    assert as_json("label", "-C", photos, "--import", photos / "even") == {
        "labelled": DRAWN // 2, "unknown": [],
    }  # fmt: skip
    before, file = read_labels(photos), tmp_path / "labels.csv"
    assert as_json("label", "-C", photos, "--export", file) == {"exported": DRAWN // 2}
    sokkuri("label", "-C", photos, "--remove", *before)
    assert read_labels(photos) == {}
    with file.open("a", newline="") as out:
        out.write("nobody.jpg,x\r\n")
    done = sokkuri("label", "-C", photos, "--import", file)
    assert "1 image not in the collection, and skipped: nobody.jpg" in done.stderr
    assert read_labels(photos) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("even/0.png",),
        ("--remove",),
        ("even/0.png", "x" * 201),
        ("even/0.png", "x", "--export", "-"),
        ("--export", "-", "--json"),
        ("--import", "no such file"),
    ],
)
def test_meaningless_arguments_are_refused(photos: Path, arguments: tuple[str, ...]) -> None:
    done = sokkuri("label", "-C", photos, *arguments, code=2)
    assert done.stderr.startswith("sokkuri: ")
    assert read_labels(photos) == {}


def test_an_unknown_image_changes_nothing(photos: Path) -> None:
    done = sokkuri("label", "-C", photos, "even/0.png", "nobody", "x", code=1)
    assert "nobody" in done.stderr
    assert read_labels(photos) == {}


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_an_image_and_its_copy_are_suggested_once(copied: Path, method: str) -> None:
    found = as_json("suggest", "-C", copied, "--method", method)["suggestions"]
    assert [suggestion["rank"] for suggestion in found] == [*range(1, len(found) + 1)]
    assert all({*suggestion} == {"rank", "id", "score", "why"} for suggestion in found)
    assert all(0 <= suggestion["score"] <= 1 and suggestion["why"] for suggestion in found)
    names = [Path(suggestion["id"]).stem for suggestion in found]
    assert sorted(names) == [str(seed) for seed in range(DRAWN)]


def test_labelled_images_and_their_copies_are_not_suggested(copied: Path, tmp_path: Path) -> None:
    sokkuri("label", "-C", copied, "--import", copied / "even")
    names = [Path(one["id"]).stem for one in as_json("suggest", "-C", copied)["suggestions"]]
    assert sorted(names) == ["1", "3", "5", "7"]
    file = tmp_path / "labels.csv"
    file.write_text("id,label\nodd/1.jpg,x\n")
    options = ("--labelled", file, "--labelled", "even")  # replaces the labels of the catalog
    found = as_json("suggest", "-C", copied, *options)["suggestions"]
    assert sorted(Path(one["id"]).stem for one in found) == ["3", "5", "7"]
    under = as_json("suggest", "-C", copied, *options, "--under", "odd", "-n", 2)["suggestions"]
    assert len(under) == 2
    assert {one["id"] for one in under} <= {"odd/3.jpg", "odd/5.jpg", "odd/7.jpg"}
    where = ("--where", "id like 'copies/%'")
    found = as_json("suggest", "-C", copied, *options, *where)["suggestions"]
    assert sorted(one["id"] for one in found) == [f"copies/{number}.jpg" for number in (3, 5, 7)]
    assert "stands for" in sokkuri("suggest", "-C", copied, "-n", 1).stdout


def test_outliers_and_likely_wrong_labels_are_listed(tmp_path: Path) -> None:
    """Among real photos: one drawn picture, and one label that was changed."""
    root = copy_photos(tmp_path / "photos", find_real_photos(60))
    save_drawing(root / "drawn.png", 3, 300, 300)
    sokkuri("index", root)
    (first, *_) = as_json("outliers", "-C", root, "-n", 3)["outliers"]
    assert first["id"] == "drawn.png"
    assert {*first} == {"id", "score", "why"}
    assert as_json("outliers", "-C", root)["mistakes"] == []  # nothing has a label
    sokkuri("label", "-C", root, "--import", root)
    wrong = as_json("outliers", "-C", root, "-n", 60)["mistakes"]
    assert wrong
    assert all({*one} == {"id", "label", "neighbours", "confidence"} for one in wrong)
    assert all(one["label"] != one["neighbours"] for one in wrong)
    shoe = next(id_ for id_ in read_labels(root) if id_.startswith("Shoes/"))
    sokkuri("label", "-C", root, shoe, "Dress")
    again = as_json("outliers", "-C", root, "-n", 60)["mistakes"]
    assert ("Dress", shoe) in [(one["label"], one["id"]) for one in again]
    assert f"{shoe}  labelled Dress, neighbours say Shoes" in sokkuri("outliers", "-C", root).stdout


def test_suggestions_need_a_collection(tmp_path: Path) -> None:
    for verb in ("suggest", "outliers", "label"):
        sokkuri(verb, "-C", tmp_path, code=1)
