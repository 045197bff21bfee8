"""Angles around a query: within bounds, and close for similar images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.web.services.ring_angles import angles

METRICS: tuple[Metric, ...] = ("cosine", "l2")
VECTORS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.just(6)),
    elements=st.floats(-100, 100, width=32),
)


def between(one: float, other: float) -> float:
    """Return the angle between two directions, 0 to pi."""
    return abs((one - other + np.pi) % (2 * np.pi) - np.pi)


@given(VECTORS, st.sampled_from(METRICS))
def test_any_vectors_have_angles(vectors: NDArray[np.float32], metric: Metric) -> None:
    """Zeros and duplicates, too. The result is repeatable, and the arguments do not change."""
    query, rest = vectors[0], vectors[1:]
    before = vectors.copy()
    found = angles(query, rest, metric)
    assert found.shape == (len(rest),)
    assert found.dtype == np.float64
    assert np.isfinite(found).all()
    assert ((found >= -np.pi) & (found < np.pi)).all()
    assert np.array_equal(found, angles(query, rest, metric))
    assert np.array_equal(before, vectors)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_images_are_far_apart(count: int, metric: Metric) -> None:
    vectors = np.random.default_rng(1).random((count, 8), np.float32)
    found = angles(np.ones(8, np.float32), vectors, metric)
    assert found.shape == (count,)
    for one in range(count):
        for other in range(one):
            assert between(found[one], found[other]) > 0.5


@pytest.mark.parametrize("metric", METRICS)
def test_similar_images_have_close_angles(metric: Metric) -> None:
    """Three clusters around the query: each stays together, away from the others."""
    rng = np.random.default_rng(3)
    centres = np.linalg.qr(rng.standard_normal((32, 32)))[0][:3]
    query = np.full(32, 0.1)
    groups = [query + centre + 0.02 * rng.standard_normal((15, 32)) for centre in centres]
    found = angles(query.astype(np.float32), np.concatenate(groups).astype(np.float32), metric)
    parts = found.reshape(3, 15)
    inside = max(between(one, part[0]) for part in parts for one in part)
    apart = min(
        between(one, other)
        for first in range(3) for second in range(first)
        for one in parts[first] for other in parts[second]
    )  # fmt: skip
    assert inside < 0.3
    assert apart > 1


@pytest.mark.parametrize("metric", METRICS)
def test_duplicates_have_the_same_angle(metric: Metric) -> None:
    rng = np.random.default_rng(4)
    vectors = rng.random((12, 16), np.float32)
    doubled = np.concatenate([vectors, vectors])
    found = angles(rng.random(16, np.float32), doubled, metric)
    for one, other in zip(found[:12], found[12:], strict=True):
        assert between(one, other) < 1e-5


def test_lengths_of_vectors_do_not_matter_for_cosine() -> None:
    rng = np.random.default_rng(5)
    query, vectors = rng.random(16, np.float32), rng.random((20, 16), np.float32)
    scaled = vectors * rng.uniform(0.5, 20, (20, 1)).astype(np.float32)
    first, second = angles(query, vectors, "cosine"), angles(3 * query, scaled, "cosine")
    assert max(map(between, first, second)) < 1e-3


def test_the_query_itself_may_be_among_the_neighbours() -> None:
    """Its distance is 0, so it has no direction."""
    rng = np.random.default_rng(6)
    query, vectors = rng.random(16, np.float32), rng.random((30, 16), np.float32)
    for metric in METRICS:
        found = angles(query, np.concatenate([query[None], vectors]), metric)
        assert found.shape == (31,)
        assert np.isfinite(found).all()
