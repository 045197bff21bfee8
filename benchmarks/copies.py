"""Edited copies of photos, as in INRIA Copydays, by a seed: the ground truth for duplicates.

    python -m benchmarks.copies PHOTOS FOLDER

Takes a folder of photos; writes some of them with every copy of each, and others beside them.
"""

import io
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Edit = Callable[[Image.Image, np.random.Generator], Image.Image]

_QUALITY = 85  # of what is not said to be of another


def _as_it_is(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    return image


def _crop(share: float) -> Edit:
    """Keeps that share of the area, anywhere, in the picture's own shape."""

    def edit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = (round(side * share**0.5) for side in image.size)
        x = int(rng.integers(image.width - width + 1))
        y = int(rng.integers(image.height - height + 1))
        return image.crop((x, y, x + width, y + height))

    return edit


def _resize(scale: float) -> Edit:
    def edit(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
        size = tuple(max(1, round(side * scale)) for side in image.size)
        return image.resize((size[0], size[1]), Image.Resampling.LANCZOS)

    return edit


def _watermark(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """White writing, half transparent, thrice across the picture."""
    layer = Image.new("RGBA", image.size)
    pen = ImageDraw.Draw(layer)
    size = max(12, image.width // 8)
    for part in (1, 3, 5):
        at = int(rng.integers(image.width // 3 + 1)), image.height * part // 6 - size // 2
        pen.text(at, "sample.example", fill=(255, 255, 255, 140), font_size=size)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _mask(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A grey block over a quarter of the area."""
    width, height = image.width // 2, image.height // 2
    x, y = int(rng.integers(image.width - width)), int(rng.integers(image.height - height))
    masked = image.copy()
    masked.paste((128, 128, 128), (x, y, x + width, y + height))
    return masked


def _blur(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 160))


def _light(factor: float) -> Edit:
    return lambda image, _rng: ImageEnhance.Brightness(image).enhance(factor)


def _colour(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Hues turned by a twelfth of the circle, and paler."""
    hue, saturation, value = image.convert("HSV").split()
    hue = hue.point(lambda level: (level + 21) % 256)
    turned = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    return ImageEnhance.Color(turned).enhance(0.7)


def _flip(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    return ImageOps.mirror(image)


def _rotate(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    degrees = 5 if rng.integers(2) else -5
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))


def _grey(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    return image.convert("L").convert("RGB")


def _strong(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Cropped, smaller, with writing, darker and paler; the JPEG is poor as well."""
    cut = _resize(0.6)(_crop(0.6)(image, rng), rng)
    return ImageEnhance.Contrast(_light(0.8)(_watermark(cut, rng), rng)).enhance(0.8)


EDITS: dict[str, tuple[Edit, int]] = {
    **{f"jpeg-{quality}": (_as_it_is, quality) for quality in (75, 30, 15, 10, 5, 3)},
    **{f"crop-{share}": (_crop(share / 100), _QUALITY) for share in (90, 70, 50, 30, 20)},
    "half": (_resize(0.5), _QUALITY),
    "quarter": (_resize(0.25), _QUALITY),
    "watermark": (_watermark, _QUALITY),
    "mask": (_mask, _QUALITY),
    "blur": (_blur, _QUALITY),
    "brighter": (_light(1.5), _QUALITY),
    "darker": (_light(0.5), _QUALITY),
    "colour": (_colour, _QUALITY),
    "flip": (_flip, _QUALITY),
    "rotate-5": (_rotate, _QUALITY),
    "grey": (_grey, _QUALITY),
    "strong": (_strong, 30),
}
"""Every edit and the JPEG quality that it is stored with."""


def copies(photo: Path, seed: int) -> dict[str, bytes]:
    """The photo in every edit : JPEG files."""
    image = Image.open(photo).convert("RGB")
    made = {}
    for number, (name, (edit, quality)) in enumerate(EDITS.items()):
        out = io.BytesIO()
        edit(image, np.random.default_rng([seed, number])).save(out, "JPEG", quality=quality)
        made[name] = out.getvalue()
    return made


ORIGINALS, GALLERY = 300, 600
"""Photos that are copied, and photos to be mistaken for them. All others at hand have no copy."""

FITTED = {"original": 150, "copies": 150, "gallery": 300, "others": 300}
"""How many of each, by their numbers, the matcher's weights were fitted on. It is judged by copies
and others that are not among them."""

TWINS = 128, 221
"""Of the originals these are one photo, of which the set has two files."""


@dataclass(frozen=True)
class Layout:
    """What laid-out pictures are. kind : (N,), a key of FITTED. number : (N,), of the photo among
    its kind. edit : (N,), "" for what is no copy. source : (N,), the original that a picture is or
    is a copy of, -1 for others."""

    kind: NDArray[np.str_]
    number: NDArray[np.int64]
    edit: NDArray[np.str_]
    source: NDArray[np.int64]

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which ones the weights were fitted on : (N,)."""
        return self.number < np.array([FITTED[kind] for kind in self.kind.tolist()])


def layout(paths: Sequence[str]) -> Layout:
    """paths : as `lay_out` writes them."""
    parts = [path.removesuffix(".jpg").split("/") for path in paths]
    kind = np.array(["original" if one[-1] == "original" else one[0] for one in parts])
    number = np.array([int(one[1]) for one in parts])
    edit = np.where(kind == "copies", np.array([one[-1] for one in parts]), "")
    source = np.where(np.isin(kind, ["original", "copies"]), number, -1)
    source[source == TWINS[1]] = TWINS[0]
    return Layout(kind, number, edit, source)


def lay_out(photos: Path, folder: Path) -> None:
    """`copies/NUMBER/original.jpg` and its edits beside it, `gallery/`, and `others/`."""
    found = sorted(photos.rglob("*.jpg"))
    drawn = [found[at] for at in np.random.default_rng(0).permutation(len(found)).tolist()]
    for number, photo in enumerate(drawn[:ORIGINALS]):
        place = folder / "copies" / f"{number:04d}"
        place.mkdir(parents=True)
        shutil.copyfile(photo, place / "original.jpg")
        for name, data in copies(photo, number).items():
            (place / f"{name}.jpg").write_bytes(data)
    rest = drawn[ORIGINALS:]
    for name, part in (("gallery", rest[:GALLERY]), ("others", rest[GALLERY:])):
        (folder / name).mkdir()
        for number, photo in enumerate(part):
            shutil.copyfile(photo, folder / name / f"{number:04d}.jpg")


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]), Path(sys.argv[2]))
