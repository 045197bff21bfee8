"""Who runs the work: threads here, other machines later. Nothing about images.

An executor applies one function to many items and hands results on as they are ready. The contract,
which tests/contract holds every executor to:

- items are drawn lazily, at most a bounded number ahead of the results taken;
- every item drawn gives exactly one result, in any order;
- an exception of the function, which is a mistake of ours (a bad image is a result), is raised
  where the results are taken, and ends the work;
- closing the iterator stops drawing; work in progress is given a moment, then left behind.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

from sokkuri.executors.threads import ThreadExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """What the pipeline asks of whoever runs its work."""

    workers: int

    def run(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        """Results of `work` for each of `items`, as they are ready."""
        ...


__all__ = ["Executor", "ThreadExecutor"]
