"""The page Map: made from the page, zoomed, coloured by folder or label, and read by keyboard."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Visiting, accessibility_faults
from playwright.sync_api import expect
from run_server import Server, serving

PLACES = """() => [...document.querySelectorAll(".map-pictures a")]
  .map((picture) => picture.title + picture.style.transform).sort().join()"""
PHOTO = "2023/harbour/drawing 040.jpg"


@pytest.fixture(scope="module")
def writable(drawings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that allows changes, on a copy of the drawings."""
    root = shutil.copytree(drawings, tmp_path_factory.mktemp("map") / "Drawings")
    with serving(root, "--allow-changes") as server:
        yield server


def test_the_map_is_made_shown_zoomed_and_lit(visitors: Visiting, writable: Server) -> None:
    """All in one visit: to make a map and to start a browser takes longest."""
    with visitors(writable.address, viewport={"width": 1280, "height": 800}) as visit:
        page = visit.page
        visit.go("/map")
        expect(page.get_by_role("heading", name="There is no map yet")).to_be_visible()
        page.get_by_role("button", name="Make the map").click()
        stage = page.locator(".map-stage")
        expect(stage).to_be_visible()
        expect(stage).to_have_attribute("aria-label", re.compile("Map of 120 pictures"))
        expect(page.locator(".map-legend li")).to_have_count(4)
        assert writable.api("map")["made"]

        # Pictures appear, one for each tile of the stage, and lead to the viewer.
        pictures = page.locator(".map-pictures a")
        expect(pictures.first).to_be_visible()
        assert 0 < pictures.count() <= 48
        assert accessibility_faults(page) == []
        visit.screenshot("map-1280")

        stage.focus()
        before = page.evaluate(PLACES)
        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"(before) => ({PLACES})() !== before", arg=before)
        page.keyboard.press("0")
        page.wait_for_function(f"(before) => ({PLACES})() === before", arg=before)

        page.get_by_label("Colours and names by").select_option("label")
        expect(page.get_by_text("No picture has a label.")).to_be_visible()
        visit.go(f"/map?id={PHOTO.replace(' ', '%20')}")
        expect(page.locator(".map-lit")).to_contain_text("most like drawing 040.jpg are lit")
        pictures.last.focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/image"))


def test_a_read_only_server_says_how_to_make_the_map(visitors: Visiting, server: Server) -> None:
    with visitors(server.address) as visit:
        visit.go("/map")
        expect(visit.page.locator(".map-make")).to_contain_text("sokkuri map")
        expect(visit.page.get_by_role("button", name="Make the map")).to_have_count(0)
