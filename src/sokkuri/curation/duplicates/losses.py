"""Tell which of two copies of one picture lost more: when it was saved, enlarged or softened.

Takes the ImageFacts of both and their PairFacts.
"""

import numpy as np

from sokkuri.curation.duplicates.image_facts import BINS, ImageFacts
from sokkuri.curation.duplicates.orientation import Orientation
from sokkuri.curation.duplicates.pair_facts import PairFacts
from sokkuri.curation.duplicates.saved_again import (
    is_from_lossier,
    is_saved_again,
    is_turned_file,
)

_SAME_SCALE = 1.1
_WHOLE = 0.9  # share of both images that they have in common
_ENLARGED = 1.12
_DROP = 0.8  # decades by which an enlarged image has less power above the detail of its source
_SLOPE = -2.2  # of power by frequency, both as logarithms, in photos
_SOFTER, _MUCH_SOFTER = 0.3, 0.7  # decades; coarse steps of a JPEG add some false detail
_LOSSIER = 1.15
_FINE = 5.0  # the mean step at a quality of 90


def is_derived(x: ImageFacts, y: ImageFacts, pair: PairFacts, side: int) -> bool:
    """Return whether `x` was made of `y`: enlarged, or saved again or turned from that JPEG.

    side : 0 if `x` is the first image of the pair.
    """
    scales = _scales_of(pair, side)  # pixels of x for one of y
    if pair.by_quarters and min(pair.shares) > _WHOLE:
        spectra = x.spectrum_x, x.spectrum_y
        if any(_is_enlarged(*axis) for axis in zip(spectra, scales, strict=True)):
            return True
    if not pair.by_quarters or max(abs(np.log(scales))) > 0.01:
        return False
    became_lossless = x.lossless and not y.lossless and _lie_alike(x, y, pair)
    if became_lossless and np.array_equal(x.grids[0], y.grids[0]):
        return True  # no format with losses keeps all pixels of another one
    turn = pair.orientation if side else pair.orientation.inverse
    return is_saved_again(x, y, turn) or is_turned_file(x, y, turn)


def _scales_of(pair: PairFacts, side: int) -> tuple[float, float]:
    """Return the pixels of one image for a pixel of the other one, along its width and height."""
    if side == 0:
        return 1 / pair.scale_x, 1 / pair.scale_y
    along_first = pair.scale_x, pair.scale_y
    return along_first[::-1] if pair.orientation.sideways else along_first


def _is_enlarged(spectrum: tuple[float, ...], scale: float) -> bool:
    """Return whether an image has no detail above that of an image smaller by `scale`."""
    if len(spectrum) != BINS or not _ENLARGED < scale < 6:
        return False
    limit = BINS / scale
    below = np.arange(max(1, round(0.45 * limit)), max(2, round(0.85 * limit)))
    above = np.arange(min(round(limit * 1.08) + 1, BINS - 1), BINS)
    power = np.array(spectrum)
    expected = _SLOPE * np.log10(np.mean(above + 1) / np.mean(below + 1))
    return bool(power[above].mean() - power[below].mean() < expected - _DROP)


def is_coarser(x: ImageFacts, y: ImageFacts, pair: PairFacts, side: int) -> bool:
    """Return whether `x` lost more than `y` of the same picture at the same scale."""
    scales = _scales_of(pair, side)
    if max(abs(np.log(scales))) > np.log(_SAME_SCALE):
        return False
    softness = _softness(x, y, pair)
    differ = bool(x.losses and y.losses) and abs(np.log(x.losses / y.losses)) > np.log(_LOSSIER)
    if abs(softness) > (_MUCH_SOFTER if differ else _SOFTER):
        return softness > 0
    lost_colours = _lost_colours(x, y, pair)
    if lost_colours is not None:
        return lost_colours
    if _lie_alike(x, y, pair):
        for finer, coarser in ((x, y), (y, x)):
            if _seems_finer(finer, coarser):
                is_lossier = is_from_lossier(finer, coarser)
                if is_lossier is not None:
                    return is_lossier == (finer is x)
    if y.lossless and not x.lossless and max(abs(np.log(scales))) < 0.01:
        return True
    was_shrunk = max(scales) > 1.01 and min(scales) > 0.99  # y, so its fine steps say nothing
    return differ and x.losses > y.losses and not was_shrunk


def _lost_colours(x: ImageFacts, y: ImageFacts, pair: PairFacts) -> bool | None:
    """Return whether `x` has a palette in place of the colours of `y`; None if nothing tells it."""
    if x.format == "GIF" and y.format != "GIF":
        return True
    both_lossless = x.lossless and y.lossless and _lie_alike(x, y, pair)
    return x.few_colours if both_lossless and x.few_colours != y.few_colours else None


def are_fine(x: ImageFacts, y: ImageFacts) -> bool:
    """Return whether two images are JPEG files with hardly any visible losses."""
    return 0 < x.losses < _FINE and 0 < y.losses < _FINE


def _lie_alike(x: ImageFacts, y: ImageFacts, pair: PairFacts) -> bool:
    """Return whether the pixels of two images show the same places."""
    same_size = (x.width, x.height) == (y.width, y.height)
    return same_size and pair.orientation == Orientation() and min(pair.shares) > _WHOLE


def _seems_finer(x: ImageFacts, y: ImageFacts) -> bool:
    """Return whether an image is saved with fewer losses than a JPEG, or in another format."""
    if y.quantisation is None or x.format == "GIF":
        return False
    return x.quantisation is None or x.losses < y.losses / _LOSSIER


def _softness(x: ImageFacts, y: ImageFacts, pair: PairFacts) -> float:
    """Return by how many decades `x` has less power in its fine details; 0 if that is unknown."""
    known = all(len(axis) == BINS for of in (x, y) for axis in (of.spectrum_x, of.spectrum_y))
    if not known or min(pair.shares) < _WHOLE:
        return 0.0
    fine, whole = slice(BINS // 2, BINS - 4), slice(0, BINS // 4)
    of_x, of_y = (np.add(image.spectrum_x, image.spectrum_y) for image in (x, y))
    difference = (of_y - of_x) / 2
    return float(difference[fine].mean() - difference[whole].mean())
