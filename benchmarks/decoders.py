"""Measure the cost of decoding a JPEG: `python -m benchmarks.decoders [FOLDER]`.

Compares Pillow at full size, Pillow's draft mode (which sokkuri uses) and simplejpeg, if it is
installed: time per image, and similarity of the vectors to those of the full decode. Reads photos
in FOLDER, by default `../shared/data/clothing`. Writes to a temporary folder only.
"""

import argparse
import importlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from benchmarks.harness import SHARED, describe_machine
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode
from sokkuri.models import resolve_model
from sokkuri.models.extractor import Extractor

RGB: TypeAlias = NDArray[np.uint8]
Decoder: TypeAlias = Callable[[bytes], RGB]
SIZES = ((500, 375), (800, 1400))
PHOTOS = SHARED / "clothing"


def write_jpegs(photos: list[Path], size: tuple[int, int], folder: Path) -> list[bytes]:
    """Return the photos resized to one size, as JPEGs of quality 90."""
    files = []
    for number, photo in enumerate(photos):
        file = folder / f"{size[0]}x{size[1]}-{number}.jpg"
        with Image.open(photo) as image:
            resized = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            resized.save(file, quality=90)
        files.append(file.read_bytes())
    return files


def decoders(spec: PixelSpec) -> dict[str, Decoder]:
    """Return the decoders by name. Each returns the pixels that the network expects."""
    limits = Limits()
    whole = replace(spec, draft=False)
    by_name: dict[str, Decoder] = {
        "Pillow, whole": lambda data: decode(data, whole, limits).rgb,
        "Pillow, draft (sokkuri's)": lambda data: decode(data, spec, limits).rgb,
    }
    try:
        simplejpeg: Any = importlib.import_module("simplejpeg")
    except ImportError:
        return by_name

    def by_simplejpeg(data: bytes) -> RGB:
        pixels = simplejpeg.decode_jpeg(data, min_height=spec.height, min_width=spec.width)
        size = (spec.width, spec.height)
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))

    by_name[f"simplejpeg {simplejpeg.__version__}"] = by_simplejpeg
    return by_name


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def cosines(vectors: NDArray[np.float32], expected: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(expected, axis=1)
    cosine: NDArray[np.float32] = (vectors * expected).sum(1) / norms
    return cosine


def measure(files: list[bytes], rounds: int, extractor: Extractor, spec: PixelSpec) -> None:
    """Print the table of one size. Each round runs all decoders, so noise affects all of them."""
    by_name = decoders(spec)
    times: dict[str, list[float]] = {name: [] for name in [*by_name, "the network"]}
    pixels = by_name["Pillow, whole"](files[0])[None]
    for turn in range(rounds + 1):
        for name, decoder in by_name.items():
            took = milliseconds(lambda decoder=decoder: [decoder(data) for data in files])  # type: ignore[misc]
            times[name].append(took / len(files))
        took = milliseconds(lambda: [extractor.extract(pixels) for _ in files])
        times["the network"].append(took / len(files))
        if turn == 0:  # the first round only warms up
            times = {name: [] for name in times}
    vectors = {
        name: np.concatenate([extractor.extract(decoder(data)[None]) for data in files])
        for name, decoder in by_name.items()
    }
    network = statistics.median(times.pop("the network"))
    print(
        f"{'':28}{'ms/image':>10}{'+ network':>11}{'images/s':>10}{'cosine, least':>15}{'mean':>9}"
    )
    for name, milliseconds_per_image in times.items():
        median = statistics.median(milliseconds_per_image)
        cosine = cosines(vectors[name], vectors["Pillow, whole"])
        print(
            f"{name:28}{median:10.2f}{median + network:11.2f}{1000 / (median + network):10.1f}"
            f"{cosine.min():15.5f}{cosine.mean():9.5f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=PHOTOS)
    parser.add_argument("-n", type=int, default=60, help="photos (60)")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (7)")
    options = parser.parse_args()
    photos = sorted(options.folder.rglob("*.jpg"))
    photos = photos[:: max(1, len(photos) // options.n)][: options.n]
    if not photos:
        print(f"no photos (*.jpg) below {options.folder}", file=sys.stderr)
        return 1
    model = resolve_model(None)
    extractor, spec = Extractor(model), model.card.pixels
    turbo = features.version_feature("libjpeg_turbo")
    print(
        f"Machine: {describe_machine()}, libjpeg-turbo {turbo}\n"
        f"N = {len(photos)} photos, median of {options.rounds} rounds, one thread, to "
        f"{spec.width} x {spec.height}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            files = write_jpegs(photos, size, Path(folder))
            print(f"\n{size[0]} x {size[1]}, {statistics.mean(map(len, files)) / 1000:.0f} kB each")
            measure(files, options.rounds, extractor, spec)
    return 0


if __name__ == "__main__":
    sys.exit(main())
