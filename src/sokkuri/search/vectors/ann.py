"""The approximate index: faiss's inverted lists of RaBitQ codes, re-ranked by the vectors.

A random rotation spreads the length of a vector over all its numbers. k-means sorts the rows into
lists. Of a row's difference from its list's centroid, one bit per number is stored (Gao and Long,
"RaBitQ", SIGMOD 2024). A query searches the lists nearest to it, and the distances of the best rows
by their codes are computed. Rows that are not in the lists yet are searched exactly, so searches
find rows that were just added.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError, UnsupportedError
from sokkuri.core.types import Metric
from sokkuri.search.vectors.base import Accept, Index, Mask, Neighbours
from sokkuri.search.vectors.distance import MAX_NORM, VectorBlocks, finite_rows, normalised, top_k
from sokkuri.search.vectors.exact import ExactIndex, nearest_of
from sokkuri.search.vectors.quantize import QuantizedBlock
from sokkuri.store.row_numbers import row_keys

MAX_HITS = 1000
"""The largest k of a search: it needs several times as many candidates."""

_CANDIDATES_PER_HIT = 4  # at least
_QUERY_BITS = 8  # per number of a query that is compared with codes
_ROWS_PER_LIST = 48  # to train with; faiss asks for at least 39
_KMEANS_ROUNDS = 10
_ASSIGN_ROWS = 2048  # compared with all centroids at once
_SEED = 20240614


@dataclass(frozen=True, slots=True)
class SearchEffort:
    """How much a search does. nprobe : lists to search. candidates : rows whose distances are
    computed."""

    nprobe: int
    candidates: int


class AnnIndex(Index):
    """Searches lists that `train_lists` and `add_to_lists` made, and exactly the rows that are not
    in them.

    rows : all rows; the lists hold the keys that they have in `rows.numbers`. covered : how many of
    each block's first rows the lists hold. codes : as for ExactIndex. metric : the one that the
    lists were made for.
    """

    def __init__(
        self,
        rows: VectorBlocks,
        covered: Sequence[int],
        codes: Sequence[QuantizedBlock | None],
        lists: Any,
        metric: Metric,
        effort: SearchEffort,
    ) -> None:
        self.rows = rows
        self.size = rows.size
        self.effort = effort
        self._metric = metric
        self._lists = lists
        self._all = ExactIndex(rows.blocks, codes)
        fresh_codes = [
            None if block is None else block.select(slice(count, None))
            for block, count in zip(codes, covered, strict=True)
        ]
        self._fresh = ExactIndex(
            [block[count:] for block, count in zip(rows.blocks, covered, strict=True)], fresh_codes
        )
        self._covered = np.array(covered, np.int64)

    def with_effort(self, effort: SearchEffort) -> "AnnIndex":
        """Return the same index with another effort of its searches."""
        other = copy.copy(self)
        other.effort = effort
        return other

    def finds_the_same_for(self, k: int) -> bool:
        """Return whether a search for k images begins with the hits of a search for fewer."""
        return self.effort.candidates >= _CANDIDATES_PER_HIT * k

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Neighbours]:
        """See `Index`. Raises UnsupportedError for a mask, for a metric that the lists were not
        made for, and for a k above `MAX_HITS`."""
        if mask is not None:
            raise UnsupportedError("the approximate index cannot filter: search exactly")
        if metric != self._metric:
            raise UnsupportedError(
                f"the approximate index was made for {self._metric}: search exactly"
            )
        if k > MAX_HITS:
            raise UnsupportedError(
                f"the approximate index finds {MAX_HITS:,} images at most: search exactly"
            )
        fresh = self._fresh.search_many(
            queries, k, metric, lambda rows: accept(self._fresh_to_all(rows))
        )
        count = max(self.effort.candidates, _CANDIDATES_PER_HIT * k)
        keys = self._candidate_keys(_normalise_for_lists(queries, metric), count)
        return [
            self._rank(query, keys[number], fresh[number], k, accept)
            for number, query in enumerate(queries)
        ]

    def _candidate_keys(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Return the keys of the best rows by their codes : (Q, count), padded with -1."""
        if not self._covered.any():
            return np.full((len(queries), 1), -1)
        faiss = _import_faiss()
        inner = faiss.IVFRaBitQSearchParameters(nprobe=self.effort.nprobe, qb=_QUERY_BITS)
        parameters = faiss.SearchParametersPreTransform(index_params=inner)
        _, keys = self._lists.search(queries, min(count, max(self.size, 1)), params=parameters)
        result: NDArray[np.int64] = keys
        return result

    def _rank(
        self, query: NDArray[np.float32], keys: NDArray[np.int64], fresh: Neighbours, k: int,
        accept: Accept,
    ) -> Neighbours:  # fmt: skip
        """Return the k nearest of the candidates and of the rows that are not in the lists."""
        candidates = self._only_covered(self.rows.numbers.from_keys(keys))
        rows, distances = nearest_of(self.rows, candidates, query, k, self._metric, accept)
        rows = np.concatenate([rows, self._fresh_to_all(fresh[0])])
        if len(rows) < min(k, self.size):
            # Too few candidates are accepted. Only a search of all rows tells if there are k.
            return self._all.search(query, k, self._metric, accept)
        return top_k(rows, np.concatenate([distances, fresh[1]]), k)

    def _only_covered(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers, without -1 and in ascending order, of the rows that the exact search
        of fresh rows does not include."""
        rows = np.unique(rows[rows >= 0])
        blocks, offsets = self.rows.numbers.locate(rows)
        return rows[offsets < self._covered[blocks]]

    def _fresh_to_all(self, fresh: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers among all rows of rows numbered among the fresh ones."""
        blocks, offsets = self._fresh.rows.numbers.locate(fresh)
        return np.asarray(self.rows.numbers.starts[blocks] + self._covered[blocks] + offsets)


def list_count(rows: int) -> int:
    """Return how many lists to use for so many rows: twice their square root, but not so many that
    lists have too few rows to train with."""
    return max(1, min(round(2 * math.sqrt(rows)), rows // _ROWS_PER_LIST))


def train_lists(rows: VectorBlocks, metric: Metric) -> Any:
    """Return empty lists for rows like these, trained with a sample of them. Raises
    MissingExtraError, and UnsupportedError as `add_to_lists` does."""
    faiss = _import_faiss()
    count, dimension = list_count(rows.size), rows.blocks[0].shape[1]
    rng = np.random.default_rng(_SEED)
    chosen = rng.choice(rows.size, min(rows.size, count * _ROWS_PER_LIST), replace=False)
    sample = _normalise_for_lists(finite_rows(rows.take(np.sort(chosen))), metric)
    rotation = faiss.RandomRotationMatrix(dimension, dimension)
    rotation.init(_SEED)
    quantizer = faiss.IndexFlatL2(dimension)
    quantizer.add(_kmeans(sample @ _matrix(rotation).T, count))
    inner = faiss.IndexIVFRaBitQ(quantizer, dimension, count, faiss.METRIC_L2)
    inner.train(sample[:1])  # the centroids are given: one row is enough
    return faiss.IndexPreTransform(rotation, inner)


def add_to_lists(lists: Any, shard: int, first: int, rows: NDArray[Any], metric: Metric) -> None:
    """Add rows of a shard to the lists. first : the number of the first row in the shard. rows :
    (M, D).

    Raises UnsupportedError for vectors so long that float32 cannot compare them.
    """
    faiss = _import_faiss()
    if len(rows) == 0:
        return
    inner = faiss.downcast_index(lists.index)
    centroids = inner.quantizer.reconstruct_n(0, inner.nlist)
    keys = row_keys(shard, np.arange(first, first + len(rows)))
    vectors = _normalise_for_lists(np.asarray(rows, np.float32), metric)
    rotated = vectors @ _matrix(faiss.downcast_VectorTransform(lists.chain.at(0))).T
    # With NumPy, whose matrix product is three times as fast as that of faiss's packages.
    assigned = _nearest_centroids(rotated, centroids)
    pointers = (faiss.swig_ptr(array) for array in (rotated, keys, assigned))
    inner.add_core(len(rotated), *pointers)
    lists.ntotal = inner.ntotal


def _matrix(rotation: Any) -> NDArray[np.float32]:
    side: int = rotation.d_out
    matrix: NDArray[np.float32] = _import_faiss().vector_to_array(rotation.A).reshape(side, -1)
    return matrix


def _kmeans(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return `count` centroids (Lloyd, "Least squares quantization in PCM", 1982) : (count, D)."""
    rng = np.random.default_rng(_SEED)
    centroids = sample[rng.choice(len(sample), count, replace=False)]
    for _ in range(_KMEANS_ROUNDS):
        assigned = _nearest_centroids(sample, centroids)
        order = np.argsort(assigned, kind="stable")
        used, first = np.unique(assigned[order], return_index=True)
        sizes = np.diff(np.append(first, len(sample)))
        centroids = sample[rng.choice(len(sample), count, replace=False)]  # for empty lists
        centroids[used] = np.add.reduceat(sample[order], first, axis=0) / sizes[:, None]
    return np.ascontiguousarray(centroids, np.float32)


def _nearest_centroids(
    vectors: NDArray[np.float32], centroids: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the number of the nearest centroid of each vector : (N,)."""
    assigned = np.empty(len(vectors), np.int64)
    half = np.einsum("ij,ij->i", centroids, centroids) / 2
    for start in range(0, len(vectors), _ASSIGN_ROWS):
        part = slice(start, start + _ASSIGN_ROWS)
        assigned[part] = np.argmax(vectors[part] @ centroids.T - half, axis=1)
    return assigned


def _normalise_for_lists(vectors: NDArray[np.float32], metric: Metric) -> NDArray[np.float32]:
    """Return rows or queries as the lists take them. For `cosine` they have length 1: their L2
    distances have the same order."""
    if metric == "l2" and np.abs(vectors).max(initial=0.0) > MAX_NORM:
        raise UnsupportedError("the vectors' numbers are too large for an approximate index")
    return np.ascontiguousarray(normalised(vectors, metric))


def write_lists(lists: Any, write: Callable[[bytes], int]) -> None:
    """Pass the bytes of the lists to `write`, in order."""
    faiss = _import_faiss()
    faiss.write_index(lists, faiss.PyCallbackIOWriter(write))


def read_lists(path: Path, *, mapped: bool) -> Any:
    """Return the lists of a file. mapped : map them into memory, to be searched; otherwise load
    them, to be added to."""
    faiss = _import_faiss()
    flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY if mapped else 0
    return faiss.read_index(str(path), flags)


def _import_faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise MissingExtraError("approximate search", "ann") from None
    return faiss
