"""One browser for all page tests of a module, and an indexed collection of drawings."""

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


@pytest.fixture(scope="module")  # while the browser runs, this thread can run no other event loop
def browser() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed collection of 120 drawings of several shapes in four folders; every third drawing
    is a crop of the one before."""
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
    """A page on the drawings, in a window of 1280 x 800."""
    with visiting(browser, server.address, viewport={"width": 1280, "height": 800}) as visit:
        yield visit


@pytest.fixture
def visitors(browser: Browser) -> Visiting:
    """Open pages of other servers, or in other windows."""
    return partial(visiting, browser)
