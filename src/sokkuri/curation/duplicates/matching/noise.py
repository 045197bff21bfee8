"""Tell two shots of one scene from copies of one shot, by the noise of the camera.

Takes two aligned photos. A camera on a tripod takes the same background again and again, and a
person who walks into it looks like a sticker. The noise is new in every shot, and a copy keeps it:
after losses and resizing, the rest of the noise still agrees with that of the original.
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.block_agreement import BLOCK
from sokkuri.curation.duplicates.matching.fingerprint import luma
from sokkuri.curation.duplicates.matching.keypoints import opencv

_PLAINEST = 0.3  # share of the blocks
_LEAST_BLOCKS = 20
_DARKEST, _LIGHTEST = 4, 250  # levels; beyond them noise is cut off
_MOST_CUT = 0.02  # share of a block's pixels
Shots: TypeAlias = Literal["surely one", "one", "doubtful", "other", "misaligned", "unclear"]
"""Whether two photos are one shot, by their noise. `misaligned`: they are two shots, unless they
are misaligned by a part of a pixel. `doubtful`: they are one shot only if nothing larger differs.
`unclear`: one photo has hardly any noise left, or much less than the other."""

_ONE = 0.45  # share of the noise that must agree
_DOUBTFUL_NOISE, _DOUBTFUL = 0.7, 0.75  # levels, and share; other shots in half the size had 0.61
_LEAST_NOISE, _BALANCED = 0.3, 1.2  # levels and quotient of both noises of edits with few losses
_SURELY_ONE = 0.92  # share of the noise that agrees, with what the scene's texture adds
_HARDLY_DIFFERENT, _ENOUGH = 0.5, 0.75  # the same for weak noise: levels that differ, and share

_LIMITS: tuple[tuple[float, float, float, Shots], ...] = (
    (0.7, 1.2, 0.04, "other"),
    (0.65, 1.1, 0.11, "other"),
    (1.2, 1.1, _ONE, "misaligned"),
)
"""The least noise in levels, the most quotient of both noises, and the share of the noise that must
agree. JPEG files have false noise: copies of several qualities shared 0.12 and more of 0.65 levels,
and 0.5 and more of 1.2 levels, unless their noises differed. Other shots shared 0.43 at most."""


def compare_noise(a: NDArray[np.uint8], b: NDArray[np.uint8], inside: NDArray[np.bool_]) -> Shots:
    """Return whether the noise of two photos is the same : a, b (H, W, 3) uint8.

    inside : (H, W) bool, where both are. Needs OpenCV.
    """
    cv2 = opencv()
    one, other = luma(a), luma(b)
    inner = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    dark, light = np.minimum(one, other) < _DARKEST, np.maximum(one, other) > _LIGHTEST
    counts = (_block_means(inner) > 1 - 0.5 / BLOCK**2) & (_block_means(dark | light) < _MOST_CUT)
    if np.count_nonzero(counts) < _LEAST_BLOCKS:
        return "unclear"
    fine = [plane - cv2.GaussianBlur(plane, (0, 0), 1.0) for plane in (one, other)]
    powers = [_block_means(plane * plane)[counts] for plane in fine]
    shared = _block_means(fine[0] * fine[1])[counts]
    total = powers[0] + powers[1]
    plain = total <= np.quantile(total, _PLAINEST)
    least, most = sorted(float(power[plain].mean()) for power in powers)
    agreeing = float(shared[plain].mean())
    for noise, balance, share, shots in _LIMITS:
        if least >= noise**2 and most <= balance**2 * least and agreeing < share * least:
            return shots
    if least >= _LEAST_NOISE**2 and most <= _BALANCED**2 * least:
        difference = least + most - 2 * agreeing
        hardly = difference <= _HARDLY_DIFFERENT**2 and agreeing >= _ENOUGH * least
        if hardly or agreeing >= _SURELY_ONE * least:
            return "surely one"
    if least >= _DOUBTFUL_NOISE**2 and agreeing < _DOUBTFUL * least:
        return "doubtful"
    return "one" if agreeing >= _ONE * least else "unclear"


def _block_means(plane: NDArray[np.bool_] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of the blocks, without the rest at the edges : (rows, columns)."""
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    if not rows * columns:
        return np.empty((rows, columns), np.float32)
    cut = plane[: rows * BLOCK, : columns * BLOCK].astype(np.float32)
    means: NDArray[np.float32] = opencv().resize(
        cut, (columns, rows), interpolation=opencv().INTER_AREA
    )
    return means
