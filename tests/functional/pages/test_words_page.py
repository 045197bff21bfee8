"""The page Search with words: a field, and chips with sign and weight."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Visit, Visiting
from joint_model import draw_colours, write_joint_model
from playwright.sync_api import Page, expect
from run_cli import sokkuri
from run_server import Server, serving


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a collection whose model knows words."""
    home = tmp_path_factory.mktemp("words")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOKKURI_CACHE", str(home / "cache"))
        card = write_joint_model(home / "model")
        photos = draw_colours(home / "photos")
        sokkuri("index", photos, "--model", card)
        with serving(photos) as server:
            yield server


def expect_first(page: Page, name: str) -> None:
    first = page.locator(".hits li > a").first
    expect(first).to_have_attribute("aria-label", re.compile(f"^{re.escape(name)}, "))


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_words_are_terms_with_a_sign_and_a_weight(colours: Server, visitors: Visiting) -> None:
    """The address keeps them, so a reload and the back button do too."""
    with visitors(colours.address) as visit:
        page = visit.page
        visit.go("/search")
        field = page.get_by_label("Words", exact=True).and_(page.get_by_role("searchbox"))
        field.fill("red")
        field.press("Enter")
        expect(page.locator(".hits li")).to_have_count(9)
        first = page.locator(".hits li > a").first
        expect(first).to_have_attribute("aria-label", re.compile("^red.*good match"))
        field.fill("dark")
        field.press("Enter")
        expect_first(page, "red-dark.png")
        page.get_by_role("button", name="With these words: dark").click()
        expect_first(page, "red-light.png")
        assert query(page) == {"text": ["red"], "not_text": ["dark"]}
        page.get_by_label("Weight of red").select_option("5")
        page.wait_for_url("**not_text=dark**")
        expect(page.get_by_label("Weight of red")).to_have_value("5")
        assert query(page)["text"] == ["red^5"]
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


def test_a_collection_without_words_has_no_field_and_says_why_words_fail(visit: Visit) -> None:
    visit.go("/search")
    expect(visit.page.get_by_role("searchbox")).to_have_count(0)
    visit.expect_problems("status of 422")
    visit.go("/search?text=red")
    expect(visit.page.get_by_role("alert").filter(has_text="knows no words")).to_be_visible()
    visit.page.get_by_role("button", name="Remove red").click()
    expect(visit.page.get_by_text("Drop a photo here")).to_be_visible()
