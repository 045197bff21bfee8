"""Approximate search: faiss's inverted lists of RaBitQ codes, re-ranked by the rows themselves.

A random rotation spreads a row's length over all its numbers; k-means sorts rows into lists; of
what a row differs by from its list's centroid, one bit a number is kept (Gao and Long, "RaBitQ",
SIGMOD 2024). A query looks through the lists nearest to it, and the best rows by their codes are
measured. Rows that the lists lack are searched exactly, so what was just added is found at once.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError, UnsupportedError
from sokkuri.core.types import Metric
from sokkuri.search.vectors.base import Accept, Found, Index, Mask
from sokkuri.search.vectors.distance import Rows, nearest, normalised
from sokkuri.search.vectors.exact import ExactIndex
from sokkuri.search.vectors.quantize import Coded
from sokkuri.search.vectors.row_keys import LARGEST, Keyed, keys_of

MOST = 1000
"""Hits that a search can ask for: what is ranked by codes alone is some times that."""

_QUERY_BITS = 8  # of a query's numbers, where it is compared with codes
_SAMPLE = 48  # rows a list to train with; faiss asks for 39 at least
_ROUNDS = 10  # of k-means
_STEP = 2048  # vectors compared with all centroids at once
_SEED = 20240614


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a search goes: lists to look through, and candidates to measure."""

    probes: int
    candidates: int


