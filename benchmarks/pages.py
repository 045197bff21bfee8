"""Measure the pages in a real browser on 100,000 pictures: how soon they show something, how they
scroll, and how the map moves.

    python -m benchmarks.pages small     (tries it with a small collection)

The browser and the server share the machine's cores. The browser has no GPU: it draws the map's
points in software. Needs Chromium.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks import page_probes as probes
from benchmarks.harness import describe_machine, run, table

WINDOW = {"width": 1280, "height": 800}
SPEEDS = {"3 windows a second": 2_400, "50 windows a second": 40_000}  # pixels a second
_PATIENCE = 120_000  # milliseconds

OPENED = {
    "/browse": ("first picture of Browse", "picture", 800.0),
    "/map": ("the map's points are drawn (software)", "points", 1500.0),
    "/duplicates": ("first group of Duplicates, with its pictures", "group", 1000.0),
}
"""What is measured after a page is opened, and its aim in milliseconds."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    images, groups : of the collection. starts : of the server; after each one, every page is opened
    twice, each time in a new context of the browser, which has nothing in its cache. openings : of
    the viewer. steps : pictures that it then shows one after the other. rest : seconds that each is
    looked at. scrolled, panned : seconds.
    """

    images: int = 100_000
    groups: int = 10_000
    starts: int = 3
    openings: int = 7
    steps: int = 30
    rest: float = 0.5
    scrolled: float = 5.0
    panned: float = 4.0


SMALL = Scale(240, 20, starts=1, openings=2, steps=2, rest=0.1, scrolled=0.5, panned=2.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. aim : the largest value in milliseconds, or the least frames a second.
    values : of all tries. shown : the median or the 95th percentile, which the aim is for."""

    what: str
    aim: float
    values: Sequence[float]
    unit: str = "ms"
    percentile: int = 50

    @property
    def row(self) -> list[str]:
        """A row of the table."""
        found = percentile(self.values, self.percentile)
        is_rate = self.unit != "ms"
        met = found >= self.aim if is_rate else found <= self.aim
        aim = f"at least {self.aim:,.0f}" if is_rate else f"at most {self.aim:,.0f} {self.unit}"
        median, high = (percentile(self.values, share) for share in (50, 95))
        worst = min(self.values) if is_rate else max(self.values)
        name = f"{self.what}, 95 % of frames" if self.percentile == 95 else self.what
        return [name, aim, "yes" if met else "no", f"{median:,.1f}",
                f"{high:,.1f}" if len(self.values) >= 20 else "", f"{worst:,.1f}",
                f"{len(self.values):,}"]  # fmt: skip


def percentile(values: Sequence[float], share: int) -> float:
    """Return a percentile: the median, or the least value that `share` % do not exceed."""
    if share == 50:
        return statistics.median(values)
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


def report(scale: Scale = Scale()) -> str:
    """Return one table of all aims and figures."""
    from browser import started

    with tempfile.TemporaryDirectory() as name:
        root, began = Path(name) / "photos", time.perf_counter()
        make = [sys.executable, "-m", "benchmarks.page_collection"]
        run([*make, str(root), str(scale.images), str(scale.groups)])
        made = time.perf_counter()
        with started() as browser:
            figures = [*_openings(browser, root, scale), *_uses(browser, root, scale)]
        ended = time.perf_counter()
    head = ("", "aim", "met", "median", "p95", "worst", "tries")
    return (
        f"{scale.images:,} images, {scale.groups:,} groups of copies; a window of "
        f"{WINDOW['width']} x {WINDOW['height']}. Milliseconds, or frames a second. "
        f"The collection was made in {made - began:.0f} s, the rest took {ended - made:.0f} s.\n\n"
        + table(head, [figure.row for figure in figures])
    )


def _openings(browser: Browser, root: Path, scale: Scale) -> Iterator[Figure]:
    """Measure how soon pages show something, after the server has started and again."""
    from run_server import serving

    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(scale.starts):
        shutil.rmtree(root / ".sokkuri" / "thumbnails", ignore_errors=True)
        with serving(root) as server:
            for visit in ("the server just started", "again"):
                if visit == "again":  # by then the server knows all groups
                    server.api("duplicates", limit=1)
                for path, (_, shown, _) in OPENED.items():
                    with _page(browser, f"{server.address}{path[1:]}") as page:
                        times.setdefault((path, visit), []).append(_shown_at(page, shown))
    for (path, visit), values in times.items():
        what, _, aim = OPENED[path]
        yield Figure(f"{what}, {visit}", aim, values)


