"""The page Label: by keyboard, single images and groups, undo, failures, and read-only servers."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Visit, Visiting
from draw_images import save_drawing
from playwright.sync_api import Page, Route, expect
from run_cli import sokkuri
from run_server import Server, serving

DRAWN = 48


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed collection of 48 drawings in two folders."""
    root = tmp_path_factory.mktemp("label") / "Pictures"
    for seed in range(DRAWN):
        save_drawing(root / ("first", "second")[seed % 2] / f"{seed:02d}.png", seed, 240, 180)
    sokkuri("index", root)
    return root


@pytest.fixture(scope="module")
def one_server(pictures: Path) -> Iterator[Server]:
    with serving(pictures, "--allow-changes") as server:
        yield server


@pytest.fixture
def server(one_server: Server) -> Iterator[Server]:
    """Serve the pictures, and remove the labels that a test has given."""
    yield one_server
    given = labels(one_server)
    if given:
        answer = one_server.post(
            "/api/v1/labels",
            json={"labels": [{"id": id_, "label": None} for id_ in given]},
            headers={"X-Sokkuri-Change": one_server.api("changes")["key"]},
        )
        assert answer.status_code == 200


@pytest.fixture
def label(visitors: Visiting, server: Server) -> Iterator[Visit]:
    with visitors(server.address, viewport={"width": 1280, "height": 800}) as visit:
        visit.go("/label")
        expect(visit.page.locator(".label-about h2")).to_be_visible()
        yield visit


def labels(server: Server) -> dict[str, str]:
    """The labels on the server, by image id."""
    rows = csv.DictReader(io.StringIO(server.get("/api/v1/labels/export").text))
    return {row["id"]: row["label"] for row in rows}


def current_name(page: Page) -> str:
    """The name of the image to label."""
    return page.locator(".label-about h2").inner_text()


def type_label(page: Page, text: str) -> None:
    page.keyboard.press("l")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def expect_saved(page: Page, count: int) -> None:
    """Wait until `count` images are labelled and the server has all labels."""
    expect(page.locator(".label-progress")).to_contain_text(f"{count} of {DRAWN} labelled")
    expect(page.locator("[data-unsaved='0']")).to_have_count(1)


def test_ten_labels_by_keyboard_alone(label: Visit, server: Server) -> None:
    """Each label shows the next image at once, undo removes one, and a reload shows them all."""
    page = label.page
    names = [current_name(page)]
    type_label(page, "round")
    for key in ("l", *"1212121"):
        names.append(current_name(page))
        if key == "l":
            type_label(page, "square")
        else:
            page.keyboard.press(key)
    names.append(current_name(page))
    page.keyboard.press("1")
    assert len(set(names)) == 10
    expect(page.locator(".label-progress")).to_contain_text(f"10 of {DRAWN} labelled")
    page.keyboard.press("u")
    expect(page.locator(".label-about h2")).to_have_text(names[-1])
    expect(page.locator(".label-progress")).to_contain_text(f"9 of {DRAWN} labelled")
    expect(page.locator(".label-near img").first).to_be_visible()
    expect_saved(page, 9)
    page.reload()
    expect(page.locator(".label-progress")).to_contain_text(f"9 of {DRAWN} labelled")
    by_name = {id_.split("/")[1]: text for id_, text in labels(server).items()}
    assert [by_name.get(name) for name in names] == [
        "round", "square", *["round", "square"] * 3, "round", None,
    ]  # fmt: skip
    first, second = page.locator(".label-button").all()
    expect(first).to_contain_text("round")
    expect(second).to_contain_text("square")


def test_labels_are_exported_as_csv(label: Visit, server: Server) -> None:
    page = label.page
    type_label(page, 'a "quoted", label')
    expect_saved(page, 1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename == "labels.csv"
    rows = [*csv.reader(download.value.path().read_text().splitlines())]
    (row,) = labels(server).items()
    assert rows == [["id", "label"], [*row]]
    assert row[1] == 'a "quoted", label'


def test_a_label_is_found_by_typing(label: Visit, server: Server) -> None:
    """Enter gives the first label that starts with the text, or else adds a new one; the arrow
    keys choose another."""
    page = label.page
    for text in ("round", "rough", "smooth"):
        type_label(page, text)
    page.keyboard.press("l")
    page.keyboard.type("ro")
    expect(page.locator(".label-hint")).to_have_text("Enter: round")
    expect(page.locator(".label-button:visible")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".label-hint")).to_have_text("Enter: rough")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".label-hint")).to_have_text("Enter adds “ro”")
    page.keyboard.press("Escape")
    type_label(page, "smo")
    type_label(page, "oo")
    expect_saved(page, 5)
    assert sorted(labels(server).values()) == ["oo", "rough", "round", "smooth", "smooth"]


