"""Milvus as an engine: one collection, with an HNSW index.

Takes `milvus://user@host:19530/collection`, or `milvus:///folder/file.db/collection` for Milvus
Lite, which keeps it in a folder here; a password, or MILVUS_TOKEN. `docs/engines.md` describes the
collection; whose it is says its description. Searches by distance use the index (Malkov and
Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs", 2018).
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import EngineError
from sokkuri.core.types import Features
from sokkuri.search.engines import Entry, Holding, as_utf8
from sokkuri.search.engines.milvus_client import client_library, leave, reached, take
from sokkuri.search.engines.url import taken_apart

MOST = 16384
"""The server's own limit on the hits of a query."""


_CONNECT, _SEARCH, _ANSWER, _FLUSH = 10.0, 30.0, 60.0, 600.0  # seconds of patience
_MADE_BY = "sokkuri"  # in a collection's description: the version of its layout
_VERSION = 1
_METRICS = {"cosine": "COSINE", "l2": "L2"}
_LINKS, _BUILDING = 16, 128  # of HNSW: links a row, candidates while building
_LEAST_REACH, _MOST_REACH = 100, 32768  # candidates that a search looks through
_TEXT = 65535  # bytes: the longest that Milvus takes

_BYTES = 4 * 2**20  # of vectors in one message; servers take 64 MiB, their queues may take 5
_DELETED = 5000  # keys in one message
_LISTED = 4096  # keys in one filter
_RESULTS = 2**16  # hits of one message
_AWAY = frozenset({2, 14})  # codes of the client's errors: not connected, lost

Result = TypeVar("Result")


