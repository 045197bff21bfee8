"""A real browser for the page tests: starts it, and fails a test when a page reports an error."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
"""Folder of the screenshots that the tests make."""

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
_NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
    "google-chrome-stable",
)  # fmt: skip
"""Browsers of a system. The headless shell comes first: it draws the same pages in two thirds of
the time, since it has no windows."""
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# As patient as Playwright's actions: on a loaded machine a page may take longer than the default.
expect.set_options(timeout=30_000)


NEXT_FRAME = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""
"""Waits until the browser has painted again."""


@dataclass
class Visit:
    """A page that is watched for errors.

    `problems` : errors and warnings in its console, uncaught exceptions, and requests to other
    hosts, a line each. `expected` : parts of lines that the test provokes."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    _listening: list[tuple[str, Callable[[Any], object]]] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address.rstrip('/')}{path}")

    def listen(self, event: str, handler: Callable[[Any], object]) -> None:
        """Call the handler for each such event of the page until the visit ends."""
        self.page.on(event, handler)  # type: ignore[call-overload]
        self._listening.append((event, handler))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the page's problems while the block lasts."""
        host = urlsplit(self.address).netloc

        def check_message(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and _SOFTWARE not in message.text:
                self.problems.append(f"console: {message.text}")

        def check_request(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in ("data", "blob") and parts.netloc != host:
                self.problems.append(f"request to another host: {request.url}")

        self.listen("console", check_message)
        self.listen("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.listen("request", check_request)
        try:
            yield
        finally:
            for event, handler in self._listening:
                self.page.remove_listener(event, handler)

    def expect_problems(self, *parts: str) -> None:
        """Accept problems that contain one of these parts, because the test provokes them."""
        self.expected += parts

    @property
    def unexpected(self) -> list[str]:
        return [line for line in self.problems if not any(part in line for part in self.expected)]

    def screenshot(self, name: str) -> None:
        """Save a screenshot in SCREENSHOTS."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


Visiting = Callable[..., AbstractContextManager[Visit]]
"""Opens an address in a window without cookies or storage of other visits. Further arguments are
options of Playwright's browser contexts."""


_SOFTWARE = "GPU stall due to ReadPixels"
"""What the browser says about each WebGL frame on a machine without a GPU."""


@contextmanager
def started() -> Iterator[Browser]:
    """Start the browser of the system, or the one that Playwright has installed."""
    executable = next((path for name in _NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


class Windows:
    """Windows of a browser. Each serves one visit after the other, because a new window starts a
    process and fills its cache anew, which takes longer than most tests."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: dict[str, list[Page]] = {}
        """Pages that wait for a visit, by the options of their contexts."""

    @contextmanager
    def visiting(self, address: str, **options: Any) -> Iterator[Visit]:
        """Open a page that knows nothing of other visits, and close it if the block fails.

        Fails at the end if the page had an unexpected problem.
        """
        idle = self._idle.setdefault(repr(sorted(options.items())), [])
        page = idle.pop() if idle else self._browser.new_context(**options).new_page()
        visit = Visit(page, address)
        try:
            with visit.watched():
                yield visit
            assert not visit.unexpected, visit.unexpected
            _forget_visit(page, address, options)
        except BaseException:
            page.context.close()
            raise
        idle.append(page)

    def close(self) -> None:
        for page in [page for idle in self._idle.values() for page in idle]:
            page.context.close()
        self._idle.clear()


def _forget_visit(page: Page, address: str, options: Mapping[str, Any]) -> None:
    """Remove all traces of a visit from a page, but keep the browser's cache."""
    page.unroute_all()
    page.evaluate("() => { try { sessionStorage.clear() } catch { /* no origin has it */ } }")
    page.goto("about:blank")
    session = page.context.new_cdp_session(page)
    session.send(
        "Storage.clearDataForOrigin", {"origin": address.rstrip("/"), "storageTypes": "all"}
    )
    session.detach()
    page.context.clear_cookies()
    page.context.clear_permissions()
    page.emulate_media(
        color_scheme=options.get("color_scheme", "light"),
        reduced_motion=options.get("reduced_motion", "no-preference"),
    )
    page.set_viewport_size(options.get("viewport", {"width": 1280, "height": 720}))


@contextmanager
def visiting(browser: Browser, address: str, **options: Any) -> Iterator[Visit]:
    """Open a page in a new browser context. Fails as `Windows.visiting` does."""
    with closing(Windows(browser)) as windows, windows.visiting(address, **options) as visit:
        yield visit


def accessibility_faults(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """Return the serious and critical accessibility faults that axe-core finds, a line each.

    rules : the names of the rules to check; all if there are none."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    report = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
        for fault in report["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
