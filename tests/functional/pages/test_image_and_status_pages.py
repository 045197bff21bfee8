"""The page of an image, and the page Status."""

import os
import re
from contextlib import closing
from pathlib import Path

import pytest
from browser import NEXT_FRAME, Visit, Visiting
from draw_images import save_drawing
from photo_folder import draw_camera_photo
from playwright.sync_api import expect
from run_cli import sokkuri
from run_server import Server, serving
from tiny_model import write_tiny_model

from sokkuri import Collection

PHOTO = "2023/harbour/drawing 040.jpg"
ADDRESS = "/image?id=" + PHOTO.replace(" ", "%20")


def test_an_image_page_has_path_folder_and_similar_images(visit: Visit, drawings: Path) -> None:
    """The path can be copied, and the arrow keys show the next and the previous image."""
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.go(ADDRESS)
    expect(page.get_by_role("heading", level=1)).to_have_text("drawing 040.jpg")
    expect(page.get_by_role("link", name=re.compile(r"drawing 041\.jpg, distance"))).to_be_visible()
    page.get_by_role("button", name=re.compile("Copy")).click()
    expect(page.locator(".toast")).to_contain_text("Path copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == str(drawings / PHOTO)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1)).to_have_text("drawing 041.jpg")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text("drawing 040.jpg")
    page.get_by_role("link", name="2023/harbour").click()
    page.wait_for_url(re.compile("/browse"))


def test_the_arrow_keys_follow_the_list_from_which_the_image_was_opened(visit: Visit) -> None:
    """Esc and Back return to the same place. The image that was shown last has the focus there."""
    page, heading = visit.page, visit.page.get_by_role("heading", level=1)
    visit.go("/browse?sort=newest")
    cells = page.locator(".cell[data-id]")
    expect(cells.nth(9)).to_be_visible()
    names = [cells.nth(n).locator("a").get_attribute("title") for n in range(10)]
    assert names != sorted(str(name) for name in names), "not the order of the paths"
    page.evaluate("() => scrollTo(0, 150)")
    cells.nth(6).locator("a").click()
    expect(heading).to_have_text(str(names[6]))
    for key, place in (("ArrowRight", 7), ("ArrowRight", 8), ("ArrowLeft", 7)):
        page.keyboard.press(key)
        expect(heading).to_have_text(str(names[place]))
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile("/browse.*sort=newest"))
    expect(page.locator(".cell[data-index='7'] a")).to_be_focused()
    assert page.evaluate("() => scrollY") == pytest.approx(150, abs=2)

    visit.go(f"/search?id={PHOTO}")
    hits = page.locator(".hits .hit-picture")
    expect(hits.nth(3)).to_be_visible()
    labels = [str(hits.nth(n).get_attribute("aria-label")).partition(",")[0] for n in range(4)]
    hits.nth(1).click()
    expect(heading).to_have_text(labels[1])
    page.get_by_role("link", name="Next image").click()
    expect(heading).to_have_text(labels[2])
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text(labels[3])
    page.go_back()
    expect(hits.nth(3)).to_be_visible()


def test_the_viewer_zooms_under_the_cursor_and_moves(visitors: Visiting, server: Server) -> None:
    """By wheel, mouse and keys. The arrow keys show another picture while a whole one is seen."""
    with visitors(server.address, viewport={"width": 360, "height": 300}) as visit:
        page = visit.page
        visit.go(ADDRESS)
        page.get_by_role("button", name="Zoom").click()
        viewer = page.get_by_role("dialog", name="drawing 040.jpg")
        expect(viewer).to_be_visible()
        sheet, percent = viewer.locator(".viewer-sheet"), viewer.locator("output")
        width = page.evaluate("() => document.querySelector('.viewer-sheet').offsetWidth")
        whole = percent.inner_text()

        def share_at(x: float, y: float) -> tuple[float, float]:
            """Return which point of the picture is at a point of the window."""
            page.evaluate(NEXT_FRAME)  # before it is drawn, Chromium tells its old place
            box = sheet.bounding_box()
            assert box is not None
            return (x - box["x"]) / box["width"], (y - box["y"]) / box["height"]

        page.keyboard.press("1")
        expect(percent).to_have_text("100 %")
        page.evaluate(NEXT_FRAME)
        box = sheet.bounding_box()
        assert box is not None
        assert box["width"] == pytest.approx(width, abs=1)
        page.keyboard.press("+")
        expect(percent).to_have_text("150 %")
        before = share_at(100, 200)
        page.mouse.move(100, 200)
        page.mouse.wheel(0, -200)
        expect(percent).not_to_have_text("150 %")
        assert share_at(100, 200) == pytest.approx(before, abs=0.01)
        page.mouse.down()
        page.mouse.move(80, 190, steps=3)
        page.mouse.up()
        assert share_at(80, 190) == pytest.approx(before, abs=0.01)
        page.keyboard.press("ArrowRight")
        assert share_at(0, 190)[0] == pytest.approx(before[0], abs=0.05), "it moves the picture"
        page.keyboard.press("0")
        expect(percent).to_have_text(whole)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("dialog", name="drawing 041.jpg")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_have_text("drawing 041.jpg")


