"""Labelling in the browser: by keyboard, one by one and together; undo; failures; not allowed."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Visit, Visiting
from draw_images import save
from playwright.sync_api import Page, Route, expect
from run_cli import sokkuri
from run_server import Server, serving

DRAWN = 48


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 drawings in two folders, indexed; every test labels a copy."""
    root = tmp_path_factory.mktemp("label") / "Pictures"
    for seed in range(DRAWN):
        save(root / ("first", "second")[seed % 2] / f"{seed:02d}.png", seed, 240, 180)
    sokkuri("index", root)
    return root


@pytest.fixture
def server(pictures: Path) -> Iterator[Server]:
    """Serves what has no labels: what a test has given, it takes back."""
    with serving(pictures, "--allow-changes") as server:
        yield server
        given = [*csv.DictReader(io.StringIO(server.get("/api/v1/labels/export").text))]
        if given:
            answer = server.post(
                "/api/v1/labels",
                json={"labels": [{"id": one["id"], "label": None} for one in given]},
                headers={"X-Sokkuri-Change": server.api("changes")["key"]},
            )
            assert answer.status_code == 200


@pytest.fixture
def label(visitors: Visiting, server: Server) -> Iterator[Visit]:
    with visitors(server.address, viewport={"width": 1280, "height": 800}) as visit:
        visit.go("/label")
        expect(visit.page.locator(".label-about h2")).to_be_visible()
        yield visit


def labels(server: Server) -> dict[str, str]:
    """What the server has, by id."""
    lines = csv.DictReader(io.StringIO(server.get("/api/v1/labels/export").text))
    return {one["id"]: one["label"] for one in lines}


def shown(page: Page) -> str:
    """The name of the image to be labelled."""
    return page.locator(".label-about h2").inner_text()


def add(page: Page, text: str) -> None:
    """A label, typed."""
    page.keyboard.press("l")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def saved(page: Page, count: int) -> None:
    """So many are labelled, and the server has them all."""
    expect(page.locator(".label-progress")).to_contain_text(f"{count} of {DRAWN} labelled")
    expect(page.locator("[data-unsaved='0']")).to_have_count(1)


def test_ten_labels_by_keyboard_alone(label: Visit, server: Server) -> None:
    """Each shows the next image at once; undo brings one back; a reload has them all."""
    page = label.page
    seen = [shown(page)]
    add(page, "round")
    for key in ("l", *"1212121"):
        seen.append(shown(page))
        if key == "l":
            add(page, "square")
        else:
            page.keyboard.press(key)
    seen.append(shown(page))
    page.keyboard.press("1")
    assert len(set(seen)) == 10
    expect(page.locator(".label-progress")).to_contain_text(f"10 of {DRAWN} labelled")
    page.keyboard.press("u")
    expect(page.locator(".label-about h2")).to_have_text(seen[-1])
    expect(page.locator(".label-progress")).to_contain_text(f"9 of {DRAWN} labelled")
    expect(page.locator(".label-near img").first).to_be_visible()
    saved(page, 9)
    page.reload()
    expect(page.locator(".label-progress")).to_contain_text(f"9 of {DRAWN} labelled")
    kept = {id_.split("/")[1]: given for id_, given in labels(server).items()}
    assert [kept.get(name) for name in seen] == [
        "round", "square", *["round", "square"] * 3, "round", None,
    ]  # fmt: skip
    first, second = page.locator(".label-button").all()
    expect(first).to_contain_text("round")
    expect(second).to_contain_text("square")


def test_the_export(label: Visit, server: Server) -> None:
    page = label.page
    add(page, 'a "quoted", label')
    saved(page, 1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename == "labels.csv"
    rows = [*csv.reader(download.value.path().read_text().splitlines())]
    (given,) = labels(server).items()
    assert rows == [["id", "label"], [*given]]
    assert given[1] == 'a "quoted", label'


def test_a_label_is_found_by_typing(label: Visit, server: Server) -> None:
    """The first that begins so is taken, a new one where none does; arrows choose another."""
    page = label.page
    for text in ("round", "rough", "smooth"):
        add(page, text)
    page.keyboard.press("l")
    page.keyboard.type("ro")
    expect(page.locator(".label-hint")).to_have_text("Enter: round")
    expect(page.locator(".label-button:visible")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".label-hint")).to_have_text("Enter: rough")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".label-hint")).to_have_text("Enter adds “ro”")
    page.keyboard.press("Escape")
    add(page, "smo")
    add(page, "oo")
    saved(page, 5)
    assert sorted(labels(server).values()) == ["oo", "rough", "round", "smooth", "smooth"]


def test_skipping_and_what_the_neighbours_say(label: Visit, server: Server) -> None:
    page = label.page
    passed = shown(page)
    page.keyboard.press("s")
    expect(page.locator(".label-about h2")).not_to_have_text(passed)
    add(page, "round")
    expect(page.get_by_role("button", name="Its neighbours say round")).to_be_visible()
    page.keyboard.press("0")
    saved(page, 2)
    assert {*labels(server).values()} == {"round"}
    assert passed not in {id_.split("/")[1] for id_ in labels(server)}


