"""The page Browse: folders, dates, selection, mouse, keyboard, and a hundred thousand images."""

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import xxhash
from browser import AXE, NEXT_FRAME, Visit, Visiting, accessibility_faults
from draw_images import save_drawing
from playwright.sync_api import Page, expect
from run_cli import sokkuri
from run_server import Server, serving
from synthetic_collection import create_empty

MANY = 100_000
PICTURES = 24
JUMPS = (0.5, 0.999, 0.25)
"""Where the test looks at the images, as shares of the grid's height. It begins at the top."""

VISIBLE_CELLS = """() => {
  const counts = {cells: 0, shown: 0};
  for (const cell of document.querySelectorAll(".cell")) {
    const {top, bottom, height} = cell.getBoundingClientRect();
    if (bottom < 60 || top > innerHeight || height === 0) continue;
    counts.cells += 1;
    counts.shown += cell.classList.contains("shown");
  }
  return counts;
}"""
"""Counts the cells in the window, and the cells among them whose picture is shown."""
ALL_SHOWN = "cells > 10 && shown === cells"


def test_images_are_grouped_by_folder_or_by_date(visit: Visit) -> None:
    """Folders are headings in order. A click on a folder filters the grid, in the address too."""
    visit.go("/browse")
    heading = visit.page.get_by_role("heading", level=2)
    expect(heading.first).to_contain_text("2023/garden")
    folders = visit.page.get_by_role("navigation", name="Folders")
    folders.get_by_role("link", name=re.compile("2024")).first.click()
    visit.page.wait_for_url(re.compile("under=2024"))
    expect(heading.first).to_contain_text("2024/market")
    folders.get_by_role("link", name=re.compile("market")).click()
    visit.page.wait_for_url(re.compile("market"))
    visit.page.get_by_text("Newest").click()
    visit.page.wait_for_url(re.compile("sort=newest"))
    expect(heading.first).to_contain_text(re.compile(r"[A-Z][a-z]+ 20\d\d"))
    visit.page.reload()
    expect(heading.first).to_contain_text(re.compile(r"[A-Z][a-z]+ 20\d\d"))
    visit.page.get_by_role("link", name="Pixels").click()
    visit.page.wait_for_url(re.compile("sort=pixels"))
    expect(heading).to_have_count(1)


def cell(page: Page, number: int) -> str:
    return f".cell[data-index='{number}']"


def test_any_number_of_images_is_selected_and_taken_along(
    visitors: Visiting, server: Server, drawings: Path
) -> None:
    """Ctrl+A selects all, a click removes one, Shift selects a range. The bar copies paths and
    downloads lists and originals. A message does not cover the bar, and Esc unselects all. A few
    selected images become a query."""
    size, rights = {"width": 1280, "height": 800}, ["clipboard-read", "clipboard-write"]
    with visitors(server.address, viewport=size, permissions=rights, bypass_csp=True) as visit:
        page = visit.page
        visit.go("/browse")
        bar = page.get_by_role("region", name="Selected")
        expect(page.locator(".cell.shown").first).to_be_visible()
        page.keyboard.press("Control+a")
        expect(bar).to_contain_text("120 selected")
        expect(bar.get_by_role("button", name="Search for")).to_have_count(0)
        page.locator(f"{cell(page, 1)} .tick").click()
        expect(bar).to_contain_text("119 selected")
        page.keyboard.press("Control+c")
        expect(page.locator(".toast")).to_contain_text("119 paths are copied")
        copied = page.evaluate("() => navigator.clipboard.readText()").splitlines()
        every = sorted(str(file) for file in drawings.glob("20*/*/*.jpg"))
        assert copied == [every[0], *every[2:]]
        toast, place = page.locator(".toast").bounding_box(), bar.bounding_box()
        assert toast
        assert place
        assert toast["y"] + toast["height"] <= place["y"]
        page.keyboard.press("Escape")
        expect(bar).to_be_hidden()

        page.locator(f"{cell(page, 0)} .tick").click()
        page.locator(f"{cell(page, 2)} .tick").click(modifiers=["Shift"])
        expect(bar).to_contain_text("3 selected")
        for item, ending in (("CSV", "csv"), ("JSON", "json"), ("ZIP", "zip")):
            bar.get_by_text("More").click()
            assert ending != "csv" or not AXE.exists() or accessibility_faults(page) == []
            with page.expect_download() as download:
                bar.get_by_role("button", name=item).click()
            assert download.value.suggested_filename == f"images.{ending}"
        with zipfile.ZipFile(download.value.path()) as packed:
            assert packed.namelist() == [file.partition("Drawings/")[2] for file in every[:3]]
        bar.get_by_role("button", name="Search for these").click()
        page.wait_for_url(re.compile(r"/search\?id=.*&id=.*&id="))
        expect(page.locator(".hits li").first).to_be_visible()


