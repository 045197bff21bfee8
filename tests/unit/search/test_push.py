"""An engine comes in step with a collection, whatever happened to either."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reference_engine import ReferenceEngine
from synthetic_collection import DIMENSION, Bench, empty, extracted, listed, refs

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, EngineError, ModelMismatchError
from sokkuri.indexing.compact import compact
from sokkuri.search import push as pushing
from sokkuri.search.push import PushReport, push
from sokkuri.search.push_log import doubt, name_of, pushed_states
from sokkuri.search.searcher import Searcher
from sokkuri.search.vectors.row_keys import key_at
from sokkuri.store.derived import derived_folder, try_lock


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(empty(tmp_path / "photos"))
    bench.add_drawn(0, 250)
    return bench


@pytest.fixture
def engine() -> ReferenceEngine:
    return ReferenceEngine()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "BATCH", 100)
    monkeypatch.setattr(pushing, "_QUERIES", 10)


def pushed(bench: Bench, engine: ReferenceEngine) -> PushReport:
    report = [*push(bench.collection, engine)][-1].result
    assert report is not None
    return report


def counts(report: PushReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.deleted, report.unchanged


def assert_in_step(bench: Bench, engine: ReferenceEngine) -> None:
    """The engine holds the live images and nothing else, as they are."""
    rows = bench.catalog.all(
        "SELECT shard, row, id, path, width, height, size, mtime_ns FROM images"
        " WHERE shard IS NOT NULL AND removed = 0 AND missing IS NULL"
    )
    wanted = {key_at(shard, row): (id_, path, *others) for shard, row, id_, path, *others in rows}
    held = {
        key: (one.id, one.path, one.width, one.height, one.size, one.mtime_ns)
        for key, one in engine.records.items()
    }
    assert held == wanted
    vectors = bench.collection.vectors([(key >> 32, key & (2**32 - 1)) for key in held])
    lengths = np.linalg.norm(vectors, axis=1)[:, None]
    np.testing.assert_allclose(np.stack([*engine.vectors.values()]), vectors / lengths, rtol=1e-5)
    assert [state.behind for state in pushed_states(bench.collection)] == [0]


def test_what_is_new_changed_and_gone(bench: Bench, engine: ReferenceEngine) -> None:
    """The second push sends nothing, and each after it what changed."""
    assert counts(pushed(bench, engine)) == (250, 0, 0, 0)
    assert_in_step(bench, engine)
    assert engine.sent == 250
    assert counts(pushed(bench, engine)) == (0, 0, 0, 250)
    assert (engine.sent, engine.flushes) == (250, 1)
    bench.collection.remove(["00003", "00004"])
    bench.add_drawn(250, 10)
    assert counts(pushed(bench, engine)) == (10, 0, 2, 248)
    assert_in_step(bench, engine)
    bench.collection.restore(["00003"])
    bench.catalog.run("UPDATE images SET path = 'elsewhere', mtime_ns = 7 WHERE id = '00009'")
    assert counts(pushed(bench, engine)) == (1, 1, 0, 257)
    assert_in_step(bench, engine)


def test_vanished_and_changed_images(bench: Bench, engine: ReferenceEngine) -> None:
    pushed(bench, engine)
    ids = [f"{number:05d}" for number in range(250)]
    bench.listed(*ids[2:], gone=ids[:2])
    listed(bench.catalog, [*refs(*ids[3:]), *refs(ids[2], mtime_ns=9)], bench.run, gone=ids[:2])
    jobs = bench.jobs()
    bench.commit(extracted(jobs[ids[2]], b"another content", np.ones(DIMENSION, np.float32), 9))
    bench.writer.finish()
    assert counts(pushed(bench, engine)) == (1, 0, 3, 247)
    assert_in_step(bench, engine)


def test_compacted_shards_have_new_keys(bench: Bench, engine: ReferenceEngine) -> None:
    pushed(bench, engine)
    bench.collection.remove([f"{number:05d}" for number in range(0, 250, 2)])
    bench.writer.finish()
    compact(bench.collection)
    before = {key >> 32 for key in engine.records}
    assert counts(pushed(bench, engine)) == (125, 0, 250, 0)
    assert not {key >> 32 for key in engine.records} & before
    assert_in_step(bench, engine)
    assert counts(pushed(bench, engine)) == (0, 0, 0, 125)


@pytest.mark.parametrize("calls", range(5))
def test_cut_short_it_goes_on(bench: Bench, engine: ReferenceEngine, calls: int) -> None:
    """What the engine has acknowledged is not sent again, and until all is in it, searches find
    the rest here."""
    pushed(bench, engine)
    bench.collection.remove([f"{number:05d}" for number in range(100)])
    bench.add_drawn(250, 320)
    engine.failing = calls
    with pytest.raises(EngineError):
        pushed(bench, engine)
    engine.failing = None
    sent = engine.sent
    assert sent == 250 + min(100 * calls, 320)
    searcher = Searcher(bench.collection)
    assert searcher.search(["00500"], 1).ids == ("00500",)
    report = pushed(bench, engine)
    assert report.added + (sent - 250) == 320
    assert engine.sent == 250 + 320
    assert_in_step(bench, engine)


class _KilledError(BaseException):
    """As a kill: nothing of ours runs after it."""


@pytest.mark.parametrize("changed", ["removed", "restored", "moved back"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_was_under_way_is_never_taken_for_done(
    bench: Bench,
    engine: ReferenceEngine,
    changed: str,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kill between the engine's work and its note, and a change before the next push."""
    pushed(bench, engine)
    undo: Callable[[], object]
    move = "UPDATE images SET path = ? WHERE id = '00009'"
    if changed == "removed":
        bench.add_drawn(250, 1)
        undo = lambda: bench.collection.remove(["00250"])  # noqa: E731
    elif changed == "restored":
        bench.collection.remove(["00009"])
        undo = lambda: bench.collection.restore(["00009"])  # noqa: E731
    else:
        bench.catalog.run(move, ["elsewhere"])
        undo = lambda: bench.catalog.run(move, ["00009"])  # noqa: E731
    with monkeypatch.context() as patched:
        for name in ("upsert", "delete"):
            real = getattr(engine, name)

            def killed(*given: object, real: Callable[..., None] = real) -> None:
                if moment == "after":
                    real(*given)
                raise _KilledError

            patched.setattr(engine, name, killed)
        with pytest.raises(_KilledError):
            pushed(bench, engine)
    undo()
    pushed(bench, engine)
    assert_in_step(bench, engine)
    assert counts(pushed(bench, engine)) == (0, 0, 0, 250)


