"""Make edited copies of photos, as in INRIA Copydays: the ground truth for near-duplicates.

    python -m benchmarks.copies PHOTOS FOLDER

Takes a folder of photos. Writes some of them with all their copies, and other photos beside them.
The result depends only on the photos.
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

_QUALITY = 85  # of JPEGs, unless EDITS names another


def _unchanged(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    return image


def _crop(share: float) -> Edit:
    """Return an edit that keeps this share of the area, at a random place, with the same
    proportions."""

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
    """Write a half transparent white text three times across the picture."""
    layer = Image.new("RGBA", image.size)
    pen = ImageDraw.Draw(layer)
    size = max(12, image.width // 8)
    for part in (1, 3, 5):
        corner = int(rng.integers(image.width // 3 + 1)), image.height * part // 6 - size // 2
        pen.text(corner, "sample.example", fill=(255, 255, 255, 140), font_size=size)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _mask(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Cover a quarter of the area with a grey rectangle."""
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
    """Rotate the hues by a twelfth of the circle, and reduce the saturation."""
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
    """Crop, shrink, darken, reduce the contrast, and add a text. EDITS adds a low JPEG quality."""
    cut = _resize(0.6)(_crop(0.6)(image, rng), rng)
    return ImageEnhance.Contrast(_light(0.8)(_watermark(cut, rng), rng)).enhance(0.8)


EDITS: dict[str, tuple[Edit, int]] = {
    **{f"jpeg-{quality}": (_unchanged, quality) for quality in (75, 30, 15, 10, 5, 3)},
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
"""Every edit, and the JPEG quality of its copies."""


def make_copies(photo: Path, seed: int) -> dict[str, bytes]:
    """Return a JPEG file of the photo for each edit."""
    image = Image.open(photo).convert("RGB")
    files = {}
    for number, (name, (edit, quality)) in enumerate(EDITS.items()):
        out = io.BytesIO()
        edit(image, np.random.default_rng([seed, number])).save(out, "JPEG", quality=quality)
        files[name] = out.getvalue()
    return files


ORIGINALS, GALLERY = 300, 600
"""Numbers of photos with copies, and of other photos in the gallery. All other photos become
queries without a copy."""

FITTED = {"original": 150, "copies": 150, "gallery": 300, "others": 300}
"""How many of each kind, from number 0 on, the weights of the matcher were fitted on. The quality
is measured on the rest."""

TWINS = 128, 221
"""Two originals that show one photo: the set has two files of it."""


@dataclass(frozen=True)
class Layout:
    """The roles of N images that `write_layout` wrote.

    kind : (N,), a key of FITTED. number : (N,), the number of the photo in its kind.
    edit : (N,), "" if the image is not a copy. source : (N,), the number of the original that the
    image is or is a copy of; -1 for others.
    """

    kind: NDArray[np.str_]
    number: NDArray[np.int64]
    edit: NDArray[np.str_]
    source: NDArray[np.int64]

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Whether the weights were fitted on each image : (N,) bool."""
        return self.number < np.array([FITTED[kind] for kind in self.kind.tolist()])


def parse_layout(paths: Sequence[str]) -> Layout:
    """Return the roles of images. paths : relative to the folder of `write_layout`."""
    parts = [path.removesuffix(".jpg").split("/") for path in paths]
    kind = np.array(["original" if part[-1] == "original" else part[0] for part in parts])
    number = np.array([int(part[1]) for part in parts])
    edit = np.where(kind == "copies", np.array([part[-1] for part in parts]), "")
    source = np.where(np.isin(kind, ["original", "copies"]), number, -1)
    source[source == TWINS[1]] = TWINS[0]
    return Layout(kind, number, edit, source)


def write_layout(photos: Path, folder: Path) -> None:
    """Write `copies/NUMBER/original.jpg` with its copies beside it, `gallery/` and `others/`."""
    paths = sorted(photos.rglob("*.jpg"))
    shuffled = [paths[i] for i in np.random.default_rng(0).permutation(len(paths)).tolist()]
    for number, photo in enumerate(shuffled[:ORIGINALS]):
        target = folder / "copies" / f"{number:04d}"
        target.mkdir(parents=True)
        shutil.copyfile(photo, target / "original.jpg")
        for name, data in make_copies(photo, number).items():
            (target / f"{name}.jpg").write_bytes(data)
    rest = shuffled[ORIGINALS:]
    for name, part in (("gallery", rest[:GALLERY]), ("others", rest[GALLERY:])):
        (folder / name).mkdir()
        for number, photo in enumerate(part):
            shutil.copyfile(photo, folder / name / f"{number:04d}.jpg")


if __name__ == "__main__":
    write_layout(Path(sys.argv[1]), Path(sys.argv[2]))
