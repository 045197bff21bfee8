"""How far two pictures agree that lie one upon the other: what tells a copy from a lookalike.

Takes two pictures of one size; hands on an Agreement. A copy agrees in its details nearly
everywhere, however its colours were changed; a photo of something else in the same room does not
where that something is.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.fingerprint import luma

BLOCK = 8
_CONTRAST = 4.0  # levels of 255: below, a block has nothing that could agree
_NOISE = 25.0  # squared levels, of a channel's mean: as much as JPEG changes
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Agreement:
    """whole : correlation of the brightness, -1 to 1. median, low : of the blocks' correlations,
    the median and the lower quarter. agreeing, close : share of blocks whose correlation is above
    0.5 and 0.85.
    colour : share of the blocks' mean colours that a linear map explains, the better way round.
    blocks : with contrast. difference : mean of the absolute differences, in levels."""

    whole: float
    median: float
    low: float
    agreeing: float
    close: float
    colour: float
    blocks: int
    difference: float


def agreement(
    a: NDArray[np.uint8], b: NDArray[np.uint8], inside: NDArray[np.bool_] | None = None
) -> Agreement:
    """a, b : (H, W, 3) uint8. inside : (H, W), what counts; all by default."""
    counted = np.ones(a.shape[:2], bool) if inside is None else inside
    if np.count_nonzero(counted) < BLOCK * BLOCK:
        return Agreement(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 255.0)
    first, second = luma(a), luma(b)
    full = _blocks(counted).all((1, 2))
    x, y = _blocks(first)[full], _blocks(second)[full]
    correlations = _block_correlations(x, y)
    few = len(correlations) == 0
    return Agreement(
        whole=_correlation(first[counted], second[counted]),
        median=0.0 if few else float(np.median(correlations)),
        low=0.0 if few else float(np.quantile(correlations, 0.25)),
        agreeing=0.0 if few else float(np.mean(correlations > 0.5)),
        close=0.0 if few else float(np.mean(correlations > 0.85)),
        colour=_colour(_means(a)[full], _means(b)[full]),
        blocks=len(correlations),
        difference=float(np.abs(a[counted].astype(np.int16) - b[counted]).mean()),
    )


def _correlation(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Pearson's; 1 for two flat ones, 0 for a flat one and another."""
    x, y = x - x.mean(), y - y.mean()
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    flat = _CONTRAST / 4 * len(x) ** 0.5
    if np.linalg.norm(x) < flat and np.linalg.norm(y) < flat:
        return 1.0
    return float(x @ y) / max(lengths, 1e-6)


def _block_correlations(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the blocks (M, BLOCK, BLOCK) in which either has contrast : (K,)."""
    x = x - x.mean((1, 2), keepdims=True)
    y = y - y.mean((1, 2), keepdims=True)
    own, other = np.sqrt((x * x).mean((1, 2))), np.sqrt((y * y).mean((1, 2)))
    shared = (x * y).mean((1, 2))
    seen = np.maximum(own, other) > _CONTRAST
    found: NDArray[np.float32] = shared[seen] / np.maximum(own * other, 1.0)[seen]
    return found


def _colour(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Mean colours (M, 3) of both: how much of one a linear map of the other explains."""
    return max(_explained(x, y), _explained(y, x)) if len(x) > 4 else 0.0


def _explained(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    x, y = x - x.mean(0), y - y.mean(0)
    gram = x.T @ x + _RIDGE * len(x) * _NOISE * np.eye(3, dtype=np.float32)
    left = y - x @ np.linalg.solve(gram, x.T @ y)
    noise = len(x) * 3 * _NOISE
    return 1.0 - float((left**2).sum()) / (float((y**2).sum()) + noise)


Scalar = TypeVar("Scalar", bound=np.generic)


def _blocks(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """(H, W) -> (M, BLOCK, BLOCK), what is left over at the edges left out."""
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    cut = values[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return cut.transpose(0, 2, 1, 3).reshape(-1, BLOCK, BLOCK)


def _means(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The blocks' mean colours : (M, 3)."""
    rows, columns = rgb.shape[0] // BLOCK, rgb.shape[1] // BLOCK
    cut = rgb[: rows * BLOCK, : columns * BLOCK].astype(np.float32)
    means: NDArray[np.float32] = cut.reshape(rows, BLOCK, columns, BLOCK, 3).mean((1, 3))
    return means.reshape(-1, 3)
