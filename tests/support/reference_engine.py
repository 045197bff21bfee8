"""A vector engine in memory that compares all vectors in float64, and needs no server."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import EngineError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import IndexInfo, VectorRecord
from sokkuri.search.vectors import distances


class ReferenceEngine:
    """failing : the number of calls of `upsert` and `delete` that succeed before the engine fails;
    None for no failure. searches : for each search its `count` and the number of keys in `among`,
    -1 without `among`."""

    address = "reference://here/it"

    def __init__(self, max_candidates: int = 10_000) -> None:
        self.max_candidates = max_candidates
        self.index_info: IndexInfo | None = None
        self.records: dict[int, VectorRecord] = {}
        self.vectors: dict[int, NDArray[np.float32]] = {}
        self.failing: int | None = None
        self.searches: list[tuple[int, int]] = []
        self.sent = 0
        self.flushes = 0
        self._stacked: tuple[dict[int, int], NDArray[np.float64]] | None = None

    def _work(self) -> None:
        if self.failing is not None:
            if self.failing == 0:
                raise EngineError(f"{self.address} does not answer")
            self.failing -= 1

    def info(self) -> IndexInfo | None:
        return self.index_info

    def create(self, info: IndexInfo) -> None:
        self.index_info = self.index_info or info

    def upsert(self, records: Sequence[VectorRecord], vectors: Features) -> None:
        assert len(records) == len(vectors)
        assert np.isfinite(vectors).all()
        self._work()
        self.sent += len(records)
        for record, vector in zip(records, vectors, strict=True):
            self.records[record.key] = record
            self.vectors[record.key] = np.array(vector)
        self._stacked = None

    def delete(self, keys: NDArray[np.int64]) -> None:
        self._work()
        for key in keys.tolist():
            self.records.pop(key, None)
            self.vectors.pop(key, None)
        self._stacked = None

    def flush(self) -> None:
        self.flushes += 1

    def keys(self) -> Iterator[NDArray[np.int64]]:
        keys = np.array([*self.records], np.int64)
        yield from np.array_split(keys, 3)

    def search(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        assert 0 < count <= self.max_candidates
        self.searches.append((count, -1 if among is None else len(among)))
        if self._stacked is None:
            vectors = np.array([*self.vectors.values()], np.float64)
            self._stacked = dict(zip(self.vectors, range(len(vectors)), strict=True)), vectors
        row_numbers, vectors = self._stacked
        keys = np.array([*row_numbers], np.int64)
        if among is not None:
            keys = np.array([key for key in among.tolist() if key in row_numbers], np.int64)
            vectors = vectors[[row_numbers[key] for key in keys.tolist()]]
        nearest = np.full((len(queries), count), -1, np.int64)
        if len(keys):
            for row, query in enumerate(queries.astype(np.float64)):
                order = np.argsort(distances(vectors, query, self.metric), kind="stable")[:count]
                nearest[row, : len(order)] = keys[order]
        return nearest

    @property
    def metric(self) -> Metric:
        assert self.index_info is not None
        return self.index_info.metric

    def close(self) -> None: ...

    def drop(self) -> None:
        """Drop the collection, as another user of the engine can."""
        self.index_info = None
        self.delete(np.array([*self.records], np.int64))


def make_record(key: int) -> VectorRecord:
    return VectorRecord(
        key, f"{key}.jpg", f"folder/{key}.jpg", 640, 480, 1000, 1_700_000_000_123_456_789
    )