def test_an_image_is_skipped_and_another_gets_the_suggested_label(
    label: Visit, server: Server
) -> None:
    page = label.page
    skipped = current_name(page)
    page.keyboard.press("s")
    expect(page.locator(".label-about h2")).not_to_have_text(skipped)
    type_label(page, "round")
    expect(page.get_by_role("button", name="Suggested by its neighbours: round")).to_be_visible()
    page.keyboard.press("0")
    expect_saved(page, 2)
    assert {*labels(server).values()} == {"round"}
    assert skipped not in {id_.split("/")[1] for id_ in labels(server)}


def test_all_images_of_a_folder_can_be_labelled(visitors: Visiting, server: Server) -> None:
    """More suggestions are fetched on the way, and skipped images can be shown again."""
    with visitors(server.address) as visit:
        visit.go("/label?under=first")
        page = visit.page
        expect(page.get_by_text("Only in first.")).to_be_visible()
        name = page.locator(".label-about h2")
        expect(name).to_be_visible()
        skipped = current_name(page)
        page.keyboard.press("s")
        expect(name).not_to_have_text(skipped)
        type_label(page, "round")
        end = page.get_by_role("heading", name="Nothing left to suggest")
        count = 1
        for _ in range(DRAWN):
            expect(name.or_(end)).to_be_visible()
            if end.is_visible():
                break
            page.keyboard.press("1")
            count += 1
        expect_saved(page, count)
        assert len(labels(server)) == count
        assert {id_.split("/")[0] for id_ in labels(server)} == {"first"}
        with page.expect_request("**/suggestions?*") as request:
            page.get_by_role("button", name="Show skipped images again").click()
        assert skipped not in request.value.url


