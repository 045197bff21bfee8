"""Give one of two aligned photos the levels of the other one.

Takes two photos of one size; returns both, the darker one made as bright as the other. Colours
beyond white are cut off, as they are in a photo that was made brighter.
"""

import numpy as np
from numpy.typing import NDArray

_DARKEST, _LIGHTEST = 4, 250  # levels; beyond them colours are cut off
_LEAST_PIXELS = 500
_EVERY = 4  # pixels that the fit uses
_FITTED, _FITS = 0.8, 3  # share of the pixels to which the levels are fitted, and how often

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def equal_levels(a: Rgb, b: Rgb, inside: Mask) -> tuple[Rgb, Rgb]:
    """Return both photos in the levels of the brighter one : (H, W, 3) uint8 each.

    inside : (H, W) bool, where both are. The pixels that differ most do not count in the fit.
    """
    counts = inside & (np.minimum(a, b).min(2) > _DARKEST) & (np.maximum(a, b).max(2) < _LIGHTEST)
    x, y = (rgb[counts][::_EVERY].astype(np.float64) for rgb in (a, b))
    if len(x) < _LEAST_PIXELS // _EVERY:
        return a, b
    fits = [_fit(x[:, channel], y[:, channel]) for channel in range(3)]
    if np.mean([gain for gain, _ in fits]) >= 1.0:
        return _levelled(a, fits), b
    fits = [_fit(y[:, channel], x[:, channel]) for channel in range(3)]
    return a, _levelled(b, fits)


def _fit(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the gain and the shift that bring `x` nearest to `y`."""
    chosen = np.ones(len(x), bool)
    gain, shift = 1.0, 0.0
    for _ in range(_FITS):
        spread = float(x[chosen].var())
        if spread < 1.0:  # one colour fits every gain
            return 1.0, float(np.median(y - x))
        x_mean, y_mean = float(x[chosen].mean()), float(y[chosen].mean())
        gain = float(np.mean((x[chosen] - x_mean) * (y[chosen] - y_mean))) / spread
        shift = y_mean - gain * x_mean
        rest = np.abs(gain * x + shift - y)
        chosen = rest <= np.quantile(rest, _FITTED)
    return gain, shift


def _levelled(rgb: Rgb, fits: list[tuple[float, float]]) -> Rgb:
    gains, shifts = np.array(fits, np.float32).T
    levels: Rgb = np.clip(np.rint(rgb * gains + shifts), 0, 255).astype(np.uint8)
    return levels
