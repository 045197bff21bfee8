"""Do two pictures show the same one, edited or not? The pictures themselves decide.

Takes pictures; hands on a Match. Tries three ways in which one may lie upon the other: as they are,
mirrored, and as their keypoints say (with the extra `duplicates`), and weighs what comes of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sokkuri.curation.duplicates.matching.block_agreement import Agreement, agreement
from sokkuri.curation.duplicates.matching.fingerprint import SQUARE, Picture
from sokkuri.curation.duplicates.matching.keypoints import Fit, Keypoints, fitted, laid
from sokkuri.curation.duplicates.matching.scoring import (
    JOINT,
    MOVED,
    STILL,
    joint,
    moved,
    probability,
    still,
)
from sokkuri.curation.types import Grade

SURE = 0.7
"""Score from which two pictures are taken for copies."""

INLIERS = 3
"""Keypoints that must agree before one picture is laid upon the other."""

_CERTAIN = 10.0  # logit, of pictures as they lie, from which nothing else is tried
_CLOSELY, _ENOUGH = 0.95, 16  # blocks that agree so are as good
_ALONE = 4.0  # the same where nothing else can be
_HOPELESS = -6.0  # logit below which an alignment is not refined
_SAME_WHOLE, _SAME_LOW, _SAME_CLOSE, _SAME_LEVELS = 0.98, 0.9, 0.9, 8.0
_BLANK_LEVELS = 2.0
_SAME_SHAPE = 0.03  # relative difference of width to height
_SCENE = 12  # inliers that something in both pictures is the same

Points = Callable[[], Keypoints]
"""A picture's keypoints, found when they are asked for."""


@dataclass(frozen=True, slots=True)
class Match:
    """grade : None where they are no near-duplicates. score : 0 to 1, how sure a copy is."""

    grade: Grade | None
    score: float


def compare(a: Picture, b: Picture, points: tuple[Points, Points] | None) -> Match:
    """points : of both; None without OpenCV, which leaves crops and turned pictures unfound."""
    upright = agreement(a.square, b.square)
    if upright.blocks == 0:  # both are blank: nothing but their colours could differ
        same = upright.difference <= _BLANK_LEVELS and _shape(a, b) < _SAME_SHAPE
        return Match("same", 1.0) if same else Match(None, 0.0)
    lies, settled = _as_it_lies(upright)
    if not settled:
        mirrored = np.ascontiguousarray(b.square[:, ::-1])
        turned = _as_it_lies(agreement(a.square, mirrored))
        lies, settled = turned if turned[1] else (max(lies, turned[0]), False)
    inliers = 0
    if settled:
        score = probability(lies)
    elif points is None:
        score = probability(lies - _ALONE)
    else:
        mine, others = points[0](), points[1]()
        fit = fitted(mine, others)
        laid_logit = None if fit is None else _as_laid(a, b, fit)
        fewer = min(len(mine.places), len(others.places))
        score = probability(JOINT.logit(joint(lies, laid_logit, fit, fewer)))
        inliers = 0 if fit is None else fit.inliers
    if score >= SURE:
        return Match("same" if is_same(a, b, upright) else "edited", score)
    return Match("alike" if inliers >= _SCENE else None, score)


def _as_it_lies(seen: Agreement) -> tuple[float, bool]:
    """The logit, and whether it is beyond doubt: also where one picture is squashed, which is no
    similarity, so that keypoints would speak against it."""
    logit = STILL.logit(still(seen))
    closely = min(seen.close, seen.low) >= _CLOSELY and seen.blocks >= _ENOUGH
    return logit, logit >= _CERTAIN or closely


def is_same(a: Picture, b: Picture, upright: Agreement) -> bool:
    """Whether all that lies between them is size, encoding and tags."""
    return (
        _shape(a, b) < _SAME_SHAPE
        and upright.whole >= _SAME_WHOLE
        and upright.low >= _SAME_LOW
        and upright.close >= _SAME_CLOSE
        and upright.difference <= _SAME_LEVELS
    )


def _shape(a: Picture, b: Picture) -> float:
    """How far they are from one shape : the logarithm of the quotient of their aspect ratios."""
    return abs(math.log(a.width * b.height / (a.height * b.width)))


def _as_laid(a: Picture, b: Picture, fit: Fit) -> float | None:
    """The logit where keypoints lay them; None where they lay nothing."""
    if fit.inliers < INLIERS or (roughly := laid(a, b, fit, SQUARE)) is None:
        return None
    seen = agreement(roughly.over, roughly.under, roughly.inside)
    logit = MOVED.logit(moved(seen, fit, float(roughly.inside.mean())))
    if logit < _HOPELESS:
        return logit
    exactly = roughly.refined()
    seen = agreement(exactly.over, exactly.under, exactly.inside)
    return MOVED.logit(moved(seen, fit, float(exactly.inside.mean())))
