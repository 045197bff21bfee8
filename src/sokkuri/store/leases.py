"""Who works on what: processes claim images in the catalog, so that nothing is done twice.

A run is one process at work, with a lease that it renews. A claim counts as long as its run lives:
a run whose process is gone is cleared at once on the same host, and after its lease anywhere. What
a run brings in for an image that it no longer holds is not taken (writer.py).
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from sokkuri.core.errors import StorageError
from sokkuri.core.types import Job
from sokkuri.store.catalog import Catalog

LEASE_SECONDS = 60.0
LEASE_BATCH = 32
"""Images claimed at once: about half a second's work, so that several processes share evenly."""

_OPEN = "todo = 1 AND claim IS NULL AND missing IS NULL AND removed = 0"


@dataclass(frozen=True, slots=True)
class Run:
    """One process that works on a collection. `born` and `expires` : seconds since the epoch."""

    run: int
    host: str
    pid: int
    born: float
    expires: float

    def has_ended(self, now: float) -> bool:
        """Whether its claims may be taken: its lease has ended, or its process is gone."""
        if self.expires < now:
            return True
        return self.host == socket.gethostname() and not _is_alive(self.pid, self.born)


def start_run(catalog: Catalog) -> int:
    """Enter this process as a run and give back its number, never used before or again."""
    with catalog.writing():
        _enter(catalog, None)
        return int(catalog.fetch_one("SELECT last_insert_rowid()")[0])


def end_run(catalog: Catalog, run: int) -> None:
    """Give back what the run still holds, and strike it off."""
    with catalog.writing():
        _release(catalog, run, died=False)


def lease_images(catalog: Catalog, run: int, limit: int = LEASE_BATCH) -> list[Job]:
    """Take up to `limit` open images for this run, in the order they were listed."""
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


def count_open_images(catalog: Catalog) -> int:
    """How many images nobody works on yet."""
    return int(catalog.fetch_one(f"SELECT count(*) FROM images WHERE {_OPEN}")[0])  # noqa: S608


def read_runs(catalog: Catalog) -> list[Run]:
    """Every run on record, finished ones excepted."""
    return [
        Run(*row) for row in catalog.fetch_all("SELECT run, host, pid, born, expires FROM runs")
    ]


def count_stale_leases(catalog: Catalog) -> int:
    """Images still claimed by runs that are over: the next run takes them."""
    now = time.time()
    over = [run.run for run in read_runs(catalog) if run.has_ended(now)]
    return sum(
        catalog.fetch_one("SELECT count(*) FROM images WHERE claim = ?", [run])[0] for run in over
    )


def clear_ended_runs(catalog: Catalog) -> None:
    """Free what runs that are over still hold."""
    now = time.time()
    over = [run for run in read_runs(catalog) if run.has_ended(now)]
    if not over:
        return
    with catalog.writing():
        for one in over:
            # Looked at again under the lock: it may have renewed its lease meanwhile.
            row = catalog.fetch_one("SELECT expires FROM runs WHERE run = ?", [one.run])
            if row is not None and row[0] == one.expires:
                _release(catalog, one.run, died=True)


def has_other_leases(catalog: Catalog, run: int) -> bool:
    """Whether images are claimed by other runs, at work or not yet cleared."""
    row = catalog.fetch_one(
        "SELECT 1 FROM images WHERE claim IS NOT NULL AND claim <> ? LIMIT 1", [run]
    )
    return row is not None


def has_active_run(catalog: Catalog) -> bool:
    """Whether any process is at work on the collection."""
    now = time.time()
    return any(not run.has_ended(now) for run in read_runs(catalog))


@contextmanager
def keep_lease(path: Path, run: int) -> Iterator[None]:
    """Keep the run's lease fresh from a thread of its own while the block lasts.

    path : the catalog's file. A renewal that fails is tried again: if all of them fail, others
    may take over, and what this run then brings in twice is not taken.
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
    """Put the run on record with a fresh lease: again, if it was taken for dead while this
    process was suspended."""
    process = psutil.Process()
    catalog.execute(
        "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)",
        [
            run, socket.gethostname(), process.pid, process.create_time(),
            time.time() + LEASE_SECONDS,
        ],
    )  # fmt: skip


def _release(catalog: Catalog, run: int, *, died: bool) -> None:
    catalog.execute(
        "UPDATE images SET claim = NULL, deaths = deaths + ? WHERE claim = ?", [int(died), run]
    )
    catalog.execute("DELETE FROM runs WHERE run = ?", [run])


def _is_alive(pid: int, born: float) -> bool:
    """Whether the very process that entered the run still lives: numbers are used again."""
    try:
        return abs(psutil.Process(pid).create_time() - born) < 1.0
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
