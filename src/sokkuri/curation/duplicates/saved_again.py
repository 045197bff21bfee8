"""Tell whether an image was made from a JPEG: saved again, turned, or enlarged.

Takes ImageFacts. The coefficients of a JPEG are multiples of its steps. They still lie near them
after the image was saved again, however it was turned or mirrored.
"""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.image_facts import (
    CORNERS,
    MAX_PIXELS,
    TRANSPOSED,
    ImageFacts,
    Samples,
    grid_shift,
    sample_blocks,
)
from sokkuri.curation.duplicates.orientation import Orientation
from sokkuri.images.decode import decode

_LEAST_VALUE = 0.75  # steps; smaller coefficients say little: zero is a multiple of all steps
_LEAST_SAMPLES = 60
_FEW_SAMPLES = 5  # of one frequency
_LEAST_LEAN = 0.3
_RESIZED_SPREAD = 0.7  # found with enlargements 0.1 to 0.6, and 0.84 to 1 without
_ROUNDING = 0.2  # squared levels by which decoded pixels miss their coefficients
_LOWEST = 9  # frequencies
_STRONG = np.array([*range(_LOWEST), 10, 11, 12])
"""Frequencies with large coefficients; small ones lie near the first multiple by chance."""
_ROUNDING_WITHIN = 0.75  # levels
_LOSSIER_SHARE = 0.06  # found 0 to 0.025 beside what a JPEG was made from, mostly 0.087 to 0.8 else
_SAME_CONTRAST = 0.05
_CONTRAST_OF_PALETTE = 0.25  # found up to 0.19 in photos that were reduced to 16 colours
_LESS_DETAIL = 0.99  # of the power; WebP and AVIF leave 0.95 to 0.99
_COARSER = 1.15
_MOST_GAIN, _OTHER_GAIN = 3.0, 0.08  # of the contrast
_LEAST_BLOCKS = 30
_LEAST_WEIGHT = 8.0  # samples that would differ fully; with equal steps nothing differs
_SURE = 4.0  # deviations from chance
_LEAST_TRACE, _LEAST_TRACE_BESIDE = 0.5, 0.1  # found 0.6 to 1.3 and 0.1 to 1.1 in copies
_MULTIPLES = np.arange(1, 400)
_SHIFTS = [_ROUNDING**0.5 * NormalDist().inv_cdf((place + 0.5) / 16) for place in range(16)]
"""By which decoded pixels miss their coefficients, each as often as the others."""
_STANDARD = np.array((
    11, 12, 10, 12, 14, 16, 14, 13, 14, 24, 19, 16, 17, 18, 40, 26, 24, 22, 22, 24, 51, 58, 40, 29,
    37, 35, 49,
))  # fmt: skip
"""The standard's example of steps (ITU-T T.81, K.1), at the sampled frequencies."""


def is_saved_again(image: ImageFacts, of: ImageFacts, turn: Orientation) -> bool:
    """Return whether an image has the losses of a JPEG of the same size, perhaps in other colours.

    turn : from the JPEG to the image, both upright.
    """
    if of.quantisation is None:
        return False
    from_stored = Orientation.of_exif(of.orientation).then(turn)
    steps = _turned_steps(of.quantisation, from_stored)
    own, noise = _own_losses(image, from_stored)
    place = CORNERS.index(from_stored.corner)
    coefficients = image.grids[place][:, 1:]
    return _shows_steps(coefficients, steps, own, noise) or (
        turn == Orientation() and _shows_steps_in_other_contrast(image, of, place, steps)
    )


def _shows_steps_in_other_contrast(
    image: ImageFacts, of: ImageFacts, place: int, steps: tuple[int, ...]
) -> bool:
    """Return whether an image has the losses of a JPEG that lies as it does, in another contrast.

    place : of the JPEG's grid among CORNERS. steps : of the JPEG.
    """
    first, second = _common_blocks(of, image, place)
    gains = np.einsum("ij,ij->i", first, second) / np.maximum(
        np.einsum("ij,ij->i", first, first), 1
    )
    if len(gains) < _LEAST_BLOCKS:
        return False
    low, gain, high = (float(value) for value in np.percentile(gains, (25, 50, 75)))
    if not 1 / _MOST_GAIN < gain < _MOST_GAIN or abs(gain - 1) < _OTHER_GAIN:
        return False
    if high - low > _SAME_CONTRAST * gain:  # the losses differ, and not the contrast
        return False
    noise = (_noise_of_steps(image) + _ROUNDING) / gain**2
    return _shows_steps(second / gain, steps, (0,) * len(steps), noise)


