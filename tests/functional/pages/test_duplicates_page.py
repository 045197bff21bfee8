"""The page Duplicates: find, compare and drop by keyboard alone, and undo every change."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Visit, Visiting
from draw_images import draw
from PIL import Image
from playwright.sync_api import Locator, Page, Request, Route, expect
from run_cli import sokkuri
from run_server import TIMEOUT_SECONDS, Server, serving
from trash_fixtures import home_environment, list_trash, trash_folder

SHAPES = ((480, 320), (320, 480), (400, 400), (640, 280))
COPIES = {0: "copies/first.jpg", 3: "copies/second.jpg", 6: "copies/third.jpg"}
"""Copies with the same bytes as the drawing of that number."""
SMALL = "2023/drawing 04 small.jpg"
ALL = 4


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten indexed drawings: three have a copy of the same bytes, one has a smaller copy."""
    photos = tmp_path_factory.mktemp("indexed") / "photos"
    (photos / "2023").mkdir(parents=True)
    (photos / "copies").mkdir()
    for number in range(10):
        picture = Image.fromarray(draw(number, *SHAPES[number % len(SHAPES)]))
        file = photos / "2023" / f"drawing {number:02d}.jpg"
        picture.save(file, quality=90)
        os.utime(file, (1_500_000_000 + number, 1_400_000_000 + number))
        if number in COPIES:
            shutil.copyfile(file, photos / COPIES[number])
            os.utime(photos / COPIES[number], (1_600_000_000, 1_600_000_000))
        if number == 4:
            picture.resize((picture.width // 2, picture.height // 2)).save(photos / SMALL)
    sokkuri("index", photos)
    return photos


@pytest.fixture(scope="module")
def compared(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of these drawings, compared for duplicates."""
    photos = shutil.copytree(indexed, tmp_path_factory.mktemp("compared") / "photos")
    sokkuri("duplicates", "-C", photos)
    return photos


@pytest.fixture
def home(compared: Path, tmp_path: Path) -> Path:
    """A home folder with the compared drawings in `photos`."""
    shutil.copytree(compared, tmp_path / "photos")
    return tmp_path


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with serving(home / "photos", "--allow-changes", **home_environment(home)) as server:
        yield server


@pytest.fixture
def visit(visitors: Visiting, server: Server) -> Iterator[Visit]:
    """The page Duplicates with the groups of all pictures."""
    size = {"width": 1280, "height": 800}
    with visitors(server.address, viewport=size, reduced_motion="reduce") as visit:
        visit.go("/duplicates")
        expect(groups(visit.page)).to_have_count(ALL)
        yield visit


def groups(page: Page) -> Locator:
    return page.locator(".copies")


def group_of(page: Page, name: str) -> Locator:
    return groups(page).filter(has=page.get_by_role("link", name=name, exact=True))


def drop_button(page: Page, name: str) -> Locator:
    """The picture as a button, which is pressed if the picture is marked to be dropped."""
    return page.get_by_role("button", name=f"Drop {name}", exact=True)


def go_to(page: Page, name: str) -> None:
    """Move the focus to a picture, by keyboard alone."""
    target = drop_button(page, name)
    for _ in range(ALL):
        page.keyboard.press("j")
        for _ in range(2):
            if target.evaluate("(button) => button === document.activeElement"):
                return
            page.keyboard.press("ArrowRight")
    for _ in range(ALL):
        page.keyboard.press("k")
    expect(target).to_be_focused()


def all_files(home: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes and the modification time of every picture."""
    return {
        str(file.relative_to(home)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in (home / "photos").rglob("*.jpg")
        if ".sokkuri" not in file.parts
    }


def test_a_file_is_dropped_and_restored_by_keyboard(home: Path, visit: Visit) -> None:
    """It moves to the real trash, and comes back byte for byte."""
    page, before = visit.page, all_files(home)
    go_to(page, "first.jpg")
    expect(drop_button(page, "first.jpg")).to_have_attribute("aria-pressed", "true")
    expect(drop_button(page, "drawing 00.jpg")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("x")
    expect(page.locator(".toast")).to_contain_text("1 file moved to the trash")
    expect(groups(page)).to_have_count(ALL - 1)
    assert all_files(home).keys() == before.keys() - {"photos/copies/first.jpg"}
    assert list_trash(trash_folder(home)) == ["first.jpg"]
    expect(page.locator(".copy-picture:focus")).to_be_visible()

    page.keyboard.press("u")
    expect(page.locator(".toast").last).to_contain_text("1 file restored")
    expect(groups(page)).to_have_count(ALL)
    expect(drop_button(page, "first.jpg")).to_be_focused()
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
    expect(drop_button(page, "first.jpg")).to_have_attribute("aria-pressed", "false")
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
    expect(drop_button(page, "drawing 04 small.jpg")).to_be_focused()


def test_the_user_chooses_the_picture_to_keep(visit: Visit) -> None:
    """The smaller picture is kept because the user chose it, until the choice is undone."""
    page = visit.page
    go_to(page, "drawing 04 small.jpg")
    page.keyboard.press("m")
    group = group_of(page, "drawing 04 small.jpg")
    expect(group).to_contain_text("Keep (your choice)")
    expect(drop_button(page, "drawing 04.jpg")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(group).to_contain_text("Keep (your choice)")
    expect(group.locator(".copy-name").first).to_have_text("drawing 04 small.jpg")
    page.keyboard.press("u")
    expect(group.locator(".copy-name").first).to_have_text("drawing 04.jpg")
    expect(drop_button(page, "drawing 04 small.jpg")).to_have_attribute("aria-pressed", "true")


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
    page.keyboard.press("m")  # mirrored it is another picture
    expect(dialog.get_by_role("status")).to_contain_text(re.compile(r"differ by \d+\.\d\d of 255"))
    assert brightest(dialog) > 0
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(drop_button(page, "first.jpg")).to_be_focused()


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
    page.get_by_role("button", name="Drop all copies that are identical").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(
        re.compile(r"2 files of 2 groups \(.*kB\) will move to the trash")
    )
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert all_files(home) == before
    page.get_by_role("button", name="Drop all copies that are identical").click()
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
        other.page.get_by_role("button", name="Drop all copies that are identical").click()
        other.page.get_by_role("button", name="Move to the trash").click()
        expect(other.page.locator(".toast").last).to_contain_text("2 files moved to the trash")
    page.reload()
    expect(groups(page)).to_have_count(ALL - 3)
    history.get_by_text("History: 3 files dropped").click()
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
    drop_button(page, "first.jpg").locator("img").evaluate("(image) => image.decode()")
    (home / "photos" / "copies" / "first.jpg").write_bytes(b"another picture")
    go_to(page, "first.jpg")
    page.keyboard.press("x")
    expect(page.get_by_text(re.compile("it was changed"))).to_be_visible()
    assert (home / "photos" / "copies" / "first.jpg").read_bytes() == b"another picture"
    page.route("**/duplicates/drops", lambda route: route.fulfill(status=500, body=""))
    go_to(page, "second.jpg")
    page.keyboard.press("x")
    expect(page.locator(".toast").last).to_contain_text("The change was not confirmed")
    expect(drop_button(page, "second.jpg")).to_be_visible()
    assert (home / "photos" / "copies" / "second.jpg").is_file()
    visit.expect_problems("500")


def test_an_open_page_gets_the_new_key_of_a_restarted_server(
    home: Path, visitors: Visiting
) -> None:
    photos, variables = home / "photos", home_environment(home)
    with (
        serving(photos, "--allow-changes", **variables) as first,
        visitors(first.address) as visit,
    ):
        page = visit.page
        visit.go("/duplicates")
        expect(groups(page)).to_have_count(ALL)
        first.stop()
        expect(page.get_by_text("The server does not answer")).to_be_visible()
        with serving(photos, "--allow-changes", "--port", first.port, **variables):
            page.get_by_role("button", name="Try now").click()
            expect(page.get_by_text("The server does not answer")).to_have_count(0)
            go_to(page, "first.jpg")
            page.keyboard.press("x")
            expect(page.locator(".toast")).to_contain_text("1 file moved to the trash")
        assert list_trash(trash_folder(home)) == ["first.jpg"]
        visit.expect_problems("ERR_", "Failed to load", "Failed to fetch", "403")


def test_without_allow_changes_the_page_is_read_only(
    home: Path, visit: Visit, visitors: Visiting
) -> None:
    """The page says how to allow changes, compares pictures, and sends no change."""
    assert visit.page.url
    posted: list[str] = []

    def note_post(request: Request) -> None:
        if request.method == "POST":
            posted.append(request.url)

    with serving(home / "photos") as server, visitors(server.address) as reader:
        page = reader.page
        page.on("request", note_post)
        reader.go("/duplicates")
        expect(page.get_by_text("sokkuri serve --allow-changes")).to_be_visible()
        expect(groups(page)).to_have_count(ALL)
        expect(page.get_by_role("button", name=re.compile("^Drop"))).to_have_count(0)
        page.keyboard.press("j")
        for pressed in ("x", "n", "m", "u", "Space"):
            page.keyboard.press(pressed)
        if not page.get_by_role("dialog").count():
            page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").locator("figure img")).to_have_count(2)
        page.keyboard.press("Escape")
    assert posted == []
    assert len(all_files(home)) == 14


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


def test_a_page_of_another_origin_cannot_change_anything(home: Path, visit: Visit) -> None:
    """A script of another origin in the same browser reads no key and moves no file."""
    page, before = visit.page, all_files(home)
    address = visit.address.rstrip("/")

    def serve_other_page(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<!doctype html><title>another</title>")

    page.route("http://another.example/**", serve_other_page)
    page.goto("http://another.example/")
    drops = '{"drops": [{"id": "copies/first.jpg", "keep": "2023/drawing 00.jpg"}]}'
    answers = page.evaluate(
        """async ([address, body]) => {
          const read = await fetch(`${address}/api/v1/changes`).then((a) => a.text(), String);
          const kinds = ["application/json", "text/plain"];
          const sent = await Promise.all(kinds.flatMap((kind) => ["cors", "no-cors"].map((mode) =>
            fetch(`${address}/api/v1/duplicates/drops`, {method: "POST", body, mode,
              headers: {"content-type": kind}}).then((a) => a.type, String))));
          return [read, ...sent];
        }""",
        [address, drops],
    )
    assert answers[0].startswith("TypeError")
    assert all_files(home) == before
    visit.expect_problems(
        "another.example", "CORS", "ERR_FAILED", "request to another host", "403", "422"
    )
