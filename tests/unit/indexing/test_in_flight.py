"""Of all workers that ask for a digest, exactly one must extract it."""

import threading
from collections import Counter
from pathlib import Path

import numpy as np
from synthetic_collection import Bench, create_empty

from sokkuri.indexing.in_flight import InFlightDigests


def test_one_of_many_workers_extracts_the_bytes(tmp_path: Path) -> None:
    """Guarantee: two files with the same bytes are extracted once."""
    bench = Bench(create_empty(tmp_path / "photos"))
    extracted: Counter[bytes] = Counter()
    start = threading.Barrier(8)

    def worker() -> None:
        start.wait()
        for number in range(50):
            digest = b"%16d" % number
            if bench.digests.acquire(digest):
                extracted[digest] += 1

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert extracted == {b"%16d" % number: 1 for number in range(50)}
    bench.digests.release(extracted)
    assert not bench.digests.contains(b"%16d" % 0)
    assert bench.digests.acquire(b"%16d" % 0), "released, so the next worker must extract it"
    bench.digests.close()


def test_a_committed_digest_needs_no_extraction_and_is_not_in_flight(tmp_path: Path) -> None:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_vectors(np.ones((1, 4), np.float32), ["a"])
    digests = InFlightDigests(bench.catalog.where)
    assert not digests.acquire(b"content %8d" % 0)
    assert not digests.contains(b"content %8d" % 0)
    digests.close()
    bench.digests.close()


def test_a_job_that_asks_again_gets_the_same_answer(tmp_path: Path) -> None:
    """Its worker may have died after it acquired the digest; no other worker would extract it."""
    bench = Bench(create_empty(tmp_path / "photos"))
    digests = bench.digests
    assert digests.acquire_all([(b"one", 1), (b"two", 2), (b"one", 3)]) == [True, True, False]
    assert digests.acquire(b"one", 1)
    assert not digests.acquire(b"one", 3)
    assert not digests.acquire(b"one")
    assert digests.acquire(b"other", 1), "its file has changed since"
    assert not digests.contains(b"one")
    digests.abandon(1)
    digests.abandon(1)
    assert not digests.contains(b"other")
    digests.release([b"two"])
    digests.abandon(2)
    assert digests.acquire_all([(b"two", 3), (b"one", 4)]) == [True, True]
    digests.close()
