"""Angles for pictures around a query, so that like lies beside like.

Takes the query's vector and its neighbours'; hands on an angle each. A pure function.
"""

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.search.vectors import normalised


def angles(
    query: NDArray[np.float32], vectors: NDArray[np.float32], metric: Metric
) -> NDArray[np.float64]:
    """query : (D,), vectors : (N, D) -> (N,) radians in [-pi, pi).

    Each neighbour lies in some direction from the query. The two principal components of these
    directions are the plane in which they differ most, and the angle is the one in that plane.
    """
    if len(vectors) < 3:
        return np.linspace(-np.pi, np.pi, len(vectors), endpoint=False)
    both = np.concatenate([query[None], vectors]).astype(np.float64)
    both = normalised(both, metric)
    away = both[1:] - both[0]
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    directions = np.divide(away, lengths, out=np.zeros_like(away), where=lengths > 1e-9)
    directions -= directions.mean(axis=0)
    # The eigenvectors of the small (N, N) matrix: far fewer numbers than of the (D, D) one.
    strengths, components = np.linalg.eigh(directions @ directions.T)
    plane = components[:, -2:] * np.sqrt(np.maximum(strengths[-2:], 0))
    # An eigenvector's sign is arbitrary: the largest part is made positive.
    largest = np.abs(plane).argmax(axis=0)
    plane = plane * np.where(plane[largest, [0, 1]] < 0, -1.0, 1.0)
    found: NDArray[np.float64] = np.arctan2(plane[:, 0], plane[:, 1])
    return np.where(found >= np.pi, -np.pi, found)
