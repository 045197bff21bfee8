"""The lines of a list become one path for each file, below the root."""

import errno
from pathlib import Path

import pytest

from sokkuri.images.list_files import read_list


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for path in ("photos/a.jpg", "photos/sub/b.jpg", "photos/sub/c d .jpg", "outside.jpg"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    (tmp_path / "link").symlink_to("photos")
    (tmp_path / "photos" / "away").symlink_to(tmp_path)
    return tmp_path


def read(root: Path, *lines: str) -> list[str | int | None]:
    """Return the path of each line, or the number of its error."""
    found: list[str | int | None] = []

    def note(_: str, error: OSError) -> None:
        found.append(error.errno)

    for line in lines:
        found += [ref.path for ref in read_list([f"{line}\r\n".encode()], root, on_error=note)]
    return found


def test_every_spelling_of_a_file_gives_the_same_path(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = home / "photos"
    monkeypatch.chdir(home)
    lines = ("sub/b.jpg", "./sub/b.jpg", "sub//b.jpg", "sub/./b.jpg", f"{root}/sub/b.jpg",
             f"{home}/link//sub/./b.jpg", "photos/sub/b.jpg", "./photos/sub/b.jpg",
             "sub/../sub/b.jpg", "photos/../photos/sub/b.jpg")  # fmt: skip
    assert read(root, *lines) == ["sub/b.jpg"] * len(lines)
    assert read(home / "link", *lines) == ["sub/b.jpg"] * len(lines)
    assert read(root, "sub/c d .jpg") == ["sub/c d .jpg"], "blanks belong to the name"


def test_a_root_beside_the_current_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home / "photos" / "sub")
    assert read(home / "photos", "../sub/b.jpg", "../../photos/a.jpg") == ["sub/b.jpg", "a.jpg"]


def test_a_folder_with_the_name_of_the_root_has_priority(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    inner = home / "photos" / "photos" / "a.jpg"
    inner.parent.mkdir()
    inner.write_bytes(b"y")
    assert read(home / "photos", "photos/a.jpg") == ["photos/a.jpg"]


def test_lines_that_lead_out_of_the_root_are_named(home: Path) -> None:
    root = home / "photos"
    lines = ("../outside.jpg", f"{home}/outside.jpg", "/", ".", str(root), "/etc/passwd",
             "away/../outside.jpg")  # fmt: skip
    assert read(root, *lines) == [errno.EXDEV] * len(lines)
    assert read(root, "nowhere.jpg", "a\0.jpg") == [errno.ENOENT, errno.EINVAL]


def test_links_below_the_root_keep_their_names(home: Path) -> None:
    """A list may go through a link to a folder: it is trusted."""
    root = home / "photos"
    assert read(root, "away/outside.jpg", f"{root}/away/outside.jpg") == ["away/outside.jpg"] * 2
