"""Verify that two pictures of one size are the same: no small block may hold anything else.

Takes decoded pictures and returns a Difference. A copy differs by what resizing and JPEG change,
and by nothing else. Both changes are measured on the picture itself: a filter that blurs or
sharpens one picture into the other stands for the resizing, and the error that JPEG at quality 20
would make in each block stands for the encoding. What remains in one block is other content: a
word, a digit, a star. And the picture must hold enough that could differ, or nothing is known.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELL = 4
"""Pixels along each side of the blocks that must agree."""

Plane = NDArray[np.float32]

_MIN_CONTRAST = 8.0  # levels of 255; a cell with less has no content
_FLOOR = 2.0  # levels that may differ anywhere: rounding, and noise that nobody sees
_CLEAR = 2.0  # contrast of content that could not change unnoticed, in tolerances
_MIN_EVIDENCE = 24  # cells with such content
_TYPICAL = 0.9  # quantile of the cells that says how much was lost in the encoding
_TYPICAL_RATIO = 1.4  # of the difference to the error at this quantile, at JPEG quality 20
_LEAST_LOSS, _MAX_LOSS = 0.15, 0.95
_MAX_EDIT_LOSS = 1.25  # the same, of pictures that were moved by parts of a pixel
_LEAST_COLOUR_LOSS = 0.3
_MAX_DIFFERENCE = 3.7  # tolerances, in the worst cell
_MAX_COLOUR_DIFFERENCE = 2.2
_GAIN = 0.93, 1.08
_MAX_SHIFT = 4.0  # levels of the mean
_FIT_PIXELS = 100_000
_RIDGE = 0.1

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_QUALITY_20 = 2.5  # factor on the tables of quality 50
_LUMA_TABLE = _QUALITY_20 * np.array([
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56], [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
], np.float32)  # fmt: skip
"""How coarsely JPEG stores each frequency of the brightness (ITU-T T.81, table K.1)."""
_COLOUR_TABLE = np.full((8, 8), _QUALITY_20 * 99, np.float32)
_COLOUR_TABLE[:4, :4] = _QUALITY_20 * np.array(
    [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]], np.float32
)
"""The same for the colours (table K.2)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two pictures of one size differ.

    worst, colour : the greatest difference of a cell, in brightness and in colour, in units of what
    resizing and encoding explain. gain : contrast of one picture in the other. shift : difference
    of the mean levels. loss : how much most cells differ, as a share of what JPEG at quality 20
    loses. evidence : cells with content that could not change unnoticed.
    """

    worst: float
    colour: float
    gain: float
    shift: float
    loss: float
    evidence: int

    @property
    def agrees(self) -> bool:
        """Whether no cell holds other content. Blank pictures agree too."""
        return (
            self.worst <= _MAX_DIFFERENCE
            and self.colour <= _MAX_COLOUR_DIFFERENCE
            and self.loss <= _MAX_LOSS
            and self.shift <= _MAX_SHIFT
            and (self.evidence == 0 or _GAIN[0] <= self.gain <= _GAIN[1])
        )

    @property
    def agrees_but_for_colours(self) -> bool:
        """Whether no cell holds other content, whatever was done to brightness and colours."""
        return self.worst <= _MAX_DIFFERENCE and self.loss <= _MAX_EDIT_LOSS

    @property
    def tells(self) -> bool:
        """Whether the pictures hold enough content to say anything."""
        return self.evidence >= _MIN_EVIDENCE


def measure_difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Difference:
    """Return how far two pictures differ : both (H, W, 3) uint8. Pixels that are equal everywhere
    differ by 0."""
    planes_a, planes_b = _planes(a), _planes(b)
    one, other = planes_a[0], planes_b[0]
    gain, residual = _fit_filter(one, other)
    back, residual_back = _fit_filter(other, one)
    difference = np.sqrt(np.maximum(_cell_means(residual**2), _cell_means(residual_back**2)))
    error = np.maximum(_jpeg_error(one, _LUMA_TABLE), _jpeg_error(other, _LUMA_TABLE))
    own = np.maximum(_contrast(one), _contrast(other))
    around = np.maximum(_contrast(one, spread=True), _contrast(other, spread=True))
    loss = _typical_loss(difference / (error + 1), own, around)
    tolerance = min(max(loss, _LEAST_LOSS), 1.0) * error + _FLOOR
    clear = (around > _MIN_CONTRAST) & (around > _CLEAR * tolerance)
    return Difference(
        worst=_greatest(difference / tolerance),
        colour=max(
            _colour_difference(x, y, min(max(loss, _LEAST_COLOUR_LOSS), 1.0))
            for x, y in zip(planes_a[1:], planes_b[1:], strict=True)
        ),
        gain=min(gain, back, key=lambda factor: -abs(factor - 1)),
        shift=float(abs(one.mean() - other.mean())),
        loss=loss,
        evidence=int(np.count_nonzero(clear)),
    )


def _planes(rgb: NDArray[np.uint8]) -> tuple[Plane, Plane, Plane]:
    """Return brightness, and blue and red beyond it, with sides that are multiples of 16.

    The edge pixels are repeated.
    """
    height, width = rgb.shape[:2]
    padded = np.pad(rgb, ((0, -height % 16), (0, -width % 16), (0, 0)), mode="edge")
    levels = padded.astype(np.float32)
    brightness: Plane = levels @ _LUMA
    return (
        brightness,
        (levels[..., 2] - brightness) * np.float32(0.564),
        (levels[..., 0] - brightness) * np.float32(0.713),
    )


def _fit_filter(source: Plane, target: Plane) -> tuple[float, Plane]:
    """Filter `source` so that it comes as near to `target` as possible.

    The filter blurs or sharpens and changes the contrast, the same everywhere and in all
    directions. Return the factor of the contrast, and what remains of `target`.
    """
    height, width = source.shape
    padded = np.pad(source, 2, mode="edge")

    def moved(y: int, x: int) -> Plane:
        return padded[2 + y : 2 + y + height, 2 + x : 2 + x + width]

    straight, diagonal = [(1, 0), (-1, 0), (0, 1), (0, -1)], [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    parts = [source]
    for step, ways in ((1, straight), (1, diagonal), (2, straight)):
        total = sum((moved(y * step, x * step) for y, x in ways), np.zeros_like(source))
        total /= 4
        total -= source
        parts.append(total)
    every = max(1, source.size // _FIT_PIXELS)
    sampled = [part.ravel()[::every] for part in parts]
    design = np.stack([*sampled, np.ones_like(sampled[0])], 1).astype(np.float64)
    values = target.ravel()[::every].astype(np.float64)
    # Flat pictures leave the filter open: then it changes nothing.
    prior = np.array([0.01, _RIDGE, _RIDGE, _RIDGE, 0.01]) * len(values)
    start = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    weights = np.linalg.solve(
        design.T @ design + np.diag(prior), design.T @ values + prior * start
    ).astype(np.float32)
    residual = target - weights[-1]
    for weight, part in zip(weights, parts, strict=False):
        residual -= weight * part
    return float(weights[0]), residual


def _cell_means(values: Plane) -> Plane:
    """Return the means of cells : (H, W) -> (H / CELL, W / CELL)."""
    return square_means(values, CELL)


def square_means(values: Plane, side: int) -> Plane:
    """Return the means of squares : (H, W) -> (H / side, W / side).

    The sums have the order of `numpy.mean` over two axes, which is four times slower.
    """
    rows, columns = values.shape[0] // side, values.shape[1] // side
    cut = values.reshape(rows, side, columns, side)
    lines = []
    for y in range(side):
        line = cut[:, y, :, 0] + cut[:, y, :, 1]
        for x in range(2, side):
            line += cut[:, y, :, x]
        lines.append(line)
    means = sum(lines[1:], lines[0])
    means /= side**2
    return means


def _mean_around(cells: Plane) -> Plane:
    """Return the mean of each cell and its eight neighbours."""
    padded = np.pad(cells, 1, mode="edge")
    rows, columns = cells.shape
    total = np.zeros_like(cells)
    for y in range(3):
        for x in range(3):
            total += padded[y : y + rows, x : x + columns]
    total /= 9
    return total


def _contrast(plane: Plane, *, spread: bool = False) -> Plane:
    """Return the standard deviation in each cell, or in it and its neighbours."""
    squares, means = _cell_means(plane**2), _cell_means(plane)
    if spread:
        squares, means = _mean_around(squares), _mean_around(means)
    deviation: Plane = np.sqrt(np.maximum(squares - means**2, 0))
    return deviation


def _typical_loss(ratio: Plane, own: Plane, around: Plane) -> float:
    """Return how much the encoding lost, as a share of what JPEG at quality 20 loses.

    ratio : of the difference to the error of quality 20. own, around : contrast of the cells.
    """
    content = own > _MIN_CONTRAST
    if np.count_nonzero(content) < _MIN_EVIDENCE:
        content = around > _MIN_CONTRAST
    if not content.any():
        return _LEAST_LOSS
    return float(np.quantile(ratio[content], _TYPICAL)) / _TYPICAL_RATIO


def _jpeg_error(plane: Plane, table: NDArray[np.float32]) -> Plane:
    """Return what JPEG would lose around each cell, in levels."""
    height, width = plane.shape
    blocks = plane.reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3) - np.float32(128)
    frequencies = _DCT @ blocks @ _DCT.T
    lost = frequencies - np.rint(frequencies / table) * table
    errors = (_DCT.T @ lost @ _DCT).transpose(0, 2, 1, 3).reshape(height, width)
    around: Plane = np.sqrt(_mean_around(_cell_means(errors**2)))
    return around


def _colour_difference(a: Plane, b: Plane, loss: float) -> float:
    """Return the greatest difference of a cell's colour, in tolerances. JPEG halves colours."""
    difference = np.abs(_mean_around(_cell_means(a - b)))
    error = np.maximum(*(_jpeg_error(_halve(plane), _COLOUR_TABLE) for plane in (a, b)))
    error = np.repeat(np.repeat(error, 2, 0), 2, 1)
    return _greatest(difference / (loss * error + _FLOOR))


def _halve(plane: Plane) -> Plane:
    return square_means(plane, 2)


def _greatest(values: NDArray[np.floating[Any]]) -> float:
    return float(values.max()) if values.size else 0.0


def _dct() -> NDArray[np.float32]:
    """Return the matrix of the discrete cosine transform of 8 values."""
    steps = np.arange(8)
    matrix = np.cos(np.pi * (2 * steps[None, :] + 1) * steps[:, None] / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


_DCT = _dct()
