"""The peers of the search benchmark: build an index of (N, D) float32 rows, and query it.

Each peer is a function that takes rows, and returns a function from (Q, D) queries to (Q, 10) row
numbers. Rows and queries have length 1, so all metrics give the same order.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ask = Callable[[NDArray[np.float32]], NDArray[np.int64]]
Build = Callable[[NDArray[np.float32]], Ask]
K, THREADS = 10, 2  # threads to build with; queries use one


def article(rows: NDArray[np.float32]) -> Ask:
    """Compute the Euclidean distances to all rows, `argsort` them, and return the nearest ten."""

    def ask(queries: NDArray[np.float32]) -> NDArray[np.int64]:
        nearest = [np.argsort(np.sqrt(((rows - query) ** 2).sum(axis=1)))[:K] for query in queries]
        return np.array(nearest)

    return ask


def numpy_product(rows: NDArray[np.float32]) -> Ask:
    """Compute a matrix product, and select with `argpartition`."""

    def ask(queries: NDArray[np.float32]) -> NDArray[np.int64]:
        costs = -(queries @ rows.T) if len(queries) > 1 else -(rows @ queries[0])[None]
        best = np.argpartition(costs, K, axis=1)[:, :K]
        order = np.argsort(np.take_along_axis(costs, best, axis=1), axis=1)
        return np.asarray(np.take_along_axis(best, order, axis=1))

    return ask


def _of_faiss(index: Any, rows: NDArray[np.float32]) -> Ask:
    import faiss

    faiss.omp_set_num_threads(THREADS)
    index.add(rows)
    faiss.omp_set_num_threads(1)
    return lambda queries: np.asarray(index.search(queries, K)[1])


def faiss_flat(rows: NDArray[np.float32]) -> Ask:
    import faiss

    return _of_faiss(faiss.IndexFlatIP(rows.shape[1]), rows)


def faiss_hnsw(rows: NDArray[np.float32]) -> Ask:
    """Use 32 links and 64 candidates."""
    import faiss

    index = faiss.IndexHNSWFlat(rows.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = 64
    return _of_faiss(index, rows)


def usearch(rows: NDArray[np.float32]) -> Ask:
    """Use the defaults of usearch, in float16."""
    from usearch.index import Index

    index = Index(ndim=rows.shape[1], metric="cos", dtype="f16")
    index.add(np.arange(len(rows)), rows, threads=THREADS)
    return lambda queries: np.asarray(index.search(queries, K, threads=1).keys).reshape(-1, K)


def hnswlib(rows: NDArray[np.float32]) -> Ask:
    """Use 16 links and 64 candidates."""
    from hnswlib import Index

    index = Index("ip", rows.shape[1])
    index.init_index(len(rows), M=16, ef_construction=100)
    index.add_items(rows, num_threads=THREADS)
    index.set_ef(64)
    return lambda queries: np.asarray(index.knn_query(queries, K, num_threads=1)[0], np.int64)


PEERS: Mapping[str, Build] = {
    "the article's search": article,
    "NumPy: product and argpartition": numpy_product,
    "faiss Flat": faiss_flat,
    "faiss HNSW": faiss_hnsw,
    "usearch": usearch,
    "hnswlib": hnswlib,
}
SLOW_TO_BUILD = ("faiss HNSW", "usearch", "hnswlib")
