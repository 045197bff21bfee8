"""The collection as the server's threads see it: questions are answered off the event loop.

Takes a function of a Collection and hands on what it gives. Each thread has a connection of its
own, and how many questions may wait is bounded: beyond that, BusyError at once.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from sokkuri.api import Collection
from sokkuri.core.errors import BusyError

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Bounded:
    """`workers` threads, and room for `waiting` tasks beyond those at work."""

    def __init__(self, name: str, workers: int, waiting: int) -> None:
        self._name = name
        self._room = workers + waiting
        self._taken = 0
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"sokkuri-{name}")

    async def run(
        self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """What `work` gives, computed by a thread. Raises BusyError when there is no room."""
        if self._taken >= self._room:
            raise BusyError(f"too many {self._name} are waiting: ask again in a moment")
        self._taken += 1
        future = self._pool.submit(work, *args, **kwargs)
        # Counted until the thread is done with it, also where nobody waits for it any more.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        self._taken -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class Library:
    """Asks the collection in `where` : a folder of images or a store. With "rw" questions may
    change it."""

    def __init__(
        self, where: Path, workers: int, waiting: int, mode: Literal["ro", "rw"] = "ro"
    ) -> None:
        self.where = where
        self._mode = mode
        self._mine = threading.local()
        self._bounded = Bounded("reads" if mode == "ro" else "changes", workers, waiting)

    async def ask(
        self,
        question: Callable[Concatenate[Collection, Given], Result],
        *args: Given.args,
        **kwargs: Given.kwargs,
    ) -> Result:
        """What the question's function gives for the collection. Raises what it raises, and
        BusyError."""

        def answer() -> Result:
            return question(self._collection(), *args, **kwargs)

        return await self._bounded.run(answer)

    def _collection(self) -> Collection:
        """This thread's own: SQLite's connections are not shared."""
        if not hasattr(self._mine, "collection"):
            self._mine.collection = Collection.open(self.where, self._mode)
        found: Collection = self._mine.collection
        return found

    def close(self) -> None:
        self._bounded.close()
