"""The viewer: filmstrip, slideshow, details, and back to the same place."""

import re

from browser import AXE, NEXT_FRAME, Visiting, accessibility_faults
from playwright.sync_api import Locator, ViewportSize, expect
from run_server import Server

LONGEST_ANIMATION = """() => Math.max(0, ...document.getAnimations().map((one) =>
  one.effect.getTiming().duration))"""
"""In milliseconds."""


def names_of(cells: Locator, count: int) -> list[str]:
    expect(cells.nth(count)).to_be_visible()
    return [cells.nth(n).locator("a").get_attribute("title") or "" for n in range(count)]


def test_the_viewer_goes_through_the_list_from_which_it_was_opened(
    visitors: Visiting, server: Server
) -> None:
    """By keys, a swipe, the filmstrip and a slideshow, which ends at any key. Esc returns to the
    same place of the list."""
    size: ViewportSize = {"width": 1280, "height": 800}
    with visitors(server.address, viewport=size, bypass_csp=True) as visit:
        page = visit.page
        page.emulate_media(reduced_motion="reduce")
        visit.go("/browse?sort=newest")
        cells = page.locator(".cell[data-id]")
        names = names_of(cells, 12)
        page.evaluate("() => scrollTo(0, 150)")
        cells.nth(6).locator("a").focus()
        page.keyboard.press("z")
        viewer = page.locator("dialog.viewer")
        strip = viewer.get_by_role("navigation", name="Filmstrip")

        def expect_shown(place: int) -> None:
            expect(page.get_by_role("dialog", name=names[place])).to_be_visible()
            expect(strip.locator("[aria-current]")).to_have_attribute(
                "aria-label", re.compile(f"^{re.escape(names[place])}, {place + 1} of ")
            )

        expect_shown(6)
        page.keyboard.press("ArrowRight")
        expect_shown(7)
        page.mouse.move(900, 400)
        page.mouse.down()
        page.mouse.move(500, 410, steps=4)
        page.mouse.up()
        expect_shown(8)
        strip.get_by_role("button", name=names[9]).click()
        expect_shown(9)

        page.keyboard.press("i")
        details = viewer.get_by_role("region", name="Details")
        expect(details.get_by_role("term").filter(has_text="Pixels")).to_be_visible()
        similar = details.locator(".drawer-similar button")
        expect(similar.first.locator("img")).to_be_visible()
        assert not AXE.exists() or accessibility_faults(page) == []
        page.set_viewport_size({"width": 360, "height": 640})
        page.wait_for_function("() => innerWidth === 360")
        page.evaluate(NEXT_FRAME)
        for part in (viewer, details, viewer.get_by_role("button", name="Close")):
            box = part.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360
        page.emulate_media(reduced_motion="reduce", color_scheme="dark")
        assert not AXE.exists() or accessibility_faults(page, ["color-contrast"]) == []
        page.set_viewport_size(size)
        name = (similar.first.get_attribute("aria-label") or "").partition(", ")[0]
        similar.first.click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        expect(strip.locator("[aria-current]")).to_have_attribute(
            "aria-label", re.compile("1 of 12$")
        )
        page.go_back()
        expect_shown(9)
        page.keyboard.press("i")
        expect(details).to_be_hidden()

        viewer.get_by_label("Slideshow: seconds").select_option("2 s")
        viewer.get_by_role("button", name="Slideshow").click()
        expect(strip).to_be_hidden()
        expect(page.get_by_role("dialog", name=names[10])).to_be_visible()
        assert page.evaluate(LONGEST_ANIMATION) < 1
        page.keyboard.press("Escape")
        expect_shown(10)
        page.keyboard.press("Escape")
        page.wait_for_url(re.compile("/browse.*sort=newest"))
        expect(page.locator(".cell[data-index='10'] a")).to_be_focused()