class MilvusEngine:
    """A Milvus collection, as an `Engine`. Connects at the first call."""

    most = MOST

    def __init__(self, address: str) -> None:
        """Raises UsageError for an address that names no collection, MissingExtraError."""
        self._pymilvus = client_library()
        self._place = reached(taken_apart(address))
        self._name, self.address = self._place.collection, self._place.shown
        self._client: Any = None
        self._holding: Holding | None = None
        self._loaded = False

    def _do(self, what: Callable[[Any], Result]) -> Result:
        """Do it with a connection, which the client itself renews where it is lost."""
        import grpc

        try:
            if self._client is None:
                self._client = self._pymilvus.MilvusClient(
                    **self._place.given, timeout=_CONNECT, dedicated=True
                )
                take(self._place)
            return what(self._client)
        except (self._pymilvus.MilvusException, grpc.RpcError) as error:
            trouble = _trouble(error)
            if self._place.file and self._client is None:
                trouble = "cannot be opened: another process may have it open"
            self.close()
            raise EngineError(f"{self.address} {trouble}") from None

    def close(self) -> None:
        if self._client is not None:
            with suppress(self._pymilvus.MilvusException):
                self._client.close()
            self._client = None
            leave(self._place)
        self._loaded = False

    def held(self) -> Holding | None:
        """Raises EngineError too for a collection that is not sokkuri's."""
        self._holding = self._do(self._held)
        return self._holding

    def _held(self, client: Any) -> Holding | None:
        if not client.has_collection(self._name, timeout=_ANSWER):
            self._loaded = False
            return None
        found = client.describe_collection(self._name, timeout=_ANSWER)
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads(found.get("description") or found["properties"][_MADE_BY])
            if kept.pop(_MADE_BY) == _VERSION:
                return Holding(**kept)
        raise EngineError(
            f"{self.address} is a collection that this sokkuri did not make: name another"
        )

    def create(self, holding: Holding) -> None:
        self._do(lambda client: self._create(client, holding))

    def _create(self, client: Any, holding: Holding) -> None:
        kind = self._pymilvus.DataType
        said = json.dumps({_MADE_BY: _VERSION, **asdict(holding)})
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description=said)
        schema.add_field("key", kind.INT64, is_primary=True)
        for name in ("id", "path"):
            schema.add_field(name, kind.VARCHAR, max_length=_TEXT)
        for name, number in (("width", kind.INT32), ("height", kind.INT32),
                             ("size", kind.INT64), ("modified_ns", kind.INT64)):  # fmt: skip
            schema.add_field(name, number)
        schema.add_field("vector", kind.FLOAT_VECTOR, dim=holding.dimension)
        # Milvus Lite forgets descriptions; servers may not know what to make of a property.
        kept = {"properties": {_MADE_BY: said}} if self._place.file else {}
        try:
            client.create_collection(
                self._name, schema=schema, consistency_level="Bounded", timeout=_ANSWER, **kept
            )
        except self._pymilvus.MilvusException:
            if not client.has_collection(self._name, timeout=_ANSWER):
                raise  # and else another process was quicker

    def put(self, entries: Sequence[Entry], vectors: Features) -> None:
        # Twice in one message, which of them counts would be chance.
        rows = list({entry.key: number for number, entry in enumerate(entries)}.values())
        step = max(1, _BYTES // (4 * vectors.shape[1]))
        for at in range(0, len(rows), step):
            data = [{**_row(entries[row]), "vector": vectors[row]} for row in rows[at : at + step]]
            self._do(lambda client, data=data: (  # type: ignore[misc]
                client.upsert(self._name, data, timeout=_ANSWER)
            ))  # fmt: skip

    def delete(self, keys: NDArray[np.int64]) -> None:
        for at in range(0, len(keys), _DELETED):
            part = keys[at : at + _DELETED].tolist()
            self._do(lambda client, part=part: (  # type: ignore[misc]
                client.delete(self._name, ids=part, timeout=_ANSWER)
            ))  # fmt: skip

    def finish(self) -> None:
        self._do(lambda client: client.flush(self._name, timeout=_FLUSH))
        self._do(self._indexed)
        self._do(self._ready)
        # What was put last is seen by whoever searches from now on, without asking for so much.
        self._do(lambda client: client.query(
            self._name, output_fields=["count(*)"], consistency_level="Strong", timeout=_ANSWER
        ))  # fmt: skip

    def _indexed(self, client: Any) -> None:
        """Have an index, and wait until it has all that was flushed."""
        if self._holding is None:
            self._holding = self._held(client)
        if self._holding is None:
            raise self._gone()
        if not client.list_indexes(self._name, field_name="vector"):
            asked = client.prepare_index_params()
            asked.add_index(
                "vector", index_type="HNSW", metric_type=_METRICS[self._holding.metric],
                params={"M": _LINKS, "efConstruction": _BUILDING},
            )  # fmt: skip
            client.create_index(self._name, asked, sync=False, timeout=_ANSWER)
        for _ in _moments():
            (index,) = client.list_indexes(self._name, field_name="vector")
            state = client.describe_index(self._name, index, timeout=_ANSWER)
            if state["state"] == "Failed":
                raise EngineError(f"{self.address} could not make its index: see the server's log")
            if state["state"] == "Finished" and not state.get("pending_index_rows"):
                return

    def _ready(self, client: Any) -> None:
        """Have it in the server's memory, which searches and queries need."""
        if self._loaded:
            return
        if not client.list_indexes(self._name, field_name="vector"):
            self._indexed(client)
        client.load_collection(self._name, _async=True, timeout=_ANSWER)
        for _ in _moments():
            state = client.get_load_state(self._name, timeout=_ANSWER)["state"]
            if state.name == "Loaded":
                self._loaded = True
                return

    def keys(self) -> Iterator[NDArray[np.int64]]:
        self._do(self._ready)
        found = self._do(lambda client: client.query_iterator(
            self._name, batch_size=MOST, filter="key >= 0", output_fields=["key"],
            consistency_level="Strong", timeout=_ANSWER,
        ))  # fmt: skip
        while rows := self._do(lambda _: found.next()):
            yield np.array([row["key"] for row in rows], np.int64)
        found.close()

    def nearest(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        if self._holding is None and self.held() is None:
            raise self._gone()
        self._do(self._ready)
        found = np.full((len(queries), count), -1, np.int64)
        step = max(1, _RESULTS // (count if among is None else _LISTED))
        for at in range(0, len(queries), step):
            part = queries[at : at + step]
            if among is None:
                lists = [keys for keys, _ in self._search(part, count)]
            else:
                lists = self._compared(part, among)
            for number, keys in enumerate(lists, at):
                found[number, : len(keys)] = keys[:count]
        return found

    def _search(
        self, queries: NDArray[np.float32], count: int, wanted: str = ""
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Keys and distances, (M,) each, of those found by the index, nearest first. wanted : a
        filter. The distances are good for comparing them with each other."""
        assert self._holding is not None
        reach = min(max(count, _LEAST_REACH), _MOST_REACH)
        found = self._do(lambda client: client.search(
            self._name, list(queries), filter=wanted, limit=count, output_fields=["key"],
            anns_field="vector", search_params={"params": {"ef": reach}}, timeout=_SEARCH,
        ))  # fmt: skip
        sign = -1.0 if self._holding.metric == "cosine" else 1.0  # Milvus gives the cosine itself
        return [
            (np.array([hit["entity"]["key"] for hit in hits], np.int64),
             np.array([sign * hit["distance"] for hit in hits], np.float64))
            for hits in found
        ]  # fmt: skip

    def _compared(
        self, queries: NDArray[np.float32], among: NDArray[np.int64]
    ) -> list[NDArray[np.int64]]:
        """For each query all of these keys that are there, nearest first.

        With a filter, the index finds most of the nearest, but only an answer as long as the list
        tells that all were compared. So that is what is asked for; what is still lacking is fetched
        and measured here.
        """
        parts: list[list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = [[] for _ in queries]
        for at in range(0, len(among), _LISTED):
            listed = np.unique(among[at : at + _LISTED])
            found = self._search(queries, len(listed), _listing(listed))
            lacking = [np.setdiff1d(listed, keys, assume_unique=True) for keys, _ in found]
            fetched = self._fetched(np.unique(np.concatenate(lacking)))
            for number, pair in enumerate(found):
                parts[number].append(pair)
                there = np.isin(fetched[0], lacking[number], assume_unique=True)
                parts[number].append((
                    fetched[0][there], self._distances(fetched[1][there], queries[number])
                ))  # fmt: skip
        return [_merged(some) for some in parts]

    def _fetched(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], Features]:
        """Those of the keys that are there, with their vectors."""
        assert self._holding is not None
        step = max(1, _BYTES // (4 * self._holding.dimension))
        rows: list[Any] = []
        for at in range(0, len(keys), step):
            wanted = _listing(keys[at : at + step])
            rows += self._do(lambda client, wanted=wanted: client.query(  # type: ignore[misc]
                self._name, filter=wanted, output_fields=["key", "vector"], timeout=_SEARCH
            ))  # fmt: skip
        vectors = np.empty((len(rows), self._holding.dimension), np.float32)
        for number, row in enumerate(rows):
            vectors[number] = row["vector"]
        return np.array([row["key"] for row in rows], np.int64), vectors

    def _distances(self, vectors: Features, query: NDArray[np.float32]) -> NDArray[np.float64]:
        """Comparable with those that `_search` gives."""
        assert self._holding is not None
        exact, asked = vectors.astype(np.float64), query.astype(np.float64)
        if self._holding.metric == "l2":
            return np.asarray(np.square(exact - asked).sum(axis=1))
        lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(asked)
        return np.asarray(-(exact @ asked) / np.where(lengths > 0, lengths, 1.0))

    def _gone(self) -> EngineError:
        return EngineError(f"{self.address} is not there: run `sokkuri push` to it again")


def _row(entry: Entry) -> dict[str, Any]:
    """An entry as the collection has it; 0 is an unknown width or height."""
    return {
        "key": entry.key, "id": as_utf8(entry.id), "path": as_utf8(entry.path),
        "width": entry.width or 0, "height": entry.height or 0, "size": entry.size,
        "modified_ns": entry.mtime_ns,
    }  # fmt: skip


def _listing(keys: NDArray[np.int64]) -> str:
    return f"key in [{','.join(map(str, keys.tolist()))}]"


def _merged(
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> NDArray[np.int64]:
    """Their keys, nearest first."""
    keys = np.concatenate([np.empty(0, np.int64), *(one for one, _ in parts)])
    measured = np.concatenate([np.empty(0), *(one for _, one in parts)])
    return np.asarray(keys[np.lexsort((keys, measured))])


def _moments() -> Iterator[None]:
    """To look again whether something is done: often at first, every two seconds at last."""
    pause = 0.05
    while True:
        yield
        time.sleep(pause)
        pause = min(2.0, pause * 1.5)


def _trouble(error: Exception) -> str:
    """What the client says, in a line; of a connection, what gRPC said of it."""
    import grpc

    rpc = error if isinstance(error, grpc.RpcError) else error.__cause__
    if isinstance(rpc, grpc.RpcError) and isinstance(rpc, grpc.Call):
        said = (rpc.details() or rpc.code().name).splitlines()[0]
        if rpc.code() in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
            return f"refused what was asked ({said})"
        return f"does not answer ({said})"
    said = str(getattr(error, "message", error)).strip() or type(error).__name__
    kind = "does not answer" if getattr(error, "code", None) in _AWAY else "refused what was asked"
    return f"{kind} ({said.splitlines()[0]})"
