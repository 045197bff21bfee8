"""The page Map: made from the page, zoomed, coloured, filtered, selected, and read by keyboard."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Visiting, accessibility_faults
from playwright.sync_api import Page, expect
from run_server import TIMEOUT_SECONDS, Server, serving

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
        page.get_by_label("Colours and names by").select_option("date")
        expect(page.get_by_text("Of no picture it is known when")).to_be_visible()
        visit.go(f"/map?id={PHOTO.replace(' ', '%20')}")
        expect(page.locator(".map-lit")).to_contain_text("most like drawing 040.jpg are lit")
        name = str(pictures.last.get_attribute("title"))
        pictures.last.focus()
        page.keyboard.press("z")
        viewer = page.get_by_role("dialog")
        expect(viewer.get_by_role("heading", name=name)).to_be_visible()
        expect(viewer).to_contain_text("1 of 120")
        page.keyboard.press("ArrowRight")
        expect(viewer).to_contain_text("2 of 120")
        expect(viewer.get_by_role("heading", name=name)).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page).to_have_url(re.compile("/map"))


def test_pictures_on_the_map_are_filtered_selected_and_labelled(
    visitors: Visiting, writable: Server
) -> None:
    """By a rectangle, a lasso, and keys. Nothing is done once other pictures pass the filter."""
    make_map(writable)
    with visitors(writable.address, viewport={"width": 1280, "height": 800}) as visit:
        page = visit.page
        bar = page.get_by_role("region", name="Selected")
        toast = page.locator(".toast").last
        visit.go("/map?where=path like '2024/%25'")
        expect(page.locator(".map-count")).to_have_text("60 of 120 pictures")
        page.get_by_role("button", name="Select by a rectangle").click()
        drag(page, (0.01, 0.01), (0.99, 0.99))
        expect(bar).to_contain_text("60 selected")
        assert accessibility_faults(page) == []
        visit.screenshot("map-selection-1280")
        page.keyboard.down("Control")
        drag(page, (0.01, 0.01), (0.5, 0.99))
        page.keyboard.up("Control")
        expect(bar).not_to_contain_text("60 selected")
        page.get_by_role("button", name="Select by a lasso").click()
        drag(page, (0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99))
        expect(bar).to_contain_text("60 selected")
        page.keyboard.press("Escape")
        expect(bar).to_be_hidden()

        where = page.get_by_label("Where")
        where.fill("path like '2024/night/%'")
        page.keyboard.press("Enter")
        expect(page.locator(".map-count")).to_have_text("30 of 120 pictures")
        page.get_by_role("heading", name="Map").click()
        page.keyboard.press("Control+a")
        expect(bar).to_contain_text("30 selected")
        bar.get_by_role("button", name="Label…").click()
        page.get_by_role("dialog").get_by_label("Label", exact=True).fill("dark")
        page.keyboard.press("Enter")
        expect(toast).to_contain_text("30 images labelled “dark”")
        assert writable.api("labels")["labels"] == [{"label": "dark", "count": 30}]

        where.fill("label = 'dark'")
        page.keyboard.press("Enter")
        expect(page.locator(".map-count")).to_have_text("30 of 120 pictures")
        page.get_by_role("button", name="Select all in sight").click()
        expect(bar).to_contain_text("30 selected")
        give_label(writable, "2024/night/drawing 100.jpg", None)
        bar.get_by_role("button", name="Move to trash…").click()
        page.get_by_role("dialog").get_by_role("button", name="Move to the trash").click()
        expect(toast).to_contain_text("select again. The map was loaded again")
        expect(page.locator(".map-count")).to_have_text("29 of 120 pictures")
        where.fill("wide > 3")
        page.keyboard.press("Enter")
        expect(page.locator(".filter-bar [role=alert]")).to_contain_text("expected one of")
        visit.expect_problems("409", "422")


def make_map(server: Server) -> None:
    """Make the map, unless the test before has made it."""
    if not server.api("map")["made"]:
        headers = {"X-Sokkuri-Change": server.api("changes")["key"]}
        assert server.post("/api/v1/map", json={}, headers=headers).json() == {"started": True}
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (state := server.api("map"))["made"]:
        assert time.monotonic() < deadline, state


def drag(page: Page, *shares: tuple[float, float]) -> None:
    """Draw a shape on the stage through these places, as shares of its width and height."""
    box = page.locator(".map-stage").bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def give_label(server: Server, id_: str, label: str | None) -> None:
    """Set a label as another tab does."""
    headers = {"X-Sokkuri-Change": server.api("changes")["key"]}
    body = {"labels": [{"id": id_, "label": label}]}
    assert server.post("/api/v1/labels", json=body, headers=headers).status_code == 200


def test_a_read_only_server_says_how_to_make_the_map(visitors: Visiting, server: Server) -> None:
    with visitors(server.address) as visit:
        visit.go("/map")
        expect(visit.page.locator(".map-make")).to_contain_text("sokkuri map")
        expect(visit.page.get_by_role("button", name="Make the map")).to_have_count(0)