def _shows_steps(
    coefficients: Samples, steps: tuple[int, ...], own: tuple[int, ...], noise: float
) -> bool:
    """Return whether coefficients were once multiples of some steps.

    The mean cosine of the coefficients, with a step as the period, is near 1 on multiples of the
    step. What it would be if they were multiples, and if they were not, is predicted for each
    frequency, since the image's own steps may lie near multiples of the others. own, noise : see
    _own_losses.
    """
    trace = weight = 0.0
    for column, step, own_step in zip(np.abs(coefficients).T, steps, own, strict=True):
        values = column[column > _LEAST_VALUE * step]
        if step < 2 or own_step >= step or len(values) < _FEW_SAMPLES:
            continue
        period = 2 * np.pi / step
        mean = float(column.mean())
        without = _cosine_without(mean, step, own_step)
        change = _cosine_with(mean, step, own_step, noise) - without
        trace += len(values) * (float(np.cos(period * values).mean()) - without) * change
        weight += len(values) * change**2
    least = _LEAST_TRACE if any(own) else _LEAST_TRACE_BESIDE
    if weight < _LEAST_WEIGHT:
        return False
    return bool(trace > max(least * weight, _SURE * (weight / 2) ** 0.5))


def _common_blocks(x: ImageFacts, y: ImageFacts, place: int) -> tuple[Samples, Samples]:
    """Return the coefficients of the blocks that were sampled in both images of one size: none if
    the sizes differ. place : of the grid among CORNERS."""
    if (x.width, x.height) != (y.width, y.height):
        return x.grids[place][:0, 1:], y.grids[place][:0, 1:]
    _, first, second = np.intersect1d(
        x.grids[place][:, 0], y.grids[place][:, 0], return_indices=True
    )
    return x.grids[place][first, 1:], y.grids[place][second, 1:]


def _noise_of_steps(image: ImageFacts) -> float:
    """Return the variance of what a JPEG's own losses do to low frequencies of any grid."""
    return float(np.mean(np.square((image.quantisation or (0,))[:_LOWEST]))) / 12


def _own_losses(image: ImageFacts, from_stored: Orientation) -> tuple[tuple[int, ...], float]:
    """Return an image's own steps, zeros if its own grid is another one, and the variance of what
    its own losses do to the coefficients of that grid."""
    if image.quantisation is None:
        return (0,) * len(TRANSPOSED), _ROUNDING
    stored = Orientation.of_exif(image.orientation)
    size = image.height, image.width
    if grid_shift(size, stored.corner) == grid_shift(size, from_stored.corner):
        return _turned_steps(image.quantisation, stored), _ROUNDING
    return (0,) * len(TRANSPOSED), _noise_of_steps(image) + _ROUNDING


def _cosine_without(mean: float, step: int, own: int) -> float:
    """Return the mean cosine of coefficients that were never multiples of `step`.

    Their sizes fall off exponentially. mean : of all sizes. own : the step whose multiples they
    are, 0 for none.
    """
    if own == 0:
        period, least = 2 * np.pi / step, _LEAST_VALUE * step
        return float((np.exp(1j * period * least) / (1 - 1j * period * mean)).real)
    return _weighted(*_cosines_of_multiples(step, own), mean)


def _cosine_with(mean: float, step: int, own: int, noise: float) -> float:
    """Return the mean cosine of multiples of `step` that were then rounded to multiples of `own`.

    noise : variance of what is added to them if `own` is 0.
    """
    if own == 0:
        return float(np.exp(-((2 * np.pi / step) ** 2) * noise / 2))
    return _weighted(*_cosines_after_rounding(step, own), mean)


