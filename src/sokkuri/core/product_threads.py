"""How many threads one matrix product of NumPy uses.

By default BLAS spreads each product over all cores. That suits a command that computes one large
product. Where several threads of sokkuri compute small products at the same time, the threads of
BLAS wait for each other. Only this module sets their number:

- `small_products()` while threads of sokkuri share the cores: the server, the comparison of pairs,
  the threads that choose suggestions.
- `large_product()` around a product of thousands of rows by thousands of rows, and around no thread
  pool: meanwhile products of all threads use all cores.

The number belongs to the whole process. Both functions can nest and overlap in any order.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_small = 0  # how many callers share the cores
_large = 0  # how many large products are computed
_limited: Any = None  # the limit of one thread that is in force


@contextmanager
def small_products() -> Iterator[None]:
    """Let each product use one thread, unless a large product is computed."""
    with _counted(small=1):
        yield


@contextmanager
def large_product() -> Iterator[None]:
    """Let each product use all cores, even while threads share them."""
    with _counted(large=1):
        yield


@contextmanager
def _counted(small: int = 0, large: int = 0) -> Iterator[None]:
    _add(small, large)
    try:
        yield
    finally:
        _add(-small, -large)


def _add(small: int, large: int) -> None:
    """Change the counts, and set or lift the limit where they ask for it."""
    global _small, _large, _limited  # noqa: PLW0603 - BLAS has one number for the process, too
    with _lock:
        _small, _large = _small + small, _large + large
        is_wanted = _small > 0 and _large == 0
        if is_wanted and _limited is None:
            _limited = _limit()
        elif not is_wanted and _limited is not None:
            _limited.restore_original_limits()
            _limited = None


def _limit() -> Any:
    from threadpoolctl import threadpool_limits  # only who shares the cores needs it

    return threadpool_limits(1, user_api="blas")
