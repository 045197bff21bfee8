"""The classes that run as actors on the nodes of a Ray cluster: workers and shared objects.

They are plain classes; executors/ray.py and executors/ray_pool.py make actors of them.
"""

import pickle
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from sokkuri.core.errors import ClusterError, SokkuriError
from sokkuri.indexing.executors import RemoteTask
from sokkuri.indexing.executors.ray_cluster import import_ray


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The results of a batch, or the error that ended it; lines for the user; seconds spent."""

    results: Sequence[Any]
    notes: tuple[str, ...]
    seconds: float
    error: Exception | None = None


class Worker:
    """One copy of the task, in a process of its own."""

    def __init__(self, task: RemoteTask[Any, Any]) -> None:
        self._task = task

    def node_id(self) -> str:
        """Return the id of the node that this worker runs on."""
        return str(import_ray().get_runtime_context().get_node_id())

    def run_batch(self, items: Sequence[Any]) -> BatchResult:
        """Return the results of the items. Never raises: an error is part of the result."""
        started = time.monotonic()
        results: Sequence[Any] = ()
        error = None
        try:
            results = self._task.batch(items)
        except Exception as raised:  # noqa: BLE001 - raised again where the results are taken
            error = _picklable(raised)
        notes = []
        with suppress(IndexError):
            while True:
                notes.append(self._task.notes.pop(0))
        return BatchResult(results, tuple(notes), time.monotonic() - started, error)


def _picklable(error: Exception) -> Exception:
    """Return the error in a form that can be sent, with its traceback as a note."""
    error.add_note("".join(traceback.format_exception(error)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - an error that cannot be pickled would be lost
        if isinstance(error, SokkuriError):
            return SokkuriError(str(error))
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        for note in error.__notes__:
            plain.add_note(note)
        return plain
    return error


class FunctionTask:
    """A plain function as a RemoteTask."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.notes: list[str] = []
        self._function = function
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["FunctionTask"], tuple[Any]]:
        return FunctionTask, (self._function,)

    def check(self) -> None:
        """Do nothing: a function can be called on any node."""

    def batch(self, items: Sequence[Any]) -> list[Any]:
        """Return the results of the items, computed one at a time."""
        with self._lock:
            return [self._function(item) for item in items]

    def for_retry(self, item: Any, *, blamed: bool) -> Any:  # noqa: ARG002 - the same item
        """Return the item."""
        return item

    def as_failure(self, item: Any) -> Any:
        """Raise ClusterError: a function has no result that means failure."""
        raise ClusterError(f"workers die one after another while they work on {item!r}")

    def on_received(self, result: Any, node: str) -> Any:  # noqa: ARG002 - the same from any node
        """Return the result."""
        return result


class SharedActor:
    """Holds a shared object and calls its methods."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._object = make()

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """Return the result of the method `name`."""
        return getattr(self._object, name)(*arguments)


class ActorProxy:
    """Forwards method calls to the object of a SharedActor. Each call is a network round trip."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def __reduce__(self) -> tuple[type["ActorProxy"], tuple[Any]]:
        return ActorProxy, (self._actor,)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._call, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        ray = import_ray()
        sent = [list(value) if isinstance(value, Iterator) else value for value in arguments]
        try:
            return ray.get(self._actor.call.remote(name, sent))
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayError as error:
            first_line = str(error).partition("\n")[0]
            raise ClusterError(
                f"the machine of the collection is out of reach: {first_line}"
            ) from error

    def close(self) -> None:
        """Close the object and end its process."""
        ray = import_ray()
        try:
            self._call("close")
        except ClusterError:
            return  # the process is gone already
        ray.kill(self._actor)
