"""Measure how the page Browse loads over a network with a delay: requests, bytes, first picture.

The delay is the browser's own emulation. It lengthens each request, but no connection has to be
opened, and no packet is lost.
"""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.harness import run, sokkuri, table

DELAYS = (0, 150)  # milliseconds a request
PICTURES, ROUNDS = 200, 5
_Figures = tuple[float, ...]
_FIRST_PICTURE = """() => [...document.querySelectorAll(".cell img")].some(
  (image) => image.complete && image.naturalWidth)"""


def report() -> str:
    """Return a table with two rows for each delay: the first visit and a later one."""
    from browser import started
    from draw_images import save_drawing
    from run_server import serving

    with tempfile.TemporaryDirectory() as name:
        photos = Path(name) / "photos"
        for seed in range(PICTURES):
            save_drawing(photos / f"{seed}.jpg", seed)
        run(sokkuri("index", photos))
        with serving(photos) as server, started() as browser:
            _visits(browser, server.address, 0)  # the server makes its thumbnails
            rows = [
                (str(delay), visit, *(f"{statistics.median(figures):,.2f}".removesuffix(".00")
                                      for figures in zip(*rounds, strict=True)))
                for delay in DELAYS
                for visit, rounds in _rounds(browser, server.address, delay).items()
            ]  # fmt: skip
    head = ("delay, ms", "visit", "requests before the first picture", "kB until then", "seconds")
    return f"{PICTURES} pictures; medians of {ROUNDS}.\n\n" + table(head, rows)


def _rounds(browser: Browser, address: str, delay: int) -> dict[str, list[_Figures]]:
    visits = [_visits(browser, address, delay) for _ in range(ROUNDS)]
    return {"first": [first for first, _ in visits], "later": [later for _, later in visits]}


def _visits(
    browser: Browser, address: str, delay: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Open the page twice in a new browser context. Return the figures of both visits."""
    context = browser.new_context()
    try:
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": delay, "downloadThroughput": -1, "uploadThroughput": -1},
        )
        sizes: list[float] = []
        network.on(
            "Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"])
        )
        return _visit(page, address, sizes), _visit(page, address, sizes)
    finally:
        context.close()


def _visit(page: Page, address: str, sizes: list[float]) -> _Figures:
    """Return the number of requests, kilobytes and seconds until the first picture is there."""
    sizes.clear()
    began = time.perf_counter()
    page.goto(f"{address}browse", wait_until="commit")
    page.wait_for_function(_FIRST_PICTURE)
    seconds = time.perf_counter() - began
    from_network = [size for size in sizes if size]
    return float(len(from_network)), sum(from_network) / 1000, seconds
