"""Measure the ranges of the default network's values, for its form with 8-bit integers.

    python tools/measure_default_network.py ROOT

Writes the ranges beside the card `efficientnet-lite0-int8`, and the SHA-256 into this card. ROOT is
a folder with the photos that `KINDS` names. Most are in Debian 12's packages mate-backgrounds
1.26.0-1, kphotoalbum 5.9.1-1, opencv-doc 4.6.0+dfsg-12, tuxpaint-stamps-default 2022.06.04-1,
openclipart-png 1:0.18+dfsg-19 and gimp-help-en 2.10.34-2: for each of them, run `apt-get download
NAME` and `dpkg -x NAME*.deb ROOT`. `ROOT/clothing` has the 1,500 photos of
alexeygrigorev/clothing-dataset (CC0) that the project's benchmarks use, in a folder for each class.
PHOTOS of each kind are taken, at equal steps through the ordered list. No photo comes into the
project, only numbers.

The range of a value covers its numbers in all photos, without a ten-thousandth of the numbers of
each photo at each end.
"""

import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from sokkuri.core.types import Limits
from sokkuri.images.decode import decode
from sokkuri.models import resolve_model, weights_place
from sokkuri.models.build import build_network
from sokkuri.models.builtin import CARDS, FLOATS
from sokkuri.models.card import read_card
from sokkuri.models.efficientnet_lite import build
from sokkuri.models.int8 import ranged_values
from sokkuri.models.torch_checkpoint import read_checkpoint

NAME = "efficientnet-lite0-int8"
PHOTOS = 60
"""Photos of each kind."""

LEFT_OUT = 1e-4
"""The share of a photo's numbers at each end that a range leaves out."""

_CLIPART = "usr/share/openclipart/png"
_STAMPS = "usr/share/tuxpaint/stamps"
_HELP = "usr/share/gimp/2.0/help/en/images"
_OPENCV = "usr/share/doc/opencv-doc/examples/data"
KINDS = {
    "photos": (
        "usr/share/backgrounds/mate/nature/*.jpg",
        "usr/share/kphotoalbum/demo/*.jpg",
        *(
            f"{_OPENCV}/{name}"
            for name in (
                "aero1.jpg", "aloeL.jpg", "apple.jpg", "baboon.jpg", "basketball1.png", "board.jpg",
                "box_in_scene.png", "building.jpg", "butterfly.jpg", "cards.png", "chicky_512.png",
                "ela_original.jpg", "fruits.jpg", "graf1.png", "home.jpg", "left01.jpg",
                "leuvenA.jpg", "licenseplate_motion.jpg", "messi5.jpg", "orange.jpg",
                "rubberwhale1.png", "smarties.png", "squirrel_cls.jpg", "stuff.jpg", "sudoku.png",
            )
        ),
    ),
    "things": tuple(
        f"{_STAMPS}/{name}/**/*.png"
        for name in (
            "clothes", "hobbies", "household", "medical", "seasonal", "sports", "town/houses",
            "town/monuments", "vehicles",
        )
    ),
    "drawings": tuple(
        f"{_CLIPART}/{name}/**/*.png"
        for name in ("buildings", "education", "electronics", "office", "plants", "transportation")
    ),
    "screenshots": tuple(f"{_HELP}/{name}/*.png" for name in ("dialogs", "using")),
    "garments": ("clothing/*/*.jpg",),
}  # fmt: skip


def photos_of(root: Path, kind: str) -> list[Path]:
    """Return the photos of a kind, at equal steps. Exits if there are too few."""
    found = sorted({path for pattern in KINDS[kind] for path in root.glob(pattern)})
    if len(found) < PHOTOS:
        sys.exit(f"{root} has {len(found)} of the {kind}, not {PHOTOS}")
    return [found[number * len(found) // PHOTOS] for number in range(PHOTOS)]


def measure_ranges(pictures: NDArray[np.uint8]) -> dict[str, tuple[float, float]]:
    """Return the range of each value by its name. pictures : (N, 224, 224, 3) uint8."""
    card = resolve_model(FLOATS).card
    network = build(read_checkpoint(Path(weights_place(card))))
    names = ranged_values(network.graph)
    del network.graph.output[:]
    network.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(network.SerializeToString())
    ranges = dict.fromkeys(names, (0.0, 0.0))
    for picture in pictures:
        values = ((picture.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        for name, value in zip(names, session.run(names, {"images": values}), strict=True):
            low, high = np.quantile(value, (LEFT_OUT, 1 - LEFT_OUT))
            ranges[name] = min(ranges[name][0], float(low)), max(ranges[name][1], float(high))
    return ranges


def main() -> None:
    root = Path(sys.argv[1])
    spec, limits = resolve_model(FLOATS).card.pixels, Limits()
    photos = [path for kind in KINDS for path in photos_of(root, kind)]
    pictures = np.stack([decode(path.read_bytes(), spec, limits).rgb for path in photos])
    ranges = measure_ranges(pictures)
    lines = [f"{name} {low:.5g} {high:.5g}\n" for name, (low, high) in ranges.items()]
    (CARDS / f"{NAME}.ranges.txt").write_text("".join(lines))
    card = CARDS / f"{NAME}.toml"
    digest = hashlib.sha256(build_network(read_card(card))).hexdigest()
    card.write_text(re.sub('sha256 = ".*"', f'sha256 = "{digest}"', card.read_text()))


if __name__ == "__main__":
    main()