def test_similar_images_are_labelled_together(label: Visit, server: Server) -> None:
    """The suggested image is selected. Keys and clicks select others as on every page, with the
    same bar. Undo restores the group."""
    page = label.page
    page.keyboard.press("m")
    page.wait_for_url(re.compile("mode=alike"))
    tiles = page.locator(".alike-list .selectable")
    expect(tiles).to_have_count(24)
    chosen, bar = page.locator(".alike-list .chosen"), page.locator(".chosen-bar")
    expect(chosen).to_have_count(1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    tiles.nth(7).click()
    expect(chosen).to_have_count(4)
    expect(bar).to_contain_text("4 selected")
    names = {tile.locator("a").get_attribute("aria-label") for tile in chosen.all()}
    type_label(page, "round")
    expect(tiles).to_have_count(20)
    expect(bar).to_be_hidden()
    expect_saved(page, 4)
    assert {id_.split("/")[1] for id_ in labels(server)} == names
    page.keyboard.press("u")
    expect(tiles).to_have_count(24)
    expect(chosen).to_have_count(4)
    expect_saved(page, 0)
    page.keyboard.press("Control+a")
    expect(chosen).to_have_count(24)
    page.keyboard.press("Escape")
    expect(chosen).to_have_count(0)
    expect(bar).to_be_hidden()
    page.keyboard.press("a")
    expect(chosen).to_have_count(24)
    page.keyboard.press("1")
    expect_saved(page, 24)
    page.go_back()
    page.wait_for_url(re.compile("label$"))
    expect(page.locator(".label-about h2")).to_be_visible()


def test_a_failing_request_keeps_the_labels(label: Visit, server: Server) -> None:
    """The failure is shown, later labels wait, and all are sent when the server accepts them."""
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

    label.expect_problems("500")
    page.route("**/api/v1/labels", refuse)
    first = current_name(page)
    type_label(page, "round")
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
    expect_saved(page, 1)
    assert {id_.split("/")[1]: text for id_, text in labels(server).items()} == {first: "round"}


def test_a_label_of_another_tab_is_not_replaced_unseen(
    label: Visit, visitors: Visiting, server: Server
) -> None:
    page, name = label.page, current_name(label.page)
    with visitors(server.address) as other:
        other.go("/label")
        expect(other.page.locator(".label-about h2")).to_have_text(name)
        type_label(other.page, "theirs")
        expect_saved(other.page, 1)
    label.expect_problems("409")
    type_label(page, "mine")
    refused = page.get_by_role("alert").filter(has_text="another page gave it")
    expect(refused).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(refused).to_have_count(0)
    page.keyboard.press("1")
    expect(page.locator("[data-unsaved='0']")).to_have_count(1)
    assert {id_.split("/")[1]: text for id_, text in labels(server).items()}[name] == "theirs"


def test_labels_are_renamed_merged_and_deleted(label: Visit, server: Server) -> None:
    """Guarantee: each change of a label can be undone where it was made."""
    page = label.page
    for text in ("round", "circle", "circle", "square"):
        type_label(page, text)
    expect_saved(page, 4)
    before = labels(server)
    page.get_by_role("button", name="Rename or delete labels").click()
    dialog = page.get_by_role("dialog", name="Labels")
    said = dialog.get_by_role("status")
    dialog.get_by_role("button", name="Rename round").click()
    page.keyboard.type("circle")
    expect(dialog.get_by_role("button", name="Merge with 2 images")).to_be_visible()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Rename round").click()
    page.keyboard.type("circle")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("1 image now has the label “circle” instead of “round”")
    assert sorted(labels(server).values()) == ["circle", "circle", "circle", "square"]
    page.keyboard.press("Enter")  # the focus is on Undo
    expect(said).to_contain_text("1 image has the label “round” again")
    dialog.get_by_role("button", name="Delete circle").click()
    expect(said).to_contain_text("2 images no longer have the label “circle”")
    assert sorted(labels(server).values()) == ["round", "square"]
    dialog.get_by_role("button", name="Undo").click()
    expect(said).to_contain_text("2 images have the label “circle” again")
    assert labels(server) == before
    dialog.get_by_role("link", name="Browse circle").click()
    expect(page.locator(".cell[data-id]")).to_have_count(2)
    expect(dialog).to_have_count(0)


def test_labels_are_sent_when_a_lost_server_is_back(
    visitors: Visiting, pictures: Path, tmp_path: Path
) -> None:
    with serving(pictures, "--allow-changes") as first, visitors(first.address) as visit:
        page = visit.page
        visit.go("/label")
        name = page.locator(".label-about h2")
        expect(name).to_be_visible()
        labelled = current_name(page)
        first.stop()
        visit.expect_problems("ERR_", "Failed to load", "Failed to fetch")
        type_label(page, "round")
        expect(page.get_by_text("One label is not saved yet")).to_be_visible()
        with serving(pictures, "--allow-changes", "--port", first.port) as second:
            page.get_by_role("button", name="Try now").click()
            expect(page.get_by_text("not saved yet")).to_have_count(0)
            expect_saved(page, 1)
            assert [id_.split("/")[1] for id_ in labels(second)] == [labelled]
            page.keyboard.press("u")
            expect_saved(page, 0)
            assert labels(second) == {}


def test_without_allow_changes_the_page_is_read_only(
    visitors: Visiting, server: Server, pictures: Path
) -> None:
    with visitors(server.address) as visit:
        visit.go("/label")
        expect(visit.page.locator(".label-about h2")).to_be_visible()
        type_label(visit.page, "round")
        expect_saved(visit.page, 1)
        before = labels(server)
    with serving(pictures) as locked, visitors(locked.address) as visit:
        page = visit.page
        methods: list[str] = []
        visit.listen("request", lambda request: methods.append(request.method))
        visit.go("/label")
        expect(page.locator(".label-about h2")).to_be_visible()
        expect(page.get_by_text("sokkuri serve --allow-changes")).to_be_visible()
        expect(page.locator(".label-button")).to_be_disabled()
        expect(page.get_by_label("Find or add a label")).to_be_disabled()
        page.keyboard.press("1")
        toasts = page.locator("#toasts")
        expect(toasts.get_by_text("This server does not allow changes")).to_be_visible()
        assert {*methods} == {"GET"}
        assert labels(locked) == before


def test_a_long_search_says_how_far_it_is_and_an_empty_collection_that_it_has_no_pictures(
    visitors: Visiting, tmp_path: Path
) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    sokkuri("index", root)
    with serving(root) as server, visitors(server.address) as visit:
        page = visit.page
        held: list[Route] = []
        running = {"stage": "comparing", "done": 2000, "total": 8000}
        page.route("**/suggestions/state", lambda route: route.fulfill(json={"running": running}))

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/suggestions?*", hold)
        visit.go("/label")
        bar = page.get_by_role("progressbar", name="Looking for images")
        expect(bar).to_have_attribute("value", "0.25")
        expect(page.get_by_text("Comparing · 2,000 of 8,000")).to_be_visible()
        held[0].continue_()
        expect(page.get_by_text("No pictures yet")).to_be_visible()
        expect(bar).to_have_count(0)
