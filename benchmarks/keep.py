"""The image to keep: how often it is the original, beside one edited copy and beside all of them.

Takes photos of several sources and edits that people make: crops, saving again, other sizes, grey,
mirrored, framed, captioned, watermarked, a screenshot of a viewer, squashed. Prints the share of
groups whose image to keep is the original.
"""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xxhash
from PIL import Image, ImageDraw, ImageOps

from benchmarks.harness import SHARED, table
from sokkuri.core.types import PixelSpec
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.keep_evidence import ImageEvidence, weigh
from sokkuri.curation.duplicates.keep_rules import explain_choice, keep_order
from sokkuri.curation.types import DuplicateImage
from sokkuri.images.decode import read_size

PHOTOS = 35
_Rng = np.random.Generator
_Edit = Callable[[Image.Image, _Rng], Image.Image]


@dataclass(frozen=True)
class Saved:
    """An edit, and how its result is saved. quality : of a JPEG; 0 means PNG."""

    edit: _Edit
    quality: int


def photos() -> list[Path]:
    """Return originals of two kinds: garments, and the few other photos that are no copies."""
    garments = sorted((SHARED / "clothing").rglob("*.jpg"))
    chosen = np.random.default_rng(7).permutation(len(garments))[:PHOTOS].tolist()
    others = [
        SHARED / "copies/bridge-mods/aaa-orig.jpg", SHARED / "copies/dih/bridge-1-original.jpg",
        SHARED / "exif/Landscape_1.jpg", SHARED / "exif/Portrait_1.jpg",
        SHARED / "modes/original.jpg",
    ]  # fmt: skip
    return others + [garments[number] for number in chosen]


def _plain(image: Image.Image, _rng: _Rng) -> Image.Image:
    return image


def _crop(share: float) -> _Edit:
    def edit(image: Image.Image, rng: _Rng) -> Image.Image:
        width, height = (round(side * share**0.5) for side in image.size)
        x, y = int(rng.integers(image.width - width)), int(rng.integers(image.height - height))
        return image.crop((x, y, x + width, y + height))

    return edit


def _resize(x: float, y: float) -> _Edit:
    return lambda image, _rng: image.resize(
        (round(image.width * x), round(image.height * y)), Image.Resampling.LANCZOS
    )


def _square(image: Image.Image, _rng: _Rng) -> Image.Image:
    side = min(image.size)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def _grey(image: Image.Image, _rng: _Rng) -> Image.Image:
    return image.convert("L").convert("RGB")


def _frame(colour: str, share: float) -> _Edit:
    return lambda image, _rng: ImageOps.expand(image, round(max(image.size) * share), colour)


