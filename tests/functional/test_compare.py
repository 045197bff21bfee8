"""`sokkuri compare`: two image files are the same picture or not, with what was edited."""

from pathlib import Path

import pytest
from edited_images import write_edits
from run_cli import as_json, sokkuri

from sokkuri.curation.duplicates.compare_files import compare_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_edits(folder, 1, twin=True)
    write_edits(folder / "other", 2, [])
    return folder


@pytest.mark.parametrize(
    ("name", "grade", "edit", "kind"),
    [
        ("twin", "identical", None, None),
        ("small", "same", "B shows the picture 0.50 x 0.50 times as large as A", "resized"),
        ("crop", "edited", "B is cropped", "cropped"),
        ("grey", "edited", "B is without colours", "recoloured"),
        ("mirror", "edited", "one is mirrored", "mirrored"),
        ("side", "edited", "one is turned by 90 degrees", "rotated"),
    ],
)
def test_a_copy_ends_with_0_and_says_what_was_edited(
    folder: Path, name: str, grade: str, edit: str | None, kind: str | None
) -> None:
    for a, b in (("orig", name), (name, "orig")):
        found = as_json("compare", folder / f"{a}.jpg", folder / f"{b}.jpg")
        assert found["copy"]
        assert found["grade"] == grade
        assert {kind, "re-encoded"} <= {*found["kinds"]} if kind else found["kinds"] == []
        if edit is not None and b == name:
            assert edit in found["edits"]
            assert found["keep"] == str(folder / "orig.jpg")


def test_the_overlap_says_where_a_crop_lies(folder: Path) -> None:
    """The crop is the part from (70, 40) to (410, 310) of 480 x 360."""
    found = compare_files(folder / "orig.jpg", folder / "crop.jpg")
    assert found.overlap is not None
    assert found.overlap.share_b == pytest.approx(1, abs=0.02)
    assert found.overlap.share_a == pytest.approx(340 * 270 / (480 * 360), abs=0.02)
    corner, _, opposite, _ = found.overlap.b_in_a
    assert corner == pytest.approx((70 / 480, 40 / 360), abs=0.01)
    assert opposite == pytest.approx((410 / 480, 310 / 360), abs=0.01)
    turned = compare_files(folder / "crop.jpg", folder / "orig.jpg").overlap
    assert turned is not None
    assert turned.a_in_b[0] == pytest.approx(corner, abs=0.01)


def test_another_picture_ends_with_1(folder: Path) -> None:
    done = sokkuri("compare", folder / "orig.jpg", folder / "other" / "orig.jpg", code=1)
    assert done.stdout.startswith("no copy")


def test_a_file_that_is_no_image_ends_with_2(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    for wrong in ("notes.txt", "none.jpg"):
        done = sokkuri("compare", folder / "orig.jpg", tmp_path / wrong, code=2)
        assert wrong in done.stderr
        assert done.stderr.count("\n") == 1


def test_the_page_draws_the_overlap(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    sokkuri("compare", folder / "orig.jpg", folder / "crop.jpg", "--html", page)
    html = page.read_text()
    assert html.count('src="data:image') == html.count("<polygon") == 2
