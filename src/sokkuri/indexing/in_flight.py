"""Which bytes need no extraction: those with a row in the catalog, and those in hand right now.

Takes the content hash a worker has just computed and says whether that worker must extract it, so
that two files with the same bytes are extracted once. Shared by all workers of a run; those on
other machines ask for many at once, since each question costs a way over the network.
"""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from sokkuri.store.catalog import Catalog


class KnownBytes:
    """Thread-safe; memory is bounded by what is in flight."""

    def __init__(self, catalog_path: Path) -> None:
        self._catalog = Catalog.open(catalog_path, "ro", threads=True)
        self._lock = threading.Lock()
        self._in_hand: dict[bytes, int | None] = {}  # the job that they are extracted for
        self._held_for: dict[int, bytes] = {}

    def take(self, digest: bytes, job: int | None = None) -> bool:
        """True when the caller must extract these bytes; it then has them in hand.

        job : its key. A job that asks again, since its worker died, is told the same again.
        """
        with self._lock:
            return self._take(digest, job)

    def take_all(self, wanted: Sequence[tuple[bytes, int]]) -> list[bool]:
        """The same for several digests, each with its job's key, in their order."""
        with self._lock:
            return [self._take(digest, job) for digest, job in wanted]

    def _take(self, digest: bytes, job: int | None) -> bool:
        # In this order: bytes leave the hand only after their row is committed.
        if digest in self._in_hand:
            return job is not None and self._in_hand[digest] == job
        known = self._catalog.one(
            "SELECT 1 FROM images WHERE digest = ? AND shard IS NOT NULL LIMIT 1", [digest]
        )
        if known is None:
            if job is not None:
                self._drop(job)  # its file has changed since it asked before
                self._held_for[job] = digest
            self._in_hand[digest] = job
        return known is None

    def in_hand(self, digest: bytes) -> bool:
        with self._lock:
            return digest in self._in_hand

    def release(self, digests: Iterable[bytes]) -> None:
        """What came of these bytes is committed, or they are given up."""
        with self._lock:
            for digest in digests:
                job = self._in_hand.pop(digest, None)
                if job is not None:
                    self._held_for.pop(job, None)

    def give_up(self, job: int) -> None:
        """Whatever this job had in hand, nothing will come of it."""
        with self._lock:
            self._drop(job)

    def _drop(self, job: int) -> None:
        digest = self._held_for.pop(job, None)
        if digest is not None:
            self._in_hand.pop(digest, None)

    def close(self) -> None:
        with self._lock:
            self._catalog.close()
