"""From what was measured of two pictures to how sure it is that one is a copy of the other.

Takes Agreements and a Fit; hands on logits, by three logistic models: for pictures that lie one
upon the other as they are, for those that keypoints laid, and for what both say together. Their
weights were fitted by `benchmarks/fit_matching.py` on edited copies of 150 photos among lookalikes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.block_agreement import Agreement
from sokkuri.curation.duplicates.matching.keypoints import MOST, Fit

_MOST_BLOCKS = 48
_MANY = 40  # inliers beyond which more say no more

_FAR = 12.0  # logits beyond which more says no more

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


def joint(as_it_lies: float, as_laid: float | None, found: Fit | None, fewer: int) -> Measured:
    """What counts where both were tried : (14,). as_it_lies, as_laid : the logits of both; None
    where keypoints laid nothing. fewer : keypoints of the picture that has fewer."""
    first = float(np.clip(as_it_lies, -_FAR, _FAR))
    second = -_FAR if as_laid is None else float(np.clip(as_laid, -_FAR, _FAR))
    matched, inliers = (0, 0) if found is None else (found.matched, found.inliers)
    share, many = inliers / max(matched, 4), np.log1p(inliers)
    astray, rich = np.log1p(matched - inliers), fewer / MOST
    return np.array([
        first, second, max(first, second), many, share, astray, inliers / max(fewer, 10), rich,
        first * rich, first * many, share * many, second * share, astray * share,
        max(first - 8.0, 0.0),
    ])  # fmt: skip


STILL = Logistic((-0.7941, 9.877, -1.839, 3.222, 7.166, 0.5741, 11.51, 5.872, 1.503), -14.25)
MOVED = Logistic(
    (
        -1.394,
        -0.9276,
        2.749,
        2.9,
        5.211,
        -0.219,
        1.107,
        -0.7489,
        9.156,
        0.4065,
        0.5255,
        -2.891,
        11.98,
    ),
    -22.28,
)
JOINT = Logistic(
    (
        -0.01102,
        0.2696,
        0.343,
        0.03207,
        0.5413,
        -1.234,
        1.622,
        2.439,
        0.07689,
        0.007307,
        -0.02738,
        0.3982,
        -0.2478,
        1.201,
    ),
    0.2069,
)


def probability(logit: float) -> float:
    """0 to 1."""
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -500, 500))))
