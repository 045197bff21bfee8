"""The page Duplicates: find, compare and drop by keyboard alone, and undo every change."""

import re
import shutil
from pathlib import Path

from browser import Visit, Visiting
from duplicates_page import (
    ALL,
    COPIES,
    all_files,
    go_to,
    group_of,
    groups,
    trash_button,
)
from playwright.sync_api import Locator, expect
from run_server import TIMEOUT_SECONDS, Server, serving
from trash_fixtures import list_trash, trash_folder


def test_a_file_is_dropped_and_restored_by_keyboard(home: Path, visit: Visit) -> None:
    """It moves to the real trash with its sidecar, and comes back byte for byte."""
    (home / "photos" / "copies" / "first.xmp").write_text("edits")
    page, before = visit.page, all_files(home)
    go_to(page, "first.jpg")
    expect(trash_button(page, "first.jpg")).to_have_attribute("aria-pressed", "true")
    expect(trash_button(page, "drawing 00.jpg")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("x")
    text = "1 file moved to the trash, with copies/first.xmp"
    expect(page.locator(".toast")).to_contain_text(text)
    expect(groups(page)).to_have_count(ALL - 1)
    gone = {"photos/copies/first.jpg", "photos/copies/first.xmp"}
    assert all_files(home).keys() == before.keys() - gone
    assert list_trash(trash_folder(home)) == ["first.jpg", "first.xmp"]
    expect(page.locator(".copy-picture:focus")).to_be_visible()

    page.keyboard.press("u")
    expect(page.locator(".toast").last).to_contain_text("1 file restored")
    expect(groups(page)).to_have_count(ALL)
    expect(trash_button(page, "first.jpg")).to_be_focused()
    assert all_files(home) == before
    assert list_trash(trash_folder(home)) == []
    page.keyboard.press("u")
    expect(page.locator(".toast").last).to_contain_text("nothing to undo")


def test_the_undo_of_a_message_undoes_what_the_message_is_about(home: Path, visit: Visit) -> None:
    """Not the last action, which another message is about."""
    page, before = visit.page, all_files(home)
    go_to(page, "first.jpg")
    page.keyboard.press("x")
    dropped = page.locator(".toast", has_text="1 file moved to the trash")
    expect(dropped).to_be_visible()
    go_to(page, "drawing 04 small.jpg")
    page.keyboard.press("n")
    expect(page.locator(".toast").last).to_contain_text("is marked as not a duplicate")
    dropped.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("1 file restored")
    assert all_files(home) == before
    expect(groups(page)).to_have_count(ALL - 1)
    page.keyboard.press("u")
    expect(groups(page)).to_have_count(ALL)


def test_space_marks_pictures_and_one_always_stays(home: Path, visit: Visit) -> None:
    """The picture that was to be kept can be dropped instead of the other one."""
    page = visit.page
    go_to(page, "drawing 00.jpg")
    page.keyboard.press("Space")
    expect(page.get_by_text("At least one picture must stay")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(trash_button(page, "first.jpg")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_text("At least one picture must stay")).to_have_count(0)
    page.keyboard.press("x")
    expect(page.locator(".toast")).to_contain_text("No picture of this group is marked")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    page.keyboard.press("x")
    expect(groups(page)).to_have_count(ALL - 1)
    assert list_trash(trash_folder(home)) == ["drawing 00.jpg"]
    assert (home / "photos" / "copies" / "first.jpg").is_file()


def test_not_a_duplicate_is_remembered_and_can_be_undone(visit: Visit) -> None:
    page = visit.page
    go_to(page, "drawing 04 small.jpg")
    page.keyboard.press("n")
    expect(page.locator(".toast")).to_contain_text("is marked as not a duplicate")
    expect(groups(page)).to_have_count(ALL - 1)
    page.reload()
    expect(groups(page)).to_have_count(ALL - 1)
    expect(page.get_by_role("link", name="drawing 04 small.jpg")).to_have_count(0)
    page.keyboard.press("u")
    expect(groups(page)).to_have_count(ALL)
    expect(trash_button(page, "drawing 04 small.jpg")).to_be_focused()
    group_of(page, "first.jpg").get_by_role("button", name="Not duplicates").click()
    said = page.locator(".toast", has_text="2 pictures are marked as not duplicates")
    expect(groups(page)).to_have_count(ALL - 1)
    said.get_by_role("button", name="Undo").click()
    expect(trash_button(page, "first.jpg")).to_be_visible()


def test_the_user_chooses_the_picture_to_keep(visit: Visit) -> None:
    """The smaller picture is kept because the user chose it, until the choice is undone."""
    page = visit.page
    go_to(page, "drawing 04 small.jpg")
    page.keyboard.press("m")
    group = group_of(page, "drawing 04 small.jpg")
    expect(group).to_contain_text("Keep (your choice)")
    expect(trash_button(page, "drawing 04.jpg")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(group).to_contain_text("Keep (your choice)")
    expect(group.locator(".copy-name").first).to_have_text("drawing 04 small.jpg")
    page.keyboard.press("u")
    expect(group.locator(".copy-name").first).to_have_text("drawing 04.jpg")
    expect(trash_button(page, "drawing 04 small.jpg")).to_have_attribute("aria-pressed", "true")


def test_differences_are_shown(visit: Visit) -> None:
    """Each copy shows its differences from the kept picture, its grade and its score."""
    small = visit.page.locator(".twin").filter(has_text="drawing 04 small.jpg")
    expect(small.locator(".differs").filter(has_text="Pixels")).to_contain_text("25%")
    copy = visit.page.locator(".twin").filter(has_text="first.jpg")
    expect(copy.locator(".differs")).to_have_text([re.compile("newer"), re.compile("copies")])
    expect(copy).to_contain_text("identical, 1.00")


def test_two_pictures_are_compared_by_keyboard(visit: Visit) -> None:
    """Side by side, alternating, and by their difference, which is zero for the same bytes."""
    page = visit.page
    go_to(page, "first.jpg")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("figure img")).to_have_count(2)
    page.keyboard.press("2")
    for name in ("2023/drawing 00.jpg", "copies/first.jpg", "2023/drawing 00.jpg"):
        expect(dialog.get_by_role("status")).to_contain_text(name)
        shown = dialog.get_by_role("img", name=name.rpartition("/")[2])
        expect(shown).to_be_visible()
        expect(dialog.get_by_role("img")).to_have_count(1)
        page.keyboard.press("Space")
    page.keyboard.press("d")
    expect(dialog.get_by_role("status")).to_have_text("No difference")
    page.keyboard.press("i")  # mirrored it is another picture
    expect(dialog.get_by_role("status")).to_contain_text(re.compile(r"differ by \d+\.\d\d of 255"))
    assert brightest(dialog) > 0
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(trash_button(page, "first.jpg")).to_be_focused()


def test_groups_are_decided_in_the_comparison(home: Path, visit: Visit) -> None:
    """By keys: one is dropped and restored, one is kept instead, one is no duplicate; and both
    pictures are zoomed together."""
    page, before = visit.page, all_files(home)
    go_to(page, "first.jpg")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    title, said = dialog.get_by_role("heading"), dialog.get_by_role("status")
    expect(title).to_have_text("drawing 00.jpg and first.jpg")
    views = dialog.locator(".compare-view")
    whole = [box_width(views.nth(n)) for n in (0, 1)]
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert [box_width(views.nth(n)) for n in (0, 1)] == [1.5 * width for width in whole]
    expect(title).to_have_text("drawing 00.jpg and first.jpg")
    page.keyboard.press("0")
    page.keyboard.press("x")
    expect(said).to_have_text("1 file moved to the trash")
    expect(title).not_to_contain_text("first.jpg")
    assert list_trash(trash_folder(home)) == ["first.jpg"]
    page.keyboard.press("u")
    expect(title).to_have_text("drawing 00.jpg and first.jpg")
    expect(said).to_have_text("1 file restored")
    assert all_files(home) == before
    seen = set()
    for _ in range(ALL):
        seen.add(title.inner_text())
        page.keyboard.press("j")
    expect(said).to_have_text("This is the last group")
    assert len(seen) == ALL
    while "drawing 04 small.jpg" not in (shown := title.inner_text()):
        page.keyboard.press("k")
        expect(title).not_to_have_text(shown)
    page.keyboard.press("m")
    expect(title).to_have_text("drawing 04 small.jpg and drawing 04.jpg")
    page.keyboard.press("n")
    expect(said).to_have_text("drawing 04.jpg is marked as not a duplicate")
    expect(title).not_to_contain_text("drawing 04")
    page.keyboard.press("Escape")
    expect(groups(page)).to_have_count(ALL - 1)
    expect(page.locator(".copy-picture:focus")).to_be_visible()


def box_width(view: Locator) -> float:
    width: float = view.locator(".compare-sheet").evaluate(
        "(sheet) => Number.parseFloat(sheet.style.width)"
    )
    return width


def brightest(dialog: Locator) -> int:
    value: int = dialog.locator("canvas").evaluate(
        "(canvas) => Math.max(...canvas.getContext('2d')"
        ".getImageData(0, canvas.height >> 1, canvas.width, 1).data.filter((_, n) => n % 4 < 3))"
    )
    return value


def test_all_copies_of_a_grade_are_dropped_and_restored_at_once(home: Path, visit: Visit) -> None:
    """The page first shows how many files move. Pictures marked to be kept stay. One undo restores
    all files."""
    page, before = visit.page, all_files(home)
    go_to(page, "second.jpg")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Trash all copies that are identical").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(
        re.compile(r"2 files of 2 groups \(.*kB\) will move to the trash")
    )
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert all_files(home) == before
    page.get_by_role("button", name="Trash all copies that are identical").click()
    dialog.get_by_role("button", name="Move to the trash").click()
    expect(page.locator(".toast")).to_contain_text("2 files moved to the trash")
    expect(groups(page)).to_have_count(ALL - 2)
    assert list_trash(trash_folder(home)) == ["first.jpg", "third.jpg"]
    page.get_by_role("button", name="Undo").click()
    expect(groups(page)).to_have_count(ALL)
    assert all_files(home) == before


def test_the_history_undoes_what_another_tab_dropped(
    home: Path, server: Server, visit: Visit, visitors: Visiting
) -> None:
    page, before = visit.page, all_files(home)
    history = page.locator(".copies-history")
    expect(history).to_be_hidden()
    with visitors(server.address) as other:
        other.go("/duplicates")
        go_to(other.page, "second.jpg")
        other.page.keyboard.press("x")
        expect(other.page.locator(".toast")).to_contain_text("1 file moved to the trash")
        other.page.get_by_role("button", name="Trash all copies that are identical").click()
        other.page.get_by_role("button", name="Move to the trash").click()
        expect(other.page.locator(".toast").last).to_contain_text("2 files moved to the trash")
    page.reload()
    expect(groups(page)).to_have_count(ALL - 3)
    history.get_by_text("History: 3 files moved to the trash").click()
    lines = history.get_by_role("listitem")
    expect(lines).to_have_text([re.compile("2 files"), re.compile("1 file.*second.jpg")])
    lines.first.get_by_role("button").click()
    expect(page.locator(".toast").last).to_contain_text("2 files restored")
    expect(groups(page)).to_have_count(ALL - 1)
    lines.first.get_by_role("button").click()
    expect(groups(page)).to_have_count(ALL)
    expect(history).to_be_hidden()
    assert all_files(home) == before


def test_filters_are_in_the_address(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="identical", exact=True).click()
    expect(groups(page)).to_have_count(ALL - 1)
    page.wait_for_url(re.compile("grade=identical"))
    page.get_by_label("In folder").fill("2023")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No duplicates here")).to_be_visible()
    page.reload()
    expect(page.get_by_label("In folder")).to_have_value("2023")
    page.go_back()
    expect(groups(page)).to_have_count(ALL - 1)
    page.get_by_label("Where").fill("nonsense (")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Unprocessable"))).to_be_visible()
    visit.expect_problems("422")


def test_failures_are_shown_and_change_nothing(home: Path, visit: Visit) -> None:
    """A file that has changed meanwhile stays. A failed request leaves the group as it is."""
    page = visit.page
    trash_button(page, "first.jpg").locator("img").evaluate("(image) => image.decode()")
    (home / "photos" / "copies" / "first.jpg").write_bytes(b"another picture")
    go_to(page, "first.jpg")
    page.keyboard.press("x")
    expect(page.get_by_text(re.compile("it was changed"))).to_be_visible()
    assert (home / "photos" / "copies" / "first.jpg").read_bytes() == b"another picture"
    page.route("**/duplicates/drops", lambda route: route.fulfill(status=500, body=""))
    go_to(page, "second.jpg")
    page.keyboard.press("x")
    expect(page.locator(".toast").last).to_contain_text("The change was not confirmed")
    expect(trash_button(page, "second.jpg")).to_be_visible()
    assert (home / "photos" / "copies" / "second.jpg").is_file()
    visit.expect_problems("500")


def test_before_a_comparison_the_page_says_what_to_do(
    indexed: Path, tmp_path: Path, visitors: Visiting
) -> None:
    """With and without --allow-changes. With it, a button compares all pictures."""
    photos = shutil.copytree(indexed, tmp_path / "photos")
    with serving(photos) as server, visitors(server.address) as visit:
        visit.go("/duplicates")
        expect(visit.page.get_by_text("sokkuri duplicates", exact=True)).to_be_visible()
        expect(visit.page.get_by_text("0 of 11 pictures compared")).to_be_visible()
        expect(groups(visit.page)).to_have_count(len(COPIES))  # equal bytes need no comparison
        visit.go("/duplicates?under=2023")
        expect(
            visit.page.get_by_role("heading", name="No pictures were compared yet")
        ).to_be_visible()
    with serving(photos, "--allow-changes") as server, visitors(server.address) as visit:
        visit.go("/duplicates?under=2023")
        expect(
            visit.page.get_by_role("heading", name="No pictures were compared yet")
        ).to_be_visible()
        visit.page.get_by_role("button", name="Find duplicates").click()
        expect(visit.page.get_by_text("11 of 11 pictures compared")).to_be_visible(
            timeout=TIMEOUT_SECONDS * 1000
        )
        visit.go("/duplicates")
        expect(groups(visit.page)).to_have_count(ALL)
