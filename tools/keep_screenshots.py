"""Puts two of the page tests' screenshots into docs/, for README.

    make test ARGS="tests/functional/pages/test_every_page.py" && python tools/keep_screenshots.py

The tests draw the pictures in them, so they may be shown.
"""

from pathlib import Path

from PIL import Image

PROJECT = Path(__file__).parents[1]
SHOWN = {"rings-dark": "rings", "search-light": "search"}


def main() -> None:
    for taken, shown in SHOWN.items():
        with Image.open(PROJECT / ".screenshots" / f"{taken}.png") as image:
            image.convert("RGB").save(PROJECT / "docs" / f"{shown}.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    main()
