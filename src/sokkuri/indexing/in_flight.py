"""Decide which bytes need no extraction: stored and removed ones, and those that a worker has now.

Takes the content hash that a worker has just computed and returns whether that worker must extract
the bytes, so that two files with equal bytes are extracted once. All workers of a run share one
object. Workers on other machines ask for many digests at once, because each question is a network
round trip.
"""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from sokkuri.store.annotations import find_removed
from sokkuri.store.catalog import Catalog
from sokkuri.store.outcomes import has_content


class InFlightDigests:
    """The digests whose bytes are being extracted, or cannot be. Thread-safe; memory is bounded by
    their number.

    catalog_path : the catalog file, which tells the digests that have a vector already.
    """

    def __init__(self, catalog_path: Path) -> None:
        self._catalog = Catalog.open(catalog_path, "ro", threads=True)
        self._lock = threading.Lock()
        self._job_of: dict[bytes, int | None] = {}  # digest -> the job that extracts its bytes
        self._digest_of: dict[int, bytes] = {}  # the inverse of `_job_of`
        self._failed: set[bytes] = set()

    def acquire(self, digest: bytes, job: int | None = None) -> bool:
        """Return whether the caller must extract these bytes; if so, they are in flight from now.

        job : its key. A job that asks again because its worker died gets the same answer again.
        """
        with self._lock:
            return self._acquire(digest, job)

    def acquire_all(self, requests: Sequence[tuple[bytes, int]]) -> list[bool]:
        """Return the answers of `acquire` for several pairs of a digest and a job's key."""
        with self._lock:
            return [self._acquire(digest, job) for digest, job in requests]

    def _acquire(self, digest: bytes, job: int | None) -> bool:
        # In this order: a digest is released only after its row is committed.
        if digest in self._job_of:
            return job is not None and self._job_of[digest] == job
        is_known = (
            digest in self._failed
            or has_content(self._catalog, digest)
            or find_removed(self._catalog, digest) is not None
        )
        if not is_known:
            if job is not None:
                self._drop(job)  # its file has changed since it asked before
                self._digest_of[job] = digest
            self._job_of[digest] = job
        return not is_known

    def contains(self, digest: bytes) -> bool:
        """Return whether these bytes are being extracted."""
        with self._lock:
            return digest in self._job_of

    def release(self, digests: Iterable[bytes]) -> None:
        """Forget digests whose outcomes are committed, or that will not be extracted."""
        with self._lock:
            for digest in digests:
                job = self._job_of.pop(digest, None)
                if job is not None:
                    self._digest_of.pop(job, None)

    def mark_failed(self, digests: Iterable[bytes]) -> None:
        """Remember bytes that cannot be used: nobody must extract them again."""
        with self._lock:
            self._failed.update(digests)

    def abandon(self, job: int) -> None:
        """Forget the digest that this job was to extract: the job has no result."""
        with self._lock:
            self._drop(job)

    def _drop(self, job: int) -> None:
        digest = self._digest_of.pop(job, None)
        if digest is not None:
            self._job_of.pop(digest, None)

    def close(self) -> None:
        """Close the catalog."""
        with self._lock:
            self._catalog.close()
