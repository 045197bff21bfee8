"""Distances of places are those of a sphere, in every direction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.store.great_circle import MOST_KILOMETRES, kilometres_between

PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("place", "other", "kilometres"),
    [
        ((0, 0), (0, 1), 111.195),
        ((0, 0), (0, 180), 20015.115),
        ((90, 0), (-90, 77), 20015.115),
        ((90, -120), (90, 45), 0),
        ((10, 179.9), (10, -179.9), 21.902),  # over the date line
        ((52.5, 13.4), (52.5, 13.40001), 0.000677),
    ],
)
def test_distances_are_those_of_a_sphere(
    place: tuple[float, float], other: tuple[float, float], kilometres: float
) -> None:
    assert kilometres_between(*place, *other) == pytest.approx(kilometres, rel=1e-3, abs=1e-6)


@given(PLACES, PLACES)
def test_distances_have_no_direction_and_a_bound(
    place: tuple[float, float], other: tuple[float, float]
) -> None:
    there, back = kilometres_between(*place, *other), kilometres_between(*other, *place)
    assert there == pytest.approx(back, abs=1e-6)
    assert there is not None
    assert 0 <= there <= MOST_KILOMETRES


def test_an_unknown_place_has_no_distance() -> None:
    assert kilometres_between(None, None, 0, 0) is None
