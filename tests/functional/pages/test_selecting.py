"""Selecting among hits, similar images, failures, and images that pass a filter; labels and the
trash from the bar."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from browser import AXE, NEXT_FRAME, Visit, Visiting, accessibility_faults
from change_server import changing, key
from films import RED, draw_film
from playwright.sync_api import Locator, Route, expect
from run_cli import sokkuri
from run_server import Server


@pytest.fixture(scope="module")
def home(indexed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a collection, in which files may be moved, and with frames of a film."""
    home = shutil.copytree(indexed_home, tmp_path_factory.mktemp("selecting") / "home")
    draw_film(home / "photos/film/clip.mp4", [RED])
    sokkuri("index", home / "photos", "--video", "every=0.5s")
    return home


@pytest.fixture(scope="module")
def changing_server(home: Path) -> Iterator[Server]:
    with changing(home) as server:
        yield server


@pytest.fixture
def editor(visitors: Visiting, changing_server: Server) -> Iterator[Visit]:
    size = {"width": 1280, "height": 800}
    with visitors(changing_server.address, viewport=size, bypass_csp=True) as visit:
        yield visit


def bar_of(visit: Visit) -> Locator:
    return visit.page.get_by_role("region", name="Selected")


def test_undo_brings_images_back_to_the_grid(editor: Visit) -> None:
    """The page fetches its images again by itself, and does not call them old."""
    page = editor.page
    editor.go("/browse?under=b")
    cell = page.locator(".cell[data-id='b/3.png']")
    cell.hover()
    cell.locator(".tick").click()
    bar_of(editor).get_by_role("button", name="Move to trash…").click()
    page.get_by_role("dialog").get_by_role("button", name="Move to the trash").click()
    expect(cell).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(cell).to_have_count(1)
    expect(page.locator(".stale")).to_have_count(0)
    cell.locator(".tick").hover()
    page.mouse.down()
    page.locator(".cell").first.hover()
    page.mouse.up()
    expect(bar_of(editor)).to_contain_text(re.compile("^[2-9] selected"))


def test_hits_are_selected_labelled_and_moved_to_the_trash(
    editor: Visit, changing_server: Server, home: Path
) -> None:
    """By clicks and by keys alone. The question is asked before, and Undo brings the files back."""
    page, bar = editor.page, bar_of(editor)
    editor.go("/search?id=a/0.png&collapse=0")
    hits = page.locator(".hits .selectable")
    expect(hits.first).to_be_visible()
    hits.nth(1).hover()
    hits.nth(1).locator(".tick").click()
    hits.nth(3).locator("a").first.click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 selected")
    ids = [hits.nth(n).get_attribute("data-id") or "" for n in (1, 2, 3)]
    assert not AXE.exists() or accessibility_faults(page) == []
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    hits.nth(1).locator(".tick").hover()
    page.mouse.down()
    hits.nth(3).hover()
    page.mouse.up()
    expect(bar).to_contain_text("3 selected")
    page.keyboard.press("Escape")

    hits.nth(1).locator("a").first.focus()
    page.keyboard.press("Space")
    for _ in (2, 3):
        page.keyboard.press("Shift+ArrowRight")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Label…").click()
    page.get_by_role("dialog").get_by_label("Label", exact=True).fill("kept")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("3 images labelled “kept”")
    assert changing_server.api("labels")["labels"][0]["label"] == "kept"
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("The labels are as before")
    assert changing_server.api("labels")["labelled"] == 0

    bar.get_by_role("button", name="Move to trash…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Move 3 images to the trash?")
    dialog.get_by_role("button", name="Move to the trash").click()
    expect(page.locator(".toast").last).to_contain_text("3 images moved to the trash")
    assert not any((home / "photos" / id_).exists() for id_ in ids)
    expect(page.locator(f".hits [data-id='{ids[0]}']")).to_have_count(0)
    editor.go("/duplicates")
    expect(page.get_by_text("History: 3 files moved to the trash")).to_be_visible()
    page.get_by_text("History: 3 files moved to the trash").click()
    page.get_by_role("button", name="Undo: bring back").click()
    expect(page.get_by_text("History: 3 files moved to the trash")).to_be_hidden()
    assert all((home / "photos" / id_).exists() for id_ in ids)


def give_labels(server: Server, labels: Mapping[str, str | None]) -> None:
    """Set labels as another tab does."""
    body = {"labels": [{"id": id_, "label": label} for id_, label in labels.items()]}
    answer = server.post("/api/v1/labels", json=body, headers=key(server))
    assert answer.status_code == 200, answer.text