def _uses(browser: Browser, root: Path, scale: Scale) -> Iterator[Figure]:
    """Measure the viewer, scrolling, and panning the map."""
    from run_server import serving

    shutil.rmtree(root / ".sokkuri" / "thumbnails", ignore_errors=True)
    with serving(root) as server:
        for name, under in (
            ("small pictures", f"{2000 + scale.images // 10_000}"),
            ("12 megapixels", "camera"),
        ):
            address = f"{server.address}browse?under={under}"
            with _page(browser, address) as page:
                opened = [_open_viewer(page, n, scale.rest) for n in range(scale.openings)]
                yield Figure(f"viewer opens from the grid, {name}", 100, opened)
                time.sleep(scale.rest)
                steps = [_step(page, scale.rest) for _ in range(scale.steps)]
                yield Figure(f"next picture, {name}", 50, steps)
        for name, speed in SPEEDS.items():
            with _page(browser, f"{server.address}browse") as page:
                yield Figure(f"scrolling, {name}", 25, _scroll(page, speed, scale), percentile=95)
        with _page(browser, f"{server.address}map") as page:
            yield Figure(
                "frames a second while the map is panned (software)", 30, _pan(page, scale), "/s"
            )


@contextmanager
def _page(browser: Browser, address: str) -> Iterator[Page]:
    """Open an address in a new context of the browser."""
    context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.add_init_script(probes.WATCH_START)
        page.goto(address, wait_until="commit")
        yield page
    finally:
        context.close()


def _shown_at(page: Page, name: str) -> float:
    """Wait until something is shown. Return the milliseconds from the start of the navigation."""
    return float(page.wait_for_function(probes.SHOWN_AT, arg=name).json_value())


def _open_viewer(page: Page, number: int, rest: float) -> float:
    """Open the viewer by a key on a picture that was not opened before; leave it but for the last
    time."""
    _shown_at(page, "picture")
    if number:
        page.keyboard.press("Escape")
    cell = page.locator(f'.cell.shown[data-index="{number}"] a')
    cell.focus()
    time.sleep(rest)
    return _after_key(page, "z")


def _step(page: Page, rest: float) -> float:
    took = _after_key(page, "ArrowRight")
    time.sleep(rest)
    return took


def _after_key(page: Page, key: str) -> float:
    """Press a key. Return the milliseconds until another full picture is shown in the viewer."""
    page.evaluate(probes.WATCH_VIEWER)
    page.keyboard.press(key)
    return float(page.evaluate(probes.VIEWED))


def _scroll(page: Page, speed: int, scale: Scale) -> list[float]:
    """Scroll by the wheel, and return the milliseconds of each frame."""
    _shown_at(page, "picture")
    time.sleep(scale.rest)
    with _frames(page) as frames:
        page.context.new_cdp_session(page).send(
            "Input.synthesizeScrollGesture",
            {"x": 640, "y": 500, "yDistance": -int(speed * scale.scrolled), "speed": speed,
             "gestureSourceType": "mouse", "preventFling": True},
        )  # fmt: skip
    return frames()


@contextmanager
def _frames(page: Page) -> Iterator[Callable[[], list[float]]]:
    """Give a function that returns the milliseconds of each frame of the block."""
    page.evaluate(probes.START_FRAMES)
    found: list[float] = []
    yield lambda: found
    found += page.evaluate(probes.STOP_FRAMES)


def _pan(page: Page, scale: Scale) -> list[float]:
    """Drag the map in circles. Return the frames with points of each second."""
    _shown_at(page, "points")
    time.sleep(scale.rest)
    box: Any = page.locator(".map-stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(probes.TAKE_POINT_FRAMES)
    began, step = time.perf_counter(), 0
    while time.perf_counter() - began < scale.panned:
        step += 1
        page.mouse.move(x + 100 * (step % 40 - 20) / 20, y + 50 * (step % 30 - 15) / 15)
    times = page.evaluate(probes.TAKE_POINT_FRAMES)
    page.mouse.up()
    first = times[0]
    return [
        float(sum(first + 1000 * second <= at < first + 1000 * (second + 1) for at in times))
        for second in range(max(1, int(scale.panned) - 1))
    ]


if __name__ == "__main__":
    print(f"Machine: {describe_machine()}\n\n{report(SMALL if sys.argv[1:] else Scale())}")
