"""What an engine is asked for, and what is done where its answer is not enough."""

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


def everything(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(numbers), bool)


class Setting:
    """6,000 rows in three blocks, all but the last 500 pushed."""

    def __init__(self, most: int = 10_000, metric: Metric = "cosine", held: int = COUNT - 500):
        features = np.random.default_rng(3).standard_normal((COUNT, 8)).astype(np.float32)
        self.rows = VectorBlocks(np.split(features, [1000, 2500]), [7, 3, 11])
        self.engine = ReferenceEngine(most)
        self.engine.create(IndexInfo("token", "fingerprint", 8, metric))
        keys = self.rows.numbers.to_keys(np.arange(COUNT))[:held]
        vectors, _ = normalise_for_engine(features[:held], metric)
        self.engine.upsert([make_record(key) for key in keys.tolist()], vectors)
        pushed = np.arange(COUNT) < held
        self.index = RemoteIndex(self.rows, pushed, [None] * 3, self.engine, metric)
        self.exact = ExactIndex(self.rows.blocks)
        self.query = features[17] + np.float32(0.1)
        self.metric: Metric = metric

    def check(
        self, k: int, accept: Accept = everything, mask: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, int]]:
        """It finds what the exact search finds; what the engine was asked."""
        self.engine.searches.clear()
        rows, measured = self.index.search(self.query, k, self.metric, accept, mask)
        expected = self.exact.search(self.query, k, self.metric, accept, mask)
        assert rows.tolist() == expected[0].tolist()
        np.testing.assert_allclose(measured, expected[1], rtol=1e-12)
        return self.engine.searches


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_candidates_beyond_the_hits_are_asked_for(metric: Metric) -> None:
    setting = Setting(metric=metric)
    assert setting.check(10) == [(100, -1)]
    assert setting.check(300) == [(1200, -1)]


def test_more_are_asked_for_where_many_are_refused() -> None:
    """And at last all rows are searched here."""
    setting = Setting(most=2000)
    near = setting.exact.search(setting.query, 3000, "cosine", everything)[0]

    def but(count: int) -> Accept:
        return lambda rows: ~np.isin(rows, near[:count])

    assert setting.check(10, but(20)) == [(100, -1)]
    assert setting.check(10, but(200)) == [(100, -1), (400, -1)]
    assert setting.check(10, but(2500)) == [(100, -1), (400, -1), (1600, -1), (2000, -1)]


def test_fresh_rows_that_are_nearer_do_not_hide_those_of_the_engine() -> None:
    """Where none of the candidates may be found, fresh rows alone are no answer."""
    setting = Setting(most=150)
    near = setting.exact.search(setting.query, 1000, "cosine", everything)[0]
    refused = near[near < COUNT - 500][:200]
    assert setting.check(10, lambda rows: ~np.isin(rows, refused)) == [(100, -1), (150, -1)]


def test_more_hits_than_the_engine_can_give_are_searched_here() -> None:
    assert Setting(most=150).check(151) == [(150, -1)]


def test_an_engine_that_holds_few_rows_or_none_is_no_hindrance() -> None:
    assert Setting(held=40).check(60) == [(40, -1)]
    assert Setting(held=0).check(60) == []


def test_a_mask_of_few_rows_is_searched_here() -> None:
    assert Setting().check(5, mask=np.arange(COUNT) % 10 == 0) == []


def test_a_mask_of_many_rows_takes_more_candidates() -> None:
    setting = Setting()
    assert setting.check(30, mask=np.arange(COUNT) % 3 == 0) == [(360, -1)]


def test_a_mask_far_from_the_query_takes_lists_of_keys() -> None:
    """The rows of the mask are all compared, those that the engine lacks among them."""
    setting = Setting(most=300)
    far = setting.exact.search(setting.query, COUNT, "cosine", everything)[0][-1500:]
    mask = np.isin(np.arange(COUNT), far)
    among = int(np.count_nonzero(mask[: COUNT - 500]))
    assert setting.check(5, mask=mask) == [(100, -1), (300, -1), (100, among)]
    assert setting.check(70, mask=mask)[-1] == (280, among)


def test_lists_have_a_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sokkuri.search.vectors.remote._LIST_KEYS", 400)
    setting = Setting(most=100)
    mask = np.arange(COUNT) % 4 == 0
    assert [length for _, length in setting.check(10, mask=mask)] == [400, 400, 400, 175]


def test_what_no_engine_can_compare_is_searched_here() -> None:
    setting = Setting()
    setting.query = np.zeros(8, np.float32)
    assert setting.check(5) == []
    with pytest.raises(UnsupportedError, match="was made for cosine"):
        setting.index.search(setting.query, 5, "l2", everything)


def test_which_vectors_an_engine_can_take() -> None:
    vectors = np.array([[3, 4], [0, 0], [1e30, 0], [1e-30, 0], [1e-14, 0], [1e14, 0]], np.float32)
    normal, good = normalise_for_engine(vectors, "cosine")
    assert good.tolist() == [True, False, False, False, True, True]
    np.testing.assert_allclose(np.linalg.norm(normal[good], axis=1), 1, rtol=1e-6)
    raw, good = normalise_for_engine(vectors, "l2")
    assert good.tolist() == [True, True, False, True, True, True]
    assert (raw == vectors).all()


def test_rows_that_are_gone_are_no_candidates() -> None:
    """Keys of blocks that are no more, and of rows past the end, as other processes leave them."""
    setting = Setting()
    gone = [
        make_record((99 << 32) + 5),
        make_record((7 << 32) + 1000),
        make_record((3 << 32) + 5000),
    ]
    setting.engine.upsert(
        gone, np.tile(normalise_for_engine(setting.query[None], "cosine")[0], (3, 1))
    )
    assert setting.check(10) == [(100, -1)]


def test_the_recall_says_what_an_engine_misses() -> None:
    """An engine that knows a part of what it should know finds that part."""
    setting = Setting()
    index, exact = setting.index, setting.exact
    assert measure_recall(index, exact, "cosine", index.in_engine, 50) == {
        1: 1.0,
        10: 1.0,
        100: 1.0,
    }
    odd = np.array([key for key in setting.engine.records if key % 2])
    setting.engine.delete(odd)
    shares = measure_recall(index, exact, "cosine", index.in_engine, 50)
    assert all(0.35 < share < 0.65 for share in shares.values())
