"""Where searches are done: a few threads take what is waiting, and like questions together.

Takes Tickets from the event loop and hands on answers: hits with what a page shows of them. While
one search runs, others gather; those that differ in nothing but the image are then searched at
once, which costs a third of one after another. So few threads are better than many. Searches with
filters, which may take long, have a lane of their own. How many may wait is bounded.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sokkuri.api import Collection
from sokkuri.core.errors import BusyError, DamagedError, SokkuriError, StorageError, UsageError
from sokkuri.core.types import ImageRecord, Metric
from sokkuri.search.query import QueryReader, QueryVector
from sokkuri.search.results import Hits, SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.web.services.browse import folder_in, parts, unknown, version
from sokkuri.web.services.ring_angles import angles

_TOGETHER = 16
_PATIENCE_SECONDS = 0.004


@dataclass(frozen=True, slots=True)
class SearchParams:
    """How to search: questions that agree in this are searched together."""

    k: int
    metric: Metric | None
    under: str | None
    where: str | None
    max_distance: float | None


@dataclass(frozen=True, slots=True, eq=False)
class SearchRequest:
    """One question. wanted, unwanted : ids, or vectors of pictures that were sent."""

    asked: SearchParams
    wanted: tuple[str | QueryVector, ...]
    unwanted: tuple[str | QueryVector, ...] = ()
    with_angles: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    ticket: SearchRequest
    future: "asyncio.Future[dict[str, Any]]"
    since: float = field(default_factory=time.perf_counter)


class SearchQueue:
    """Searches the collection in `where`, with `threads` threads a lane; `close` it at the end.
    engine : the address of one to search with, None to search here."""

    def __init__(self, where: Path, threads: int, waiting: int, engine: str | None = None) -> None:
        self._plain = _WorkQueue(partial(_SearchWorker, where, engine), "plain", threads, waiting)
        self._filtered = _WorkQueue(
            partial(_SearchWorker, where, engine), "filtered", threads, waiting
        )

    async def search(self, ticket: SearchRequest) -> dict[str, Any]:
        """Return a SearchResultDocument. Raises BusyError and the errors of a search."""
        has_filter = ticket.asked.under or ticket.asked.where
        lane = self._filtered if has_filter else self._plain
        waiting = _Waiting(ticket, asyncio.get_running_loop().create_future())
        lane.put(waiting)
        return await waiting.future

    def close(self) -> None:
        self._plain.close()
        self._filtered.close()


class _WorkQueue:
    """A queue, and the threads that work it off."""

    def __init__(
        self, clerk: "Callable[[], _SearchWorker]", name: str, threads: int, room: int
    ) -> None:
        self._clerk = clerk
        self._room = room
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._together = 1  # how many seem to ask side by side
        for number in range(threads):
            threading.Thread(
                target=self._serve, name=f"sokkuri-{name}-{number}", daemon=True
            ).start()

    def put(self, waiting: _Waiting) -> None:
        """Raises BusyError."""
        with self._changed:
            if len(self._queue) >= self._room:
                raise BusyError("too many searches are waiting: ask again in a moment")
            self._queue.append(waiting)
            self._changed.notify_all()  # one thread may gather while another is free

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _serve(self) -> None:
        """A thread's life: its own collection and searcher, and one batch after another."""
        clerk: _SearchWorker | None = None
        while batch := self._next():
            try:
                clerk = clerk or self._clerk()
                answers = clerk.answers([one.ticket for one in batch])
            except SokkuriError as error:
                answers = [error] * len(batch)
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                answers = [error] * len(batch)
            with self._changed:
                self._together = len(batch) + len(self._queue)
            _hand_over(batch, answers)

    def _next(self) -> list[_Waiting]:
        """What is searched next, together; empty when the desk is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._queue or self._closed)
                # Those that were answered together ask again together: a moment's patience lets
                # one search serve them all. A client by itself never waits.
                if self._together > 1:
                    self._changed.wait_for(self._is_gathered, _PATIENCE_SECONDS)
                if self._closed:
                    return []
                if self._queue and (batch := self._taken()):
                    return batch

    def _is_gathered(self) -> bool:
        return len(self._queue) >= min(self._together, _TOGETHER) or self._closed

    def _taken(self) -> list[_Waiting]:
        """The first in the queue and those like it, without what nobody waits for any more."""
        first = self._queue.popleft()
        batch = [first]
        if _is_simple(first.ticket):
            like_it = [
                one
                for one in self._queue
                if one.ticket.asked == first.ticket.asked and _is_simple(one.ticket)
            ]
            batch += like_it[: _TOGETHER - 1]
            for one in batch[1:]:
                self._queue.remove(one)
        return [one for one in batch if not one.future.cancelled()]


def _is_simple(ticket: SearchRequest) -> bool:
    return len(ticket.wanted) == 1 and not ticket.unwanted


def _hand_over(batch: Sequence[_Waiting], answers: Sequence[dict[str, Any] | Exception]) -> None:
    """Give the answers to those who wait for them, all in one go: waking the loop costs as much."""

    def settle() -> None:
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.future.done():
                continue
            if isinstance(answer, Exception):
                waiting.future.set_exception(answer)
            else:
                spent = time.perf_counter() - waiting.since
                waiting.future.set_result({**answer, "milliseconds": round(1000 * spent, 2)})

    with suppress(RuntimeError):  # the server has gone meanwhile, and its loop with it
        batch[0].future.get_loop().call_soon_threadsafe(settle)


class _SearchWorker:
    """One thread's searcher, which follows the collection."""

    def __init__(self, where: Path, engine: str | None) -> None:
        self._collection = Collection.open(where, "ro")
        self._reader = QueryReader(self._collection)
        self._engine = engine
        self._searcher = Searcher(self._collection, engine)

    def answers(self, tickets: Sequence[SearchRequest]) -> list[dict[str, Any] | Exception]:
        """An answer or an error for each; they agree in what they ask."""
        try:
            self._searcher.refresh()
            return self._found(tickets)
        except (DamagedError, StorageError):
            # Shards were rewritten under our feet: their successors are looked for once.
            self._searcher.close()
            self._searcher = Searcher(self._collection, self._engine)
            return self._found(tickets)

    def _found(self, tickets: Sequence[SearchRequest]) -> list[dict[str, Any] | Exception]:
        answers: list[dict[str, Any] | Exception] = [UsageError("nothing was asked")] * len(tickets)
        good: list[tuple[int, list[QueryVector]]] = []
        for number, ticket in enumerate(tickets):
            try:
                good.append((number, [self._vector(one) for one in ticket.wanted]))
            except SokkuriError as error:
                answers[number] = error
        if not good:
            return answers
        asked = tickets[0].asked
        if len(tickets) == 1:
            away = [self._vector(one) for one in tickets[0].unwanted]
            options = self._options(asked, away)
            hits = self._searcher.search(good[0][1], asked.k, asked.metric, options)
            return [self._document(hits, tickets[0])]
        vectors = [wanted[0] for _, wanted in good]
        each = self._searcher.search_each(vectors, asked.k, asked.metric, self._options(asked, []))
        for (number, _), found in zip(good, each, strict=True):
            answers[number] = (
                found if isinstance(found, SokkuriError) else self._document(found, tickets[number])
            )
        return answers

    def _options(self, asked: SearchParams, away: Sequence[QueryVector]) -> SearchOptions:
        return SearchOptions(
            without=tuple(away),
            under=folder_in(self._collection, asked.under),
            where=asked.where,
            max_distance=asked.max_distance,
        )

    def _vector(self, one: str | QueryVector) -> QueryVector:
        """An image of the collection by its id alone: never a file that has this name."""
        if isinstance(one, QueryVector):
            return one
        row = self._collection.catalog.find(one)
        if row is None or row.at is None:
            raise unknown(one)
        vector = self._collection.vectors([(row.at.shard, row.at.row)])[0]
        return QueryVector(vector, row.at, one)

    def _document(self, hits: Hits, ticket: SearchRequest) -> dict[str, Any]:
        """Return the hits as the document SearchResultDocument, without the milliseconds."""
        documents = [
            hit_document(rank, distance, image)
            for rank, (distance, image) in enumerate(
                zip(hits.distances.tolist(), hits.images, strict=True), 1
            )
        ]
        if ticket.with_angles and documents:
            places = [(image.row.shard, image.row.row) for image in hits.images]
            turned = angles(hits.vector, self._collection.vectors(places), hits.metric)
            rounded = (np.trunc(1e4 * turned) / 1e4).tolist()
            for document, angle in zip(documents, rounded, strict=True):
                document["angle"] = angle
        return {
            "query": list(hits.query),
            "metric": hits.metric,
            "exact": hits.exact,
            "recall": hits.recall,
            "hits": documents,
        }


def hit_document(rank: int, distance: float, image: ImageRecord) -> dict[str, Any]:
    """Return a hit as the document HitDocument."""
    folder, name = parts(image.path)
    return {
        "rank": rank, "id": image.id, "name": name, "folder": folder, "distance": distance,
        "width": image.width, "height": image.height, "v": version(image.digest),
    }  # fmt: skip
