"""What the contract cannot see of Milvus: searches that leave something out, files, other clients.

With Milvus Lite, which is a server in this process.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference_engine import entry

from sokkuri.core.errors import EngineError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import Holding
from sokkuri.search.engines.milvus import MilvusEngine

ROWS, DIMENSION = 60, 8
VECTORS: Features = np.random.default_rng(4).standard_normal((ROWS, DIMENSION)).astype(np.float32)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MilvusEngine]:
    with closing(MilvusEngine(f"milvus://{tmp_path}/lite.db/photos")) as found:
        yield found


def fill(engine: MilvusEngine, metric: Metric) -> None:
    engine.create(Holding("a token", "f" * 64, DIMENSION, metric))
    engine.put([entry(key) for key in range(ROWS)], VECTORS)
    engine.finish()


def order(query: NDArray[np.float32], metric: Metric, keys: NDArray[np.int64]) -> list[int]:
    some = VECTORS[keys].astype(np.float64)
    if metric == "l2":
        measured = np.linalg.norm(some - query, axis=1)
    else:
        measured = -(some @ query) / np.linalg.norm(some, axis=1)
    found: list[int] = keys[np.argsort(measured)].tolist()
    return found


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("left_out", [slice(0, None), slice(0, 3), slice(1, None, 2)])
def test_what_a_filtered_search_leaves_out_is_measured(
    engine: MilvusEngine, metric: Metric, left_out: slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an index may leave out some of the rows that a filter lets through."""
    fill(engine, metric)
    search: Callable[..., Any] = engine._search

    def leaving_out(*asked: Any) -> Any:
        found = search(*asked)
        kept = [np.delete(np.arange(len(keys)), np.arange(len(keys))[left_out])
                for keys, _ in found]  # fmt: skip
        return [(keys[some], measured[some])
                for (keys, measured), some in zip(found, kept, strict=True)]  # fmt: skip

    monkeypatch.setattr(engine, "_search", leaving_out)
    among = np.arange(5, 45)
    queries = VECTORS[[2, 50]] * np.float32(1.5)
    found = engine.nearest(queries, 12, among)
    for number, query in enumerate(queries):
        assert found[number].tolist() == order(query, metric, among)[:12]


def test_more_keys_than_one_filter_lists(
    engine: MilvusEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sokkuri.search.engines.milvus._LISTED", 7)
    monkeypatch.setattr("sokkuri.search.engines.milvus._RESULTS", 7)
    monkeypatch.setattr("sokkuri.search.engines.milvus._BYTES", 4 * DIMENSION * 11)
    monkeypatch.setattr("sokkuri.search.engines.milvus._DELETED", 3)
    fill(engine, "l2")
    among = np.arange(3, 56)
    found = engine.nearest(VECTORS[:3], 50, among)
    for number in range(3):
        assert found[number].tolist() == order(VECTORS[number], "l2", among)[:50]
    engine.delete(np.arange(10))
    engine.finish()
    assert sorted(np.concatenate([*engine.keys()]).tolist()) == [*range(10, ROWS)]


def test_a_collection_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    from pymilvus import MilvusClient

    file = f"{tmp_path}/lite.db"
    with closing(MilvusEngine(f"milvus://{file}/theirs")) as engine:
        assert engine.held() is None
        with closing(MilvusClient(file, dedicated=True)) as client:
            client.create_collection("theirs", dimension=3)
            client.insert("theirs", [{"id": 1, "vector": [1.0, 2.0, 3.0]}])
            for ask in (engine.held, lambda: engine.nearest(VECTORS[:1], 1)):
                with pytest.raises(EngineError, match="did not make: name another"):
                    ask()
            assert len(client.query("theirs", ids=[1])) == 1


def test_a_file_is_given_back_when_nobody_here_uses_it(tmp_path: Path) -> None:
    """So that another process can have it."""
    from milvus_lite import MilvusLite
    from milvus_lite.exceptions import DataDirLockedError

    address = f"milvus://{tmp_path}/lite.db/photos"
    with closing(MilvusEngine(address)) as one:
        with closing(MilvusEngine(address)) as other:
            fill(other, "l2")
        assert one.held() is not None
        with pytest.raises(DataDirLockedError):
            MilvusLite(f"{tmp_path}/lite.db")
    opened = MilvusLite(f"{tmp_path}/lite.db")
    with pytest.raises(
        EngineError, match="photos cannot be opened: another process may have it open"
    ):
        one.held()
    opened.close()
    with closing(one):
        assert one.nearest(VECTORS[:1], 1)[0, 0] == 0
