"""The difference of two pictures is measured in what resizing and encoding explain."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.verification import (
    measure_difference,
    square_means,
)


def texture(seed: int, height: int = 90, width: int = 70) -> NDArray[np.uint8]:
    """Return blurred noise with contrast; the sides are no multiples of the blocks."""
    noise = np.random.default_rng(seed).integers(0, 256, (height + 2, width + 2, 3))
    windows = np.lib.stride_tricks.sliding_window_view(noise, (3, 3), axis=(0, 1))
    pixels: NDArray[np.uint8] = windows.mean((-1, -2)).astype(np.uint8)
    return pixels


def test_equal_pictures_do_not_differ() -> None:
    difference = measure_difference(texture(1), texture(1))
    assert max(difference.worst, difference.colour, difference.shift) < 0.01
    assert difference.agrees
    assert difference.tells


def test_one_block_is_enough_to_differ() -> None:
    changed = texture(1)
    changed[40:46, 30:36] = 255 - changed[40:46, 30:36]
    difference = measure_difference(texture(1), changed)
    assert difference.worst > 4
    assert not difference.agrees


def test_one_colour_is_enough_to_differ() -> None:
    grey = np.repeat(texture(1)[..., :1], 3, axis=2)
    changed = grey.copy()
    # Red and blue that keep the brightness: 0.299 x 60 = 0.114 x 157.
    change = np.array([60, 0, -157])
    changed[40:56, 30:46] = np.clip(changed[40:56, 30:46].astype(int) + change, 0, 255)
    assert measure_difference(grey, changed).colour > 2.2


def test_flat_pictures_agree_but_tell_nothing() -> None:
    flat = np.full((40, 40, 3), 90, np.uint8)
    difference = measure_difference(flat, flat + 1)
    assert difference.agrees
    assert not difference.tells
    assert not measure_difference(flat, flat + 30).agrees


def test_one_pixel_can_be_measured() -> None:
    one = np.zeros((1, 1, 3), np.uint8)
    assert measure_difference(one, one).agrees


@pytest.mark.parametrize("side", [2, 4])
def test_means_of_squares_are_those_of_numpy_to_the_last_bit(side: int) -> None:
    values = np.random.default_rng(3).random((48, 80), np.float32) ** 2 * 255
    expected = values.reshape(48 // side, side, 80 // side, side).mean((1, 3))
    assert np.array_equal(square_means(values, side), expected)
