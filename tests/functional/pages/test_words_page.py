"""The field at the top of every page: words, ids and pictures, as terms with sign and weight; and
candidates by words on the page Label."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Visit, Visiting
from joint_model import draw_colours, write_joint_model
from playwright.sync_api import Page, expect
from run_cli import sokkuri
from run_server import Server, serving
from tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a collection whose model knows words."""
    home = tmp_path_factory.mktemp("words")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOKKURI_CACHE", str(home / "cache"))
        card = write_joint_model(home / "model")
        photos = draw_colours(home / "photos")
        sokkuri("index", photos, "--model", card)
        with serving(photos, "--allow-changes") as server:
            yield server


def expect_first(page: Page, name: str) -> None:
    first = page.locator(".hits li > a").first
    expect(first).to_have_attribute("aria-label", re.compile(f"^{re.escape(name)}, "))


def find(page: Page, text: str) -> None:
    page.get_by_role("searchbox").fill(text)
    page.get_by_role("searchbox").press("Enter")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_words_are_terms_with_a_sign_and_a_weight(colours: Server, visitors: Visiting) -> None:
    """The address keeps them, so a reload and the back button do too."""
    with visitors(colours.address) as visit:
        page = visit.page
        visit.go("/search")
        find(page, "red")
        expect(page.locator(".hits li")).to_have_count(9)
        first = page.locator(".hits li > a").first
        expect(first).to_have_attribute("aria-label", re.compile("^red.*good match"))
        find(page, "dark")
        expect_first(page, "red-dark.png")
        page.get_by_role("button", name="With these words: dark").click()
        expect_first(page, "red-light.png")
        assert query(page) == {"text": ["red"], "not_text": ["dark"]}
        unweighted = page.url
        page.get_by_label("Weight of red").select_option("5")
        expect(page).not_to_have_url(unweighted)
        expect(page.get_by_label("Weight of red")).to_have_value("5")
        assert query(page) == {"text": ["red^5"], "not_text": ["dark"]}
        page.reload()
        expect_first(page, "red-light.png")
        expect(page.get_by_label("Weight of red")).to_have_value("5")
        page.get_by_role("button", name="Remove dark").click()
        page.get_by_role("button", name="Remove red").click()
        expect(page.get_by_text("Drop a photo here")).to_be_visible()


def test_words_and_a_picture_are_one_query(colours: Server, visitors: Visiting) -> None:
    with visitors(colours.address) as visit:
        page = visit.page
        visit.go("/search?id=blue.png&text=light^5")
        expect_first(page, "blue-light.png")
        expect(page.locator(".word-chip")).to_have_count(1)
        visit.go("/search?not_text=dark")
        expect(page.get_by_text("Nothing to search for")).to_be_visible()
        visit.expect_problems("status of 422")
        visit.go("/search?text=red^0")
        expect(page.get_by_role("alert").filter(has_text="must be above 0")).to_be_visible()


def test_words_and_ids_begin_a_search_on_any_page(colours: Server, visitors: Visiting) -> None:
    """An id, the name of a file, and a weight behind them are recognised. All else are words."""
    with visitors(colours.address) as visit:
        page = visit.page
        for start in ("/browse", "/status", "/label"):
            visit.go(start)
            expect(page.locator("h1")).to_have_count(1)
            page.keyboard.press("/")
            page.keyboard.type("red")
            page.keyboard.press("Enter")
            expect_first(page, "red.png")
            assert query(page) == {"text": ["red"]}, "a new search on each page"
        find(page, "blue.png^3")
        page.wait_for_url("**weight=**")
        assert query(page) == {"text": ["red"], "id": ["blue.png"], "weight": ["blue.png^3"]}
        expect_first(page, "blue.png")
        page.get_by_label("Weight of blue.png").select_option("0.25")
        expect_first(page, "red.png")
        page.reload()
        expect(page.get_by_label("Weight of blue.png")).to_have_value("0.25")
        expect_first(page, "red.png")


def test_searches_are_kept_in_this_browser_alone(colours: Server, visitors: Visiting) -> None:
    with visitors(colours.address) as visit:
        page = visit.page
        sent = []
        visit.listen("request", lambda request: sent.append(request.post_data or ""))
        visit.go("/search")
        find(page, "red")
        expect_first(page, "red.png")
        page.get_by_role("button", name="Save this search").click()
        find(page, "dark")
        expect_first(page, "red-dark.png")
        visit.go("/browse")
        page.get_by_role("searchbox").click()
        recent = page.locator(".find-lists a")
        expect(recent).to_have_text(["red", "red, dark", "red"])  # a saved one, two recent ones
        page.get_by_role("button", name="Remove recent search red, dark").click()
        expect(recent).to_have_text(["red", "red"])
        page.get_by_role("button", name="Clear").click()
        expect(recent).to_have_text(["red"])
        page.reload()
        page.get_by_role("searchbox").click()
        expect(recent).to_have_text(["red"])
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")  # the link above its button, from the end of the panel
        expect_first(page, "red.png")
        page.get_by_role("button", name="Saved").click()
        page.get_by_role("searchbox").click()
        expect(page.locator(".find-lists h2")).to_have_text(["Recent searches"])
        page.keyboard.press("Escape")
        expect(page.locator(".find-panel")).to_be_hidden()
        assert not any("saved" in one or "recent" in one for one in sent)
        with visitors(colours.address) as other:
            other.go("/search")
            other.page.get_by_role("searchbox").click()
            expect(other.page.get_by_role("button", name="Choose a picture")).to_be_visible()
            expect(other.page.locator(".find-lists a")).to_have_count(0)
            other.page.evaluate("() => localStorage.setItem('sokkuri.recent', '{}')")
            other.go("/search?text=red")
            expect_first(other.page, "red.png")


