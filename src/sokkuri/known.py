"""Which bytes need no extraction: those with a row in the catalog, and those in hand right now.

Takes the content hash a worker has just computed and says whether that worker must extract it, so
that two files with the same bytes are extracted once. Shared by all worker threads of a run.
"""

import threading
from collections.abc import Iterable
from pathlib import Path

from sokkuri.catalog import Catalog


class KnownBytes:
    """Thread-safe; memory is bounded by what is in flight."""

    def __init__(self, catalog_path: Path) -> None:
        self._catalog = Catalog.open(catalog_path, "ro", threads=True)
        self._lock = threading.Lock()
        self._in_hand: set[bytes] = set()

    def take(self, digest: bytes) -> bool:
        """True when the caller must extract these bytes; it then has them in hand."""
        with self._lock:
            # In this order: bytes leave the hand only after their row is committed.
            if digest in self._in_hand:
                return False
            known = self._catalog.one(
                "SELECT 1 FROM images WHERE digest = ? AND shard IS NOT NULL LIMIT 1", [digest]
            )
            if known is None:
                self._in_hand.add(digest)
            return known is None

    def in_hand(self, digest: bytes) -> bool:
        with self._lock:
            return digest in self._in_hand

    def release(self, digests: Iterable[bytes]) -> None:
        """What came of these bytes is committed, or they are given up."""
        with self._lock:
            self._in_hand.difference_update(digests)

    def close(self) -> None:
        with self._lock:
            self._catalog.close()
