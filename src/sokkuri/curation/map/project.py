"""Project vectors onto a plane by UMAP, so that neighbours stay neighbours.

Takes reduced vectors; yields progress and returns positions from 0 to 1. The same vectors in the
same order give the same positions. Only this module imports the package fastumap.
"""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError
from sokkuri.core.types import Features, Progress
from sokkuri.curation.map.map_file import Positions
from sokkuri.curation.map.neighbours import nearest_blocks

_NEIGHBOURS = 15  # that each picture is drawn to
_FEW = 20  # up to so many pictures, the two main directions are the map
_SEED = 20250117
_WIDTH = 10.0  # of the start, on the scale on which UMAP works


def project(vectors: Features) -> Generator[Progress[Any], None, Positions]:
    """Return a position for each vector : (N, H) -> (N, 2) float32, within 0 and 1.

    Raises MissingExtraError without the extra `map`.
    """
    umap_project = _import_umap()
    start = _main_directions(vectors)
    if len(vectors) <= _FEW:
        return _fitted(start)
    indices = np.empty((len(vectors), _NEIGHBOURS + 1), np.int64)
    distances = np.zeros((len(vectors), _NEIGHBOURS + 1), np.float64)
    indices[:, 0] = np.arange(len(vectors))  # the library wants each picture as its own nearest
    for block, (found, squares) in nearest_blocks(vectors, vectors, _NEIGHBOURS, skip_self=True):
        indices[block, 1:] = found
        distances[block, 1:] = np.sqrt(squares)
        yield Progress("comparing", block.stop, len(vectors))
    yield Progress("projecting", 0, len(vectors))
    positions = umap_project(
        vectors, 2, precomputed_knn=(indices, distances), init=start, random_state=_SEED
    )
    yield Progress("projecting", len(vectors), len(vectors))
    return _fitted(positions)


def _main_directions(vectors: Features) -> NDArray[np.float64]:
    """Return where vectors lie along the two directions in which they vary most : (N, 2)."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)
    flat = np.zeros((len(vectors), 2))
    main = centred @ directions[:, ::-1][:, :2]
    flat[:, : main.shape[1]] = main
    # Equal vectors start at almost the same place, and not at exactly the same.
    noise = np.random.default_rng(_SEED).standard_normal(flat.shape)
    largest = max(float(np.abs(flat).max(initial=0.0)), 1e-12)
    return flat * (_WIDTH / largest) + 1e-4 * noise


def _fitted(positions: NDArray[np.float64]) -> Positions:
    """Return positions moved and scaled into the square from 0 to 1; shapes stay as they are."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    extent = max(float((high - low).max()), 1e-12)
    fitted = np.clip((positions - (low + high) / 2) / extent + 0.5, 0, 1)
    return np.asarray(fitted, np.float32)


def _import_umap() -> Callable[..., NDArray[np.float64]]:
    try:
        from fastumap import umap_project
    except ImportError:
        raise MissingExtraError("the map", "map") from None
    project: Callable[..., NDArray[np.float64]] = umap_project
    return project
