"""Follows the collection: notices what other processes commit, and tells whoever listens.

Asks the catalog a cheap question twice a second, and the dear one (how many images of which kind)
only when it has changed, and never for more than a tenth of the time. Hands on Pulses.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError
from sokkuri.store.leases import runs
from sokkuri.web.services.thread_pool import Library

_POLL_SECONDS = 0.5  # SQLite has no event for what other processes commit
_SHARE = 10.0
_log = logging.getLogger("sokkuri.web")


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the collection is, as of `revision`: which is another one when images have changed."""

    total: int
    waiting: int
    failed: int
    runs: int
    revision: str

    def document(self) -> dict[str, Any]:
        return asdict(self)


_Seen = tuple[int, ...]
"""What tells one state of the images from another."""


class Watch:
    """Call `start` in the event loop; `pulse` is the latest, `pulses` all from now on."""

    def __init__(self, where: Path) -> None:
        self.pulse = Pulse(0, 0, 0, 0, "0")
        self._library = Library(where, 1, 1)  # one thread, whose connection counts commits
        self._seen: _Seen = ()
        self._commits = -1
        self._number = 0
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        # Two servers of one collection, or one started anew, must not name alike what differs.
        self._born = format(time.time_ns() // 10**6, "x")

    async def start(self) -> None:
        await self._look()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._library.close()

    async def end(self) -> None:
        """Let every `pulses` end: the server goes."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def pulses(self) -> AsyncIterator[Pulse]:
        """The latest pulse, and then each that differs from the one before, until the end."""
        told = self.pulse
        yield told
        while True:
            async with self._changed:
                while self.pulse == told and not self._ended:
                    await self._changed.wait()
                if self._ended:
                    return
                told = self.pulse
            yield told

    async def _follow(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self._look()
            except SokkuriError as error:
                _log.warning("the collection cannot be followed: %s", error)
            spent = time.monotonic() - began
            await asyncio.sleep(max(_POLL_SECONDS, _SHARE * spent))

    async def _look(self) -> None:
        """Take up what has changed. Raises what a collection that cannot be read raises."""
        commits, seen, at_work = await self._library.ask(_state, self._commits)
        self._commits = commits
        if seen not in ((), self._seen):
            self._seen = seen
            self._number += 1
        total, waiting, failed = self._seen[:3]
        pulse = Pulse(total, waiting, failed, at_work, f"{self._born}-{self._number}")
        async with self._changed:
            if pulse != self.pulse:
                self.pulse = pulse
                self._changed.notify_all()


def _state(collection: Collection, known: int) -> tuple[int, _Seen, int]:
    """How many commits of others this connection has seen; the images, or () where that number is
    the known one; and how many processes are at work."""
    catalog = collection.catalog
    with catalog.reading():
        at_work = sum(not run.is_over(time.time()) for run in runs(catalog))
        commits = int(catalog.one("PRAGMA data_version")[0])
        if commits == known:
            return commits, (), at_work
        counts = catalog.counts()
        # Seconds, weighted so that two files which change their dates with each other are seen.
        last, dates = catalog.one(
            "SELECT coalesce(max(key), 0),"
            " coalesce(sum(mtime_ns / 1000000000 * (key % 31 + 1)), 0) FROM images"
        )
        rows = catalog.one("SELECT total(rows) FROM shards")[0]
    seen = (counts.live, counts.todo, counts.failed, counts.removed, counts.missing)
    return commits, (*seen, int(last), int(dates), int(rows)), at_work
