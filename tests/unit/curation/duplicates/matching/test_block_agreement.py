"""What tells a copy from a lookalike when one lies upon the other."""

import numpy as np
import pytest
from draw_images import draw
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.curation.duplicates.matching.block_agreement import Agreement, agreement

SIDE = 64


def picture(seed: int) -> np.ndarray:
    return draw(seed, SIDE, SIDE)


@given(st.integers(0, 10_000))
def test_a_picture_agrees_with_itself(seed: int) -> None:
    found = agreement(picture(seed), picture(seed))
    assert found.whole == pytest.approx(1, abs=1e-4)
    assert found.difference == 0
    assert found.blocks == 0 or found.low == pytest.approx(1, abs=1e-3)
    assert found.colour > 0.9


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_both_ways_round_it_is_the_same(first: int, second: int) -> None:
    there, back = (
        agreement(*two)
        for two in ((picture(first), picture(second)), (picture(second), picture(first)))
    )
    for name in Agreement.__slots__:
        assert getattr(there, name) == pytest.approx(getattr(back, name), abs=1e-3), name


def test_other_light_and_other_colours_leave_the_details() -> None:
    darker = picture(1) // 2 + 20
    grey = np.repeat(picture(1).mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    for changed in (darker, grey):
        found = agreement(picture(1), changed)
        assert found.low > 0.7
        assert found.colour > 0.9
        assert found.difference > 5


def test_a_covered_part_lowers_only_its_own_blocks() -> None:
    covered = picture(2).copy()
    covered[:32, :32] = 128
    found = agreement(picture(2), covered)
    assert 0.5 < found.agreeing < 0.95
    assert found.median > 0.99


def test_what_lies_outside_does_not_count() -> None:
    changed = picture(3).copy()
    changed[:, 32:] = 0
    inside = np.zeros((SIDE, SIDE), bool)
    inside[:, :32] = True
    assert agreement(picture(3), changed, inside).difference == 0
    assert agreement(picture(3), changed).difference > 0


def test_nothing_in_common_is_no_agreement() -> None:
    inside = np.zeros((SIDE, SIDE), bool)
    inside[:4, :4] = True
    found = agreement(picture(4), picture(4), inside)
    assert (found.blocks, found.whole, found.agreeing) == (0, 0.0, 0.0)


def test_flat_pictures_agree_with_flat_ones_alone() -> None:
    white, black = np.full((SIDE, SIDE, 3), 255, np.uint8), np.zeros((SIDE, SIDE, 3), np.uint8)
    assert agreement(white, white).whole == 1.0
    assert agreement(white, black).difference == 255
    assert agreement(white, picture(5)).whole < 0.1
