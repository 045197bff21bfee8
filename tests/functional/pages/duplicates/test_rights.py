"""The page Duplicates: who may change something, and who may not."""

import re
from pathlib import Path

from browser import Visit, Visiting
from duplicates_page import (
    ALL,
    all_files,
    go_to,
    groups,
)
from playwright.sync_api import Request, Route, expect
from run_server import serving
from trash_fixtures import home_environment, list_trash, trash_folder


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
        reader.listen("request", note_post)
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
