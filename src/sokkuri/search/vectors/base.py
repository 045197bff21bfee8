"""What every index is asked, and promises: see the package."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric

Mask: TypeAlias = NDArray[np.bool_]
"""Which rows may be looked at : (N,) bool."""

Found: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Row numbers (K,), and their distances (K,), ascending."""

Accept: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""Says of row numbers : (M,) int64 which may be hits : (M,) bool."""


class Index(ABC):
    """What the searcher asks of a backend. size : rows, of which it finds some."""

    size: int

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> Found:
        """The nearest k or fewer of the rows that are in the mask and accepted. query : (D,)
        float32. Raises as `search_many`."""
        (found,) = self.search_many(query[None], k, metric, accept, mask)
        return found

    @abstractmethod
    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Found]:
        """The same for (Q, D) queries at once."""
