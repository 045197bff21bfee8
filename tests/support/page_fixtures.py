"""One browser for all page tests, and a collection that may be shown: drawings of our own."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from browser import Visit, Visiting, started, visiting
from draw_images import draw
from PIL import Image
from playwright.sync_api import Browser
from run_cli import sokkuri
from run_server import Server, serving

FOLDERS = ("2023/garden", "2023/harbour", "2024/market", "2024/night")
SHAPES = ((480, 320), (320, 480), (400, 400), (640, 280))
DRAWN = 120


@pytest.fixture(scope="module")  # while it runs, no other event loop can in this thread
def browser() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 drawings in four folders, of several shapes; every third is a cut of the one before.
    Indexed."""
    root = tmp_path_factory.mktemp("pages") / "Drawings"
    for number in range(DRAWN):
        folder = root / FOLDERS[number * len(FOLDERS) // DRAWN]
        folder.mkdir(parents=True, exist_ok=True)
        original = number - (number % 3 == 2)
        image = Image.fromarray(draw(original, *SHAPES[original % len(SHAPES)]))
        if original != number:
            image = image.crop((20, 10, image.width - 10, image.height - 20))
        image.save(folder / f"drawing {number:03d}.jpg", quality=85)
    sokkuri("index", root)
    return root


@pytest.fixture(scope="session")
def server(drawings: Path) -> Iterator[Server]:
    with serving(drawings) as server:
        yield server


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """A visitor of the drawings, with a window of usual size."""
    with visiting(browser, server.address, viewport={"width": 1280, "height": 800}) as visit:
        yield visit


@pytest.fixture
def visitors(browser: Browser) -> Visiting:
    """For visitors of other servers, or with other windows."""
    return partial(visiting, browser)
