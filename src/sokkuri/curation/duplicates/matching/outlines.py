"""Tell whether the things that differ between two aligned photos lie upon one of them.

Takes two photos of one size and returns Outlines. A sticker, a cover and a pasted photo have a
sharp outline, which only the edited photo shows. If each photo shows another thing, each one shows
a part of the outline.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.content import gradient
from sokkuri.curation.duplicates.matching.fingerprint import luma
from sokkuri.curation.duplicates.matching.keypoints import opencv

_LEVELS, _USUAL = 10.0, 3.0  # least difference: in levels, and in usual differences
_LEAST_AREA, _LEAST_LENGTH = 40, 60  # pixels
_SHARPER, _SHARPER_LEVELS = 2.0, 3.0  # a sharper gradient is twice the other one, plus levels
_MOST_DIFFERENT = 0.4  # share of the overlap
_CLEAR = 0.2  # share of the outline at which the edges of the edited photo are sharper
_UNCLEAR = 0.2  # of that share, the most that the other photo may have
_SURELY_CLEAR, _SURELY_NOT = 0.85, 0.01  # the same shares, of a text on one photo; had 0.94 and 0
_MOST_COVERED = 0.6  # share of the overlap that a text and the space between its letters fill
_TWO_SIDED, _TWO_SIDED_SHARE = 0.1, 0.25
_PART = 0.1  # share of all outlines from which one thing counts
_FITTED, _FITS = 0.6, 4  # share of the pixels to which the contrast is fitted, and how often
_EVERY = 4

Rgb = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """The parts of two photos that differ.

    planes : the brightness of both, in the same contrast. inner : (H, W) bool, where both are.
    outlines : of the larger parts, each (N, 1, 2). filled : (H, W) uint8, 1 within them.
    """

    planes: tuple[Plane, Plane]
    inner: Mask
    outlines: list[NDArray[np.int32]]
    filled: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Outlines:
    """The outlines of the things that differ.

    length : of all outlines, in pixels. sharp : for each photo, the share at which its edges are
    clearly sharper. different : share of the overlap that lies within the outlines. one_photo :
    whether the same photo has the sharper edges around each larger thing. each_photo : whether each
    photo has clearly sharper edges around some larger thing.
    """

    length: int
    sharp: tuple[float, float]
    different: float
    one_photo: bool
    each_photo: bool = False

    @property
    def are_of_one(self) -> bool:
        """Whether all things that differ lie upon one photo."""
        less, more = sorted(self.sharp)
        clear = more >= _CLEAR and less <= _UNCLEAR * more
        return (
            clear
            and self.one_photo
            and self.length >= _LEAST_LENGTH
            and self.different <= _MOST_DIFFERENT
        )

    @property
    def are_surely_of_one(self) -> bool:
        """Whether nearly all outlines are sharp on one photo, and none is on the other one."""
        less, more = sorted(self.sharp)
        return (
            more >= _SURELY_CLEAR
            and less <= _SURELY_NOT
            and self.length >= _LEAST_LENGTH
            and self.different <= _MOST_COVERED
        )

    @property
    def are_of_both(self) -> bool:
        """Whether each photo shows a thing that the other one lacks."""
        less, more = sorted(self.sharp)
        two_sided = less >= max(_TWO_SIDED, _TWO_SIDED_SHARE * more)
        return self.length >= _LEAST_LENGTH and (two_sided or self.each_photo)


def measure_outlines(a: Rgb, b: Rgb, inside: Mask) -> Outlines:
    """Return the outlines of the things that differ.

    a, b : (H, W, 3) uint8. inside : (H, W) bool, where both are. Needs OpenCV.
    """
    cv2 = opencv()
    found = find_differences(a, b, inside, _LEVELS)
    if not found.outlines:
        return Outlines(0, (0.0, 0.0), 0.0, False)
    inner, outlines = found.inner, found.outlines
    counts = _shrink(inner, 5)
    steep = [cv2.dilate(gradient(plane)[2], np.ones((5, 5))) for plane in found.planes]
    sharper = [
        x > _SHARPER * y + _SHARPER_LEVELS for x, y in ((steep[0], steep[1]), (steep[1], steep[0]))
    ]
    lengths, sharp = [], []
    for line in outlines:
        x, y = line[:, 0].T
        within = counts[y, x]
        lengths.append(int(np.count_nonzero(within)))
        sharp.append([int(np.count_nonzero(of[y, x] & within)) for of in sharper])
    length = sum(lengths)
    first, second = (float(sum(of[side] for of in sharp)) for side in (0, 1))
    larger = [
        (of, own) for of, own in zip(sharp, lengths, strict=True) if own >= _PART * length
    ]  # fmt: skip
    return Outlines(
        length,
        (first / max(length, 1), second / max(length, 1)),
        float(found.filled[inner].mean()),
        len({of[0] > of[1] for of, _ in larger}) == 1,
        len({of[0] > of[1] for of, own in larger if _is_clear(of, own)}) == 2,
    )


def find_differences(a: Rgb, b: Rgb, inside: Mask, levels: float) -> Differences:
    """Return the parts of two photos that differ by at least this many levels of brightness.

    a, b : (H, W, 3) uint8. inside : (H, W) bool, where both are. Needs OpenCV.
    """
    cv2 = opencv()
    inner = _shrink(inside, 7)
    other = luma(b)
    one = _in_contrast_of(other, luma(a), inside) if inner.any() else luma(a)
    filled = np.zeros(inner.shape, np.uint8)
    if not inner.any():
        return Differences((one, other), inner, [], filled)
    difference = cv2.GaussianBlur(cv2.absdiff(one, other), (0, 0), 1.0)
    least = levels + _USUAL * float(np.median(difference[inner]))
    differs = ((difference > least) & inner).astype(np.uint8)
    differs = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(differs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outlines = [line for line in outlines if cv2.contourArea(line) >= _LEAST_AREA]
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return Differences((one, other), inner, outlines, filled)


def _is_clear(sharp: list[int], length: int) -> bool:
    """Return whether one photo has clearly sharper edges along an outline of this length."""
    less, more = sorted(sharp)
    return more >= _CLEAR * length and less <= _UNCLEAR * more


def _shrink(mask: Mask, side: int) -> Mask:
    kernel = np.ones((side, side), np.uint8)
    smaller = opencv().erode(
        mask.astype(np.uint8), kernel, borderType=opencv().BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(smaller > 0)


def _in_contrast_of(target: Plane, plane: Plane, inside: Mask) -> Plane:
    """Return `plane` with the brightness and the contrast of `target`, fitted where the two agree
    best.

    If a text covers much of one, most pixels agree as they are, and a fit to all pixels is far off.
    """
    x, y = (values[inside][::_EVERY].astype(np.float64) for values in (plane, target))
    _rest, gain, shift = min(
        (_fit_contrast(x, y, chosen) for chosen in (np.ones(len(x), bool), _nearest(x - y))),
        key=lambda fit: fit[0],
    )
    fitted: Plane = (gain * plane + shift).astype(np.float32)
    return fitted


def _fit_contrast(
    x: NDArray[np.float64], y: NDArray[np.float64], chosen: Mask
) -> tuple[float, float, float]:
    """Return the usual rest, the gain and the shift of a fit, which starts with these pixels."""
    gain, shift = 1.0, 0.0
    for _ in range(_FITS):
        if np.ptp(x[chosen]) < 1:
            return float(np.median(np.abs(x - y))), 1.0, 0.0
        x_mean, y_mean = float(x[chosen].mean()), float(y[chosen].mean())
        centred = x[chosen] - x_mean
        gain = float(np.einsum("i,i->", centred, y[chosen]) / np.einsum("i,i->", centred, centred))
        shift = y_mean - gain * x_mean
        chosen = _nearest(gain * x + shift - y)
    return float(np.median(np.abs(gain * x + shift - y))), gain, shift


def _nearest(difference: NDArray[np.float64]) -> Mask:
    """Return the pixels that differ least."""
    rest = np.abs(difference)
    return np.asarray(rest <= np.quantile(rest, _FITTED))
