"""Drawings with copies, a server that may change them, and the page Duplicates."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Visit, Visiting
from draw_images import draw
from duplicates_page import (
    ALL,
    COPIES,
    SHAPES,
    SMALL,
    groups,
)
from PIL import Image
from playwright.sync_api import expect
from run_cli import sokkuri
from run_server import Server, serving
from trash_fixtures import home_environment


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten indexed drawings: three have a copy of the same bytes, one has a smaller copy."""
    photos = tmp_path_factory.mktemp("indexed") / "photos"
    (photos / "2023").mkdir(parents=True)
    (photos / "copies").mkdir()
    for number in range(10):
        picture = Image.fromarray(draw(number, *SHAPES[number % len(SHAPES)]))
        file = photos / "2023" / f"drawing {number:02d}.jpg"
        picture.save(file, quality=90)
        os.utime(file, (1_500_000_000 + number, 1_400_000_000 + number))
        if number in COPIES:
            shutil.copyfile(file, photos / COPIES[number])
            os.utime(photos / COPIES[number], (1_600_000_000, 1_600_000_000))
        if number == 4:
            picture.resize((picture.width // 2, picture.height // 2)).save(photos / SMALL)
    sokkuri("index", photos)
    return photos


@pytest.fixture(scope="module")
def compared(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of these drawings, compared for duplicates."""
    photos = shutil.copytree(indexed, tmp_path_factory.mktemp("compared") / "photos")
    sokkuri("duplicates", "-C", photos)
    return photos


@pytest.fixture
def home(compared: Path, tmp_path: Path) -> Path:
    """A home folder with the compared drawings in `photos`."""
    shutil.copytree(compared, tmp_path / "photos")
    return tmp_path


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with serving(home / "photos", "--allow-changes", **home_environment(home)) as server:
        yield server


@pytest.fixture
def visit(visitors: Visiting, server: Server) -> Iterator[Visit]:
    """The page Duplicates with the groups of all pictures."""
    with visitors(server.address, viewport={"width": 1280, "height": 800}) as visit:
        visit.go("/duplicates")
        expect(groups(visit.page)).to_have_count(ALL)
        yield visit
