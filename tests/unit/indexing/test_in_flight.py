"""Which bytes must be extracted: asked by many workers at once, answered once."""

import threading
from collections import Counter
from pathlib import Path

import numpy as np
from synthetic_collection import Bench, empty

from sokkuri.indexing.in_flight import InFlightDigests


def test_of_many_workers_one_takes_the_bytes(tmp_path: Path) -> None:
    """Guarantee: two files with the same bytes are extracted once."""
    bench = Bench(empty(tmp_path / "photos"))
    taken: Counter[bytes] = Counter()
    start = threading.Barrier(8)

    def worker() -> None:
        start.wait()
        for number in range(50):
            digest = b"%16d" % number
            if bench.known.acquire(digest):
                taken[digest] += 1

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == {b"%16d" % number: 1 for number in range(50)}
    bench.known.release(taken)
    assert not bench.known.contains(b"%16d" % 0)
    assert bench.known.acquire(b"%16d" % 0), "given up, so the next one must"
    bench.known.close()


def test_what_is_committed_is_known_without_being_in_hand(tmp_path: Path) -> None:
    bench = Bench(empty(tmp_path / "photos"))
    bench.fill(np.ones((1, 4), np.float32), ["a"])
    known = InFlightDigests(bench.catalog.where)
    assert not known.acquire(b"content %8d" % 0)
    assert not known.contains(b"content %8d" % 0)
    known.close()
    bench.known.close()


def test_a_job_that_asks_again_is_told_the_same(tmp_path: Path) -> None:
    """Its worker may have died with the bytes in hand, which nobody else would extract then."""
    bench = Bench(empty(tmp_path / "photos"))
    known = bench.known
    assert known.acquire_all([(b"one", 1), (b"two", 2), (b"one", 3)]) == [True, True, False]
    assert known.acquire(b"one", 1)
    assert not known.acquire(b"one", 3)
    assert not known.acquire(b"one")
    assert known.acquire(b"other", 1), "its file has changed since"
    assert not known.contains(b"one")
    known.abandon(1)
    known.abandon(1)
    assert not known.contains(b"other")
    known.release([b"two"])
    known.abandon(2)
    assert known.acquire_all([(b"two", 3), (b"one", 4)]) == [True, True]
    known.close()
