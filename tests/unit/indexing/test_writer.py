"""How the writer commits each kind of outcome, and in which order."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty, make_extracted, make_same_bytes

from sokkuri.core.errors import StorageError
from sokkuri.core.types import RowRef
from sokkuri.indexing.outcomes import Failed, Gone
from sokkuri.store.images import count_images, find_image, read_failures
from sokkuri.store.leases import clear_ended_runs
from sokkuri.store.shard_table import find_shard, read_shards
from sokkuri.store.shards import SHARD_ROWS


def vector(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).random(DIMENSION, np.float32)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    collection = create_empty(tmp_path / "photos")
    bench = Bench(collection)
    yield bench
    bench.digests.close()
    collection.close()


def place(bench: Bench, id_: str) -> RowRef | None:
    row = find_image(bench.catalog, id_)
    assert row is not None
    return row.row


def stored(bench: Bench, id_: str) -> list[float]:
    at = place(bench, id_)
    assert at is not None
    shard = find_shard(bench.catalog, at.shard)
    assert shard is not None
    found: list[float] = bench.collection.shards.map_rows(at.shard, shard.rows)[at.row].tolist()
    return found


def test_new_images_get_rows(bench: Bench) -> None:
    bench.list_files("a", "b")
    jobs = bench.claim_jobs()
    bench.commit(
        *(make_extracted(jobs[id_], id_.encode(), vector(n)) for n, id_ in enumerate("ab"))
    )
    assert stored(bench, "a") == vector(0).tolist()
    assert stored(bench, "b") == vector(1).tolist()
    assert bench.writer.counts == {"added": 2}
    assert bench.collection.shards.read_ids(0).tolist() == ["a", "b"]


def test_an_outcome_for_a_lost_lease_is_ignored(bench: Bench) -> None:
    """Guarantee: nothing is done twice. The outcomes of a run that was suspended beyond its lease
    are ignored if another run has processed its images meanwhile."""
    bench.list_files("a")
    late = make_extracted(bench.claim_jobs()["a"], b"late", vector(1))
    bench.catalog.execute("UPDATE runs SET host = 'another host', expires = 0")
    other = Bench(bench.collection)
    clear_ended_runs(bench.catalog)
    other.commit(make_extracted(other.claim_jobs()["a"], b"other", vector(2)))
    bench.commit(late)
    assert stored(bench, "a") == vector(2).tolist()
    assert bench.writer.counts == {}
    assert read_shards(bench.catalog)[0].rows == 1
    other.digests.close()


def test_a_suspended_run_is_registered_again_when_it_takes_jobs(bench: Bench) -> None:
    bench.catalog.execute("UPDATE runs SET host = 'another host', expires = 0")
    clear_ended_runs(bench.catalog)
    assert bench.catalog.fetch_one("SELECT count(*) FROM runs")[0] == 0
    bench.list_files("a")
    bench.commit(make_extracted(bench.claim_jobs()["a"], b"a", vector(1)))
    assert bench.writer.counts == {"added": 1}


def test_a_changed_image_keeps_its_row_until_the_new_one_is_committed(bench: Bench) -> None:
    """Guarantee: a changed file replaces its row only after the new row is committed."""
    bench.add_vectors(np.stack([vector(0), vector(1)]), ["a", "b"])
    bench.list_files("a", "b", mtime_ns=2)
    jobs = bench.claim_jobs()
    assert stored(bench, "a") == vector(0).tolist()
    bench.commit(make_extracted(jobs["a"], b"changed", vector(9), mtime_ns=2))
    assert stored(bench, "a") == vector(9).tolist()
    bench.collection.rewrite_id_columns()
    assert bench.collection.shards.read_ids(0).tolist() == ["", "b", "a"], (
        "an empty id: an unused row"
    )


def test_a_failure_replaces_the_row_and_is_recorded(bench: Bench) -> None:
    bench.add_vectors(vector(0)[None], ["a"])
    bench.list_files("a", mtime_ns=2)
    job = bench.claim_jobs()["a"]
    bench.commit(Failed(job, "decode", "the file is cut short"))
    assert place(bench, "a") is None
    (failure,) = read_failures(bench.catalog)
    assert (failure.id, failure.stage, failure.reason) == ("a", "decode", "the file is cut short")
    assert count_images(bench.catalog).todo == 0


def test_a_file_that_vanished_before_it_was_read_is_missing(bench: Bench) -> None:
    bench.list_files("a")
    bench.commit(Gone(bench.claim_jobs()["a"]))
    counts = count_images(bench.catalog)
    assert (counts.live, counts.failed, counts.missing, counts.todo) == (0, 0, 1, 0)


def test_a_moved_image_keeps_its_row_and_its_marks(bench: Bench) -> None:
    """Guarantee: a moved file keeps its row; one that was removed stays so."""
    bench.add_vectors(np.stack([vector(0), vector(1)]), ["a", "b"])
    bench.collection.remove(["b"])
    at = place(bench, "a"), place(bench, "b")
    bench.list_files("x", "y", gone=["a", "b"])
    jobs = bench.claim_jobs()
    bench.commit(
        make_same_bytes(jobs["x"], b"content %8d" % 0),
        make_same_bytes(jobs["y"], b"content %8d" % 1),
    )
    assert (place(bench, "x"), place(bench, "y")) == at
    assert find_image(bench.catalog, "a") is None
    assert count_images(bench.catalog).removed == 1
    assert bench.writer.counts["moved"] == 1, "a removed image is no part of the total"
    bench.collection.rewrite_id_columns()
    assert bench.collection.shards.read_ids(0).tolist() == ["x", "y"]


def test_a_copy_gets_a_row_of_its_own(bench: Bench) -> None:
    bench.list_files("a", "b", "c")
    jobs = bench.claim_jobs()
    assert bench.digests.acquire(b"same")
    assert not bench.digests.acquire(b"same")
    bench.commit(
        make_same_bytes(jobs["b"], b"same"),
        make_extracted(jobs["a"], b"same", vector(3)),
        make_same_bytes(jobs["c"], b"same"),
    )
    assert stored(bench, "a") == stored(bench, "b") == stored(bench, "c") == vector(3).tolist()
    assert len({place(bench, id_) for id_ in "abc"}) == 3
    assert bench.writer.counts == {"added": 1, "reused": 2}


def test_a_copy_waits_for_bytes_that_are_in_flight(bench: Bench) -> None:
    """Guarantee: two files with equal bytes are extracted once, in any order of outcomes."""
    bench.list_files("a", "b")
    jobs = bench.claim_jobs()
    assert bench.digests.acquire(b"same")
    bench.commit(make_same_bytes(jobs["b"], b"same"))
    assert place(bench, "b") is None
    bench.commit(make_extracted(jobs["a"], b"same", vector(3)))
    bench.writer.finish()
    assert stored(bench, "b") == vector(3).tolist()


@pytest.mark.parametrize("stage", ["decode", "read"])
def test_a_copy_of_a_failed_image_fails_too_if_the_bytes_are_the_cause(
    bench: Bench, stage: str
) -> None:
    """Guarantee: equal files that cannot be decoded are each read once. A cause outside the bytes
    says nothing about other files."""
    bench.list_files("a", "b", "c")
    jobs = bench.claim_jobs()
    assert bench.digests.acquire(b"same")
    fingerprint = make_same_bytes(jobs["a"], b"same").fingerprint
    bench.commit(
        make_same_bytes(jobs["b"], b"same"), Failed(jobs["a"], stage, "damaged", fingerprint)
    )
    is_open = bench.digests.acquire(b"same")
    assert is_open == (stage != "decode"), "bytes that have failed are not tried again"
    bench.commit(make_same_bytes(jobs["c"], b"same"))
    if stage == "decode":
        assert bench.writer.counts == {"failed": 3}, "no copy waits for bytes that have failed"
    bench.digests.release([b"same"])
    bench.writer.finish()
    failures = [(failure.id, failure.reason) for failure in read_failures(bench.catalog)]
    if stage == "decode":
        assert failures == [("a", "damaged"), ("b", "damaged"), ("c", "damaged")]
        assert bench.writer.counts == {"failed": 3}
        assert not bench.claim_jobs()
    else:
        assert failures == [("a", "damaged")]
        assert bench.claim_jobs().keys() == {"b", "c"}, "they are open again"


def test_a_failure_that_is_ignored_says_nothing_about_its_bytes(bench: Bench) -> None:
    """The run had lost the lease of the image. A copy of the bytes must not wait for ever."""
    bench.list_files("a", "b")
    jobs = bench.claim_jobs()
    assert bench.digests.acquire(b"same")
    fingerprint = make_same_bytes(jobs["a"], b"same").fingerprint
    bench.catalog.execute("UPDATE images SET claim = NULL WHERE id = 'a'")
    bench.commit(Failed(jobs["a"], "decode", "damaged", fingerprint))
    assert bench.digests.acquire(b"same")


def test_a_new_time_stamp_with_equal_bytes_keeps_the_row(bench: Bench) -> None:
    bench.add_vectors(vector(0)[None], ["a"])
    at = place(bench, "a")
    bench.list_files("a", mtime_ns=7)
    bench.commit(make_same_bytes(bench.claim_jobs()["a"], b"content %8d" % 0, mtime_ns=7))
    row = find_image(bench.catalog, "a")
    assert row is not None
    assert (row.row, row.stat.mtime_ns) == (at, 7)
    assert not read_shards(bench.catalog)[0].stale_ids


def test_a_new_shard_begins_after_10000_rows(bench: Bench) -> None:
    count = SHARD_ROWS + 30
    features = np.arange(count * DIMENSION, dtype=np.float32).reshape(count, DIMENSION)
    ids = [f"{number:05d}" for number in range(count)]
    bench.add_vectors(features, ids)
    assert [shard.rows for shard in read_shards(bench.catalog)] == [SHARD_ROWS, 30]
    assert stored(bench, "10007") == features[10007].tolist()
    assert np.load(bench.collection.shards.features_path(0)).shape == (SHARD_ROWS, DIMENSION)


def test_a_write_error_leaves_no_half_commit(bench: Bench) -> None:
    """Guarantee: rows count only when their transaction is committed."""
    bench.list_files("a")
    job = bench.claim_jobs()["a"]
    bench.collection.shards.folder.parent.mkdir(parents=True)
    bench.collection.shards.folder.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="could not be written"):
        bench.commit(make_extracted(job, b"a", vector(0)))
    assert read_shards(bench.catalog) == []
    bench.collection.shards.folder.unlink()
    bench.writer.flush()
    assert stored(bench, "a") == vector(0).tolist()
