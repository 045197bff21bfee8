"""The vector engine Milvus: one Milvus collection with an HNSW index.

Takes `milvus://user@host:19530/collection`, or `milvus:///folder/file.db/collection` for Milvus
Lite, whose data is in a folder of this machine. The password is in the URL or in MILVUS_TOKEN.
`docs/engines.md` describes the Milvus collection; its description says which sokkuri collection it
belongs to. Searches without `among` use the index (Malkov and Yashunin, "Efficient and robust
approximate nearest neighbor search using Hierarchical Navigable Small World graphs", 2018).
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import EngineError
from sokkuri.core.types import Features
from sokkuri.search.engines import IndexInfo, VectorRecord, as_utf8
from sokkuri.search.engines.milvus_client import acquire, import_pymilvus, release, resolve_milvus
from sokkuri.search.engines.url import parse_engine_url

MAX_CANDIDATES = 16384
"""The server's limit on the hits of one query."""

_CONNECT_SECONDS, _SEARCH_SECONDS, _CALL_SECONDS, _FLUSH_SECONDS = 10.0, 30.0, 60.0, 600.0
_VERSION_KEY = "sokkuri"  # in a Milvus collection's description: the version of its layout
_VERSION = 1
_METRICS = {"cosine": "COSINE", "l2": "L2"}
_HNSW_LINKS, _HNSW_BUILD_CANDIDATES = 16, 128
_MIN_EF, _MAX_EF = 100, 32768  # HNSW's `ef`: candidates that a search keeps
_MAX_TEXT_BYTES = 65535  # Milvus takes no longer VARCHAR

_MESSAGE_BYTES = 4 * 2**20  # of vectors; servers take 64 MiB, some message queues only 5
_DELETE_KEYS = 5000  # in one message
_FILTER_KEYS = 4096  # in one filter expression
_MESSAGE_HITS = 2**16  # over all queries of one message
_DISCONNECTED_CODES = frozenset({2, 14})  # of the client's errors: not connected, connection lost

Result = TypeVar("Result")

_KeysAndDistances: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]


