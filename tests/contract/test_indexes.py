"""Every index keeps the same promises."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, note
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
    """Return fewer directions than the vectors have, so projected codes are not complete."""
    if not blocks:
        return np.empty((0, 0), np.float32)
    return principal_basis(np.concatenate(blocks))[: blocks[0].shape[1] - 2]


def uncoded(blocks: Sequence[Features], metric: Metric) -> Index:
    """No row has a code."""
    return ExactIndex(blocks)


def coded(blocks: Sequence[Features], metric: Metric) -> Index:
    """Every row has an int8 code."""
    directions = basis(blocks)
    return ExactIndex(blocks, [quantize_rows(block, directions) for block in blocks])


def half_coded(blocks: Sequence[Features], metric: Metric) -> Index:
    """The first half of each block has codes; the other rows were appended later."""
    directions = basis(blocks)
    return ExactIndex(
        blocks, [quantize_rows(block[: len(block) // 2], directions) for block in blocks]
    )


def approximate(blocks: Sequence[Features], metric: Metric) -> AnnIndex:
    """The first two thirds of each block are in the lists; the other rows were appended later.
    Searches read all lists and compare all candidates, so they miss nothing."""
    shards = list(range(5, 5 + len(blocks)))
    rows = VectorBlocks(blocks, shards)
    covered = [2 * len(block) // 3 for block in blocks]
    lists = train_lists(rows, metric) if rows.size else None
    for shard, block, count in zip(shards, blocks, covered, strict=True):
        add_to_lists(lists, shard, 0, block[: count // 2], metric)
        add_to_lists(lists, shard, count // 2, block[count // 2 : count], metric)
    directions = basis(blocks)
    codes = [quantize_rows(block, directions) for block in blocks]
    return AnnIndex(rows, covered, codes, lists, metric, SearchEffort(10**6, 10**6))


def remote(blocks: Sequence[Features], metric: Metric) -> RemoteIndex:
    """An engine that misses nothing holds two of three rows, except vectors that it cannot hold."""
    rows = VectorBlocks(blocks, list(range(5, 5 + len(blocks))))
    engine, numbers = ReferenceEngine(), np.arange(rows.size)
    in_engine = numbers % 3 > 0
    if rows.size:
        engine.create(IndexInfo("token", "fingerprint", blocks[0].shape[1], metric))
        vectors, usable = normalise_for_engine(rows.take(numbers), metric)
        in_engine &= usable
        keys = rows.numbers.to_keys(numbers[in_engine])
        engine.upsert([make_record(key) for key in keys.tolist()], vectors[in_engine])
    return RemoteIndex(rows, in_engine, [None] * len(blocks), engine, metric)


BACKENDS: list[Backend] = [uncoded, coded, half_coded, approximate, remote]
EXACT: list[Backend] = [uncoded, coded, half_coded, remote]
METRICS: list[Metric] = ["cosine", "l2"]
# Hypothesis takes longer to make an example than all indexes take to search it.
ALL_KINDS = list(product(BACKENDS, METRICS))
EXACT_KINDS = list(product(EXACT, METRICS))

finite = st.floats(-1e3, 1e3, width=32)
rows = arrays(np.float32, st.tuples(st.integers(1, 40), st.just(6)), elements=finite)


def accept_all(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(numbers), bool)


def true_distances(
    features: NDArray[Any], query: NDArray[Any], metric: Metric
) -> NDArray[np.float64]:
    """Return the distances by the plain formula in float64."""
    x, q = features.astype(np.float64), query.astype(np.float64)
    if metric == "l2":
        return np.asarray(np.sqrt(((x - q) ** 2).sum(axis=1)))
    lengths = np.sqrt((x**2).sum(axis=1)) * np.sqrt((q**2).sum())
    return np.asarray([1 - float(d) / float(n) if n else 1.0
                       for d, n in zip(x @ q, lengths, strict=True)])  # fmt: skip


@given(features=rows, query=arrays(np.float32, 6, elements=finite), k=st.integers(1, 50),
       cuts=st.lists(st.integers(0, 40), max_size=3))  # fmt: skip
def test_a_search_returns_the_k_nearest_rows(
    features: Features, query: NDArray[np.float32], k: int, cuts: list[int]
) -> None:
    """The result equals brute force in float64 up to ties, however the rows are split into
    shards."""
    blocks = np.split(features, sorted(min(cut, len(features)) for cut in cuts))
    for backend, metric in ALL_KINDS:
        note(f"{backend.__name__}, {metric}")
        hits, distances = backend(blocks, metric).search(query, k, metric, accept_all)
        expected = true_distances(features, query, metric)
        assert len(hits) == len(set(hits.tolist())) == min(k, len(features))
        tolerance = 1e-9 * max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(distances, np.sort(expected)[: len(hits)], rtol=1e-9, atol=1e-7)
        np.testing.assert_allclose(expected[hits], distances, rtol=1e-9, atol=max(tolerance, 1e-7))
        assert (np.diff(distances) >= 0).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_nearly_equal_rows_are_ordered_by_their_true_distances(
    backend: Backend, metric: Metric
) -> None:
    """Their distances differ by less than a float32 scan can tell."""
    rng = np.random.default_rng(3)
    query = rng.random(512, np.float32)
    noise = rng.standard_normal((1500, 512)).astype(np.float32)
    features = query + noise * np.linspace(1e-6, 3e-6, 1500, dtype=np.float32)[:, None]
    hits, _ = backend([features], metric).search(query, 20, metric, accept_all)
    expected = true_distances(features, query, metric)
    np.testing.assert_allclose(expected[hits], np.sort(expected)[:20], rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_equal_rows_come_in_row_order(backend: Backend, metric: Metric) -> None:
    features = np.tile(np.arange(1, 7, dtype=np.float32), (30, 1))
    hits, _ = backend([features[:11], features[11:]], metric).search(
        features[0], 9, metric, accept_all
    )
    assert hits.tolist() == list(range(9))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", EXACT)
def test_the_first_hits_do_not_depend_on_k(backend: Backend, metric: Metric) -> None:
    """Equal rows have one distance to a far query, whatever rows are measured with them."""
    rng = np.random.default_rng(4)
    features = rng.random((300, 37), np.float32)
    copies = np.arange(0, 300, 2)
    features[copies] = features[0]
    index = backend([features[:110], features[110:]], metric)
    for query in rng.standard_normal((5, 37)).astype(np.float32):
        all_hits, all_distances = index.search(query, 300, metric, accept_all)
        assert len({*all_distances[np.isin(all_hits, copies)].tolist()}) == 1
        for k in (1, 20, 77, 160):
            hits, distances = index.search(query, k, metric, accept_all)
            assert hits.tolist() == all_hits[:k].tolist()
            assert distances.tolist() == all_distances[:k].tolist()


@pytest.mark.parametrize("backend", EXACT)
def test_no_row_outside_the_mask_is_found_among_huge_rows(backend: Backend) -> None:
    rng = np.random.default_rng(0)
    features = (rng.random((4400, 8), np.float32) - 0.5) * np.float32(1e20)
    mask = np.arange(4400) < 2200  # more rows than are measured without a scan
    index = backend([features], "l2")
    hits, _ = index.search(features[3000], 5, "l2", accept_all, mask)
    expected = np.argsort(true_distances(features[mask], features[3000], "l2"))[:5]
    assert hits.tolist() == expected.tolist()


def two_hundred_rows() -> Features:
    return np.random.default_rng(1).random((200, 6), np.float32)


@cache
def index_of_two_hundred_rows(backend: Backend, metric: Metric) -> tuple[Index, list[int]]:
    """Return an index of `two_hundred_rows`, and the rows in the order of their distances to the
    first row."""
    features = two_hundred_rows()
    order = np.lexsort((np.arange(200), true_distances(features, features[0], metric)))
    return backend([features], metric), order.tolist()


@given(refused=st.sets(st.integers(0, 199)), k=st.integers(1, 60))
def test_a_search_returns_k_accepted_rows_if_there_are_k(refused: set[int], k: int) -> None:
    """Rows that are not accepted, such as removed images, never leave fewer hits than k."""

    def accept(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        return ~np.isin(numbers, list(refused))

    for backend, metric in ALL_KINDS:
        note(f"{backend.__name__}, {metric}")
        index, order = index_of_two_hundred_rows(backend, metric)
        hits, _ = index.search(two_hundred_rows()[0], k, metric, accept)
        assert hits.tolist() == [n for n in order if n not in refused][:k]


@pytest.mark.parametrize("backend", EXACT)
def test_huge_tiny_and_zero_rows_are_searched_exactly(backend: Backend) -> None:
    features = np.array([[1e38, 1e38], [0, 0], [3, 4], [-3, -4], [1e-38, 0]], np.float32)
    query = np.array([3, 4], np.float32)
    for metric in METRICS:
        hits, distances = backend([features], metric).search(query, 5, metric, accept_all)
        np.testing.assert_allclose(
            distances, np.sort(true_distances(features, query, metric)), rtol=1e-6
        )
        assert hits[0] == 2


extremes = st.one_of(
    st.floats(-(2.0**100), 2.0**100, width=32),
    st.floats(-(2.0**-122), 2.0**-122, width=32),
    st.just(0.0),
)


@given(
    features=arrays(np.float32, (30, 4), elements=extremes),
    query=arrays(np.float32, 4, elements=extremes),
    k=st.integers(1, 12),
)
def test_numbers_of_any_magnitude_are_searched_exactly(
    features: Features, query: NDArray[np.float32], k: int
) -> None:
    """No row that is nearer in float64 is left out, even if rows are huge, tiny or nearly equal."""
    for backend, metric in EXACT_KINDS:
        note(f"{backend.__name__}, {metric}")
        hits, distances = backend([features], metric).search(query, k, metric, accept_all)
        expected = true_distances(features, query, metric)
        tolerance = 1e-9 if metric == "cosine" else 1e-9 * float(expected.max()) + 1e-300
        np.testing.assert_allclose(distances, np.sort(expected)[:k], rtol=1e-9, atol=tolerance)
        np.testing.assert_allclose(expected[hits], distances, rtol=1e-9, atol=tolerance)


@given(inside=st.sets(st.integers(0, 199)), k=st.integers(1, 60))
def test_a_mask_is_applied_before_ranking(inside: set[int], k: int) -> None:
    """A search returns k rows if k are in the mask: the nearest of them."""
    mask = np.isin(np.arange(200), list(inside))
    for backend, metric in EXACT_KINDS:
        note(f"{backend.__name__}, {metric}")
        index, order = index_of_two_hundred_rows(backend, metric)
        hits, _ = index.search(two_hundred_rows()[0], k, metric, accept_all, mask)
        assert hits.tolist() == [n for n in order if n in inside][:k]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_many_queries_at_once_return_the_same_as_single_queries(
    backend: Backend, metric: Metric, count: int
) -> None:
    rng = np.random.default_rng(5)
    features = rng.random((500, 32), np.float32)
    queries = rng.random((count, 32), np.float32)
    index = backend([features[:123], features[123:]], metric)
    results = index.search_many(queries, 7, metric, accept_all)
    assert len(results) == count
    for query, (rows, distances) in zip(queries, results, strict=True):
        single_rows, single_distances = index.search(query, 7, metric, accept_all)
        assert rows.tolist() == single_rows.tolist()
        np.testing.assert_allclose(distances, single_distances, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_index_has_no_hits(backend: Backend) -> None:
    hits, distances = backend([], "cosine").search(np.ones(3, np.float32), 5, "cosine", accept_all)
    assert len(hits) == len(distances) == 0


def test_the_approximate_index_raises_for_searches_that_it_cannot_do() -> None:
    features = np.random.default_rng(1).random((200, 6), np.float32)
    index = approximate([features], "cosine")
    with pytest.raises(UnsupportedError, match="cannot filter"):
        index.search(features[0], 3, "cosine", accept_all, np.ones(200, bool))
    with pytest.raises(UnsupportedError, match="was made for cosine"):
        index.search(features[0], 3, "l2", accept_all)
    with pytest.raises(UnsupportedError, match="1,000 images at most"):
        index.search(features[0], MAX_HITS + 1, "cosine", accept_all)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.2, 0.9])
@pytest.mark.parametrize("backend", EXACT)
def test_masks_of_any_share_return_the_same_rows(backend: Backend, share: float) -> None:
    """An index may gather few rows, skip whole blocks, or scan many rows."""
    rng = np.random.default_rng(2)
    features = rng.random((9000, 16), np.float32)
    mask = rng.random(9000) < share
    mask[3000:6000] = False
    mask[0] = True
    index = backend(np.split(features, [3000, 6000]), "l2")
    hits, _ = index.search(features[7], 5, "l2", accept_all, mask)
    order = np.argsort(
        np.where(mask, true_distances(features, features[7], "l2"), np.inf), kind="stable"
    )
    assert hits.tolist() == order[: min(5, mask.sum())].tolist()


def test_the_approximate_index_takes_rows_of_any_length_or_raises() -> None:
    features = np.array([[1e38, 1e38], [0, 0], [3, 4], [-3, -4], [1e-38, 0]], np.float32)
    query = np.array([3, 4], np.float32)
    hits, distances = approximate([features], "cosine").search(query, 5, "cosine", accept_all)
    np.testing.assert_allclose(
        distances, np.sort(true_distances(features, query, "cosine")), rtol=1e-6
    )
    assert hits[0] == 2
    with pytest.raises(UnsupportedError, match="too large"):
        approximate([features], "l2")
    ordinary = approximate([features[1:]], "l2")
    with pytest.raises(UnsupportedError, match="too large"):
        ordinary.search(features[0], 2, "l2", accept_all)


@pytest.fixture(scope="module")
def photo_vectors() -> Features:
    """Vectors of real photos by the default network, some of them twice, and zero vectors."""
    from sokkuri.core.types import Limits
    from sokkuri.images.decode import decode
    from sokkuri.models import resolve_model
    from sokkuri.models.extractor import Extractor

    model = resolve_model()
    extractor = Extractor(model)
    data = [path.read_bytes() for path in find_real_photos(60)]
    pixels = [decode(photo, model.card.pixels, Limits()).rgb for photo in data]
    vectors = np.concatenate([extractor.extract(rgb[None]) for rgb in pixels])
    return np.concatenate([vectors, vectors[::10], np.zeros((3, vectors.shape[1]), np.float32)])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_vectors_of_photos_are_found_as_by_brute_force(
    backend: Backend, metric: Metric, photo_vectors: Features
) -> None:
    """The queries are photos, some of them with a twin, and means of two photos."""
    index = backend([photo_vectors[:50], photo_vectors[50:]], metric)
    mixed = (photo_vectors[:30] + photo_vectors[30:60]) / 2
    for query in (*photo_vectors[::9], *mixed[::9]):
        hits, distances = index.search(query, 15, metric, accept_all)
        expected = true_distances(photo_vectors, query, metric)
        scale = 1e-9 * max(1.0, float(expected.max()))
        np.testing.assert_allclose(distances, np.sort(expected)[:15], rtol=1e-9, atol=scale)
        np.testing.assert_allclose(expected[hits], distances, rtol=1e-9, atol=scale)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("backend", [coded, half_coded])
def test_full_codes_narrow_down_rows_that_projected_codes_cannot(
    backend: Backend, metric: Metric
) -> None:
    """All directions vary alike, so projected codes leave many rows; the result is still exact."""
    rng = np.random.default_rng(4)
    features = rng.standard_normal((6000, 48)).astype(np.float32)  # no direction varies more
    index = backend(np.split(features, [2500]), metric)
    for query in rng.standard_normal((5, 48)).astype(np.float32):
        hits, _ = index.search(query, 10, metric, accept_all)
        expected = true_distances(features, query, metric)
        np.testing.assert_allclose(expected[hits], np.sort(expected)[:10], rtol=1e-12)
