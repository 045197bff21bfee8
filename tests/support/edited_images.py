"""Drawn images, edited as people repost them: smaller, cropped, mirrored, without colours."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from draw_images import draw
from PIL import Image, ImageOps

EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "small": lambda image: image.resize((240, 180)),
    "mirror": ImageOps.mirror,
    "grey": lambda image: image.convert("L").convert("RGB"),
    "crop": lambda image: image.crop((70, 40, 410, 310)),
    "side": lambda image: image.rotate(90, expand=True).resize((300, 400)),
}
"""The edits by name. Without OpenCV only the first two are sure to be recognised."""

GRADES = {"twin": "identical", "small": "same"} | dict.fromkeys([*EDITS][1:], "edited")


def write_edits(
    folder: Path, seed: int, edits: Sequence[str] = (*EDITS,), *, twin: bool = False
) -> Path:
    """Write `orig.jpg` (the largest), one file for each edit, and a copy if `twin`."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(draw(seed, 480, 360))
    picture.save(folder / "orig.jpg", quality=92)
    for name in edits:
        EDITS[name](picture).save(folder / f"{name}.jpg", quality=85)
    if twin:
        shutil.copyfile(folder / "orig.jpg", folder / "twin.jpg")
    return folder
