"""Who runs the work: threads here, or a Ray cluster's machines. Nothing about images.

An executor applies one function to many items and hands results on as they are ready. The contract,
which tests/contract holds every executor to:

- items are drawn lazily, at most a bounded number ahead of the results taken;
- every item drawn gives exactly one result, in any order;
- an exception of the function, which is a mistake of ours (a bad image is a result), is raised
  where the results are taken, and ends the work;
- closing the iterator stops drawing; work in progress is given a moment, then left behind;
- while results are long in coming, an executor may hand on a Pause instead; threads never do;
- what is shared is one object that all copies of the work reach, wherever they run.

Where workers are other processes, items, results and the function must be picklable. A function
that offers what a TravellingWork does is asked more than to be called.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from sokkuri.indexing.executors.threads import ThreadExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")
Shared = TypeVar("Shared")


@dataclass(frozen=True, slots=True)
class Pause:
    """No result, but a moment to look around: time to commit what came. `note` : a line for the
    user, or "" for a mere sign of life."""

    note: str = ""


class Executor(Protocol):
    """What the pipeline asks of whoever runs its work."""

    @property
    def workers(self) -> int:
        """How many there are, or will be where there is room for them."""
        ...

    def run(
        self, work: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Result | Pause]:
        """Results of `work` for each of `items`, as they are ready."""
        ...

    def share(self, make: Callable[[], Shared]) -> Shared:
        """The object that `make` makes on this machine, or what stands for it: its methods may be
        called here and by the work, by many at once. Whoever asked for it closes it."""
        ...

    def close(self) -> None:
        """No work may come after this."""
        ...


@runtime_checkable
class TravellingWork(Protocol[Item, Result]):
    """What a work offers to executors whose workers are other processes, which can die. A copy of
    it is at each of them; `notes` : of a copy, lines for the user, as they come."""

    notes: list[str]

    def check(self) -> None:
        """At a copy: raises SokkuriError when the work cannot be done there."""
        ...

    def batch(self, items: Sequence[Item]) -> Sequence[Result]:
        """At a copy: the results of several items, in their order."""
        ...

    def again(self, item: Item, *, blamed: bool) -> Item:
        """Here: what is handed out for an item once more, after its worker died. blamed : the
        worker had nothing else in hand."""
        ...

    def lost(self, item: Item) -> Result:
        """Here: the result of an item that one worker after another dies with."""
        ...

    def received(self, result: Result, node: str) -> Result:
        """Here: a result as it looks from this machine. node : the name of where it comes from."""
        ...


__all__ = ["Executor", "Pause", "ThreadExecutor", "TravellingWork"]
