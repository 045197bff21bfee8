"""The page Duplicates: rules for the picture to keep, bursts and evidence; and copies as one on the
page Search."""

import shutil
from pathlib import Path

import pytest
from browser import Visiting
from burst_frames import write_frame
from draw_images import save_drawing
from playwright.sync_api import expect
from run_cli import sokkuri
from run_server import TIMEOUT_SECONDS, serving
from tiny_model import write_tiny_model

UNREAD = (
    "2 pictures were not read yet for the evidence on which picture to keep, or for bursts. To "
    "read them, run sokkuri duplicates --bursts."
)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three indexed drawings, and a copy of the first with its bytes. Nothing was compared."""
    photos = tmp_path_factory.mktemp("twins") / "photos"
    for seed, name in enumerate(("first.png", "second.png", "third.png")):
        save_drawing(photos / "a" / name, seed)
    (photos / "copies").mkdir()
    shutil.copyfile(photos / "a" / "first.png", photos / "copies" / "twin.png")
    sokkuri("index", photos, "--model", write_tiny_model(photos.parent / "tiny.onnx"))
    return photos


def test_the_groups_show_which_picture_the_chosen_rules_keep(
    twins: Path, visitors: Visiting
) -> None:
    """The rules stay in the address, so a reload keeps them."""
    with serving(twins) as server, visitors(server.address) as visit:
        page = visit.page
        visit.go("/duplicates")
        first = page.locator(".copies .copy-name").first
        expect(first).to_have_text("first.png")
        rules = page.get_by_label("Keep first the picture")
        rules.select_option("folder")
        page.get_by_label("in a folder…").fill("copies")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(first).to_have_text("twin.png")
        expect(page.locator(".copies-why")).to_have_text(
            "Kept because it comes first by --keep copies/."
        )
        rules.select_option("largest")
        expect(page.locator(".keep-rules li")).to_have_count(2)
        page.reload()
        expect(page.locator(".keep-rules li")).to_have_count(2)
        expect(first).to_have_text("twin.png")
        page.get_by_role("button", name="Remove the rule: in the folder copies/").click()
        expect(first).to_have_text("first.png")
        visit.go("/duplicates?keep=constructor")
        expect(page.locator(".keep-rules li")).to_have_text("in the folder constructor")
        visit.expect_problems("422")


def test_the_page_search_shows_copies_as_one_until_the_switch_is_off(
    twins: Path, visitors: Visiting
) -> None:
    with serving(twins) as server, visitors(server.address) as visit:
        visit.go("/search?id=a/first.png")
        shown = visit.page.locator(".hits > li")
        expect(shown).to_have_count(3)
        expect(visit.page.locator(".answer-said")).to_contain_text("3 not yet compared for copies")
        expect(shown.first.locator("summary")).to_have_text("and 1 copy")
        shown.first.locator("summary").click()
        expect(shown.first.get_by_role("link", name="copies/twin.png", exact=True)).to_be_visible()
        visit.page.get_by_label("Show copies as one").uncheck()
        expect(shown).to_have_count(4)
        assert "copies=all" in visit.page.url
        expect(visit.page.locator(".hit-copies")).to_have_count(0)


def test_bursts_are_read_and_shown_on_request_and_cannot_be_dropped(
    tmp_path: Path, visitors: Visiting
) -> None:
    """Their files were not read yet, as after a new version of sokkuri, which says so."""
    photos = tmp_path / "photos"
    for number in range(2):
        write_frame(photos, number, f"2026:05:01 12:00:0{number}", blur=number + 0.2)
    sokkuri("index", photos, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    sokkuri("duplicates", "-C", photos)
    with serving(photos) as server, visitors(server.address) as visit:
        visit.go("/duplicates?bursts=1")
        expect(visit.page.locator(".copies-unread")).to_have_text(UNREAD)  # there is no button
    with serving(photos, "--allow-changes") as server, visitors(server.address) as visit:
        page = visit.page
        visit.go("/duplicates")
        groups, line = page.locator(".copies"), page.locator(".copies-unread")
        expect(page.get_by_text("No duplicates", exact=True)).to_be_visible()
        expect(line).to_be_hidden()
        page.get_by_role("button", name="Bursts").click()
        expect(line).to_contain_text("2 pictures were not read yet")
        expect(line.locator("code")).to_have_text("sokkuri duplicates --bursts")
        line.get_by_role("button", name="Read now").click()
        expect(groups).to_have_count(1, timeout=TIMEOUT_SECONDS * 1000)
        expect(line).to_be_hidden()
        expect(groups.locator(".copy-sign")).to_have_text(["Sharpest"])
        expect(groups.get_by_role("button", name="Trash")).to_have_count(0)
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(groups).to_have_count(1)
        assert (photos / "frame1.jpg").exists()
