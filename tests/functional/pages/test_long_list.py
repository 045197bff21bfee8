"""The page Duplicates with thousands of groups."""

import base64
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from browser import NEXT_FRAME, Visit
from playwright.sync_api import Route, expect

GROUPS = 3_000
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=="
)
ELEMENTS = "() => document.querySelectorAll('*').length"
TOP = """() => {
  const shown = [...document.querySelectorAll(".copies")].map((el) =>
    [el.querySelector(".copy-name").textContent, el.getBoundingClientRect().top]);
  return shown.filter(([, top]) => top > 60).sort((a, b) => a[1] - b[1])[0];
}"""
"""The name and the place of the first group in the window."""


def draw_group(number: int) -> dict[str, Any]:
    """Return a group as the server does. Every seventh has three pictures."""
    names = [f"group {number:05d} {letter}.jpg" for letter in "abc"[: 2 + (number % 7 == 0)]]
    images = [
        {
            "id": f"folder/{name}", "name": name, "folder": "folder", "width": 400, "height": 300,
            "v": "1", "modified": "2026-01-01T00:00:00Z", "size": 1000, "kept": False,
        }
        for name in names
    ]  # fmt: skip
    return {
        "grade": "identical", "keep": images[0]["id"], "why": "", "conflict": "", "images": images,
        "pairs": [],
    }  # fmt: skip


def answer(route: Route) -> None:
    """Answer as a server with many groups: the cursor is the number of the next group. The quick
    answer has the first groups alone."""
    query = parse_qs(urlsplit(route.request.url).query)
    first, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
    whole = "quick" not in query
    total = GROUPS if whole else limit
    end = min(total, first + limit)
    grades = {"identical": {"groups": total, "drops": total, "bytes": 1000, "conflicts": 0}}
    route.fulfill(
        json={
            "groups": [draw_group(number) for number in range(first, end)], "total": total,
            "grades": grades, "next": str(end) if end < total else None, "unread": 0,
            "whole": whole,
            "compared": 9000, "of": 9000, "running": None, "failure": None, "notes": [],
        }
    )  # fmt: skip


def test_only_the_groups_near_the_window_are_in_the_document(visit: Visit) -> None:
    """The focus, the place after Back, and the browser's search for a text stay right."""
    page = visit.page
    page.set_viewport_size({"width": 1280, "height": 800})
    page.route(re.compile(r"/api/v1/duplicates\?"), answer)
    page.route(re.compile(r"/thumbnail"), lambda route: route.fulfill(
        body=PIXEL, content_type="image/png"))  # fmt: skip
    visit.go("/duplicates")
    group = page.locator(".copies")
    expect(group.first).to_have_attribute("aria-setsize", str(GROUPS))
    assert page.evaluate(ELEMENTS) < 2000
    height = page.evaluate("() => document.documentElement.scrollHeight")
    assert height > 300_000, "the scroll bar shows the groups that are not loaded yet, too"
    for _ in range(4):
        page.keyboard.press("j")
    focused = page.locator(".copy-picture:focus")
    expect(focused).to_have_attribute("aria-label", "Compare group 00003 a.jpg")

    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    last = page.get_by_role("link", name=f"group {GROUPS - 1:05d} a.jpg")
    page.wait_for_function(
        """(last) => {
          scrollTo(0, document.documentElement.scrollHeight);
          return [...document.querySelectorAll(".copy-name")].some((el) => el.title.includes(last));
        }""",
        arg=f"group {GROUPS - 1:05d} a.jpg",
    )
    expect(last).to_be_in_viewport()
    assert page.evaluate(ELEMENTS) < 2000
    expect(group.last).to_have_attribute("aria-posinset", str(GROUPS))
    expect(focused).to_have_attribute("aria-label", "Compare group 00003 a.jpg")
    page.keyboard.press("k")
    expect(focused).to_have_attribute("aria-label", "Compare group 00002 a.jpg")
    expect(focused).to_be_in_viewport()

    page.evaluate("() => scrollTo(0, 200000)")
    page.evaluate(NEXT_FRAME)
    name, top = page.evaluate(TOP)
    page.wait_for_function("() => history.state?.anchor?.index > 500")
    page.get_by_role("link", name="Status").first.click()
    expect(page.locator(".tile").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name=name)).to_be_in_viewport()
    again, place = page.evaluate(TOP)
    assert again == name
    assert abs(place - top) < 2

    page.keyboard.press("Control+f")
    page.wait_for_function("() => window.find('group 02900 b.jpg')")
    expect(page.get_by_role("link", name="group 02900 b.jpg")).to_be_in_viewport()