def test_a_filter_holds_for_the_grid_the_viewer_and_the_trash(
    editor: Visit, changing_server: Server, home: Path
) -> None:
    """If another tab changes a label between the selection and the action, nothing is moved."""
    page, bar = editor.page, bar_of(editor)
    give_labels(changing_server, {"alone/10.png": "cat", "alone/11.png": "cat"})
    editor.go("/browse?sort=name")
    cells, alert = page.locator(".cell"), page.locator(".filter-bar [role=alert]")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("group", name="Add a filter").get_by_role("button", name="Label").click()
    page.locator(".filter-form input").fill("cat")
    page.keyboard.press("Enter")
    expect(cells).to_have_count(2)
    expect(page).to_have_url(re.compile("where=label.*cat"))
    expect(page.locator(".heading .number")).to_have_text("2 images")
    expect(page.get_by_role("navigation", name="Folders").locator(".folder")).to_have_count(2)
    assert not AXE.exists() or accessibility_faults(page) == []

    cells.first.locator("a").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("10.png")
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("11.png")
    expect(page.get_by_role("link", name="Next image")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("link", name="Previous image")).to_be_visible()
    expect(page.get_by_role("link", name="Next image")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("10.png")
    page.keyboard.press("Escape")
    expect(cells).to_have_count(2)

    page.keyboard.press("Control+a")
    expect(bar).to_contain_text("2 selected")
    give_labels(changing_server, {"alone/10.png": "dog"})
    bar.get_by_role("button", name="Move to trash…").click()
    page.get_by_role("dialog").get_by_role("button", name="Move to the trash").click()
    expect(page.locator(".toast").last).to_contain_text(
        "nothing was done, select again. The grid was loaded again"
    )
    expect(cells).to_have_count(1)
    expect(bar).to_be_hidden()
    assert all((home / "photos" / "alone" / name).exists() for name in ("10.png", "11.png"))

    where = page.get_by_label("Where")
    where.fill("wide > 3")
    page.keyboard.press("Enter")
    expect(alert).to_contain_text("expected one of width")
    where.fill("width < 0")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Remove the filter").click()
    expect(cells.nth(4)).to_be_visible()
    expect(alert).to_have_text("")
    give_labels(changing_server, {"alone/10.png": None, "alone/11.png": None})
    editor.expect_problems("409", "422")


def test_the_viewer_labels_an_image_and_moves_it_to_the_trash(
    editor: Visit, changing_server: Server, home: Path
) -> None:
    """By keys. The messages with Undo can be reached in the viewer. The arrow keys skip an image
    that is in the trash."""
    page = editor.page
    editor.go("/browse?under=a")
    page.locator(".cell[data-id='a/0.png'] a").focus()
    page.keyboard.press("z")
    viewer, toasts = page.locator("dialog.viewer"), page.locator(".toast")
    expect(viewer).to_have_accessible_name("0.png")
    page.keyboard.press("l")
    page.get_by_role("dialog", name="Label 0.png").get_by_label("Label", exact=True).fill("seen")
    page.keyboard.press("Enter")
    expect(toasts).to_contain_text("1 image labelled “seen”")
    toasts.get_by_role("button", name="Undo").click()
    expect(toasts.last).to_contain_text("The labels are as before")
    assert changing_server.api("labels")["labelled"] == 0

    page.keyboard.press("Delete")
    question = page.get_by_role("dialog", name="Move 1 image to the trash?")
    question.get_by_role("button", name="Move to the trash").click()
    expect(viewer).to_have_accessible_name("1.png")
    assert not (home / "photos" / "a" / "0.png").exists()
    expect(viewer.locator(".film-picture").first).to_be_disabled()
    expect(viewer.get_by_role("button", name="Previous picture")).to_be_hidden()
    toasts.get_by_role("button", name="Undo").click()
    expect(viewer).to_have_accessible_name("0.png")
    assert (home / "photos" / "a" / "0.png").exists()
    expect(viewer.locator(".film-picture").first).to_be_enabled()


def test_a_move_that_ends_on_another_page_opens_no_picture(editor: Visit, home: Path) -> None:
    page = editor.page
    sent: list[Route] = []

    def hold(route: Route) -> None:
        sent.append(route)

    editor.go("/browse?under=a")
    page.locator(".cell[data-id='a/0.png'] a").focus()
    page.keyboard.press("z")
    expect(page.locator("dialog.viewer")).to_have_accessible_name("0.png")
    page.keyboard.press("Delete")
    page.route("**/api/v1/trash", hold)
    with page.expect_request("**/api/v1/trash"):
        page.get_by_role("button", name="Move to the trash", exact=True).click()
    page.go_back()
    expect(page.get_by_role("dialog")).to_contain_text("Stopping…")
    sent[0].continue_()
    expect(page.locator(".toast").last).to_contain_text("1 image moved to the trash")
    page.evaluate(NEXT_FRAME)
    assert page.url.endswith("/browse?under=a")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("The files are back")
    assert (home / "photos/a/0.png").exists()


def test_a_frame_of_a_film_has_no_move_to_the_trash(editor: Visit) -> None:
    """Neither on its page nor in the viewer, by keys or buttons: the film would go."""
    page, viewer = editor.page, editor.page.locator("dialog.viewer")
    editor.go("/browse?sort=name")
    page.locator(".cell[data-id='film/clip.mp4#t=0.5'] a").focus()
    page.keyboard.press("z")
    expect(viewer).to_have_accessible_name("clip.mp4#t=0.5")
    button = viewer.get_by_role("button", name="Move to trash…")
    expect(viewer.get_by_role("button", name="Label…")).to_be_visible()
    expect(button).to_be_hidden()
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog", name="to the trash?")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(viewer).to_have_accessible_name("clip.mp4#t=0")
    page.keyboard.press("ArrowLeft")
    expect(viewer).not_to_have_accessible_name(re.compile("clip"))
    expect(button).to_be_visible()
    editor.go("/image?id=film/clip.mp4%23t=0.5")
    expect(page.get_by_role("button", name="Label…")).to_be_visible()
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.full
def test_similar_images_are_selected(visit: Visit) -> None:
    """On the page of an image, Ctrl+A means its text until an image is selected. A server that
    allows no changes offers none."""
    page, bar = visit.page, bar_of(visit)
    visit.go("/image?id=2023/harbour/drawing%20040.jpg")
    similar = page.locator(".strip .selectable")
    expect(similar).to_have_count(20)
    similar.first.hover()
    similar.first.locator(".tick").click()
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text("20 selected")
    expect(bar.get_by_role("button", name="Search for these")).to_be_visible()
    for name in ("Label", "trash"):
        expect(bar.get_by_role("button", name=name)).to_have_count(0)
    page.keyboard.press("s")
    expect(page.locator(".hits li").first).to_be_visible()
    expect(bar).to_be_hidden()
