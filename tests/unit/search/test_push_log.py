"""Searches through an engine: rows in the engine, rows that it lacks, and changes by pushes."""

from contextlib import closing
from pathlib import Path

import pytest
from reference_engine import ReferenceEngine
from synthetic_collection import Bench, create_empty

from sokkuri.core.errors import EngineError
from sokkuri.search import push as pushing
from sokkuri.search.push import push
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_images(0, 1300)
    return bench


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ReferenceEngine:
    """The engine that every address opens."""
    reference = ReferenceEngine()
    monkeypatch.setattr(pushing, "_QUERIES", 10)
    monkeypatch.setattr("sokkuri.search.searcher.open_engine", lambda address: reference)
    return reference


def run_push(bench: Bench, engine: ReferenceEngine) -> None:
    assert [*push(bench.collection, engine)][-1].result is not None


def test_a_search_through_an_engine_returns_the_same_hits(
    bench: Bench, engine: ReferenceEngine
) -> None:
    run_push(bench, engine)
    engine.searches.clear()
    local = Searcher(bench.collection)
    with closing(Searcher(bench.collection, "reference://")) as remote:
        for options in (SearchOptions(), SearchOptions(where="id > '00020'")):
            expected = local.search(["00700"], 12, options=options)
            hits = remote.search(["00700"], 12, options=options)
            assert hits.ids == expected.ids
            assert (hits.exact, hits.recall, expected.exact) == (False, 1.0, True)
        assert len(engine.searches) == 2
        assert remote.search(["00700"], options=SearchOptions(mode="exact")).exact
        assert remote.search(["00700"], metric="l2").exact
        assert len(engine.searches) == 2
        results = remote.search_each(["00003", "no such", "00004"], 5)
        assert [getattr(result, "ids", ("",))[0] for result in results] == ["00003", "", "00004"]


def test_a_searcher_follows_pushes(bench: Bench, engine: ReferenceEngine) -> None:
    """New rows are searched on this machine until they are pushed. `refresh` opens the index again
    only after a push that changed the engine."""
    run_push(bench, engine)
    searcher = Searcher(bench.collection, "reference://")
    assert not searcher.refresh()
    bench.add_images(1300, 5)
    assert searcher.refresh()
    engine.vectors.pop(next(iter(engine.vectors)))
    assert searcher.search(["01303"], 1).ids == ("01303",)
    run_push(bench, engine)
    assert searcher.refresh()
    assert not searcher.refresh()
    run_push(bench, engine)
    assert not searcher.refresh(), "the push changed nothing"
    assert searcher.search(["01303"], 1).ids == ("01303",)


def test_searching_an_engine_without_the_collection_raises(
    bench: Bench, engine: ReferenceEngine
) -> None:
    searcher = Searcher(bench.collection, "reference://")
    with pytest.raises(EngineError, match="holds nothing of"):
        searcher.search(["00700"])
    run_push(bench, engine)
    assert searcher.refresh()
    assert searcher.search(["00700"], 1).ids == ("00700",)
    engine.drop()
    with pytest.raises(EngineError, match="holds nothing of"):
        Searcher(bench.collection, "reference://").search(["00700"])


def test_a_recall_that_was_never_measured_is_0(
    bench: Bench, engine: ReferenceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sokkuri.search.push._Push._update_recall", lambda self: iter(()))
    run_push(bench, engine)
    hits = Searcher(bench.collection, "reference://").search(["00700"])
    assert (hits.exact, hits.recall) == (False, 0.0)
