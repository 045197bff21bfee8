"""The protocol of vector engines: databases elsewhere that hold vectors by key and search them.

`registry.open_engine` takes a URL such as `milvus://host:19530/collection` and returns a
`VectorEngine`. An engine only returns candidates. `vectors/remote.py` computes their distances from
the shards, orders them, and checks which of them may be hits. `push_log.py` records what an engine
holds and what is out of date there.

What every engine promises (the contract tests check it):

- `upsert` and `delete` are done when they return, and may be repeated.
- After `flush`, searches can return everything that was upserted.
- An engine that does not answer raises EngineError: one line with its URL and without a password.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features, Metric


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What the collection in an engine was created for. token : drawn at random when it was
    created, so a collection that was dropped and created again is not taken for the old one.
    fingerprint : of the model."""

    token: str
    fingerprint: str
    dimension: int
    metric: Metric


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """The image of a vector. key : shard << 32 | row, never used again for another vector. width,
    height : in pixels, None if unknown. size : in bytes."""

    key: int
    id: str
    path: str
    width: int | None
    height: int | None
    size: int
    mtime_ns: int


class VectorEngine(Protocol):
    """One collection in an engine. Not shared between threads.

    address : the engine's URL without secrets. max_candidates : the largest `count` of a search.
    """

    address: str
    max_candidates: int

    def info(self) -> IndexInfo | None:
        """Return what the collection was created for, None if there is no collection."""
        ...

    def create(self, info: IndexInfo) -> None:
        """Create the collection. If another process created it first, that one stays: `info`
        tells which."""
        ...

    def upsert(self, records: Sequence[VectorRecord], vectors: Features) -> None:
        """Add vectors, or replace those with the same keys. vectors : (M, D) float32, finite."""
        ...

    def delete(self, keys: NDArray[np.int64]) -> None:
        """Delete the vectors with these keys : (M,) int64. Ignore keys that are not there."""
        ...

    def flush(self) -> None:
        """Wait until everything that was upserted is indexed and searches can return it."""
        ...

    def keys(self) -> Iterator[NDArray[np.int64]]:
        """Yield all keys in the collection, in parts and in any order : (M,) int64 each."""
        ...

    def search(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Return the keys of about the `count` nearest vectors of each query.

        queries : (Q, D) float32. count : at most `max_candidates`. among : (M,) int64; if given,
        only the vectors with these keys are searched, and all of them are compared. Returns
        (Q, count) int64, padded with -1.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


_ESCAPED = re.compile("[\\\\\0\ud800-\udfff]")


def as_utf8(text: str) -> str:
    """Return an id or a path as valid UTF-8 without NUL, as engines require. A backslash is
    doubled; NUL and a byte that is not UTF-8 become `\\xff`. Most texts do not change."""
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\\":
        return "\\\\"
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{code:04x}"
