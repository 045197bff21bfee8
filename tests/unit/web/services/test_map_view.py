"""The map as pages get it: numbered points, their groups, and the images at them."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty

from sokkuri.core.errors import ConflictError, UsageError
from sokkuri.curation.map.make_map import make_map
from sokkuri.store.labels import set_labels
from sokkuri.web.services.grid import GridOrderCache
from sokkuri.web.services.map_groups import Grouping
from sokkuri.web.services.map_run import MapRun
from sokkuri.web.services.map_view import (
    MapViewCache,
    images_at,
    map_document,
    point_bytes,
    points_of,
)
from sokkuri.web.services.selections import MapSelection, ids_and_paths, selected_keys

IDS = ["a/1", "a/2", "a/3", "b/1", "b/2", "top"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with create_empty(tmp_path / "photos") as collection:
        bench = Bench(collection)
        bench.add_vectors(np.random.default_rng(0).random((6, 4), np.float32), IDS)
        yield bench
        bench.digests.close()


def described(bench: Bench, views: MapViewCache, by: Grouping) -> dict[str, Any]:
    view = views.get(bench.collection, "1")
    return map_document(view, views.colouring(bench.collection, view, by))


def test_points_have_numbers_groups_and_images(bench: Bench) -> None:
    collection, views = bench.collection, MapViewCache()
    set_labels(collection.catalog, [("b/1", "cat")])
    nothing = described(bench, views, "folder")
    assert (nothing["made"], nothing["count"], nothing["waiting"]) == (False, 0, 6)
    [*make_map(collection)]
    view = views.get(collection, "1")
    document = described(bench, views, "folder")
    assert (document["made"], document["count"], document["waiting"]) == (True, 6, 0)
    assert document["groups"] == [{"name": "a", "count": 3}, {"name": "b", "count": 2}]
    assert described(bench, views, "label")["groups"] == [{"name": "cat", "count": 1}]

    content = point_bytes(view, views.colouring(collection, view, "folder"))
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


def test_labels_change_colours_and_regions_but_no_numbers(bench: Bench) -> None:
    """Regions are found once for all requests until the labels change."""
    collection, views = bench.collection, MapViewCache()
    [*make_map(collection)]
    view = views.get(collection, "1")
    before = views.colouring(collection, view, "label")
    assert views.colouring(collection, view, "label") is before
    set_labels(collection.catalog, [("b/1", "cat")])
    assert views.get(collection, "1") is view
    after = views.colouring(collection, view, "label")
    assert after.version != before.version
    assert views.colouring(collection, view, "label") is after
    assert views.get(collection, "2").version == view.version, "the same images"


def test_a_selection_on_the_map_ends_when_it_no_longer_passes_or_the_map_changes(
    bench: Bench,
) -> None:
    collection, views, orders = bench.collection, MapViewCache(), GridOrderCache()
    set_labels(collection.catalog, [("a/1", "cat"), ("b/1", "cat")])
    [*make_map(collection)]
    version = views.get(collection, "1").version

    def select(*ids: str, revision: str = "1", **filters: str) -> list[str]:
        bits = np.zeros(len(IDS), bool)
        view = views.get(collection, "1")
        bits[points_of(collection, view, ids)["points"]] = True
        points = base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()
        selection = MapSelection(version, points, **filters)
        keys = selected_keys(collection, orders, revision, selection, views)
        return sorted(id_ for id_, _ in ids_and_paths(collection, keys.tolist()))

    assert select("a/3", "b/1") == ["a/3", "b/1"]
    assert select("a/1", "b/1", where="label = 'cat'") == ["a/1", "b/1"]
    assert select("b/1", under="b", where="label = 'cat'") == ["b/1"]
    set_labels(collection.catalog, [("b/1", "dog")])
    assert select("a/1", where="label = 'cat'") == ["a/1"]
    with pytest.raises(ConflictError, match="nothing was done, select again"):
        select("a/1", "b/1", where="label = 'cat'")
    with pytest.raises(UsageError, match="there must be some"):
        select()
    for points in ("#", base64.b64encode(b"\xff").decode()):
        with pytest.raises(UsageError, match="points: "):
            selected_keys(collection, orders, "1", MapSelection(version, points), views)
    collection.remove(["a/2"])
    with pytest.raises(ConflictError, match="load it again"):
        select("a/1", revision="2")


def wait_for(run: MapRun) -> None:
    assert run._thread is not None
    run._thread.join(60)
    assert not run._thread.is_alive()


def test_a_run_makes_the_map_once_and_says_why_it_failed(bench: Bench) -> None:
    run = MapRun(bench.collection.store)
    assert run.start(rebuild=False)
    wait_for(run)
    assert run.state() == {"running": None, "failure": None}
    assert described(bench, MapViewCache(), "label")["made"]
    run.close()
    assert not run.start(rebuild=False)

    failing = MapRun(bench.collection.store / "none")
    assert failing.start(rebuild=True)
    wait_for(failing)
    assert "no collection" in str(failing.state()["failure"]).lower()
