"""The drawings of the tests of the page Duplicates, and what they find on the page."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

SHAPES = ((480, 320), (320, 480), (400, 400), (640, 280))
COPIES = {0: "copies/first.jpg", 3: "copies/second.jpg", 6: "copies/third.jpg"}
"""Copies with the same bytes as the drawing of that number."""
SMALL = "2023/drawing 04 small.jpg"
ALL = 4


def groups(page: Page) -> Locator:
    return page.locator(".copies")


def group_of(page: Page, name: str) -> Locator:
    return groups(page).filter(has=page.get_by_role("link", name=name, exact=True))


def trash_button(page: Page, name: str) -> Locator:
    """The picture as a button, which is pressed if the picture is marked for the trash."""
    return page.get_by_role("button", name=f"Trash {name}", exact=True)


def go_to(page: Page, name: str) -> None:
    """Move the focus to a picture, by keyboard alone."""
    target = trash_button(page, name)
    for _ in range(ALL):
        page.keyboard.press("j")
        for _ in range(2):
            if target.evaluate("(button) => button === document.activeElement"):
                return
            page.keyboard.press("ArrowRight")
    for _ in range(ALL):
        page.keyboard.press("k")
    expect(target).to_be_focused()


def all_files(home: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes and the modification time of every picture."""
    return {
        str(file.relative_to(home)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in (home / "photos").rglob("*.jpg")
        if ".sokkuri" not in file.parts
    }
