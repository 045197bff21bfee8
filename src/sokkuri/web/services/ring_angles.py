"""Angles for the images around a query on the rings page: similar images get close angles."""

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric
from sokkuri.search.vectors import normalised

_MIN_LENGTH = 1e-9  # shorter differences from the query have no direction


def angles(
    query: NDArray[np.float32], vectors: NDArray[np.float32], metric: Metric
) -> NDArray[np.float64]:
    """Return an angle in [-pi, pi) for each neighbour of a query.

    query : (D,), vectors : (N, D) -> (N,) radians.

    A neighbour lies in a direction from the query. The first two principal components of all
    directions span the plane in which they differ most. The angle is measured in this plane.
    """
    if len(vectors) < 3:
        return np.linspace(-np.pi, np.pi, len(vectors), endpoint=False)
    points = np.concatenate([query[None], vectors]).astype(np.float64)
    points = normalised(points, metric)
    differences = points[1:] - points[0]  # (N, D)
    lengths = np.linalg.norm(differences, axis=1, keepdims=True)
    directions = np.divide(
        differences, lengths, out=np.zeros_like(differences), where=lengths > _MIN_LENGTH
    )
    directions -= directions.mean(axis=0)
    # The (N, N) matrix has the same principal components as the (D, D) one, and is smaller.
    variances, eigenvectors = np.linalg.eigh(directions @ directions.T)
    plane = eigenvectors[:, -2:] * np.sqrt(np.maximum(variances[-2:], 0))  # (N, 2)
    # The sign of an eigenvector is arbitrary: make its largest component positive.
    largest = np.abs(plane).argmax(axis=0)
    plane = plane * np.where(plane[largest, [0, 1]] < 0, -1.0, 1.0)
    radians: NDArray[np.float64] = np.arctan2(plane[:, 0], plane[:, 1])
    return np.where(radians >= np.pi, -np.pi, radians)
