"""Run a task in threads of this process.

Decoding and ONNX Runtime release the interpreter's lock, so threads scale. They are daemon threads,
because an interrupt must not wait for a giant image that is being decoded.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Shared = TypeVar("Shared")

_AHEAD = 16  # items drawn per worker: enough for the time of a commit, and bounded memory
_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.5  # Windows delivers an interrupt only between two waits for a result

_QueuedItem = tuple[Any] | None
_QueuedResult = tuple[Any, BaseException | None]


class ThreadExecutor:
    """Runs tasks in `workers` threads, which are started for each `run`."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, task: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        """Yield the results; see the contract in `sokkuri.indexing.executors`."""
        queued: queue.SimpleQueue[_QueuedItem] = queue.SimpleQueue()
        results: queue.SimpleQueue[_QueuedResult] = queue.SimpleQueue()
        stop = threading.Event()
        threads = [
            threading.Thread(
                target=_work_off,
                args=(task, queued, results, stop),
                name=f"sokkuri-{n}",
                daemon=True,
            )
            for n in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        try:
            yield from self._results(iter(items), queued, results)
        finally:
            stop.set()
            for _ in threads:
                queued.put(None)
            for thread in threads:
                thread.join(_GRACE_SECONDS / self.workers)

    def share(self, make: Callable[[], Shared]) -> Shared:
        """Return the object itself: its methods must be safe to call from many threads."""
        return make()

    def close(self) -> None:
        """Do nothing: the threads end with each `run`."""

    def _results(
        self,
        items: Iterator[Any],
        queued: "queue.SimpleQueue[_QueuedItem]",
        results: "queue.SimpleQueue[_QueuedResult]",
    ) -> Iterator[Any]:
        pending = 0
        more = True
        while more or pending:
            while more and pending < self.workers * _AHEAD:
                try:
                    queued.put((next(items),))
                    pending += 1
                except StopIteration:
                    more = False
            if pending:
                try:
                    result, error = results.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                pending -= 1
                if error is not None:
                    raise error
                yield result


def _work_off(
    task: Callable[[Any], Any],
    queued: "queue.SimpleQueue[_QueuedItem]",
    results: "queue.SimpleQueue[_QueuedResult]",
    stop: threading.Event,
) -> None:
    while (item := queued.get()) is not None and not stop.is_set():
        try:
            results.put((task(item[0]), None))
        except BaseException as error:  # noqa: BLE001 - raised again where the results are taken
            results.put((None, error))