@lru_cache(4096)
def _cosines_of_multiples(step: int, own: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sizes of multiples of `own`, and their cosines with `step` as the period."""
    sizes = own * _MULTIPLES[own * _MULTIPLES > _LEAST_VALUE * step].astype(np.float64)
    return sizes, np.cos(2 * np.pi / step * sizes)


@lru_cache(4096)
def _cosines_after_rounding(step: int, own: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sizes of multiples of `step`, and their cosines after they were rounded."""
    sizes = np.concatenate([step * _MULTIPLES + shift for shift in _SHIFTS])
    rounded = own * np.rint(sizes / own)
    counts = rounded > _LEAST_VALUE * step
    return sizes[counts], np.cos(2 * np.pi / step * rounded[counts])


def _weighted(sizes: NDArray[np.float64], cosines: NDArray[np.float64], mean: float) -> float:
    """Return the mean cosine of sizes that fall off exponentially. mean : of all sizes."""
    weights = np.exp(-sizes / max(mean, 1e-3))
    return float(cosines @ weights / max(weights.sum(), 1e-12))


def is_from_lossier(image: ImageFacts, beside: ImageFacts) -> bool | None:
    """Return whether an image that seems to have fewer losses than a JPEG hides losses from before.

    A JPEG's coefficients are at most half a step away from those of what it was made from. If they
    are not, one of both lost something else: the image, if it has few colours, if it shows the
    steps of another JPEG, or if it has less fine detail. None if nothing can be told, as between
    pictures of other contrast or sharpness. Both are of the same size and lie the same way.
    """
    if beside.quantisation is None:
        return None
    stored = Orientation.of_exif(beside.orientation)
    x, y = _common_blocks(beside, image, CORNERS.index(stored.corner))
    steps = np.array(_turned_steps(beside.quantisation, stored), np.float32)
    counts = (np.abs(x) > _LEAST_VALUE * steps) & (steps >= 2)
    if np.count_nonzero(counts) < _LEAST_SAMPLES:
        return None
    if image.few_colours:
        return _lost_colours(x, y, steps, counts)
    low = np.arange(len(steps)) < _LOWEST
    for band in (counts & low, counts & ~low):
        gain = float((x * y)[band].sum()) / max(float((x * x)[band].sum()), 1e-3)
        if band.any() and abs(gain - 1) > _SAME_CONTRAST:
            return None
    beyond = np.abs(x - y) > steps / 2 + _ROUNDING_WITHIN
    if beyond[counts].mean() <= _LOSSIER_SHARE or _shows_other_steps(beside, beside.losses):
        return False
    detail = float(np.square(y[:, ~low]).sum()) / max(float(np.square(x[:, ~low]).sum()), 1e-3)
    return detail < _LESS_DETAIL or _shows_other_steps(image, beside.losses)


def _lost_colours(
    x: Samples, y: Samples, steps: NDArray[np.float32], counts: NDArray[np.bool_]
) -> bool | None:
    """Return whether an image of few colours lost the others, instead of being what a JPEG was made
    from. x, y : the coefficients of the JPEG and of the image, of which some count. A palette also
    takes some contrast away."""
    gain = float((x * y)[counts].sum()) / max(float((y * y)[counts].sum()), 1e-3)
    if abs(gain - 1) > _CONTRAST_OF_PALETTE:
        return None
    beyond = np.abs(x - gain * y) > steps / 2 + _ROUNDING_WITHIN
    return bool(beyond[counts].mean() > _LOSSIER_SHARE)


def _shows_other_steps(image: ImageFacts, losses: float) -> bool:
    """Return whether an image was once a JPEG with the standard's steps, at a quality with more
    than such losses."""
    own, noise = _own_losses(image, Orientation())
    for quality in range(50, 95):
        scale = 200 - 2 * quality
        steps = tuple(int(max(1, step)) for step in (_STANDARD * scale + 50) // 100)
        if np.mean(steps) <= _COARSER * losses:
            return False
        if _shows_steps(image.grids[0][:, 1:], steps, own, noise):
            return True
    return False


def is_turned_file(image: ImageFacts, of: ImageFacts, turn: Orientation) -> bool:
    """Return whether an image is a JPEG that was turned sideways without new losses.

    Its steps are then those of the other file with rows for columns, and only those of the other
    file lean as the standard's do. turn : from the other file to the image, both upright.
    """
    if image.quantisation is None or of.quantisation is None:
        return False
    to_stored = Orientation.of_exif(image.orientation).inverse
    as_stored = Orientation.of_exif(of.orientation).then(turn).then(to_stored)
    is_turned = image.quantisation == _turned_steps(of.quantisation, as_stored)
    return as_stored.sideways and is_turned and _lean(of) > _LEAST_LEAN and _lean(image) < 0


def _lean(image: ImageFacts) -> float:
    """Return how far a JPEG's steps along rows and columns differ as the standard's do; the
    opposite of it if they were turned, and 0 if rows and columns have the same steps."""
    of_image, of_standard = (
        np.log(steps / steps[TRANSPOSED]) for steps in (np.array(image.quantisation), _STANDARD)
    )
    return float(of_image @ of_standard / (of_standard @ of_standard))


def is_enlargement(data: bytes, of: ImageFacts, turn: Orientation, limits: Limits) -> bool:
    """Return whether an image, shrunk to the size of a JPEG, shows the losses of that JPEG.

    turn : from the JPEG to the image, both upright. Raises DecodeError.
    """
    if of.quantisation is None or of.width * of.height > MAX_PIXELS:
        return False
    width, height = (of.height, of.width) if turn.sideways else (of.width, of.height)
    rgb = decode(data, PixelSpec(height, width, "lanczos", draft=False), limits).rgb
    from_stored = Orientation.of_exif(of.orientation).then(turn)
    x, y = grid_shift(rgb.shape, from_stored.corner)
    steps = _turned_steps(of.quantisation, from_stored)
    return _lies_on_grid(sample_blocks(rgb[y:, x:]), steps)


def _lies_on_grid(samples: Samples, steps: tuple[int, ...]) -> bool:
    """Return whether pixels that were shrunk were once a JPEG with these steps.

    Their coefficients are then near multiples of the steps, which the resizing blurs. steps : at
    the sampled frequencies.
    """
    wanted, values = np.array(steps, np.float32)[_STRONG], samples[:, 1:][:, _STRONG]
    coarse = wanted >= 3
    wanted, values = wanted[coarse], values[:, coarse]
    counts = np.abs(values) > _LEAST_VALUE * wanted
    if np.count_nonzero(counts) < _LEAST_SAMPLES:
        return False
    rest = values - wanted * np.rint(values / wanted)
    spread = float(np.mean((rest / wanted)[counts] ** 2)) * 12  # 1 for values at random
    return spread < _RESIZED_SPREAD


def _turned_steps(steps: tuple[int, ...], turn: Orientation) -> tuple[int, ...]:
    """Return the steps at the sampled frequencies after the blocks were turned."""
    return tuple(steps[place] for place in TRANSPOSED) if turn.sideways else steps
