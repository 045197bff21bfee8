"""The desk: like questions are searched together, and every answer is what a Searcher finds."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_collection import Bench, empty

from sokkuri.core.errors import BusyError, UnknownImageError, UsageError
from sokkuri.search.query import QueryVector
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.web.services.search_queue import (
    SearchParams,
    SearchQueue,
    SearchRequest,
    _SearchWorker,
)

PLAIN = SearchParams(8, None, None, None, None)
COUNT = 60


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(empty(tmp_path / "photos"))
    made.add_drawn(0, COUNT)
    yield made
    made.known.close()
    made.collection.close()


class Gate:
    """Notes how many tickets are answered together; holds the first ones up until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.busy, self.opened = threading.Event(), threading.Event()
        answers = _SearchWorker.answers

        def noting(
            clerk: _SearchWorker, tickets: Sequence[SearchRequest]
        ) -> list[dict[str, Any] | Exception]:
            self.sizes.append(len(tickets))
            self.busy.set()
            assert self.opened.wait(60)
            return answers(clerk, tickets)

        monkeypatch.setattr(_SearchWorker, "answers", noting)


def with_desk(
    bench: Bench,
    work: Callable[[SearchQueue], Awaitable[Any]],
    *,
    threads: int = 1,
    waiting: int = 64,
) -> Any:
    async def run() -> Any:
        desk = SearchQueue(bench.collection.store, threads, waiting)
        try:
            async with asyncio.timeout(60):
                return await work(desk)
        finally:
            desk.close()

    return asyncio.run(run())


async def behind_the_first(
    gate: Gate, desk: SearchQueue, first: SearchRequest, tickets: Sequence[SearchRequest]
) -> list[dict[str, Any] | BaseException]:
    """The answers to tickets that all waited while the first was searched."""
    ahead = asyncio.create_task(desk.search(first))
    await asyncio.to_thread(gate.busy.wait, 60)
    others = [asyncio.create_task(desk.search(ticket)) for ticket in tickets]
    await asyncio.sleep(0)  # they are in the queue now
    gate.opened.set()
    return await asyncio.gather(ahead, *others, return_exceptions=True)


def by_id(number: int, asked: SearchParams = PLAIN) -> SearchRequest:
    return SearchRequest(asked, (f"{number:05d}",))


def found(answer: Any) -> list[tuple[str, float]]:
    return [(hit["id"], round(hit["distance"], 6)) for hit in answer["hits"]]


def expected(bench: Bench, *names: str, **options: Any) -> list[tuple[str, float]]:
    searcher = Searcher(bench.collection)
    k, metric = options.pop("k", 8), options.pop("metric", None)
    hits = searcher.search(names, k, metric, SearchOptions(**options))
    return [(hit.id, round(hit.distance, 6)) for hit in hits]


