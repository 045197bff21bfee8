"""Tell copies in other colours from pictures in which one thing has another colour.

Takes two aligned photos. Returns the share of the area whose colours differ in another way than the
rest, or both photos in the same colours. Grey, toned and enhanced copies change all colours alike:
one linear map explains them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.content import block_means
from sokkuri.curation.duplicates.matching.keypoints import opencv

_BORDER = 9  # pixels at the edge of the overlap that do not count
_LEVELS = 20.0  # from this difference on, the map does not explain a block
_FITTED, _FITS = 0.6, 4  # share of the blocks to which the map is fitted, and how often
_RIDGE = 0.25  # squared levels for each block
_FEWEST = 20  # blocks

Colours = NDArray[np.float64]
Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def share_recoloured(a: Rgb, b: Rgb, inside: Mask) -> float:
    """Return the share of the blocks whose colours differ in another way than those of most blocks.

    a, b : (H, W, 3) uint8. inside : (H, W) bool, where both are. The map goes in the direction that
    explains more, because a grey copy cannot explain colours. Needs OpenCV.
    """
    blocks = _block_colours(a, b, inside)
    if blocks is None:
        return 0.0
    fits = _fit_map(*blocks), _fit_map(*blocks[::-1])
    return min(float((fit.rest > _LEVELS).mean()) for fit in fits)


def equal_colours(a: Rgb, b: Rgb, inside: Mask) -> tuple[Rgb, Rgb]:
    """Return both photos, one of them in the colours of the other one : (H, W, 3) uint8 each.

    Arguments: see share_recoloured. One linear map changes all colours, so that a thing in another
    colour still differs. Needs OpenCV.
    """
    blocks = _block_colours(a, b, inside)
    if blocks is None:
        return a, b
    there, back = _fit_map(*blocks), _fit_map(*blocks[::-1])
    if float(there.rest.mean()) <= float(back.rest.mean()):
        return there.apply(a), b
    return a, back.apply(b)


@dataclass(frozen=True, slots=True, eq=False)
class _ColourMap:
    """A linear map of colours.

    weights : (4, 3). rest : (N,), the levels that it leaves in each block.
    """

    weights: Colours
    rest: Colours

    def apply(self, rgb: Rgb) -> Rgb:
        """Return the picture in other colours."""
        matrix = np.ascontiguousarray(self.weights.T, np.float32)
        mapped = opencv().transform(rgb.astype(np.float32), matrix)
        return np.asarray(np.clip(np.rint(mapped), 0, 255).astype(np.uint8))


def _block_colours(a: Rgb, b: Rgb, inside: Mask) -> tuple[Colours, Colours] | None:
    """Return the mean colours of the blocks that count : (N, 3) each; None if there are few."""
    kernel = np.ones((_BORDER, _BORDER), np.uint8)
    whole = block_means(opencv().erode(inside.astype(np.uint8), kernel).astype(np.float32)) > 0.99
    if np.count_nonzero(whole) < _FEWEST:
        return None
    first, second = (
        np.column_stack([
            block_means(np.ascontiguousarray(rgb[..., channel], np.float32))[whole]
            for channel in range(3)
        ]).astype(np.float64)
        for rgb in (a, b)
    )  # fmt: skip
    return first, second


def _fit_map(source: Colours, target: Colours) -> _ColourMap:
    """Return the map that brings the colours of most blocks nearest to others : (N, 3) each."""
    design = np.column_stack([source, np.ones(len(source))])
    prior = np.diag([_RIDGE * len(source)] * 3 + [0.0])
    chosen = np.ones(len(source), bool)
    rest, weights = np.zeros(len(source)), np.eye(4, 3)
    for _ in range(_FITS):
        used = design[chosen]
        gram = np.einsum("ij,ik->jk", used, used) + prior  # `@` would start threads of the BLAS
        moments = np.einsum("ij,ik->jk", used, target[chosen]) + prior[:, :3]
        weights, *_others = np.linalg.lstsq(gram, moments, rcond=None)
        rest = np.abs(target - np.einsum("ij,jk->ik", design, weights)).max(1)
        chosen = rest <= np.quantile(rest, _FITTED)
    return _ColourMap(weights, rest)
