"""Queue of searches, answered by a few threads that search similar requests in one batch.

Takes SearchRequests from the event loop and returns SearchResultDocuments. While a search runs,
other requests wait in the queue. Requests that differ only in the image are then searched together,
which takes a third of the time of single searches. Therefore few threads are faster than many.
Requests with filters can take long and have a queue of their own. The length of the queues is
limited.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sokkuri.api import Collection
from sokkuri.core.errors import (
    BusyError,
    DamagedRowError,
    SokkuriError,
    StoreReplacedError,
    UnknownImageError,
)
from sokkuri.core.types import ImageRecord, Metric
from sokkuri.search.query import QueryVector, Weighted, query_name
from sokkuri.search.results import Hits, SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.store.images import ImageRow, find_images
from sokkuri.store.snapshot import at_one_moment
from sokkuri.web.services.browse import (
    folder_location,
    image_fields,
    unknown_image_error,
)
from sokkuri.web.services.ring_angles import angles

_MAX_BATCH = 16
_GATHER_SECONDS = 0.004
_MAX_NOTES = 20  # lines of an answer
_MAX_COPIES = 100  # ids of a hit's copies in an answer

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SearchParams:
    """Parameters of a search. Requests with equal parameters can share a batch."""

    k: int
    metric: Metric | None
    under: str | None
    where: str | None
    max_distance: float | None
    collapse: bool = False
    recall: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SearchRequest:
    """A search. wanted, unwanted : ids of images, with or without weights, or vectors of pictures
    and words that were sent."""

    params: SearchParams
    wanted: tuple[str | Weighted | QueryVector, ...]
    unwanted: tuple[str | Weighted | QueryVector, ...] = ()
    with_angles: bool = False

    @property
    def is_batchable(self) -> bool:
        """Whether the request consists of one image, so that a batch may contain it."""
        return len(self.wanted) == 1 and not self.unwanted


@dataclass(frozen=True, slots=True, eq=False)
class _PendingRequest:
    """A request in the queue. future : gets the answer. start : time.perf_counter()."""

    request: SearchRequest
    future: "asyncio.Future[Document]"
    start: float = field(default_factory=time.perf_counter)


class SearchQueue:
    """Searches the collection at `where`, with `threads` threads for each of the two queues. Call
    `close` at the end.

    max_waiting : limit of requests in each queue. engine : address of a vector database to search
    with; None to search here. withheld : names that no filter may use.
    """

    def __init__(
        self,
        where: Path,
        threads: int,
        max_waiting: int,
        engine: str | None = None,
        withheld: frozenset[str] = frozenset(),
    ) -> None:
        create_worker = partial(_SearchWorker, where, engine, withheld)
        self._plain = _WorkQueue(create_worker, "plain", threads, max_waiting)
        self._filtered = _WorkQueue(create_worker, "filtered", threads, max_waiting)

    async def search(self, request: SearchRequest) -> Document:
        """Return a SearchResultDocument. Raises BusyError and the errors of a search."""
        has_filter = request.params.under or request.params.where
        queue = self._filtered if has_filter else self._plain
        pending = _PendingRequest(request, asyncio.get_running_loop().create_future())
        queue.put(pending)
        return await pending.future

    def close(self) -> None:
        """Let the threads end after the searches that they do now."""
        self._plain.close()
        self._filtered.close()


class _WorkQueue:
    """A queue and the threads that answer its requests."""

    def __init__(
        self,
        create_worker: "Callable[[], _SearchWorker]",
        name: str,
        threads: int,
        max_waiting: int,
    ) -> None:
        self._create_worker = create_worker
        self._max_waiting = max_waiting
        self._queue: deque[_PendingRequest] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._clients = 1  # estimated number of clients that search at the same time
        for number in range(threads):
            threading.Thread(
                target=self._run_thread, name=f"sokkuri-{name}-{number}", daemon=True
            ).start()

    def put(self, pending: _PendingRequest) -> None:
        """Add a request. Raises BusyError if the queue is full."""
        with self._changed:
            if len(self._queue) >= self._max_waiting:
                raise BusyError("too many searches are waiting: try again in a moment")
            self._queue.append(pending)
            self._changed.notify_all()  # one thread may gather a batch while another is idle

    def close(self) -> None:
        """Let the threads end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run_thread(self) -> None:
        """Answer batches with a searcher of this thread until the queue is closed."""
        worker: _SearchWorker | None = None
        while batch := self._next_batch():
            requests = [pending.request for pending in batch]
            try:
                worker = self._current_worker(worker)
                try:
                    answers = worker.answer_batch(requests)
                except StoreReplacedError:  # at this moment: the store that is there now answers
                    worker = self._current_worker(worker)
                    answers = worker.answer_batch(requests)
            except Exception as error:  # noqa: BLE001 - raised again in the waiting coroutine
                answers = [error] * len(batch)
            with self._changed:
                self._clients = len(batch) + len(self._queue)
            _deliver(batch, answers)

    def _current_worker(self, worker: "_SearchWorker | None") -> "_SearchWorker":
        """Return this worker, or a new one if there is none or its store is not there any more."""
        if worker is not None and worker.is_outdated:
            worker.close()
            worker = None
        return worker or self._create_worker()

    def _next_batch(self) -> list[_PendingRequest]:
        """Wait for requests and return the next batch. Return [] if the queue is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._queue or self._closed)
                # Clients that were answered together send their next requests together. A short
                # wait lets one search answer them all. A single client never waits.
                if self._clients > 1:
                    self._changed.wait_for(self._is_batch_full, _GATHER_SECONDS)
                if self._closed:
                    return []
                if self._queue and (batch := self._take_batch()):
                    return batch

    def _is_batch_full(self) -> bool:
        return len(self._queue) >= min(self._clients, _MAX_BATCH) or self._closed

    def _take_batch(self) -> list[_PendingRequest]:
        """Remove the first request and the ones that can share its batch. Return those that were
        not cancelled."""
        first = self._queue.popleft()
        batch = [first]
        if first.request.is_batchable:
            similar = [
                pending
                for pending in self._queue
                if pending.request.params == first.request.params and pending.request.is_batchable
            ]
            batch += similar[: _MAX_BATCH - 1]
            for pending in batch[1:]:
                self._queue.remove(pending)
        return [pending for pending in batch if not pending.future.cancelled()]


def _deliver(batch: Sequence[_PendingRequest], answers: Sequence[Document | Exception]) -> None:
    """Set the results of all futures in one call of the event loop: each call costs time."""

    def set_results() -> None:
        for pending, answer in zip(batch, answers, strict=True):
            if pending.future.done():
                continue
            if isinstance(answer, Exception):
                pending.future.set_exception(answer)
            else:
                milliseconds = round(1000 * (time.perf_counter() - pending.start), 2)
                pending.future.set_result({**answer, "milliseconds": milliseconds})

    with suppress(RuntimeError):  # the event loop is closed, because the server has stopped
        batch[0].future.get_loop().call_soon_threadsafe(set_results)


class _SearchWorker:
    """The searcher of one thread. It follows changes of the collection."""

    def __init__(self, where: Path, engine: str | None, withheld: frozenset[str]) -> None:
        self._collection = Collection.open(where, "ro")
        self._collection.withheld = withheld
        self._searcher = Searcher(self._collection, engine)

    def answer_batch(self, requests: Sequence[SearchRequest]) -> list[Document | Exception]:
        """Return a document without milliseconds, or an error, for each request. The requests have
        equal parameters."""
        return at_one_moment(self._collection, partial(self._answer, requests))

    @property
    def is_outdated(self) -> bool:
        """Whether the store was deleted or made anew: its shards and images are others now."""
        return self._collection.catalog.is_replaced

    def close(self) -> None:
        """Close the searcher and its collection."""
        self._searcher.close()
        self._collection.close()

    def _answer(self, requests: Sequence[SearchRequest]) -> list[Document | Exception]:
        self._searcher.refresh()
        if len(requests) == 1:
            return [self._search_one(requests[0])]
        return self._search_batch(requests)

    def _search_one(self, request: SearchRequest) -> Document:
        images = self._find_images((*request.wanted, *request.unwanted))
        wanted = [self._read_vector(query, images) for query in request.wanted]
        unwanted = [self._read_vector(query, images) for query in request.unwanted]
        params = request.params
        hits = self._searcher.search(
            wanted, params.k, params.metric, self._options(params, unwanted)
        )
        return self._document(hits, request)

    def _search_batch(self, requests: Sequence[SearchRequest]) -> list[Document | Exception]:
        """Search for several requests of one image each."""
        answers: dict[int, Document | Exception] = {}
        vectors: dict[int, QueryVector] = {}
        images = self._find_images([request.wanted[0] for request in requests])
        for number, request in enumerate(requests):
            try:
                vectors[number] = self._read_vector(request.wanted[0], images)
            except (UnknownImageError, DamagedRowError) as error:  # others are of all requests
                answers[number] = error
        if vectors:
            params = requests[0].params
            results = self._searcher.search_each(
                [*vectors.values()], params.k, params.metric, self._options(params)
            )
            for number, result in zip(vectors, results, strict=True):
                answers[number] = (
                    result
                    if isinstance(result, SokkuriError)
                    else self._document(result, requests[number])
                )
        return [answers[number] for number in range(len(requests))]

    def _options(self, params: SearchParams, unwanted: Sequence[QueryVector] = ()) -> SearchOptions:
        return SearchOptions(
            without=tuple(unwanted),
            under=folder_location(self._collection, params.under),
            where=params.where,
            max_distance=params.max_distance,
            collapse=params.collapse,
            recall=params.recall,
        )

    def _find_images(
        self, queries: Iterable[str | Weighted | QueryVector]
    ) -> Mapping[str, ImageRow]:
        """Return the images that the queries name, by id. An id never stands for a file of this
        machine."""
        names = {query_name(query) for query in queries if not isinstance(query, QueryVector)}
        return find_images(self._collection.catalog, names)

    def _read_vector(
        self, query: str | Weighted | QueryVector, images: Mapping[str, ImageRow]
    ) -> QueryVector:
        """Return the vector of a query. Raises UnknownImageError."""
        if isinstance(query, QueryVector):
            return query
        if isinstance(query, Weighted):
            return replace(self._read_vector(query_name(query), images), weight=query.weight)
        row = images.get(query)
        if row is None or row.row is None or row.removed:
            raise unknown_image_error(query)
        return QueryVector(self._searcher.read_vector(row.row), row.row, query)

    def _document(self, hits: Hits, request: SearchRequest) -> Document:
        """Return the hits as SearchResultDocument, without the milliseconds."""
        distances = hits.distances.tolist()
        documents = [
            hit_document(rank, distance, image)
            for rank, (distance, image) in enumerate(zip(distances, hits.images, strict=True), 1)
        ]
        if request.with_angles and documents:
            rows = [(image.row.shard, image.row.row) for image in hits.images]
            radians = angles(hits.vector, self._collection.read_vectors(rows), hits.metric)
            truncated = (np.trunc(1e4 * radians) / 1e4).tolist()  # rounding could give pi
            for document, angle in zip(documents, truncated, strict=True):
                document["angle"] = angle
        for document, copies in zip(documents, hits.copies or (), strict=False):
            document |= {"copies": len(copies), "copy_ids": [*copies[:_MAX_COPIES]]}
        if hits.good_distance is not None:
            for document, distance in zip(documents, distances, strict=True):
                document["good"] = distance <= hits.good_distance
        for document, probability in zip(documents, hits.probabilities or (), strict=False):
            document["probability"] = probability
        return {
            "query": list(hits.query),
            "metric": hits.metric,
            "exact": hits.exact,
            "recall": hits.recall,
            "hits": documents,
            "notes": self._searcher.notes[:_MAX_NOTES],
            "not_compared": hits.not_compared,
        }


def hit_document(rank: int, distance: float, image: ImageRecord) -> Document:
    """Return a hit as HitDocument."""
    fields = image_fields(image.id, image.path, image.width, image.height, image.digest)
    return {"rank": rank, **fields, "distance": distance}