def test_like_tickets_are_searched_together(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    answers = with_desk(
        bench,
        lambda desk: behind_the_first(gate, desk, by_id(0), [by_id(n) for n in range(1, 41)]),
    )
    assert gate.sizes[0] == 1
    assert sum(gate.sizes) == 41
    assert len(gate.sizes) <= 5, "forty that waited are some three searches"
    for number, answer in enumerate(answers):
        assert answer["query"] == [f"{number:05d}"]
        assert found(answer) == expected(bench, f"{number:05d}")
        assert answer["exact"] is True


def test_unlike_tickets_are_not_mixed_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each keeps its own k, metric and limits, however they lie in the queue."""
    gate = Gate(monkeypatch)
    kinds = [
        PLAIN,
        SearchParams(3, None, None, None, None),
        SearchParams(8, "l2", None, None, None),
        SearchParams(8, None, None, None, 0.05),
    ]
    tickets = [by_id(number, kinds[number % 4]) for number in range(1, 25)]
    answers = with_desk(bench, lambda desk: behind_the_first(gate, desk, by_id(0), tickets))
    assert len(gate.sizes) < len(tickets)
    for ticket, answer in zip([by_id(0), *tickets], answers, strict=True):
        asked = ticket.asked
        assert found(answer) == expected(
            bench, str(ticket.wanted[0]), k=asked.k, metric=asked.metric,
            max_distance=asked.max_distance,
        )  # fmt: skip


def test_errors_stay_with_their_ticket(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    tickets = [by_id(number) if number % 3 else SearchRequest(PLAIN, (f"no {number}",))
               for number in range(1, 13)]  # fmt: skip
    answers = with_desk(bench, lambda desk: behind_the_first(gate, desk, by_id(0), tickets))
    for ticket, answer in zip(tickets, answers[1:], strict=True):
        name = str(ticket.wanted[0])
        if name.startswith("no "):
            assert isinstance(answer, UnknownImageError)
            assert name in str(answer)
        else:
            assert found(answer) == expected(bench, name)


def test_filters_and_several_images(bench: Bench) -> None:
    vector = np.array([1, 2, 3, 4], np.float32)
    asked = SearchParams(12, "l2", None, "id > '00030'", None)

    async def ask(desk: SearchQueue) -> list[Any]:
        return [
            await desk.search(SearchRequest(asked, ("00031", QueryVector(vector, None, "sent")),
                                     ("00040",))),
            await desk.search(SearchRequest(PLAIN, (QueryVector(vector, None, "sent"),))),
            await desk.search(SearchRequest(PLAIN, ("00005",), with_angles=True)),
        ]  # fmt: skip

    several, sent, turned = with_desk(bench, ask)
    searcher = Searcher(bench.collection)
    options = SearchOptions(without=("00040",), where="id > '00030'")
    hits = searcher.search(["00031", vector], 12, "l2", options)
    assert found(several) == [(hit.id, round(hit.distance, 6)) for hit in hits]
    assert several["query"] == ["00031", "sent"]
    assert "00040" not in dict(found(several))
    assert found(sent) == [(hit.id, round(hit.distance, 6)) for hit in searcher.search([vector], 8)]
    assert all(-np.pi <= hit["angle"] < np.pi for hit in turned["hits"])
    assert not [hit for hit in sent["hits"] if "angle" in hit]


def test_a_wrong_filter_is_told_to_all_who_gave_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SearchParams(8, None, None, "colour = 1", None)

    async def ask(desk: SearchQueue) -> list[Any]:
        tickets = [by_id(1, wrong), by_id(2, wrong), by_id(3), by_id(4, wrong)]
        return list(await asyncio.gather(*map(desk.search, tickets), return_exceptions=True))

    answers = with_desk(bench, ask)
    assert [type(answer) for answer in answers] == [UsageError, UsageError, dict, UsageError]


def test_beyond_the_bound_the_desk_is_busy(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    tickets = [by_id(number) for number in range(1, 9)]
    answers = with_desk(
        bench, lambda desk: behind_the_first(gate, desk, by_id(0), tickets), waiting=5
    )
    assert [type(answer) for answer in answers] == [dict] * 6 + [BusyError] * 3


def test_who_has_gone_is_not_searched_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)

    async def ask(desk: SearchQueue) -> Any:
        first = asyncio.create_task(desk.search(by_id(0)))
        await asyncio.to_thread(gate.busy.wait, 60)
        gone = [asyncio.create_task(desk.search(by_id(n))) for n in range(1, 5)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        gate.opened.set()
        await first
        return await desk.search(by_id(9))

    assert found(with_desk(bench, ask)) == expected(bench, "00009")
    assert gate.sizes == [1, 1]


def test_the_desk_follows_the_collection(bench: Bench) -> None:
    """What is added is found by the next search, what is removed is not."""

    async def ask(desk: SearchQueue) -> list[list[str]]:
        seen = []
        for change in (lambda: None, lambda: bench.add_drawn(COUNT, 40),
                       lambda: bench.collection.remove(["00003"])):  # fmt: skip
            change()
            answer = await desk.search(by_id(7, SearchParams(1000, None, None, None, None)))
            seen.append([hit["id"] for hit in answer["hits"]])
        return seen

    before, more, less = with_desk(bench, ask)
    assert (len(before), len(more), len(less)) == (COUNT, COUNT + 40, COUNT + 39)
    assert "00003" in more
    assert "00003" not in less
