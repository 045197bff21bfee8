"""Similar requests share a batch, and every answer equals that of a Searcher."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty, damage_row

from sokkuri.api import Collection
from sokkuri.core.errors import BusyError, DamagedRowError, UnknownImageError, UsageError
from sokkuri.core.types import Features
from sokkuri.indexing.compact import compact
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
    made = Bench(create_empty(tmp_path / "photos"))
    made.add_images(0, COUNT)
    yield made
    made.digests.close()
    made.collection.close()


class Gate:
    """Records the sizes of batches. Blocks all batches until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.busy, self.opened = threading.Event(), threading.Event()
        answer_batch = _SearchWorker.answer_batch

        def noting_sizes(
            worker: _SearchWorker, requests: Sequence[SearchRequest]
        ) -> list[dict[str, Any] | Exception]:
            self.sizes.append(len(requests))
            self.busy.set()
            assert self.opened.wait(60)
            return answer_batch(worker, requests)

        monkeypatch.setattr(_SearchWorker, "answer_batch", noting_sizes)


def with_queue(
    bench: Bench,
    work: Callable[[SearchQueue], Awaitable[Any]],
    *,
    threads: int = 1,
    max_waiting: int = 64,
) -> Any:
    async def run() -> Any:
        queue = SearchQueue(bench.collection.store, threads, max_waiting)
        try:
            async with asyncio.timeout(60):
                return await work(queue)
        finally:
            queue.close()

    return asyncio.run(run())


async def behind_the_first(
    gate: Gate, queue: SearchQueue, first: SearchRequest, requests: Sequence[SearchRequest]
) -> list[dict[str, Any] | BaseException]:
    """Return the answers to requests that all waited while the first was searched."""
    ahead = asyncio.create_task(queue.search(first))
    await asyncio.to_thread(gate.busy.wait, 60)
    others = [asyncio.create_task(queue.search(request)) for request in requests]
    await asyncio.sleep(0)  # they are in the queue now
    gate.opened.set()
    return await asyncio.gather(ahead, *others, return_exceptions=True)


def by_id(number: int, params: SearchParams = PLAIN) -> SearchRequest:
    return SearchRequest(params, (f"{number:05d}",))


def found(answer: Any) -> list[tuple[str, float]]:
    return [(hit["id"], round(hit["distance"], 6)) for hit in answer["hits"]]


def expected(bench: Bench, *names: str, **options: Any) -> list[tuple[str, float]]:
    searcher = Searcher(bench.collection)
    k, metric = options.pop("k", 8), options.pop("metric", None)
    hits = searcher.search(names, k, metric, SearchOptions(**options))
    return [(hit.id, round(hit.distance, 6)) for hit in hits]


def test_requests_with_equal_parameters_share_batches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    answers = with_queue(
        bench,
        lambda queue: behind_the_first(gate, queue, by_id(0), [by_id(n) for n in range(1, 41)]),
    )
    assert gate.sizes[0] == 1
    assert sum(gate.sizes) == 41
    assert len(gate.sizes) <= 5, "40 waiting requests need about three batches"
    for number, answer in enumerate(answers):
        assert answer["query"] == [f"{number:05d}"]
        assert found(answer) == expected(bench, f"{number:05d}")
        assert answer["exact"] is True


def test_an_answer_names_damaged_vectors(bench: Bench) -> None:
    """Guarantee: what a search leaves out is said, also by the server."""
    nearest = expected(bench, "00001")[1][0]
    damage_row(bench.collection, nearest, 1.5)
    everything = by_id(1, SearchParams(COUNT, None, None, None, None))
    answer = with_queue(bench, lambda queue: queue.search(everything))
    assert nearest not in [id_ for id_, _ in found(answer)]
    assert len(found(answer)) == COUNT - 1
    (note,) = answer["notes"]
    assert note.startswith(f"left out: the vector of {nearest} is damaged")
    bench.collection.repair()
    assert with_queue(bench, lambda queue: queue.search(everything))["notes"] == []