class MilvusEngine:
    """A Milvus collection as a `VectorEngine`. Connects at the first call."""

    max_candidates = MAX_CANDIDATES

    def __init__(self, address: str) -> None:
        """Raises UsageError for a URL that names no collection, MissingExtraError."""
        self._pymilvus = import_pymilvus()
        self._target = resolve_milvus(parse_engine_url(address))
        self._name, self.address = self._target.collection, self._target.address
        self._client: Any = None
        self._info: IndexInfo | None = None
        self._loaded = False

    def _call(self, function: Callable[[Any], Result]) -> Result:
        """Return `function(client)`, connecting first if necessary. The client itself restores a
        lost connection. Raises EngineError."""
        import grpc

        try:
            if self._client is None:
                self._client = self._pymilvus.MilvusClient(
                    **self._target.client_arguments, timeout=_CONNECT_SECONDS, dedicated=True
                )
                acquire(self._target)
            return function(self._client)
        except (self._pymilvus.MilvusException, grpc.RpcError) as error:
            message = _error_message(error)
            if self._target.lite_file and self._client is None:
                message = "cannot be opened: another process may have it open"
            self.close()
            raise EngineError(f"{self.address} {message}") from None

    def close(self) -> None:
        if self._client is not None:
            with suppress(self._pymilvus.MilvusException):
                self._client.close()
            self._client = None
            release(self._target)
        self._loaded = False

    def info(self) -> IndexInfo | None:
        """See `VectorEngine`. Raises EngineError also for a collection that sokkuri did not
        create."""
        self._info = self._call(self._read_info)
        return self._info

    def _read_info(self, client: Any) -> IndexInfo | None:
        if not client.has_collection(self._name, timeout=_CALL_SECONDS):
            self._loaded = False
            return None
        description = client.describe_collection(self._name, timeout=_CALL_SECONDS)
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            text = description.get("description") or description["properties"][_VERSION_KEY]
            document = json.loads(text)
            if document.pop(_VERSION_KEY) == _VERSION:
                return IndexInfo(**document)
        raise EngineError(
            f"{self.address} is a collection that this sokkuri did not make: name another"
        )

    def create(self, info: IndexInfo) -> None:
        self._call(lambda client: self._create(client, info))

    def _create(self, client: Any, info: IndexInfo) -> None:
        types = self._pymilvus.DataType
        text = json.dumps({_VERSION_KEY: _VERSION, **asdict(info)})
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description=text)
        schema.add_field("key", types.INT64, is_primary=True)
        for name in ("id", "path"):
            schema.add_field(name, types.VARCHAR, max_length=_MAX_TEXT_BYTES)
        for name, type_ in (("width", types.INT32), ("height", types.INT32),
                            ("size", types.INT64), ("modified_ns", types.INT64)):  # fmt: skip
            schema.add_field(name, type_)
        schema.add_field("vector", types.FLOAT_VECTOR, dim=info.dimension)
        # Milvus Lite loses descriptions; servers may reject unknown properties.
        properties = {"properties": {_VERSION_KEY: text}} if self._target.lite_file else {}
        try:
            client.create_collection(
                self._name, schema=schema, consistency_level="Bounded", timeout=_CALL_SECONDS,
                **properties,
            )  # fmt: skip
        except self._pymilvus.MilvusException:
            if not client.has_collection(self._name, timeout=_CALL_SECONDS):
                raise  # otherwise another process created it first

    def upsert(self, records: Sequence[VectorRecord], vectors: Features) -> None:
        # Milvus keeps any one of two rows with the same key in a message: send only the last.
        rows = list({record.key: row for row, record in enumerate(records)}.values())
        step = max(1, _MESSAGE_BYTES // (4 * vectors.shape[1]))
        for start in range(0, len(rows), step):
            data = [
                {**_columns(records[row]), "vector": vectors[row]}
                for row in rows[start : start + step]
            ]
            self._call(lambda client, data=data: (  # type: ignore[misc]
                client.upsert(self._name, data, timeout=_CALL_SECONDS)
            ))  # fmt: skip

    def delete(self, keys: NDArray[np.int64]) -> None:
        for start in range(0, len(keys), _DELETE_KEYS):
            ids = keys[start : start + _DELETE_KEYS].tolist()
            self._call(lambda client, ids=ids: (  # type: ignore[misc]
                client.delete(self._name, ids=ids, timeout=_CALL_SECONDS)
            ))  # fmt: skip

    def flush(self) -> None:
        self._call(lambda client: client.flush(self._name, timeout=_FLUSH_SECONDS))
        self._call(self._ensure_index)
        self._call(self._ensure_loaded)
        # After one query with strong consistency, later searches with a weaker one see all rows.
        self._call(lambda client: client.query(
            self._name, output_fields=["count(*)"], consistency_level="Strong",
            timeout=_CALL_SECONDS,
        ))  # fmt: skip

    def _ensure_index(self, client: Any) -> None:
        """Create the index if there is none, and wait until it holds everything that was
        flushed."""
        if self._info is None:
            self._info = self._read_info(client)
        if self._info is None:
            raise self._missing_error()
        if not client.list_indexes(self._name, field_name="vector"):
            parameters = client.prepare_index_params()
            parameters.add_index(
                "vector", index_type="HNSW", metric_type=_METRICS[self._info.metric],
                params={"M": _HNSW_LINKS, "efConstruction": _HNSW_BUILD_CANDIDATES},
            )  # fmt: skip
            client.create_index(self._name, parameters, sync=False, timeout=_CALL_SECONDS)
        for _ in _poll():
            (index,) = client.list_indexes(self._name, field_name="vector")
            state = client.describe_index(self._name, index, timeout=_CALL_SECONDS)
            if state["state"] == "Failed":
                raise EngineError(f"{self.address} could not make its index: see the server's log")
            if state["state"] == "Finished" and not state.get("pending_index_rows"):
                return

    def _ensure_loaded(self, client: Any) -> None:
        """Load the collection into the server's memory, which searches and queries require."""
        if self._loaded:
            return
        if not client.list_indexes(self._name, field_name="vector"):
            self._ensure_index(client)
        client.load_collection(self._name, _async=True, timeout=_CALL_SECONDS)
        for _ in _poll():
            state = client.get_load_state(self._name, timeout=_CALL_SECONDS)["state"]
            if state.name == "Loaded":
                self._loaded = True
                return

    def keys(self) -> Iterator[NDArray[np.int64]]:
        self._call(self._ensure_loaded)
        iterator = self._call(lambda client: client.query_iterator(
            self._name, batch_size=MAX_CANDIDATES, filter="key >= 0", output_fields=["key"],
            consistency_level="Strong", timeout=_CALL_SECONDS,
        ))  # fmt: skip
        while rows := self._call(lambda _: iterator.next()):
            yield np.array([row["key"] for row in rows], np.int64)
        iterator.close()

    def search(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        if self._info is None and self.info() is None:
            raise self._missing_error()
        self._call(self._ensure_loaded)
        padded = np.full((len(queries), count), -1, np.int64)
        step = max(1, _MESSAGE_HITS // (count if among is None else _FILTER_KEYS))
        for start in range(0, len(queries), step):
            part = queries[start : start + step]
            if among is None:
                lists = [keys for keys, _ in self._search_index(part, count)]
            else:
                lists = self._compare_all(part, among)
            for query, keys in enumerate(lists, start):
                padded[query, : len(keys)] = keys[:count]
        return padded

    def _search_index(
        self, queries: NDArray[np.float32], count: int, filter_: str = ""
    ) -> list[_KeysAndDistances]:
        """Return keys and distances, (M,) each, of the hits for each query, nearest first. The
        distances can only be compared with each other."""
        assert self._info is not None
        ef = min(max(count, _MIN_EF), _MAX_EF)
        results = self._call(lambda client: client.search(
            self._name, list(queries), filter=filter_, limit=count, output_fields=["key"],
            anns_field="vector", search_params={"params": {"ef": ef}}, timeout=_SEARCH_SECONDS,
        ))  # fmt: skip
        sign = -1.0 if self._info.metric == "cosine" else 1.0  # Milvus returns the cosine itself
        return [
            (np.array([hit["entity"]["key"] for hit in hits], np.int64),
             np.array([sign * hit["distance"] for hit in hits], np.float64))
            for hits in results
        ]  # fmt: skip

    def _compare_all(
        self, queries: NDArray[np.float32], among: NDArray[np.int64]
    ) -> list[NDArray[np.int64]]:
        """Return for each query all of these keys that are in the collection, nearest first.

        With a filter, the index returns most of the nearest vectors, but may miss some. Only an
        answer as long as the list of keys proves that all were compared. Therefore each search asks
        for as many hits as there are keys; the vectors of missing keys are fetched and compared
        here.
        """
        parts: list[list[_KeysAndDistances]] = [[] for _ in queries]
        for start in range(0, len(among), _FILTER_KEYS):
            wanted = np.unique(among[start : start + _FILTER_KEYS])
            results = self._search_index(queries, len(wanted), _key_filter(wanted))
            missing = [np.setdiff1d(wanted, keys, assume_unique=True) for keys, _ in results]
            keys, vectors = self._fetch(np.unique(np.concatenate(missing)))
            for query, result in enumerate(results):
                parts[query].append(result)
                mine = np.isin(keys, missing[query], assume_unique=True)
                parts[query].append((keys[mine], self._distances(vectors[mine], queries[query])))
        return [_merge(part) for part in parts]

    def _fetch(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], Features]:
        """Return those of the keys that are in the collection, and their vectors."""
        assert self._info is not None
        step = max(1, _MESSAGE_BYTES // (4 * self._info.dimension))
        rows: list[Any] = []
        for start in range(0, len(keys), step):
            filter_ = _key_filter(keys[start : start + step])
            rows += self._call(lambda client, filter_=filter_: client.query(  # type: ignore[misc]
                self._name, filter=filter_, output_fields=["key", "vector"],
                timeout=_SEARCH_SECONDS,
            ))  # fmt: skip
        vectors = np.empty((len(rows), self._info.dimension), np.float32)
        for number, row in enumerate(rows):
            vectors[number] = row["vector"]
        return np.array([row["key"] for row in rows], np.int64), vectors

    def _distances(self, vectors: Features, query: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return distances that can be compared with those of `_search_index`."""
        assert self._info is not None
        rows, query64 = vectors.astype(np.float64), query.astype(np.float64)
        if self._info.metric == "l2":
            return np.asarray(np.square(rows - query64).sum(axis=1))
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(query64)
        return np.asarray(-(rows @ query64) / np.where(lengths > 0, lengths, 1.0))

    def _missing_error(self) -> EngineError:
        return EngineError(f"{self.address} is not there: run `sokkuri push` to it again")


def _columns(record: VectorRecord) -> dict[str, Any]:
    """Return a record as a row of the Milvus collection; an unknown width or height is 0."""
    return {
        "key": record.key, "id": as_utf8(record.id), "path": as_utf8(record.path),
        "width": record.width or 0, "height": record.height or 0, "size": record.size,
        "modified_ns": record.mtime_ns,
    }  # fmt: skip


def _key_filter(keys: NDArray[np.int64]) -> str:
    return f"key in [{','.join(map(str, keys.tolist()))}]"


def _merge(parts: Sequence[_KeysAndDistances]) -> NDArray[np.int64]:
    """Return the keys of all parts, nearest first."""
    keys = np.concatenate([np.empty(0, np.int64), *(part for part, _ in parts)])
    distances = np.concatenate([np.empty(0), *(part for _, part in parts)])
    return np.asarray(keys[np.lexsort((keys, distances))])


def _poll() -> Iterator[None]:
    """Yield whenever it is time to look again: often at first, in the end every two seconds."""
    seconds = 0.05
    while True:
        yield
        time.sleep(seconds)
        seconds = min(2.0, seconds * 1.5)


def _error_message(error: Exception) -> str:
    """Return the client's error as the end of a sentence; for a lost connection, gRPC's reason."""
    import grpc

    rpc = error if isinstance(error, grpc.RpcError) else error.__cause__
    if isinstance(rpc, grpc.RpcError) and isinstance(rpc, grpc.Call):
        reason = (rpc.details() or rpc.code().name).splitlines()[0]
        if rpc.code() in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
            return f"refused the request ({reason})"
        return f"does not answer ({reason})"
    reason = str(getattr(error, "message", error)).strip() or type(error).__name__
    disconnected = getattr(error, "code", None) in _DISCONNECTED_CODES
    return (
        f"{'does not answer' if disconnected else 'refused the request'} ({reason.splitlines()[0]})"
    )
