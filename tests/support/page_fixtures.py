"""One browser for all page tests, and an indexed collection of drawings."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from browser import Visit, Visiting, Windows, started
from draw_images import draw
from PIL import Image
from run_cli import sokkuri
from run_server import Server, serving

FOLDERS = ("2023/garden", "2023/harbour", "2024/market", "2024/night")
SHAPES = ((480, 320), (320, 480), (400, 400), (640, 280))
DRAWN = 120


class _Browser:
    """The browser. It starts for the first test that needs it, and ends after the last such test in
    a row. While it runs, this thread can run no other event loop."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._windows: Windows | None = None

    def windows(self) -> Windows:
        if self._windows is None:
            self._windows = Windows(self._open.enter_context(started()))
        return self._windows

    def close(self) -> None:
        self._windows = None
        self._open.close()


_BROWSER = _Browser()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None]:
    """End the browser after the last test that needs it."""
    try:
        return (yield)
    finally:
        if "windows" not in getattr(nextitem, "fixturenames", ()):
            _BROWSER.close()


def pytest_sessionfinish() -> None:
    _BROWSER.close()  # after a run that stops early


@pytest.fixture
def windows() -> Windows:
    return _BROWSER.windows()


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
def visitors(windows: Windows) -> Visiting:
    """Open pages of any server. They have no animations unless the test asks for them."""
    return partial(windows.visiting, reduced_motion="reduce")


@pytest.fixture
def visit(visitors: Visiting, server: Server) -> Iterator[Visit]:
    """A page on the drawings, in a window of 1280 x 800."""
    with visitors(server.address, viewport={"width": 1280, "height": 800}) as visit:
        yield visit
