"""Name the regions of a map: where pictures are dense, and what most of them there have in common.

Takes positions and a group for each; returns a few names with their places. Pure arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.map.map_file import Positions

_CELLS = 32  # along each axis
_REACH = 2.0  # cells around the middle of a region that belong to it
_APART = 4.0  # cells between two regions
_SAME_APART = 10.0  # between two regions of one name
_LEAST_SHARE = 0.4  # of the pictures of a region that must have the name
_LEAST_PICTURES = 3


@dataclass(frozen=True, slots=True)
class Region:
    """A dense place of the map. x, y : its middle. name : what at least two fifths of the pictures
    there have in common. count : how many of them have it."""

    x: float
    y: float
    name: str
    count: int


def find_regions(
    positions: Positions, groups: NDArray[np.int64], names: Sequence[str], most: int = 24
) -> list[Region]:
    """Return at most `most` regions, the densest first.

    positions : (N, 2) from 0 to 1. groups : (N,) the index of each point's name, -1 for none.
    """
    if len(names) < 2 or not len(positions):  # one name for everything tells nothing
        return []
    cells = np.minimum((positions * _CELLS).astype(np.int64), _CELLS - 1)
    counts = np.bincount(cells[:, 1] * _CELLS + cells[:, 0], minlength=_CELLS * _CELLS)
    regions: list[Region] = []
    tried: list[NDArray[np.float64]] = []
    for cell in np.argsort(-counts, kind="stable").tolist():
        if len(regions) == most or counts[cell] < _LEAST_PICTURES:
            break
        middle = np.array([cell % _CELLS + 0.5, cell // _CELLS + 0.5])
        if any(np.hypot(*(middle - other)) < _APART for other in tried):
            continue
        tried.append(middle)
        region = _region_around(middle / _CELLS, positions, groups, names)
        if region is not None and not _is_repeated(region, regions):
            regions.append(region)
    return regions


def _region_around(
    middle: NDArray[np.float64],
    positions: Positions,
    groups: NDArray[np.int64],
    names: Sequence[str],
) -> Region | None:
    """Return the region around a place, None if its pictures have little in common."""
    near = _points_around(middle, positions)
    named = groups[near]
    counts = np.bincount(named[named >= 0], minlength=len(names))
    best = int(counts.argmax())
    if counts[best] < max(_LEAST_PICTURES, _LEAST_SHARE * len(near)):
        return None
    x, y = np.median(positions[near[named == best]], axis=0).tolist()
    return Region(x, y, names[best], int(counts[best]))


def _points_around(middle: NDArray[np.float64], positions: Positions) -> NDArray[np.int64]:
    """Return the indices of the points of a square. One column is looked at after the other: most
    points are out after the first."""
    reach = _REACH / _CELLS
    near = np.flatnonzero(np.abs(positions[:, 0] - middle[0]) <= reach)
    inside: NDArray[np.int64] = near[np.abs(positions[near, 1] - middle[1]) <= reach]
    return inside


def _is_repeated(region: Region, regions: Sequence[Region]) -> bool:
    """Return whether a region of the same name is near."""
    return any(
        other.name == region.name
        and np.hypot(other.x - region.x, other.y - region.y) < _SAME_APART / _CELLS
        for other in regions
    )
