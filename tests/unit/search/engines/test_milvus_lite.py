"""Milvus beyond the contract of engines: incomplete searches, locked files, foreign collections.

Runs Milvus Lite, a server inside this process.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference_engine import make_record

from sokkuri.core.errors import EngineError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import IndexInfo
from sokkuri.search.engines.milvus import MilvusEngine

ROWS, DIMENSION = 60, 8
VECTORS: Features = np.random.default_rng(4).standard_normal((ROWS, DIMENSION)).astype(np.float32)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MilvusEngine]:
    with closing(MilvusEngine(f"milvus://{tmp_path}/lite.db/photos")) as opened:
        yield opened


def fill(engine: MilvusEngine, metric: Metric) -> None:
    engine.create(IndexInfo("a token", "f" * 64, DIMENSION, metric))
    engine.upsert([make_record(key) for key in range(ROWS)], VECTORS)
    engine.flush()


def nearest_first(query: NDArray[np.float32], metric: Metric, keys: NDArray[np.int64]) -> list[int]:
    """Return the keys by ascending distance of their vectors."""
    vectors = VECTORS[keys].astype(np.float64)
    if metric == "l2":
        distances = np.linalg.norm(vectors - query, axis=1)
    else:
        distances = -(vectors @ query) / np.linalg.norm(vectors, axis=1)
    ordered: list[int] = keys[np.argsort(distances)].tolist()
    return ordered


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("missed", [slice(0, None), slice(0, 3), slice(1, None, 2)])
def test_rows_that_a_filtered_search_misses_are_compared_here(
    engine: MilvusEngine, metric: Metric, missed: slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index may miss some of the rows that pass a filter."""
    fill(engine, metric)
    search: Callable[..., Any] = engine._search_index

    def with_misses(*arguments: Any) -> Any:
        return [
            (np.delete(keys, missed), np.delete(distances, missed))
            for keys, distances in search(*arguments)
        ]

    monkeypatch.setattr(engine, "_search_index", with_misses)
    among = np.arange(5, 45)
    queries = VECTORS[[2, 50]] * np.float32(1.5)
    results = engine.search(queries, 12, among)
    for query, keys in zip(queries, results, strict=True):
        assert keys.tolist() == nearest_first(query, metric, among)[:12]


def test_keys_that_do_not_fit_in_one_filter_are_all_searched(
    engine: MilvusEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sokkuri.search.engines.milvus._FILTER_KEYS", 7)
    monkeypatch.setattr("sokkuri.search.engines.milvus._MESSAGE_HITS", 7)
    monkeypatch.setattr("sokkuri.search.engines.milvus._MESSAGE_BYTES", 4 * DIMENSION * 11)
    monkeypatch.setattr("sokkuri.search.engines.milvus._DELETE_KEYS", 3)
    fill(engine, "l2")
    among = np.arange(3, 56)
    results = engine.search(VECTORS[:3], 50, among)
    for query, keys in zip(VECTORS[:3], results, strict=True):
        assert keys.tolist() == nearest_first(query, "l2", among)[:50]
    engine.delete(np.arange(10))
    engine.flush()
    assert sorted(np.concatenate([*engine.keys()]).tolist()) == [*range(10, ROWS)]


def test_a_collection_of_another_program_is_left_alone(tmp_path: Path) -> None:
    from pymilvus import MilvusClient

    file = f"{tmp_path}/lite.db"
    with closing(MilvusEngine(f"milvus://{file}/theirs")) as engine:
        assert engine.info() is None
        with closing(MilvusClient(file, dedicated=True)) as client:
            client.create_collection("theirs", dimension=3)
            client.insert("theirs", [{"id": 1, "vector": [1.0, 2.0, 3.0]}])
            for call in (engine.info, lambda: engine.search(VECTORS[:1], 1)):
                with pytest.raises(EngineError, match="did not make: name another"):
                    call()
            assert len(client.query("theirs", ids=[1])) == 1


def test_the_last_user_in_this_process_releases_the_file(tmp_path: Path) -> None:
    """Afterwards another process can open it."""
    from milvus_lite import MilvusLite
    from milvus_lite.exceptions import DataDirLockedError

    address = f"milvus://{tmp_path}/lite.db/photos"
    with closing(MilvusEngine(address)) as first:
        with closing(MilvusEngine(address)) as second:
            fill(second, "l2")
        assert first.info() is not None
        with pytest.raises(DataDirLockedError):
            MilvusLite(f"{tmp_path}/lite.db")
    opened = MilvusLite(f"{tmp_path}/lite.db")
    with pytest.raises(
        EngineError, match="photos cannot be opened: another process may have it open"
    ):
        first.info()
    opened.close()
    with closing(first):
        assert first.search(VECTORS[:1], 1)[0, 0] == 0
