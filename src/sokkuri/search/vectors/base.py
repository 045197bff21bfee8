"""The interface of every index: vectors in, row numbers and distances out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric

Mask: TypeAlias = NDArray[np.bool_]
"""The rows to search : (N,) bool."""

Neighbours: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Row numbers (K,) and their distances (K,), ascending."""

Accept: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""Returns which of the row numbers (M,) int64 may be hits : (M,) bool."""


class Index(ABC):
    """An index over N rows. size : N."""

    size: int

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> Neighbours:
        """Return the k nearest rows that are in the mask and accepted, or fewer if there are fewer.
        query : (D,) float32. Raises as `search_many`."""
        (neighbours,) = self.search_many(query[None], k, metric, accept, mask)
        return neighbours

    @abstractmethod
    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Neighbours]:
        """Return the result of `search` for each of the queries : (Q, D) float32."""
