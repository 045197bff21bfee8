"""Nearest neighbours: brute force in any block size, the IVF index, and a remote engine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neighbour_rows import draw_unit_rows, make_remote_rows
from reference_engine import ReferenceEngine

from sokkuri.curation.duplicates import neighbours
from sokkuri.curation.duplicates.neighbours import (
    BruteForceFinder,
    IvfFinder,
    RemoteFinder,
    RemoteRows,
)
from sokkuri.store.row_numbers import RowNumbers


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 20), st.integers(1, 9))
def test_blocks_of_any_size_give_the_true_neighbours(
    seed: int, count: int, block: int, k: int
) -> None:
    rows = draw_unit_rows(seed, count)
    own = np.arange(count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "BLOCK", block)
        near = BruteForceFinder(rows).find(rows, own, k)
    similarities = rows @ rows.T
    np.fill_diagonal(similarities, -np.inf)
    for query in range(count):
        present = near.rows[query][near.rows[query] >= 0]
        assert len(present) == min(k, count - 1) == len(set(present.tolist()))
        best = np.sort(similarities[query])[::-1][: len(present)]
        assert np.allclose(near.similarities[query, : len(present)], best, atol=1e-5)
        assert np.allclose(similarities[query, present], best, atol=1e-5)


def test_queries_above_a_rows_threshold_are_its_reverse_pairs() -> None:
    rows = draw_unit_rows(1, 40)
    similarities = rows @ rows.T
    thresholds = np.full(40, np.inf, np.float32)
    thresholds[7] = np.sort(similarities[7])[-4:-2].mean()  # row 7 itself and two others exceed it
    own = np.array([row for row in range(40) if row != 7])
    near = BruteForceFinder(rows, thresholds).find(rows[own], own, 1)
    queries = {int(own[query]) for query, row in near.reverse.tolist() if row == 7}
    assert queries == set(np.flatnonzero(similarities[7] > thresholds[7]).tolist()) - {7}
    assert {row for _, row in near.reverse.tolist()} == {7}


def test_a_row_without_neighbours_accepts_every_query() -> None:
    rows = draw_unit_rows(3, 12)
    thresholds = np.full(12, np.inf, np.float32)
    thresholds[4] = -np.inf
    near = BruteForceFinder(rows, thresholds).find(rows, np.arange(12), 1)
    assert {query for query, row in near.reverse.tolist() if row == 4} == {*range(12)} - {4}


def test_the_ivf_index_finds_nine_of_ten_neighbours() -> None:
    pytest.importorskip("faiss")
    rows = draw_unit_rows(2, 3000, 32)
    own = np.arange(0, 3000, 10)
    exact, approximate = (
        finder.find(rows[own], own, 8) for finder in (BruteForceFinder(rows), IvfFinder(rows))
    )
    shared = [
        len({*a} & {*b})
        for a, b in zip(exact.rows.tolist(), approximate.rows.tolist(), strict=True)
    ]
    assert np.mean(shared) / 8 > 0.9
    assert not (approximate.rows == own[:, None]).any(), "no row is its own neighbour"


@pytest.mark.parametrize("count", [12, 200])
def test_an_engine_gives_the_same_neighbours_as_brute_force(count: int) -> None:
    """Also where the engine lacks rows or holds them twice; and it gives reverse pairs."""
    rows, own = draw_unit_rows(5, count), np.arange(count)
    thresholds = np.full(count, 0.4, np.float32)
    near = RemoteFinder(rows, make_remote_rows(rows), thresholds).find(rows[:50], own[:50], 10)
    expected = BruteForceFinder(rows, thresholds).find(rows[:50], own[:50], 10)
    assert (near.rows == expected.rows).all()
    np.testing.assert_allclose(near.similarities, expected.similarities, atol=1e-5)
    reverse = {(query, row) for query, row in near.reverse.tolist()}
    assert reverse <= {(query, row) for query, row in expected.reverse.tolist()}
    above = np.argwhere(near.similarities > 0.4)
    assert reverse >= {(query, int(near.rows[query, rank])) for query, rank in above.tolist()}


def test_queries_that_no_engine_can_answer_are_compared_here() -> None:
    """Rows of length 0, and images that are no rows of the set."""
    rows = draw_unit_rows(6, 60)
    rows[3] = 0
    own = np.array([3, 4, -1])
    finder = RemoteFinder(rows, make_remote_rows(np.where(rows == 0, np.float32(1), rows)))
    empty = RemoteRows(
        ReferenceEngine(), "cosine", RowNumbers({}), np.empty(0, np.int64),
        lambda asked: rows[asked], np.arange(60),
    )  # fmt: skip
    expected = BruteForceFinder(rows).find(rows[own], own, 5)
    for remote in (finder, RemoteFinder(rows, empty)):
        assert (remote.find(rows[own], own, 5).rows == expected.rows).all()
