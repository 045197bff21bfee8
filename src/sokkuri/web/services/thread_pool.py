"""Threads that run functions for the event loop, with a limit on waiting calls.

Each thread of a CollectionPool has its own connection to the collection. A call beyond the limit
fails at once with BusyError.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from sokkuri.api import Collection
from sokkuri.core.errors import BusyError
from sokkuri.store.snapshot import at_one_moment

P = ParamSpec("P")
Result = TypeVar("Result")


class BoundedExecutor:
    """`workers` threads, and a queue of at most `waiting` calls. Use it from one event loop."""

    def __init__(self, name: str, workers: int, waiting: int) -> None:
        self._name = name
        self._max_calls = workers + waiting
        self._calls = 0
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"sokkuri-{name}")

    async def run(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Call the function in a thread and return its result. Raises BusyError if too many calls
        wait, and what the function raises."""
        if self._calls >= self._max_calls:
            raise BusyError(f"too many {self._name} are waiting: try again in a moment")
        self._calls += 1
        future = self._pool.submit(function, *args, **kwargs)
        # A call counts until its thread has finished, even if the caller was cancelled.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._finish_call))
        return await asyncio.wrap_future(future)

    def _finish_call(self) -> None:
        self._calls -= 1

    def close(self) -> None:
        """Cancel the waiting calls. Does not wait for the running ones."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class CollectionPool:
    """Threads that call functions with the collection at `where` : its root folder or its store.
    With mode "rw" the functions may change the collection. withheld : names that no filter may
    use."""

    def __init__(
        self,
        where: Path,
        workers: int,
        waiting: int,
        mode: Literal["ro", "rw"] = "ro",
        withheld: frozenset[str] = frozenset(),
    ) -> None:
        self._where = where
        self._withheld = withheld
        self._mode = mode
        self._local = threading.local()
        self._executor = BoundedExecutor("reads" if mode == "ro" else "changes", workers, waiting)

    async def run(
        self,
        function: Callable[Concatenate[Collection, P], Result],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Result:
        """Call the function with the collection in a thread, and return its result. Raises
        BusyError and what the function raises."""

        def call() -> Result:
            collection = self._open_collection()
            bound = partial(function, collection, *args, **kwargs)
            return at_one_moment(collection, bound) if self._mode == "ro" else bound()

        return await self._executor.run(call)

    def _open_collection(self) -> Collection:
        """Return the collection of this thread. Threads do not share SQLite connections."""
        if hasattr(self._local, "collection") and self._local.collection.catalog.is_replaced:
            self._local.collection.close()
            del self._local.collection
        if not hasattr(self._local, "collection"):
            self._local.collection = Collection.open(self._where, self._mode)
            self._local.collection.withheld = self._withheld
        collection: Collection = self._local.collection
        collection.follow()  # another command may have given it another model
        return collection

    def close(self) -> None:
        """Cancel the waiting calls. Does not wait for the running ones."""
        self._executor.close()
