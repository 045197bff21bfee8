"""The pictures that are benchmarked: real photos where they are at hand, else drawn ones."""

from pathlib import Path

from PIL import Image

from benchmarks.harness import SHARED

QUALITY = 90


def make(folder: Path, count: int, width: int, height: int) -> str:
    """`count` JPEGs of that size in `folder`; gives back what they show."""
    from draw_images import draw

    folder.mkdir(parents=True)
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))
    for number in range(count):
        if photos:
            picture = Image.open(photos[number * len(photos) // count]).convert("RGB")
        else:
            picture = Image.fromarray(draw(number, 320, 240))
        resized = picture.resize((width, height), Image.Resampling.LANCZOS)
        resized.save(folder / f"{number:040x}.jpg", quality=QUALITY)
    return "real photos" if photos else "drawn pictures"
