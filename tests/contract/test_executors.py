"""The contract of every executor. Ray runs a local cluster of two CPUs here, and two nodes in
test_ray.py. A worker of Ray takes seconds to start, so most tests use one."""

import os
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from ray_cluster import TIMEOUT_SECONDS

from sokkuri.core.errors import ClusterError
from sokkuri.indexing.executors import Executor, Heartbeat, ThreadExecutor, ray_pool
from sokkuri.indexing.executors.ray import RayExecutor


@pytest.fixture(scope="module")
def two_ray_workers() -> Iterator[RayExecutor]:
    """An executor that starts the cluster, which later ones join."""
    executor = RayExecutor("local", 2)
    yield executor
    executor.close()


def open_executor(name: str, request: pytest.FixtureRequest) -> Executor:
    if name == "two ray workers":
        return cast("Executor", request.getfixturevalue("two_ray_workers"))
    if name == "ray":
        request.getfixturevalue("two_ray_workers")
        return RayExecutor("local", 1)
    return ThreadExecutor({"one thread": 1, "four threads": 4}[name])


@pytest.fixture(scope="module", params=["one thread", "four threads", "ray"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    executor = open_executor(request.param, request)
    yield executor
    executor.close()


@pytest.fixture(scope="module", params=["four threads", "two ray workers"])
def wide(request: pytest.FixtureRequest) -> Executor:
    """An executor with several workers."""
    return open_executor(request.param, request)


@pytest.fixture(scope="module")
def ray(executor: Executor) -> RayExecutor:
    if not isinstance(executor, RayExecutor):
        pytest.skip("needs workers that are processes")
    return executor


def without_heartbeats(stream: "Generator[Any]") -> Iterator[Any]:
    """Yield the results without the heartbeats."""
    return (result for result in stream if not isinstance(result, Heartbeat))


def count_workers() -> int:
    """Return the number of threads of this process and of worker processes below it."""
    titles = [process.name() for process in psutil.Process().children(recursive=True)]
    return threading.active_count() + sum("Worker" in title for title in titles)


@pytest.mark.parametrize("name", ["one thread", "four threads", "two ray workers"])
@pytest.mark.parametrize("count", [0, 301])
def test_every_item_gives_exactly_one_result(
    name: str, count: int, request: pytest.FixtureRequest
) -> None:
    executor = open_executor(name, request)
    found = sorted(without_heartbeats(executor.run(lambda n: n * 2, iter(range(count)))))
    assert found == [n * 2 for n in range(count)]


def test_items_are_drawn_lazily_until_the_stream_is_closed(executor: Executor) -> None:
    """Guarantee: memory is bounded for a folder of any size. Closing ends the workers."""
    before, drawn = count_workers(), 0

    def endless() -> Iterator[int]:
        nonlocal drawn
        while True:
            drawn += 1
            yield drawn

    stream = executor.run(lambda n: n, endless())
    received = 0
    for result in stream:
        received += not isinstance(result, Heartbeat)
        assert drawn <= received + 100 * executor.workers
        if received == 1000:
            break
    stream.close()
    at_close = drawn
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while count_workers() > before:  # processes need a moment to end
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert drawn == at_close


def test_closing_does_not_wait_for_work_that_hangs(executor: Executor, tmp_path: Path) -> None:
    """An interrupt must not wait for a giant image."""
    release, hanging = tmp_path / "release", tmp_path / "hanging"

    def task(number: int) -> int:
        while number and not release.exists():
            hanging.touch()
            time.sleep(0.01)
        return number

    # The first batches of all workers start in any order and must come back.
    quick = 1 if isinstance(executor, ThreadExecutor) else 64
    stream = executor.run(task, (number // quick for number in range(1000)))
    assert next(without_heartbeats(stream)) == 0
    # Ray hands out items only when it is asked for a result.
    for _ in stream if isinstance(executor, RayExecutor) else ():
        if hanging.exists():
            break
    stream.close()
    assert not release.exists()
    release.touch()


def test_an_exception_of_the_task_is_raised(executor: Executor) -> None:
    """A pool must not lose the cause of a failure."""

    def task(number: int) -> float:
        return 1 / (number - 5)

    with pytest.raises(ZeroDivisionError):
        list(executor.run(task, iter(range(10))))


def test_an_exception_of_the_item_iterator_is_raised(executor: Executor) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more items")

    with pytest.raises(LookupError):
        list(executor.run(lambda n: n, items()))


def test_items_run_in_parallel(wide: Executor, tmp_path: Path) -> None:
    """Two workers run at once: each waits for the other."""

    def task(number: int) -> int:
        (tmp_path / f"{os.getpid()} {threading.get_ident()}").touch()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(list(tmp_path.iterdir()))

    assert all(seen >= 2 for seen in without_heartbeats(wide.run(task, iter(range(10)))))


def test_a_shared_object_is_one_object(executor: Executor) -> None:
    class Counter:
        """Counts calls from any process."""

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
    found = sorted(without_heartbeats(executor.run(lambda _: shared.next(), iter(range(50)))))
    assert found == list(range(1, 51))
    assert shared.next() == 51
    assert shared.total(iter([1, 2])) == 3
    shared.close()


def test_the_traceback_of_a_worker_is_kept(ray: RayExecutor) -> None:
    """Also for an exception that cannot be pickled."""

    class OddError(Exception):
        def __init__(self, first: int, second: int) -> None:
            super().__init__(f"odd: {first}")

    def task(number: int) -> float:
        try:
            return 1 / number
        except ZeroDivisionError as error:
            raise OddError(1, 2) from error

    with pytest.raises(RuntimeError, match="OddError: odd: 1") as raised:
        list(ray.run(task, iter([0])))
    assert "ZeroDivisionError: division by zero" in raised.value.__notes__[0]


def test_an_item_that_kills_its_workers_ends_the_run(ray: RayExecutor) -> None:
    """If the task has no result for a lost item. The other items get their results first."""
    found: list[int] = []

    def task(number: int) -> int:
        if number == 9:
            os._exit(1)
        return number

    with pytest.raises(ClusterError, match="die one after another while they work on 9"):
        found.extend(without_heartbeats(ray.run(task, iter(range(12)))))
    assert set(found) <= set(range(12)) - {9}


@pytest.mark.full
def test_delays_are_reported(
    two_ray_workers: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow item is reported with its node, and so is a full cluster. Work starts later."""
    monkeypatch.setattr(ray_pool, "_PATIENCE_SECONDS", 0.2)

    def hang(number: int) -> int:
        while not (tmp_path / "release").exists():
            time.sleep(0.01)
        return number

    def find_note(stream: Generator[Any], words: str) -> str:
        return next(x.note for x in stream if isinstance(x, Heartbeat) and words in x.note)

    first = two_ray_workers.run(hang, iter(range(8)))
    assert "s, the first is " in find_note(first, " has been working on 4 items for ")
    assert find_note(first, " has been working on 4 items for ").startswith("node ")
    second = two_ray_workers.run(lambda number: number, iter([1]))
    assert find_note(second, "no room").startswith("the cluster has no room yet")
    first.close()
    assert list(without_heartbeats(second)) == [1]
