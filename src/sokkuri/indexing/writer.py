"""Commit the outcomes of jobs: append rows to the shard, then write one transaction.

Takes the outcomes of a run and commits them in batches under the write lock of the catalog. Rows
are appended and synced first, and count only when their transaction is committed. Outcomes of
images that the run no longer has a lease for are ignored.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sokkuri.core.types import FileFingerprint, RowRef
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.outcomes import Adopted, Extracted, Failed, Gone, Outcome, SameBytes
from sokkuri.store.collection import CollectionStore
from sokkuri.store.rows import NewRow, append_rows, free_row

BATCH = 64
BATCH_SECONDS = 1.0
"""A crash can cost the outcomes of one batch, which the next run repeats."""

Change = Literal["added", "updated", "moved", "reused", "failed", "gone"]

_SETTLED = "todo = 0, claim = NULL, deaths = 0"
_CLEAN = f"stage = NULL, reason = NULL, {_SETTLED}"


@dataclass(frozen=True, slots=True)
class _Before:
    """What the catalog says about an image before its outcome is stored."""

    shard: int | None
    digest: bytes | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A row to append, and the data of its image file."""

    row: NewRow
    fingerprint: FileFingerprint
    width: int
    height: int


class Writer:
    """The only writer of a run. counts : images by kind of change, after their commit."""

    def __init__(self, collection: CollectionStore, run: int, known: InFlightDigests) -> None:
        self.counts: Counter[Change] = Counter()
        self._collection = collection
        self._catalog = collection.catalog
        self._run = run
        self._known = known
        self._waiting: list[Outcome] = []
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
            before = {outcome.job.key: self._before(outcome.job.key) for outcome in mine}
            extracted = [outcome for outcome in mine if isinstance(outcome, Extracted)]
            self._append([_row_of(outcome) for outcome in extracted])
            for outcome in extracted:
                counts["added" if before[outcome.job.key].is_new else "updated"] += 1
            for other in mine:
                if isinstance(other, Failed):
                    self._record_failure(other)
                    counts["failed"] += 1
                elif isinstance(other, Adopted):
                    self._record_file(other.job.key, other.fingerprint, other.width, other.height)
                elif isinstance(other, Gone):
                    self._record_gone(other)
                    counts["gone"] += 1
            same = [outcome for outcome in mine if isinstance(outcome, SameBytes)]
            later = self._settle(same, before, counts)
        waits = {outcome.job.key for outcome in later}
        settled = [outcome for outcome in self._waiting if outcome.job.key not in waits]
        self._waiting = later
        self.counts += counts
        self._known.release(
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
        claimed = {
            row[0]
            for row in self._catalog.each("SELECT key FROM images WHERE claim = ?", [self._run])
        }
        return [outcome for outcome in self._waiting if outcome.job.key in claimed]

    def _before(self, key: int) -> _Before:
        shard, digest, stage = self._catalog.one(
            "SELECT shard, digest, stage FROM images WHERE key = ?", [key]
        )
        return _Before(shard, digest, is_new=shard is None and stage is None)

    def _append(self, fresh: Sequence[_Fresh]) -> None:
        append_rows(self._collection, [one.row for one in fresh])
        for one in fresh:
            self._record_file(one.row.key, one.fingerprint, one.width, one.height)

    def _record_file(
        self, key: int, fingerprint: FileFingerprint, width: int | None, height: int | None
    ) -> None:
        """Record the file of an image that has a vector; the image is done."""
        stat = fingerprint.stat
        self._catalog.run(
            "UPDATE images SET size = ?, mtime_ns = ?, digest = ?, width = ?, height = ?,"  # noqa: S608
            f" {_CLEAN} WHERE key = ?",
            [stat.size, stat.mtime_ns, fingerprint.digest, width, height, key],
        )

    def _record_failure(self, outcome: Failed) -> None:
        free_row(self._catalog, outcome.job.key)
        fingerprint = outcome.fingerprint
        stat = None if fingerprint is None else fingerprint.stat
        self._catalog.run(
            f"UPDATE images SET stage = ?, reason = CAST(? AS TEXT), {_SETTLED},"  # noqa: S608
            " size = coalesce(?, size), mtime_ns = coalesce(?, mtime_ns),"
            " digest = ?, width = NULL, height = NULL,"
            " model = NULL, shard = NULL, row = NULL, checksum = NULL WHERE key = ?",
            [
                outcome.stage, outcome.reason.encode("utf-8", "surrogateescape"),
                None if stat is None else stat.size, None if stat is None else stat.mtime_ns,
                None if fingerprint is None else fingerprint.digest, outcome.job.key,
            ],
        )  # fmt: skip

    def _record_gone(self, outcome: Gone) -> None:
        self._catalog.run(
            "UPDATE images SET missing = ?, claim = NULL WHERE key = ?",
            [self._run, outcome.job.key],
        )

    def _settle(
        self, same: Sequence[SameBytes], before: dict[int, _Before], counts: Counter[Change]
    ) -> list[Outcome]:
        """Store outcomes of known bytes; return those that must still wait."""
        later: list[Outcome] = []
        copies: list[_Fresh] = []
        for outcome in same:
            digest, key = outcome.fingerprint.digest, outcome.job.key
            if before[key].digest == digest and before[key].shard is not None:
                self._record_touch(outcome)
                continue
            source = self._catalog.one(
                "SELECT key, shard, row, width, height, missing FROM images"
                " WHERE digest = ? AND shard IS NOT NULL"
                " ORDER BY missing IS NULL, key LIMIT 1",
                [digest],
            )
            if source is None and self._known.contains(digest):
                later.append(outcome)
            elif source is None:
                self._catalog.run("UPDATE images SET claim = NULL WHERE key = ?", [key])
            elif source[5] is not None:
                self._record_move(outcome, source[0])
                counts["moved"] += 1
            else:
                copies.append(self._copy_of(outcome, RowRef(source[1], source[2]), source[3:5]))
                counts["reused"] += 1
        self._append(copies)
        return later

    def _copy_of(self, outcome: SameBytes, at: RowRef, size: tuple[int, int]) -> _Fresh:
        vector = self._collection.vectors([(at.shard, at.row)])[0]
        job = outcome.job
        return _Fresh(NewRow(job.key, job.id, vector), outcome.fingerprint, *size)

    def _record_touch(self, outcome: SameBytes) -> None:
        """Record a new time stamp; the bytes and the row are the same."""
        stat = outcome.fingerprint.stat
        self._catalog.run(
            f"UPDATE images SET size = ?, mtime_ns = ?, {_CLEAN} WHERE key = ?",  # noqa: S608
            [stat.size, stat.mtime_ns, outcome.job.key],
        )

    def _record_move(self, outcome: SameBytes, from_key: int) -> None:
        """Give the row and the marks of a vanished image to the image with its bytes."""
        free_row(self._catalog, outcome.job.key)
        free_row(self._catalog, from_key)  # the row stays, under another id
        columns = "digest, width, height, model, shard, row, checksum, removed"
        values = self._catalog.one(
            f"SELECT {columns} FROM images WHERE key = ?",  # noqa: S608
            [from_key],
        )
        self._catalog.run("DELETE FROM images WHERE key = ?", [from_key])
        stat = outcome.fingerprint.stat
        self._catalog.run(
            f"UPDATE images SET ({columns}) = (?, ?, ?, ?, ?, ?, ?, ?),"  # noqa: S608
            f" size = ?, mtime_ns = ?, {_CLEAN} WHERE key = ?",
            [*values, stat.size, stat.mtime_ns, outcome.job.key],
        )


def _row_of(outcome: Extracted) -> _Fresh:
    row = NewRow(outcome.job.key, outcome.job.id, outcome.vector)
    return _Fresh(row, outcome.fingerprint, outcome.width, outcome.height)
