"""Every executor keeps the same promises."""

import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokkuri.executors import Executor, ThreadExecutor

EXECUTORS: list[Callable[[], Executor]] = [lambda: ThreadExecutor(1), lambda: ThreadExecutor(4)]
NAMES = ["one thread", "four threads"]


@pytest.fixture(params=EXECUTORS, ids=NAMES)
def executor(request: pytest.FixtureRequest) -> Executor:
    made: Executor = request.param()
    return made


@pytest.mark.parametrize("make", EXECUTORS, ids=NAMES)
@given(items=st.lists(st.integers(), max_size=300))
@settings(max_examples=20, deadline=None)
def test_every_item_gives_exactly_one_result(
    make: Callable[[], Executor], items: list[int]
) -> None:
    assert sorted(make().run(lambda n: n * 2, items)) == sorted(n * 2 for n in items)


def test_items_are_drawn_lazily(executor: Executor) -> None:
    """Guarantee: memory is bounded whatever the folder's size."""
    drawn = 0

    def endless() -> Iterator[int]:
        nonlocal drawn
        while True:
            drawn += 1
            yield drawn

    results = executor.run(lambda n: n, endless())
    for taken in range(1, 1001):
        next(results)
        assert drawn <= taken + 100 * executor.workers
    results.close()


def test_closing_stops_the_drawing_and_the_threads(executor: Executor) -> None:
    before = threading.active_count()
    results = executor.run(lambda n: n, iter(range(10**9)))
    next(results)
    results.close()
    assert threading.active_count() == before


def test_closing_does_not_wait_for_work_that_hangs(executor: Executor) -> None:
    """An interrupt must not wait for a giant picture."""
    release = threading.Event()

    def work(number: int) -> int:
        if number:
            release.wait()
        return number

    results = executor.run(work, range(100))
    assert next(results) == 0
    results.close()
    release.set()


def test_a_mistake_in_the_work_is_raised_with_its_cause(executor: Executor) -> None:
    """A pool must not lose the cause of a failure."""

    def work(number: int) -> float:
        return 1 / (number - 5)

    with pytest.raises(ZeroDivisionError):
        list(executor.run(work, range(10)))


def test_an_error_of_the_items_reaches_the_caller(executor: Executor) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more to be had")

    with pytest.raises(LookupError):
        list(executor.run(lambda n: n, items()))


def test_the_work_runs_side_by_side() -> None:
    """Two workers are in the work at once: each waits there for the other."""
    both = threading.Barrier(2, timeout=20)

    def work(number: int) -> int:
        both.wait()
        return number

    assert sorted(ThreadExecutor(2).run(work, range(2))) == [0, 1]
