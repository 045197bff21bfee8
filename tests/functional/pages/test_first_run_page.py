"""The first run of a folder without a collection, in the browser, and later runs from Status."""

import json
import re
from pathlib import Path

import httpx
from browser import AXE, Visiting, accessibility_faults
from draw_images import save_drawing
from playwright.sync_api import expect
from run_cli import sokkuri
from run_server import Server, assert_problem, serving_folder

NETWORK = {"network": "efficientnet-lite0"}


def post(server: Server, path: str, body: object, **headers: str) -> httpx.Response:
    """Send a request that changes something, with the key of the server unless others are given."""
    sent = headers or {"X-Sokkuri-Change": server.api("changes")["key"]}
    content = json.dumps(body)
    sent["Content-Type"] = "application/json"
    return server.post(f"/api/v1/{path}", content=content, headers=sent)


def test_a_folder_is_set_up_and_indexed_in_the_browser(visitors: Visiting, tmp_path: Path) -> None:
    """Nothing is created before the person presses Index. Then the pictures appear by themselves.
    Later runs start from Status, and no other change is allowed."""
    folder = tmp_path / "Summer"
    for number in range(6):
        save_drawing(folder / "sea" / f"{number}.png", number, 40, 30)
    (folder / "broken.JPG").write_bytes(b"no picture")
    (folder / "film.mp4").write_bytes(b"film")
    with serving_folder(folder) as server:
        key = server.api("changes")["key"]
        for headers in ({"X-Sokkuri-Change": "x"}, {"X-Sokkuri-Change": key, "Origin": "null"}):
            assert_problem(post(server, "setup", NETWORK, **headers), 403, "changes")
        for name in ("none", str(folder / "sea/0.png")):  # no file of the server is a network
            assert_problem(post(server, "setup", {"network": name}), 422, "invalid")
        with visitors(
            server.address, viewport={"width": 360, "height": 800}, bypass_csp=True
        ) as visit:
            page = visit.page
            visit.go("/search?id=nothing")
            expect(page).to_have_url(re.compile("/setup$"))
            expect(page.get_by_role("heading", name="7 images")).to_be_visible()
            expect(page.get_by_label("Formats").get_by_role("listitem")).to_have_text(
                ["png 6", "jpg 1"]
            )
            expect(page.get_by_text("1 video")).to_be_visible()
            expect(page.locator(".setup-estimate")).to_contain_text("on disk")
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
            assert not AXE.exists() or accessibility_faults(page) == []
            visit.screenshot("first-run-360")
            assert sorted(file.name for file in folder.iterdir()) == [
                "broken.JPG",
                "film.mp4",
                "sea",
            ]

            page.get_by_role("radio", name=re.compile("^efficientnet-lite0-int8 ")).press("Enter")
            expect(page).to_have_url(re.compile("/browse$"))
            expect(page.locator(".cell.shown")).to_have_count(6)
            expect(page.locator(".stale")).to_have_count(0)
            assert_problem(post(server, "labels", {"labels": []}), 403, "changes")

            visit.go("/status")
            retry = page.get_by_role("button", name="Retry failures")
            expect(retry).to_be_enabled()  # the first run has ended
            save_drawing(folder / "sea" / "new.png", 9, 40, 30)
            save_drawing(folder / "broken.JPG", 8, 40, 30)
            retry.click()
            expect(page.locator(".runs")).to_contain_text("8 images, 1 added, 1 updated")
            expect(retry).to_be_hidden()
            assert server.api("index")["running"] is None
            visit.go("/setup")
            expect(page).to_have_url(re.compile("/browse$"))
            visit.expect_problems("422", "404")  # the thumbnail of the broken picture


def test_a_folder_that_cannot_be_set_up(tmp_path: Path) -> None:
    """Without images the page says so. `--no-setup` and -C say what they always said."""
    empty = tmp_path / "empty"
    empty.mkdir()
    for place in (["-C", empty], [empty, "--no-setup"]):
        done = sokkuri("serve", *place, "--no-browser", "--port", 0, code=1)
        assert "holds no collection" in done.stderr
    done = sokkuri("serve", empty, "--host", "0.0.0.0", "--no-auth", "--no-browser", code=2)
    assert "needs a token" in done.stderr
    with serving_folder(empty) as server:
        assert server.api("setup")["problem"] == f"There are no images in {empty}."
    assert [*empty.iterdir()] == []
