"""The image to keep: how often `duplicates` keeps the original beside its edited copies.

Takes photos of several sources and edits that people make: crops, saving again, other sizes, grey,
mirrored, turned, framed, captioned, watermarked, a screenshot of a viewer, squashed. Writes the
originals and their copies by one edit into a folder, under names that tell nothing and with one
time stamp, indexes it, and looks which file each group keeps.

    python -m benchmarks keep
    python -m benchmarks.keep --garments 4 --drawn 2
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from benchmarks.harness import SHARED, table
from sokkuri.api import Collection
from sokkuri.curation.duplicates.find import find_duplicates
from sokkuri.curation.types import Group

GARMENTS, DRAWN = 12, 4
BESIDE_ALL = 4  # originals
_SEED = 2811
_ALL = "all of them"
_Rng = np.random.Generator
_Edit = Callable[[Image.Image, _Rng], Image.Image]


@dataclass(frozen=True)
class Saved:
    """An edit, and how its result is saved. quality : of a JPEG; 0 means PNG."""

    edit: _Edit
    quality: int


@dataclass
class Tally:
    """What happened to the groups of one edit.

    found : groups that hold the original and the copy. kept : those that keep the original. looked
    : those that are marked to be looked at. wrong : names of the originals that were not kept.
    """

    found: int = 0
    kept: int = 0
    looked: int = 0
    wrong: list[str] = field(default_factory=list)


def photos(garments: int, drawn: int) -> dict[str, bytes]:
    """Return originals of several kinds, by name: garments that no threshold were chosen on, other
    photos, some of them turned upright by their metadata, and drawn ones."""
    files = sorted((SHARED / "clothing").rglob("*.jpg"))
    used = set(np.random.default_rng(7).permutation(len(files))[:35].tolist())
    order = np.random.default_rng(_SEED).permutation(len(files)).tolist()
    chosen = [files[number] for number in order if number not in used][:garments]
    others = [
        SHARED / "copies/bridge-mods/aaa-orig.jpg", SHARED / "exif/Landscape_6.jpg",
        SHARED / "exif/Portrait_3.jpg",
    ]  # fmt: skip
    found = {str(file.relative_to(SHARED)): file.read_bytes() for file in others + chosen}
    return found | {f"drawn {number}": _draw_photo(number) for number in range(drawn)}


def _draw_photo(number: int) -> bytes:
    """Return a JPEG of shapes under noise of all scales, as photos have."""
    rng = np.random.default_rng([_SEED, number])
    width, height = (int(rng.integers(600, 1000)) for _ in range(2))
    image = Image.new("RGB", (width, height), tuple(rng.integers(60, 200, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        box = x, y, x + int(rng.integers(30, width // 2)), y + int(rng.integers(30, height // 2))
        draw = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        draw(box, tuple(rng.integers(0, 256, 3).tolist()))
    texture = np.zeros((height, width), np.float32)
    for step in (1, 2, 4, 8, 16, 32):
        noise = rng.normal(0, 4 * step**0.5, (height // step + 1, width // step + 1))
        part = Image.fromarray(noise.astype(np.float32))
        texture += np.asarray(part.resize((width, height), Image.Resampling.BICUBIC))
    pixels = np.asarray(image, np.float32) * 0.7 + 40 + texture[..., None]
    out = io.BytesIO()
    quality = int(rng.integers(70, 93))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=quality)
    return out.getvalue()


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


def _quarters(count: int) -> _Edit:
    return lambda image, _rng: image.rotate(90 * count, expand=True)


def _turned_and_halved(image: Image.Image, _rng: _Rng) -> Image.Image:
    return ImageOps.scale(image.rotate(90, expand=True), 0.5)


EDITS = {
    "crop to 80 %": Saved(_crop(0.8), 95),
    "crop to 40 %": Saved(_crop(0.4), 95),
    "saved at 98": Saved(_plain, 98),
    "saved at 88": Saved(_plain, 88),
    "saved at 60": Saved(_plain, 60),
    "saved as PNG": Saved(_plain, 0),
    "half the size": Saved(_resize(0.5, 0.5), 95),
    "1.5 times the size": Saved(_resize(1.5, 1.5), 95),
    "twice the size": Saved(_resize(2, 2), 90),
    "grey": Saved(_grey, 95),
    "mirrored": Saved(lambda image, _rng: ImageOps.mirror(image), 95),
    "upside down": Saved(_quarters(2), 95),
    "upside down, saved at 80": Saved(_quarters(2), 80),
    "quarter turn to the right": Saved(_quarters(3), 95),
    "quarter turn, saved at 80": Saved(_quarters(1), 80),
    "quarter turn, PNG": Saved(_quarters(1), 0),
    "quarter turn, half the size": Saved(_turned_and_halved, 90),
    "transposed": Saved(lambda image, _rng: image.transpose(Image.Transpose.TRANSPOSE), 95),
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


def make_edits(photo: bytes, seed: int, chosen: Iterable[str]) -> dict[str, tuple[str, bytes]]:
    """Return the ending and the file of each edit."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(photo))).convert("RGB")
    files = {}
    for number, (name, saved) in enumerate(EDITS.items()):
        if name not in chosen:
            continue
        out = io.BytesIO()
        edited = saved.edit(image, np.random.default_rng([seed, number]))
        if saved.quality:
            edited.save(out, "JPEG", quality=saved.quality)
        else:
            edited.save(out, "PNG", compress_level=1)
        files[name] = "jpg" if saved.quality else "png", out.getvalue()
    return files


