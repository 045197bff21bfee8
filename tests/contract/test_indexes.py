"""Every search backend keeps the same promises."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from reference_engine import ReferenceEngine, make_record
from run_cli import find_real_photos

from sokkuri.core.errors import UnsupportedError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import IndexInfo
from sokkuri.search.vectors import (
    Basis,
    ExactIndex,
    Index,
    VectorBlocks,
    principal_basis,
    quantize_rows,
)
from sokkuri.search.vectors.ann import MAX_HITS, AnnIndex, SearchEffort, add_to_lists, train_lists
from sokkuri.search.vectors.remote import RemoteIndex, normalise_for_engine

Backend = Callable[[Sequence[Features], Metric], Index]


def basis(blocks: Sequence[Features]) -> Basis:
    """Of two directions fewer than the rows have, so that there is something left beside heads."""
    return principal_basis(np.concatenate(blocks))[: blocks[0].shape[1] - 2]


def plain(blocks: Sequence[Features], metric: Metric) -> Index:
    """No row has a code."""
    return ExactIndex(blocks)


def coded(blocks: Sequence[Features], metric: Metric) -> Index:
    """Every row has an int8 code."""
    return ExactIndex(blocks, [quantize_rows(block, basis(blocks)) for block in blocks])


def half_coded(blocks: Sequence[Features], metric: Metric) -> Index:
    """The first half of each block has codes: rows were appended since."""
    return ExactIndex(
        blocks, [quantize_rows(block[: len(block) // 2], basis(blocks)) for block in blocks]
    )


def approximate(blocks: Sequence[Features], metric: Metric) -> AnnIndex:
    """Every list is looked through and every candidate measured, so that nothing is missed; the
    first two thirds of each block are in the lists, the rest was appended since."""
    shards = list(range(5, 5 + len(blocks)))
    rows = VectorBlocks(blocks, shards)
    covered = [2 * len(block) // 3 for block in blocks]
    lists = train_lists(rows, metric) if rows.size else None
    for shard, block, held in zip(shards, blocks, covered, strict=True):
        add_to_lists(lists, shard, 0, block[: held // 2], metric)
        add_to_lists(lists, shard, held // 2, block[held // 2 : held], metric)
    codes = [quantize_rows(block, basis(blocks)) for block in blocks]
    return AnnIndex(rows, covered, codes, lists, metric, SearchEffort(10**6, 10**6))


def served(blocks: Sequence[Features], metric: Metric) -> RemoteIndex:
    """An engine that misses nothing holds two rows of three, as far as it can."""
    rows = VectorBlocks(blocks, list(range(5, 5 + len(blocks))))
    engine, numbers = ReferenceEngine(), np.arange(rows.size)
    pushed = numbers % 3 > 0
    if rows.size:
        engine.create(IndexInfo("token", "fingerprint", blocks[0].shape[1], metric))
        vectors, good = normalise_for_engine(rows.take(numbers), metric)
        pushed &= good
        held = rows.numbers.to_keys(numbers[pushed])
        engine.upsert([make_record(key) for key in held.tolist()], vectors[pushed])
    return RemoteIndex(rows, pushed, [None] * len(blocks), engine, metric)


BACKENDS: list[Backend] = [plain, coded, half_coded, approximate, served]
EXACT: list[Backend] = [plain, coded, half_coded, served]
METRICS: list[Metric] = ["cosine", "l2"]

finite = st.floats(-1e3, 1e3, width=32)
rows = arrays(np.float32, st.tuples(st.integers(1, 40), st.just(6)), elements=finite)


def everything(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(numbers), bool)


def truth(features: NDArray[Any], query: NDArray[Any], metric: Metric) -> NDArray[np.float64]:
    """Distances by the plainest formula, in float64."""
    x, q = features.astype(np.float64), query.astype(np.float64)
    if metric == "l2":
        return np.asarray(np.sqrt(((x - q) ** 2).sum(axis=1)))
    lengths = np.sqrt((x**2).sum(axis=1)) * np.sqrt((q**2).sum())
    return np.asarray([1 - float(d) / float(n) if n else 1.0
                       for d, n in zip(x @ q, lengths, strict=True)])  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
@given(features=rows, query=arrays(np.float32, 6, elements=finite), k=st.integers(1, 50),
       cuts=st.lists(st.integers(0, 40), max_size=3))  # fmt: skip
def test_the_k_nearest_are_found(
    backend: Backend,
    metric: Metric,
    features: Features,
    query: NDArray[np.float32],
    k: int,
    cuts: list[int],
) -> None:
    """Results are right: no difference from brute force in float64 up to ties, however the rows
    are cut into shards."""
    blocks = np.split(features, sorted(min(cut, len(features)) for cut in cuts))
    found, distances = backend(blocks, metric).search(query, k, metric, everything)
    expected = truth(features, query, metric)
    assert len(found) == len(set(found.tolist())) == min(k, len(features))
    tolerance = 1e-9 * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(distances, np.sort(expected)[: len(found)], rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(expected[found], distances, rtol=1e-9, atol=max(tolerance, 1e-7))
    assert (np.diff(distances) >= 0).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_near_copies_are_told_apart(backend: Backend, metric: Metric) -> None:
    """Rows closer together than float32 can tell in a scan still come in their true order."""
    rng = np.random.default_rng(3)
    query = rng.random(512, np.float32)
    noise = rng.standard_normal((1500, 512)).astype(np.float32)
    features = query + noise * np.linspace(1e-6, 3e-6, 1500, dtype=np.float32)[:, None]
    found, _ = backend([features], metric).search(query, 20, metric, everything)
    expected = truth(features, query, metric)
    np.testing.assert_allclose(expected[found], np.sort(expected)[:20], rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_equal_rows_come_in_row_order(backend: Backend, metric: Metric) -> None:
    features = np.tile(np.arange(1, 7, dtype=np.float32), (30, 1))
    found, _ = backend([features[:11], features[11:]], metric).search(
        features[0], 9, metric, everything
    )
    assert found.tolist() == list(range(9))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
@given(refused=st.sets(st.integers(0, 199)), k=st.integers(1, 60))
def test_k_accepted_rows_come_back_whenever_there_are_k(
    backend: Backend, metric: Metric, refused: set[int], k: int
) -> None:
    """Removed images never push others out of the results."""
    features = np.random.default_rng(1).random((200, 6), np.float32)

    def accept(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        return ~np.isin(numbers, list(refused))

    found, _ = backend([features], metric).search(features[0], k, metric, accept)
    order = np.lexsort((np.arange(200), truth(features, features[0], metric)))
    assert found.tolist() == [n for n in order.tolist() if n not in refused][:k]


@pytest.mark.parametrize("backend", EXACT)
def test_huge_and_zero_rows_do_no_harm(backend: Backend) -> None:
    features = np.array([[1e38, 1e38], [0, 0], [3, 4], [-3, -4], [1e-38, 0]], np.float32)
    query = np.array([3, 4], np.float32)
    for metric in METRICS:
        found, distances = backend([features], metric).search(query, 5, metric, everything)
        np.testing.assert_allclose(distances, np.sort(truth(features, query, metric)), rtol=1e-6)
        assert found[0] == 2


extremes = st.one_of(
    st.floats(-(2.0**100), 2.0**100, width=32),
    st.floats(-(2.0**-122), 2.0**-122, width=32),
    st.just(0.0),
)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", EXACT)
@given(
    features=arrays(np.float32, (30, 4), elements=extremes),
    query=arrays(np.float32, 4, elements=extremes),
    k=st.integers(1, 12),
)
def test_numbers_of_any_size_are_decided_rightly(
    backend: Backend,
    metric: Metric,
    features: Features,
    query: NDArray[np.float32],
    k: int,
) -> None:
    """No row that is nearer by float64 is left out, however huge, faint or alike the rows are."""
    found, distances = backend([features], metric).search(query, k, metric, everything)
    expected = truth(features, query, metric)
    tolerance = 1e-9 if metric == "cosine" else 1e-9 * float(expected.max()) + 1e-300
    np.testing.assert_allclose(distances, np.sort(expected)[:k], rtol=1e-9, atol=tolerance)
    np.testing.assert_allclose(expected[found], distances, rtol=1e-9, atol=tolerance)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", EXACT)
@given(inside=st.sets(st.integers(0, 199)), k=st.integers(1, 60))
def test_a_mask_is_applied_before_ranking(
    backend: Backend, metric: Metric, inside: set[int], k: int
) -> None:
    """k rows come back whenever k are in the mask, and they are the nearest of those."""
    features = np.random.default_rng(1).random((200, 6), np.float32)
    mask = np.isin(np.arange(200), list(inside))
    found, _ = backend([features], metric).search(features[0], k, metric, everything, mask)
    order = np.lexsort((np.arange(200), truth(features, features[0], metric)))
    assert found.tolist() == [n for n in order.tolist() if n in inside][:k]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_many_queries_at_once_find_what_each_finds(
    backend: Backend, metric: Metric, count: int
) -> None:
    rng = np.random.default_rng(5)
    features = rng.random((500, 32), np.float32)
    queries = rng.random((count, 32), np.float32)
    index = backend([features[:123], features[123:]], metric)
    together = index.search_many(queries, 7, metric, everything)
    assert len(together) == count
    for query, (rows, distances) in zip(queries, together, strict=True):
        alone, measured = index.search(query, 7, metric, everything)
        assert rows.tolist() == alone.tolist()
        np.testing.assert_allclose(distances, measured, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_index_has_no_hits(backend: Backend) -> None:
    found, distances = backend([], "cosine").search(np.ones(3, np.float32), 5, "cosine", everything)
    assert len(found) == len(distances) == 0


def test_what_a_backend_cannot_do_is_one_named_error() -> None:
    features = np.random.default_rng(1).random((200, 6), np.float32)
    index = approximate([features], "cosine")
    with pytest.raises(UnsupportedError, match="cannot filter"):
        index.search(features[0], 3, "cosine", everything, np.ones(200, bool))
    with pytest.raises(UnsupportedError, match="was made for cosine"):
        index.search(features[0], 3, "l2", everything)
    with pytest.raises(UnsupportedError, match="1,000 images at most"):
        index.search(features[0], MAX_HITS + 1, "cosine", everything)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.2, 0.9])
@pytest.mark.parametrize("backend", EXACT)
def test_masks_of_any_share(backend: Backend, share: float) -> None:
    """Few rows are gathered, whole blocks are left out, many are scanned: the same answer."""
    rng = np.random.default_rng(2)
    features = rng.random((9000, 16), np.float32)
    mask = rng.random(9000) < share
    mask[3000:6000] = False
    mask[0] = True
    index = backend(np.split(features, [3000, 6000]), "l2")
    found, _ = index.search(features[7], 5, "l2", everything, mask)
    order = np.argsort(np.where(mask, truth(features, features[7], "l2"), np.inf), kind="stable")
    assert found.tolist() == order[: min(5, mask.sum())].tolist()


def test_rows_of_any_length_do_no_harm_to_an_approximate_index() -> None:
    features = np.array([[1e38, 1e38], [0, 0], [3, 4], [-3, -4], [1e-38, 0]], np.float32)
    query = np.array([3, 4], np.float32)
    found, distances = approximate([features], "cosine").search(query, 5, "cosine", everything)
    np.testing.assert_allclose(distances, np.sort(truth(features, query, "cosine")), rtol=1e-6)
    assert found[0] == 2
    with pytest.raises(UnsupportedError, match="too large"):
        approximate([features], "l2")
    ordinary = approximate([features[1:]], "l2")
    with pytest.raises(UnsupportedError, match="too large"):
        ordinary.search(features[0], 2, "l2", everything)


@pytest.fixture(scope="module")
def real() -> Features:
    """Features of real photos by the default network, some of them twice."""
    from sokkuri.core.types import Limits
    from sokkuri.images.decode import decode
    from sokkuri.models import resolve_model
    from sokkuri.models.extractor import Extractor

    model = resolve_model()
    extractor = Extractor(model)
    data = [path.read_bytes() for path in find_real_photos(240)]
    pixels = [decode(one, model.card.pixels, Limits()).rgb for one in data]
    found = np.concatenate([extractor.extract(one[None]) for one in pixels])
    return np.concatenate([found, found[::10], np.zeros((3, found.shape[1]), np.float32)])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_real_features_are_found_as_by_brute_force(
    backend: Backend, metric: Metric, real: Features
) -> None:
    """No difference from brute force in float64 up to ties: each photo, its twin, and mixtures."""
    index = backend([real[:100], real[100:]], metric)
    mixed = (real[:60] + real[60:120]) / 2
    for query in (*real[::7], *mixed[::5]):
        found, distances = index.search(query, 15, metric, everything)
        expected = truth(real, query, metric)
        scale = 1e-9 * max(1.0, float(expected.max()))
        np.testing.assert_allclose(distances, np.sort(expected)[:15], rtol=1e-9, atol=scale)
        np.testing.assert_allclose(expected[found], distances, rtol=1e-9, atol=scale)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", [coded, half_coded])
def test_many_rows_too_near_for_heads_to_tell(backend: Backend, metric: Metric) -> None:
    """Where heads leave many rows, full codes narrow them down, and the answer is the true one."""
    rng = np.random.default_rng(4)
    features = rng.standard_normal((6000, 48)).astype(np.float32)  # no direction says more
    index = backend(np.split(features, [2500]), metric)
    for query in rng.standard_normal((5, 48)).astype(np.float32):
        found, _ = index.search(query, 10, metric, everything)
        expected = truth(features, query, metric)
        np.testing.assert_allclose(expected[found], np.sort(expected)[:10], rtol=1e-12)
