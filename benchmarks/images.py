"""Write the images for benchmarks: real photos if they are there, else drawn pictures."""

from pathlib import Path

from PIL import Image

from benchmarks.harness import SHARED

QUALITY = 90


def write_jpegs(folder: Path, count: int, width: int, height: int) -> str:
    """Write `count` JPEGs of this size to `folder`. Return "real photos" or "drawn pictures"."""
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
