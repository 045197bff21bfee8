"""Promises of every page: accessibility, any width, themes, mosaic, lost servers, sign-in."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from browser import AXE, NEXT_FRAME, Visit, Visiting, accessibility_faults
from firefox import FIREFOX, firefox
from playwright.sync_api import Page, expect
from run_cli import sokkuri
from run_server import Server, serving

ID = "2023/harbour/drawing%20040.jpg"
PAGES = {
    "browse": ("/browse", ".cell.shown"),
    "start": ("/search", ".drop-zone"),
    "search": (f"/search?id={ID}", ".hits li"),
    "rings": (f"/rings?id={ID}&k=30", ".ring-pictures a"),
    "image": (f"/image?id={ID}", ".similar .hit"),
    "duplicates": ("/duplicates?grade=alike", ".copies, .duplicates .panel"),
    "label": ("/label", ".label-about h2"),
    "alike": ("/label?mode=alike", ".alike-list button"),
    "map": ("/map", ".map .panel"),
    "status": ("/status", ".tile"),
}
"""The address of each page, and a selector of an element that shows that it is complete."""


def wait_until_settled(page: Page) -> None:
    """Wait until every picture in the window has loaded and all animations have ended."""
    page.wait_for_function(
        """() => document.getAnimations().length === 0 && [...document.images].every((image) => {
          const {top, bottom, left, right} = image.getBoundingClientRect();
          const visible = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
          return !visible || !image.src || image.complete;
        })"""
    )


def open_page(visit: Visit, name: str) -> Page:
    path, selector = PAGES[name]
    visit.go(path)
    expect(visit.page.locator(selector).first).to_be_visible()
    wait_until_settled(visit.page)
    return visit.page


COVERED = """() => {
  const covered = [];
  for (const control of document.querySelectorAll("a[href], button, input, select, summary")) {
    if (!control.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (control.closest(".unseen, .skip, .ring-pictures, [aria-hidden=true]")) continue;
    control.scrollIntoView({block: "center", behavior: "instant"});
    const {left, right, top, bottom} = control.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const there = document.elementFromPoint(x, y);
    const isFree = there && (control.contains(there) || there.contains(control)
      || there.closest("label")?.control === control);
    const [what, by] = [control, there].map((each) => each?.outerHTML.slice(0, 120));
    if (!isFree) covered.push(`${what} by ${by}`);
  }
  scrollTo(0, 0);
  return covered;
}"""
"""Returns the controls that something else covers when they are scrolled to the middle."""


NARROW_RULES = ["scrollable-region-focusable", "target-size", "meta-viewport"]
"""The rules of axe whose result depends on the size of the window."""


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits_any_window(
    visitors: Visiting, server: Server, name: str
) -> None:
    """axe finds no serious fault, and in the dark theme no faint text either. Nothing is wider than
    the window, also at a zoom of 200 %, where each control can be reached, and of 400 %. The
    navigation leads to another page. Screenshots are saved in .screenshots/."""
    size = {"width": 360, "height": 900}
    with visitors(server.address, viewport=size, color_scheme="light", bypass_csp=True) as visit:
        page = open_page(visit, name)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        visit.screenshot(f"{name}-360")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.evaluate(NEXT_FRAME)
        wait_until_settled(page)
        visit.screenshot(f"{name}-light")
        assert not AXE.exists() or accessibility_faults(page) == []
        page.emulate_media(color_scheme="dark")
        wait_until_settled(page)
        visit.screenshot(f"{name}-dark")
        assert not AXE.exists() or accessibility_faults(page, ["color-contrast"]) == []
        page.set_viewport_size({"width": 3840, "height": 900})
        page.evaluate(NEXT_FRAME)
        wait_until_settled(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 3840
        # A window of 1280 by 800 pixels at a zoom of 200 %.
        page.set_viewport_size({"width": 640, "height": 400})
        page.evaluate(NEXT_FRAME)
        wait_until_settled(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 640
        assert page.evaluate(COVERED) == []
        assert not AXE.exists() or accessibility_faults(page, NARROW_RULES) == []
        # The same window at 400 %, where WCAG still wants no scrolling sideways.
        page.set_viewport_size({"width": 320, "height": 256})
        page.wait_for_function("() => document.documentElement.scrollWidth <= 320")
        page.get_by_role("link", name="Status").first.click()
        expect(page.locator(".tile").first).to_be_visible()
    if not AXE.exists():
        pytest.skip("axe-core is missing, which tests/install_browser.sh fetches with npm")


COMPLETE = """new Promise((done) => {
  const look = () => {
    const part = document.querySelector(SELECTOR);
    const seen = [...document.images].filter((image) => image.checkVisibility() && image.src
      && image.getBoundingClientRect().top < innerHeight);
    if (part?.checkVisibility() && seen.every((image) => image.complete)) {
      done(seen.length > 0 && seen.every((image) => image.naturalWidth > 0));
    } else setTimeout(look, 50);
  };
  look();
})"""
"""Waits for the element SELECTOR and the pictures in the window. Returns whether there are any."""
WITHOUT_PICTURES = {"start", "duplicates", "map", "status"}


@pytest.mark.full
@pytest.mark.skipif(FIREFOX is None, reason="needs Firefox, as of Debian's package firefox-esr")
def test_every_page_works_in_firefox(server: Server) -> None:
    """Each page is complete, shows its pictures, and reports no error."""

    async def visit_all() -> tuple[set[str], list[str]]:
        with_pictures = set()
        async with firefox() as page:
            for name, (path, selector) in PAGES.items():
                await page.go(f"{server.address.rstrip('/')}{path}")
                if await page.evaluate(COMPLETE.replace("SELECTOR", json.dumps(selector))):
                    with_pictures.add(name)
            return with_pictures, page.problems

    with_pictures, problems = asyncio.run(visit_all())
    assert problems == []
    assert with_pictures == PAGES.keys() - WITHOUT_PICTURES


def test_the_chosen_theme_survives_a_reload(visit: Visit) -> None:
    page = open_page(visit, "start")
    background = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    for _ in range(2):
        page.get_by_role("button", name=re.compile("^Theme")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_function(f"(light) => ({background})() !== light", arg=light)
    dark = page.evaluate(background)
    page.reload()
    page.wait_for_function(f"(dark) => ({background})() === dark", arg=dark)


BLOCKS = """async (address) => {
  const image = await createImageBitmap(await (await fetch(address)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, image.width, image.height);
  const longer = Math.max(image.width, image.height);
  const block = (side) => side / Math.max(1, Math.round(16 * side / longer));
  const inside = (x, side) => x % block(side) > 2 && x % block(side) < block(side) - 2;
  let worst = 0;
  for (let y = 0; y < image.height; y++) {
    if (!inside(y, image.height)) continue;
    for (let x = 1; x < image.width; x++) {
      if (!inside(x, image.width) || !inside(x - 1, image.width)) continue;
      for (let c = 0; c < 3; c++) {
        const i = 4 * (y * image.width + x) + c;
        worst = Math.max(worst, Math.abs(data[i] - data[i - 4]));
      }
    }
  }
  return worst;
}"""
"""Returns the largest difference between neighbouring pixels inside a block."""


def test_with_mosaic_every_loaded_picture_consists_of_blocks(
    visitors: Visiting, drawings: Path
) -> None:
    """With --mosaic, on every page; and the switch cannot turn it off."""
    with serving(drawings, "--mosaic") as server, visitors(server.address) as visit:
        loaded: set[str] = set()
        visit.listen(
            "response",
            lambda answer: loaded.add(answer.url) if "/images/" in answer.url
            and answer.headers.get("content-type", "").startswith("image/") else None,
        )  # fmt: skip
        for name in PAGES:
            open_page(visit, name)
        expect(visit.page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
        visit.page.get_by_role("switch").click(force=True)  # aria-disabled is true
        expect(visit.page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
        assert len(loaded) > 20
        file = f"{server.address}api/v1/images/{ID}/file"
        large = f"{server.address}api/v1/images/{ID}/thumbnail?size=2048"
        for address in (file, large, *sorted(loaded)[:8]):
            assert visit.page.evaluate(BLOCKS, address) < 40, address


def test_the_mosaic_switch_is_remembered(visit: Visit) -> None:
    """Without --mosaic, the switch turns pictures into blocks in this browser."""
    page = open_page(visit, "browse")
    page.get_by_role("switch").click()
    expect(page.locator(".cell img[src*='mosaic=1']").first).to_be_visible()
    page.reload()
    expect(page.locator(".cell img[src*='mosaic=1']").first).to_be_visible()


def test_pages_of_an_empty_collection_say_what_to_do(visitors: Visiting, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    sokkuri("index", root)
    with serving(root) as server, visitors(server.address) as visit:
        visit.go("/browse")
        expect(visit.page.locator("main").get_by_text("sokkuri index")).to_be_visible()
        visit.go("/rings")
        expect(visit.page.get_by_text(re.compile("No pictures yet"))).to_be_visible()
        visit.go("/search")
        expect(visit.page.get_by_text("Drop a photo here")).to_be_visible()
        visit.go("/status")
        expect(visit.page.locator(".tile").first).to_contain_text("0")


def test_a_page_reconnects_to_a_restarted_server(visitors: Visiting, drawings: Path) -> None:
    """The page shows that the server does not answer, keeps trying, and continues by itself."""
    with serving(drawings) as first, visitors(first.address) as visit:
        open_page(visit, "browse")
        first.stop()
        expect(visit.page.get_by_text("The server does not answer")).to_be_visible()
        with serving(drawings, "--port", first.port):
            visit.page.get_by_role("button", name="Try now").click()
            expect(visit.page.get_by_text("The server does not answer")).to_have_count(0)
            visit.page.get_by_role("link", name="Status").click()
            expect(visit.page.locator(".tile").first).to_be_visible()
        visit.expect_problems("ERR_", "Failed to load", "Failed to fetch")


def test_sign_in_by_link_once_and_by_token(visitors: Visiting, drawings: Path) -> None:
    """The link signs in one browser, once. In another browser the user types the token."""
    token = "a token of the tests"
    with serving(drawings, SOKKURI_TOKEN=token) as server:
        with visitors(server.link) as visit:
            visit.page.goto(server.link)
            expect(visit.page.locator(".cell").first).to_be_visible()
        with visitors(server.address) as visit:
            visit.page.goto(server.link)
            expect(visit.page.get_by_label("Access token")).to_be_visible()
            visit.expect_problems("401")
            visit.page.get_by_label("Access token").fill(token)
            visit.page.get_by_role("button", name="Sign in").click()
            expect(visit.page.locator(".cell").first).to_be_visible()
