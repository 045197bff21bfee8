"""Run a task on many items: in threads of this process, or on a Ray cluster. Knows no images.

An executor applies one function to many items and yields the results as they are ready. The tests
in tests/contract hold every executor to this contract:

- Items are drawn lazily, at most a bounded number ahead of the results that were taken.
- Each drawn item gives exactly one result, in any order.
- An exception of the function (a bug, because a bad image is a result) is raised where the results
  are taken, and ends the run.
- Closing the iterator stops the drawing. Work in progress gets a moment, then is left behind.
- When no result comes for a while, an executor may yield a Heartbeat. Threads never do.
- A shared object is one object that all copies of the task reach, on any machine.

If workers are other processes, items, results and the function must be picklable. An executor uses
the additional methods of a function that is a RemoteTask.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from sokkuri.indexing.executors.threads import ThreadExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")
Shared = TypeVar("Shared")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """No result, but time to commit the results so far. `note` : a line for the user, or ""."""

    note: str = ""


class Executor(Protocol):
    """Runs a task on items."""

    @property
    def workers(self) -> int:
        """The number of workers, now or as soon as there is room for them."""
        ...

    def run(
        self, task: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Result | Heartbeat]:
        """Yield the results of `task` for each of `items`, as they are ready."""
        ...

    def share(self, make: Callable[[], Shared]) -> Shared:
        """Return the object that `make` creates on this machine, or a proxy of it.

        Its methods may be called from here and from the task, from many threads at once. The
        caller closes it.
        """
        ...

    def close(self) -> None:
        """Free all resources. No run may follow."""
        ...


@runtime_checkable
class RemoteTask(Protocol[Item, Result]):
    """A task for executors whose workers are other processes, which can die.

    Each worker has a copy. `notes` : lines for the user, which a copy appends.
    """

    notes: list[str]

    def check(self) -> None:
        """At a copy: raise SokkuriError if the task cannot run on this node."""
        ...

    def batch(self, items: Sequence[Item]) -> Sequence[Result]:
        """At a copy: return the results of several items, in their order."""
        ...

    def for_retry(self, item: Item, *, blamed: bool) -> Item:
        """At the driver: return the item to hand out after the worker of `item` died.

        blamed : whether the worker had no other item.
        """
        ...

    def as_failure(self, item: Item) -> Result:
        """At the driver: return the result of an item whose workers died again and again."""
        ...

    def on_received(self, result: Result, node: str) -> Result:
        """At the driver: return the result, corrected with what this machine knows.

        node : the name of the node that the result comes from.
        """
        ...


__all__ = ["Executor", "Heartbeat", "RemoteTask", "ThreadExecutor"]
