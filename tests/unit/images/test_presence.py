"""What a walk would list and what is believed present agree."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.named_roots import Roots
from sokkuri.core.paths import CATALOG_NAME
from sokkuri.images.formats import LARGEST_LIVE_FILM
from sokkuri.images.presence import FolderWalk
from sokkuri.images.scan import list_images


def would_list(root: Path | Roots, path: str) -> bool:
    try:
        return FolderWalk(root).would_list(path)
    except OSError:
        return False


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that a walk treats in its own way."""
    root = tmp_path_factory.mktemp("presence") / "photos"
    for path in ("a.jpg", "sub/a.jpg", "sub/deep/a.png", "sub/a.txt", ".a.jpg", ".sub/a.jpg",
                 "store/thumbnails/a.jpg", "store/a.jpg", "a.jpg.d/a.jpg"):  # fmt: skip
        touch(root / path)
    touch(root / "store" / CATALOG_NAME)
    touch(root.parent / "elsewhere" / "a.jpg")
    (root / "folder.jpg").mkdir()
    (root / "link").symlink_to(root.parent / "elsewhere")
    (root / "link.jpg").symlink_to(root.parent / "elsewhere" / "a.jpg")
    (root / "broken.jpg").symlink_to("nowhere.jpg")
    (root / "sub" / "link.jpg").symlink_to(root / "sub")
    os.mkfifo(root / "pipe.jpg")
    return root


names = [
    *("a.jpg", "A.jpg", "a.png", "a.txt", "sub", "deep", ".sub", "store", "thumbnails"),
    *("link", "link.jpg", "broken.jpg", "folder.jpg", "pipe.jpg", "a.jpg.d"),
]


@given(parts=st.lists(st.sampled_from(names), min_size=1, max_size=3))
def test_one_path_gets_the_answer_of_a_walk(root: Path, parts: list[str]) -> None:
    path = "/".join(parts)
    assert would_list(root, path) == (path in {ref.path for ref in list_images(root)})


def test_frames_are_there_if_a_walk_finds_their_film(tmp_path: Path) -> None:
    """The videos of Live Photos have no frames."""
    names = ["a.MOV", "a.heic", "b.mov", "b.png", "c.mp4", "c.jpg", "d.mov", "sub/a.mov", ".e.mov"]
    for name in names:
        touch(tmp_path / name)
    (tmp_path / "d.jpg").mkdir()
    (tmp_path / "large.mov").touch()
    os.truncate(tmp_path / "large.mov", LARGEST_LIVE_FILM + 1)
    touch(tmp_path / "large.jpg")
    films: list[str] = []
    [*list_images(tmp_path, on_film=lambda film: films.append(film.path))]
    assert {*films} >= {"b.mov", "c.mp4", "sub/a.mov", "large.mov"}
    for path in (*names, "large.mov", "gone.mov"):
        if path.endswith(("mp4", "mov", "MOV")):
            assert would_list(tmp_path, f"{path}#t=1.5") == (path in films), path


@given(parts=st.lists(st.sampled_from([*names, "one", "two", "gone"]), min_size=1, max_size=3))
def test_a_path_in_named_roots_gets_the_answer_of_a_walk(root: Path, parts: list[str]) -> None:
    """Links to roots are followed."""
    roots = Roots((("one", root / "link"), ("two", root / "sub"), ("gone", root / "gone")))
    path = "/".join(parts)
    assert would_list(roots, path) == (path in {ref.path for ref in list_images(roots)})


def test_links_to_folders_are_remembered(root: Path) -> None:
    walk = FolderWalk(root)
    assert not walk.would_list("link/a.jpg")
    assert walk.links == {"link"}


def test_a_name_with_other_capitals_is_not_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that ignores case answers for both names; the folder has only one."""
    found = os.stat

    def stat(path: str | Path, **options: bool) -> os.stat_result:
        return found(str(path).replace("A.JPG", "a.jpg").replace("SUB", "sub"), **options)

    monkeypatch.setattr(os, "stat", stat)
    walk = FolderWalk(root)
    assert walk.would_list("sub/a.jpg")
    assert not walk.would_list("sub/A.JPG")
    assert not walk.would_list("SUB/a.jpg")
