"""Commit the outcomes of jobs: append rows to the shard, then write one transaction.

Takes the outcomes of a run and commits them in batches under the write lock of the catalog. Rows
are appended and synced first, and count only when their transaction is committed. Outcomes of
images that the run no longer has a lease for are ignored.
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from sokkuri.core.errors import DamagedRowError
from sokkuri.core.types import FileFingerprint, Job
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.outcomes import Adopted, Extracted, Failed, Gone, Outcome, SameBytes
from sokkuri.store.annotations import find_removed
from sokkuri.store.collection import CollectionStore
from sokkuri.store.leases import leased_keys, release_image
from sokkuri.store.listing import came_back
from sokkuri.store.outcomes import (
    FileRecord,
    ImageState,
    SameContent,
    find_same_content,
    read_state,
    record_failure,
    record_file,
    record_gone,
    record_move,
    record_removed,
    record_touch,
)
from sokkuri.store.photos import record_photos
from sokkuri.store.rows import NewRow, append_rows
from sokkuri.store.shard_table import give_up_rows

BATCH = 64
BATCH_SECONDS = 1.0
"""A crash can cost the outcomes of one batch, which the next run repeats."""

Change = Literal["added", "updated", "moved", "reused", "failed", "gone"]


class Writer:
    """The only writer of a run. counts : images by kind of change, after their commit."""

    def __init__(self, collection: CollectionStore, run: int, digests: InFlightDigests) -> None:
        self.counts: Counter[Change] = Counter()
        self._collection = collection
        self._catalog = collection.catalog
        self._run = run
        self._digests = digests
        self._waiting: list[Outcome] = []
        self._failures: dict[bytes, Failed] = {}  # by digest: other files with these bytes fail too
        self._flushed = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Add an outcome; commit if the batch is full or a second has passed."""
        self._waiting.append(outcome)
        due = time.monotonic() - self._flushed >= BATCH_SECONDS
        if due or len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Commit all outcomes, except copies of bytes that are in flight: they wait.

        Raises StorageError; then nothing of the batch counts.
        """
        self._flushed = time.monotonic()
        if not self._waiting:
            return
        counts: Counter[Change] = Counter()
        with self._catalog.writing():
            mine = self._still_claimed()
            before = {
                outcome.job.key: read_state(self._catalog, outcome.job.key) for outcome in mine
            }
            extracted = [outcome for outcome in mine if isinstance(outcome, Extracted)]
            append_rows(self._collection, [_row_of(outcome) for outcome in extracted])
            photos = {outcome.fingerprint.digest: outcome.photo for outcome in extracted}
            for outcome in extracted:
                counts["added" if before[outcome.job.key].is_new else "updated"] += 1
            for other in mine:
                if isinstance(other, Failed):
                    self._fail(other.job, other, other.fingerprint)
                    counts["failed"] += 1
                elif isinstance(other, Adopted):
                    file = FileRecord(other.fingerprint, other.width, other.height)
                    record_file(self._catalog, other.job.key, file)
                    photos[other.fingerprint.digest] = other.photo
                elif isinstance(other, Gone):
                    record_gone(self._catalog, other.job.key, self._run)
                    counts["gone"] += 1
            record_photos(self._catalog, photos)
            same = [outcome for outcome in mine if isinstance(outcome, SameBytes)]
            later = self._settle(same, before, counts)
        waits = {outcome.job.key for outcome in later}
        settled = [outcome for outcome in self._waiting if outcome.job.key not in waits]
        self._waiting = later
        self.counts += counts
        failed = {_failed_bytes(outcome) for outcome in settled if isinstance(outcome, Failed)}
        self._digests.mark_failed(self._failures.keys() & failed)  # those that were recorded
        self._digests.release(
            outcome.fingerprint.digest
            for outcome in settled
            if isinstance(outcome, Extracted | Failed) and outcome.fingerprint is not None
        )

    def finish(self) -> None:
        """Commit all outcomes that are left, after the workers have ended."""
        self.flush()
        # Copies that waited find their bytes committed now, or become open again.
        self.flush()

    def _still_claimed(self) -> list[Outcome]:
        claimed = leased_keys(self._catalog, self._run)
        return [outcome for outcome in self._waiting if outcome.job.key in claimed]

    def _settle(
        self, same: Sequence[SameBytes], before: dict[int, ImageState], counts: Counter[Change]
    ) -> list[Outcome]:
        """Store outcomes of known bytes; return those that must still wait."""
        later: list[Outcome] = []
        copies: list[NewRow] = []
        for outcome in same:
            digest, key = outcome.fingerprint.digest, outcome.job.key
            if before[key].digest == digest and before[key].shard is not None:
                record_touch(self._catalog, key, outcome.fingerprint.stat)
                counts["reused"] += came_back(self._catalog, key)
                continue
            source = find_same_content(self._catalog, digest)
            if source is None and (failed := self._failures.get(digest)) is not None:
                self._fail(outcome.job, failed, outcome.fingerprint)
                counts["failed"] += 1
            elif source is None and find_removed(self._catalog, digest, key) is not None:
                record_removed(self._catalog, key, outcome.fingerprint)
            elif source is None and self._digests.contains(digest):
                later.append(outcome)
            elif source is None:
                release_image(self._catalog, key)
            elif source.is_missing:
                stat = outcome.fingerprint.stat
                counts["moved"] += record_move(self._catalog, key, source.key, stat)
            elif (copy := self._copy_of(outcome, source)) is not None:
                copies.append(copy)
                counts["reused"] += 1
        append_rows(self._collection, copies)
        return later

    def _fail(self, job: Job, failed: Failed, fingerprint: FileFingerprint | None) -> None:
        """Record that an image cannot be used. If its bytes are the cause, remember that no file
        with the same bytes can."""
        record_failure(self._catalog, job.key, failed.stage, failed.reason, fingerprint)
        if (digest := _failed_bytes(failed)) is not None:
            self._failures[digest] = failed

    def _copy_of(self, outcome: SameBytes, source: SameContent) -> NewRow | None:
        """Return the vector of the same bytes for another image.

        None if the vector is damaged. Then both images are open again: one of them is extracted.
        """
        try:
            (vector,) = self._collection.read_vectors([(source.at.shard, source.at.row)])
        except DamagedRowError:
            give_up_rows(self._catalog, source.at.shard, [source.key])
            release_image(self._catalog, outcome.job.key)
            return None
        file = FileRecord(outcome.fingerprint, source.width, source.height)
        return NewRow(outcome.job.key, outcome.job.id, vector, file)


def _failed_bytes(failed: Failed) -> bytes | None:
    """Return the digest of the bytes if they are the cause of the failure."""
    if failed.fingerprint is None or failed.stage == "read":
        return None
    return failed.fingerprint.digest


def _row_of(outcome: Extracted) -> NewRow:
    file = FileRecord(outcome.fingerprint, outcome.width, outcome.height, outcome.damage)
    return NewRow(outcome.job.key, outcome.job.id, outcome.vector, file)
