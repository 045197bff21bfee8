"""The rings: no two pictures overlap, distances keep their order, and one leads to the next."""

import json
import math
import random
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Visit
from playwright.sync_api import Page, expect
from run_server import Server

PHOTO = "2023/harbour/drawing 040.jpg"
ADDRESS = "/rings?id=" + PHOTO.replace(" ", "%20")

LAYOUT = """async ([images, view]) => {
  const {layout, overlaps} = await import("/static/rings/layout.js");
  const made = layout(images, view);
  return {...made, overlaps: overlaps([made.centre, ...made.places]).length};
}"""

Images = list[dict[str, Any]]


def images(count: int, seed: int, **fixed: Any) -> Images:
    """A query and `count` others with drawn distances, angles and shapes, or fixed ones."""
    rng = random.Random(seed)
    shapes = ((4, 3), (3, 4), (1, 1), (16, 9), (9, 16), (2, 3))
    found = []
    for number in range(count + 1):
        width, height = rng.choice(shapes)
        found.append({
            "id": str(number), "width": 100 * width, "height": 100 * height,
            "distance": 0 if number == 0 else rng.uniform(0.05, 0.6),
            "angle": rng.uniform(-math.pi, math.pi), **({} if number == 0 else fixed),
        })  # fmt: skip
    return found


CASES = {
    "a hundred": (images(100, 1), 1000, 1000),
    "three hundred": (images(300, 2), 1000, 1000),
    "all at one distance": (images(100, 3, distance=0.3), 1000, 1000),
    "copies of the query": (images(40, 4, distance=0), 1000, 1000),
    "all in one direction": (images(100, 5, angle=1.0), 1000, 1000),
    "a panorama each": (images(60, 6, width=1000, height=100), 1000, 1000),
    "one alone": (images(1, 7), 1000, 1000),
    "a telephone": (images(100, 8), 360, 500),
    "a wide window": (images(100, 9), 2400, 900),
}


@pytest.mark.parametrize("name", CASES)
def test_no_two_pictures_overlap_and_order_is_kept(visit: Visit, name: str) -> None:
    """A picture that is less alike is never nearer to the middle."""
    given, width, height = CASES[name]
    visit.go("/static/login.html")
    made = visit.page.evaluate(LAYOUT, [given, {"width": width, "height": height}])
    places = made["places"]
    assert made["overlaps"] == 0
    assert not _overlapping([made["centre"], *places])
    assert len(places) == len(given) - 1
    distances = {one["id"]: one["distance"] for one in given}
    order = [distances[place["id"]] for place in places]
    assert order == sorted(order)
    radii = [place["radius"] for place in places]
    assert radii == sorted(radii)
    for place in places:
        assert abs(place["x"] - width / 2) + place["w"] / 2 <= width / 2 + 0.5
        assert abs(place["y"] - height / 2) + place["h"] / 2 <= height / 2 + 0.5


def _overlapping(places: Images) -> bool:
    """The same question, asked once more and in another way: of x and y are the middles."""
    return any(
        abs(one["x"] - other["x"]) < (one["w"] + other["w"]) / 2 - 1e-6
        and abs(one["y"] - other["y"]) < (one["h"] + other["h"]) / 2 - 1e-6
        for at, one in enumerate(places)
        for other in places[:at]
    )


def test_the_same_pictures_always_lie_the_same_way(visit: Visit) -> None:
    visit.go("/static/login.html")
    asked = [images(100, 11), {"width": 1000, "height": 1000}]
    first, second = (json.dumps(visit.page.evaluate(LAYOUT, asked)) for _ in range(2))
    assert first == second


def test_the_power_spreads_the_rings(visit: Visit) -> None:
    """With a higher power the nearest lie nearer to the middle, as far as there is room."""
    visit.go("/static/login.html")
    given = images(12, 12)
    radii = [
        visit.page.evaluate(LAYOUT, [given, {"width": 1000, "height": 1000, "power": power}])
        for power in (0.5, 6)
    ]
    middles = [sum(place["radius"] for place in made["places"][:6]) for made in radii]
    assert middles[1] < middles[0]


