"""Regions of a map: named by what most of their pictures have in common."""

import numpy as np

from sokkuri.curation.map.regions import find_regions

NAMES = ["cats", "dogs"]


def draw_clusters(*middles: tuple[float, float], count: int = 50) -> np.ndarray:
    rng = np.random.default_rng(0)
    parts = [np.array(middle) + 0.005 * rng.standard_normal((count, 2)) for middle in middles]
    return np.concatenate(parts).astype(np.float32)


def test_a_dense_place_has_the_name_of_most_of_its_pictures() -> None:
    positions = draw_clusters((0.2, 0.8), (0.7, 0.3), (0.5, 0.5))
    groups = np.repeat([0, 1, -1], 50)
    groups[:10] = 1  # a few dogs among the cats
    regions = {region.name: region for region in find_regions(positions, groups, NAMES)}
    assert {*regions} == {*NAMES}  # nothing has a name in the third place
    assert regions["cats"].count == 40
    assert abs(regions["cats"].x - 0.2) < 0.02
    assert abs(regions["cats"].y - 0.8) < 0.02
    assert regions["dogs"].count == 50


def test_a_name_stands_once_in_a_place_and_again_far_away() -> None:
    positions = draw_clusters((0.1, 0.1), (0.25, 0.1), (0.9, 0.9))
    found = find_regions(positions, np.zeros(150, np.int64), NAMES)
    assert [region.name for region in found] == ["cats", "cats"]
    assert len(find_regions(positions, np.zeros(150, np.int64), NAMES, most=1)) == 1


def test_mixed_places_few_pictures_and_a_single_name_tell_nothing() -> None:
    mixed = np.arange(60) % 3 - 1
    assert find_regions(draw_clusters((0.5, 0.5), count=60), mixed, NAMES) == []
    assert find_regions(draw_clusters((0.5, 0.5), count=2), np.zeros(2, np.int64), NAMES) == []
    assert find_regions(draw_clusters((0.5, 0.5)), np.zeros(50, np.int64), ["cats"]) == []
    assert find_regions(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), NAMES) == []
