"""Run a task on the nodes of a Ray cluster, under the same contract as threads.

Hands batches to workers that are ready (executors/ray_pool.py) and yields their results. If a
worker dies, its items are handed out again one by one, each to a worker that has nothing else, so
that only the item at fault is blamed.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar, cast

from sokkuri.core.errors import ClusterError
from sokkuri.indexing.executors import Heartbeat, RemoteTask
from sokkuri.indexing.executors.ray_actors import (
    ActorProxy,
    BatchResult,
    FunctionTask,
    SharedActor,
)
from sokkuri.indexing.executors.ray_cluster import connect, import_ray
from sokkuri.indexing.executors.ray_pool import (
    AHEAD,
    Batch,
    PoolWorker,
    WorkerPool,
    WorkerResources,
    cause_of_death,
)

Item = TypeVar("Item")
Result = TypeVar("Result")
Shared = TypeVar("Shared")

MAX_DEATHS = 3
"""Workers that may die while they have an item alone, before the item is given up."""

_BATCH_PER_THREAD = 16  # items: with 1280 numbers each, the results fit in one message
_MAX_BATCH = 48  # items, for any number of threads: two batches stay below a hundred items
_FIRST_BATCH_PER_THREAD = 4
_BATCH_SECONDS = 0.5  # aimed at, so that no worker waits long for the last batch
_WAIT_SECONDS = 1.0


class RayExecutor:
    """Runs tasks in `workers` actors, or one per CPU of the cluster, started for each `run`.

    address : `auto` or HOST:PORT; None for RAY_ADDRESS, or else a new cluster on this machine.
    gpu : give each worker a GPU and its share of the node's CPUs. threads : items of a batch that
    one CPU works on at once. cores : the CPUs of a new cluster on this machine.

    Raises UsageError, ClusterError, MissingExtraError.
    """

    def __init__(
        self,
        address: str | None = None,
        workers: int | None = None,
        *,
        gpu: bool = False,
        threads: int = 1,
        cores: int = 1,
    ) -> None:
        self._limit = workers
        self._is_ours = connect(address, workers or cores)
        self._ray = import_ray()
        self.resources = self._with_gpu(threads) if gpu else WorkerResources(threads=threads)

    def _with_gpu(self, threads: int) -> WorkerResources:
        """Return one GPU, and the CPUs per GPU of the node that has the fewest."""
        cpus_per_gpu = [
            node["Resources"].get("CPU", 0) // node["Resources"]["GPU"]
            for node in self._nodes_alive()
            if node["Resources"].get("GPU", 0) >= 1
        ]
        if not cpus_per_gpu:
            self.close()
            raise ClusterError("no node of the cluster has a GPU: leave --device out")
        cpus = max(1, int(min(cpus_per_gpu)))
        return WorkerResources(cpus=cpus, gpus=1, threads=threads * cpus)

    def _nodes_alive(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    @property
    def workers(self) -> int:
        """The number of workers that fit on the cluster now, up to the limit."""
        places = sum(self.resources.places_on(node) for node in self._nodes_alive())
        return max(1, places if self._limit is None else min(places, self._limit))

    def run(
        self, task: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Result | Heartbeat]:
        """Yield the results; see the contract in `sokkuri.indexing.executors`."""
        remote_task = _as_remote_task(task)
        pool = WorkerPool(remote_task, self.resources, self._limit)
        try:
            yield from _Run(pool, remote_task, self.resources, iter(items)).results()
        finally:
            pool.shutdown()

    def share(self, make: Callable[[], Shared]) -> Shared:
        """Return a proxy of the object, which lives in a process of its own on this machine.

        If that process dies, Ray makes the object anew.
        """
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = self._ray.get_runtime_context().get_node_id()
        actor = (
            self._ray.remote(SharedActor)
            .options(
                num_cpus=0,
                max_restarts=-1,
                max_task_retries=-1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
            )
            .remote(make)
        )
        return cast("Shared", ActorProxy(actor))

    def close(self) -> None:
        """Leave the cluster, unless the process had joined it before."""
        if self._is_ours:
            self._ray.shutdown()


def _as_remote_task(task: Any) -> RemoteTask[Any, Any]:
    return task if isinstance(task, RemoteTask) else FunctionTask(task)


class _Run:
    """One run: the batches to hand out, and the results that arrive."""

    def __init__(
        self,
        pool: WorkerPool,
        task: RemoteTask[Any, Any],
        resources: WorkerResources,
        items: Iterator[Any],
    ) -> None:
        self._ray = import_ray()
        self._pool = pool
        self._task = task
        self._resources = resources
        self._items = items
        self._more = True
        self._queue: deque[Batch] = deque()
        self._batch_size = min(_FIRST_BATCH_PER_THREAD * resources.threads, _MAX_BATCH)

    def results(self) -> Iterator[Any]:
        """Yield results and heartbeats until every item has a result."""
        last_yield = time.monotonic()
        while True:
            self._draw()
            self._pool.refresh(len(self._queue) + self._pool.batches_out)
            self._hand_out()
            if not self._queue and not self._pool.batches_out and not self._more:
                return
            has_results = False
            for ref in self._ready():
                for result in self._results_of(ref):
                    has_results = True
                    yield result
            notes, self._pool.notes = self._pool.notes, []
            for note in notes:
                yield Heartbeat(note)
            if has_results or notes:
                last_yield = time.monotonic()
            elif time.monotonic() - last_yield >= _WAIT_SECONDS:
                last_yield = time.monotonic()
                yield Heartbeat()

    def _draw(self) -> None:
        """Queue as many batches as workers have room for, the starting ones included."""
        while self._more and len(self._queue) < max(1, self._pool.room):
            items = list(islice(self._items, self._batch_size))
            self._more = len(items) == self._batch_size
            if items:
                self._queue.append(Batch(items))

    def _hand_out(self) -> None:
        for count in range(AHEAD):  # a first batch to every worker, then a second one
            for worker in self._pool.workers:
                if not self._queue:
                    return
                if not worker.room or len(worker.batches) > count:
                    continue
                if self._queue[0].alone and worker.batches:
                    continue
                self._pool.give(worker, self._queue.popleft())

    def _ready(self) -> list[Any]:
        """Wait for the first reference that is ready; return all that are."""
        refs = self._pool.pending()
        if not refs:
            time.sleep(_WAIT_SECONDS)  # until a node joins: Ray has no event for that
            return []
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=_WAIT_SECONDS)
        if ready:
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        return list(ready)

    def _results_of(self, ref: Any) -> Iterator[Any]:
        """Yield the results behind a reference, if any. Raises what the task raised."""
        worker = self._pool.owner(ref)
        if worker is None:
            self._pool.on_handshake(ref)
        elif ref not in worker.batches:
            self._pool.on_started(worker)
        else:
            try:
                batch_result: BatchResult = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from error
            except self._ray.exceptions.RayError as error:
                yield from self._retry_items(worker, str(error))
            else:
                yield from self._accept(worker, ref, batch_result)

    def _accept(self, worker: PoolWorker, ref: Any, batch_result: BatchResult) -> Iterator[Any]:
        batch = worker.batches.pop(ref)
        worker.since = time.monotonic()
        self._pool.add_notes(batch_result.notes, worker.node)
        if batch_result.error is not None:
            raise batch_result.error
        if not batch.alone:
            self._adapt_batch_size(len(batch.items), batch_result.seconds)
        node_name = self._pool.node_name(worker.node)
        for result in batch_result.results:
            yield self._task.on_received(result, node_name)

    def _adapt_batch_size(self, items: int, seconds: float) -> None:
        """Move the batch size half way to the one that would take `_BATCH_SECONDS`."""
        ideal = items * _BATCH_SECONDS / max(seconds, 1e-6)
        threads = self._resources.threads
        largest = min(_BATCH_PER_THREAD * threads, _MAX_BATCH)
        self._batch_size = max(threads, min(largest, int((self._batch_size + ideal) / 2)))

    def _retry_items(self, worker: PoolWorker, message: str) -> Iterator[Any]:
        """Queue the items of a dead worker again; yield a failure for a deadly item."""
        batches = self._pool.remove_dead(worker)
        self._pool.notes.append(
            f"a worker on {self._pool.node_name(worker.node)} died: {cause_of_death(message)}; "
            "other workers redo its items"
        )
        for batch in batches:
            if not batch.alone:
                for item in batch.items:
                    retry = self._task.for_retry(item, blamed=False)
                    self._queue.appendleft(Batch([retry], alone=True))
            elif batch.deaths + 1 >= MAX_DEATHS:
                yield self._task.as_failure(batch.items[0])
            else:
                retry = self._task.for_retry(batch.items[0], blamed=True)
                self._queue.appendleft(Batch([retry], alone=True, deaths=batch.deaths + 1))
