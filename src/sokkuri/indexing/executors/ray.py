"""Workers on the nodes of a Ray cluster: the same promises as threads, beyond one machine.

Hands batches to workers that are ready (executors/crew.py) and takes results as they come. What a
worker had in hand when it died is handed out again, one by one, each item to a worker that has
nothing else, so that only the one at fault is blamed.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar, cast

from sokkuri.core.errors import ClusterError
from sokkuri.indexing.executors import Pause, TravellingWork
from sokkuri.indexing.executors.ray_actors import Done, Host, PlainWork, Proxy
from sokkuri.indexing.executors.ray_cluster import connect, import_ray
from sokkuri.indexing.executors.ray_pool import AHEAD, Batch, Crew, Member, Seat, cause_of_death

Item = TypeVar("Item")
Result = TypeVar("Result")
Shared = TypeVar("Shared")

LOST_DEATHS = 3
"""So many workers may die with an item alone in hand before it is given up."""

_LARGEST = 16  # items of a batch and thread: with 1280 numbers each they travel in one message
_MOST = 48  # whatever the threads: two batches stay below a hundred items
_FIRST = 4
_BATCH_SECONDS = 0.5  # so that none waits long for the last batch
_WAIT_SECONDS = 1.0


class RayExecutor:
    """`workers` actors, or as many as the cluster has CPUs, started for each `run`.

    address : `auto` or HOST:PORT; None for that of RAY_ADDRESS, or a cluster of this machine's own.
    gpu : each worker gets a GPU, and the CPUs that its node has for one. threads : of a batch,
    items that are worked on at once. cores : of this machine, for a cluster of its own.

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
        self._ours = connect(address, workers or cores)
        self._ray = import_ray()
        self.seat = self._gpu_seat(threads) if gpu else Seat(threads=threads)

    def _gpu_seat(self, threads: int) -> Seat:
        """A GPU, and the CPUs there are for one where there are fewest."""
        shares = [
            node["Resources"].get("CPU", 0) // node["Resources"]["GPU"]
            for node in self._alive()
            if node["Resources"].get("GPU", 0) >= 1
        ]
        if not shares:
            self.close()
            raise ClusterError("no node of the cluster has a GPU: leave --device out")
        cpus = max(1, int(min(shares)))
        return Seat(cpus=cpus, gpus=1, threads=threads * cpus)

    def _alive(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    @property
    def workers(self) -> int:
        """As many as are asked for, and as the cluster has places for now."""
        places = sum(self.seat.on(node) for node in self._alive())
        return max(1, places if self._limit is None else min(places, self._limit))

    def run(
        self, work: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Result | Pause]:
        """See the contract in `sokkuri.indexing.executors`."""
        travelling = _travelling(work)
        crew = Crew(travelling, self.seat, self._limit)
        try:
            yield from _Run(crew, travelling, self.seat, iter(items)).results()
        finally:
            crew.dismiss()

    def share(self, make: Callable[[], Shared]) -> Shared:
        """What stands for the object, which lives in a process of its own on this machine. Dies
        that process, it is made anew."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = self._ray.get_runtime_context().get_node_id()
        host = (
            self._ray.remote(Host)
            .options(
                num_cpus=0,
                max_restarts=-1,
                max_task_retries=-1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
            )
            .remote(make)
        )
        return cast("Shared", Proxy(host))

    def close(self) -> None:
        """Leave the cluster, unless the process was there before."""
        if self._ours:
            self._ray.shutdown()


def _travelling(work: Any) -> TravellingWork[Any, Any]:
    return work if isinstance(work, TravellingWork) else PlainWork(work)


class _Run:
    """One run: what is to be handed out, and what came."""

    def __init__(
        self, crew: Crew, work: TravellingWork[Any, Any], seat: Seat, items: Iterator[Any]
    ) -> None:
        self._ray = import_ray()
        self._crew = crew
        self._work = work
        self._seat = seat
        self._items = items
        self._more = True
        self._todo: deque[Batch] = deque()
        self._size = min(_FIRST * seat.threads, _MOST)

    def results(self) -> Iterator[Any]:
        shown = time.monotonic()
        while True:
            self._draw()
            self._crew.look(len(self._todo) + self._crew.in_hand)
            self._hand_out()
            if not self._todo and not self._crew.in_hand and not self._more:
                return
            came = False
            for ref in self._ready():
                for result in self._settled(ref):
                    came = True
                    yield result
            notes, self._crew.notes = self._crew.notes, []
            for note in notes:
                yield Pause(note)
            if came or notes:
                shown = time.monotonic()
            elif time.monotonic() - shown >= _WAIT_SECONDS:
                shown = time.monotonic()
                yield Pause()

    def _draw(self) -> None:
        """As many batches as workers have room for, or will have when they are there."""
        while self._more and len(self._todo) < max(1, self._crew.room):
            items = list(islice(self._items, self._size))
            self._more = len(items) == self._size
            if items:
                self._todo.append(Batch(items))

    def _hand_out(self) -> None:
        for given in range(AHEAD):  # a first batch to everybody, then a second one
            for member in self._crew.members:
                if not self._todo:
                    return
                if not member.room or len(member.hands) > given:
                    continue
                if self._todo[0].alone and member.hands:
                    continue
                self._crew.give(member, self._todo.popleft())

    def _ready(self) -> list[Any]:
        """What has come, after a wait for the first."""
        refs = self._crew.waits_for()
        if not refs:
            time.sleep(_WAIT_SECONDS)  # until a node joins, of which there is no event
            return []
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=_WAIT_SECONDS)
        if ready:
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        return list(ready)

    def _settled(self, ref: Any) -> Iterator[Any]:
        """The results that a word from the cluster brings. Raises what the work raised."""
        member = self._crew.owner(ref)
        if member is None:
            self._crew.answered(ref)
        elif ref not in member.hands:
            self._crew.arrived(member)
        else:
            try:
                done: Done = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from error
            except self._ray.exceptions.RayError as error:
                yield from self._died(member, str(error))
            else:
                yield from self._taken(member, ref, done)

    def _taken(self, member: Member, ref: Any, done: Done) -> Iterator[Any]:
        batch = member.hands.pop(ref)
        member.since = time.monotonic()
        self._crew.say(done.notes, member.node)
        if done.error is not None:
            raise done.error
        if not batch.alone:
            wanted = len(batch.items) * _BATCH_SECONDS / max(done.seconds, 1e-6)
            most = min(_LARGEST * self._seat.threads, _MOST)
            self._size = max(self._seat.threads, min(most, int((self._size + wanted) / 2)))
        name = self._crew.name(member.node)
        for result in done.results:
            yield self._work.received(result, name)

    def _died(self, member: Member, reason: str) -> Iterator[Any]:
        """Hand out again what a worker had; a result for an item that kills one after another."""
        batches = self._crew.bury(member)
        self._crew.notes.append(
            f"a worker on {self._crew.name(member.node)} died: {cause_of_death(reason)}; "
            "what it had in hand is made up"
        )
        for batch in batches:
            if not batch.alone:
                for item in batch.items:
                    again = self._work.again(item, blamed=False)
                    self._todo.appendleft(Batch([again], alone=True))
            elif batch.deaths + 1 >= LOST_DEATHS:
                yield self._work.lost(batch.items[0])
            else:
                again = self._work.again(batch.items[0], blamed=True)
                self._todo.appendleft(Batch([again], alone=True, deaths=batch.deaths + 1))
