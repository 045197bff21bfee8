"""Every vector engine keeps the promises of `VectorEngine`, and `RemoteIndex` those of indexes."""

import gc
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from engine_servers import engine_address, postgres_server  # noqa: F401 - fixtures
from numpy.typing import NDArray
from reference_engine import make_record

from sokkuri.core.errors import EngineError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import IndexInfo, VectorEngine, VectorRecord
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.vectors import ExactIndex, VectorBlocks
from sokkuri.search.vectors.remote import RemoteIndex, normalise_for_engine

DIMENSION = 32
METRICS: list[Metric] = ["cosine", "l2"]


def index_info(metric: Metric = "cosine", dimension: int = DIMENSION) -> IndexInfo:
    return IndexInfo("a token", "f" * 64, dimension, metric)


def draw_vectors(count: int, metric: Metric = "cosine", dimension: int = DIMENSION) -> Features:
    vectors = np.random.default_rng(count).standard_normal((count, dimension))
    return normalise_for_engine(vectors.astype(np.float32), metric)[0]


def records(keys: NDArray[np.int64]) -> list[VectorRecord]:
    return [make_record(key) for key in keys.tolist()]


@pytest.fixture
def engine(engine_address: str) -> Iterator[VectorEngine]:  # noqa: F811
    with closing(open_engine(engine_address)) as opened:
        yield opened
    gc.collect()  # an unclosed connection would raise a warning in another test


def fill(engine: VectorEngine, vectors: Features, metric: Metric = "cosine") -> NDArray[np.int64]:
    """Upsert vectors under keys of two shards; return the keys."""
    keys = np.arange(len(vectors)) + np.where(np.arange(len(vectors)) % 2, 5 << 32, 2**30 << 32)
    engine.create(index_info(metric, vectors.shape[1]))
    engine.upsert(records(keys), vectors)
    engine.flush()
    return keys


def all_keys(engine: VectorEngine) -> list[int]:
    return sorted(np.concatenate([np.empty(0, np.int64), *engine.keys()]).tolist())


def test_info_is_what_the_collection_was_first_created_for(
    engine: VectorEngine,
    engine_address: str,  # noqa: F811
) -> None:
    """It is None at first. A second `create` changes nothing, and every client sees the same."""
    assert engine.info() is None
    for metric in METRICS:
        engine.create(index_info(metric))
        assert engine.info() == index_info("cosine")
    with closing(open_engine(engine_address)) as other:
        assert other.info() == index_info("cosine")
        assert other.address == engine.address
    assert all_keys(engine) == []


@pytest.mark.parametrize("metric", METRICS)
def test_a_search_returns_the_nearest(engine: VectorEngine, metric: Metric) -> None:
    vectors = draw_vectors(300, metric)
    keys = fill(engine, vectors, metric)
    queries = vectors[:5] + np.float32(0.01)
    results = engine.search(queries, 20)
    distances = np.linalg.norm(vectors[None] - queries[:, None], axis=2)
    if metric == "cosine":
        lengths = np.linalg.norm(queries, axis=1)[:, None]
        distances = 1 - np.einsum("qd,nd->qn", queries, vectors) / lengths
    order = np.argsort(distances, axis=1)[:, :20]
    for result, nearest in zip(results, keys[order], strict=True):
        assert result[0] == nearest[0]
        assert len({*result.tolist()} & {*nearest.tolist()}) >= 19


def test_an_upsert_replaces_equal_keys(engine: VectorEngine) -> None:
    vectors = draw_vectors(50)
    keys = fill(engine, vectors)
    engine.upsert(records(keys[:20]), vectors[:20])  # as a push does after a kill
    engine.upsert(records(keys[7:8]), -vectors[9:10])
    engine.flush()
    assert all_keys(engine) == sorted(keys.tolist())
    assert engine.search(-vectors[9:10], 1)[0, 0] == keys[7]


def test_searches_do_not_return_deleted_keys(engine: VectorEngine) -> None:
    vectors = draw_vectors(50)
    keys = fill(engine, vectors)
    engine.delete(keys[:10])
    engine.delete(np.array([keys[3], 77 << 32], np.int64))  # already deleted; never there
    engine.delete(np.empty(0, np.int64))
    engine.flush()
    assert all_keys(engine) == sorted(keys[10:].tolist())
    results = engine.search(vectors[:3], 50)
    assert not {*keys[:10].tolist()} & {*results.reshape(-1).tolist()}
    assert (np.sort(results, axis=1)[:, :10] == -1).all(), "only 40 are left"


def test_a_search_among_keys_compares_all_of_them(engine: VectorEngine) -> None:
    vectors = draw_vectors(400)
    keys = fill(engine, vectors)
    far = np.argsort(vectors @ vectors[0])[:30]
    (result,) = engine.search(vectors[:1], 10, keys[far])
    assert result.tolist() == keys[far[np.argsort(-(vectors[far] @ vectors[0]))][:10]].tolist()
    among = np.array([keys[2], 99 << 32, keys[5]], np.int64)  # the second does not exist
    (result,) = engine.search(vectors[:1], 3, among)
    assert {*result.tolist()} == {int(keys[2]), int(keys[5]), -1}
    assert result[2] == -1


