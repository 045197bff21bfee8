"""Search backends: arrays and row numbers in, row numbers and distances out. Nothing about images.

What every backend promises (tests/contract holds them to it): the k nearest accepted rows, nearest
first, equal distances in row order; distances in float64, as documented in `rows`; fewer than k
only when fewer are accepted.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sokkuri.indexes.codes import Basis, Coded, Codes, encode, principal
from sokkuri.indexes.exact import ExactIndex
from sokkuri.indexes.rows import Rows, distances, normalised
from sokkuri.records import Metric

Accept: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""Says of row numbers : (M,) int64 which may be hits : (M,) bool."""


class Index(Protocol):
    """What the searcher asks of a backend."""

    size: int

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Row numbers (K,) and distances (K,), K <= k, of the nearest rows that are in the mask,
        (N,) bool, and accepted."""
        ...

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: NDArray[np.bool_] | None = None,
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """The same for (Q, D) queries."""
        ...


__all__ = [
    "Accept", "Basis", "Coded", "Codes", "ExactIndex", "Index", "Rows", "distances", "encode",
    "normalised", "principal",
]  # fmt: skip
