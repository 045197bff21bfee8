"""Workers in batches, and their copies on other machines."""

import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from draw_images import save_drawing
from synthetic_collection import Bench, create_empty
from tiny_model import write_tiny_model

from sokkuri.core.errors import ClusterError
from sokkuri.core.types import Job, Limits
from sokkuri.indexing import worker
from sokkuri.indexing.outcomes import Extracted, Failed, Gone, Outcome, SameBytes
from sokkuri.indexing.worker import ImageWorker
from sokkuri.models import resolve_model


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A collection whose folder has five images; the last has the bytes of the first."""
    root = tmp_path / "photos"
    for number, seed in enumerate([0, 1, 2, 3, 0]):
        save_drawing(root / f"{number}.png", seed)
    bench = Bench(create_empty(root))
    yield bench
    bench.digests.close()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny.onnx")


def worker_for(bench: Bench, model: Path, threads: int = 1) -> ImageWorker:
    root = bench.collection.root
    known = resolve_model(str(model))
    return ImageWorker(root, known, Limits(max_bytes=2**20), bench.digests, threads=threads)


JOBS = [Job(number, f"{number}.png", f"{number}.png") for number in range(5)]


def vectors(outcomes: list[Outcome]) -> dict[str, bytes]:
    return {one.job.id: one.vector.tobytes() for one in outcomes if isinstance(one, Extracted)}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_gives_the_same_outcomes_as_single_jobs(
    bench: Bench, model: Path, tmp_path: Path, threads: int
) -> None:
    """In the order of the jobs; equal bytes are extracted once, within a batch too."""
    (tmp_path / "photos" / "odd.png").write_bytes(b"odd")
    jobs = [*JOBS, Job(5, "gone.png", "gone.png"), Job(6, "odd.png", "odd.png")]
    with closing(worker_for(bench, model, threads)) as image_worker:
        found = image_worker.batch(jobs)
        assert [one.job for one in found] == jobs
        kinds = [type(one) for one in found]
        assert kinds == [*[Extracted] * 4, SameBytes, Gone, Failed]
        bench.digests.release(one.fingerprint.digest for one in found if isinstance(one, Extracted))
        assert vectors([image_worker(job) for job in jobs]) == vectors(found)
        assert image_worker.batch([]) == []


def test_large_files_of_a_batch_are_not_in_memory_at_once(
    bench: Bench, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_MAX_BATCH_BYTES", 1)
    with closing(worker_for(bench, model)) as image_worker:
        parts = [len(reads) for reads in image_worker._read_ahead(JOBS)]
        assert sum(parts) == len(JOBS)
        assert max(parts) == 1
        assert len(image_worker.batch(JOBS)) == len(JOBS)


def test_a_job_that_is_handed_out_again_is_extracted(bench: Bench, model: Path) -> None:
    """Its first worker acquired the digest and died."""
    with closing(worker_for(bench, model)) as image_worker:
        assert isinstance(image_worker.batch(JOBS[:1])[0], Extracted)
        assert isinstance(image_worker.batch(JOBS[4:])[0], SameBytes)
        assert isinstance(image_worker.batch(JOBS[:1])[0], Extracted)


def test_a_copy_works_without_the_network_file(
    bench: Bench, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the model file and its fused form in the cache; the vectors are equal bit for bit."""
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "here"))
    digests = bench.digests
    with closing(worker_for(bench, model)) as image_worker:
        expected = vectors(image_worker.batch(JOBS[:4]))
        image_worker._digests = None  # type: ignore[assignment]
        sent = pickle.dumps(image_worker)
    model.unlink()
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "there"))
    copy = pickle.loads(sent)
    copy._digests = digests
    with closing(copy):
        copy.check()
        assert copy.notes == []
        assert vectors(copy.batch(JOBS[:4])) == expected
    assert [path.suffix for path in (tmp_path / "there").rglob("*.*")] == [".onnx"]


def test_a_copy_reports_another_runtime_and_a_missing_folder(
    bench: Bench, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(worker_for(bench, model)) as image_worker:
        image_worker._digests = None  # type: ignore[assignment]
        copy = pickle.loads(pickle.dumps(image_worker))
    monkeypatch.setattr(worker, "runtime_version", lambda: "0.1")
    copy.check()
    assert copy.notes[0].startswith("ONNX Runtime is 0.1 there and ")
    copy._root = Path("/no/such/folder")
    with pytest.raises(ClusterError, match="does not see /no/such/folder: mount it"):
        copy.check()


def test_a_file_that_this_machine_sees_is_not_gone(bench: Bench, model: Path) -> None:
    with closing(worker_for(bench, model)) as image_worker:
        seen = image_worker.on_received(Gone(JOBS[0]), "node a")
        assert seen == Failed(JOBS[0], "read", "node a does not see it")
        gone = Gone(Job(9, "gone.png", "gone.png"))
        assert image_worker.on_received(gone, "node a") == gone
        failed = Failed(JOBS[1], "decode", "it is broken")
        assert image_worker.on_received(failed, "node a") == failed


def test_a_blamed_job_has_one_death_more(bench: Bench, model: Path) -> None:
    with closing(worker_for(bench, model)) as image_worker:
        assert image_worker.for_retry(JOBS[0], blamed=False) == JOBS[0]
        assert image_worker.for_retry(JOBS[0], blamed=True).deaths == 1


def test_a_job_given_up_releases_its_digest(bench: Bench, model: Path) -> None:
    """Another image with equal bytes can then be extracted."""
    with closing(worker_for(bench, model)) as image_worker:
        image_worker.batch(JOBS[:1])
        image_worker.for_retry(JOBS[0], blamed=True)
        assert isinstance(image_worker.as_failure(JOBS[0]), Failed)
        (other,) = image_worker.batch(JOBS[4:])
        assert isinstance(other, Extracted)
        assert np.isfinite(other.vector).all()
        retry = image_worker.for_retry(other.job, blamed=False)
        image_worker.on_received(Failed(retry, "read", "permission denied"), "node a")
        assert isinstance(image_worker.batch(JOBS[:1])[0], Extracted)
