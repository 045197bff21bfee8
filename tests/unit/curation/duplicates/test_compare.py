"""Comparing images: only files that still hold the bytes of their content key are used."""

import sys
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from edited_images import write_edits
from PIL import Image, ImageDraw

from sokkuri.curation.duplicates import cached_image
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.pair_store import NOT_COMPARED_BY_KEYPOINTS, PairResult
from sokkuri.curation.trash.safe_files import size_and_digest

NO_PICTURE = b"no picture"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image, its edits, another image, and files that are not images."""
    folder = tmp_path_factory.mktemp("pictures")
    write_edits(folder / "a", 1)
    write_edits(folder / "b", 2, [])
    (folder / "b" / "none.jpg").write_bytes(NO_PICTURE)
    return folder


class Files:
    """Locates the files of contents; `of` returns the current content of a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[bytes, Path] = {}

    def of(self, name: str) -> bytes:
        file = self._folder / f"{name}.jpg"
        content = size_and_digest(file)[1]
        self._files[content] = file
        return content

    def __call__(self, content: bytes) -> Path:
        return self._files[content]


@pytest.fixture
def files(folder: Path) -> Files:
    return Files(folder)


def grades(found: list[PairResult]) -> list[str | None]:
    return [known.grade for known in found]


def test_fingerprints_come_in_the_order_of_the_contents(files: Files) -> None:
    requested = [files.of(name) for name in ("a/orig", "b/none", "b/orig", "a/small")]
    with PairComparer(files, workers=3) as comparer:
        found = list(comparer.fingerprints(requested))
        assert comparer.notes() == []
    assert [content for content, _ in found] == requested
    assert [None if made is None else len(made) for _, made in found] == [256, None, 256, 256]
    assert found[0][1] != found[2][1]


def test_results_come_in_the_order_of_the_pairs_and_do_not_depend_on_their_direction(
    files: Files,
) -> None:
    first = files.of("a/orig")
    others = [files.of(name) for name in ("a/small", "b/orig", "a/crop", "b/none", "a/side")]
    with PairComparer(files, workers=3) as comparer:
        results = list(comparer.compare_pairs((first, other) for other in others))
        back = list(comparer.compare_pairs((other, first) for other in others))
        assert comparer.notes() == []
    assert grades(results) == ["same", None, "edited", None, "edited"]
    assert results == back
    assert [(known.first, known.second) for known in results] == [
        (min(first, other), max(first, other)) for other in others
    ]


def gone(file: Path) -> None:
    file.unlink()


def changed(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b" ")


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("befall", [gone, changed, a_folder])
def test_unreadable_contents_are_left_out(tmp_path: Path, befall: Callable[[Path], None]) -> None:
    write_edits(tmp_path, 1, ["small", "grey"])
    files = Files(tmp_path)
    orig, small, grey = (files.of(name) for name in ("orig", "small", "grey"))
    befall(tmp_path / "small.jpg")
    with PairComparer(files) as comparer:
        assert [content for content, _ in comparer.fingerprints([orig, small, grey])] == [
            orig,
            grey,
        ]
        results = list(comparer.compare_pairs([(orig, small), (orig, grey), (small, grey)]))
        (note,) = comparer.notes()
    assert grades(results) == ["edited"]
    assert comparer.unreadable == {small}
    assert note.startswith("1 pictures were left out")


