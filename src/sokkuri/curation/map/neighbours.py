"""Find the nearest points by brute force, in blocks, and place pictures by their neighbours.

Takes arrays of reduced vectors; yields neighbours, and returns positions.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features
from sokkuri.curation.map.map_file import Positions

PLACED_BY = 5
"""How many neighbours place a picture."""

_BLOCK_NUMBERS = 2**25  # distances in memory at once: 128 MiB
_BLOCK_ROWS = 1024

Nearest = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Indices (Q, K) and squared distances (Q, K), nearest first."""


def nearest_blocks(
    queries: Features, points: Features, k: int, *, skip_self: bool = False
) -> Iterator[tuple[slice, Nearest]]:
    """Yield the k nearest points of each query, in blocks of queries.

    queries : (Q, H). points : (N, H), N > k. skip_self : the queries are the points, and none is
    its own neighbour.
    """
    lengths = np.einsum("ij,ij->i", points, points)
    step = max(1, min(_BLOCK_ROWS, _BLOCK_NUMBERS // len(points)))
    for start in range(0, len(queries), step):
        block = slice(start, min(start + step, len(queries)))
        rows = queries[block]
        distances = lengths - 2 * (rows @ points.T)  # without the query's own length
        if skip_self:
            distances[np.arange(len(rows)), np.arange(block.start, block.stop)] = np.inf
        found = np.argpartition(distances, k - 1, axis=1)[:, :k]
        found.sort(axis=1)  # equal distances in the order of the points
        near = np.take_along_axis(distances, found, axis=1)
        order = np.argsort(near, axis=1, kind="stable")
        near = np.take_along_axis(near, order, axis=1)
        near += np.einsum("ij,ij->i", rows, rows)[:, None]
        yield block, (np.take_along_axis(found, order, axis=1), np.maximum(near, 0))


def place(nearest: Nearest, positions: Positions) -> Positions:
    """Return the middle of the positions of each query's neighbours : (Q, 2) float32.

    positions : (N, 2), of the points. The middle is the median, along both axes: the mean of two
    groups far apart would lie between them, where nothing is alike.
    """
    return np.median(positions[nearest[0]], axis=1).astype(np.float32)
