"""The pages in Japanese: no English among the texts, any width, and the choice of the language."""

import re

from browser import Visit, Visiting
from playwright.sync_api import Page, expect
from run_server import Server

ID = "2023/harbour/drawing%20040.jpg"
PAGES = {
    "browse": ("/browse?sort=newest", ".cell.shown"),
    "image": (f"/image?id={ID}", ".similar .hit"),
    "start": ("/search", ".drop-zone"),
    "search": (f"/search?id={ID}", ".hits li"),
    "rings": (f"/rings?id={ID}&k=30", ".ring-pictures a"),
    "map": ("/map", ".map .panel"),
    "duplicates": ("/duplicates?grade=alike", ".copies, .duplicates .panel"),
    "label": ("/label", ".label-about h2"),
    "status": ("/status", ".tile"),
    "nowhere": ("/nowhere", ".panel"),
    "no image": ("/image?id=nothing.jpg", ".panel"),
    "wrong filter": ("/browse?where=(width+>+1000", ".content .panel"),
}

SHOWN = """() => {
  const isCode = (element) => element.closest("code, kbd, script, noscript, [lang=en], svg");
  const shown = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { parentElement: parent, data } = texts.currentNode;
    if (!isCode(parent) && parent.checkVisibility()) shown.push(data);
  }
  for (const name of ["aria-label", "title", "placeholder", "alt"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (!isCode(element)) shown.push(element.getAttribute(name));
    }
  }
  return shown;
}"""
"""Returns the visible texts, and the labels of all elements."""

# Names of files, folders and networks, commands, units, keys, expressions of the filter.
NO_WORDS = re.compile(
    r"(drawing \d+|[\w ]+)\.jpg|\b202\d(/\w+)?|efficientnet\S*|float\d+|uint8|\bint8|cosine"
    r"|sokkuri( [\d.]+\S*)?|Drawings|width > 1000|--mosaic|使える項目：.*|cat, dog, car"
    r"|(?<![A-Za-z])(ID|EXIF|CSV|JPEG|[kMGT]B|MiB|Shift|Ctrl|Enter|Escape|Tab)(?![A-Za-z])"
)


def english_words(page: Page) -> list[str]:
    """The texts and labels of a page that have an English word."""
    shown = {" ".join(text.split()) for text in page.evaluate(SHOWN)}
    return sorted(text for text in shown if re.search("[A-Za-z]{2}", NO_WORDS.sub("", text)))


def open_page(visit: Visit, name: str) -> Page:
    path, selector = PAGES[name]
    visit.go(path)
    expect(visit.page.locator(selector).first).to_be_visible()
    return visit.page


def test_a_japanese_browser_gets_japanese_pages(visitors: Visiting, server: Server) -> None:
    """Every page and the list of the keys, in a narrow window, without a word of English."""
    size = {"width": 360, "height": 900}
    left, too_wide = {}, []
    with visitors(server.address, viewport=size, locale="ja-JP") as visit:
        visit.expect_problems("404", "422")
        for name in PAGES:
            page = open_page(visit, name)
            left[name] = english_words(page)
            if page.evaluate("() => document.documentElement.scrollWidth") > 360:
                too_wide.append(name)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="キーボードショートカット")).to_be_visible()
        left["keys"] = english_words(page)
        assert {name: words for name, words in left.items() if words} == {}
        assert too_wide == []
        expect(page.locator("html")).to_have_attribute("lang", "ja")
        page = open_page(visit, "browse")
        expect(page.locator(".group h2").first).to_contain_text(re.compile(r"\d{4}年\d+月"))
        page = open_page(visit, "image")
        expect(page.locator(".facts").first).to_contain_text(re.compile(r"\d{4}/\d\d/\d\d"))
        visit.go("/static/login.html")
        expect(page.get_by_label("アクセストークン")).to_be_visible()
        assert page.locator("main").inner_text().count("token") == 0


def test_the_language_can_be_chosen_in_the_list_of_keys(visit: Visit) -> None:
    """It is kept for the next visit. "Same as the browser" ends the choice."""
    page = open_page(visit, "start")
    expect(page.get_by_role("heading", name="Search", exact=True)).to_be_visible()
    for language, heading in (("ja", "検索"), ("auto", "Search")):
        page.keyboard.press("?")
        page.locator(".help select").select_option(language)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
