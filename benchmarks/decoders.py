"""What decoding a JPEG costs: `python -m benchmarks.decoders [FOLDER]`.

Compares Pillow decoding whole, Pillow decoding small (what sokkuri does) and simplejpeg, where it
is installed, by time per image and by how far the features are from those of the whole decode.
Reads photos in FOLDER, by default `../shared/data/clothing`; writes to a temporary folder only.
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

from benchmarks.harness import SHARED, machine
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode
from sokkuri.models import resolve_model
from sokkuri.models.extractor import Extractor

RGB: TypeAlias = NDArray[np.uint8]
Decoder: TypeAlias = Callable[[bytes], RGB]
SIZES = ((500, 375), (800, 1400))
PHOTOS = SHARED / "clothing"


def write_jpegs(photos: list[Path], size: tuple[int, int], folder: Path) -> list[bytes]:
    """The photos at one size, at quality 90, as a camera or a shop would store them."""
    files = []
    for number, photo in enumerate(photos):
        file = folder / f"{size[0]}x{size[1]}-{number}.jpg"
        with Image.open(photo) as image:
            resized = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            resized.save(file, quality=90)
        files.append(file.read_bytes())
    return files


def decoders(spec: PixelSpec) -> dict[str, Decoder]:
    limits = Limits()
    whole = replace(spec, draft=False)
    found: dict[str, Decoder] = {
        "Pillow, whole": lambda data: decode(data, whole, limits).rgb,
        "Pillow, small (ours)": lambda data: decode(data, spec, limits).rgb,
    }
    try:
        simplejpeg: Any = importlib.import_module("simplejpeg")
    except ImportError:
        return found

    def by_simplejpeg(data: bytes) -> RGB:
        pixels = simplejpeg.decode_jpeg(data, min_height=spec.height, min_width=spec.width)
        size = (spec.width, spec.height)
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))

    found[f"simplejpeg {simplejpeg.__version__}, small"] = by_simplejpeg
    return found


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def cosines(found: NDArray[np.float32], expected: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosine: NDArray[np.float32] = (found * expected).sum(1) / norms
    return cosine


def measure(files: list[bytes], rounds: int, extractor: Extractor, spec: PixelSpec) -> None:
    """Prints one size's table. The rounds of all decoders are interleaved: none has the machine's
    best minute to itself."""
    ways = decoders(spec)
    times: dict[str, list[float]] = {name: [] for name in [*ways, "the network"]}
    seen = ways["Pillow, whole"](files[0])[None]
    for turn in range(rounds + 1):
        for name, way in ways.items():
            took = milliseconds(lambda way=way: [way(data) for data in files])  # type: ignore[misc]
            times[name].append(took / len(files))
        took = milliseconds(lambda: [extractor.extract(seen) for _ in files])
        times["the network"].append(took / len(files))
        if turn == 0:  # warms up
            times = {name: [] for name in times}
    vectors = {
        name: np.concatenate([extractor.extract(way(data)[None]) for data in files])
        for name, way in ways.items()
    }
    network = statistics.median(times.pop("the network"))
    print(
        f"{'':28}{'ms/image':>10}{'+ network':>11}{'images/s':>10}{'cosine, least':>15}{'mean':>9}"
    )
    for name, taken in times.items():
        median = statistics.median(taken)
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
        f"Machine: {machine()}, libjpeg-turbo {turbo}\n"
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
