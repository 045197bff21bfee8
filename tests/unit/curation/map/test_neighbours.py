"""The nearest points by brute force are those of a plain computation."""

import numpy as np
import pytest

from sokkuri.curation.map import neighbours as module
from sokkuri.curation.map.neighbours import nearest_blocks, place


@pytest.mark.parametrize("count", [7, 300, 9001])
def test_the_nearest_points_come_first(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 40 * count)
    rng = np.random.default_rng(count)
    points = rng.standard_normal((count, 3)).astype(np.float32)
    queries = points[:100]
    squares = ((queries[:, None].astype(np.float64) - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    blocks = list(nearest_blocks(queries, points, 5, skip_self=True))
    assert [block.start for block, _ in blocks] == [*range(0, min(count, 100), 40)]
    found = np.concatenate([found for _, (found, _) in blocks])
    near = np.concatenate([near for _, (_, near) in blocks])
    assert np.array_equal(found, np.argsort(squares, axis=1)[:, :5])
    assert np.allclose(near, np.sort(squares, axis=1)[:, :5], atol=1e-4)


def test_equal_points_are_as_near_as_each_other() -> None:
    points = np.ones((500, 3), np.float32)
    ((_, (found, near)),) = nearest_blocks(points[:2], points, 4, skip_self=True)
    assert near.max() == 0
    assert all(len({*row}) == 4 and number not in row for number, row in enumerate(found.tolist()))


def test_a_picture_between_two_groups_is_placed_in_the_larger_one() -> None:
    positions = np.array([[0, 0], [0.1, 0], [0.1, 0.1], [1, 1], [0.9, 1]], np.float32)
    nearest = np.array([[3, 0, 1, 2, 4]]), np.zeros((1, 5), np.float32)
    assert np.allclose(place(nearest, positions), [[0.1, 0.1]])
