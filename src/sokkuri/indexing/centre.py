"""Compute the mean vector of photos, for a model that subtracts it.

Takes a model and a folder; returns the mean of the vectors of all photos below the folder, each
with the same weight. Photos that cannot be read are left out and counted.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.cores import available_cores
from sokkuri.core.errors import ImageError, UsageError
from sokkuri.core.types import Limits, Progress
from sokkuri.images.decode import decode
from sokkuri.images.read import read_file
from sokkuri.images.scan import list_images
from sokkuri.models import Model
from sokkuri.models.extractor import Extractor

LEAST_PHOTOS = 100
"""The mean of fewer photos says more about them than about the network."""

_AT_ONCE = 64  # photos whose vectors are in memory


@dataclass(frozen=True, slots=True)
class Centre:
    """The mean vector of photos : (D,), with seven digits. photos : how many count. failed : how
    many could not be read."""

    vector: tuple[float, ...]
    photos: int
    failed: int


def mean_vector(
    model: Model, photos: Path, limits: Limits | None = None
) -> Generator[Progress[Centre]]:
    """Compute the mean vector of all photos below a folder; yield progress.

    Raises UsageError for a model with a centre or with words, and for fewer than LEAST_PHOTOS
    photos, ModelError, ExtractError.
    """
    if model.card.centre:
        raise UsageError(f"{model.card.name} has a centre already")
    if model.card.text is not None:
        raise UsageError(
            f"{model.card.name} knows words, which are not compared with centred pictures"
        )
    if not photos.is_dir():
        raise UsageError(f"{photos} is not a folder")
    paths = sorted(photos / image.path for image in list_images(photos))
    extract = partial(_extract, Extractor(model), model, limits or Limits())
    total, counted = np.zeros(model.card.dimension), 0
    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(paths), _AT_ONCE):
            yield Progress("averaging", start, len(paths))
            for vector in pool.map(extract, paths[start : start + _AT_ONCE]):
                if vector is not None:
                    total += vector
                    counted += 1
    if counted < LEAST_PHOTOS:
        raise UsageError(
            f"{photos} has {counted:,} photos that can be read: take {LEAST_PHOTOS} or more, of "
            "many kinds"
        )
    centre = tuple(float(f"{number:.7g}") for number in (total / counted).tolist())
    result = Centre(centre, counted, len(paths) - counted)
    yield Progress("done", len(paths), len(paths), result=result)


def _extract(
    extractor: Extractor, model: Model, limits: Limits, path: Path
) -> NDArray[np.float32] | None:
    """Return the vector of a photo : (D,), None if it cannot be read."""
    try:
        data, _ = read_file(path, limits)
        pixels = decode(data, model.card.pixels, limits)
    except (ImageError, FileNotFoundError):
        return None
    vector: NDArray[np.float32] = extractor.extract(pixels.rgb[None])[0]
    return vector