def test_until_nothing_is_left(visitors: Visiting, server: Server) -> None:
    """Lists are filled up on the way; what was skipped can be brought back."""
    with visitors(server.address) as visit:
        visit.go("/label?under=first")
        page = visit.page
        expect(page.get_by_text("Only in first.")).to_be_visible()
        name = page.locator(".label-about h2")
        expect(name).to_be_visible()
        passed = shown(page)
        page.keyboard.press("s")
        expect(name).not_to_have_text(passed)
        add(page, "round")
        nothing = page.get_by_role("heading", name="Nothing left to suggest")
        given = 1
        for _ in range(DRAWN):
            expect(name.or_(nothing)).to_be_visible()
            if nothing.is_visible():
                break
            page.keyboard.press("1")
            given += 1
        saved(page, given)
        assert len(labels(server)) == given
        assert {id_.split("/")[0] for id_ in labels(server)} == {"first"}
        with page.expect_request("**/suggestions?*") as asked:
            page.get_by_role("button", name="Bring back what was skipped").click()
        assert passed not in asked.value.url


def test_those_alike_together(label: Visit, server: Server) -> None:
    """The suggested one is selected; others by keys and clicks; undo brings the group back."""
    page = label.page
    page.keyboard.press("m")
    page.wait_for_url(re.compile("mode=alike"))
    tiles = page.locator(".alike-list button")
    expect(tiles).to_have_count(24)
    pressed = page.locator(".alike-list [aria-pressed=true]")
    expect(pressed).to_have_count(1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    tiles.nth(7).click()
    expect(pressed).to_have_count(4)
    names = {one.get_attribute("aria-label") for one in pressed.all()}
    add(page, "round")
    expect(tiles).to_have_count(20)
    saved(page, 4)
    assert {id_.split("/")[1] for id_ in labels(server)} == names
    page.keyboard.press("u")
    expect(tiles).to_have_count(24)
    expect(pressed).to_have_count(4)
    saved(page, 0)
    page.keyboard.press("a")
    expect(pressed).to_have_count(24)
    page.keyboard.press("1")
    saved(page, 24)
    page.go_back()
    page.wait_for_url(re.compile("label$"))
    expect(page.locator(".label-about h2")).to_be_visible()


def test_a_failing_request_keeps_the_labels(label: Visit, server: Server) -> None:
    """It is said, what is given meanwhile waits too, and all are sent when it can be."""
    page = label.page
    refused: list[Any] = []

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        refused.append(route.request.post_data_json)
        route.fulfill(
            status=500,
            content_type="application/problem+json",
            json={"title": "Fault", "status": 500, "detail": "the disk is on fire"},
        )

    label.forgive("500")
    page.route("**/api/v1/labels", refuse)
    first = shown(page)
    add(page, "round")
    expect(page.get_by_role("alert").filter(has_text="the disk is on fire")).to_be_visible()
    expect(page.locator(".label-about h2")).not_to_have_text(first)
    page.keyboard.press("1")
    expect(page.get_by_text("2 labels are not saved yet")).to_be_visible()
    assert refused[0]["labels"][0]["label"] == "round"
    assert labels(server) == {}
    page.keyboard.press("u")
    expect(page.get_by_text("One label is not saved yet")).to_be_visible()
    page.get_by_role("link", name="Status").click()
    page.get_by_role("link", name="Label").click()
    expect(page.get_by_text("One label is not saved yet")).to_be_visible()
    page.unroute("**/api/v1/labels")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("not saved yet")).to_have_count(0)
    saved(page, 1)
    assert {id_.split("/")[1]: given for id_, given in labels(server).items()} == {first: "round"}


def test_a_lost_server_gets_the_labels_when_it_is_back(
    visitors: Visiting, pictures: Path, tmp_path: Path
) -> None:
    with serving(pictures, "--allow-changes") as first, visitors(first.address) as visit:
        page = visit.page
        visit.go("/label")
        name = page.locator(".label-about h2")
        expect(name).to_be_visible()
        given = shown(page)
        first.stop()
        visit.forgive("ERR_", "Failed to load", "Failed to fetch")
        add(page, "round")
        expect(page.get_by_text("One label is not saved yet")).to_be_visible()
        with serving(pictures, "--allow-changes", "--port", first.port) as second:
            page.get_by_role("button", name="Try now").click()
            expect(page.get_by_text("not saved yet")).to_have_count(0)
            saved(page, 1)
            assert [id_.split("/")[1] for id_ in labels(second)] == [given]
            page.keyboard.press("u")
            saved(page, 0)
            assert labels(second) == {}


def test_without_allow_changes_nothing_can_change(
    visitors: Visiting, server: Server, pictures: Path
) -> None:
    with visitors(server.address) as visit:
        visit.go("/label")
        expect(visit.page.locator(".label-about h2")).to_be_visible()
        add(visit.page, "round")
        saved(visit.page, 1)
        before = labels(server)
    with serving(pictures) as locked, visitors(locked.address) as visit:
        page = visit.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.method))
        visit.go("/label")
        expect(page.locator(".label-about h2")).to_be_visible()
        expect(page.get_by_text("sokkuri serve --allow-changes")).to_be_visible()
        expect(page.locator(".label-button")).to_be_disabled()
        expect(page.get_by_label("Find or add a label")).to_be_disabled()
        page.keyboard.press("1")
        expect(page.get_by_text("Nothing can be changed here")).to_be_visible()
        assert {*asked} == {"GET"}
        assert labels(locked) == before


def test_an_empty_collection(visitors: Visiting, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    sokkuri("index", root)
    with serving(root) as server, visitors(server.address) as visit:
        visit.go("/label")
        expect(visit.page.get_by_text("No pictures yet")).to_be_visible()
