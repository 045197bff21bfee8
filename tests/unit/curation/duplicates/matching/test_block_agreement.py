"""How far aligned images agree: it tells copies from lookalikes."""

import numpy as np
import pytest
from draw_images import draw
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.curation.duplicates.matching.block_agreement import (
    Agreement,
    measure_agreement,
    measure_mirrored,
    sorted_median,
    sorted_quartile,
)

SIDE = 64


def picture(seed: int) -> np.ndarray:
    return draw(seed, SIDE, SIDE)


@given(st.integers(0, 10_000))
def test_an_image_agrees_with_itself(seed: int) -> None:
    measured = measure_agreement(picture(seed), picture(seed))
    assert measured.whole == pytest.approx(1, abs=1e-4)
    assert measured.difference == 0
    assert measured.blocks == 0 or measured.low == pytest.approx(1, abs=1e-3)
    assert measured.colour > 0.9


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_order_of_the_two_images_does_not_matter(first: int, second: int) -> None:
    there, back = (
        measure_agreement(*two)
        for two in ((picture(first), picture(second)), (picture(second), picture(first)))
    )
    for name in Agreement.__slots__:
        assert getattr(there, name) == pytest.approx(getattr(back, name), abs=1e-3), name


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from([(64, 64), (16, 40)]))
def test_the_mirror_image_is_measured_like_any_image(
    first: int, second: int, size: tuple[int, int]
) -> None:
    a, b = (draw(seed, *size) for seed in (first, second))
    expected = measure_agreement(a, np.ascontiguousarray(b[:, ::-1]))
    measured = measure_mirrored(a, b)
    for name in Agreement.__slots__:
        assert getattr(measured, name) == pytest.approx(getattr(expected, name), abs=1e-3), name


def test_other_light_and_colours_keep_the_details() -> None:
    darker = picture(1) // 2 + 20
    grey = np.repeat(picture(1).mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    for changed in (darker, grey):
        measured = measure_agreement(picture(1), changed)
        assert measured.low > 0.7
        assert measured.colour > 0.9
        assert measured.difference > 5


def test_a_covered_part_lowers_only_its_own_blocks() -> None:
    covered = picture(2).copy()
    covered[:32, :32] = 128
    measured = measure_agreement(picture(2), covered)
    assert 0.5 < measured.agreeing < 0.95
    assert measured.median > 0.99


def test_pixels_outside_do_not_count() -> None:
    changed = picture(3).copy()
    changed[:, 32:] = 0
    inside = np.zeros((SIDE, SIDE), bool)
    inside[:, :32] = True
    assert measure_agreement(picture(3), changed, inside).difference == 0
    assert measure_agreement(picture(3), changed).difference > 0


def test_images_without_overlap_do_not_agree() -> None:
    inside = np.zeros((SIDE, SIDE), bool)
    inside[:4, :4] = True
    measured = measure_agreement(picture(4), picture(4), inside)
    assert (measured.blocks, measured.whole, measured.agreeing) == (0, 0.0, 0.0)


def test_flat_images_agree_only_with_flat_ones() -> None:
    white, black = np.full((SIDE, SIDE, 3), 255, np.uint8), np.zeros((SIDE, SIDE, 3), np.uint8)
    assert measure_agreement(white, white).whole == 1.0
    assert measure_agreement(white, black).difference == 255
    assert measure_agreement(white, picture(5)).whole < 0.1


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=64))
def test_median_and_quartile_of_sorted_values_are_those_of_numpy(drawn: list[float]) -> None:
    values = np.sort(np.array(drawn, np.float32))
    assert sorted_median(values) == float(np.median(values))
    assert sorted_quartile(values) == float(np.quantile(values, 0.25))


def test_a_mask_over_all_pixels_changes_nothing() -> None:
    everywhere = np.ones((SIDE, SIDE), bool)
    assert measure_agreement(picture(6), picture(7), everywhere) == measure_agreement(
        picture(6), picture(7)
    )


def test_pixels_that_change_in_place_are_measured_again() -> None:
    changing = picture(8).copy()
    measure_agreement(changing, picture(8))
    changing[:] = 0
    assert measure_agreement(changing, picture(8)).difference > 0


def test_a_strip_as_wide_as_a_block_is_compared_by_its_own_brightness() -> None:
    """Its blocks are a view of it: what is done to them must leave it as it is."""
    noise = np.random.default_rng(0).normal(0, 12, (256, 8, 1))
    ramp = np.linspace(0, 255, 256)[:, None, None]
    up, down = (
        np.clip(light + noise, 0, 255).astype(np.uint8).repeat(3, 2) for light in (ramp, 255 - ramp)
    )
    assert measure_agreement(up, down).whole < -0.9
