"""The workers of one run on a Ray cluster: start them, keep track of them, remove dead ones.

Follows the nodes as they join and leave. Checks each new node once with a handshake, and leaves
out nodes that cannot run the task. Starts workers where there is room, and hands those that are
ready to executors/ray.py. Never blocks on a worker that waits for resources.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from sokkuri.core.errors import ClusterError
from sokkuri.indexing.executors import RemoteTask, ray_handshake
from sokkuri.indexing.executors.ray_actors import Worker
from sokkuri.indexing.executors.ray_cluster import import_ray

AHEAD = 2
"""Batches that a worker has at once: while it computes one, it reads the files of the other."""

_REFRESH_SECONDS = 2.0
_PATIENCE_SECONDS = 30.0  # before a slow batch or a full cluster is reported; doubles each time
_ATTEMPTS = 3  # handshakes with a node, or starts of a first worker


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What one worker needs. threads : items of a batch that it works on at once."""

    cpus: int = 1
    gpus: int = 0
    threads: int = 1

    def places_on(self, node: dict[str, Any]) -> int:
        """Return how many workers fit on a node, whether its resources are free or not."""
        resources = node["Resources"]
        places = int(resources.get("CPU", 0) // self.cpus)
        return min(places, int(resources.get("GPU", 0) // self.gpus)) if self.gpus else places


@dataclass(slots=True)
class Batch:
    """Items that are handed out together.

    alone : the worker gets no other batch meanwhile, because an item like this may have killed
    another worker. deaths : workers that died while they had this batch alone.
    """

    items: list[Any]
    alone: bool = False
    deaths: int = 0


@dataclass(eq=False, slots=True)
class PoolWorker:
    """One worker. batches : what it works on, by the reference to the result, oldest first.

    started : the reference to its node's id, which arrives when it is ready. since : when its
    current batch began (`time.monotonic`). patience : seconds until a slow batch is reported.
    """

    actor: Any
    started: Any
    node: str = ""
    batches: dict[Any, Batch] = field(default_factory=dict)
    since: float = 0.0
    patience: float = field(default_factory=lambda: _PATIENCE_SECONDS)

    @property
    def ready(self) -> bool:
        """Whether it has started."""
        return bool(self.node)

    @property
    def room(self) -> int:
        """The number of batches that it can take now."""
        if not self.ready or any(batch.alone for batch in self.batches.values()):
            return 0
        return AHEAD - len(self.batches)


class WorkerPool:
    """The nodes and workers of one run. notes : lines for the user, which the caller takes."""

    def __init__(
        self, task: RemoteTask[Any, Any], resources: WorkerResources, limit: int | None
    ) -> None:
        self.workers: list[PoolWorker] = []
        self.notes: list[str] = []
        self._ray = import_ray()
        self._resources = resources
        self._limit = limit
        self._task = self._ray.put(task)
        self._nodes: dict[str, dict[str, Any]] = {}
        self._handshakes: dict[Any, str] = {}  # reference to the answer -> node
        self._accepted: set[str] = set()
        self._refused: dict[str, str] = {}  # node -> reason
        self._attempts: dict[str, int] = {}  # node, or "" for a worker's start
        self._shown_notes: set[str] = set()
        self._refreshed = 0.0
        self._idle_since = time.monotonic()
        self._patience = _PATIENCE_SECONDS

    @property
    def target(self) -> int:
        """The number of workers that fit on the accepted nodes, up to the limit."""
        places = sum(self._resources.places_on(self._nodes[node]) for node in self._accepted)
        return places if self._limit is None else min(places, self._limit)

    @property
    def room(self) -> int:
        """The number of batches for workers that are ready or starting."""
        ready = [worker for worker in self.workers if worker.ready]
        return sum(worker.room for worker in ready) + max(0, self.target - len(ready))

    @property
    def batches_out(self) -> int:
        """The number of batches that workers have."""
        return sum(len(worker.batches) for worker in self.workers)

    def node_name(self, node: str) -> str:
        """Return the name of a node for the user. Two nodes may be on one machine."""
        host = self._nodes.get(node, {}).get("NodeManagerHostname", "?")
        return f"node {host} ({node[:8]})"

    def refresh(self, batches: int) -> None:
        """Look for new and lost nodes, and start workers for this many batches in all.

        Raises ClusterError if no node can run the task.
        """
        now = time.monotonic()
        if now - self._refreshed >= _REFRESH_SECONDS:
            self._refreshed = now
            self._refresh_nodes()
        for _ in range(len(self.workers), min(self.target, batches)):
            self.workers.append(self._start_worker())
        self._report_delays(now)

    def _refresh_nodes(self) -> None:
        alive = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
        self._nodes |= alive
        for node in self._accepted - alive.keys():
            self._accepted.discard(node)
            self.notes.append(f"{self.node_name(node)} is gone: other workers redo its items")
        checked = {*self._accepted, *self._refused, *self._handshakes.values()}
        for node in alive.keys() - checked:
            if self._resources.places_on(alive[node]):
                self._handshakes[self._start_handshake(node)] = node
        refused = alive.keys() & self._refused.keys()
        if refused and not self._accepted and not self._handshakes:
            node = min(refused)
            raise ClusterError(f"{self.node_name(node)} cannot do the work: {self._refused[node]}")

    def _start_handshake(self, node: str) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        required = {
            "python": ".".join(map(str, sys.version_info[:2])),
            "sokkuri": version("sokkuri"),
        }
        ray = self._ray
        ray.cloudpickle.register_pickle_by_value(ray_handshake)
        try:
            on_node = NodeAffinitySchedulingStrategy(node, soft=False)
            handshake = ray.remote(ray_handshake.handshake)
            handshake = handshake.options(num_cpus=0, max_retries=0, scheduling_strategy=on_node)
            return handshake.remote([self._task], required)
        finally:
            ray.cloudpickle.unregister_pickle_by_value(ray_handshake)

    def _start_worker(self) -> PoolWorker:
        others = self._nodes.keys() - self._accepted
        options: dict[str, Any] = {"scheduling_strategy": "SPREAD"}
        if others:
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(sorted(others))})"}
        if self._resources.gpus:
            options["num_gpus"] = self._resources.gpus
        actor = (
            self._ray.remote(Worker)
            .options(num_cpus=self._resources.cpus, max_concurrency=AHEAD, **options)
            .remote(self._task)
        )
        return PoolWorker(actor, actor.node_id.remote())

    def give(self, worker: PoolWorker, batch: Batch) -> None:
        """Hand a batch to a worker."""
        if not worker.batches:
            worker.since = time.monotonic()
        worker.batches[worker.actor.run_batch.remote(batch.items)] = batch

    def pending(self) -> list[Any]:
        """Return the references to everything that may arrive next."""
        starting = [worker.started for worker in self.workers if not worker.ready]
        results = (ref for worker in self.workers for ref in worker.batches)
        return [*self._handshakes, *starting, *results]

    def owner(self, ref: Any) -> PoolWorker | None:
        """Return the worker that a reference belongs to, None if it is a node's or a dead one's."""
        for worker in self.workers:
            if ref in worker.batches or ref == worker.started:
                return worker
        return None

    def on_handshake(self, ref: Any) -> None:
        """Accept or refuse the node whose handshake has ended. Ignore other references."""
        node = self._handshakes.pop(ref, None)
        if node is None:
            return
        try:
            refusal, notes = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._attempts[node] = self._attempts.get(node, 0) + 1
            if self._attempts[node] < _ATTEMPTS:
                return  # if it is still there, another handshake follows
            refusal, notes = str(error).strip().splitlines()[-1], []
        if refusal:
            self._refused[node] = refusal
            self.notes.append(f"{self.node_name(node)} is left out: {refusal}")
        else:
            self._accepted.add(node)
        self.add_notes(notes, node)
        self._refreshed = 0.0

    def on_started(self, worker: PoolWorker) -> None:
        """Record the node of a worker that has started, or remove a worker that could not.

        Raises ClusterError if no worker can be started at all.
        """
        try:
            worker.node = self._ray.get(worker.started)
        except self._ray.exceptions.RayError as error:
            self._attempts[""] = self._attempts.get("", 0) + 1
            self.remove_dead(worker)
            self.notes.append(f"a worker died before it began: {cause_of_death(str(error))}")
            if self._attempts[""] >= _ATTEMPTS and not self.workers:
                reason = str(error).strip().splitlines()[-1]
                raise ClusterError(f"no worker can be started on the cluster: {reason}") from error

    def add_notes(self, notes: Sequence[str], node: str) -> None:
        """Add lines of a copy of the task, each only once in a run."""
        for note in notes:
            if note not in self._shown_notes:
                self._shown_notes.add(note)
                self.notes.append(f"{self.node_name(node)}: {note}")

    def remove_dead(self, worker: PoolWorker) -> list[Batch]:
        """Remove a worker that has died. Returns the batches that it had, oldest first."""
        self.workers.remove(worker)
        self._ray.kill(worker.actor)  # it may be alive and only out of reach
        self._refreshed = min(self._refreshed, time.monotonic() - _REFRESH_SECONDS / 2)
        return list(worker.batches.values())

    def _report_delays(self, now: float) -> None:
        """Add a note if no worker starts, or if a worker takes long for a batch."""
        if any(worker.ready for worker in self.workers):
            self._idle_since, self._patience = now, _PATIENCE_SECONDS
        elif now - self._idle_since > self._patience:
            self._patience *= 2
            silent = ", ".join(sorted(map(self.node_name, self._handshakes.values())))
            self.notes.append(
                f"no answer yet from {silent}" if silent
                else "the cluster has no room yet: its CPUs are in use, or it has none"
            )  # fmt: skip
        for worker in self.workers:
            if worker.batches and now - worker.since > worker.patience:
                worker.patience *= 2
                items = next(iter(worker.batches.values())).items
                first = getattr(items[0], "id", items[0])
                self.notes.append(
                    f"{self.node_name(worker.node)} has been working on {len(items)} items for "
                    f"{now - worker.since:.0f} s, the first is {first}"
                )

    def shutdown(self) -> None:
        """End all workers at once."""
        for worker in self.workers:
            self._ray.kill(worker.actor)
        self.workers.clear()


def cause_of_death(message: str) -> str:
    """Return the cause in Ray's message about a death, in a few words."""
    text = message.partition("Some common causes")[0].lower()
    if "memory" in text:
        return "memory ran out there"
    return "its node is gone" if "node has died" in text else "its process ended"
