"""What a search makes of an engine: found there, found here, and followed as it changes."""

from contextlib import closing
from pathlib import Path

import pytest
from reference_engine import ReferenceEngine
from synthetic_collection import Bench, empty

from sokkuri.core.errors import EngineError
from sokkuri.search import push as pushing
from sokkuri.search.push import push
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(empty(tmp_path / "photos"))
    bench.add_drawn(0, 1300)
    return bench


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ReferenceEngine:
    """What every address opens."""
    found = ReferenceEngine()
    monkeypatch.setattr(pushing, "_QUERIES", 10)
    monkeypatch.setattr("sokkuri.search.searcher.open_engine", lambda address: found)
    return found


def pushed(bench: Bench, engine: ReferenceEngine) -> None:
    assert [*push(bench.collection, engine)][-1].result is not None


def test_a_searcher_finds_there_what_it_would_find_here(
    bench: Bench, engine: ReferenceEngine
) -> None:
    pushed(bench, engine)
    engine.searches.clear()
    here = Searcher(bench.collection)
    with closing(Searcher(bench.collection, "reference://")) as there:
        for options in (SearchOptions(), SearchOptions(where="id > '00020'")):
            expected = here.search(["00700"], 12, options=options)
            found = there.search(["00700"], 12, options=options)
            assert found.ids == expected.ids
            assert (found.exact, found.recall, expected.exact) == (False, 1.0, True)
        assert len(engine.searches) == 2
        assert there.search(["00700"], options=SearchOptions(mode="exact")).exact
        assert there.search(["00700"], metric="l2").exact
        assert len(engine.searches) == 2
        each = there.search_each(["00003", "no such", "00004"], 5)
        assert [getattr(one, "ids", ("",))[0] for one in each] == ["00003", "", "00004"]


def test_a_searcher_follows_pushes(bench: Bench, engine: ReferenceEngine) -> None:
    """What is new is found here until it is pushed, then there; in between nothing is opened
    anew."""
    pushed(bench, engine)
    searcher = Searcher(bench.collection, "reference://")
    assert not searcher.refresh()
    bench.add_drawn(1300, 5)
    assert searcher.refresh()
    engine.vectors.pop(next(iter(engine.vectors)))
    assert searcher.search(["01303"], 1).ids == ("01303",)
    pushed(bench, engine)
    assert searcher.refresh()
    assert not searcher.refresh()
    pushed(bench, engine)
    assert not searcher.refresh(), "there was nothing to push"
    assert searcher.search(["01303"], 1).ids == ("01303",)


def test_an_engine_that_holds_nothing_of_it_is_one_error(
    bench: Bench, engine: ReferenceEngine
) -> None:
    searcher = Searcher(bench.collection, "reference://")
    with pytest.raises(EngineError, match="holds nothing of"):
        searcher.search(["00700"])
    pushed(bench, engine)
    assert searcher.refresh()
    assert searcher.search(["00700"], 1).ids == ("00700",)
    engine.drop()
    with pytest.raises(EngineError, match="holds nothing of"):
        Searcher(bench.collection, "reference://").search(["00700"])


def test_a_recall_that_was_never_measured_is_none(
    bench: Bench, engine: ReferenceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sokkuri.search.push._Push._measured", lambda self: iter(()))
    pushed(bench, engine)
    hits = Searcher(bench.collection, "reference://").search(["00700"])
    assert (hits.exact, hits.recall) == (False, 0.0)
