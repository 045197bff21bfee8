"""Weights behind terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import UsageError
from sokkuri.search.terms import split_weight


@pytest.mark.parametrize(
    ("written", "term", "weight"),
    [
        ("at night", "at night", 1.0),
        ("at night^0.5", "at night", 0.5),
        ("at night^.5", "at night", 0.5),
        ("16:9", "16:9", 1.0),
        ("x^2^1", "x^2", 1.0),
        ("^2", "^2", 1.0),
        ("x^", "x^", 1.0),
        ("x^-1", "x^-1", 1.0),
        ("x^two", "x^two", 1.0),
        ("two\nlines^2", "two\nlines", 2.0),
    ],
)
def test_a_weight_stands_behind_its_term(written: str, term: str, weight: float) -> None:
    assert split_weight(written) == (term, weight)


@given(st.text(min_size=1), st.floats(0.001, 999))
def test_any_term_can_have_a_weight(term: str, weight: float) -> None:
    read, number = split_weight(f"{term}^{weight:.3f}")
    assert read == term
    assert number == pytest.approx(weight, abs=0.001)


@pytest.mark.parametrize("written", ["x^0", "x^0.0", "x^1001"])
def test_a_weight_of_nothing_or_of_too_much_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="must be above 0"):
        split_weight(written)
