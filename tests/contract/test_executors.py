"""Every executor keeps the same promises. Ray has a cluster of this machine's own here, with two
CPUs; test_ray.py has one of two nodes."""

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from ray_cluster import PATIENCE

from sokkuri.core.errors import ClusterError
from sokkuri.indexing.executors import Executor, Pause, ThreadExecutor, ray_pool
from sokkuri.indexing.executors.ray import RayExecutor

EXECUTORS: list[Callable[[], Executor]] = [
    lambda: ThreadExecutor(1),
    lambda: ThreadExecutor(4),
    lambda: RayExecutor("local", 2),
]


@pytest.fixture(scope="module", params=EXECUTORS, ids=["one thread", "four threads", "ray"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    made: Executor = request.param()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ray(executor: Executor) -> RayExecutor:
    if not isinstance(executor, RayExecutor):
        pytest.skip("for workers that are processes")
    return executor


def results(came: "Generator[Any]") -> Iterator[Any]:
    """All that is no Pause."""
    return (one for one in came if not isinstance(one, Pause))


def descendants() -> int:
    """Threads here and processes below that are there for a run."""
    titles = [process.name() for process in psutil.Process().children(recursive=True)]
    return threading.active_count() + sum("Worker" in title for title in titles)


@pytest.mark.parametrize("count", [0, 301])
def test_every_item_gives_exactly_one_result(executor: Executor, count: int) -> None:
    found = sorted(results(executor.run(lambda n: n * 2, iter(range(count)))))
    assert found == [n * 2 for n in range(count)]


def test_items_are_drawn_lazily(executor: Executor) -> None:
    """Guarantee: memory is bounded whatever the folder's size."""
    drawn = 0

    def endless() -> Iterator[int]:
        nonlocal drawn
        while True:
            drawn += 1
            yield drawn

    came = executor.run(lambda n: n, endless())
    taken = 0
    for result in came:
        taken += not isinstance(result, Pause)
        assert drawn <= taken + 100 * executor.workers
        if taken == 1000:
            break
    came.close()


def test_closing_stops_the_drawing_and_the_workers(executor: Executor) -> None:
    before = descendants()
    came = executor.run(lambda n: n, iter(range(10**9)))
    next(results(came))
    came.close()
    until = time.monotonic() + PATIENCE
    while descendants() > before:  # a process takes a moment to end
        assert time.monotonic() < until
        time.sleep(0.01)


def test_closing_does_not_wait_for_work_that_hangs(executor: Executor, tmp_path: Path) -> None:
    """An interrupt must not wait for a giant picture."""
    release, hanging = tmp_path / "release", tmp_path / "hanging"

    def work(number: int) -> int:
        while number and not release.exists():
            hanging.touch()
            time.sleep(0.01)
        return number

    # The first batches of all workers, which begin in no order, must come back.
    quick = 1 if isinstance(executor, ThreadExecutor) else 64
    came = executor.run(work, (number // quick for number in range(1000)))
    assert next(results(came)) == 0
    for _ in came if isinstance(executor, RayExecutor) else ():  # it hands out while it is asked
        if hanging.exists():
            break
    came.close()
    assert not release.exists()
    release.touch()


def test_a_mistake_in_the_work_is_raised_with_its_cause(executor: Executor) -> None:
    """A pool must not lose the cause of a failure."""

    def work(number: int) -> float:
        return 1 / (number - 5)

    with pytest.raises(ZeroDivisionError):
        list(executor.run(work, iter(range(10))))


def test_an_error_of_the_items_reaches_the_caller(executor: Executor) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more to be had")

    with pytest.raises(LookupError):
        list(executor.run(lambda n: n, items()))


def test_the_work_runs_side_by_side(executor: Executor, tmp_path: Path) -> None:
    """Two workers are in the work at once: each waits there for the other."""
    if executor.workers == 1:
        pytest.skip("one worker")

    def work(number: int) -> int:
        (tmp_path / f"{os.getpid()} {threading.get_ident()}").touch()
        until = time.monotonic() + PATIENCE
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        return len(list(tmp_path.iterdir()))

    assert all(seen >= 2 for seen in results(executor.run(work, iter(range(10)))))


def test_what_is_shared_is_one_object(executor: Executor) -> None:
    class Counter:
        """Counts, wherever it is called from."""

        def __init__(self) -> None:
            self._count = 0
            self._lock = threading.Lock()

        def next(self) -> int:
            with self._lock:
                self._count += 1
                return self._count

        def total(self, numbers: "Iterator[int]") -> int:
            return sum(numbers)

        def close(self) -> None:
            self._count = -1

    shared = executor.share(Counter)
    found = sorted(results(executor.run(lambda _: shared.next(), iter(range(50)))))
    assert found == list(range(1, 51))
    assert shared.next() == 51
    assert shared.total(iter([1, 2])) == 3
    shared.close()


def test_where_a_mistake_was_made_is_told(ray: RayExecutor) -> None:
    """Also of an error that cannot travel."""

    class OddError(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(f"odd: {one}")

    def work(number: int) -> float:
        try:
            return 1 / number
        except ZeroDivisionError as error:
            raise OddError(1, 2) from error

    with pytest.raises(RuntimeError, match="OddError: odd: 1") as raised:
        list(ray.run(work, iter([0])))
    assert "ZeroDivisionError: division by zero" in raised.value.__notes__[0]


def test_an_item_that_kills_its_workers_ends_the_work(ray: RayExecutor) -> None:
    """Where the work has no result for it; all others have theirs before."""
    found: list[int] = []

    def work(number: int) -> int:
        if number == 9:
            os._exit(1)
        return number

    with pytest.raises(ClusterError, match="die one after another with 9 in hand"):
        found.extend(results(ray.run(work, iter(range(12)))))
    assert set(found) <= set(range(12)) - {9}


def test_what_takes_long_is_told(
    ray: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which node has what in hand, and that a cluster has no room; when it has, work begins."""
    monkeypatch.setattr(ray_pool, "_PATIENCE_SECONDS", 0.2)

    def hang(number: int) -> int:
        while not (tmp_path / "release").exists():
            time.sleep(0.01)
        return number

    def note(came: Generator[Any], words: str) -> str:
        return next(x.note for x in came if isinstance(x, Pause) and words in x.note)

    first = ray.run(hang, iter(range(8)))
    assert "s, the first is " in note(first, " has had 4 in hand for ")
    assert note(first, " has had 4 in hand for ").startswith("node ")
    second = ray.run(lambda number: number, iter([1]))
    assert note(second, "no room").startswith("the cluster has no room yet")
    first.close()
    assert list(results(second)) == [1]
