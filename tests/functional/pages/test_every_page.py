"""What holds on every page: no barriers, any width, light and dark, nothing leaks, no dead end."""

import re
from pathlib import Path

import pytest
from browser import AXE, Visit, Visiting, barriers
from playwright.sync_api import Page, expect
from run_cli import sokkuri
from run_server import Server, serving

ID = "2023/harbour/drawing%20040.jpg"
PAGES = {
    "browse": ("/browse", ".cell.shown"),
    "start": ("/search", ".drop-zone"),
    "search": (f"/search?id={ID}", ".hits li"),
    "rings": (f"/rings?id={ID}", ".ring-pictures a"),
    "image": (f"/image?id={ID}", ".similar .hit"),
    "duplicates": ("/duplicates?grade=alike", ".copies, .duplicates .panel"),
    "label": ("/label", ".label-about h2"),
    "alike": ("/label?mode=alike", ".alike-list button"),
    "status": ("/status", ".tile"),
}
"""Addresses, and what is there when the page is."""


def settled(page: Page) -> None:
    """Every picture in the window has come, and nothing moves any more."""
    page.wait_for_function(
        """() => document.getAnimations().length === 0 && [...document.images].every((image) => {
          const {top, bottom, left, right} = image.getBoundingClientRect();
          const seen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
          return !seen || !image.src || image.complete;
        })"""
    )


def opened(visit: Visit, name: str) -> Page:
    path, there = PAGES[name]
    visit.go(path)
    expect(visit.page.locator(there).first).to_be_visible()
    settled(visit.page)
    return visit.page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_barriers_and_a_picture_of_it(
    visitors: Visiting, server: Server, name: str, scheme: str
) -> None:
    """axe-core finds no serious fault; what the page looks like is kept in .screenshots/."""
    if not AXE.exists():
        pytest.skip("needs axe-core, which tests/install_browser.sh fetches with npm")
    size = {"width": 1280, "height": 800}
    with visitors(server.address, viewport=size, color_scheme=scheme, bypass_csp=True) as visit:
        page = opened(visit, name)
        visit.shot(f"{name}-{scheme}")
        assert barriers(page) == []


@pytest.mark.parametrize("width", [360, 3840])
@pytest.mark.parametrize("name", PAGES)
def test_any_width(visitors: Visiting, server: Server, name: str, width: int) -> None:
    """Nothing reaches beyond the window, and every page can be left by its navigation."""
    with visitors(server.address, viewport={"width": width, "height": 900}) as visit:
        page = opened(visit, name)
        visit.shot(f"{name}-{width}")
        inside, wide = page.evaluate("() => [innerWidth, document.documentElement.scrollWidth]")
        assert wide <= inside
        page.get_by_role("link", name="Status").first.click()
        expect(page.locator(".tile").first).to_be_visible()


def test_a_theme_is_kept(visit: Visit) -> None:
    page = opened(visit, "start")
    background = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    for _ in range(2):
        page.get_by_role("button", name=re.compile("^Theme")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark


BLOCKS = """async (address) => {
  const image = await createImageBitmap(await (await fetch(address)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, image.width, image.height);
  const longer = Math.max(image.width, image.height);
  const block = (side) => side / Math.max(1, Math.round(16 * side / longer));
  const inside = (at, side) => at % block(side) > 2 && at % block(side) < block(side) - 2;
  let worst = 0;
  for (let y = 0; y < image.height; y++) {
    if (!inside(y, image.height)) continue;
    for (let x = 1; x < image.width; x++) {
      if (!inside(x, image.width) || !inside(x - 1, image.width)) continue;
      for (let c = 0; c < 3; c++) {
        const at = 4 * (y * image.width + x) + c;
        worst = Math.max(worst, Math.abs(data[at] - data[at - 4]));
      }
    }
  }
  return worst;
}"""
"""The largest step between neighbouring pixels inside a block."""


def test_a_mosaic_leaks_nothing(visitors: Visiting, drawings: Path) -> None:
    """With --mosaic every picture that any page loads is blocks, and no switch undoes it."""
    with serving(drawings, "--mosaic") as server, visitors(server.address) as visit:
        loaded: set[str] = set()
        visit.page.on(
            "response",
            lambda answer: loaded.add(answer.url) if "/images/" in answer.url
            and answer.headers.get("content-type", "").startswith("image/") else None,
        )  # fmt: skip
        for name in PAGES:
            opened(visit, name)
        expect(visit.page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
        visit.page.get_by_role("switch").click(force=True)  # it says that it is disabled
        expect(visit.page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
        assert len(loaded) > 20
        file = f"{server.address}api/v1/images/{ID}/file"
        large = f"{server.address}api/v1/images/{ID}/thumbnail?size=2048"
        for address in (file, large, *sorted(loaded)[:20]):
            assert visit.page.evaluate(BLOCKS, address) < 40, address


def test_the_mosaic_switch(visit: Visit) -> None:
    """Where the server leaves the choice, the switch blurs what this browser shows."""
    page = opened(visit, "browse")
    page.get_by_role("switch").click()
    expect(page.locator(".cell img[src*='mosaic=1']").first).to_be_visible()
    page.reload()
    expect(page.locator(".cell img[src*='mosaic=1']").first).to_be_visible()


def test_an_empty_collection(visitors: Visiting, tmp_path: Path) -> None:
    """Every page says what is missing and what to do."""
    root = tmp_path / "photos"
    root.mkdir()
    sokkuri("index", root)
    with serving(root) as server, visitors(server.address) as visit:
        visit.go("/browse")
        expect(visit.page.get_by_text(re.compile("sokkuri index"))).to_be_visible()
        visit.go("/rings")
        expect(visit.page.get_by_text(re.compile("No pictures yet"))).to_be_visible()
        visit.go("/search")
        expect(visit.page.get_by_text("Drop a photo here")).to_be_visible()
        visit.go("/status")
        expect(visit.page.locator(".tile").first).to_contain_text("0")


def test_a_lost_server_and_its_return(visitors: Visiting, drawings: Path) -> None:
    """The page says that there is no answer, keeps trying, and goes on when there is one."""
    with serving(drawings) as first, visitors(first.address) as visit:
        opened(visit, "browse")
        first.stop()
        expect(visit.page.get_by_text(re.compile("No answer from the server"))).to_be_visible()
        with serving(drawings, "--port", first.port):
            visit.page.get_by_role("button", name="Try now").click()
            expect(visit.page.get_by_text(re.compile("No answer"))).to_have_count(0)
            visit.page.get_by_role("link", name="Status").click()
            expect(visit.page.locator(".tile").first).to_be_visible()
        visit.forgive("ERR_", "Failed to load", "Failed to fetch")


def test_the_way_in_with_a_token(visitors: Visiting, drawings: Path) -> None:
    """The link lets one browser in, once; another types the token."""
    token = "a token of the tests"
    with serving(drawings, SOKKURI_TOKEN=token) as server:
        with visitors(server.link) as visit:
            visit.page.goto(server.link)
            expect(visit.page.locator(".cell").first).to_be_visible()
        with visitors(server.address) as visit:
            visit.page.goto(server.link)
            expect(visit.page.get_by_label("The token of this server")).to_be_visible()
            visit.forgive("401")
            visit.page.get_by_label("The token of this server").fill(token)
            visit.page.get_by_role("button", name="Open").click()
            expect(visit.page.locator(".cell").first).to_be_visible()
