"""The page Rings: no overlaps, pictures in order of distance, walks from picture to picture."""

import json
import math
import random
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from browser import Visit
from playwright.sync_api import Page, expect
from run_server import Server

PHOTO = "2023/harbour/drawing 040.jpg"
ADDRESS = "/rings?id=" + PHOTO.replace(" ", "%20")

LAYOUT = """async ([images, view]) => {
  const {layout, overlaps} = await import("/static/rings/layout.js");
  const result = layout(images, view);
  return {...result, overlaps: overlaps([result.centre, ...result.places]).length};
}"""

Images = list[dict[str, Any]]


def images(count: int, seed: int, **fixed: Any) -> Images:
    """A query and `count` other images with random distances, angles and shapes, or fixed ones."""
    rng = random.Random(seed)
    shapes = ((4, 3), (3, 4), (1, 1), (16, 9), (9, 16), (2, 3))
    result = []
    for number in range(count + 1):
        width, height = rng.choice(shapes)
        result.append({
            "id": str(number), "width": 100 * width, "height": 100 * height,
            "distance": 0 if number == 0 else rng.uniform(0.05, 0.6),
            "angle": rng.uniform(-math.pi, math.pi), **({} if number == 0 else fixed),
        })  # fmt: skip
    return result


CASES = {
    "a hundred": (images(100, 1), 1000, 1000),
    "three hundred": (images(300, 2), 1000, 1000),
    "equal distances": (images(100, 3, distance=0.3), 1000, 1000),
    "copies of the query": (images(40, 4, distance=0), 1000, 1000),
    "equal angles": (images(100, 5, angle=1.0), 1000, 1000),
    "panoramas": (images(60, 6, width=1000, height=100), 1000, 1000),
    "a single hit": (images(1, 7), 1000, 1000),
    "a phone": (images(100, 8), 360, 500),
    "a wide window": (images(100, 9), 2400, 900),
}


def test_no_two_pictures_overlap_and_order_is_kept(visit: Visit) -> None:
    """A picture with a greater distance is never nearer to the middle."""
    visit.go("/static/login.html")
    for name, (pictures, width, height) in CASES.items():
        result = visit.page.evaluate(LAYOUT, [pictures, {"width": width, "height": height}])
        check_layout(result, pictures, width, height, name)


def check_layout(
    result: dict[str, Any], pictures: Images, width: int, height: int, name: str
) -> None:
    places = result["places"]
    assert result["overlaps"] == 0, name
    assert not _overlapping([result["centre"], *places]), name
    assert len(places) == len(pictures) - 1, name
    distances = {picture["id"]: picture["distance"] for picture in pictures}
    order = [distances[place["id"]] for place in places]
    assert order == sorted(order), name
    radii = [place["radius"] for place in places]
    assert radii == sorted(radii), name
    for place in places:
        assert abs(place["x"] - width / 2) + place["w"] / 2 <= width / 2 + 0.5, name
        assert abs(place["y"] - height / 2) + place["h"] / 2 <= height / 2 + 0.5, name


def _overlapping(places: Images) -> bool:
    """Whether two pictures overlap, computed in Python; (x, y) is the centre of a picture."""
    return any(
        abs(place["x"] - other["x"]) < (place["w"] + other["w"]) / 2 - 1e-6
        and abs(place["y"] - other["y"]) < (place["h"] + other["h"]) / 2 - 1e-6
        for index, place in enumerate(places)
        for other in places[:index]
    )


def test_the_layout_is_deterministic_and_follows_its_power(
    visit: Visit,
) -> None:
    """A higher power moves near pictures to the middle, as far as the space allows."""
    visit.go("/static/login.html")
    arguments = [images(100, 11), {"width": 1000, "height": 1000}]
    first, second = (json.dumps(visit.page.evaluate(LAYOUT, arguments)) for _ in range(2))
    assert first == second
    pictures = images(12, 12)
    layouts = [
        visit.page.evaluate(LAYOUT, [pictures, {"width": 1000, "height": 1000, "power": power}])
        for power in (0.5, 6)
    ]
    sums = [sum(place["radius"] for place in layout["places"][:6]) for layout in layouts]
    assert sums[1] < sums[0]


def centre(page: Page) -> str:
    """The id in the middle, as the address has it."""
    return parse_qs(urlsplit(page.url).query)["id"][0]


def expect_centre(page: Page, id_: str) -> None:
    """Expect the picture in the middle, on the page and in the address."""
    name = id_.rpartition("/")[2]
    expect(page.get_by_role("group", name=re.compile(f"around {re.escape(name)}"))).to_be_visible()
    assert centre(page) == id_


def test_clicks_put_pictures_in_the_middle_and_back_returns(visit: Visit) -> None:
    """The address keeps the state, also over a reload."""
    page = visit.page
    page.emulate_media(reduced_motion="no-preference")
    visit.go(ADDRESS)
    expect_centre(page, PHOTO)
    visited = [PHOTO]
    for _ in range(3):
        neighbour = page.locator(".ring-pictures a[href*='/rings?']").nth(4)
        neighbour.click()
        page.wait_for_function("(old) => !location.search.includes(old)", arg=_quoted(visited[-1]))
        visited.append(centre(page))
        expect_centre(page, visited[-1])
    assert len(set(visited)) > 2
    for id_ in reversed(visited[:-1]):
        page.go_back()
        expect_centre(page, id_)
    page.reload()
    expect_centre(page, PHOTO)


def _quoted(id_: str) -> str:
    return id_.rpartition(" ")[2]


def test_pictures_on_the_page_do_not_overlap(visit: Visit) -> None:
    """Not only in the layout, but on the screen after the animation."""
    visit.page.emulate_media(reduced_motion="no-preference")
    visit.go(ADDRESS)
    expect_centre(visit.page, PHOTO)
    visit.page.wait_for_function("() => document.getAnimations().length === 0")
    boxes = visit.page.locator(".ring-pictures a").evaluate_all(
        """anchors => anchors.map((anchor) => {
          const {x, y, width, height} = anchor.getBoundingClientRect();
          return {x: x + width / 2, y: y + height / 2, w: width - 1, h: height - 1};
        })"""
    )
    assert len(boxes) > 90
    assert not _overlapping(boxes)


def test_the_number_of_pictures_and_the_spread_are_in_the_address(visit: Visit) -> None:
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
    """Tab enters the rings, keys move, Enter puts the picture in the middle, i opens its page,
    and z the viewer, which goes on in the order of the rings."""
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
    page.go_back()
    expect(page.locator(".ring-pictures a").nth(3)).to_be_visible()
    labels = [
        str(a.get_attribute("aria-label")) for a in page.locator(".ring-pictures a").all()[:4]
    ]
    page.locator(".ring-pictures a").nth(2).focus()
    page.keyboard.press("z")
    for label in labels[2:]:
        expect(page.get_by_role("dialog", name=label.partition(",")[0])).to_be_visible()
        page.keyboard.press("ArrowRight")


def test_an_unknown_picture_and_no_picture_offer_a_choice(visit: Visit, server: Server) -> None:
    visit.go("/rings?id=nothing.jpg")
    expect(visit.page.get_by_role("heading", name="Picture not found")).to_be_visible()
    visit.expect_problems("404")
    visit.go("/rings")
    visit.page.locator(".choose-tiles a").first.click()
    expect(visit.page.locator(".ring-pictures a").first).to_be_visible()
