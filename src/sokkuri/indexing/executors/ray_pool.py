"""The workers of one run on a Ray cluster: who there is, who may come, who has died.

Takes the nodes as they come and go; greets each once, and refuses those that cannot do the work;
starts workers where there is room, and gives those that are ready to executors/ray.py. A worker
that waits for its place is never waited for.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from sokkuri.core.errors import ClusterError
from sokkuri.indexing.executors import TravellingWork, ray_handshake
from sokkuri.indexing.executors.ray_actors import Worker
from sokkuri.indexing.executors.ray_cluster import import_ray

AHEAD = 2
"""Batches that a worker has at once: while one is computed, the other's bytes come."""

_LOOK_SECONDS = 2.0
_PATIENCE_SECONDS = 30.0  # with one batch, or without room, before it is told; then twice as long
_ATTEMPTS = 3  # to greet a node, or to start a first worker


@dataclass(frozen=True, slots=True)
class Seat:
    """What one worker asks of a node. threads : of a batch, items worked on at once."""

    cpus: int = 1
    gpus: int = 0
    threads: int = 1

    def on(self, node: dict[str, Any]) -> int:
        """How many of them a node has, be they free or not."""
        has = node["Resources"]
        seats = int(has.get("CPU", 0) // self.cpus)
        return min(seats, int(has.get("GPU", 0) // self.gpus)) if self.gpus else seats


@dataclass(slots=True)
class Batch:
    """Items that are handed out together. alone : its worker gets nothing else meanwhile, since
    one of the kind may have killed another; `deaths` : those that it is to blame for."""

    items: list[Any]
    alone: bool = False
    deaths: int = 0


@dataclass(eq=False, slots=True)
class Member:
    """One worker. hands : its batches by what will hold their results, the oldest first."""

    actor: Any
    hello: Any
    node: str = ""
    hands: dict[Any, Batch] = field(default_factory=dict)
    since: float = 0.0
    patience: float = field(default_factory=lambda: _PATIENCE_SECONDS)

    @property
    def ready(self) -> bool:
        return bool(self.node)

    @property
    def room(self) -> int:
        """Batches that it can be given."""
        if not self.ready or any(batch.alone for batch in self.hands.values()):
            return 0
        return AHEAD - len(self.hands)


class Crew:
    """See above. notes : lines for the user, as they come."""

    def __init__(self, work: TravellingWork[Any, Any], seat: Seat, limit: int | None) -> None:
        self.members: list[Member] = []
        self.notes: list[str] = []
        self._ray = import_ray()
        self._seat = seat
        self._limit = limit
        self._work = self._ray.put(work)
        self._nodes: dict[str, dict[str, Any]] = {}
        self._greetings: dict[Any, str] = {}
        self._accepted: set[str] = set()
        self._refused: dict[str, str] = {}
        self._attempts: dict[str, int] = {}
        self._told: set[str] = set()
        self._looked = 0.0
        self._idle_since = time.monotonic()
        self._patience = _PATIENCE_SECONDS

    @property
    def target(self) -> int:
        """Workers that the nodes have places for, as far as they are asked for."""
        places = sum(self._seat.on(self._nodes[node]) for node in self._accepted)
        return places if self._limit is None else min(places, self._limit)

    @property
    def room(self) -> int:
        """Batches that can be given out now, or to workers that are on their way."""
        ready = [member for member in self.members if member.ready]
        return sum(member.room for member in ready) + max(0, self.target - len(ready))

    @property
    def in_hand(self) -> int:
        return sum(len(member.hands) for member in self.members)

    def name(self, node: str) -> str:
        """What a node is called to the user: two may be on one machine."""
        host = self._nodes.get(node, {}).get("NodeManagerHostname", "?")
        return f"node {host} ({node[:8]})"

    def look(self, batches: int) -> None:
        """Greet nodes that are new, and start workers for so many batches in all. Raises
        ClusterError when no node can do the work."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._look_for_nodes()
        for _ in range(len(self.members), min(self.target, batches)):
            self.members.append(self._start())
        self._tell_what_takes_long(now)

    def _look_for_nodes(self) -> None:
        alive = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
        self._nodes |= alive
        for gone in self._accepted - alive.keys():
            self._accepted.discard(gone)
            self.notes.append(f"{self.name(gone)} is gone: what it had in hand is made up")
        greeted = {*self._accepted, *self._refused, *self._greetings.values()}
        for node in alive.keys() - greeted:
            if self._seat.on(alive[node]):
                self._greetings[self._greet(node)] = node
        refused = alive.keys() & self._refused.keys()
        if refused and not self._accepted and not self._greetings:
            node = min(refused)
            raise ClusterError(f"{self.name(node)} cannot do the work: {self._refused[node]}")

    def _greet(self, node: str) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        wanted = {
            "python": ".".join(map(str, sys.version_info[:2])),
            "sokkuri": version("sokkuri"),
        }
        ray = self._ray
        ray.cloudpickle.register_pickle_by_value(ray_handshake)
        try:
            there = NodeAffinitySchedulingStrategy(node, soft=False)
            task = ray.remote(ray_handshake.greet)
            task = task.options(num_cpus=0, max_retries=0, scheduling_strategy=there)
            return task.remote([self._work], wanted)
        finally:
            ray.cloudpickle.unregister_pickle_by_value(ray_handshake)

    def _start(self) -> Member:
        others = self._nodes.keys() - self._accepted
        options: dict[str, Any] = {"scheduling_strategy": "SPREAD"}
        if others:
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(sorted(others))})"}
        if self._seat.gpus:
            options["num_gpus"] = self._seat.gpus
        actor = (
            self._ray.remote(Worker)
            .options(num_cpus=self._seat.cpus, max_concurrency=AHEAD, **options)
            .remote(self._work)
        )
        return Member(actor, actor.hello.remote())

    def give(self, member: Member, batch: Batch) -> None:
        if not member.hands:
            member.since = time.monotonic()
        member.hands[member.actor.do.remote(batch.items)] = batch

    def waits_for(self) -> list[Any]:
        """All that may come next."""
        hellos = [member.hello for member in self.members if not member.ready]
        return [*self._greetings, *hellos, *(ref for one in self.members for ref in one.hands)]

    def owner(self, ref: Any) -> Member | None:
        """The worker whose word this is; None for others: a node, or a worker that has died."""
        for member in self.members:
            if ref in member.hands or ref == member.hello:
                return member
        return None

    def answered(self, ref: Any) -> None:
        """A node's answer to its greeting has come, if it is one."""
        node = self._greetings.pop(ref, None)
        if node is None:
            return
        try:
            refusal, notes = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._attempts[node] = self._attempts.get(node, 0) + 1
            if self._attempts[node] < _ATTEMPTS:
                return  # it may be on its way out; if not, it is greeted once more
            refusal, notes = str(error).strip().splitlines()[-1], []
        if refusal:
            self._refused[node] = refusal
            self.notes.append(f"{self.name(node)} is left out: {refusal}")
        else:
            self._accepted.add(node)
        self.say(notes, node)
        self._looked = 0.0

    def arrived(self, member: Member) -> None:
        """A worker says where it is, or why it could not start. Raises ClusterError when workers
        cannot be started at all."""
        try:
            member.node = self._ray.get(member.hello)
        except self._ray.exceptions.RayError as error:
            self._attempts[""] = self._attempts.get("", 0) + 1
            self.bury(member)
            self.notes.append(f"a worker died before it began: {cause_of_death(str(error))}")
            if self._attempts[""] >= _ATTEMPTS and not self.members:
                reason = str(error).strip().splitlines()[-1]
                raise ClusterError(f"no worker can be started on the cluster: {reason}") from error

    def say(self, notes: Sequence[str], node: str) -> None:
        """Lines of a copy of the work, each once a run, however many copies say it."""
        for note in notes:
            if note not in self._told:
                self._told.add(note)
                self.notes.append(f"{self.name(node)}: {note}")

    def bury(self, member: Member) -> list[Batch]:
        """Strike off a worker that has died; hands back what it had, the oldest first."""
        self.members.remove(member)
        self._ray.kill(member.actor)  # it may only be out of reach
        self._looked = min(self._looked, time.monotonic() - _LOOK_SECONDS / 2)
        return list(member.hands.values())

    def _tell_what_takes_long(self, now: float) -> None:
        if any(member.ready for member in self.members):
            self._idle_since, self._patience = now, _PATIENCE_SECONDS
        elif now - self._idle_since > self._patience:
            self._patience *= 2
            silent = ", ".join(sorted(map(self.name, self._greetings.values())))
            self.notes.append(
                f"no answer yet from {silent}" if silent
                else "the cluster has no room yet: its CPUs are in use, or it has none"
            )  # fmt: skip
        for member in self.members:
            if member.hands and now - member.since > member.patience:
                member.patience *= 2
                first = next(iter(member.hands.values())).items
                what = getattr(first[0], "id", first[0])
                self.notes.append(
                    f"{self.name(member.node)} has had {len(first)} in hand for "
                    f"{now - member.since:.0f} s, the first is {what}"
                )

    def dismiss(self) -> None:
        """End all workers, whatever they do."""
        for member in self.members:
            self._ray.kill(member.actor)
        self.members.clear()


def cause_of_death(reason: str) -> str:
    """What Ray says of a death, in a few words."""
    said = reason.partition("Some common causes")[0].lower()
    if "memory" in said:
        return "memory ran out there"
    return "its node is gone" if "node has died" in said else "its process ended"
