"""A real browser on the pages: how it is started, and what no page may do."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
"""Where the tests leave what the pages look like."""

AXE = Path(__file__).parents[1] / ".axe/node_modules/axe-core/axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Visit:
    """A page under watch. `troubles` : what it printed as errors, what it threw, and what it asked
    of other hosts; `forgiven` : parts of those that the test provokes."""

    page: Page
    address: str
    troubles: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address.rstrip('/')}{path}")

    def forgive(self, *parts: str) -> None:
        """These are provoked: an error that a test asks for is printed by the browser too."""
        self.forgiven += parts

    @property
    def unforgiven(self) -> list[str]:
        return [one for one in self.troubles if not any(part in one for part in self.forgiven)]

    def shot(self, name: str) -> None:
        """Keep what it looks like."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


Visiting = Callable[..., AbstractContextManager[Visit]]
"""From an address to a visit."""


@contextmanager
def started() -> Iterator[Browser]:
    """The system's browser, or Playwright's own."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Browser, address: str, **options: Any) -> Iterator[Visit]:
    """A new visitor at the address, without anything kept from others."""
    context = browser.new_context(**options)
    page = context.new_page()
    visit = Visit(page, address)
    host = urlsplit(address).netloc

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visit.troubles.append(f"said: {message.text}")

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != host:
            visit.troubles.append(f"asked another host: {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: visit.troubles.append(f"threw: {error}"))
    page.on("request", asked)
    try:
        yield visit
    finally:
        context.close()
    assert not visit.unforgiven, visit.unforgiven


def barriers(page: Page) -> list[str]:
    """What axe-core finds that keeps people out : serious and critical faults, a line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
