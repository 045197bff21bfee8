"""Draw collections of one kind each, in which every picture exists once: cards, slides, stars.

    python -m benchmarks.kinds FOLDER [--count 12]

Writes a folder for each kind. `NNN.png` is a picture, `NNN-EDIT.png` or `.jpg` is a copy of it; all
else is different. Everything is drawn from a seed, so two runs write the same pictures.
"""

import argparse
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks import drawn_pages as pages
from benchmarks import drawn_pictures as pictures
from benchmarks import drawn_shots as shots
from benchmarks.drawing import PAPER, Draw, Rng, draw_scene, font, random_words

KINDS: dict[str, Draw] = {
    "photo-like": lambda rng, _number: draw_scene(rng),
    "white-icons": pictures.make_icon_drawer((255, 255, 255)),
    "black-icons": pictures.make_icon_drawer((0, 0, 0)),
    "bottles": pictures.draw_bottle,
    "lens-cap": pictures.draw_lens_cap,
    "stars": pictures.draw_stars,
    "id-cards": pages.draw_id_card,
    "invoices": pages.draw_invoice,
    "products": pictures.draw_product,
    "calendars": pages.draw_calendar,
    "ct-slices": pictures.draw_ct_slice,
    "slides": pages.draw_slide,
    "pies": pages.draw_pies,
    "lines": pages.draw_lines,
    "bars": pages.draw_bars,
    "scatter": pages.draw_scatter,
    "qr-codes": pages.draw_qr_code,
    "bar-codes": pages.draw_bar_code,
    "tables": pages.draw_table,
    "desktops": pages.draw_desktop,
    "notes": pages.draw_note,
    "gradients": pictures.draw_gradient,
    "flat-colours": pictures.draw_flat_colour,
    "expressions": pictures.draw_expression,
    "video": pictures.draw_video,
    "text-pages": pages.draw_text_page,
    "chess": pictures.draw_chess,
    "sheet-music": pages.draw_sheet_music,
    "chats": pages.draw_chat,
    "viewer": pictures.draw_viewer,
    "memes": pictures.draw_meme,
    "signatures": pictures.draw_signature,
    "maps": pictures.draw_map,
    "one-number": pages.draw_one_number,
    "one-word": pages.draw_one_word,
    "one-spot": pictures.draw_one_spot,
    "street": shots.draw_street,
    "walker": shots.draw_walker,
    "counter": shots.draw_counter,
    "clock": shots.draw_clock,
    "x-ray": shots.draw_xray,
}
"""The kinds that are one still picture a file."""


@dataclass(frozen=True)
class Picture:
    """A file of a collection. name : `NNN.ext` for a picture, `NNN-EDIT.ext` for a copy of it."""

    name: str
    data: bytes


def _caption(image: Image.Image, rng: Rng) -> Image.Image:
    bar = max(24, image.height // 8)
    framed = Image.new("RGB", (image.width, image.height + bar), (0, 0, 0))
    framed.paste(image.convert("RGB"), (0, bar))
    pen = ImageDraw.Draw(framed)
    pen.text((10, bar // 5), random_words(rng, 3).upper(), fill=PAPER, font=font(bar * 0.5))
    return framed


def _cut(image: Image.Image, rng: Rng) -> Image.Image:
    """Crop to 92 % of the area."""
    width, height = (round(side * 0.96) for side in image.size)
    x, y = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((x, y, x + width, y + height))


def _half(image: Image.Image, _rng: Rng) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


COPIES: dict[str, tuple[Callable[[Image.Image, Rng], Image.Image], str, int]] = {
    "half": (_half, "png", 0),
    "j40": (lambda image, _rng: image.convert("RGB"), "jpg", 40),
    "crop": (_cut, "png", 0),
    "cap": (_caption, "png", 0),
}
"""The edits of the copies, with format and JPEG quality."""


def draw_kind(kind: str, count: int, copied: int) -> Iterator[Picture]:
    """Draw `count` pictures, and the copies of the first `copied` of them."""
    seed = zlib.crc32(kind.encode())
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        image = KINDS[kind](rng, number)
        yield Picture(f"{number:03d}.png", _encode(image, "png", 0))
        if number < copied:
            for edit, (make, extension, quality) in COPIES.items():
                data = _encode(make(image, rng), extension, quality)
                yield Picture(f"{number:03d}-{edit}.{extension}", data)


def _encode(image: Image.Image, extension: str, quality: int) -> bytes:
    out = io.BytesIO()
    if extension == "jpg":
        image.convert("RGB").save(out, "JPEG", quality=quality)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def draw_moving(format_: str, count: int) -> Iterator[Picture]:
    """Draw animations or documents whose first frame or page is the same, and a still of it."""
    first = draw_scene(np.random.default_rng(3), 240, 180).convert("RGB")
    extension = {"GIF": "gif", "WEBP": "webp", "PNG": "png", "TIFF": "tif", "AVIF": "avif"}[format_]
    for number in range(count):
        rest = [
            draw_scene(np.random.default_rng([4, number, frame]), 240, 180) for frame in range(2)
        ]
        out = io.BytesIO()
        first.save(out, format_, save_all=True, append_images=rest)
        yield Picture(f"{number:03d}.{extension}", out.getvalue())
    yield Picture(f"{count:03d}.png", _encode(first, "png", 0))


MOVING = {
    "animations-gif": "GIF", "animations-webp": "WEBP", "animations-png": "PNG",
    "documents-tiff": "TIFF", "animations-avif": "AVIF",
}  # fmt: skip
"""The kinds with several frames or pages a file."""


def write_kinds(folder: Path, kinds: Sequence[str], count: int, copied: int) -> None:
    """Write a folder for each kind."""
    for kind in kinds:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        drawn = (
            draw_moving(MOVING[kind], count) if kind in MOVING else draw_kind(kind, count, copied)
        )
        for picture in drawn:
            (folder / kind / picture.name).write_bytes(picture.data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--copied", type=int, default=2)
    parser.add_argument("--kind", action="append")
    options = parser.parse_args()
    kinds = options.kind or [*KINDS, *MOVING]
    write_kinds(options.folder, kinds, options.count, options.copied)


if __name__ == "__main__":
    main()
