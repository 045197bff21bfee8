"""Watch the collection for changes that other processes commit, and notify listeners.

A cheap query checks for new commits twice a second. An expensive query counts the images, but only
after a commit. Between queries the watcher waits at least ten times as long as they took, so it is
busy for at most a tenth of the time.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError
from sokkuri.store.image_pages import change_sums, commit_count
from sokkuri.store.images import count_images
from sokkuri.store.leases import count_active_runs
from sokkuri.store.replacements import ReplacementState, replacement_state
from sokkuri.web.services.folder_watch import FolderWatch, WatchState
from sokkuri.web.services.thread_pool import CollectionPool

_POLL_SECONDS = 0.5  # SQLite does not report commits of other processes
_PAUSE_PER_SECOND = 10.0  # seconds to wait for each second of queries
_log = logging.getLogger("sokkuri.web")


@dataclass(frozen=True, slots=True)
class CollectionState:
    """Counts of images, and of processes that index. `revision` changes when images change.
    `replacement` : how far the model is that is to replace the collection's. `watch` : of the
    server's own watch of the folder, None without one."""

    total: int
    waiting: int
    failed: int
    runs: int
    revision: str
    replacement: ReplacementState | None = None
    watch: WatchState | None = None

    def document(self) -> dict[str, Any]:
        """Return the state as StatusEventDocument."""
        return asdict(self)


_ImageSummary = tuple[int, ...]
"""Numbers that differ when the images have changed."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one look at the collection finds. commits : a text for the commits of other connections.
    summary : of the images; () if nothing was committed since the last look."""

    commits: str
    summary: _ImageSummary
    runs: int
    replacement: ReplacementState | None


class ChangeWatcher:
    """Watches the collection at `where`. `state` is the latest state. Call `start` in the event
    loop. folder_watch : its state belongs to the state."""

    def __init__(self, where: Path, folder_watch: FolderWatch | None = None) -> None:
        self.state = CollectionState(0, 0, 0, 0, "0")
        self._folder_watch = folder_watch
        # One thread, because SQLite counts the commits of others for each connection.
        self._pool = CollectionPool(where, 1, 1)
        self._summary: _ImageSummary = ()
        self._commits = ""
        self._revision = 0
        self._changed = asyncio.Condition()
        self._updating = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        # Revisions of different servers, or of a restarted one, must differ.
        self._prefix = format(time.time_ns() // 10**6, "x")

    @property
    def watch(self) -> WatchState | None:
        """The state of the server's own watch of the folder at this moment."""
        return None if self._folder_watch is None else self._folder_watch.state

    async def start(self) -> None:
        """Read the state and start watching. Raises the errors of reading the collection."""
        await self._update()
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._pool.close()

    async def end_streams(self) -> None:
        """End all iterators of `states`, because the server shuts down."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def states(self) -> AsyncIterator[CollectionState]:
        """Yield the latest state, and then each new one."""
        last = self.state
        yield last
        while True:
            async with self._changed:
                while self.state == last and not self._ended:
                    await self._changed.wait()
                if self._ended:
                    return
                last = self.state
            yield last

    async def _poll(self) -> None:
        while True:
            start = time.monotonic()
            try:
                await self._update()
            except SokkuriError as error:
                _log.warning("cannot read changes of the collection: %s", error)
                await self._publish(self.state)
            seconds = time.monotonic() - start
            await asyncio.sleep(max(_POLL_SECONDS, _PAUSE_PER_SECOND * seconds))

    async def latest(self) -> CollectionState:
        """Return the state of this moment, not that of the last look. Raises as `start`."""
        await self._update()
        return self.state

    async def _update(self) -> None:
        """Read the state and notify listeners. Raises the errors of reading the collection."""
        async with self._updating:  # an older reading must not replace a newer one
            await self._read()

    async def _read(self) -> None:
        reading = await self._pool.run(_read_state, self._commits)
        self._commits = reading.commits
        if reading.summary not in ((), self._summary):
            self._summary = reading.summary
            self._revision += 1
        total, waiting, failed = self._summary[:3]
        revision = f"{self._prefix}-{self._revision}"
        await self._publish(
            CollectionState(total, waiting, failed, reading.runs, revision, reading.replacement)
        )

    async def _publish(self, state: CollectionState) -> None:
        """Add the state of the folder's watch, and notify listeners of a new state."""
        state = replace(state, watch=self.watch)
        async with self._changed:
            if state != self.state:
                self.state = state
                self._changed.notify_all()


def _read_state(collection: Collection, known_commits: str) -> _Reading:
    """Look at the collection. known_commits : the `commits` of the last look."""
    catalog = collection.catalog
    with catalog.reading():
        runs = count_active_runs(catalog)
        replacement = replacement_state(collection)
        commits = commit_count(catalog)
        if commits == known_commits:
            return _Reading(commits, (), runs, replacement)
        counts = count_images(catalog)
        sums = change_sums(catalog)
    image_counts = (counts.live, counts.todo, counts.failed, counts.removed, counts.missing)
    return _Reading(commits, (*image_counts, *sums), runs, replacement)
