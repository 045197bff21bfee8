"""Threads of this process: decoding and ONNX Runtime leave the interpreter's lock, so they scale.

Daemon threads, because an interrupt must not wait for a giant picture that is being decoded.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Shared = TypeVar("Shared")

_AHEAD = 16  # items drawn per worker: covers a commit's time without letting memory grow
_GRACE_SECONDS = 1.0

_Task = tuple[Any] | None
_Done = tuple[Any, BaseException | None]


class ThreadExecutor:
    """`workers` threads, started for each `run`."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        """See the contract in `sokkuri.indexing.executors`."""
        tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        results: queue.SimpleQueue[_Done] = queue.SimpleQueue()
        stop = threading.Event()
        threads = [
            threading.Thread(
                target=_serve, args=(work, tasks, results, stop), name=f"sokkuri-{n}", daemon=True
            )
            for n in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        try:
            yield from self._results(iter(items), tasks, results)
        finally:
            stop.set()
            for _ in threads:
                tasks.put(None)
            for thread in threads:
                thread.join(_GRACE_SECONDS / self.workers)

    def share(self, make: Callable[[], Shared]) -> Shared:
        """The object itself: its methods must be safe to call from many threads."""
        return make()

    def close(self) -> None:
        """Nothing is left to close: threads end with each `run`."""

    def _results(
        self,
        items: Iterator[Any],
        tasks: "queue.SimpleQueue[_Task]",
        results: "queue.SimpleQueue[_Done]",
    ) -> Iterator[Any]:
        pending = 0
        more = True
        while more or pending:
            while more and pending < self.workers * _AHEAD:
                try:
                    tasks.put((next(items),))
                    pending += 1
                except StopIteration:
                    more = False
            if pending:
                result, error = results.get()
                pending -= 1
                if error is not None:
                    raise error
                yield result


def _serve(
    work: Callable[[Any], Any],
    tasks: "queue.SimpleQueue[_Task]",
    results: "queue.SimpleQueue[_Done]",
    stop: threading.Event,
) -> None:
    while (task := tasks.get()) is not None and not stop.is_set():
        try:
            results.put((work(task[0]), None))
        except BaseException as error:  # noqa: BLE001 - raised again where the results are taken
            results.put((None, error))
