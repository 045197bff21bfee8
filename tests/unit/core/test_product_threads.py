"""How many threads a matrix product uses while others share the cores."""

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sokkuri.core.product_threads import large_product, small_products

THREADS = 3  # that BLAS uses by itself here, on any machine


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    _ = np.eye(2) @ np.eye(2)  # BLAS is loaded
    with threadpool_limits(THREADS, user_api="blas"):
        yield


def blas_threads() -> set[int]:
    """Return the numbers of threads of all BLAS libraries."""
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_products_use_one_thread_while_threads_share_the_cores() -> None:
    with small_products():
        assert blas_threads() == {1}
        with small_products():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {THREADS}


def test_a_large_product_uses_all_cores_meanwhile() -> None:
    with small_products():
        with large_product(), large_product():
            assert blas_threads() == {THREADS}
        assert blas_threads() == {1}


def test_the_callers_may_overlap_in_any_order() -> None:
    first, second, large = small_products(), small_products(), large_product()
    first.__enter__()
    large.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {THREADS}
    large.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == {THREADS}


def test_an_error_ends_the_sharing() -> None:
    with pytest.raises(ValueError, match="wrong"), small_products():
        raise ValueError("wrong")
    assert blas_threads() == {THREADS}
