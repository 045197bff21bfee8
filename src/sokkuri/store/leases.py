"""Runs, and the leases on the images that they work on, so that no image is processed twice.

A run is one process that works on a collection. It renews its lease while it works. A run whose
process is gone is cleared at once where its process number means something (processes.py), and when
its lease expires elsewhere. Clocks may be wrong or set: a lease that is not renewed ends for a
process that has watched it for as long as a lease lasts. The writer rejects an outcome for an
image that the run no longer holds (indexing/writer.py).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sokkuri.core.errors import StorageError
from sokkuri.core.types import Job
from sokkuri.store.catalog import Catalog
from sokkuri.store.processes import Process, is_alive, is_here, is_surely_alive, this_process

LEASE_SECONDS = 60.0
LEASE_BATCH = 32
"""Images leased at once: about half a second's work, so that several processes share evenly."""

_OPEN = "todo = 1 AND claim IS NULL AND missing IS NULL AND removed = 0"


@dataclass(frozen=True, slots=True)
class Run:
    """One process that works on a collection.

    `host`, `pid`, `born` : of its Process. `expires` : seconds since the epoch.
    """

    run: int
    host: str
    pid: int
    born: float
    expires: float

    def has_ended(self, now: float) -> bool:
        """Return whether other runs may take its images: its process ended, or its lease expired.

        A process that lives here renews its lease: if that has expired, somebody set the clock.
        """
        if self.lives_here():
            return False
        is_gone = is_here(self.host) and not is_alive(Process(self.host, self.pid, self.born))
        return is_gone or self.expires < now

    def lives_here(self) -> bool:
        """Return whether its process is alive for sure, whatever the clock says."""
        process = Process(self.host, self.pid, self.born)
        return is_here(self.host) and is_surely_alive(process)

    def is_plausible(self, now: float) -> bool:
        """Return whether a clock that is right can have set this lease's end."""
        return self.expires <= now + 2 * LEASE_SECONDS


