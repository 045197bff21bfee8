"""What counts as a change of a folder, and where the system sends no events."""

import os
import sys
import threading
from pathlib import Path

import pytest

from sokkuri.core.named_roots import Roots
from sokkuri.images.folder_changes import (
    FileEvents,
    Looks,
    WatchPlace,
    folder_state,
    watch_folder,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "sub/b.png", "sub/b.xmp", "notes.txt", "raw/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("a.jpg", True),
        ("A NEW.JPG", True),
        ("photo.cr2", True),
        ("sub/b.xmp", True),
        ("sub", True),
        ("a folder that is gone", True),
        ("2024.05 gone", True),
        ("notes.txt", False),
        ("sub/.b.png", False),
        (".sokkuri/catalog.sqlite-wal", False),
        ("raw/c.png", False),
        ("store/thumbnails/1.jpg", False),
        ("store/catalog.sqlite-wal", False),
    ],
)
def test_which_changes_may_concern_an_image(folder: Path, path: str, matters: bool) -> None:
    """Also if the folder is named by a link. The store has its real path, and an event either."""
    link = folder.parent / f"link to {folder.name}"
    link.symlink_to(folder)
    for root in (folder, link):
        place = WatchPlace(root, folder / "store", ("raw/",))
        for start in (root, folder):
            assert place.may_matter(str(start / path)) is matters
    link.unlink()


def test_changes_in_each_named_root_may_matter(folder: Path) -> None:
    """A glob with a slash begins with the name of the root."""
    roots = Roots((("one", folder / "raw"), ("two", folder / "sub")))
    place = WatchPlace(roots, folder / "store", ("two/new/",))
    assert place.may_matter(str(folder / "raw" / "c.png"))
    assert place.may_matter(str(folder / "raw" / "new" / "c.png"))
    assert not place.may_matter(str(folder / "sub" / "new" / "c.png"))


def test_a_folder_that_is_its_own_store_does_not_set_itself_off(folder: Path) -> None:
    place = WatchPlace(folder, folder)
    for name in ("thumbnails/1.jpg", "catalog.sqlite-wal", "catalog.sqlite", "indexes/gone"):
        assert not place.may_matter(str(folder / name))
    assert place.may_matter(str(folder / "a.jpg"))
    assert place.may_matter(str(folder / "features of mine/a.jpg"))


def test_the_state_of_a_folder_tells_every_change(folder: Path) -> None:
    states = [folder_state(folder)]

    def differs() -> bool:
        states.append(folder_state(folder))
        return states[-1] != states[-2]

    assert not differs()
    (folder / "notes.txt").write_bytes(b"22")
    assert not differs()
    (folder / "sub/b.xmp").write_bytes(b"22")
    assert differs()
    os.utime(folder / "a.jpg", ns=(1, 1))
    assert differs()
    (folder / "a.jpg").rename(folder / "sub/a.jpg")
    assert differs()
    (folder / "sub/b.png").unlink()
    assert differs()
    assert folder_state(folder, ("sub/", "raw/")) == 0, "nothing is left"
    assert folder_state(folder / "gone") != 0, "which differs from an empty folder"


def test_how_a_folder_is_watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    place = WatchPlace(folder, folder / ".sokkuri")
    changes = watch_folder(place, None, stop)
    assert isinstance(changes, FileEvents)
    (folder / "new.jpg").write_bytes(b"1")
    assert changes.wait()
    changes.close()
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    for poll, seconds, why in ((None, 5.0, "the extra watch is not installed"), (3, 3, "as asked")):
        looks = watch_folder(place, poll, stop)
        assert isinstance(looks, Looks)
        assert (looks.seconds, looks.why) == (seconds, why)


def test_looks_report_a_change_when_it_is_complete(folder: Path) -> None:
    """A file that is still being written is not reported before it stays as it is."""
    states = iter([1, 1, 2, 3, 4, 4, 4, 5])
    looks = Looks(lambda: next(states), 0.0, "", threading.Event())
    assert not looks.wait()
    assert looks.wait()
    assert next(states) == 4, "two equal looks ended the wait"