def centre(page: Page) -> str:
    """The id in the middle, as the address has it."""
    return parse_qs(urlsplit(page.url).query)["id"][0]


def expect_centre(page: Page, id_: str) -> None:
    """The picture is in the middle, as the page says it, too."""
    name = id_.rpartition("/")[2]
    expect(page.get_by_role("group", name=re.compile(f"around {re.escape(name)}"))).to_be_visible()
    assert centre(page) == id_


def test_three_rings_and_back(visit: Visit) -> None:
    """A click moves a picture into the middle; Back goes the same way; the address is the state."""
    page = visit.page
    visit.go(ADDRESS)
    expect_centre(page, PHOTO)
    walked = [PHOTO]
    for _ in range(3):
        neighbour = page.locator(".ring-pictures a[href*='/rings?']").nth(4)
        neighbour.click()
        page.wait_for_function("(old) => !location.search.includes(old)", arg=_quoted(walked[-1]))
        walked.append(centre(page))
        expect_centre(page, walked[-1])
    assert len(set(walked)) > 2
    for id_ in reversed(walked[:-1]):
        page.go_back()
        expect_centre(page, id_)
    page.reload()
    expect_centre(page, PHOTO)


def _quoted(id_: str) -> str:
    return id_.rpartition(" ")[2]


def test_pictures_on_the_page_do_not_overlap(visit: Visit) -> None:
    """Not only in the layout: on the screen, where the animation has ended."""
    visit.go(ADDRESS)
    expect_centre(visit.page, PHOTO)
    visit.page.wait_for_function("() => document.getAnimations().length === 0")
    boxes = visit.page.locator(".ring-pictures a").evaluate_all(
        """all => all.map((one) => {
          const {x, y, width, height} = one.getBoundingClientRect();
          return {x: x + width / 2, y: y + height / 2, w: width - 1, h: height - 1};
        })"""
    )
    assert len(boxes) > 90
    assert not _overlapping(boxes)


def test_how_many_and_how_far_are_in_the_address(visit: Visit) -> None:
    visit.go(f"{ADDRESS}&k=20&power=2")
    expect_centre(visit.page, PHOTO)
    expect(visit.page.locator(".ring-pictures a[href*='/rings?']")).to_have_count(20)
    slider = visit.page.get_by_role("slider", name="Pictures")
    expect(slider).to_have_value("20")
    slider.fill("40")
    visit.page.wait_for_url(re.compile("k=40"))
    expect(visit.page.locator(".ring-pictures a[href*='/rings?']")).to_have_count(40)
    assert "power=2" in visit.page.url


def test_rings_by_keyboard_alone(visit: Visit) -> None:
    """Tab goes in, arrows move, Enter takes the picture into the middle, i opens it."""
    page = visit.page
    visit.go(ADDRESS)
    expect_centre(page, PHOTO)
    page.locator(".ring-stage").focus()
    page.keyboard.press("Tab")
    page.keyboard.press(".")
    chosen = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert re.search(r"distance [\d.]+, number \d+ of \d+", chosen)
    page.keyboard.press("Enter")
    page.wait_for_function("(old) => !location.search.includes(old)", arg=_quoted(PHOTO))
    expect_centre(page, centre(page))
    page.keyboard.press("i")
    page.wait_for_url(re.compile("/image"))


def test_an_unknown_picture_and_none(visit: Visit, server: Server) -> None:
    """Both say what to do."""
    visit.go("/rings?id=nothing.jpg")
    expect(visit.page.get_by_role("heading", name="No such picture here")).to_be_visible()
    visit.forgive("404")
    visit.go("/rings")
    visit.page.locator(".choose-tiles a").first.click()
    expect(visit.page.locator(".ring-pictures a").first).to_be_visible()
