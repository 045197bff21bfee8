"""What runs at the nodes of a Ray cluster: workers with a copy of the work, and shared objects.

Plain classes here, which executors/ray.py and executors/crew.py make actors of.
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
from sokkuri.indexing.executors import TravellingWork
from sokkuri.indexing.executors.ray_cluster import import_ray


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a batch: its results, or the error that ended it."""

    results: Sequence[Any]
    notes: tuple[str, ...]
    seconds: float
    error: Exception | None = None


class Worker:
    """One copy of the work, in a process of its own."""

    def __init__(self, work: TravellingWork[Any, Any]) -> None:
        self._work = work

    def hello(self) -> str:
        """The id of the node where this is."""
        return str(import_ray().get_runtime_context().get_node_id())

    def do(self, items: Sequence[Any]) -> Done:
        started = time.monotonic()
        results: Sequence[Any] = ()
        error = None
        try:
            results = self._work.batch(items)
        except Exception as raised:  # noqa: BLE001 - raised again where the results are taken
            error = _portable(raised)
        notes = []
        with suppress(IndexError):
            while True:
                notes.append(self._work.notes.pop(0))
        return Done(results, tuple(notes), time.monotonic() - started, error)


def _portable(error: Exception) -> Exception:
    """The error, as it can travel, with where it was raised and what caused it as its note."""
    error.add_note("".join(traceback.format_exception(error)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - of whatever kind, it would be lost on the way
        if isinstance(error, SokkuriError):
            return SokkuriError(str(error))
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        for note in error.__notes__:
            plain.add_note(note)
        return plain
    return error


class PlainWork:
    """A function as a TravellingWork."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.notes: list[str] = []
        self._function = function
        self._turn = threading.Lock()

    def __reduce__(self) -> tuple[type["PlainWork"], tuple[Any]]:
        return PlainWork, (self._function,)

    def check(self) -> None:
        """It can be called anywhere."""

    def batch(self, items: Sequence[Any]) -> list[Any]:
        with self._turn:  # a worker has one item in work
            return [self._function(item) for item in items]

    def again(self, item: Any, *, blamed: bool) -> Any:  # noqa: ARG002 - an item is what it is
        return item

    def lost(self, item: Any) -> Any:
        raise ClusterError(f"workers die one after another with {item!r} in hand")

    def received(self, result: Any, node: str) -> Any:  # noqa: ARG002 - the same from any node
        return result


class Host:
    """Holds a shared object."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._object = make()

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        return getattr(self._object, name)(*arguments)


class Proxy:
    """Stands for the object of a Host, wherever it is: one call is a message there and back."""

    def __init__(self, host: Any) -> None:
        self._host = host

    def __reduce__(self) -> tuple[type["Proxy"], tuple[Any]]:
        return Proxy, (self._host,)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._call, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        ray = import_ray()
        sent = [list(one) if isinstance(one, Iterator) else one for one in arguments]
        try:
            return ray.get(self._host.call.remote(name, sent))
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayError as error:
            first = str(error).partition("\n")[0]
            raise ClusterError(f"the machine of the collection is out of reach: {first}") from error

    def close(self) -> None:
        """Close the object and end its process."""
        ray = import_ray()
        try:
            self._call("close")
        except ClusterError:
            return  # it is gone already
        ray.kill(self._host)
