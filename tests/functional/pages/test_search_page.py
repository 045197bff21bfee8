"""The page Search: uploads, parts of pictures, signs, filters, reloads and bad input."""

import base64
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from browser import Visit, Visiting
from draw_images import draw
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from run_server import serving

PHOTO = "2023/harbour/drawing 040.jpg"


MANY_UPLOADS = """async () => {
  const { keep } = await import("/static/search/uploads.js");
  for (let n = 0; n < 25; n++) await keep([{ name: `${n}`, blob: new Blob(["x"]), not: false }]);
}"""
"""Adds more uploads than the browser keeps."""


def open_search(visit: Visit) -> None:
    visit.go("/search")
    expect(visit.page.get_by_text("Drop a photo here")).to_be_visible()


def drop(page: Page, file: Path) -> None:
    """Drop a file on the page, as from another window."""
    data = base64.b64encode(file.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """([data, name]) => {
          const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
          return transfer;
        }""",
        [data, file.name],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", event, {"dataTransfer": transfer})


def hits(page: Page) -> Locator:
    return page.locator(".hits li > a")


def expect_first(page: Page, name: str) -> None:
    expect(hits(page).first).to_have_attribute("aria-label", re.compile(f"^{re.escape(name)}, "))


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_dropped_photo_is_its_own_first_result(visit: Visit, drawings: Path) -> None:
    open_search(visit)
    drop(visit.page, drawings / PHOTO)
    expect_first(visit.page, "drawing 040.jpg")
    expect(hits(visit.page).first).to_have_attribute("aria-label", re.compile("distance 0"))
    expect(hits(visit.page).nth(1)).to_have_attribute("aria-label", re.compile(r"drawing 041\.jpg"))


def test_a_photo_is_dropped_on_any_page_and_weighed(visit: Visit, drawings: Path) -> None:
    """Pictures have a weight, which a reload keeps. A saved search keeps its pictures."""
    page = visit.page
    visit.go("/status")
    expect(page.locator(".tile").first).to_be_visible()
    drop(page, drawings / PHOTO)
    expect_first(page, "drawing 040.jpg")
    drop(page, drawings / "2024/night/drawing 100.jpg")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    weight = page.get_by_label("Weight of drawing 100.jpg")
    expect(weight).to_be_visible()  # the address has both pictures
    unweighted = page.url
    weight.select_option("5")
    expect(page).not_to_have_url(unweighted)  # the browser has stored the pictures and the weight
    expect_first(page, "drawing 100.jpg")
    page.reload()
    expect(weight).to_have_value("5")
    page.get_by_role("button", name="Save this search").click()
    expect(page.get_by_role("button", name="Saved")).to_be_visible()
    page.evaluate(MANY_UPLOADS)
    page.goto(visit.address)
    page.get_by_role("searchbox").click()
    page.locator(".find-lists a").first.click()
    expect_first(page, "drawing 100.jpg")


def test_a_pasted_photo_and_a_picked_one_form_one_query(visit: Visit, drawings: Path) -> None:
    """The first from the clipboard, the second from the file dialog."""
    open_search(visit)
    data = base64.b64encode((drawings / PHOTO).read_bytes()).decode()
    visit.page.evaluate(
        """(data) => {
          const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([bytes], "image.png", {type: "image/jpeg"}));
          document.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }""",
        data,
    )
    expect_first(visit.page, "drawing 040.jpg")
    with visit.page.expect_file_chooser() as chosen:
        visit.page.get_by_role("button", name="Add a picture").click()
    chosen.value.set_files(drawings / "2024/night/drawing 100.jpg")
    for name in ("drawing 040.jpg", "drawing 100.jpg"):
        expect(visit.page.locator(f".hits a[aria-label^='{name},']")).to_be_visible()


def test_text_with_a_picture_is_pasted_as_text_into_a_field(visit: Visit) -> None:
    """As tables copy it. A press on the text of the field's panel leaves the panel open."""
    page = visit.page
    visit.go("/browse")
    field = page.get_by_role("searchbox")
    field.click()
    page.evaluate(
        """() => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File(["x"], "image.png", {type: "image/png"}));
          clipboardData.setData("text/plain", "a table");
          const event = new ClipboardEvent("paste", {clipboardData, bubbles: true,
            cancelable: true});
          document.activeElement.dispatchEvent(event);
          window.taken = event.defaultPrevented;
        }"""
    )
    assert page.evaluate("() => window.taken") is False
    page.locator(".find-hint code").first.click()
    expect(page.locator(".find-panel")).to_be_visible()
    page.locator("h1").first.click()
    expect(page.locator(".find-panel")).to_be_hidden()
    assert query(page) == {}


def test_a_reload_keeps_the_search(visit: Visit, drawings: Path) -> None:
    """The address keeps the query, and the browser keeps the uploaded picture."""
    open_search(visit)
    drop(visit.page, drawings / PHOTO)
    expect_first(visit.page, "drawing 040.jpg")
    assert "upload" in query(visit.page)
    visit.page.reload()
    expect_first(visit.page, "drawing 040.jpg")


def test_a_part_of_a_picture_is_searched(visit: Visit) -> None:
    """Keys move the frame on the picture, Enter searches the part, and the address keeps it."""
    visit.go("/search?id=" + PHOTO.replace(" ", "%20"))
    expect_first(visit.page, "drawing 040.jpg")
    visit.page.get_by_role("button", name=re.compile("part", re.IGNORECASE)).first.click()
    frame = visit.page.locator(".crop-frame")
    expect(frame).to_be_visible()
    frame.focus()
    before = frame.get_attribute("aria-label")
    frame.press("ArrowRight")
    frame.press("Shift+ArrowUp")
    assert frame.get_attribute("aria-label") != before
    frame.press("Enter")
    visit.page.wait_for_url(re.compile("crop="))
    x, y, width, height = map(int, query(visit.page)["crop"][0].split(","))
    assert x >= 0
    assert y >= 0
    assert width > 10
    assert height > 10
    expect(hits(visit.page).first).to_be_visible()
    visit.page.reload()
    expect(hits(visit.page).first).to_be_visible()
    assert "crop" in query(visit.page)


def test_an_unwanted_image_leaves_the_results(visit: Visit) -> None:
    """The image goes into the address as a negative example."""
    visit.go("/search?id=" + PHOTO.replace(" ", "%20"))
    expect_first(visit.page, "drawing 040.jpg")
    second = hits(visit.page).nth(1)
    name = (second.get_attribute("aria-label") or "").partition(",")[0]
    visit.page.locator(".hits li").nth(1).hover()
    visit.page.get_by_role("button", name=f"Not this one: {name}").click()
    visit.page.wait_for_url(re.compile("not="))
    expect(visit.page.locator(f".hits a[aria-label^='{name},']")).to_have_count(0)


def test_filters_limit_the_results_and_show_their_faults(visit: Visit) -> None:
    """An invalid expression has a message under its field."""
    visit.go("/search?id=" + PHOTO.replace(" ", "%20") + "&under=2024/night")
    expect(hits(visit.page).first).to_be_visible()
    hrefs = hits(visit.page).evaluate_all("anchors => anchors.map((anchor) => anchor.href)")
    assert hrefs
    assert all("2024" in href and "night" in href for href in hrefs)
    visit.go("/search?id=" + PHOTO.replace(" ", "%20") + "&where=width%20is%20large")
    expect(visit.page.get_by_text(re.compile("but found"))).to_be_visible()
    visit.expect_problems("422")


def test_a_file_that_is_not_an_image_has_a_message(visit: Visit, tmp_path: Path) -> None:
    note = tmp_path / "note.jpg"
    note.write_text("this is a text file with the name of an image\n" * 20)
    open_search(visit)
    drop(visit.page, note)
    expect(visit.page.get_by_text(re.compile("it looks like a text file"))).to_be_visible()
    visit.expect_problems("422")


def test_one_bad_file_does_not_block_the_others(
    visit: Visit, drawings: Path, tmp_path: Path
) -> None:
    """The others are searched with. The bad one has its message, also if both have one name. The
    page asks whether a further picture is added or replaces the others."""
    (tmp_path / "bad").mkdir()
    note, good = tmp_path / "bad" / "photo.jpg", tmp_path / "photo.jpg"
    note.write_text("this is a text file with the name of an image\n" * 20)
    shutil.copyfile(drawings / PHOTO, good)
    open_search(visit)
    drop(visit.page, note)
    expect(visit.page.get_by_text(re.compile("it looks like a text file"))).to_be_visible()
    drop(visit.page, good)
    expect(visit.page.get_by_role("button", name="Add", exact=True)).to_be_focused()
    visit.page.keyboard.press("Enter")
    expect_first(visit.page, PHOTO.rpartition("/")[2])
    tiles = visit.page.locator(".query-tiles > li")
    expect(tiles).to_have_count(2)
    expect(tiles.first).to_contain_text("it looks like a text file")
    expect(tiles.nth(1)).not_to_contain_text("text file")
    drop(visit.page, drawings / "2024/night/drawing 100.jpg")
    question = visit.page.get_by_role("dialog", name="Add or replace?")
    expect(question).to_contain_text("has 2 pictures already")
    visit.page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(tiles).to_have_count(2)
    drop(visit.page, drawings / "2024/night/drawing 100.jpg")
    question.get_by_role("button", name="Replace").click()
    expect(tiles).to_have_count(1)
    expect_first(visit.page, "drawing 100.jpg")
    visit.expect_problems("422")


def test_filters_are_chips_with_forms(visit: Visit) -> None:
    """A form writes the expression, and the expression fills the form. Other parts stay."""
    page = visit.page
    visit.go("/search?id=" + PHOTO.replace(" ", "%20") + "&where=height > 1 or id = 'and'")
    expect(hits(page).first).to_be_visible()
    where = page.get_by_label("Where")
    page.get_by_role("button", name="Size").click()
    page.get_by_label("Width at least").fill("400")
    page.get_by_label("File at least").fill("0.001")
    page.keyboard.press("Enter")
    written = "(height > 1 or id = 'and') and width >= 400 and size >= 1000"
    expect(where).to_have_value(written)
    expect(hits(page).first).to_be_visible()
    chip = page.get_by_role("button", name="Change the filter: 400 pixels wide or more, 0.001 MB")
    expect(chip).to_be_focused()
    page.get_by_role("button", name="Date").click()
    page.get_by_label("Taken until").fill("2020-02-03")
    page.keyboard.press("Enter")
    expect(where).to_have_value(f"{written} and taken <= 2020-02-03")
    expect(page.get_by_text("No results")).to_be_visible()
    page.get_by_role("button", name="Remove the filter: Taken until 2020-02-03").click()
    expect(where).to_have_value(written)
    expect(hits(page).first).to_be_visible()
    where.fill("label = 'it\"s' and camera like '%Canon%' and taken >= 2020-01-01")
    where.press("Enter")
    chips = page.get_by_label("Filters that apply").get_by_role("listitem")
    expect(chips).to_have_text(['Label it"s', "Camera Canon", "Taken from 2020-01-01"])


def test_a_picture_above_the_size_limit_is_not_sent(
    visitors: Visiting, drawings: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.bmp"
    Image.fromarray(draw(5, 800, 600)).save(large)
    assert large.stat().st_size > 2**20
    with serving(drawings, "--max-upload", 1) as server, visitors(server.address) as visit:
        open_search(visit)
        drop(visit.page, large)
        expect(visit.page.get_by_text(re.compile("Too large"))).to_be_visible()