def test_a_search_returns_up_to_max_candidates(engine: VectorEngine) -> None:
    vectors = draw_vectors(engine.max_candidates + 100 if engine.max_candidates < 5000 else 200)
    keys = fill(engine, vectors)
    results = engine.search(vectors[:2], engine.max_candidates)
    assert results.shape == (2, engine.max_candidates)
    most = min(engine.max_candidates, len(keys))
    assert all(len({*result.tolist()} - {-1}) >= most * 0.95 for result in results)


def test_any_text_and_number_can_be_stored(engine: VectorEngine) -> None:
    """Names that are not UTF-8, contain quotes, or are long; sizes that are unknown or huge."""
    names = ["plain.jpg", "Ünïcode/そ.jpg", "broken\udcff.jpg", "'; DROP TABLE x; --", "a\\b\tc",
             "nul\0", "x/" * 400 + "long.jpg", ""]  # fmt: skip
    odd_records = [
        VectorRecord(key, name, f"folder/{name}", None if key % 2 else 2**31 - 1, None,
                     2**62 * (key % 2), (-1) ** key * 4 * 10**18)
        for key, name in enumerate(names)
    ]  # fmt: skip
    engine.create(index_info())
    engine.upsert(odd_records, draw_vectors(len(odd_records)))
    engine.upsert(odd_records, draw_vectors(len(odd_records)))
    engine.flush()
    assert all_keys(engine) == list(range(len(odd_records)))


def test_vectors_of_many_dimensions_can_be_searched(engine: VectorEngine) -> None:
    """Engines that cannot index 2,100 dimensions compare all vectors."""
    vectors = draw_vectors(30, dimension=2100)
    keys = fill(engine, vectors)
    assert engine.search(vectors[4:5], 3)[0, 0] == keys[4]


def test_searching_a_missing_collection_raises_an_error_of_one_line(engine: VectorEngine) -> None:
    with pytest.raises(EngineError) as caught:
        engine.search(draw_vectors(1), 3)
    assert engine.address in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["pgvector://user:geheim@127.0.0.1:9/db/table", "milvus://user:geheim@127.0.0.1:9/name"],
)
def test_an_engine_that_is_down_raises_an_error_of_one_line(address: str) -> None:
    """The line contains the address but no password. Nothing listens at port 9."""
    if address.startswith("milvus"):
        pytest.importorskip("sokkuri.search.engines.milvus")
    with closing(open_engine(address)) as offline:
        for call in (offline.info, lambda: offline.create(index_info())):
            with pytest.raises(EngineError) as caught:
                call()
            message = str(caught.value)
            assert message.startswith(offline.address)
            assert "geheim" not in message + offline.address + repr(caught.value.__cause__)
            assert "\n" not in message


@pytest.mark.parametrize("metric", METRICS)
def test_an_index_over_an_engine_returns_the_same_hits_as_an_exact_search(
    engine: VectorEngine, metric: Metric
) -> None:
    """With equal rows, refused rows, masks of any share, rows that the engine lacks, and zero, huge
    and tiny rows."""
    rng = np.random.default_rng(8)
    features = rng.standard_normal((3000, 16)).astype(np.float32) * 3
    features[50:60] = features[7]
    features[60], features[61], features[62] = 0, 1e30, 1e-30
    rows = VectorBlocks(np.split(features, [1100, 1500]), [4, 2, 9])
    in_engine = np.arange(3000) % 1000 < 900
    vectors, usable = normalise_for_engine(features, metric)
    in_engine &= usable
    keys = rows.numbers.to_keys(np.arange(3000))
    engine.create(index_info(metric, 16))
    for part in np.array_split(np.flatnonzero(in_engine), 3):
        engine.upsert(records(keys[part]), vectors[part])
    engine.flush()
    index = RemoteIndex(rows, in_engine, [None] * 3, engine, metric)
    exact = ExactIndex(rows.blocks)
    nearest = exact.search(features[7], 400, metric, lambda rows: rows >= 0)[0]
    for refused in (nearest[:0], nearest[:30], nearest[:400]):
        for share in (1.0, 0.6, 0.36, 0.001):
            mask = None if share == 1 else rng.random(3000) < share
            for query in (features[7], features[55], features[60]):
                arguments = query, 9, metric, lambda rows, no=refused: ~np.isin(rows, no), mask
                hits, distances = index.search(*arguments)
                expected, true_distances = exact.search(*arguments)
                assert len(hits) == len(expected)
                np.testing.assert_allclose(distances[:3], true_distances[:3], rtol=1e-9, atol=1e-12)
                assert len({*hits.tolist()} & {*expected.tolist()}) >= len(expected) - 1