def test_requests_with_different_parameters_are_not_mixed_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request keeps its own k, metric and limits, in any order in the queue."""
    gate = Gate(monkeypatch)
    kinds = [
        PLAIN,
        SearchParams(3, None, None, None, None),
        SearchParams(8, "l2", None, None, None),
        SearchParams(8, None, None, None, 0.05),
    ]
    requests = [by_id(number, kinds[number % 4]) for number in range(1, 25)]
    answers = with_queue(bench, lambda queue: behind_the_first(gate, queue, by_id(0), requests))
    assert len(gate.sizes) < len(requests)
    for request, answer in zip([by_id(0), *requests], answers, strict=True):
        params = request.params
        assert found(answer) == expected(
            bench, str(request.wanted[0]), k=params.k, metric=params.metric,
            max_distance=params.max_distance,
        )  # fmt: skip


def test_an_error_belongs_to_one_request_of_a_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    requests = [by_id(number) if number % 3 else SearchRequest(PLAIN, (f"no {number}",))
               for number in range(1, 13)]  # fmt: skip
    answers = with_queue(bench, lambda queue: behind_the_first(gate, queue, by_id(0), requests))
    for request, answer in zip(requests, answers[1:], strict=True):
        name = str(request.wanted[0])
        if name.startswith("no "):
            assert isinstance(answer, UnknownImageError)
            assert name in str(answer)
        else:
            assert found(answer) == expected(bench, name)


def test_a_damaged_query_image_is_an_error_of_its_own_requests(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage_row(bench.collection, "00002")
    gate = Gate(monkeypatch)
    requests = [by_id(number) for number in (1, 2, 3)]
    answers = with_queue(bench, lambda queue: behind_the_first(gate, queue, by_id(2), requests))
    assert isinstance(answers[0], DamagedRowError)
    assert isinstance(answers[2], DamagedRowError)
    for number in (1, 3):
        assert found(answers[number]) == expected(bench, f"{number:05d}")


def test_a_batch_starts_again_if_a_shard_is_replaced_while_it_reads(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process compacts between the look into the catalog and the look into a shard."""
    gate = Gate(monkeypatch)
    read_vectors, compacted = Collection.read_vectors, threading.Event()

    def compact_first(reader: Collection, places: Sequence[tuple[int, int]]) -> Features:
        if gate.sizes[-1] > 1 and not compacted.is_set():
            compacted.set()
            with Collection.open(bench.collection.store) as writer:
                writer.remove(["00050"])
                compact(writer)
        return read_vectors(reader, places)

    monkeypatch.setattr(Collection, "read_vectors", compact_first)
    requests = [replace(by_id(number), with_angles=True) for number in range(1, 4)]
    answers = with_queue(bench, lambda queue: behind_the_first(gate, queue, by_id(0), requests))
    assert compacted.is_set()
    for request, answer in zip(requests, answers[1:], strict=True):
        assert found(answer) == expected(bench, str(request.wanted[0]))


def test_filters_and_several_images_give_the_hits_of_a_searcher(bench: Bench) -> None:
    vector = np.array([1, 2, 3, 4], np.float32)
    params = SearchParams(12, "l2", None, "id > '00030'", None)

    async def ask(queue: SearchQueue) -> list[Any]:
        return [
            await queue.search(SearchRequest(params, ("00031", QueryVector(vector, None, "sent")),
                                     ("00040",))),
            await queue.search(SearchRequest(PLAIN, (QueryVector(vector, None, "sent"),))),
            await queue.search(SearchRequest(PLAIN, ("00005",), with_angles=True)),
        ]  # fmt: skip

    several, sent, turned = with_queue(bench, ask)
    searcher = Searcher(bench.collection)
    options = SearchOptions(without=("00040",), where="id > '00030'")
    hits = searcher.search(["00031", vector], 12, "l2", options)
    assert found(several) == [(hit.id, round(hit.distance, 6)) for hit in hits]
    assert several["query"] == ["00031", "sent"]
    assert "00040" not in dict(found(several))
    assert found(sent) == [(hit.id, round(hit.distance, 6)) for hit in searcher.search([vector], 8)]
    assert all(-np.pi <= hit["angle"] < np.pi for hit in turned["hits"])
    assert not [hit for hit in sent["hits"] if "angle" in hit]


def test_every_request_with_an_invalid_filter_gets_the_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SearchParams(8, None, None, "colour = 1", None)

    async def ask(queue: SearchQueue) -> list[Any]:
        requests = [by_id(1, wrong), by_id(2, wrong), by_id(3), by_id(4, wrong)]
        return list(await asyncio.gather(*map(queue.search, requests), return_exceptions=True))

    answers = with_queue(bench, ask)
    assert [type(answer) for answer in answers] == [UsageError, UsageError, dict, UsageError]


def test_a_full_queue_is_busy(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    requests = [by_id(number) for number in range(1, 9)]
    answers = with_queue(
        bench, lambda queue: behind_the_first(gate, queue, by_id(0), requests), max_waiting=5
    )
    assert [type(answer) for answer in answers] == [dict] * 6 + [BusyError] * 3


def test_cancelled_requests_are_not_searched(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)

    async def ask(queue: SearchQueue) -> Any:
        first = asyncio.create_task(queue.search(by_id(0)))
        await asyncio.to_thread(gate.busy.wait, 60)
        gone = [asyncio.create_task(queue.search(by_id(n))) for n in range(1, 5)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        gate.opened.set()
        await first
        return await queue.search(by_id(9))

    assert found(with_queue(bench, ask)) == expected(bench, "00009")
    assert gate.sizes == [1, 1]


def test_searches_follow_changes_of_the_collection(bench: Bench) -> None:
    """The next search returns images that were added, and no removed ones."""

    async def ask(queue: SearchQueue) -> list[list[str]]:
        seen = []
        for change in (lambda: None, lambda: bench.add_images(COUNT, 40),
                       lambda: bench.collection.remove(["00003"])):  # fmt: skip
            change()
            answer = await queue.search(by_id(7, SearchParams(1000, None, None, None, None)))
            seen.append([hit["id"] for hit in answer["hits"]])
        return seen

    before, more, less = with_queue(bench, ask)
    assert (len(before), len(more), len(less)) == (COUNT, COUNT + 40, COUNT + 39)
    assert "00003" in more
    assert "00003" not in less
