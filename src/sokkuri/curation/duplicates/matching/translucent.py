"""Recognise a translucent text upon one of two aligned photos, and take it away.

Takes two photos of one size and returns both without the text. A translucent text lets the photo
show through: under all letters, one mixture of the photo with one light colour explains the pixels.
A thing in the scene hides what is behind it, and a shadow is dark.
"""

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.keypoints import opencv

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_BORDER = 3  # pixels at the edge of the overlap that do not count
_LEVELS, _USUAL = 10.0, 4.0  # least difference of a letter: in levels, and in usual differences
_STROKE = 0.8  # share of the greatest difference nearby, in the middle of a stroke
_UNMARKED, _MARKED, _FITS = 0.6, 0.8, 8  # shares of the pixels that are fitted, and how often
_TEXT = 0.02, 0.3  # share of the picture that letters fill
_WIDE, _MOST_WIDE = 1 / 30, 0.05
"""From this share of the longer side on, a line is no stroke of a letter; and the share of the text
that may lie in such lines."""

_TILE, _TILE_PIXELS, _LEAST_TILES = 1 / 20, 4, 40
"""Side of a tile as a share of the longer side, pixels of letters in each tile, and tiles. A thing
in the scene lies on fewer."""

_SHOWN = 0.3, 0.85  # share of the photo that shows through; thin letters of 0.45 had 0.43 to 0.84
_COLOUR = 60.0, 350.0  # levels; thin letters seem lighter than they are, and a shadow is black
_LEAST_SPREAD, _LEAST_CORRELATION = 8.0, 0.6  # of the photo in the tiles, levels; with the text
_MOST_OFF, _MOST_OFF_USUAL = 0.5, 3.0
"""How much a letter may differ from the mixture: as a share of its effect, and in usual
differences."""

_REACH = 1  # pixels around letters that belong to them, with the losses of JPEG

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Levels = NDArray[np.float32]


def without_text(a: Rgb, b: Rgb, inside: Mask) -> tuple[Rgb, Rgb] | None:
    """Return both photos without a translucent text upon one : (H, W, 3) uint8 each.

    a, b : (H, W, 3) uint8. inside : (H, W) bool, where both are. Both have the levels of the photo
    with the text, and are equal where it was. None if there is no such text. Needs OpenCV.
    """
    if (found := _clean(a, b, inside)) is not None:
        return found
    found = _clean(b, a, inside)
    return None if found is None else (found[1], found[0])


def _clean(plain: Rgb, marked: Rgb, inside: Mask) -> tuple[Rgb, Rgb] | None:
    """Return both photos without the text; None if there is none upon `marked`."""
    inner = _eroded(inside, 2 * _BORDER + 1)
    if np.count_nonzero(inner) < _LEAST_TILES * _TILE_PIXELS:
        return None
    target = marked.astype(np.float32)
    gains, shifts = _fit(plain[inner].astype(np.float32), target[inner], _UNMARKED)
    photo = np.clip(plain * gains + shifts, 0, 255).astype(np.float32)
    lighter: Levels = ((target - photo) @ _LUMA).astype(np.float32)
    usual = 1.4826 * float(np.median(np.abs(lighter[inner])))  # the deviation of normal noise
    letters = inner & (lighter > max(_LEVELS, _USUAL * usual))
    strokes = letters & (lighter >= _STROKE * _dilated(lighter, 5))
    if not _are_letters(letters, inner):
        return None
    effect = _effect(photo, target, strokes)
    if effect is None:
        return None
    allowed = np.maximum(_MOST_OFF_USUAL * usual, _MOST_OFF * np.abs(effect))
    strokes &= np.abs(lighter - effect) <= allowed
    text = strokes | (letters & (_dilated(strokes.astype(np.float32), 5) > 0))
    text = _dilated(text.astype(np.float32), 2 * _REACH + 1) > 0
    levelled: Rgb = np.rint(photo).astype(np.uint8)
    return levelled, np.where(text[..., None], levelled, marked)


def _are_letters(letters: Mask, inner: Mask) -> bool:
    """Return whether the lighter pixels are as many as those of a text, and in narrow lines."""
    count = np.count_nonzero(letters)
    least, most = (share * np.count_nonzero(inner) for share in _TEXT)
    side = max(3, round(max(letters.shape) * _WIDE))
    wide = opencv().morphologyEx(
        letters.astype(np.uint8), opencv().MORPH_OPEN, np.ones((side, side), np.uint8)
    )
    return bool(least <= count <= most and np.count_nonzero(wide) <= _MOST_WIDE * count)


def _effect(photo: Levels, target: Levels, strokes: Mask) -> Levels | None:
    """Return by how many levels the text makes each pixel brighter : (H, W).

    photo, target : (H, W, 3), without and with the text. None if the photo does not surely show
    through the text.
    """
    shown, shift = _fit(photo[strokes], target[strokes], _MARKED, one_gain=True)
    share = float(shown[0])
    if not _SHOWN[0] <= share <= _SHOWN[1]:
        return None
    colour = shift / (1 - share)
    if colour.min() < _COLOUR[0] or colour.max() > _COLOUR[1]:
        return None
    below, above = _tile_means(photo @ _LUMA, strokes), _tile_means(target @ _LUMA, strokes)
    if len(below) < _LEAST_TILES or float(below.std()) < _LEAST_SPREAD:
        return None
    if float(np.corrcoef(below, above)[0, 1]) < _LEAST_CORRELATION:
        return None
    effect: Levels = (share - 1) * (photo @ _LUMA) + float(shift @ _LUMA)
    return effect


def _fit(
    x: Levels, y: Levels, share: float, *, one_gain: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the gains and the shifts, (3,) each, that bring `x` nearest to `y` : (N, 3) each.

    share : of the pixels that count, those that fit best. one_gain : of all channels.
    """
    chosen = np.ones(len(x), bool)
    gains, shifts = np.ones(3), np.zeros(3)
    for _ in range(_FITS):
        means = x[chosen].mean(0, dtype=np.float64), y[chosen].mean(0, dtype=np.float64)
        centred = x[chosen] - means[0]
        products = (centred * (y[chosen] - means[1])).mean(0)
        squares = (centred**2).mean(0)
        if one_gain:
            products, squares = (np.full(3, values.mean()) for values in (products, squares))
        gains = products / np.maximum(squares, 1.0)
        shifts = means[1] - gains * means[0]
        rest = np.abs(gains * x + shifts - y).max(1)
        chosen = rest <= np.quantile(rest, share)
    return gains, shifts


def _tile_means(plane: Levels, where: Mask) -> NDArray[np.float64]:
    """Return the means of the pixels that count, of each tile with enough of them : (N,)."""
    side = max(1, round(max(plane.shape) * _TILE))
    rows, columns = np.nonzero(where)
    tiles = rows // side * plane.shape[1] + columns // side
    counts = np.bincount(tiles)
    sums = np.bincount(tiles, plane[where])
    enough = counts >= _TILE_PIXELS
    means: NDArray[np.float64] = sums[enough] / counts[enough]
    return means


def _dilated(plane: Levels, side: int) -> Levels:
    largest: Levels = opencv().dilate(plane, np.ones((side, side), np.uint8))
    return largest


def _eroded(mask: Mask, side: int) -> Mask:
    cv2 = opencv()
    kernel = np.ones((side, side), np.uint8)
    smaller = cv2.erode(
        mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(smaller > 0)
