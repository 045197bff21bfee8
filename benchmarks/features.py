"""Make any number of feature vectors for the search benchmarks: real ones, and mixtures of them.

    python -m benchmarks.features REAL.npy

`real_vectors` extracts nine views of each photo: the whole photo and eight random parts.
`mixtures` makes more. A mixture is a real vector mixed with up to half of three others, like the
vector of an image that shows a little of each, and noise of a few per cent. Gaussian vectors would
be no realistic test: all their distances are about equal.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.harness import SHARED
from sokkuri.core.types import Features
from sokkuri.models import resolve_model
from sokkuri.models.extractor import Extractor

VIEWS, CHUNK = 9, 10_000


def real_vectors() -> Features:
    """Return vectors of the default network : (9 x photos, 1280) float32, the same each time."""
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))
    if not photos:
        raise SystemExit(f"there are no photos in {SHARED / 'clothing'}")
    extractor = Extractor(resolve_model())

    def views(number: int) -> Features:
        with Image.open(photos[number]) as image:
            pictures = [_resize(part) for part in _views(image.convert("RGB"), number)]
        return np.concatenate([extractor.extract(picture[None]) for picture in pictures])

    with ThreadPoolExecutor() as pool:
        return np.concatenate(list(pool.map(views, range(len(photos)))))


def mixtures(real: Features, rows: int, seed: int = 0) -> Iterator[Features]:
    """Yield `rows` vectors in chunks of up to 10,000, the same for the same seed."""
    rng = np.random.default_rng(seed)
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        chosen = rng.integers(0, len(real), (count, 4))
        weights = np.empty((count, 4), np.float32)
        others = rng.random(count) / 2
        weights[:, 0] = 1 - others
        weights[:, 1:] = rng.dirichlet((1.0, 1.0, 1.0), count) * others[:, None]
        mixed = np.einsum("ij,ijk->ik", weights, real[chosen])
        mixed *= np.exp(0.05 * rng.standard_normal(mixed.shape, np.float32))
        yield mixed


def _views(image: Image.Image, number: int) -> Iterator[Image.Image]:
    rng = np.random.default_rng(number)
    yield image
    for _ in range(VIEWS - 1):
        share = rng.uniform(0.35, 0.9)
        width, height = int(image.width * share), int(image.height * share)
        x = int(rng.integers(0, image.width - width + 1))
        y = int(rng.integers(0, image.height - height + 1))
        part = image.crop((x, y, x + width, y + height))
        yield part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part


def _resize(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    np.save(Path(sys.argv[1]), real_vectors())
