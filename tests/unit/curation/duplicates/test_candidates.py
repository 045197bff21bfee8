"""Who is whose neighbour: by matrix products as by brute force, in whatever blocks."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference_engine import ReferenceEngine, entry

from sokkuri.curation.duplicates import candidates
from sokkuri.curation.duplicates.candidates import (
    Candidates,
    ExactJoin,
    Field,
    ListedJoin,
    Served,
    ServedJoin,
    clustered,
    rooted,
)
from sokkuri.search.engines import Holding


def unit(seed: int, count: int, dimension: int = 8) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    found: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 20), st.integers(1, 9))
def test_as_brute_force_finds_them(seed: int, count: int, block: int, k: int) -> None:
    rows = unit(seed, count)
    own = np.arange(count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_BLOCK", block)
        found = ExactJoin(rows).near(rows, own, k)
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -np.inf)
    for number in range(count):
        there = found.rows[number][found.rows[number] >= 0]
        assert len(there) == min(k, count - 1) == len(set(there.tolist()))
        best = np.sort(likeness[number])[::-1][: len(there)]
        assert np.allclose(found.likeness[number, : len(there)], best, atol=1e-5)
        assert np.allclose(likeness[number, there], best, atol=1e-5)


def test_a_row_is_told_of_those_within_its_reach() -> None:
    rows = unit(1, 40)
    likeness = rows @ rows.T
    reach = np.full(40, np.inf, np.float32)
    reach[7] = np.sort(likeness[7])[-4:-2].mean()  # itself and two others are nearer
    own = np.array([number for number in range(40) if number != 7])
    found = ExactJoin(rows, reach).near(rows[own], own, 1)
    nearer = {int(own[asked]) for asked, row in found.back.tolist() if row == 7}
    assert nearer == set(np.flatnonzero(likeness[7] > reach[7]).tolist()) - {7}
    assert {row for _, row in found.back.tolist()} == {7}


NONE = np.zeros(1, np.float32)  # correlation of the prints
NEIGHBOURS = arrays(np.float32, (1, candidates.NEAREST), elements=st.floats(0.125, 1, width=32))


@given(NEIGHBOURS, st.sampled_from([0.0, -candidates.GENEROUSLY]))
def test_within_reach_is_what_would_have_been_worth_a_look(
    nearest: np.ndarray, least: float
) -> None:
    nearest = -np.sort(-nearest, axis=1)
    reach = float(candidates.reach_of(nearest, least)[0])
    assume(reach < nearest[0, 0])  # else it would be the nearest, and `first` another
    for likeness, worth in ((reach + 1e-3, True), (reach - 1e-3, False)):
        measured = candidates.worth_measures(np.full(1, likeness, np.float32), NONE, nearest)
        measured[:, 1] = 0  # the rank, which is told of the row's neighbours at present
        assert (candidates.WORTH.logits(measured)[0] > least) == worth


def test_everything_is_within_the_reach_of_what_has_no_neighbours() -> None:
    nearest = np.full((1, candidates.NEAREST), -np.inf, np.float32)
    assert candidates.reach_of(nearest, 0.0)[0] == -np.inf


def test_lists_find_nearly_all() -> None:
    pytest.importorskip("faiss")
    rows = unit(2, 3000, 32)
    own = np.arange(0, 3000, 10)
    exact, listed = (join.near(rows[own], own, 8) for join in (ExactJoin(rows), ListedJoin(rows)))
    shared = [
        len({*a} & {*b}) for a, b in zip(exact.rows.tolist(), listed.rows.tolist(), strict=True)
    ]
    assert np.mean(shared) / 8 > 0.9
    assert not (listed.rows == own[:, None]).any(), "nobody is its own neighbour"


def test_roots_keep_signs_and_zeros() -> None:
    found = rooted(np.array([[4.0, -9.0, 0.0], [0.0, 0.0, 0.0]], np.float32))
    assert np.allclose(found[0], np.array([2, -3, 0]) / 13**0.5)
    assert not found[1].any()


def test_a_copy_is_worth_a_look_and_strangers_are_not() -> None:
    rng = np.random.default_rng(3)
    heads = unit(3, 200, 64)
    heads[1] = heads[0] + 0.02 * heads[5]
    prints = rng.integers(0, 256, (200, 256), np.uint8)
    prints[1] = np.clip(prints[0].astype(int) + rng.integers(-3, 4, 256), 0, 255)
    field = Field(heads / np.linalg.norm(heads, axis=1, keepdims=True), prints)
    pairs, reach = Candidates(field).of(field, np.arange(200))
    assert [0, 1] in pairs.tolist()
    assert [1, 0] in pairs.tolist()
    assert len(reach) == 200
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_pictures_with_mirrored_prints_meet() -> None:
    rng = np.random.default_rng(4)
    prints = rng.integers(0, 256, (50, 256), np.uint8)
    prints[1] = prints[0].reshape(16, 16)[:, ::-1].reshape(-1)
    field = Field(unit(4, 50, 64), prints)
    pairs, _ = Candidates(field).of(field.part(np.array([0])), np.array([0]))
    assert [0, 1] in pairs.tolist()


@given(st.integers(1, 600))
def test_an_order_by_likeness_leaves_nobody_out(count: int) -> None:
    rows = np.arange(0, 2 * count, 2)
    ordered = clustered(unit(5, 2 * count), rows)
    assert sorted(ordered.tolist()) == rows.tolist()


def served(rows: np.ndarray, most: int = 10_000) -> Served:
    """An engine that lacks every fifth row, and knows every second of the others by two keys."""
    engine = ReferenceEngine(most)
    engine.create(Holding("token", "fingerprint", rows.shape[1], "cosine"))
    held = np.array([row for row in range(len(rows)) if row % 5], np.int64)
    twice = held[held % 2 == 0]
    numbers = np.concatenate([held, twice])
    keys = np.concatenate([1000 - held, 5000 + twice])
    engine.put([entry(key) for key in keys.tolist()], rows[numbers])
    order = np.argsort(keys)
    lacking = np.setdiff1d(np.arange(len(rows)), held)
    return Served(engine, "cosine", keys[order], numbers[order], lambda some: rows[some], lacking)


@pytest.mark.parametrize("count", [12, 200])
def test_an_engine_says_who_is_whose_neighbour(count: int) -> None:
    """As all compared with all, whatever the engine lacks or knows twice; and who is within the
    reach of whom."""
    rows, own = unit(5, count), np.arange(count)
    reach = np.full(count, 0.4, np.float32)
    found = ServedJoin(rows, served(rows), reach).near(rows[:50], own[:50], 10)
    expected = ExactJoin(rows, reach).near(rows[:50], own[:50], 10)
    assert (found.rows == expected.rows).all()
    np.testing.assert_allclose(found.likeness, expected.likeness, atol=1e-5)
    told = {(asked, row) for asked, row in found.back.tolist()}
    assert told <= {(asked, row) for asked, row in expected.back.tolist()}
    near = np.argwhere(found.likeness > 0.4)
    assert told >= {(asked, int(found.rows[asked, at])) for asked, at in near.tolist()}


def test_what_no_engine_can_tell_is_compared_here() -> None:
    """Rows of no length, and pictures that are no rows of it."""
    rows = unit(6, 60)
    rows[3] = 0
    own = np.array([3, 4, -1])
    join = ServedJoin(rows, served(np.where(rows == 0, np.float32(1), rows)))
    nothing = Served(
        ReferenceEngine(), "cosine", np.empty(0, np.int64), np.empty(0, np.int64),
        lambda some: rows[some], np.arange(60),
    )  # fmt: skip
    for one in (join, ServedJoin(rows, nothing)):
        expected = ExactJoin(rows).near(rows[own], own, 5)
        assert (one.near(rows[own], own, 5).rows == expected.rows).all()


def test_candidates_by_an_engine() -> None:
    heads = unit(7, 30)
    field = Field(heads, np.random.default_rng(1).integers(0, 256, (30, 256)).astype(np.uint8))
    rows = np.arange(30)
    here, there = Candidates(field), Candidates(field, served=served(heads))
    assert there.notes == []
    pairs, reaches = here.of(field, rows)
    engines, others = there.of(field, rows)
    assert {*map(tuple, pairs.tolist())} <= {*map(tuple, engines.tolist())}
    np.testing.assert_allclose(reaches, others, rtol=1e-4)
