"""The work in batches, and its copies on other machines."""

import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from draw_images import save
from synthetic_collection import Bench, empty
from tiny_model import write_tiny_model

from sokkuri.core.errors import ClusterError
from sokkuri.core.types import Job, Limits
from sokkuri.indexing import worker
from sokkuri.indexing.outcomes import Extracted, Failed, Gone, Outcome, SameBytes
from sokkuri.indexing.worker import Work
from sokkuri.models import resolve_model


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A collection whose folder has five pictures, the last one with the bytes of the first."""
    root = tmp_path / "photos"
    for number, seed in enumerate([0, 1, 2, 3, 0]):
        save(root / f"{number}.png", seed)
    bench = Bench(empty(root))
    yield bench
    bench.known.close()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny.onnx")


def work_of(bench: Bench, model: Path, threads: int = 1) -> Work:
    root = bench.collection.root
    known = resolve_model(str(model))
    return Work(root, known, Limits(max_bytes=2**20), bench.known, threads=threads)


JOBS = [Job(number, f"{number}.png", f"{number}.png") for number in range(5)]


def vectors(outcomes: list[Outcome]) -> dict[str, bytes]:
    return {one.job.id: one.vector.tobytes() for one in outcomes if isinstance(one, Extracted)}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_gives_what_its_jobs_give(
    bench: Bench, model: Path, tmp_path: Path, threads: int
) -> None:
    """In their order; equal bytes are extracted once, also of one batch."""
    (tmp_path / "photos" / "odd.png").write_bytes(b"odd")
    jobs = [*JOBS, Job(5, "gone.png", "gone.png"), Job(6, "odd.png", "odd.png")]
    with closing(work_of(bench, model, threads)) as work:
        found = work.batch(jobs)
        assert [one.job for one in found] == jobs
        kinds = [type(one) for one in found]
        assert kinds == [*[Extracted] * 4, SameBytes, Gone, Failed]
        bench.known.release(one.fingerprint.digest for one in found if isinstance(one, Extracted))
        assert vectors([work(job) for job in jobs]) == vectors(found)
        assert work.batch([]) == []


def test_a_batch_of_large_files_is_not_held_at_once(
    bench: Bench, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_HELD_BYTES", 1)
    with closing(work_of(bench, model)) as work:
        parts = [len(reads) for reads in work._read_ahead(JOBS)]
        assert sum(parts) == len(JOBS)
        assert max(parts) == 1
        assert len(work.batch(JOBS)) == len(JOBS)


def test_a_job_that_comes_again_is_extracted(bench: Bench, model: Path) -> None:
    """Its first worker has died with the bytes in hand."""
    with closing(work_of(bench, model)) as work:
        assert isinstance(work.batch(JOBS[:1])[0], Extracted)
        assert isinstance(work.batch(JOBS[4:])[0], SameBytes)
        assert isinstance(work.batch(JOBS[:1])[0], Extracted)


def test_a_copy_needs_no_file_of_the_network(
    bench: Bench, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither it nor its rewritten form in the cache; the vectors are the same, bit for bit."""
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "here"))
    bench_known = bench.known
    with closing(work_of(bench, model)) as work:
        expected = vectors(work.batch(JOBS[:4]))
        work._known = None  # type: ignore[assignment]
        sent = pickle.dumps(work)
    model.unlink()
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "there"))
    copy = pickle.loads(sent)
    copy._known = bench_known
    with closing(copy):
        copy.check()
        assert copy.notes == []
        assert vectors(copy.batch(JOBS[:4])) == expected
    assert [path.suffix for path in (tmp_path / "there").rglob("*.*")] == [".onnx"]


def test_a_copy_says_what_is_different_there(
    bench: Bench, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(work_of(bench, model)) as work:
        work._known = None  # type: ignore[assignment]
        copy = pickle.loads(pickle.dumps(work))
    monkeypatch.setattr(worker, "runtime_version", lambda: "0.1")
    copy.check()
    assert copy.notes[0].startswith("ONNX Runtime is 0.1 there and ")
    copy._root = Path("/no/such/folder")
    with pytest.raises(ClusterError, match="does not see /no/such/folder: mount it"):
        copy.check()


def test_what_this_machine_sees_is_not_gone(bench: Bench, model: Path) -> None:
    with closing(work_of(bench, model)) as work:
        seen = work.received(Gone(JOBS[0]), "node a")
        assert seen == Failed(JOBS[0], "read", "node a does not see it")
        gone = Gone(Job(9, "gone.png", "gone.png"))
        assert work.received(gone, "node a") == gone
        failed = Failed(JOBS[1], "decode", "it is broken")
        assert work.received(failed, "node a") == failed


def test_who_is_blamed_comes_nearer_to_being_tried_apart(bench: Bench, model: Path) -> None:
    with closing(work_of(bench, model)) as work:
        assert work.again(JOBS[0], blamed=False) == JOBS[0]
        assert work.again(JOBS[0], blamed=True).deaths == 1


def test_a_lost_job_holds_back_nothing(bench: Bench, model: Path) -> None:
    """What its dead worker had in hand, another image with the same bytes may take."""
    with closing(work_of(bench, model)) as work:
        work.batch(JOBS[:1])
        work.again(JOBS[0], blamed=True)
        assert isinstance(work.lost(JOBS[0]), Failed)
        (other,) = work.batch(JOBS[4:])
        assert isinstance(other, Extracted)
        assert np.isfinite(other.vector).all()
        again = work.again(other.job, blamed=False)
        work.received(Failed(again, "read", "permission denied"), "node a")
        assert isinstance(work.batch(JOBS[:1])[0], Extracted)
