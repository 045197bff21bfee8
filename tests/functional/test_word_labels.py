"""`label --suggest`: labels by words, for images without a label, applied only if asked."""

from pathlib import Path

import pytest
from joint_model import COLOURS, draw_colours, write_joint_model
from run_cli import as_json, sokkuri

from sokkuri import Collection
from sokkuri.core.errors import ConflictError
from sokkuri.curation.labeling.word_labels import apply_labels, suggest_labels
from sokkuri.store.labels import read_labels, set_labels

LABELS = "red, green,blue"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_joint_model(tmp_path_factory.mktemp("words") / "model")


@pytest.fixture
def photos(model: Path, tmp_path: Path) -> Path:
    folder = draw_colours(tmp_path / "photos")
    sokkuri("index", folder, "--model", model)
    return folder


def test_every_image_gets_the_label_that_it_fits(photos: Path) -> None:
    found = as_json("label", "--suggest", LABELS, "-C", photos)["suggestions"]
    assert {one["id"]: one["label"] for one in found} == {
        f"{name}.png": name.partition("-")[0] for name in COLOURS
    }
    confidences = [one["confidence"] for one in found]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0.5 <= one <= 1 for one in confidences)
    assert as_json("label", "-C", photos)["labels"] == {}, "nothing is set unasked"
    line = sokkuri("label", "--suggest", LABELS, "-C", photos).stdout.splitlines()[0]
    assert line.split() == [f"{confidences[0]:.3f}", found[0]["label"], found[0]["id"]]


def test_labels_are_applied_and_those_of_people_stay(photos: Path) -> None:
    """A copy has the label of its bytes."""
    (photos / "red, again.png").write_bytes((photos / "red.png").read_bytes())
    sokkuri("index", photos)
    sokkuri("label", "red.png", "sunset", "-C", photos)
    applied = as_json("label", "--suggest", LABELS, "--apply", "-C", photos)
    assert applied["labelled"] == len(COLOURS) - 1
    assert as_json("label", "-C", photos)["labels"] == {
        "blue": 3, "green": 3, "red": 2, "sunset": 2,
    }  # fmt: skip
    again = sokkuri("label", "--suggest", LABELS, "-C", photos)
    assert "no image without a label fits" in again.stderr


def test_only_sure_labels_are_suggested(photos: Path) -> None:
    """Two words that say the same have one half each."""
    even = as_json("label", "--suggest", "a,photo", "-C", photos)["suggestions"]
    assert {one["confidence"] for one in even} == {0.5}
    sure = as_json("label", "--suggest", "a,photo", "--min-confidence", "0.6", "-C", photos)
    assert sure["suggestions"] == []


def test_a_label_that_somebody_gave_meanwhile_is_not_overwritten(photos: Path) -> None:
    with Collection.open(photos) as collection:
        suggested = suggest_labels(collection, ["red", "green", "blue"])
        set_labels(collection.catalog, [("blue.png", "sea")])
        with pytest.raises(ConflictError, match="the label sea by now"):
            apply_labels(collection, suggested)
        assert read_labels(collection.catalog) == {"blue.png": "sea"}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--suggest", "red"], "give 2 to 1,000 labels"),
        (["--suggest", ""], "give 2 to 1,000 labels"),
        (["--suggest", "a,a"], "give 2 to 1,000 labels"),
        (["--suggest", "a,b\x07"], "a label is printable text"),
        (["--suggest", "a,b", "red.png", "x"], "are separate"),
        (["--apply"], "belong to --suggest"),
        (["--suggest", "a,b", "--min-confidence", "2"], "less than or equal to 1"),
    ],
)
def test_a_wrong_request_is_one_line(photos: Path, arguments: list[str], hint: str) -> None:
    assert hint in sokkuri("label", *arguments, "-C", photos, code=2).stderr


def test_a_model_without_words_says_so(tmp_path: Path) -> None:
    photos = draw_colours(tmp_path / "photos", (8, 8))
    sokkuri("index", photos)
    refused = sokkuri("label", "--suggest", "a,b", "-C", photos, code=2).stderr
    assert "knows no words" in refused
