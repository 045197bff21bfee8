"""The watcher notices commits of others, gives each state a new revision, and can be ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_collection import Bench, create_empty

from sokkuri.indexing.outcomes import Failed
from sokkuri.store.image_pages import change_sums
from sokkuri.store.leases import end_run
from sokkuri.web.services.watcher import ChangeWatcher, CollectionState


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(create_empty(tmp_path / "photos"))
    made.add_images(0, 5)
    yield made
    made.digests.close()
    made.collection.close()


def with_watcher(bench: Bench, work: Callable[[ChangeWatcher], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        watcher = ChangeWatcher(bench.collection.store)
        await watcher.start()
        try:
            async with asyncio.timeout(60):
                return await work(watcher)
        finally:
            await watcher.stop()

    return asyncio.run(run())


def has(total: int, failed: int) -> Callable[[CollectionState], bool]:
    return lambda state: (state.total, state.failed) == (total, failed)


async def until(
    states: AsyncIterator[CollectionState], matches: Callable[[CollectionState], bool]
) -> CollectionState:
    async for state in states:
        if matches(state):
            return state
    raise AssertionError("the states ended")


def test_each_change_has_a_new_revision(bench: Bench) -> None:
    def fail() -> None:
        bench.list_files(*(f"{number:05d}" for number in range(8)), "broken")
        bench.commit(Failed(bench.claim_jobs()["broken"], "decode", "no image"))

    async def follow(watcher: ChangeWatcher) -> list[CollectionState]:
        states = watcher.states()
        seen = [await anext(states)]
        for change, total, failed in (
            (lambda: bench.add_images(5, 3), 8, 0),
            (fail, 8, 1),
            (lambda: bench.collection.remove(["00001"]), 7, 1),
            (lambda: bench.collection.restore(["00001"]), 8, 1),
        ):
            change()
            seen.append(await until(states, has(total, failed)))
            assert watcher.state == seen[-1]
        return seen

    seen = with_watcher(bench, follow)
    assert (seen[0].total, seen[0].waiting, seen[0].failed, seen[0].runs) == (5, 0, 0, 1)
    assert len({state.revision for state in seen}) == 5
    assert seen[-1].document().keys() == {
        "total", "waiting", "failed", "runs", "revision", "replacement", "watch",
    }  # fmt: skip
    assert seen[-1].watch is None


def test_swapped_dates_have_a_new_revision(bench: Bench) -> None:
    """Counts and the sum of all dates stay equal, but the order by date changes."""
    bench.catalog.execute("UPDATE images SET mtime_ns = key * 1000000000000", [])

    async def follow(watcher: ChangeWatcher) -> list[CollectionState]:
        states = watcher.states()
        first = await anext(states)
        bench.catalog.execute("UPDATE images SET mtime_ns = (6 - key) * 1000000000000", [])
        return [first, await anext(states)]

    first, second = with_watcher(bench, follow)
    assert first.revision != second.revision
    assert first.total == second.total == 5


def test_changes_that_cancel_out_in_the_counts_have_a_new_revision(bench: Bench) -> None:
    """Guarantee: the grid of a page never stays stale."""
    catalog = bench.catalog
    catalog.execute("UPDATE images SET removed = 1, mtime_ns = 5000000 WHERE id = '00001'")

    async def follow(watcher: ChangeWatcher) -> list[CollectionState]:
        states = watcher.states()
        seen = [await anext(states)]
        for change in (
            "UPDATE images SET removed = (id = '00002') WHERE id IN ('00001', '00002')",
            (
                "UPDATE images SET missing = (CASE id WHEN '00003' THEN 1 END),"
                " removed = (id = '00004') WHERE id IN ('00002', '00003', '00004')"
            ),
            (
                "UPDATE images SET missing = (CASE id WHEN '00004' THEN 1 END),"
                " removed = (id = '00003') WHERE id IN ('00003', '00004')"
            ),
            "INSERT OR REPLACE INTO meta VALUES ('ids', 'name')",
            "UPDATE images SET path = 'moved/' || id WHERE id = '00001'",
            "UPDATE images SET path = 'other/' || id WHERE id = '00001'",
        ):
            catalog.execute(change)
            seen.append(await anext(states))
        return seen

    seen = with_watcher(bench, follow)
    assert len({state.revision for state in seen}) == len(seen)
    assert {state.total for state in seen[:2]} == {4}


@given(st.lists(st.integers(0, 4), min_size=2, max_size=6, unique=True), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_any_two_sets_of_removed_images_differ(
    bench: Bench, chosen: list[int], data: st.DataObject
) -> None:
    other = data.draw(st.lists(st.integers(0, 4), max_size=6, unique=True))
    sums = []
    for numbers in (chosen, other):
        bench.catalog.execute("UPDATE images SET removed = 0")
        for number in numbers:
            bench.catalog.execute("UPDATE images SET removed = 1 WHERE id = ?", [f"{number:05d}"])
        sums.append(change_sums(bench.catalog))
    assert (sums[0] == sums[1]) is ({*chosen} == {*other})


def test_the_end_of_a_run_changes_the_state_but_not_the_revision(bench: Bench) -> None:
    async def follow(watcher: ChangeWatcher) -> list[CollectionState]:
        states = watcher.states()
        first = await anext(states)
        end_run(bench.catalog, bench.run)
        return [first, await anext(states)]

    first, second = with_watcher(bench, follow)
    assert (first.runs, second.runs) == (1, 0)
    assert first.revision == second.revision, "the images have not changed"


def test_two_servers_have_different_revisions(bench: Bench) -> None:
    async def revision(watcher: ChangeWatcher) -> str:
        return watcher.state.revision

    assert with_watcher(bench, revision) != with_watcher(bench, revision)


def test_all_listeners_get_the_new_state(bench: Bench) -> None:
    async def follow(watcher: ChangeWatcher) -> list[CollectionState]:
        listeners = [watcher.states() for _ in range(20)]
        for one in listeners:
            await anext(one)
        bench.add_images(5, 3)
        return await asyncio.gather(*(until(one, lambda p: p.total == 8) for one in listeners))

    assert {state.total for state in with_watcher(bench, follow)} == {8}


def test_all_streams_end_when_the_server_stops(bench: Bench) -> None:
    """Otherwise the server would have to cut off open pages."""

    async def follow(watcher: ChangeWatcher) -> list[list[CollectionState]]:
        async def all_of(
            states: AsyncIterator[CollectionState], heard: asyncio.Event
        ) -> list[CollectionState]:
            found = []
            async for state in states:
                found.append(state)
                heard.set()
            return found

        heard = [asyncio.Event() for _ in range(3)]
        listeners = [asyncio.create_task(all_of(watcher.states(), one)) for one in heard]
        for one in heard:
            await one.wait()
        await watcher.end_streams()
        return await asyncio.gather(*listeners)

    for found in with_watcher(bench, follow):
        assert [state.total for state in found] == [5]


def test_the_latest_state_has_a_change_at_once(bench: Bench) -> None:
    """What a page shows is never newer than the revision that comes with it. One change gives one
    revision, however many ask."""

    async def change(watcher: ChangeWatcher) -> list[CollectionState]:
        before = watcher.state
        bench.add_images(5, 3)
        return [before, *await asyncio.gather(*(watcher.latest() for _ in range(4)))]

    before, *after = with_watcher(bench, change)
    assert (before.total, {state.total for state in after}) == (5, {8})
    assert len({state.revision for state in (before, *after)}) == 2