class LeaseWatch:
    """Watches leases by the clock of this process: the clocks of other hosts may be wrong."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, float]] = {}  # the end of a lease, and since when

    def has_ended(self, run: Run) -> bool:
        """Return whether the run has ended, or has not renewed its lease while it was watched."""
        if run.has_ended(time.time()):
            return True
        expires, since = self._seen.get(run.run, (None, 0.0))
        if expires != run.expires:
            self._seen[run.run] = (run.expires, time.monotonic())
            return False
        return time.monotonic() - since > LEASE_SECONDS


def start_run(catalog: Catalog) -> int:
    """Record this process as a run; return its number, which no other run ever has."""
    with catalog.writing():
        _enter(catalog, None)
        return int(catalog.fetch_one("SELECT last_insert_rowid()")[0])


@contextmanager
def registered_run(catalog: Catalog, path: Path) -> Iterator[int]:
    """Register this process as a run while the block runs, keep its lease, and yield its number.

    path : the catalog's file. Runs that ended without finishing are cleared first. At the end the
    images of the run are released; if the disk refuses that, they are free once this process ends.
    """
    clear_ended_runs(catalog)
    run = start_run(catalog)
    try:
        with keep_lease(path, run):
            yield run
    finally:
        with suppress(StorageError):
            catalog.undo()
            end_run(catalog, run)


def end_run(catalog: Catalog, run: int) -> None:
    """Release the images that the run still holds, and delete the run."""
    with catalog.writing():
        _release(catalog, run, died=False)


def lease_images(catalog: Catalog, run: int, limit: int = LEASE_BATCH) -> list[Job]:
    """Lease up to `limit` open images to this run, in the order of listing; return their jobs."""
    with catalog.writing():
        _enter(catalog, run)
        rows = catalog.fetch_all(
            f"UPDATE images SET claim = ? WHERE key IN (SELECT key FROM images WHERE {_OPEN}"  # noqa: S608
            " ORDER BY key LIMIT ?)"
            " RETURNING key, id, path, deaths, shard IS NOT NULL AND digest IS NULL",
            [run, limit],
        )
    return [
        Job(key, id_, path, deaths, bool(adopt)) for key, id_, path, deaths, adopt in sorted(rows)
    ]


def leased_keys(catalog: Catalog, run: int) -> set[int]:
    """Return the keys of the images that the run `run` has leased."""
    return {key for (key,) in catalog.iterate("SELECT key FROM images WHERE claim = ?", [run])}


def release_image(catalog: Catalog, key: int) -> None:
    """End the lease of an image, so that a run can lease it again."""
    catalog.execute("UPDATE images SET claim = NULL WHERE key = ?", [key])


def count_open_images(catalog: Catalog) -> int:
    """Return how many images must be read and are leased to no run."""
    return int(catalog.fetch_one(f"SELECT count(*) FROM images WHERE {_OPEN}")[0])  # noqa: S608


def read_runs(catalog: Catalog) -> list[Run]:
    """Return all runs that did not finish."""
    return [
        Run(*row) for row in catalog.fetch_all("SELECT run, host, pid, born, expires FROM runs")
    ]


def count_active_runs(catalog: Catalog) -> int:
    """Return the number of processes that work on the collection now."""
    now = time.time()
    return sum(not run.has_ended(now) for run in read_runs(catalog))


def count_stale_leases(catalog: Catalog) -> int:
    """Return how many images are leased to ended runs: the next run takes them."""
    now = time.time()
    over = [run.run for run in read_runs(catalog) if run.has_ended(now)]
    return sum(
        catalog.fetch_one("SELECT count(*) FROM images WHERE claim = ?", [run])[0] for run in over
    )


def clear_ended_runs(catalog: Catalog, watch: LeaseWatch | None = None) -> None:
    """Release the images of runs that ended without finishing.

    watch : of a process that calls this again and again.
    """
    watch = watch or LeaseWatch()
    over = [run for run in read_runs(catalog) if watch.has_ended(run)]
    if not over:
        return
    with catalog.writing():
        for one in over:
            # Check again under the lock: the run may have renewed its lease in the meantime.
            row = catalog.fetch_one("SELECT expires FROM runs WHERE run = ?", [one.run])
            if row is not None and row[0] == one.expires:
                _release(catalog, one.run, died=True)


def has_other_leases(catalog: Catalog, run: int) -> bool:
    """Return whether images are leased to other runs, active or not yet cleared."""
    row = catalog.fetch_one(
        "SELECT 1 FROM images WHERE claim IS NOT NULL AND claim <> ? LIMIT 1", [run]
    )
    return row is not None


def has_active_run(catalog: Catalog) -> bool:
    """Return whether any process works on the collection.

    A lease that ends far in the future is no sign: its host's clock is wrong.
    """
    now = time.time()
    return any(
        run.lives_here() or (run.is_plausible(now) and not run.has_ended(now))
        for run in read_runs(catalog)
    )


@contextmanager
def keep_lease(path: Path, run: int) -> Iterator[None]:
    """Renew the run's lease in a thread while the block runs.

    path : the catalog's file. A failed renewal is retried. If all fail, other runs may take the
    images; the writer then rejects the outcomes of this run.
    """
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_SECONDS / 4):
            try:
                catalog = Catalog.open(path)
                try:
                    _enter(catalog, run)
                finally:
                    catalog.close()
            except StorageError:
                continue

    thread = threading.Thread(target=renew, name="sokkuri-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()


def _enter(catalog: Catalog, run: int | None) -> None:
    """Record the run with a new lease, also if another process cleared it while this process was
    suspended."""
    catalog.execute(
        "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)",
        [run, *this_process(), time.time() + LEASE_SECONDS],
    )


def _release(catalog: Catalog, run: int, *, died: bool) -> None:
    catalog.execute(
        "UPDATE images SET claim = NULL, deaths = deaths + ? WHERE claim = ?", [int(died), run]
    )
    catalog.execute("DELETE FROM runs WHERE run = ?", [run])
