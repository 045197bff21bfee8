"""Draws docs/result.png: a real search over pictures that this project's own code draws.

    python tools/draw_result.py

Makes a folder of drawn pictures and edited copies of one of them, indexes it, searches, and lays
the query and its hits side by side with their distances.
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from sokkuri import Collection, Searcher

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "support"))

from draw_images import draw  # noqa: E402 - found in the tests' folder, named above

QUERY, OTHERS, TILE = 12, 60, (168, 126)


def edited(picture: Image.Image) -> dict[str, Image.Image]:
    """The copies that people make: shrunk, cropped, re-coloured, blurred, marked, mirrored."""
    width, height = picture.size
    marked = picture.copy()
    ImageDraw.Draw(marked).text((20, height - 40), "© somebody", fill="white", font_size=28)
    return {
        "smaller": picture.resize((width // 2, height // 2)),
        "cropped": picture.crop((width // 10, height // 10, width * 9 // 10, height * 9 // 10)),
        "brighter": ImageEnhance.Brightness(picture).enhance(1.3),
        "blurred": picture.filter(ImageFilter.GaussianBlur(3)),
        "marked": marked,
        "mirrored": ImageOps.mirror(picture),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(OTHERS):
            Image.fromarray(draw(seed, 480, 360)).save(folder / f"{seed:02d}.png")
        original = Image.open(folder / f"{QUERY}.png")
        for edit, picture in edited(original).items():
            picture.save(folder / f"{edit}.jpg", quality=70)
        with Collection.create(folder) as collection:
            for _ in collection.sync():
                pass
            hits = Searcher(collection).search([f"{QUERY}.png"], k=10)
        sheet = Image.new("RGB", (5 * (TILE[0] + 12) + 12, 2 * (TILE[1] + 40) + 12), "white")
        pen = ImageDraw.Draw(sheet)
        for number, hit in enumerate(hits):
            left, top = 12 + number % 5 * (TILE[0] + 12), 12 + number // 5 * (TILE[1] + 40)
            sheet.paste(Image.open(str(hit.path)).convert("RGB").resize(TILE), (left, top))
            text = f"{hit.distance:.3f}  {hit.id}"
            pen.text((left, top + TILE[1] + 6), text, fill="black", font_size=15)
    sheet.save(PROJECT / "docs" / "result.png", optimize=True)


if __name__ == "__main__":
    main()
