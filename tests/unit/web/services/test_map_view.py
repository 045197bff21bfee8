"""The map as pages get it: numbered points, their groups, and the images at them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty

from sokkuri.core.errors import ConflictError
from sokkuri.curation.map.make_map import make_map
from sokkuri.store.labels import set_labels
from sokkuri.web.services.map_run import MapRun
from sokkuri.web.services.map_view import (
    MapViewCache,
    images_at,
    map_document,
    point_bytes,
    points_of,
)

IDS = ["a/1", "a/2", "a/3", "b/1", "b/2", "top"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with create_empty(tmp_path / "photos") as collection:
        bench = Bench(collection)
        bench.add_vectors(np.random.default_rng(0).random((6, 4), np.float32), IDS)
        yield bench
        bench.digests.close()


def test_points_have_numbers_groups_and_images(bench: Bench) -> None:
    collection, views = bench.collection, MapViewCache()
    set_labels(collection.catalog, [("b/1", "cat")])
    nothing = map_document(views.get(collection, "1"), "folder")
    assert (nothing["made"], nothing["count"], nothing["waiting"]) == (False, 0, 6)
    [*make_map(collection)]
    view = views.get(collection, "1")
    document = map_document(view, "folder")
    assert (document["made"], document["count"], document["waiting"]) == (True, 6, 0)
    assert document["groups"] == [{"name": "a", "count": 3}, {"name": "b", "count": 2}]
    assert map_document(view, "label")["groups"] == [{"name": "cat", "count": 1}]

    content = point_bytes(view, "folder")
    coordinates = np.frombuffer(content[:24], "<u2").reshape(6, 2)
    assert np.allclose(coordinates / 65535, view.positions, atol=1e-4)
    groups = content[24:]
    found = images_at(collection, view, [0, 5, 6])["images"]
    assert [image["point"] for image in found] == [0, 5]
    at = {image["id"]: image["point"] for image in images_at(collection, view, range(6))["images"]}
    assert {id_: groups[point] for id_, point in at.items()} == dict(
        zip(IDS, [0, 0, 0, 1, 1, 255], strict=True)
    )
    assert points_of(collection, view, ["b/2", "none", "a/1"])["points"] == [at["b/2"], at["a/1"]]


def test_a_page_with_an_older_map_is_told_so(bench: Bench) -> None:
    collection, views = bench.collection, MapViewCache()
    [*make_map(collection)]
    version = views.get(collection, "1").version
    assert views.get_same(collection, "1", version).made
    collection.remove(["a/2"])
    with pytest.raises(ConflictError, match="load it again"):
        views.get_same(collection, "2", version)
    assert points_of(collection, views.get(collection, "2"), ["a/2"])["points"] == []


def wait_for(run: MapRun) -> None:
    assert run._thread is not None
    run._thread.join(60)
    assert not run._thread.is_alive()


def test_a_run_makes_the_map_once_and_says_why_it_failed(bench: Bench) -> None:
    run = MapRun(bench.collection.store)
    assert run.start(rebuild=False)
    wait_for(run)
    assert run.state() == {"running": None, "failure": None}
    assert map_document(MapViewCache().get(bench.collection, "1"), "label")["made"]
    run.close()
    assert not run.start(rebuild=False)

    failing = MapRun(bench.collection.store / "none")
    assert failing.start(rebuild=True)
    wait_for(failing)
    assert "no collection" in str(failing.state()["failure"]).lower()