def write_files(
    folder: Path, originals: list[bytes], copies: list[list[tuple[str, bytes]]]
) -> list[tuple[str, set[str]]]:
    """Write originals and copies under random names and with one time stamp.

    copies : of each original, the ending and the file. Return the ids of each original and of its
    copies.
    """
    rng = np.random.default_rng(_SEED)
    written = []
    for data, of in zip(originals, copies, strict=True):
        ids = []
        for ending, content in [("jpg", data), *of]:
            file = folder / f"{rng.bytes(6).hex()}.{ending}"
            file.write_bytes(content)
            os.utime(file, (1_700_000_000, 1_700_000_000))
            ids.append(file.name)
        written.append((ids[0], set(ids[1:])))
    return written


def judge(originals: dict[str, bytes], edits: Iterable[str]) -> Iterator[tuple[str, Tally]]:
    """Yield, for each edit, what is kept in a folder of all originals and their copies by it, and
    the same for a few originals beside all their copies."""
    copies = [make_edits(data, seed, edits) for seed, data in enumerate(originals.values())]
    for edit in copies[0]:
        yield edit, _judge_folder(originals, [[of[edit]] for of in copies])
    few = dict(islice(originals.items(), BESIDE_ALL))
    beside_all = [[*of.values()] for of in copies[: len(few)]]
    yield _ALL, _judge_folder(few, beside_all)


def _judge_folder(originals: dict[str, bytes], copies: list[list[tuple[str, bytes]]]) -> Tally:
    """Index a folder of originals and copies, find near-duplicates, and count what is kept."""
    with TemporaryDirectory() as folder:
        written = write_files(Path(folder), [*originals.values()], copies)
        with Collection.create(Path(folder)) as collection:
            for _ in collection.sync():
                pass
            *_, last = find_duplicates(collection)
    return _count(written, last.result or (), originals)


def _count(
    written: list[tuple[str, set[str]]], groups: tuple[Group, ...], names: dict[str, bytes]
) -> Tally:
    group_of = {id_: group for group in groups for id_ in group.ids}
    tally = Tally()
    for (original, copies), name in zip(written, names, strict=True):
        group = group_of.get(original)
        if group is None or not copies & set(group.ids):
            continue
        tally.found += 1
        tally.kept += group.keep == original
        tally.looked += bool(group.conflict)
        if group.keep != original:
            tally.wrong.append(f"{name} ({group.why}; {group.conflict or 'no conflict'})")
    return tally


def _row(name: str, *tallies: Tally) -> list[str]:
    found, kept, looked = (
        sum(getattr(tally, part) for tally in tallies) for part in ("found", "kept", "looked")
    )
    return [name, str(found), f"{kept / max(found, 1):.3f}", str(looked)]


def report(garments: int = GARMENTS, drawn: int = DRAWN, edits: Iterable[str] = EDITS) -> str:
    originals = photos(garments, drawn)
    tallies: dict[str, Tally] = {}
    for name, tally in judge(originals, edits):
        print(*_row(name, tally), *tally.wrong, sep="; ", file=sys.stderr, flush=True)
        tallies[name] = tally
    rows = [_row(name, tally) for name, tally in tallies.items()]
    rows.append(_row("the single edits", *(of for name, of in tallies.items() if name != _ALL)))
    head = ["edit", "groups found", "original kept", "to be looked at"]
    return f"{len(originals)} photos\n\n{table(head, rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--garments", type=int, default=GARMENTS)
    parser.add_argument("--drawn", type=int, default=DRAWN)
    parser.add_argument("--edit", action="append", choices=EDITS)
    options = parser.parse_args()
    print(report(options.garments, options.drawn, options.edit or EDITS))


if __name__ == "__main__":
    main()
