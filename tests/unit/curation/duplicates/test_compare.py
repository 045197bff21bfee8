"""The judge looks at files: only at those that hold what they are known by, each once."""

import sys
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import pytest
from edited_images import write

from sokkuri.curation.duplicates import compare
from sokkuri.curation.duplicates.compare import Judge
from sokkuri.curation.duplicates.pair_store import UNSURE, Known
from sokkuri.curation.trash.system_trash import contents_of

NO_PICTURE = b"no picture"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture and its edits, another one, and what is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    write(folder / "a", 1)
    write(folder / "b", 2, [])
    (folder / "b" / "none.jpg").write_bytes(NO_PICTURE)
    return folder


class Files:
    """Finds the files of contents; `of` names them by what they hold now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[bytes, Path] = {}

    def of(self, name: str) -> bytes:
        file = self._folder / f"{name}.jpg"
        content = contents_of(file)[1]
        self._files[content] = file
        return content

    def __call__(self, content: bytes) -> Path:
        return self._files[content]


@pytest.fixture
def files(folder: Path) -> Files:
    return Files(folder)


def grades(found: list[Known]) -> list[str | None]:
    return [known.grade for known in found]


def test_prints_come_in_their_order(files: Files) -> None:
    asked = [files.of(name) for name in ("a/orig", "b/none", "b/orig", "a/small")]
    with Judge(files, workers=3) as judge:
        found = list(judge.prints(asked))
        assert judge.notes() == []
    assert [content for content, _ in found] == asked
    assert [None if made is None else len(made) for _, made in found] == [256, None, 256, 256]
    assert found[0][1] != found[2][1]


def test_pairs_come_in_their_order_whichever_way_round(files: Files) -> None:
    first = files.of("a/orig")
    others = [files.of(name) for name in ("a/small", "b/orig", "a/crop", "b/none", "a/side")]
    with Judge(files, workers=3) as judge:
        found = list(judge.compare((first, other) for other in others))
        back = list(judge.compare((other, first) for other in others))
        assert judge.notes() == []
    assert grades(found) == ["same", None, "edited", None, "edited"]
    assert found == back
    assert [(known.first, known.second) for known in found] == [
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
def test_what_cannot_be_had_is_left_out(tmp_path: Path, befall: Callable[[Path], None]) -> None:
    write(tmp_path, 1, ["small", "grey"])
    files = Files(tmp_path)
    orig, small, grey = (files.of(name) for name in ("orig", "small", "grey"))
    befall(tmp_path / "small.jpg")
    with Judge(files) as judge:
        assert [content for content, _ in judge.prints([orig, small, grey])] == [orig, grey]
        found = list(judge.compare([(orig, small), (orig, grey), (small, grey)]))
        (note,) = judge.notes()
    assert grades(found) == ["edited"]
    assert judge.unread == {small}
    assert note.startswith("1 pictures were left out")


def test_without_opencv_it_says_what_may_be_missed(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    first = files.of("a/orig")
    with Judge(files) as judge:
        found = list(
            judge.compare((first, files.of(name)) for name in ("a/small", "a/mirror", "a/side"))
        )
        (note,) = judge.notes()
    assert "sokkuri[duplicates]" in note
    assert not judge.by_points
    assert grades(found) == ["same", "edited", None]
    assert found[2].score == UNSURE, "it may be one all the same"


def test_it_asks_for_no_more_than_it_can_have_in_hand(files: Files) -> None:
    endless = cycle([files.of("b/orig")])
    with Judge(files, workers=1) as judge:
        assert len(list(islice(judge.prints(endless), 3))) == 3


def test_pictures_that_are_let_go_are_read_again(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "_HELD", 1)
    first, *others = [files.of(name) for name in ("a/orig", "a/small", "b/orig", "a/crop")]
    with Judge(files) as judge:
        asked = [(first, other) for other in others] * 2
        assert grades(list(judge.compare(asked))) == ["same", None, "edited"] * 2
