"""Which pairs of images are worth comparing."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from neighbour_rows import draw_unit_rows, make_remote_rows

from sokkuri.curation.duplicates import candidates
from sokkuri.curation.duplicates.candidates import (
    CandidateFinder,
    FeatureTable,
    cluster_order,
    fit_projection,
    signed_sqrt_normalise,
)
from sokkuri.search.vectors import principal_basis

NO_CORRELATION = np.zeros(1, np.float32)
NEIGHBOURS = arrays(
    np.float32, (1, candidates.FEATURE_NEIGHBOURS), elements=st.floats(0.125, 1, width=32)
)


@given(NEIGHBOURS, st.sampled_from([0.0, -candidates.LENIENT_MARGIN]))
def test_the_reverse_threshold_separates_pairs_by_their_logit(
    neighbours: np.ndarray, min_logit: float
) -> None:
    neighbours = -np.sort(-neighbours, axis=1)
    threshold = float(candidates.reverse_threshold(neighbours, min_logit)[0])
    assume(threshold < neighbours[0, 0])  # above it, the pair would be the nearest neighbour
    for similarity, promising in ((threshold + 1e-3, True), (threshold - 1e-3, False)):
        features = candidates.pair_features(
            np.full(1, similarity, np.float32), NO_CORRELATION, neighbours
        )
        features[:, 1] = 0  # the threshold assumes the best rank
        assert (candidates.PAIR_MODEL.logits(features)[0] > min_logit) == promising


def test_an_image_without_neighbours_accepts_every_newer_image() -> None:
    neighbours = np.full((1, candidates.FEATURE_NEIGHBOURS), -np.inf, np.float32)
    assert candidates.reverse_threshold(neighbours, 0.0)[0] == -np.inf


def test_square_roots_keep_signs_and_zeros() -> None:
    unit = signed_sqrt_normalise(np.array([[4.0, -9.0, 0.0], [0.0, 0.0, 0.0]], np.float32))
    assert np.allclose(unit[0], np.array([2, -3, 0]) / 13**0.5)
    assert not unit[1].any()


def test_a_copy_is_a_candidate_from_both_sides() -> None:
    rng = np.random.default_rng(3)
    projected = draw_unit_rows(3, 200, 64)
    projected[1] = projected[0] + 0.02 * projected[5]
    fingerprints = rng.integers(0, 256, (200, 256), np.uint8)
    fingerprints[1] = np.clip(fingerprints[0].astype(int) + rng.integers(-3, 4, 256), 0, 255)
    lengths = np.linalg.norm(projected, axis=1, keepdims=True)
    table = FeatureTable(projected / lengths, fingerprints)
    pairs, thresholds = CandidateFinder(table).find(table, np.arange(200))
    assert [0, 1] in pairs.tolist()
    assert [1, 0] in pairs.tolist()
    assert len(thresholds) == 200
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_images_with_mirrored_fingerprints_are_candidates() -> None:
    rng = np.random.default_rng(4)
    fingerprints = rng.integers(0, 256, (50, 256), np.uint8)
    fingerprints[1] = fingerprints[0].reshape(16, 16)[:, ::-1].reshape(-1)
    table = FeatureTable(draw_unit_rows(4, 50, 64), fingerprints)
    pairs, _ = CandidateFinder(table).find(table.select(np.array([0])), np.array([0]))
    assert [0, 1] in pairs.tolist()


@pytest.mark.parametrize(("count", "found"), [(1_100, True), (5_100, False)])
def test_pictures_under_a_text_are_candidates_in_a_small_collection(
    count: int, found: bool
) -> None:
    """A text over the whole picture changes the vector more than the brightness."""
    rng = np.random.default_rng(6)
    fingerprints = rng.integers(0, 256, (count, 256), np.uint8)
    covered = rng.random(256) < 0.16
    fingerprints[1] = np.where(covered, fingerprints[2], fingerprints[0])
    table = FeatureTable(draw_unit_rows(6, count, 16), fingerprints)
    pairs, _ = CandidateFinder(table).find(table.select(np.array([1])), np.array([1]))
    assert ([0, 0] in pairs.tolist()) == found


@given(st.integers(1, 600))
def test_cluster_order_keeps_every_row(count: int) -> None:
    rows = np.arange(0, 2 * count, 2)
    ordered = cluster_order(draw_unit_rows(5, 2 * count), rows)
    assert sorted(ordered.tolist()) == rows.tolist()


def test_an_engine_gives_at_least_the_candidates_of_brute_force() -> None:
    projected = draw_unit_rows(7, 30)
    fingerprints = np.random.default_rng(1).integers(0, 256, (30, 256)).astype(np.uint8)
    table = FeatureTable(projected, fingerprints)
    rows = np.arange(30)
    local = CandidateFinder(table)
    remote = CandidateFinder(table, remote=make_remote_rows(projected))
    assert remote.notes == []
    pairs, thresholds = local.find(table, rows)
    remote_pairs, remote_thresholds = remote.find(table, rows)
    assert {*map(tuple, pairs.tolist())} <= {*map(tuple, remote_pairs.tolist())}
    np.testing.assert_allclose(thresholds, remote_thresholds, rtol=1e-4)


def test_the_directions_of_few_images_keep_their_dot_products() -> None:
    rows = np.random.default_rng(4).random((300, 400), np.float32) ** 3
    projection = fit_projection(rows)
    assert projection.shape == (256, 400)
    roots = signed_sqrt_normalise(rows)
    found, expected = (roots @ basis.T for basis in (projection, principal_basis(roots)))
    assert found @ found.T == pytest.approx(expected @ expected.T, abs=1e-5)
