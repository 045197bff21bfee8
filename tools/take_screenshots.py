"""Make the pictures of README and docs: result.png, words.jpg, rings.jpg and browse-ja.jpg.

    python tools/take_screenshots.py

Renders photos (`tools/render_photos.py`) and edited copies of one of them, indexes them, lays the
hits of a search side by side, and takes screenshots of the pages. The search by words has a tiny
network of the tests, which knows the mean colours of pictures. It needs Chromium, and a font with
Japanese letters.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright

from sokkuri import Collection, Hits, Searcher

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests/support")]

from joint_model import write_joint_model  # noqa: E402 - found in the tests' folder
from tools.render_photos import SCENES, render  # noqa: E402 - found in the project's folder

QUERY, COUNT, TILE = 7, 90, (168, 126)
Scheme = Literal["dark", "light"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

SETTLED = """() => document.getAnimations().length === 0 && [...document.images].every((image) => {
  const {top, bottom} = image.getBoundingClientRect();
  return bottom < 0 || top > innerHeight || !image.src || image.complete;
})"""
"""Whether the images in the window are there, and nothing moves any more."""


def edited(picture: Image.Image) -> dict[str, Image.Image]:
    """Return copies as people make them: smaller, cropped, brighter, blurred, marked, mirrored."""
    width, height = picture.size
    marked = picture.copy()
    ImageDraw.Draw(marked).text((20, height - 60), "© somebody", fill="white", font_size=40)
    return {
        "smaller": picture.resize((width // 2, height // 2)),
        "cropped": picture.crop((width // 10, height // 10, width * 9 // 10, height * 9 // 10)),
        "brighter": ImageEnhance.Brightness(picture).enhance(1.3),
        "blurred": picture.filter(ImageFilter.GaussianBlur(2)),
        "marked": marked,
        "mirrored": ImageOps.mirror(picture),
    }


def write_photos(folder: Path) -> str:
    """Write the photos and the copies, and return the id of the photo that is copied."""
    for number in range(COUNT):
        scene = folder / SCENES[number % len(SCENES)].__name__
        scene.mkdir(parents=True, exist_ok=True)
        render(number).save(scene / f"{number // len(SCENES) + 1:02d}.jpg", quality=90)
    scene = folder / SCENES[QUERY % len(SCENES)].__name__
    original = scene / f"{QUERY // len(SCENES) + 1:02d}.jpg"
    with Image.open(original) as picture:
        for edit, copy in edited(picture).items():
            copy.save(scene / f"{original.stem} {edit}.jpg", quality=70)
    return f"{original.parent.name}/{original.name}"


def draw_hits(hits: Hits) -> Image.Image:
    """Return the hits in two rows, each with its distance and its id."""
    sheet = Image.new("RGB", (5 * (TILE[0] + 12) + 12, 2 * (TILE[1] + 40) + 12), "white")
    pen = ImageDraw.Draw(sheet)
    for number, hit in enumerate(hits):
        left, top = 12 + number % 5 * (TILE[0] + 12), 12 + number // 5 * (TILE[1] + 40)
        with Image.open(str(hit.path)) as picture:
            sheet.paste(picture.convert("RGB").resize(TILE), (left, top))
        text = f"{hit.distance:.3f}  {hit.id}"
        pen.text((left, top + TILE[1] + 6), text, fill="black", font_size=13)
    return sheet


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run `sokkuri serve`, and give its address."""
    options = ["-C", str(folder), "--no-browser", "--port", "0"]
    command = [sys.executable, "-m", "sokkuri", "serve", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(
            word for line in process.stderr for word in line.split() if word.startswith("http://")
        )
        try:
            yield address.rstrip("/")
        finally:
            process.terminate()


def screenshot(page: Page, address: str, ready: str) -> Image.Image:
    """Open an address, wait for elements `ready` and the images in the window, and return it."""
    page.goto(address)
    page.wait_for_selector(ready, timeout=120_000)
    page.wait_for_function(SETTLED, timeout=120_000)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save_page(
    chromium: Browser, address: str, name: str, scheme: Scheme, ready: str, locale: str = "en-GB"
) -> None:
    """Save a screenshot of the address as docs/NAME.jpg."""
    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": 1280, "height": 800}, locale=locale
    )
    page = context.new_page()
    screenshot(page, address, ready)  # makes thumbnails
    image = screenshot(page, address, ready)
    image.save(PROJECT / "docs" / f"{name}.jpg", quality=88, optimize=True)
    context.close()


def main() -> None:
    browser = next((path for name in NAMES if (path := shutil.which(name))), None)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name) / "Photos"
        query = write_photos(folder)
        with Collection.create(folder) as collection:
            for _ in collection.sync():
                pass
            hits = Searcher(collection).search([query], k=10)
            draw_hits(hits).save(PROJECT / "docs/result.png", optimize=True)
        store = Path(name) / "words"
        model = write_joint_model(Path(name) / "model")
        with Collection.create(folder, store=store, model=str(model)) as collection:
            for _ in collection.sync():
                pass
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        with server(store) as address:
            terms = "text=blue&text=light%5E0.5&not_text=green"
            save_page(chromium, f"{address}/search?{terms}", "words", "light", ".hits li")
        with server(folder) as address:
            rings = f"{address}/rings?id={query}"
            save_page(chromium, rings, "rings", "dark", ".ring-pictures a")
            browse = f"{address}/browse?sort=newest"
            save_page(chromium, browse, "browse-ja", "light", ".cell img", "ja")
        chromium.close()


if __name__ == "__main__":
    main()
