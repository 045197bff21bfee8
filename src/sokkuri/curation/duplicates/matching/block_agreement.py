"""Measure how far two aligned images agree, block by block: it tells copies from lookalikes.

Takes two images of one size and returns an Agreement. A copy agrees in its details nearly
everywhere, however its colours were changed. A photo of another object in the same room disagrees
where that object is.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.fingerprint import luma

BLOCK = 8
_MIN_CONTRAST = 4.0  # levels of 255; a block with less has no details to compare
_NOISE = 25.0  # squared levels of a channel's mean: about what JPEG changes
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two images agree.

    whole : correlation of the brightness, -1 to 1. median, low : median and lower quartile of the
    blocks' correlations. agreeing, close : share of blocks whose correlation is above 0.5 and 0.85.
    colour : share of the blocks' mean colours that a linear map from one image to the other
    explains, in the better direction. blocks : number of blocks with contrast. difference : mean
    absolute difference, in levels of 255.
    """

    whole: float
    median: float
    low: float
    agreeing: float
    close: float
    colour: float
    blocks: int
    difference: float


def measure_agreement(
    a: NDArray[np.uint8], b: NDArray[np.uint8], inside: NDArray[np.bool_] | None = None
) -> Agreement:
    """Return how far `a` and `b` agree : both (H, W, 3) uint8. inside : (H, W), the pixels that
    count; all by default."""
    mask = np.ones(a.shape[:2], bool) if inside is None else inside
    if np.count_nonzero(mask) < BLOCK * BLOCK:
        return Agreement(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 255.0)
    first, second = luma(a), luma(b)
    whole_blocks = _blocks(mask).all((1, 2))
    correlations = _block_correlations(_blocks(first)[whole_blocks], _blocks(second)[whole_blocks])
    empty = len(correlations) == 0
    return Agreement(
        whole=_correlation(first[mask], second[mask]),
        median=0.0 if empty else float(np.median(correlations)),
        low=0.0 if empty else float(np.quantile(correlations, 0.25)),
        agreeing=0.0 if empty else float(np.mean(correlations > 0.5)),
        close=0.0 if empty else float(np.mean(correlations > 0.85)),
        colour=_colour_agreement(_mean_colours(a)[whole_blocks], _mean_colours(b)[whole_blocks]),
        blocks=len(correlations),
        difference=float(np.abs(a[mask].astype(np.int16) - b[mask]).mean()),
    )


def _correlation(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Return Pearson's correlation; 1 if both are flat, about 0 if one is."""
    x, y = x - x.mean(), y - y.mean()
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    flat = _MIN_CONTRAST / 4 * len(x) ** 0.5
    if np.linalg.norm(x) < flat and np.linalg.norm(y) < flat:
        return 1.0
    return float(x @ y) / max(lengths, 1e-6)


def _block_correlations(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the correlations of the blocks with contrast : (M, BLOCK, BLOCK) -> (K,)."""
    x = x - x.mean((1, 2), keepdims=True)
    y = y - y.mean((1, 2), keepdims=True)
    x_contrast, y_contrast = np.sqrt((x * x).mean((1, 2))), np.sqrt((y * y).mean((1, 2)))
    covariance = (x * y).mean((1, 2))
    detailed = np.maximum(x_contrast, y_contrast) > _MIN_CONTRAST
    scale = np.maximum(x_contrast * y_contrast, 1.0)
    correlations: NDArray[np.float32] = covariance[detailed] / scale[detailed]
    return correlations


def _colour_agreement(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Return the share of mean colours (M, 3) of one image that a linear map of the other
    explains."""
    return max(_explained_share(x, y), _explained_share(y, x)) if len(x) > 4 else 0.0


def _explained_share(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    x, y = x - x.mean(0), y - y.mean(0)
    gram = x.T @ x + _RIDGE * len(x) * _NOISE * np.eye(3, dtype=np.float32)
    residual = y - x @ np.linalg.solve(gram, x.T @ y)
    noise = len(x) * 3 * _NOISE
    return 1.0 - float((residual**2).sum()) / (float((y**2).sum()) + noise)


Scalar = TypeVar("Scalar", bound=np.generic)


def _blocks(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Cut (H, W) into (M, BLOCK, BLOCK), without the rest at the edges."""
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    cut = values[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return cut.transpose(0, 2, 1, 3).reshape(-1, BLOCK, BLOCK)


def _mean_colours(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the blocks' mean colours : (H, W, 3) -> (M, 3)."""
    rows, columns = rgb.shape[0] // BLOCK, rgb.shape[1] // BLOCK
    cut = rgb[: rows * BLOCK, : columns * BLOCK].astype(np.float32)
    means: NDArray[np.float32] = cut.reshape(rows, BLOCK, columns, BLOCK, 3).mean((1, 3))
    return means.reshape(-1, 3)
