"""Quantize a model with photos, and say how near its vectors are to the float ones, and how fast.

Takes a model and a folder of photos. Writes the network of integers; returns a QuantizeReport.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ImageError, UsageError
from sokkuri.core.types import Limits, Progress
from sokkuri.images.decode import decode
from sokkuri.images.read import read_file
from sokkuri.images.scan import list_images
from sokkuri.models import Model
from sokkuri.models.extractor import Extractor

LEAST_PHOTOS = 20
"""With fewer photos, ranges and comparisons are not reliable."""

_RANGED = 100  # photos whose values give the ranges
_COMPARED = 300  # photos whose vectors are compared
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class QuantizeReport:
    """The comparison of a quantized model with the float one, on the same photos.

    way : static or dynamic. photos : how many were compared. failed : how many could not be read.
    speed : CPU time of the float network divided by that of the integer one. cosine : the mean of
    the cosines between the two vectors of a photo. recall : the share of the ten nearest photos
    that are the same with both. map_float, map_integer : mean average precision if the folders of
    the photos are classes, None if all photos are in one folder.
    """

    way: str
    photos: int
    failed: int
    speed: float
    cosine: float
    recall: float
    map_float: float | None
    map_integer: float | None


@dataclass(frozen=True, slots=True)
class _Photos:
    """Photos that could be read. classes : (N,), the number of each photo's folder."""

    rgb: NDArray[np.uint8]
    classes: NDArray[np.int64]
    failed: int


def quantize_model(
    model: Model, photos: Path, target: Path, limits: Limits | None = None
) -> Generator[Progress[QuantizeReport]]:
    """Write the network with integers to `target`; yield progress, with the report at the end.

    The ranges come from up to 100 photos at equal steps, and the comparison from up to 300. Raises
    UsageError for fewer than LEAST_PHOTOS photos, ModelError, ExtractError.
    """
    from sokkuri.models.onnx_quantize import choose_way, write_quantized

    way = choose_way(model.path)
    read = yield from _read_photos(model, photos, limits or Limits())
    extractor = Extractor(model)
    yield Progress("quantizing", 0, 0)
    inputs = (
        values
        for rgb in (read.rgb[number] for number in _steps(len(read.rgb), _RANGED))
        for values in extractor.network_inputs(rgb[None])
    )
    write_quantized(model.path, target, way, model.card.input, inputs)
    integers = Extractor(replace(model, path=target, ready=True))
    vectors = np.empty((2, len(read.rgb), model.card.dimension), np.float64)
    seconds = np.empty((2, len(read.rgb)))
    for number, rgb in enumerate(read.rgb):
        yield Progress("comparing", number, len(read.rgb))
        for form, one in enumerate((extractor, integers)):
            started = time.thread_time()
            vectors[form, number] = one.extract(rgb[None])[0]
            seconds[form, number] = time.thread_time() - started
    report = _report(way, read, vectors, np.median(seconds, axis=1))
    yield Progress("done", len(read.rgb), len(read.rgb), result=report)


def _read_photos(
    model: Model, folder: Path, limits: Limits
) -> Generator[Progress[QuantizeReport], None, _Photos]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    paths = sorted(folder / image.path for image in list_images(folder))
    paths = [paths[number] for number in _steps(len(paths), _COMPARED)]
    pictures, parents, failed = [], [], 0
    for number, path in enumerate(paths):
        yield Progress("reading", number, len(paths))
        try:
            data, _ = read_file(path, limits)
            pictures.append(decode(data, model.card.pixels, limits).rgb)
        except (ImageError, FileNotFoundError):
            failed += 1
        else:
            parents.append(str(path.parent))
    if len(pictures) < LEAST_PHOTOS:
        raise UsageError(
            f"{folder} has {len(pictures):,} photos that can be read: take {LEAST_PHOTOS} or more, "
            "of many kinds"
        )
    return _Photos(np.stack(pictures), np.unique(parents, return_inverse=True)[1], failed)


def _steps(count: int, most: int) -> Iterator[int]:
    """Yield up to `most` numbers below `count`, at equal steps."""
    return (number * count // min(count, most) for number in range(min(count, most)))


def _report(
    way: str, read: _Photos, vectors: NDArray[np.float64], seconds: NDArray[np.float64]
) -> QuantizeReport:
    """Compare the vectors. vectors : (2, N, D), of the float network and of the quantized one.
    seconds : (2,), for a photo with each."""
    lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
    units = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    cosines = units @ units.transpose(0, 2, 1)
    for own in cosines:
        np.fill_diagonal(own, -np.inf)
    order = np.argsort(-cosines, axis=2, kind="stable")[:, :, :-1]
    k = min(_NEAREST, order.shape[2])
    shared = [len({*a[:k]} & {*b[:k]}) / k for a, b in zip(*order.tolist(), strict=True)]
    has_classes = read.classes.max() > 0
    return QuantizeReport(
        way,
        len(read.rgb),
        read.failed,
        float(seconds[0] / max(seconds[1], 1e-9)),
        float(np.einsum("ij,ij->i", units[0], units[1]).mean()),
        float(np.mean(shared)),
        _mean_average_precision(order[0], read.classes) if has_classes else None,
        _mean_average_precision(order[1], read.classes) if has_classes else None,
    )


def _mean_average_precision(order: NDArray[np.int64], classes: NDArray[np.int64]) -> float | None:
    """Return mean average precision over the photos that have others of their class, None without
    such photos.

    order : (N, N - 1), the other photos, nearest first.
    """
    averages = []
    for own, others in zip(classes, order, strict=True):
        ranks = np.flatnonzero(classes[others] == own) + 1
        if len(ranks):
            averages.append((np.arange(1, len(ranks) + 1) / ranks).mean())
    return float(np.mean(averages)) if averages else None
