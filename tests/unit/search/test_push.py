"""`push` brings an engine up to date with a collection, whatever happened to either."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from push_checks import assert_up_to_date, counts, run_push
from reference_engine import ReferenceEngine
from synthetic_collection import (
    DIMENSION,
    Bench,
    apply_listing,
    create_empty,
    damage_row,
    make_extracted,
    make_files,
    make_refs,
)

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, DamagedError, EngineError, ModelMismatchError
from sokkuri.indexing.compact import compact
from sokkuri.search import push as pushing
from sokkuri.search.code_files import CodeReader
from sokkuri.search.push import push
from sokkuri.search.push_log import RemoteIndexReader, log_name, pushed_states
from sokkuri.search.searcher import Searcher
from sokkuri.store.derived import derived_folder, try_lock


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_images(0, 250)
    return bench


@pytest.fixture
def engine() -> ReferenceEngine:
    return ReferenceEngine()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "BATCH", 100)
    monkeypatch.setattr(pushing, "_QUERIES", 10)


def test_a_push_sends_only_what_changed(bench: Bench, engine: ReferenceEngine) -> None:
    """The second push sends nothing. Later pushes send new and changed images, and delete removed
    ones."""
    assert counts(run_push(bench, engine)) == (250, 0, 0, 0)
    assert_up_to_date(bench, engine)
    assert engine.sent == 250
    assert counts(run_push(bench, engine)) == (0, 0, 0, 250)
    assert (engine.sent, engine.flushes) == (250, 1)
    bench.collection.remove(["00003", "00004"])
    bench.add_images(250, 10)
    assert counts(run_push(bench, engine)) == (10, 0, 2, 248)
    assert_up_to_date(bench, engine)
    bench.collection.restore(["00003"])
    bench.catalog.execute("UPDATE images SET path = 'elsewhere', mtime_ns = 7 WHERE id = '00009'")
    assert counts(run_push(bench, engine)) == (1, 1, 0, 257)
    assert_up_to_date(bench, engine)


def test_missing_and_changed_images_are_updated(bench: Bench, engine: ReferenceEngine) -> None:
    run_push(bench, engine)
    ids = [f"{number:05d}" for number in range(250)]
    bench.list_files(*ids[2:], gone=ids[:2])
    apply_listing(
        bench.catalog,
        [*make_refs(*ids[3:]), *make_refs(ids[2], mtime_ns=9)],
        bench.run,
        gone=ids[:2],
    )
    jobs = bench.claim_jobs()
    bench.commit(
        make_extracted(jobs[ids[2]], b"another content", np.ones(DIMENSION, np.float32), 9)
    )
    bench.writer.finish()
    assert counts(run_push(bench, engine)) == (1, 0, 3, 247)
    assert_up_to_date(bench, engine)


def test_compacted_shards_have_new_keys(bench: Bench, engine: ReferenceEngine) -> None:
    run_push(bench, engine)
    bench.collection.remove([f"{number:05d}" for number in range(0, 250, 2)])
    bench.writer.finish()
    compact(bench.collection)
    before = {key >> 32 for key in engine.records}
    assert counts(run_push(bench, engine)) == (125, 0, 250, 0)
    assert not {key >> 32 for key in engine.records} & before
    assert_up_to_date(bench, engine)
    assert counts(run_push(bench, engine)) == (0, 0, 0, 125)


def test_a_shard_compacted_away_before_the_measurement_is_no_error(
    bench: Bench, engine: ReferenceEngine
) -> None:
    """The push completes without a recall, and the next push measures it."""
    bench.collection.remove([f"{number:05d}" for number in range(0, 250, 2)])
    bench.writer.finish()
    for progress in push(bench.collection, engine):
        if progress.stage == "measuring":
            compact(bench.collection)
    assert progress.result is not None
    assert progress.result.recall == {}
    assert run_push(bench, engine).recall


def test_a_shard_damaged_before_the_measurement_is_an_error(
    bench: Bench, engine: ReferenceEngine
) -> None:
    (shard,) = bench.collection.rows_per_shard()
    steps = push(bench.collection, engine)
    while next(steps).stage != "measuring":
        pass
    os.truncate(bench.collection.shards.features_path(shard), 1000)
    with pytest.raises(DamagedError):
        next(steps)


@pytest.mark.parametrize("calls", range(5))
def test_an_interrupted_push_goes_on(bench: Bench, engine: ReferenceEngine, calls: int) -> None:
    """Rows that the engine has acknowledged are not sent again. Until the push is complete, the
    other rows are searched on this machine."""
    run_push(bench, engine)
    bench.collection.remove([f"{number:05d}" for number in range(100)])
    bench.add_images(250, 320)
    engine.failing = calls
    with pytest.raises(EngineError):
        run_push(bench, engine)
    engine.failing = None
    sent = engine.sent
    assert sent == 250 + min(100 * calls, 320)
    searcher = Searcher(bench.collection)
    assert searcher.search(["00500"], 1).ids == ("00500",)
    report = run_push(bench, engine)
    assert report.added + (sent - 250) == 320
    assert engine.sent == 250 + 320
    assert_up_to_date(bench, engine)


class _KilledError(BaseException):
    """Like a kill: no handler catches it."""


@pytest.mark.parametrize("changed", ["removed", "restored", "moved back"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_unfinished_work_is_never_recorded_as_done(
    bench: Bench,
    engine: ReferenceEngine,
    changed: str,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The push is killed just before or after the engine works, and an image changes before the
    next push."""
    run_push(bench, engine)
    undo: Callable[[], object]
    move = "UPDATE images SET path = ? WHERE id = '00009'"
    if changed == "removed":
        bench.add_images(250, 1)
        undo = lambda: bench.collection.remove(["00250"])  # noqa: E731
    elif changed == "restored":
        bench.collection.remove(["00009"])
        undo = lambda: bench.collection.restore(["00009"])  # noqa: E731
    else:
        bench.catalog.execute(move, ["elsewhere"])
        undo = lambda: bench.catalog.execute(move, ["00009"])  # noqa: E731
    with monkeypatch.context() as patched:
        for name in ("upsert", "delete"):
            real = getattr(engine, name)

            def killed(*arguments: object, real: Callable[..., None] = real) -> None:
                if moment == "after":
                    real(*arguments)
                raise _KilledError

            patched.setattr(engine, name, killed)
        with pytest.raises(_KilledError):
            run_push(bench, engine)
    undo()
    run_push(bench, engine)
    assert_up_to_date(bench, engine)
    assert counts(run_push(bench, engine)) == (0, 0, 0, 250)


