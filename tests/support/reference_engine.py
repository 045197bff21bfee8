"""An engine in memory that compares all in float64: what a real one does, without its server."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import EngineError
from sokkuri.core.types import Features, Metric
from sokkuri.search.engines import Entry, Holding
from sokkuri.search.vectors import distances


class ReferenceEngine:
    """`failing` : calls of `put` and `delete` that are done before it goes away. `asked` : what
    each query asked for: how many, and among how many, -1 for all."""

    address = "reference://here/it"

    def __init__(self, most: int = 10_000) -> None:
        self.most = most
        self.holding: Holding | None = None
        self.entries: dict[int, Entry] = {}
        self.vectors: dict[int, NDArray[np.float32]] = {}
        self.failing: int | None = None
        self.asked: list[tuple[int, int]] = []
        self.sent = 0
        self.finished = 0
        self._stacked: tuple[dict[int, int], NDArray[np.float64]] | None = None

    def _work(self) -> None:
        if self.failing is not None:
            if self.failing == 0:
                raise EngineError(f"{self.address} does not answer")
            self.failing -= 1

    def held(self) -> Holding | None:
        return self.holding

    def create(self, holding: Holding) -> None:
        self.holding = self.holding or holding

    def put(self, entries: Sequence[Entry], vectors: Features) -> None:
        assert len(entries) == len(vectors)
        assert np.isfinite(vectors).all()
        self._work()
        self.sent += len(entries)
        for entry, vector in zip(entries, vectors, strict=True):
            self.entries[entry.key] = entry
            self.vectors[entry.key] = np.array(vector)
        self._stacked = None

    def delete(self, keys: NDArray[np.int64]) -> None:
        self._work()
        for key in keys.tolist():
            self.entries.pop(key, None)
            self.vectors.pop(key, None)
        self._stacked = None

    def finish(self) -> None:
        self.finished += 1

    def keys(self) -> Iterator[NDArray[np.int64]]:
        there = np.array([*self.entries], np.int64)
        yield from np.array_split(there, 3)

    def nearest(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        assert 0 < count <= self.most
        self.asked.append((count, -1 if among is None else len(among)))
        if self._stacked is None:
            vectors = np.array([*self.vectors.values()], np.float64)
            self._stacked = dict(zip(self.vectors, range(len(vectors)), strict=True)), vectors
        places, held = self._stacked
        keys = np.array([*places], np.int64)
        if among is not None:
            keys = np.array([key for key in among.tolist() if key in places], np.int64)
            held = held[[places[key] for key in keys.tolist()]]
        found = np.full((len(queries), count), -1, np.int64)
        if len(keys):
            for number, query in enumerate(queries.astype(np.float64)):
                near = np.argsort(distances(held, query, self.metric), kind="stable")[:count]
                found[number, : len(near)] = keys[near]
        return found

    @property
    def metric(self) -> Metric:
        assert self.holding is not None
        return self.holding.metric

    def close(self) -> None: ...

    def drop(self) -> None:
        """As somebody else does it."""
        self.holding = None
        self.delete(np.array([*self.entries], np.int64))


def entry(key: int) -> Entry:
    return Entry(key, f"{key}.jpg", f"folder/{key}.jpg", 640, 480, 1000, 1_700_000_000_123_456_789)
