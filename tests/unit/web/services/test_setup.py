"""What the page of a first run says about a folder, and why it cannot be indexed."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from draw_images import save_drawing
from permissions import without_write_access

from sokkuri.web.services.setup import read_setup


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a picture that every user can read."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    save_drawing(root / "photos" / "1.png", 1, 20, 20)
    yield root / "photos"
    shutil.rmtree(root)


@pytest.mark.parametrize("place", ["nothing", "folder", "file"])
def test_a_folder_in_which_the_server_may_not_write(
    folder: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place of the store is free, is a folder already, or is a file."""
    if place == "folder":
        (folder / ".sokkuri").mkdir()
    if place == "file":
        (folder / ".sokkuri").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))  # nobody may look into the home of root
    with without_write_access(folder):
        found = read_setup(folder, lambda: False)
    assert "may not write" in found["problem"]
    assert f"sokkuri index {folder} --store DIR" in found["problem"]
    assert found["images"] == 1


def test_a_folder_inside_a_collection_names_that_collection(tmp_path: Path) -> None:
    save_drawing(tmp_path / "trip" / "1.png", 1, 20, 20)
    (tmp_path / ".sokkuri").mkdir()
    (tmp_path / ".sokkuri" / "catalog.sqlite").touch()
    found = read_setup(tmp_path / "trip", lambda: False)
    assert found["inside"] == str(tmp_path)
    assert found["problem"] is None
    assert found["networks"][0]["name"] == "efficientnet-lite0-int8"
