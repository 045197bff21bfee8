"""Search engines that others run: they hold vectors by key and find those nearest to a query.

Takes an address such as `milvus://host:19530/collection`; hands on an Engine. What an engine finds
are candidates only: distances, ties and what may be found are settled beside the shards
(indexes/served.py). What is in one, and what is out of date there, pushing.py knows.

What every engine promises (tests/contract holds them to it): what `put` or `delete` was given is
done when it returns, and can be given again; after `finish`, searches find all of it; one that does
not answer raises EngineError, a line with its address and no password.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features, Metric


@dataclass(frozen=True, slots=True)
class Holding:
    """What a collection in an engine was made for. token : drawn when it was made, so that one that
    was dropped and made anew is known for another. fingerprint : of the model."""

    token: str
    fingerprint: str
    dimension: int
    metric: Metric


@dataclass(frozen=True, slots=True)
class Entry:
    """A vector's image. key : shard << 32 | row, never used for another vector. width, height : in
    pixels, None where unknown. size : bytes."""

    key: int
    id: str
    path: str
    width: int | None
    height: int | None
    size: int
    mtime_ns: int


class Engine(Protocol):
    """One collection in an engine. address : as it was given, less what is secret. most :
    candidates that one query can ask for. Not shared between threads."""

    address: str
    most: int

    def held(self) -> Holding | None:
        """What is there; None without any."""
        ...

    def create(self, holding: Holding) -> None:
        """Make it. Another process may have been quicker: `held` says."""
        ...

    def put(self, entries: Sequence[Entry], vectors: Features) -> None:
        """Add or replace by key. vectors : (M, D) float32, of finite numbers."""
        ...

    def delete(self, keys: NDArray[np.int64]) -> None:
        """Forget these, (M,); what is not there is no error."""
        ...

    def finish(self) -> None:
        """Wait until all that was put is indexed and found."""
        ...

    def keys(self) -> Iterator[NDArray[np.int64]]:
        """All keys that it holds, in parts, in any order."""
        ...

    def nearest(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Keys of about the `count` nearest to each query : (Q, D) -> (Q, count), -1 where there
        are fewer. count : `most` at most. among : only these keys, all of them compared."""
        ...

    def close(self) -> None: ...


_UNUSUAL = re.compile("[\\\\\0\ud800-\udfff]")


def as_utf8(text: str) -> str:
    """An id or a path as engines can hold it, and back again by hand: a backslash is doubled, a
    byte that is not UTF-8 is written `\\xff`, and so is NUL. Most are as they were."""
    return _UNUSUAL.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] == "\\":
        return "\\\\"
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{code:04x}"