def test_an_image_becomes_a_query_or_is_marked_as_not_wanted(visit: Visit) -> None:
    page = visit.page
    visit.go(ADDRESS)
    page.get_by_role("button", name="Not this one").click()
    expect(page.get_by_role("button", name="Not this one")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("link", name=re.compile(r"drawing 041\.jpg, distance")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("drawing 041.jpg")
    page.get_by_role("link", name="Use as query").click()
    expect(page.locator(".hits li").first).to_be_visible()
    page.get_by_role("button", name="Exclude it").click()
    page.wait_for_url(re.compile("not="))
    expect(page.locator(".hits a[aria-label^='drawing 040.jpg,']")).to_have_count(0)


def test_exif_data_and_reasons_of_failures_are_shown(visitors: Visiting, tmp_path: Path) -> None:
    """The reason why a broken file failed is on its page and on the page Status. The viewer loads
    the original of a large picture when that shows more."""
    root = tmp_path / "photos"
    save_drawing(root / "drawn.png", 1)
    (root / "camera.jpg").write_bytes(draw_camera_photo())
    (root / "broken.jpg").write_bytes(b"no picture")
    save_drawing(root / "large.png", 2, 2400, 300)
    sokkuri("index", root)
    with serving(root) as server, visitors(server.address) as visit:
        visit.go("/image?id=large.png")
        visit.page.locator(".frame").click()
        expect(visit.page.locator(".viewer-sheet img")).to_have_count(1)
        visit.page.keyboard.press("1")
        expect(visit.page.locator(".viewer-sheet img.shown[src*='/file']")).to_be_visible()
        visit.go("/image?id=camera.jpg")
        expect(visit.page.get_by_text("Sokkuri One")).to_be_visible()
        expect(visit.page.get_by_text("1/250 s")).to_be_visible()
        visit.go("/image?id=broken.jpg")
        expect(visit.page.get_by_text(re.compile("it looks like a text file"))).to_be_visible()
        visit.go("/status")
        expect(visit.page.get_by_role("heading", name="Failures")).to_be_visible()
        expect(visit.page.get_by_text(re.compile("it looks like a text file"))).to_be_visible()
        expect(visit.page.get_by_text("returns exactly the nearest images")).to_be_visible()
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit.page.get_by_role("button", name="Copy a report").click()
        expect(visit.page.locator(".toast")).to_contain_text("Report copied")
        assert "images: " in visit.page.evaluate("() => navigator.clipboard.readText()")
        visit.expect_problems("422")


def test_counts_follow_an_index_run_of_another_process(visitors: Visiting, tmp_path: Path) -> None:
    """They change without a reload."""
    root = tmp_path / "photos"
    for seed in range(3):
        save_drawing(root / f"{seed}.png", seed)
    sokkuri("index", root)
    with serving(root) as server, visitors(server.address) as visit:
        visit.go("/status")
        images = visit.page.locator(".tile").filter(has_text="searched")
        expect(images).to_contain_text("3")
        for seed in range(3, 8):
            save_drawing(root / f"{seed}.png", seed)
        sokkuri("index", root)
        expect(images).to_contain_text("8")


def test_a_replacement_of_the_model_is_followed(visitors: Visiting, tmp_path: Path) -> None:
    """Its progress shows while it is under way, and when it was interrupted. The model changes
    without a reload when it is complete."""
    root = tmp_path / "photos"
    for seed in range(3):
        save_drawing(root / f"{seed}.png", seed)
    old, new = (
        write_tiny_model(tmp_path / f"{name}.onnx", dimension=size, seed=size)
        for name, size in (("old", 8), ("new", 12))
    )
    sokkuri("index", root, "--model", old)
    with serving(root) as server, visitors(server.address) as visit:
        visit.go("/status")
        running = visit.page.get_by_role("region", name="Replacing")
        model = visit.page.locator(".about-index")
        expect(model).to_contain_text("old, 8")
        expect(running).to_have_count(0)
        with (
            Collection.open(root) as collection,
            closing(collection.replace_model(str(new))) as run,
        ):
            next(progress for progress in run if progress.stage == "extracting")
            expect(running).to_contain_text("Replacing the model with new")
            expect(running).to_contain_text("Searches use the present model")
        expect(running).to_contain_text(
            re.compile(r"\d of 3.*run the same sokkuri index --replace")
        )
        sokkuri("index", root, "--model", new, "--replace")
        expect(running).to_have_count(0)
        expect(model).to_contain_text("new, 12")


def test_the_page_says_whether_the_server_watches_the_folder(
    visitors: Visiting, tmp_path: Path
) -> None:
    root = tmp_path / "photos"
    save_drawing(root / "0.png", 0)
    sokkuri("index", root, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    with serving(root, "--watch") as server, visitors(server.address) as visit:
        visit.go("/status")
        line = visit.page.locator(".watched")
        watching = "The server indexes changes of the folder as they come."
        expect(line).to_have_text(watching)
        assert server.api("status")["watch"] == {
            "state": "watching", "poll": None,
            "text": f"watching {root} by events of the file system",
        }  # fmt: skip
        store = (root / ".sokkuri").rename(tmp_path / "store")
        save_drawing(root / "1.png", 1)
        expect(line).to_contain_text("perhaps a disk is not mounted")
        store.rename(root / ".sokkuri")
        os.utime(root / "1.png")
        expect(line).to_have_text(watching)
        expect(visit.page.locator(".tile").filter(has_text="searched")).to_contain_text("2")


def test_an_unknown_image_is_reported(visit: Visit) -> None:
    visit.go("/image?id=nothing.jpg")
    expect(visit.page.get_by_text(re.compile("no image|No such"))).to_be_visible()
    visit.expect_problems("404")