def test_without_opencv_a_note_says_what_may_be_missed(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    first = files.of("a/orig")
    with PairComparer(files) as comparer:
        results = list(
            comparer.compare_pairs(
                (first, files.of(name)) for name in ("a/small", "a/mirror", "a/side")
            )
        )
        (note,) = comparer.notes()
    assert "sokkuri[duplicates]" in note
    assert not comparer.by_keypoints
    assert grades(results) == ["same", None, None]
    unknown = [result.score for result in results[1:]]
    assert unknown == [NOT_COMPARED_BY_KEYPOINTS] * 2, "unknown without keypoints"


def test_it_takes_few_contents_ahead(files: Files) -> None:
    endless = cycle([files.of("b/orig")])
    with PairComparer(files, workers=1) as comparer:
        assert len(list(islice(comparer.fingerprints(endless), 3))) == 3


def test_images_that_are_no_longer_cached_are_read_again(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_image, "_IMAGES", 1)
    first, *others = [files.of(name) for name in ("a/orig", "a/small", "b/orig", "a/crop")]
    with PairComparer(files) as comparer:
        pairs = [(first, other) for other in others] * 2
        assert grades(list(comparer.compare_pairs(pairs))) == ["same", None, "edited"] * 2


def test_a_file_is_read_once_for_its_fingerprint_and_all_comparisons(files: Files) -> None:
    """A file that is read once is also decoded once. Only pairs that may be copies are read
    again, larger."""
    names = ("a/orig", "a/small", "b/orig", "a/crop")
    first, *others = contents = [files.of(name) for name in names]
    located: list[bytes] = []

    def locate(content: bytes) -> Path:
        located.append(content)
        return files(content)

    with PairComparer(locate, workers=1) as comparer:
        assert len(list(comparer.fingerprints(contents))) == 4
        pairs = [(first, other) for other in others]
        assert grades(list(comparer.compare_pairs(pairs))) == ["same", None, "edited"]
    assert sorted(located) == sorted(
        [*contents, first, first, files.of("a/small"), files.of("a/crop")]
    )


def test_a_temporary_file_saves_a_second_decoding(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_image, "_IMAGES", 1)
    contents = [files.of(name) for name in ("a/orig", "b/orig", "a/crop")]
    located: list[bytes] = []

    def locate(content: bytes) -> Path:
        located.append(content)
        return files(content)

    with PairComparer(locate, workers=1, folder=tmp_path) as comparer:
        found = [*comparer.fingerprints(contents)]
        assert [*comparer.fingerprints(contents)] == found
        assert located == contents
        (other, copy) = comparer.look_at_pairs([(contents[0], key) for key in contents[1:]])
    assert (other.best, copy.best) == (None, "edited")
    assert not any(tmp_path.iterdir())


def test_previews_that_are_no_longer_cached_are_decoded_again(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_image, "_PREVIEW_BYTES", 256 * 256 * 3)  # a single preview
    first, *others = [files.of(name) for name in ("a/orig", "a/small", "b/orig", "a/crop")]
    with PairComparer(files) as comparer:
        pairs = [(first, other) for other in others]
        assert grades(list(comparer.compare_pairs(pairs))) == ["same", None, "edited"]


def test_a_still_and_another_animation_are_no_copies_of_an_animation(tmp_path: Path) -> None:
    """The first frame is the same in all of them."""
    write_edits(tmp_path / "a", 1, [])
    write_edits(tmp_path / "b", 2, [])
    still, other = (Image.open(tmp_path / name / "orig.jpg").convert("RGB") for name in "ab")
    still.save(tmp_path / "one.jpg", "GIF", save_all=True, append_images=[other])
    still.save(tmp_path / "two.jpg", "GIF", save_all=True, append_images=[other.rotate(90)])
    still.save(tmp_path / "three.jpg", "GIF", save_all=True, append_images=[other], comment=b"3")
    files = Files(tmp_path)
    one, *others = [files.of(name) for name in ("one", "two", "three", "a/orig")]
    with PairComparer(files) as comparer:
        results = list(comparer.compare_pairs((one, other) for other in others))
    assert grades(results) == [None, "same", None]


def test_pictures_with_nothing_to_see_are_no_copies(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        levels = np.clip(rng.normal(5, 1.5, (200, 300, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(levels).save(tmp_path / f"{name}.jpg", "PNG")
    files = Files(tmp_path)
    with PairComparer(files) as comparer:
        assert grades(list(comparer.compare_pairs([(files.of("one"), files.of("two"))]))) == [None]


def test_marks_on_transparent_ground_have_fingerprints_of_their_own(tmp_path: Path) -> None:
    for name, corner in (("one", 10), ("two", 70)):
        icon = Image.new("RGBA", (128, 128), (255, 255, 255, 0))
        icon.paste((255, 255, 255, 255), (corner, 20, corner + 40, 90))
        icon.save(tmp_path / f"{name}.jpg", "PNG")
    files = Files(tmp_path)
    contents = [files.of("one"), files.of("two")]
    with PairComparer(files) as comparer:
        (_, one), (_, two) = comparer.fingerprints(contents)
        assert one != two
        assert grades(list(comparer.compare_pairs([(contents[0], contents[1])]))) == [None]


def write_page(file: Path, seed: int) -> None:
    """Write a page with the same letterhead as others, and other letters below."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (300, 400), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, 300, 60), fill=(30, 60, 120))
    pen.text((20, 20), "Company & Sons", fill="white", font_size=28)
    for line in range(8):
        letters = "".join(chr(97 + int(letter)) for letter in rng.integers(0, 26, 16))
        pen.text((20, 80 + 36 * line), letters, fill="black", font_size=26)
    page.save(file, "PNG")


def test_pages_of_one_letterhead_are_not_looked_at_closely(tmp_path: Path) -> None:
    for seed, name in enumerate(("one", "two")):
        write_page(tmp_path / f"{name}.jpg", seed)
    cut = Image.open(tmp_path / "one.jpg").crop((10, 10, 290, 390))
    cut.save(tmp_path / "cut.jpg", "PNG")
    files = Files(tmp_path)
    one, two, part = (files.of(name) for name in ("one", "two", "cut"))
    with PairComparer(files, workers=1) as comparer:
        other, copy = comparer.look_at_pairs([(one, two), (one, part)])
    assert (other.grade, other.open) == ("alike", False)
    assert copy.open