def test_killed_while_the_engine_indexes(
    bench: Bench, engine: ReferenceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was put but may not be found yet is searched here, and the next push waits for it."""

    def killed() -> None:
        raise _KilledError

    with monkeypatch.context() as patched:
        patched.setattr(engine, "flush", killed)
        with pytest.raises(_KilledError):
            pushed(bench, engine)
    (state,) = pushed_states(bench.collection)
    assert (state.rows, state.behind) == (0, 250)
    assert counts(pushed(bench, engine)) == (0, 0, 0, 250)
    assert engine.flushes == 1
    assert_in_step(bench, engine)


def ledger(collection: Collection) -> Path:
    (found,) = derived_folder(collection).glob("pushed-*.sqlite")
    return found


@pytest.mark.parametrize("damage", ["gone", "damaged", "of another version"])
def test_a_lost_ledger_loses_nothing(bench: Bench, engine: ReferenceEngine, damage: str) -> None:
    """The engine says which keys it holds: what is gone goes, the rest is sent once more."""
    pushed(bench, engine)
    bench.collection.remove(["00007"])
    if damage == "gone":
        for part in ledger(bench.collection).parent.glob("pushed-*"):
            part.unlink()
    elif damage == "damaged":
        ledger(bench.collection).write_bytes(os.urandom(5000))
    else:
        import sqlite3

        with sqlite3.connect(ledger(bench.collection)) as tables:
            tables.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
        tables.close()
    assert counts(pushed(bench, engine)) == (0, 249, 1, 0)
    assert_in_step(bench, engine)
    assert counts(pushed(bench, engine)) == (0, 0, 0, 249)


def test_a_collection_dropped_there_is_made_again(bench: Bench, engine: ReferenceEngine) -> None:
    pushed(bench, engine)
    first = engine.info()
    engine.drop()
    assert counts(pushed(bench, engine)) == (250, 0, 0, 0)
    assert engine.info() != first
    assert_in_step(bench, engine)


def test_what_is_not_ours_is_refused(bench: Bench, engine: ReferenceEngine, tmp_path: Path) -> None:
    other = Bench(empty(tmp_path / "other"))
    other.add_drawn(0, 5)
    pushed(other, engine)
    with pytest.raises(CollectionError, match="holds another collection's images"):
        pushed(bench, engine)
    assert engine.index_info is not None
    engine.index_info = replace(engine.index_info, fingerprint="f" * 64)
    with pytest.raises(ModelMismatchError, match=r"another model \(fingerprint ffffffffffff\)"):
        pushed(other, engine)
    assert len(engine.records) == 5


def test_two_at_once(bench: Bench, engine: ReferenceEngine) -> None:
    """The second says so; when the first has gone, it may."""
    with try_lock(bench.collection, name_of(engine.address)) as first:
        assert first
        with pytest.raises(CollectionError, match="push to reference://here/it is under way"):
            pushed(bench, engine)
    assert counts(pushed(bench, engine)) == (250, 0, 0, 0)


def test_vectors_that_no_engine_can_compare_stay_here(
    tmp_path: Path, engine: ReferenceEngine
) -> None:
    bench = Bench(empty(tmp_path / "photos"))
    features = np.random.default_rng(1).random((6, DIMENSION)).astype(np.float32)
    features[2], features[4] = 0, 1e30
    bench.fill(features, list("abcdef"))
    for report in (pushed(bench, engine), pushed(bench, engine)):
        assert (report.unfit, report.added + report.unchanged) == (2, 4)
    assert len(engine.records) == 4
    assert [state.behind for state in pushed_states(bench.collection)] == [0]
    bench.collection.remove(["c"])
    assert (pushed(bench, engine).unfit, len(engine.records)) == (1, 4)


def test_rows_that_were_mended_are_sent_again(bench: Bench, engine: ReferenceEngine) -> None:
    """`verify --repair` can put other rows in their places."""
    pushed(bench, engine)
    (shard,) = bench.collection.rows_per_shard()
    doubt(bench.collection, shard)
    assert [state.rows for state in pushed_states(bench.collection)] == [0]
    assert counts(pushed(bench, engine)) == (0, 250, 0, 0)
    assert_in_step(bench, engine)


def test_the_recall_is_measured_when_much_changed(bench: Bench, engine: ReferenceEngine) -> None:
    assert pushed(bench, engine).recall == {1: 1.0, 10: 1.0, 100: 1.0}
    steps = [step.stage for step in push(bench.collection, engine)]
    assert "measuring" not in steps
    bench.add_drawn(250, 10)
    assert "measuring" not in [step.stage for step in push(bench.collection, engine)]
    bench.add_drawn(260, 20)
    assert "measuring" in [step.stage for step in push(bench.collection, engine)]


def test_an_empty_collection(tmp_path: Path, engine: ReferenceEngine) -> None:
    bench = Bench(empty(tmp_path / "photos"))
    assert counts(pushed(bench, engine)) == (0, 0, 0, 0)
    assert engine.info() is not None


def test_progress_says_how_far_it_is(bench: Bench, engine: ReferenceEngine) -> None:
    steps = [*push(bench.collection, engine)]
    done = [step.done for step in steps if step.stage == "pushing"]
    assert done == sorted(done)
    assert done[-1] == 250
    assert {step.total for step in steps if step.stage == "pushing"} == {250}
