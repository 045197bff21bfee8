"""From what was measured of two pictures to how sure it is that one is a copy of the other.

Takes Agreements and a Fit; hands on a logit, by two logistic models: for pictures that lie one upon
the other as they are, and for those that keypoints laid. Their weights were fitted by
`benchmarks/fit_matching.py` on edited copies of 100 photos among lookalikes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.matching.agreement import Agreement
from sokkuri.matching.keypoints import Fit

_MOST_BLOCKS = 48
_MANY = 40  # inliers beyond which more say no more

Measured = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logistic:
    """logit = weights . measured + bias."""

    weights: tuple[float, ...]
    bias: float

    def logit(self, measured: Measured) -> float:
        """Of one : (M,)."""
        return float(np.dot(self.weights, measured)) + self.bias

    def logits(self, measured: Measured) -> Measured:
        """Of many : (N, M) -> (N,)."""
        found: Measured = measured @ np.array(self.weights) + self.bias
        return found


def still(seen: Agreement) -> Measured:
    """What counts where nothing was moved : (9,)."""
    return np.array([
        seen.whole, seen.median, seen.low, seen.agreeing, seen.close, seen.colour,
        max(seen.whole - 0.9, 0.0), max(seen.close - 0.5, 0.0), seen.agreeing * seen.whole,
    ])  # fmt: skip


def moved(seen: Agreement, fit: Fit, inside: float) -> Measured:
    """What counts where one was laid upon the other : (13,). inside : share of the frame that both
    cover."""
    many = np.log1p(fit.inliers)
    return np.array([
        seen.whole, seen.median, seen.low, seen.agreeing, seen.close, seen.colour,
        many, min(fit.inliers, _MANY) / _MANY, fit.inliers / max(fit.matched, 4),
        seen.agreeing * many, seen.close * many, min(seen.blocks, _MOST_BLOCKS) / _MOST_BLOCKS,
        inside,
    ])  # fmt: skip


STILL = Logistic(
    (-0.4728, 7.672, 0.432, 1.96, 6.655, 1.418, 32.52, 9.707, 0.9719), -12.66
)  # fmt: skip
MOVED = Logistic(
    (
        -0.3612, -1.075, 2.286, 3.983, 5.157, -2.879, 0.7624, 0.6514, 8.884, 0.3516, 0.4033, 0.3634,
        7.36,
    ),
    -17.89,
)  # fmt: skip


def probability(logit: float) -> float:
    """0 to 1."""
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -500, 500))))
