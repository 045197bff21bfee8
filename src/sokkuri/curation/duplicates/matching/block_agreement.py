"""Measure how far two aligned images agree, block by block: it tells copies from lookalikes.

Takes two images of one size and returns an Agreement. A copy agrees in its details nearly
everywhere, however its colours were changed. A photo of another object in the same room disagrees
where that object is.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.fingerprint import luma

BLOCK = 8
_MIN_CONTRAST = 4.0  # levels of 255; a block with less has no details to compare
_NOISE = 25.0  # squared levels of a channel's mean: about what JPEG changes
_RIDGE = 1e-3
_AGREEING = np.array([0.5, 0.85], np.float32)  # correlations of blocks that agree, and closely
_KEPT = 2048  # descriptions of whole images, 46 kB each


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
    if inside is None:
        if a.shape[0] * a.shape[1] < BLOCK * BLOCK:
            return _NOTHING_IN_COMMON
        first, second = (_describe_whole(rgb.tobytes(), *rgb.shape[:2]) for rgb in (a, b))
    else:
        if np.count_nonzero(inside) < BLOCK * BLOCK:
            return _NOTHING_IN_COMMON
        whole_blocks: NDArray[np.bool_] = np.asarray(_blocks(inside).all((1, 2)))
        first, second = (_describe(rgb, inside, whole_blocks) for rgb in (a, b))
    return _agreement(first, second)


def measure_mirrored(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Agreement:
    """Return how far `a` and the mirror image of `b` agree : both (H, W, 3) uint8.

    H and W are multiples of BLOCK. The mirror image needs no description of its own.
    """
    first, second = (_describe_whole(rgb.tobytes(), *rgb.shape[:2]) for rgb in (a, b))
    return _agreement(first, second.mirrored(b.shape[0] // BLOCK, b.shape[1] // BLOCK))


def _agreement(first: "_Described", second: "_Described") -> Agreement:
    correlations = np.sort(_block_correlations(first, second))
    count = len(correlations)
    upto_half, upto_close = correlations.searchsorted(_AGREEING, "right").tolist()
    return Agreement(
        whole=_correlation(first, second),
        median=sorted_median(correlations) if count else 0.0,
        low=sorted_quartile(correlations) if count else 0.0,
        agreeing=(count - upto_half) / count if count else 0.0,
        close=(count - upto_close) / count if count else 0.0,
        colour=_colour_agreement(first, second),
        blocks=count,
        difference=int(np.abs(first.levels.astype(np.int16) - second.levels).sum(dtype=np.int64))
        / first.levels.size,
    )


def block_agreement(
    a: NDArray[np.uint8], b: NDArray[np.uint8], inside: NDArray[np.bool_] | None = None
) -> float:
    """Return `median` and `agreeing` of `measure_agreement`, together: -1 to 2."""
    whole = slice(None) if inside is None else np.asarray(_blocks(inside).all((1, 2)))
    x, y = (_blocks(luma(rgb))[whole].reshape(-1, BLOCK * BLOCK) for rgb in (a, b))
    x, y = (blocks - blocks.mean(1, keepdims=True) for blocks in (x, y))
    powers = [np.einsum("ij,ij->i", blocks, blocks) / BLOCK**2 for blocks in (x, y)]
    detailed = np.maximum(*powers) > _MIN_CONTRAST**2
    if not detailed.any():
        return 0.0
    covariance = np.einsum("ij,ij->i", x[detailed], y[detailed]) / BLOCK**2
    contrasts = np.sqrt(powers[0][detailed] * powers[1][detailed])
    correlations = np.sort(covariance / np.maximum(contrasts, 1.0))
    agreeing = np.count_nonzero(correlations > 0.5) / len(correlations)
    return sorted_median(correlations) + agreeing


_NOTHING_IN_COMMON = Agreement(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 255.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Described:
    """What `measure_agreement` needs of one image.

    levels : (P, 3) uint8, the pixels that count. brightness : (P,), without its mean. length : of
    the brightness. blocks : (M, BLOCK * BLOCK), without their means. contrasts : (M,). colours :
    (M, 3), the blocks' mean colours without their mean. solver : (3, 3), for the fit of a linear
    map. power : sum of the squared colours.
    """

    levels: NDArray[np.uint8]
    brightness: NDArray[np.float32]
    length: np.float32
    blocks: NDArray[np.float32]
    contrasts: NDArray[np.float32]
    colours: NDArray[np.float32]
    solver: NDArray[np.float64]
    power: float

    def mirrored(self, rows: int, columns: int) -> "_Described":
        """Return what describes the mirror image. rows, columns : of blocks; all pixels count."""
        height, width = rows * BLOCK, columns * BLOCK
        blocks = self.blocks.reshape(rows, columns, BLOCK, BLOCK)[:, ::-1, :, ::-1]
        return replace(
            self,
            levels=_as_items(self.levels).reshape(height, width)[:, ::-1].reshape(-1)
            .view(np.uint8).reshape(-1, 3),
            brightness=self.brightness.reshape(height, width)[:, ::-1].reshape(-1),
            blocks=blocks.reshape(-1, BLOCK * BLOCK),
            contrasts=self.contrasts.reshape(rows, columns)[:, ::-1].reshape(-1),
            colours=self.colours.reshape(rows, columns, 3)[:, ::-1].reshape(-1, 3),
        )  # fmt: skip


@lru_cache(_KEPT)
def _describe_whole(pixels: bytes, height: int, width: int) -> _Described:
    """Describe an image of which all pixels count. Many comparisons of an image use it again."""
    return _describe(np.frombuffer(pixels, np.uint8).reshape(height, width, 3), None, None)


def _describe(
    rgb: NDArray[np.uint8], inside: NDArray[np.bool_] | None, whole_blocks: NDArray[np.bool_] | None
) -> _Described:
    """Describe an image. inside : the pixels that count. whole_blocks : (M,), the blocks."""
    light = luma(rgb)
    chosen = slice(None) if whole_blocks is None else whole_blocks
    blocks = np.ascontiguousarray(_blocks(light)[chosen]).reshape(-1, BLOCK * BLOCK)
    blocks = blocks - blocks.mean(1, keepdims=True)  # not in place: they may be a view of `light`
    pixels = rgb.reshape(-1, 3) if inside is None else _pixels(rgb, inside)
    brightness = light.reshape(-1) if inside is None else light[inside]
    brightness = brightness - brightness.mean()
    colours = np.ascontiguousarray(_mean_colours(rgb)[chosen])
    if len(colours):
        colours = colours - colours.mean(0)
    return _Described(
        pixels,
        brightness,
        np.float32(np.linalg.norm(brightness)),
        blocks,
        np.sqrt(np.einsum("ij,ij->i", blocks, blocks) / BLOCK**2),
        colours,
        _solver(colours),
        float((colours**2).sum()),
    )


def _pixels(rgb: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return `rgb[inside]` in a tenth of its time : (H, W, 3), (H, W) -> (P, 3)."""
    return _as_items(np.ascontiguousarray(rgb))[inside].view(np.uint8).reshape(-1, 3)


