"""Which hits fit words: the mark against the background, and probabilities."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sokkuri.models import TextCard
from sokkuri.search.vectors import VectorBlocks
from sokkuri.search.words import good_distance, probabilities

DIMENSION = 64
WORDS = np.eye(1, DIMENSION, dtype=np.float32)[0]


def pictures(count: int, fitting: int = 0, seed: int = 0) -> NDArray[np.float32]:
    """Return unit vectors in all directions, the first `fitting` of them towards the words."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    rows[:fitting, 0] += 12
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def marked(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the rows that are good matches."""
    limit = good_distance(WORDS, VectorBlocks([rows]))
    assert limit is not None
    return np.flatnonzero(1 - rows.astype(np.float64) @ WORDS <= limit)


@pytest.mark.parametrize("fitting", [1, 30, 500])
def test_pictures_that_fit_are_marked_whatever_their_share(fitting: int) -> None:
    """Up to a quarter of the collection may fit."""
    found = marked(pictures(2000, fitting))
    assert set(range(fitting)) <= set(found.tolist())
    assert len(found) - fitting <= 2


@pytest.mark.parametrize("count", [50, 2000, 20_000])
def test_where_nothing_fits_hardly_anything_is_marked(count: int) -> None:
    assert sum(len(marked(pictures(count, seed=seed))) for seed in range(10)) <= 15


def test_of_a_few_pictures_nothing_is_said() -> None:
    assert good_distance(WORDS, VectorBlocks([pictures(7)])) is None
    assert good_distance(WORDS, VectorBlocks([pictures(8)])) is not None


def test_probabilities_are_those_of_the_logistic_function_and_never_overflow() -> None:
    card = TextCard("t.onnx", "t.json", "ids", "out", 64, logit_scale=100.0, logit_bias=-10.0)
    found = probabilities(card, np.array([0.9, 0.8, 0.0, 2.0]))
    assert found == pytest.approx((0.5, 1 / (1 + np.exp(-10)), 1.0, 0.0))
    steep = TextCard("t.onnx", "t.json", "ids", "out", 64, logit_scale=1e300, logit_bias=-1.0)
    assert probabilities(steep, np.array([0.0, 2.0])) == pytest.approx((1.0, 0.0))
    for missing in ("logit_scale", "logit_bias"):
        plain = replace(card, **{missing: None})  # type: ignore[arg-type]
        assert probabilities(plain, np.array([0.5])) is None
