"""The map: similar pictures are near each other, and a picture keeps its place."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_collection import Bench, create_empty, damage_row, make_extracted

from sokkuri.api import Collection
from sokkuri.core.errors import DamagedRowError, UsageError
from sokkuri.curation.map import make_map as module
from sokkuri.curation.map.make_map import MapReport, make_map
from sokkuri.curation.map.map_file import MAP_NAME, read_map
from sokkuri.curation.map.points import read_points
from sokkuri.store.derived import derived_folder

DIMENSION, COUNT, GROUPS = 16, 30, "abc"


def draw_group(group: int, count: int, seed: int) -> NDArray[np.float32]:
    noise = np.random.default_rng((seed, group)).standard_normal((count, DIMENSION))
    return np.asarray(np.eye(DIMENSION)[group] + 0.05 * noise, np.float32)


def add(bench: Bench, vectors: NDArray[np.float32], ids: list[str], before: list[str]) -> None:
    """Add images to those that are there, with digests that follow from their ids."""
    bench.list_files(*before, *ids)
    jobs = bench.claim_jobs()
    for id_, vector in zip(ids, vectors, strict=True):
        bench.writer.add(make_extracted(jobs[id_], id_.encode().ljust(16), vector))
    bench.writer.finish()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Three groups of 30 pictures."""
    with create_empty(tmp_path / "photos", DIMENSION) as collection:
        bench = Bench(collection)
        vectors = np.concatenate([draw_group(number, COUNT, 0) for number in range(3)])
        add(bench, vectors, [f"{group}/{n:02d}" for group in GROUPS for n in range(COUNT)], [])
        yield bench
        bench.digests.close()


def run(collection: Collection, *, rebuild: bool = False, projected: int = 1000) -> MapReport:
    *_, last = make_map(collection, rebuild=rebuild, projected=projected)
    assert last.result is not None
    return last.result


def places(collection: Collection) -> dict[str, tuple[float, float]]:
    points = read_points(collection)
    assert np.isfinite(points.positions).all()
    return {id_: (x, y) for id_, (x, y) in zip(points.ids, points.positions.tolist(), strict=True)}


def share_beside_own(collection: Collection) -> float:
    """Return the share of images whose five nearest on the map are mostly of their own group."""
    points = read_points(collection)
    groups = np.array([id_[0] for id_ in points.ids])
    squares = ((points.positions[:, None] - points.positions[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    nearest = np.argsort(squares, axis=1)[:, :5]
    return float(((groups[nearest] == groups[:, None]).mean(axis=1) > 0.5).mean())


@pytest.mark.parametrize("projected", [1000, 45])
def test_similar_pictures_are_near_each_other_projected_or_placed(
    bench: Bench, projected: int
) -> None:
    report = run(bench.collection, projected=projected)
    count = min(projected, 3 * COUNT)
    assert report == MapReport(3 * COUNT, count, 3 * COUNT - count)
    positions = read_points(bench.collection).positions
    assert positions.min() >= 0
    assert positions.max() <= 1
    assert share_beside_own(bench.collection) > 0.95


def test_a_new_map_of_the_same_pictures_is_the_same_map(bench: Bench) -> None:
    run(bench.collection)
    first = read_map(bench.collection)
    run(bench.collection, rebuild=True)
    again = read_map(bench.collection)
    assert first is not None
    assert again is not None
    assert first.digest == again.digest


def test_new_pictures_get_a_place_and_no_other_picture_moves(bench: Bench) -> None:
    run(bench.collection)
    old = places(bench.collection)
    new = [f"b/{number}" for number in range(50, 55)]
    add(bench, draw_group(1, 5, 9), new, [*old])
    assert run(bench.collection) == MapReport(3 * COUNT + 5, 0, 5)
    now = places(bench.collection)
    assert {id_: now[id_] for id_ in old} == old
    assert share_beside_own(bench.collection) > 0.95
    assert run(bench.collection) == MapReport(3 * COUNT + 5)


def test_a_picture_keeps_its_place_when_rows_move_and_when_it_comes_back(bench: Bench) -> None:
    collection = bench.collection
    run(collection)
    old = places(collection)
    group = [f"a/{number:02d}" for number in range(COUNT)]
    collection.remove(group)
    assert places(collection) == {id_: old[id_] for id_ in old if id_ not in group}
    assert run(collection) == MapReport(2 * COUNT)
    collection.restore(group[:1])
    collection.compact()  # all rows move
    assert places(collection) == {id_: old[id_] for id_ in old if id_ not in group[1:]}


def test_a_run_that_is_cut_short_leaves_the_old_map(bench: Bench) -> None:
    run(bench.collection)
    old = places(bench.collection)
    steps = make_map(bench.collection, rebuild=True)
    while next(steps).stage != "projecting":
        pass
    steps.close()
    assert places(bench.collection) == old


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"[1]\n", b'{"version": 9}\n', None])
def test_a_map_that_cannot_be_used_is_made_anew(bench: Bench, damage: bytes | None) -> None:
    run(bench.collection)
    path = derived_folder(bench.collection) / MAP_NAME
    path.write_bytes(path.read_bytes()[:-5] if damage is None else damage)
    assert read_map(bench.collection) is None
    assert places(bench.collection) == {}
    assert run(bench.collection).projected == 3 * COUNT


@pytest.mark.parametrize("count", [0, 1, 2, 3, 19, 20, 21])
def test_a_few_pictures_have_a_map_too(tmp_path: Path, count: int) -> None:
    with create_empty(tmp_path / "photos", DIMENSION) as collection:
        bench = Bench(collection)
        vectors = np.ones((count, DIMENSION), np.float32)  # all of them equal
        add(bench, vectors, [f"{number}" for number in range(count)], [])
        assert run(collection).contents == count
        assert len(places(collection)) == count
        bench.digests.close()


def test_a_damaged_vector_stops_the_map_and_is_named(bench: Bench) -> None:
    damage_row(bench.collection, "b/07")
    with pytest.raises(DamagedRowError, match="b/07"):
        run(bench.collection)


def test_no_picture_to_project_is_refused(bench: Bench) -> None:
    assert module.MAX_PROJECTED > 0
    with pytest.raises(UsageError, match="projected"):
        run(bench.collection, projected=0)