def test_the_grid_works_by_keyboard_alone(visit: Visit) -> None:
    """Arrow keys move, Space selects, Escape unselects, Enter opens. The focus outlives a new
    layout."""
    page = visit.page
    visit.go("/browse")
    page.locator(f"{cell(page, 0)} a").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(f"{cell(page, 1)} .tick")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".tick[aria-checked='true']")).to_have_count(0)
    before = page.locator(cell(page, 1)).bounding_box()
    page.set_viewport_size({"width": 1000, "height": 800})
    page.wait_for_function(
        "([cell, width]) => document.querySelector(cell).offsetWidth !== width",
        arg=[cell(page, 1), before and before["width"]],
    )
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/image"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("drawing 001.jpg")
    page.go_back()
    expect(page.locator(cell(page, 1))).to_be_visible()


def test_tab_reaches_the_skip_link_and_a_question_mark_opens_the_help(visit: Visit) -> None:
    page = visit.page
    visit.go("/browse")
    expect(page.locator(".cell").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A hundred thousand images, as hard links to two dozen files. Only images near the places that
    the test looks at have a file."""
    root = tmp_path_factory.mktemp("many") / "photos"
    shapes = ((120, 80), (80, 120), (100, 100))
    originals = [save_drawing(root / f"{n}.jpg", n, *shapes[n % 3]) for n in range(PICTURES)]
    digests = [xxhash.xxh3_128_digest(path.read_bytes()) for path in originals]
    collection = create_empty(root)
    rows = []
    for number in range(MANY):
        which = number % PICTURES
        path = f"{number // 1000:03d}/{number:06d}.jpg"
        if any(abs(number / MANY - share) < 0.01 for share in (0, *JUMPS)):
            (root / path).parent.mkdir(exist_ok=True)
            os.link(originals[which], root / path)
        stat = originals[which].stat()
        rows.append((path, path, *shapes[which % 3], number // 10_000, number % 10_000,
                     digests[which], stat.st_size, stat.st_mtime_ns))  # fmt: skip
    with collection.catalog.writing():
        collection.catalog.execute_many(
            "INSERT INTO images"
            " (id, path, width, height, shard, row, digest, size, mtime_ns, model, todo)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0)",
            rows,
        )
    collection.close()
    with serving(root) as server:
        yield server


def test_a_hundred_thousand_images_scroll_without_gaps(visitors: Visiting, many: Server) -> None:
    """After each jump and scroll the cells are there at once and their pictures load. The document
    has only the cells near the window."""
    with visitors(many.address, viewport={"width": 1280, "height": 800}) as visit:
        page = visit.page
        visit.go("/browse")
        expect(page.locator(".cell.shown").first).to_be_visible()
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height > 1_000_000
        for share in JUMPS:
            page.evaluate("(y) => window.scrollTo(0, y)", int(height * share))
            page.evaluate(NEXT_FRAME)
            assert page.evaluate(VISIBLE_CELLS)["cells"] > 10, f"blank at {share}"
            page.wait_for_function(
                f"() => {{ const {{cells, shown}} = ({VISIBLE_CELLS})(); return {ALL_SHOWN} }}"
            )
        for _ in range(12):
            page.mouse.wheel(0, 600)
            page.evaluate(NEXT_FRAME)
            assert page.evaluate(VISIBLE_CELLS)["cells"] > 10
        assert page.locator(".cell").count() < 1000


GRID = """async (count) => {
  const style = Object.assign(document.createElement("link"),
    {rel: "stylesheet", href: "/static/browse/grid.css"});
  const host = document.createElement("div");
  host.className = "grid";
  document.body.style.display = "block";
  document.body.replaceChildren(host);
  host.style.width = "1200px";
  await new Promise((done) => { style.onload = done; document.head.append(style); });
  const {Grid} = await import("/static/browse/grid.js");
  const {Selection} = await import("/static/selection/selection.js");
  const {Windows} = await import("/static/browse/windows.js");
  const options = {href: () => "/", rowHeight: () => 200,
    selection: new Selection(() => {}), onmove: () => { window.moves += 1; }};
  window.moves = 0;
  window.grid = new Grid(host, options);
  grid.show({ratios: new Uint16Array(count).fill(150),
    groups: [{title: "few", first: 0}, {title: "most", first: 1000}],
    windows: new Windows(count, () => new Promise(() => {}))});
}"""
"""Shows a grid of so many images that never load."""
PLACE = """(index) => {
  const cell = document.querySelector(`.cell[data-index='${index}']`);
  return cell && cell.getBoundingClientRect().top;
}"""
"""The height of an image in the window, or null if it is not in the document."""


def test_every_row_of_three_million_images_is_reached(visit: Visit) -> None:
    """The page is lower than the grid, whose height no browser can show. By jumps, by slow
    scrolling and by keys, every image is reached, and nothing moves by itself."""
    count, page = 3_000_000, visit.page
    visit.go("/static/login.html")
    page.evaluate(GRID, count)

    def scroll(script: str) -> None:
        """Scroll, and wait until the grid has settled."""
        before = page.evaluate("() => window.moves")
        page.evaluate(script)
        page.wait_for_function("(before) => window.moves > before", arg=before)

    assert page.evaluate("() => grid.layout.height") > 40_000_000
    assert page.evaluate("() => document.documentElement.scrollHeight") < 17_000_000
    scroll("() => scrollTo(0, document.documentElement.scrollHeight)")
    assert 0 < page.evaluate(PLACE, count - 1) < 800, "the scroll bar's end"
    scroll("() => scrollTo(0, document.documentElement.scrollHeight / 2)")
    middle = page.evaluate("() => grid.anchor().index")
    assert abs(middle - count / 2) < 1000
    for index in (919_560, 1_234_567, count - 2000, 1500):
        page.evaluate("(index) => grid.scrollToAnchor({index, offset: 100})", index)
        before = page.evaluate(PLACE, index)
        assert before == pytest.approx(100, abs=1)
        scroll("() => scrollBy(0, 60)")
        assert page.evaluate(PLACE, index) == pytest.approx(before - 60, abs=1), (
            "as far as the page"
        )
    page.evaluate("() => grid.focus(0)")
    page.keyboard.press("End")
    assert 0 < page.evaluate(PLACE, count - 1) < 800
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"{cell(page, count - 2)} a")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.locator(f"{cell(page, 0)} a")).to_be_focused()
    assert page.evaluate("() => scrollY") < 100


def test_new_images_show_up_without_a_reload(visitors: Visiting, tmp_path: Path) -> None:
    """During an index run in another terminal the page shows the new images by itself. While an
    image is selected it only offers to show them."""
    root = tmp_path / "photos"
    for seed in range(3):
        save_drawing(root / f"{seed}.png", seed)
    sokkuri("index", root)
    with serving(root) as server, visitors(server.address) as visit:
        visit.go("/browse")
        expect(visit.page.locator(".cell")).to_have_count(3)
        save_drawing(root / "3.png", 3)
        visit.page.locator(".tick").first.click()
        sokkuri("index", root)
        visit.page.get_by_role("button", name="The collection has changed").click()
        expect(visit.page.locator(".cell")).to_have_count(4)