class AnnIndex(Index):
    """Searches lists that `train` and `add` made, and exactly what they lack.

    rows : all there are. keys : one number a block, that it had when it was put into the lists, and
    never another block. covered : rows of each block that the lists hold, from its first. codes :
    as for ExactIndex.
    """

    def __init__(
        self,
        rows: Rows,
        keys: Sequence[int],
        covered: Sequence[int],
        codes: Sequence[Coded | None],
        lists: Any,
        metric: Metric,
        reach: Reach,
    ) -> None:
        self.rows = rows
        self.size = rows.size
        self.reach = reach
        self._metric = metric
        self._lists = lists
        self._everything = ExactIndex(rows.blocks, codes)
        tails = [
            None if one is None else one.part(slice(held, None))
            for one, held in zip(codes, covered, strict=True)
        ]
        self._fresh = ExactIndex(
            [block[held:] for block, held in zip(rows.blocks, covered, strict=True)], tails
        )
        self._covered = np.array(covered, np.int64)
        self._keyed = Keyed(rows, keys)

    def search_many(
        self,
        queries: NDArray[np.float32],
        k: int,
        metric: Metric,
        accept: Accept,
        mask: Mask | None = None,
    ) -> list[Found]:
        """See `Index`. Raises UnsupportedError for a mask, for another metric than the lists were
        made for, and for more than `MOST` hits."""
        if mask is not None:
            raise UnsupportedError("the approximate index cannot filter: search exactly")
        if metric != self._metric:
            raise UnsupportedError(
                f"the approximate index was made for {self._metric}: search exactly"
            )
        if k > MOST:
            raise UnsupportedError(
                f"the approximate index finds {MOST:,} images at most: search exactly"
            )
        fresh = self._fresh.search_many(queries, k, metric, lambda rows: accept(self._whole(rows)))
        keys = self._candidates(_listed(queries, metric), max(self.reach.candidates, 4 * k))
        return [
            self._merged(query, keys[number], fresh[number], k, accept)
            for number, query in enumerate(queries)
        ]

    def _candidates(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Keys of the best rows by their codes : (Q, count), -1 where there are fewer."""
        if not self._covered.any():
            return np.full((len(queries), 1), -1)
        faiss = _faiss()
        inside = faiss.IVFRaBitQSearchParameters(nprobe=self.reach.probes, qb=_QUERY_BITS)
        asked = faiss.SearchParametersPreTransform(index_params=inside)
        _, keys = self._lists.search(queries, min(count, max(self.size, 1)), params=asked)
        found: NDArray[np.int64] = keys
        return found

    def _merged(
        self, query: NDArray[np.float32], keys: NDArray[np.int64], fresh: Found, k: int,
        accept: Accept,
    ) -> Found:  # fmt: skip
        candidates = self._listed(self._keyed.numbers(keys))
        found, measured = self._keyed.nearest(candidates, query, k, self._metric, accept)
        rows = np.concatenate([found, self._whole(fresh[0])])
        if len(rows) < min(k, self.size):
            # Too few of the candidates are accepted: it takes all rows to tell whether there are k.
            return self._everything.search(query, k, self._metric, accept)
        return nearest(rows, np.concatenate([measured, fresh[1]]), k)

    def _listed(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the rows that are not searched exactly."""
        block = np.searchsorted(self.rows.starts, rows, side="right") - 1
        listed: NDArray[np.int64] = rows[rows - self.rows.starts[block] < self._covered[block]]
        return listed

    def _whole(self, fresh: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row numbers of what the lists lack, among all rows."""
        block = np.searchsorted(self._fresh.rows.starts, fresh, side="right") - 1
        within = fresh - self._fresh.rows.starts[block] + self._covered[block]
        return np.asarray(self.rows.starts[block] + within)


def list_count(rows: int) -> int:
    """How many lists for so many rows: twice their square root, and some rows in each."""
    return max(1, min(round(2 * math.sqrt(rows)), rows // _SAMPLE))


def train(rows: Rows, metric: Metric) -> Any:
    """Empty lists for rows like these, trained with a sample of them. Raises MissingExtraError, and
    UnsupportedError as `add` does."""
    faiss = _faiss()
    count, dimension = list_count(rows.size), rows.blocks[0].shape[1]
    rng = np.random.default_rng(_SEED)
    chosen = rng.choice(rows.size, min(rows.size, count * _SAMPLE), replace=False)
    sample = _listed(rows.take(np.sort(chosen)), metric)
    rotation = faiss.RandomRotationMatrix(dimension, dimension)
    rotation.init(_SEED)
    quantizer = faiss.IndexFlatL2(dimension)
    quantizer.add(_centroids(sample @ _matrix(rotation).T, count))
    inner = faiss.IndexIVFRaBitQ(quantizer, dimension, count, faiss.METRIC_L2)
    inner.train(sample[:1])  # there is nothing left to train
    return faiss.IndexPreTransform(rotation, inner)


def add(lists: Any, key: int, first: int, rows: NDArray[Any], metric: Metric) -> None:
    """Put a block's rows into the lists. key : the block's. first : the first row's place in it.

    Raises UnsupportedError for rows so long that float32 cannot tell distances between them.
    """
    faiss = _faiss()
    if len(rows) == 0:
        return
    inner = faiss.downcast_index(lists.index)
    centroids = inner.quantizer.reconstruct_n(0, inner.nlist)
    numbers = keys_of(key, np.arange(first, first + len(rows)))
    vectors = _listed(np.asarray(rows, np.float32), metric)
    turned = vectors @ _matrix(faiss.downcast_VectorTransform(lists.chain.at(0))).T
    # By NumPy, whose matrix product is three times as fast as that of faiss's packages.
    nearest_ = _assigned(turned, centroids)
    pointers = (faiss.swig_ptr(array) for array in (turned, numbers, nearest_))
    inner.add_core(len(turned), *pointers)
    lists.ntotal = inner.ntotal


def _matrix(rotation: Any) -> NDArray[np.float32]:
    side: int = rotation.d_out
    matrix: NDArray[np.float32] = _faiss().vector_to_array(rotation.A).reshape(side, -1)
    return matrix


def _centroids(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """k-means (Lloyd, "Least squares quantization in PCM", 1982) : (count, D)."""
    rng = np.random.default_rng(_SEED)
    centroids = sample[rng.choice(len(sample), count, replace=False)]
    for _ in range(_ROUNDS):
        nearest_ = _assigned(sample, centroids)
        order = np.argsort(nearest_, kind="stable")
        used, first = np.unique(nearest_[order], return_index=True)
        sizes = np.diff(np.append(first, len(sample)))
        centroids = sample[rng.choice(len(sample), count, replace=False)]  # for lists left empty
        centroids[used] = np.add.reduceat(sample[order], first, axis=0) / sizes[:, None]
    return np.ascontiguousarray(centroids, np.float32)


def _assigned(vectors: NDArray[np.float32], centroids: NDArray[np.float32]) -> NDArray[np.int64]:
    """The nearest centroid of each vector : (N,)."""
    found = np.empty(len(vectors), np.int64)
    half = np.einsum("ij,ij->i", centroids, centroids) / 2
    for at in range(0, len(vectors), _STEP):
        part = slice(at, at + _STEP)
        found[part] = np.argmax(vectors[part] @ centroids.T - half, axis=1)
    return found


def _listed(vectors: NDArray[np.float32], metric: Metric) -> NDArray[np.float32]:
    """Rows or queries as the lists take them, of length 1 for `cosine`: their L2 orders alike."""
    if metric == "l2" and np.abs(vectors).max(initial=0.0) > LARGEST:
        raise UnsupportedError("the vectors' numbers are too large for an approximate index")
    return np.ascontiguousarray(normalised(vectors, metric))


def write_lists(lists: Any, write: Callable[[bytes], int]) -> None:
    """Hand the lists' bytes to `write`, in order."""
    faiss = _faiss()
    faiss.write_index(lists, faiss.PyCallbackIOWriter(write))


def read_lists(path: Path, *, mapped: bool) -> Any:
    """Lists from a file, mapped into memory to be searched, or loaded to be added to."""
    faiss = _faiss()
    flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY if mapped else 0
    return faiss.read_index(str(path), flags)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise MissingExtraError("approximate search", "ann") from None
    return faiss
