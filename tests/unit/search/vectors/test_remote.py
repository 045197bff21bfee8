"""What `RemoteIndex` requests from an engine, and what it does if the answer is not enough."""

import numpy as np
import pytest
from numpy.typing import NDArray
from reference_engine import ReferenceEngine, make_record

from sokkuri.core.errors import UnsupportedError
from sokkuri.core.types import Metric
from sokkuri.search.engines import IndexInfo
from sokkuri.search.vectors import Accept, ExactIndex, VectorBlocks
from sokkuri.search.vectors.recall import measure_recall
from sokkuri.search.vectors.remote import RemoteIndex, normalise_for_engine

COUNT = 6000


def accept_all(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(numbers), bool)


class Setting:
    """6,000 rows in three blocks; the engine holds the first `in_engine` of them."""

    def __init__(
        self, max_candidates: int = 10_000, metric: Metric = "cosine", in_engine: int = COUNT - 500
    ):
        features = np.random.default_rng(3).standard_normal((COUNT, 8)).astype(np.float32)
        self.rows = VectorBlocks(np.split(features, [1000, 2500]), [7, 3, 11])
        self.engine = ReferenceEngine(max_candidates)
        self.engine.create(IndexInfo("token", "fingerprint", 8, metric))
        keys = self.rows.numbers.to_keys(np.arange(COUNT))[:in_engine]
        vectors, _ = normalise_for_engine(features[:in_engine], metric)
        self.engine.upsert([make_record(key) for key in keys.tolist()], vectors)
        mask = np.arange(COUNT) < in_engine
        self.index = RemoteIndex(self.rows, mask, [None] * 3, self.engine, metric)
        self.exact = ExactIndex(self.rows.blocks)
        self.query = features[17] + np.float32(0.1)
        self.metric: Metric = metric

    def check(
        self, k: int, accept: Accept = accept_all, mask: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, int]]:
        """Assert that a search equals the exact search; return the engine's searches, (count,
        number of listed keys or -1) each."""
        self.engine.searches.clear()
        rows, distances = self.index.search(self.query, k, self.metric, accept, mask)
        exact_rows, exact_distances = self.exact.search(self.query, k, self.metric, accept, mask)
        assert rows.tolist() == exact_rows.tolist()
        np.testing.assert_allclose(distances, exact_distances, rtol=1e-12)
        return self.engine.searches


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_more_candidates_than_hits_are_requested(metric: Metric) -> None:
    setting = Setting(metric=metric)
    assert setting.check(10) == [(100, -1)]
    assert setting.check(300) == [(1200, -1)]


def test_more_candidates_are_requested_if_many_are_refused() -> None:
    """If they do not suffice, all rows are searched here."""
    setting = Setting(max_candidates=2000)
    nearest = setting.exact.search(setting.query, 3000, "cosine", accept_all)[0]

    def refuse_nearest(count: int) -> Accept:
        return lambda rows: ~np.isin(rows, nearest[:count])

    assert setting.check(10, refuse_nearest(20)) == [(100, -1)]
    assert setting.check(10, refuse_nearest(200)) == [(100, -1), (400, -1)]
    assert setting.check(10, refuse_nearest(2500)) == [
        (100, -1),
        (400, -1),
        (1600, -1),
        (2000, -1),
    ]


def test_nearer_fresh_rows_do_not_hide_rows_of_the_engine() -> None:
    """If no candidate of the engine is accepted, the fresh rows alone are not the answer."""
    setting = Setting(max_candidates=150)
    nearest = setting.exact.search(setting.query, 1000, "cosine", accept_all)[0]
    refused = nearest[nearest < COUNT - 500][:200]
    assert setting.check(10, lambda rows: ~np.isin(rows, refused)) == [(100, -1), (150, -1)]


def test_a_search_for_more_hits_than_max_candidates_is_done_here() -> None:
    assert Setting(max_candidates=150).check(151) == [(150, -1)]


def test_an_engine_with_few_rows_or_none_returns_the_same_hits() -> None:
    assert Setting(in_engine=40).check(60) == [(40, -1)]
    assert Setting(in_engine=0).check(60) == []


def test_a_mask_of_few_rows_is_searched_here() -> None:
    assert Setting().check(5, mask=np.arange(COUNT) % 10 == 0) == []


def test_more_candidates_are_requested_for_a_mask_of_many_rows() -> None:
    setting = Setting()
    assert setting.check(30, mask=np.arange(COUNT) % 3 == 0) == [(360, -1)]


def test_the_keys_of_a_mask_far_from_the_query_are_listed() -> None:
    """All rows of the mask are compared, also those that the engine lacks."""
    setting = Setting(max_candidates=300)
    far = setting.exact.search(setting.query, COUNT, "cosine", accept_all)[0][-1500:]
    mask = np.isin(np.arange(COUNT), far)
    among = int(np.count_nonzero(mask[: COUNT - 500]))
    assert setting.check(5, mask=mask) == [(100, -1), (300, -1), (100, among)]
    assert setting.check(70, mask=mask)[-1] == (280, among)


def test_lists_of_keys_have_a_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sokkuri.search.vectors.remote._LIST_KEYS", 400)
    setting = Setting(max_candidates=100)
    mask = np.arange(COUNT) % 4 == 0
    assert [length for _, length in setting.check(10, mask=mask)] == [400, 400, 400, 175]


def test_a_query_that_no_engine_can_compare_is_searched_here() -> None:
    setting = Setting()
    setting.query = np.zeros(8, np.float32)
    assert setting.check(5) == []
    with pytest.raises(UnsupportedError, match="was made for cosine"):
        setting.index.search(setting.query, 5, "l2", accept_all)


def test_vectors_that_an_engine_can_take_are_normalised() -> None:
    vectors = np.array([[3, 4], [0, 0], [1e30, 0], [1e-30, 0], [1e-14, 0], [1e14, 0]], np.float32)
    unit, usable = normalise_for_engine(vectors, "cosine")
    assert usable.tolist() == [True, False, False, False, True, True]
    np.testing.assert_allclose(np.linalg.norm(unit[usable], axis=1), 1, rtol=1e-6)
    raw, usable = normalise_for_engine(vectors, "l2")
    assert usable.tolist() == [True, True, False, True, True, True]
    assert (raw == vectors).all()


def test_keys_of_missing_rows_are_ignored() -> None:
    """Other processes may leave keys of deleted shards, and of rows past the end of a shard."""
    setting = Setting()
    missing = [
        make_record((99 << 32) + 5),
        make_record((7 << 32) + 1000),
        make_record((3 << 32) + 5000),
    ]
    setting.engine.upsert(
        missing, np.tile(normalise_for_engine(setting.query[None], "cosine")[0], (3, 1))
    )
    assert setting.check(10) == [(100, -1)]


def test_the_recall_is_the_share_that_the_engine_returns() -> None:
    """An engine that has lost half of its rows has a recall of about 0.5."""
    setting = Setting()
    index, exact = setting.index, setting.exact
    assert measure_recall(index, exact, "cosine", index.in_engine, 50) == {
        1: 1.0,
        10: 1.0,
        100: 1.0,
    }
    odd_keys = np.array([key for key in setting.engine.records if key % 2])
    setting.engine.delete(odd_keys)
    shares = measure_recall(index, exact, "cosine", index.in_engine, 50)
    assert all(0.35 < share < 0.65 for share in shares.values())