def _caption(image: Image.Image, _rng: _Rng) -> Image.Image:
    """Put a white bar with a text above the picture."""
    bar = image.height // 6
    sheet = Image.new("RGB", (image.width, image.height + bar), "white")
    sheet.paste(image, (0, bar))
    place = image.width // 20, bar // 4
    ImageDraw.Draw(sheet).text(place, "when nobody looks", "black", font_size=bar // 2)
    return sheet


def _watermark(image: Image.Image, rng: _Rng) -> Image.Image:
    """Write a half transparent text across the picture."""
    layer = Image.new("RGBA", image.size)
    size = max(12, image.width // 8)
    place = int(rng.integers(image.width // 4 + 1)), image.height // 2
    ImageDraw.Draw(layer).text(place, "sample.example", (255, 255, 255, 150), font_size=size)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _text(image: Image.Image, _rng: _Rng) -> Image.Image:
    """Write a text with an outline near the lower edge."""
    marked = image.copy()
    size = max(12, image.width // 12)
    ImageDraw.Draw(marked).text(
        (image.width // 20, image.height - 2 * size), "READ THIS TWICE", "white", font_size=size,
        stroke_width=max(1, size // 14), stroke_fill="black",
    )  # fmt: skip
    return marked


def _cover(image: Image.Image, rng: _Rng) -> Image.Image:
    """Cover a part with a grey rectangle."""
    width, height = image.width // 3, image.height // 4
    x, y = int(rng.integers(image.width - width)), int(rng.integers(image.height - height))
    covered = image.copy()
    covered.paste((120, 120, 120), (x, y, x + width, y + height))
    return covered


def _viewer(image: Image.Image, rng: _Rng) -> Image.Image:
    """Return the screenshot of a program that shows the picture on a screen of 1280 x 800."""
    screen = Image.new("RGB", (1280, 800), (38, 40, 44))
    pen = ImageDraw.Draw(screen)
    pen.rectangle((0, 0, 1280, 40), (60, 62, 68))
    for number in range(6):
        pen.ellipse((20 + 50 * number, 10, 40 + 50 * number, 30), (150, 150, 160))
    pen.text((500, 8), f"IMG_{rng.integers(9999):04d}.jpg", (220, 220, 220), font_size=18)
    shown = ImageOps.contain(image, (1200, 720))
    screen.paste(shown, ((1280 - shown.width) // 2, 50 + (730 - shown.height) // 2))
    return screen


def _turn(degrees: float) -> _Edit:
    return lambda image, _rng: image.rotate(
        degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)
    )


EDITS = {
    "crop to 80 %": Saved(_crop(0.8), 95),
    "crop to 40 %": Saved(_crop(0.4), 95),
    "saved at 98": Saved(_plain, 98),
    "saved at 60": Saved(_plain, 60),
    "saved as PNG": Saved(_plain, 0),
    "half the size": Saved(_resize(0.5, 0.5), 95),
    "1.5 times the size": Saved(_resize(1.5, 1.5), 95),
    "twice the size": Saved(_resize(2, 2), 90),
    "grey": Saved(_grey, 95),
    "mirrored": Saved(lambda image, _rng: ImageOps.mirror(image), 95),
    "white frame": Saved(_frame("white", 0.08), 95),
    "black frame": Saved(_frame("black", 0.3), 95),
    "caption": Saved(_caption, 95),
    "watermark": Saved(_watermark, 95),
    "text": Saved(_text, 95),
    "cover": Saved(_cover, 95),
    "screenshot of a viewer": Saved(_viewer, 0),
    "squashed to a square": Saved(_square, 95),
    "stretched to 1.3 times the width": Saved(_resize(1.3, 1), 95),
    "turned by 10 degrees": Saved(_turn(10), 95),
}


def make_edits(photo: Path, seed: int) -> dict[str, bytes]:
    """Return the file of each edit."""
    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    files = {}
    for number, (name, saved) in enumerate(EDITS.items()):
        out = io.BytesIO()
        edited = saved.edit(image, np.random.default_rng([seed, number]))
        if saved.quality:
            edited.save(out, "JPEG", quality=saved.quality)
        else:
            edited.save(out, "PNG", compress_level=1)
        files[name] = out.getvalue()
    return files


def judge(folder: Path, photo: Path, seed: int) -> dict[str, tuple[bool, bool]]:
    """Return, for each edit and for all together, whether the original is kept, and whether the
    group is marked to be looked at.

    All files have one age, and the original's id is the last, so neither speaks for it.
    """
    files = {"original": photo.read_bytes(), **make_edits(photo, seed)}
    images = {}
    for number, data in enumerate(files.values()):
        file = folder / f"{len(files) - number:02d}"
        file.write_bytes(data)
        size = read_size(data, PixelSpec(1, 1))
        images[xxhash.xxh3_128_digest(data)] = DuplicateImage(
            file.name, file.name, folder, *size, len(data), 0
        )
    first, *others = images
    with PairComparer(lambda content: images[content].file) as comparer:
        facts = dict(comparer.image_facts(images))
        near = [(first, other) for other in others] + [*pairwise(others)]
        pairs = {(a, b): of for a, b, of in comparer.pair_facts(near, facts)}
    groups = {name: [first, other] for name, other in zip([*files][1:], others, strict=True)}
    results = {}
    for name, group in (groups | {"all of them": [first, *others]}).items():
        linked = {pair: of for pair, of in pairs.items() if set(pair) <= set(group)}
        evidence = weigh({key: facts[key] for key in group}, linked)
        evidence_of = partial(_evidence_of, {images[key].id: evidence[key] for key in group})
        order = keep_order(evidence_of=evidence_of)
        ordered = sorted((images[key] for key in group), key=order)
        _, conflict = explain_choice(ordered, evidence_of=evidence_of)
        results[name] = ordered[0] is images[first], bool(conflict)
    return results


def _evidence_of(evidence: dict[str, ImageEvidence], image: DuplicateImage) -> ImageEvidence:
    return evidence[image.id]


def report() -> str:
    chosen = photos()
    kept: Counter[str] = Counter()
    looked: Counter[str] = Counter()
    for seed, photo in enumerate(chosen):
        with TemporaryDirectory() as folder:
            for name, (is_kept, is_marked) in judge(Path(folder), photo, seed).items():
                kept[name] += is_kept
                looked[name] += is_marked
    names = [*EDITS, "all of them"]
    rows = [[name, f"{kept[name] / len(chosen):.3f}", str(looked[name])] for name in names]
    share = sum(kept[name] for name in EDITS) / (len(EDITS) * len(chosen))
    marked = sum(looked[name] for name in EDITS)
    rows.append(["mean of the single edits", f"{share:.3f}", str(marked)])
    return f"{len(chosen)} photos\n\n" + table(["edit", "original kept", "to be looked at"], rows)
