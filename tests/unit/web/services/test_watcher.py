"""The watcher notices commits of others, gives each state a new revision, and can be ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from synthetic_collection import Bench, empty

from sokkuri.indexing.outcomes import Failed
from sokkuri.store.leases import end_run
from sokkuri.web.services.watcher import ChangeWatcher, CollectionState


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(empty(tmp_path / "photos"))
    made.add_drawn(0, 5)
    yield made
    made.known.close()
    made.collection.close()


def with_watch(bench: Bench, work: Callable[[ChangeWatcher], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        watch = ChangeWatcher(bench.collection.store)
        await watch.start()
        try:
            async with asyncio.timeout(60):
                return await work(watch)
        finally:
            await watch.stop()

    return asyncio.run(run())


def has(total: int, failed: int) -> Callable[[CollectionState], bool]:
    return lambda pulse: (pulse.total, pulse.failed) == (total, failed)


async def until(
    pulses: AsyncIterator[CollectionState], is_it: Callable[[CollectionState], bool]
) -> CollectionState:
    async for pulse in pulses:
        if is_it(pulse):
            return pulse
    raise AssertionError("the pulses ended")


def test_each_change_has_a_revision_of_its_own(bench: Bench) -> None:
    def fail() -> None:
        bench.listed(*(f"{number:05d}" for number in range(8)), "broken")
        bench.commit(Failed(bench.jobs()["broken"], "decode", "no image"))

    async def follow(watch: ChangeWatcher) -> list[CollectionState]:
        pulses = watch.states()
        seen = [await anext(pulses)]
        for change, total, failed in (
            (lambda: bench.add_drawn(5, 3), 8, 0),
            (fail, 8, 1),
            (lambda: bench.collection.remove(["00001"]), 7, 1),
            (lambda: bench.collection.restore(["00001"]), 8, 1),
        ):
            change()
            seen.append(await until(pulses, has(total, failed)))
            assert watch.state == seen[-1]
        return seen

    seen = with_watch(bench, follow)
    assert (seen[0].total, seen[0].waiting, seen[0].failed, seen[0].runs) == (5, 0, 0, 1)
    assert len({pulse.revision for pulse in seen}) == 5
    assert seen[-1].document().keys() == {"total", "waiting", "failed", "runs", "revision"}


def test_dates_that_are_swapped_are_a_change(bench: Bench) -> None:
    """The counts and the sum of all dates stay as they are; the order by date does not."""
    bench.catalog.run("UPDATE images SET mtime_ns = key * 1000000000000", [])

    async def follow(watch: ChangeWatcher) -> list[CollectionState]:
        pulses = watch.states()
        first = await anext(pulses)
        bench.catalog.run("UPDATE images SET mtime_ns = (6 - key) * 1000000000000", [])
        return [first, await anext(pulses)]

    first, second = with_watch(bench, follow)
    assert first.revision != second.revision
    assert first.total == second.total == 5


def test_a_run_that_begins_and_ends_is_told_without_a_new_revision(bench: Bench) -> None:
    async def follow(watch: ChangeWatcher) -> list[CollectionState]:
        pulses = watch.states()
        first = await anext(pulses)
        end_run(bench.catalog, bench.run)
        return [first, await anext(pulses)]

    first, second = with_watch(bench, follow)
    assert (first.runs, second.runs) == (1, 0)
    assert first.revision == second.revision, "the images are the same"


def test_two_servers_name_nothing_alike(bench: Bench) -> None:
    async def revision(watch: ChangeWatcher) -> str:
        return watch.state.revision

    assert with_watch(bench, revision) != with_watch(bench, revision)


def test_all_listeners_are_told_the_same(bench: Bench) -> None:
    async def follow(watch: ChangeWatcher) -> list[CollectionState]:
        listeners = [watch.states() for _ in range(20)]
        for one in listeners:
            await anext(one)
        bench.add_drawn(5, 3)
        return await asyncio.gather(*(until(one, lambda p: p.total == 8) for one in listeners))

    assert {pulse.total for pulse in with_watch(bench, follow)} == {8}


def test_the_end_is_told_to_all_listeners(bench: Bench) -> None:
    """Else a server with a page open somewhere would have to cut it off."""

    async def follow(watch: ChangeWatcher) -> list[list[CollectionState]]:
        async def all_of(
            pulses: AsyncIterator[CollectionState], heard: asyncio.Event
        ) -> list[CollectionState]:
            found = []
            async for pulse in pulses:
                found.append(pulse)
                heard.set()
            return found

        heard = [asyncio.Event() for _ in range(3)]
        listeners = [asyncio.create_task(all_of(watch.states(), one)) for one in heard]
        for one in heard:
            await one.wait()
        await watch.end_streams()
        return await asyncio.gather(*listeners)

    for found in with_watch(bench, follow):
        assert [pulse.total for pulse in found] == [5]
