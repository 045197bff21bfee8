"""Find the nearest points by brute force, in blocks, and place pictures by their neighbours.

Takes arrays of reduced vectors; yields neighbours, and returns positions.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.cores import available_cores
from sokkuri.core.product_threads import small_products
from sokkuri.core.types import Features
from sokkuri.curation.map.map_file import Positions

PLACED_BY = 5
"""How many neighbours place a picture."""

_BLOCK_NUMBERS = 2**24  # distances that a thread holds at once: 64 MiB
_BLOCK_ROWS = 1024
_GROUPS = 4000  # of points, whose nearest ones bound the distance of the k nearest
_MANY = 16  # times as many points within the bound as wanted: most distances are equal

Nearest = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Indices (Q, K) and squared distances (Q, K), nearest first."""


def nearest_blocks(
    queries: Features, points: Features, k: int, *, skip_self: bool = False
) -> Iterator[tuple[slice, Nearest]]:
    """Yield the k nearest points of each query, in blocks of queries, in order.

    queries : (Q, H). points : (N, H), N > k. skip_self : the queries are the points, and none is
    its own neighbour. All cores work, each on a block of its own.
    """
    # One more column each: its product adds the squared length of the point.
    lengths = np.einsum("ij,ij->i", points, points)
    wide = np.concatenate([points, lengths[:, None]], axis=1)
    step = max(1, min(_BLOCK_ROWS, _BLOCK_NUMBERS // len(points)))

    def find(block: slice) -> Nearest:
        rows = queries[block]
        ones = np.ones((len(rows), 1), np.float32)
        distances = np.concatenate([-2 * rows, ones], axis=1) @ wide.T
        if skip_self:
            distances[np.arange(len(rows)), np.arange(block.start, block.stop)] = np.inf
        found, near = _smallest(distances, k)
        return found, np.maximum(near + np.einsum("ij,ij->i", rows, rows)[:, None], 0)

    cores = available_cores()
    working: deque[tuple[slice, Future[Nearest]]] = deque()
    with small_products(), ThreadPoolExecutor(cores) as pool:
        for start in range(0, len(queries), step):
            block = slice(start, min(start + step, len(queries)))
            working.append((block, pool.submit(find, block)))
            if len(working) > cores:
                done, future = working.popleft()
                yield done, future.result()
        for done, future in working:
            yield done, future.result()


def _smallest(distances: NDArray[np.float32], k: int) -> Nearest:
    """Return the columns and the values of the k smallest numbers of each row : (Q, K), ascending;
    equal numbers in the order of the columns.

    The k-th smallest of the minima of groups of columns is a bound that few numbers pass, and is
    found far faster than the k smallest numbers.
    """
    rows, count = distances.shape
    width = max(1, count // max(_GROUPS, k))
    groups = count // width
    minima = distances[:, : groups * width].reshape(rows, groups, width).min(axis=2)
    bounds = np.partition(minima, k - 1, axis=1)[:, k - 1]
    within = np.flatnonzero(distances <= bounds[:, None])
    owners = within // count
    counts = np.bincount(owners, minlength=rows)
    if counts.max() > _MANY * k:  # as many equal pictures: any of them will do
        columns = np.sort(np.argpartition(distances, k - 1, axis=1)[:, :k], axis=1)
        values = np.take_along_axis(distances, columns, axis=1)
    else:
        columns = np.zeros((rows, counts.max()), np.int64)
        values = np.full(columns.shape, np.inf, np.float32)
        places = np.arange(len(within)) - (np.cumsum(counts) - counts)[owners]
        columns[owners, places] = within % count
        values[owners, places] = distances.reshape(-1)[within]
    order = np.argsort(values, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)


def place(nearest: Nearest, positions: Positions) -> Positions:
    """Return the middle of the positions of each query's neighbours : (Q, 2) float32.

    positions : (N, 2), of the points. The middle is the median, along both axes: the mean of two
    groups far apart would lie between them, where nothing is alike.
    """
    return np.median(positions[nearest[0]], axis=1).astype(np.float32)