def test_a_collection_without_words_takes_ids_and_says_why_words_fail(visit: Visit) -> None:
    page = visit.page
    visit.go("/search")
    page.get_by_role("searchbox").click()
    hint = page.locator(".find-hint")
    expect(hint).to_contain_text("knows no words")
    expect(hint.locator("code").first).to_contain_text("sokkuri models add")
    find(page, "a red bicycle")
    expect(page.get_by_role("alert").filter(has_text="No image has this id")).to_be_visible()
    find(page, "drawing 040.jpg")
    expect_first(page, "drawing 040.jpg")
    assert query(page) == {"id": ["2023/harbour/drawing 040.jpg"]}
    visit.expect_problems("status of 422")
    visit.go("/search?text=red")
    expect(page.get_by_role("alert").filter(has_text="knows no words")).to_be_visible()
    page.get_by_role("button", name="Remove red").click()
    expect(page.get_by_text("Drop a photo here")).to_be_visible()


def candidates(page: Page, label: str) -> list[str]:
    section = page.get_by_role("region", name=f"Candidates for {label}")
    return [
        (name or "").partition(",")[0]
        for name in section.locator("li > a").evaluate_all(
            "links => links.map((link) => link.ariaLabel)"
        )
    ]


def test_candidates_by_words_are_accepted_or_refused(colours: Server, visitors: Visiting) -> None:
    """No image is labelled unasked, the confidence is that of the command, and undo works."""
    with visitors(colours.address) as visit:
        page = visit.page
        visit.go("/label?mode=words")
        page.get_by_label("Labels, with commas").fill("red")
        page.get_by_role("button", name="Show candidates").click()
        expect(page.get_by_role("alert").filter(has_text="two labels or more")).to_be_visible()
        page.get_by_label("Labels, with commas").fill("red, green, blue")
        page.get_by_role("button", name="Show candidates").click()
        red = page.get_by_role("region", name="Candidates for red")
        expect(red.locator("li")).to_have_count(3)
        page.reload()
        expect(red.locator("li")).to_have_count(3)
        assert {*candidates(page, "red")} == {"red.png", "red-dark.png", "red-light.png"}
        told = colours.api("suggestions/words", label=["red", "green", "blue"])["words"][0]
        first = told["candidates"][0]
        assert candidates(page, "red")[0] == first["id"]
        expect(red.locator("li").first).to_contain_text(f"{first['confidence'] * 100:.0f}"[:2])
        assert colours.api("labels")["labelled"] == 0
        red.get_by_role("button", name="Refuse red: red-dark.png").click()
        red.get_by_role("button", name="Accept red: red.png").click()
        expect(red.locator("li")).to_have_count(1)
        green = page.get_by_role("region", name="Candidates for green")
        green.get_by_role("button", name="Accept all 3").click()
        expect(page.locator("[data-unsaved='0']")).to_have_count(1)
        assert colours.api("labels")["labels"] == [
            {"label": "red", "count": 1}, {"label": "green", "count": 3},
        ]  # fmt: skip
        page.get_by_role("heading", name="Label").click()
        page.keyboard.press("u")
        expect(green.locator("li")).to_have_count(3)
        assert candidates(page, "red") == ["red-light.png"], "refused and accepted ones stay away"
        page.keyboard.press("u")
        expect(red.locator("li")).to_have_count(2)
        assert colours.api("labels")["labelled"] == 0
        page.keyboard.press("m")
        expect(page.locator(".label-about h2")).to_be_visible()


def test_the_field_follows_another_model(visitors: Visiting, tmp_path: Path) -> None:
    """After `index --replace`, an open page knows that the collection knows words."""
    photos = draw_colours(tmp_path / "photos")
    sokkuri("index", photos, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    with serving(photos) as server, visitors(server.address) as visit:
        page = visit.page
        visit.go("/status")
        expect(page.get_by_role("searchbox")).to_have_attribute("placeholder", "A picture or an id")
        sokkuri("index", photos, "--model", write_joint_model(tmp_path / "model"), "--replace")
        page.get_by_role("searchbox").click()
        expect(page.get_by_role("searchbox")).to_have_attribute("placeholder", re.compile("^Words"))
        find(page, "red")
        expect_first(page, "red.png")