def test_a_kill_while_the_engine_indexes_is_repaired_by_the_next_push(
    bench: Bench, engine: ReferenceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that the engine got but may not return yet are searched here. The next push waits until
    they are searchable."""

    def killed() -> None:
        raise _KilledError

    with monkeypatch.context() as patched:
        patched.setattr(engine, "flush", killed)
        with pytest.raises(_KilledError):
            run_push(bench, engine)
    (state,) = pushed_states(bench.collection)
    assert (state.rows, state.behind) == (0, 250)
    assert counts(run_push(bench, engine)) == (0, 0, 0, 250)
    assert engine.flushes == 1
    assert_up_to_date(bench, engine)


def push_log_path(collection: Collection) -> Path:
    (path,) = derived_folder(collection).glob("pushed-*.sqlite")
    return path


@pytest.mark.parametrize("damage", ["gone", "damaged", "of another version"])
def test_a_lost_push_log_is_rebuilt(bench: Bench, engine: ReferenceEngine, damage: str) -> None:
    """The push asks the engine for its keys, deletes removed images and sends the others again."""
    run_push(bench, engine)
    bench.collection.remove(["00007"])
    if damage == "gone":
        for part in push_log_path(bench.collection).parent.glob("pushed-*"):
            part.unlink()
    elif damage == "damaged":
        push_log_path(bench.collection).write_bytes(os.urandom(5000))
    else:
        import sqlite3

        with sqlite3.connect(push_log_path(bench.collection)) as tables:
            tables.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
        tables.close()
    assert counts(run_push(bench, engine)) == (0, 249, 1, 0)
    assert_up_to_date(bench, engine)
    assert counts(run_push(bench, engine)) == (0, 0, 0, 249)


def test_a_collection_that_was_dropped_in_the_engine_is_created_again(
    bench: Bench, engine: ReferenceEngine
) -> None:
    run_push(bench, engine)
    first = engine.info()
    engine.drop()
    assert counts(run_push(bench, engine)) == (250, 0, 0, 0)
    assert engine.info() != first
    assert_up_to_date(bench, engine)


def test_vectors_of_another_collection_or_model_are_refused(
    bench: Bench, engine: ReferenceEngine, tmp_path: Path
) -> None:
    other = Bench(create_empty(tmp_path / "other"))
    other.add_images(0, 5)
    run_push(other, engine)
    with pytest.raises(CollectionError, match="holds another collection's images"):
        run_push(bench, engine)
    assert engine.index_info is not None
    engine.index_info = replace(engine.index_info, fingerprint="f" * 64)
    with pytest.raises(ModelMismatchError, match=r"another model \(fingerprint ffffffffffff\)"):
        run_push(other, engine)
    assert len(engine.records) == 5


def test_a_copy_of_a_collection_does_not_share_its_pushes(
    bench: Bench, engine: ReferenceEngine
) -> None:
    """Guarantee: two copies of a store never write to one place, and the original goes on."""
    run_push(bench, engine)
    place = bench.collection.store.with_name("copy")
    bench.catalog.checkpoint()
    shutil.copytree(bench.collection.store, place)
    sent = {**engine.records}
    with Collection.open(place) as copy:
        assert pushed_states(copy) == ()
        reader = RemoteIndexReader(copy, CodeReader(copy), engine)
        with pytest.raises(EngineError, match="holds nothing of"):
            reader.searchable_rows(copy.rows_per_shard())
        for _ in range(2):
            with pytest.raises(CollectionError, match="the images of another copy"):
                list(push(copy, engine))
        other = ReferenceEngine()
        other.address = "reference://other"
        assert [*push(copy, other)][-1].result is not None
        assert len(other.records) == 250
        assert [state.address for state in pushed_states(copy)] == [other.address]
        with pytest.raises(CollectionError, match="another collection's images"):
            list(push(copy, engine))
    assert engine.records == sent
    bench.add_images(250, 10)
    assert counts(run_push(bench, engine))[0] == 10
    assert_up_to_date(bench, engine)


def test_a_push_of_an_older_version_is_not_taken_for_that_of_a_copy(
    bench: Bench, engine: ReferenceEngine
) -> None:
    run_push(bench, engine)
    bench.catalog.execute("DELETE FROM meta WHERE key = 'pushed_from'")
    assert counts(run_push(bench, engine)) == (0, 0, 0, 250)
    assert_up_to_date(bench, engine)


def test_a_second_push_at_the_same_time_is_refused(bench: Bench, engine: ReferenceEngine) -> None:
    """It may run when the first push has ended."""
    with try_lock(bench.collection, log_name(engine.address)) as is_locked:
        assert is_locked
        with pytest.raises(CollectionError, match="push to reference://here/it is running"):
            run_push(bench, engine)
    assert counts(run_push(bench, engine)) == (250, 0, 0, 0)


def test_vectors_that_no_engine_can_compare_are_not_sent(
    tmp_path: Path, engine: ReferenceEngine
) -> None:
    bench = Bench(create_empty(tmp_path / "photos"))
    features = np.random.default_rng(1).random((6, DIMENSION)).astype(np.float32)
    features[2], features[4] = 0, 1e30
    bench.add_vectors(features, list("abcdef"))
    for report in (run_push(bench, engine), run_push(bench, engine)):
        assert (report.unfit, report.added + report.unchanged) == (2, 4)
    assert len(engine.records) == 4
    assert [state.behind for state in pushed_states(bench.collection)] == [0]
    bench.collection.remove(["c"])
    assert (run_push(bench, engine).unfit, len(engine.records)) == (1, 4)


def test_the_rows_of_a_repaired_shard_are_sent_again(bench: Bench, engine: ReferenceEngine) -> None:
    """Guarantee: a committed row never changes, and its place is never used again. A repair gives
    the sound rows new places, so no key of the engine gets another vector."""
    run_push(bench, engine)
    before = set(engine.records)
    damage_row(bench.collection, "00120")
    make_files(bench.collection.root, bench.live_ids())
    bench.collection.repair()
    assert counts(run_push(bench, engine)) == (249, 0, 250, 0)
    assert_up_to_date(bench, engine)
    assert before.isdisjoint(engine.records)


def test_the_recall_is_measured_again_after_many_changes(
    bench: Bench, engine: ReferenceEngine
) -> None:
    assert run_push(bench, engine).recall == {1: 1.0, 10: 1.0, 100: 1.0}
    steps = [step.stage for step in push(bench.collection, engine)]
    assert "measuring" not in steps
    bench.add_images(250, 10)
    assert "measuring" not in [step.stage for step in push(bench.collection, engine)]
    bench.add_images(260, 20)
    assert "measuring" in [step.stage for step in push(bench.collection, engine)]


def test_an_empty_collection_can_be_pushed(tmp_path: Path, engine: ReferenceEngine) -> None:
    bench = Bench(create_empty(tmp_path / "photos"))
    assert counts(run_push(bench, engine)) == (0, 0, 0, 0)
    assert engine.info() is not None


def test_progress_counts_all_rows(bench: Bench, engine: ReferenceEngine) -> None:
    steps = [*push(bench.collection, engine)]
    done = [step.done for step in steps if step.stage == "pushing"]
    assert done == sorted(done)
    assert done[-1] == 250
    assert {step.total for step in steps if step.stage == "pushing"} == {250}


@pytest.mark.parametrize("damage", [7.0, np.nan])
def test_a_damaged_vector_is_never_pushed(
    bench: Bench, engine: ReferenceEngine, damage: float
) -> None:
    damage_row(bench.collection, "00120", damage)
    with pytest.raises(DamagedError, match="the vector of 00120 is damaged"):
        run_push(bench, engine)
    assert "00120" not in {record.id for record in engine.records.values()}
