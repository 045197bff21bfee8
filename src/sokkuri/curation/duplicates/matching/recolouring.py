"""Tell copies in other colours from pictures in which one thing has another colour.

Takes two aligned photos and returns the share of the area whose colours differ in another way than
the rest. Grey, toned and enhanced copies change all colours alike: one linear map explains them.
"""

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


def share_recoloured(
    a: NDArray[np.uint8], b: NDArray[np.uint8], inside: NDArray[np.bool_]
) -> float:
    """Return the share of the blocks whose colours differ in another way than those of most blocks.

    a, b : (H, W, 3) uint8. inside : (H, W) bool, where both are. The map goes in the direction that
    explains more, because a grey copy cannot explain colours. Needs OpenCV.
    """
    kernel = np.ones((_BORDER, _BORDER), np.uint8)
    whole = block_means(opencv().erode(inside.astype(np.uint8), kernel).astype(np.float32)) > 0.99
    if np.count_nonzero(whole) < _FEWEST:
        return 0.0
    first, second = (
        np.column_stack([
            block_means(np.ascontiguousarray(rgb[..., channel], np.float32))[whole]
            for channel in range(3)
        ]).astype(np.float64)
        for rgb in (a, b)
    )  # fmt: skip
    return min(_share_unexplained(first, second), _share_unexplained(second, first))


def _share_unexplained(source: Colours, target: Colours) -> float:
    """Return the share of the blocks that the map of most blocks does not explain : (N, 3) each."""
    design = np.column_stack([source, np.ones(len(source))])
    prior = np.diag([_RIDGE * len(source)] * 3 + [0.0])
    chosen = np.ones(len(source), bool)
    rest = np.zeros(len(source))
    for _ in range(_FITS):
        used = design[chosen]
        gram = np.einsum("ij,ik->jk", used, used) + prior  # `@` would start threads of the BLAS
        moments = np.einsum("ij,ik->jk", used, target[chosen]) + prior[:, :3]
        weights, *_others = np.linalg.lstsq(gram, moments, rcond=None)
        rest = np.abs(target - np.einsum("ij,jk->ik", design, weights)).max(1)
        chosen = rest <= np.quantile(rest, _FITTED)
    return float((rest > _LEVELS).mean())