def _as_items(pixels: NDArray[np.uint8]) -> NDArray[np.void]:
    """Return pixels of which each is one item, for quick copies : (..., 3) -> (...)."""
    items: NDArray[np.void] = pixels.view(np.dtype((np.void, 3)))[..., 0]
    return items


def _solver(colours: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the inverse of the normal equations' matrix, with a ridge : (M, 3) -> (3, 3)."""
    gram = (colours.T @ colours).astype(np.float64) + _ridge(len(colours)) * np.eye(3)
    return np.asarray(np.linalg.inv(gram), np.float64) if len(colours) else gram


def _ridge(count: int) -> float:
    return _RIDGE * count * _NOISE


def _correlation(x: _Described, y: _Described) -> float:
    """Return Pearson's correlation; 1 if both are flat, about 0 if one is."""
    flat = _MIN_CONTRAST / 4 * len(x.brightness) ** 0.5
    if x.length < flat and y.length < flat:
        return 1.0
    return float(x.brightness @ y.brightness) / max(float(x.length * y.length), 1e-6)


def _block_correlations(x: _Described, y: _Described) -> NDArray[np.float32]:
    """Return the correlations of the blocks with contrast : (K,)."""
    covariance = np.einsum("ij,ij->i", x.blocks, y.blocks) / BLOCK**2
    detailed = np.maximum(x.contrasts, y.contrasts) > _MIN_CONTRAST
    scale = np.maximum(x.contrasts * y.contrasts, 1.0)
    correlations: NDArray[np.float32] = covariance[detailed] / scale[detailed]
    return correlations


def sorted_median(values: NDArray[np.float32]) -> float:
    """Return the median of rising values : (N,), N at least 1."""
    middle = len(values) // 2
    if len(values) % 2:
        return float(values[middle])
    return float((values[middle - 1] + values[middle]) / np.float32(2))


def sorted_quartile(values: NDArray[np.float32]) -> float:
    """Return the lower quartile of rising values, between two of them where it must : (N,)."""
    place = 0.25 * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    step, share = values[above] - values[below], np.float32(place - below)
    if share < 0.5:
        return float(values[below] + step * share)
    return float(values[above] - step * (1 - share))


def _colour_agreement(x: _Described, y: _Described) -> float:
    """Return the share of mean colours of one image that a linear map of the other explains."""
    if len(x.colours) <= 4:
        return 0.0
    products = (x.colours.T @ y.colours).astype(np.float64)
    return max(_explained_share(x, y, products), _explained_share(y, x, products.T))


def _explained_share(x: _Described, y: _Described, products: NDArray[np.float64]) -> float:
    """Return the share of `y`'s colours that `x` explains. products : sums over the blocks."""
    linear = x.solver @ products
    explained = float((linear * (products + _ridge(len(x.colours)) * linear)).sum())
    noise = len(x.colours) * 3 * _NOISE
    return 1.0 - (y.power - explained) / (y.power + noise)


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
    lines = cut.reshape(rows, BLOCK, -1).sum(1).reshape(rows, columns, BLOCK, 3)
    sums: NDArray[np.float32] = lines.sum(2).reshape(-1, 3)  # of whole numbers, so it is exact
    return sums / np.float32(BLOCK**2)
