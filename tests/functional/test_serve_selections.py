"""serve: selections of images, lists of them, and the archive of their files."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from draw_images import save_drawing
from run_cli import sokkuri
from run_server import Server, assert_problem, serving
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.store.labels import set_labels

IDS = ["a/0.png", "a/1.png", "a/2.png", "b/3.png", "b/4.png"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures, a link to a picture outside, and one that cannot be read."""
    home = tmp_path_factory.mktemp("selections")
    for number, name in enumerate(IDS):
        save_drawing(home / "photos" / name, number, 40, 30)
    (home / "photos" / "b" / "broken.png").write_bytes(b"no picture")
    outside = save_drawing(home / "outside.png", 9, 40, 30)
    (home / "photos" / "b" / "link.png").symlink_to(outside)
    sokkuri("index", home / "photos", "--model", write_tiny_model(home / "tiny.onnx"))
    return home / "photos"


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    with serving(root) as server:
        yield server


def keep(server: Server, **body: Any) -> httpx.Response:
    return server.post("/api/v1/selections", json=body)


def part_of_grid(server: Server, *ranges: tuple[int, int], **also: Any) -> dict[str, Any]:
    revision = server.api("grid")["revision"]
    return {"grid": {"revision": revision, "ranges": ranges, "sort": "name", **also}}


def name_of(server: Server, **body: Any) -> str:
    answer = keep(server, **body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["selection"])


def selected(server: Server, **body: Any) -> list[str]:
    images = server.api(f"selections/{name_of(server, **body)}/images")["images"]
    return [image["id"] for image in images]


def test_ranges_of_the_grid_stand_for_its_images(server: Server, root: Path) -> None:
    assert selected(server, **part_of_grid(server, (0, 2), (4, 5))) == [*IDS[:2], IDS[4]]
    assert selected(server, **part_of_grid(server, (1, 3), under="a")) == IDS[1:3]
    kept = keep(server, ids=[IDS[3], "b/broken.png", IDS[3]]).json()
    assert kept["count"] == 2, "each image once"
    assert kept["bytes"] == sum((root / id_).stat().st_size for id_ in (IDS[3], "b/broken.png"))


def test_a_filter_of_the_grid_holds_for_its_parts_and_selections(server: Server) -> None:
    """A selection names the order that it was made in; another order is a conflict."""
    where = {"where": "path like 'b/_.png' or path = 'a/2.png'", "sort": "name"}
    whole = server.api("grid", **where)
    assert (whole["count"], len(whole["ratios"])) == (3, 3)
    window = server.api("grid/items", **where, order=whole["order"], offset=1)
    assert [image["id"] for image in window["images"]] == IDS[3:]
    assert window["order"] == whole["order"]
    ranges = (1, 3)
    chosen = part_of_grid(server, ranges, **where, order=whole["order"])
    assert selected(server, **chosen) == IDS[3:]
    assert server.api("folders", **where)["folders"][0]["count"] == 3
    place = server.api("grid/place", **where, id=IDS[3])
    assert place == {"order": whole["order"], "count": 3, "index": 1}
    assert server.api("grid/place", **where, id=IDS[0])["index"] is None
    assert_problem(server.get("/api/v1/grid/place?id=none"), 404, "unknown-image")

    assert_problem(keep(server, **part_of_grid(server, ranges, **where)), 422, "invalid")
    other = part_of_grid(server, ranges, order=whole["order"])
    assert_problem(keep(server, **other), 409, "conflict")
    items = server.get("/api/v1/grid/items", params={**where, "order": "other"})
    assert_problem(items, 409, "conflict")
    for path in ("grid", "grid/items", "folders"):
        wrong = server.get(f"/api/v1/{path}", params={"where": "wide > 3"})
        assert "in `wide > 3`" in assert_problem(wrong, 422, "invalid")


def test_a_kept_selection_ends_when_a_label_changes(server: Server, root: Path) -> None:
    """Its images, its list and its archive: none holds an image that was not shown."""
    where = {"where": "label = 'cat'", "sort": "name"}
    with Collection.open(root, "rw") as collection:
        set_labels(collection.catalog, [(id_, "cat") for id_ in IDS[1:4]])
        order = server.api("grid", **where)["order"]
        name = name_of(server, **part_of_grid(server, (1, 3), **where, order=order))
        base = f"/api/v1/selections/{name}"
        assert len(server.get(f"{base}/list?format=txt").text.splitlines()) == 2
        set_labels(collection.catalog, [(IDS[0], "cat")])
        for part in ("images", "list", "zip"):
            detail = assert_problem(server.get(f"{base}/{part}"), 409, "conflict")
            assert "nothing was done, select again" in detail
        set_labels(collection.catalog, [(IDS[0], None)])
        assert [image["id"] for image in server.api(f"selections/{name}/images")["images"]] == (
            IDS[2:4]
        )
        set_labels(collection.catalog, [(id_, None) for id_ in IDS])


def test_a_selection_without_an_order_lasts_as_long_as_its_images(
    server: Server, root: Path
) -> None:
    """Also if the collection has changed elsewhere, and before the server has noticed a change."""
    name = name_of(server, **part_of_grid(server, (1, 3), under="a"))
    seen = [server.api("grid")["revision"]]

    def wait_for_change() -> None:
        while (revision := server.api("grid")["revision"]) == seen[-1]:
            pass
        seen.append(revision)

    with Collection.open(root, "rw") as collection:
        collection.remove([IDS[4]])
        wait_for_change()
        images = server.api(f"selections/{name}/images")["images"]
        assert [image["id"] for image in images] == IDS[1:3]
        collection.remove([IDS[0]])
        wait_for_change()
        detail = assert_problem(server.get(f"/api/v1/selections/{name}/images"), 409, "conflict")
        assert "select again" in detail
        collection.restore([IDS[0], IDS[4]])
        wait_for_change()


def test_what_is_no_selection_is_refused(server: Server) -> None:
    bodies: list[dict[str, Any]] = [{}, {"ids": []}]
    for body in (*bodies, {"ids": ["x"], **part_of_grid(server, (0, 1))}):
        assert_problem(keep(server, **body), 422, "invalid")
    for ranges in ([(0, 99)], [(2, 1)], [(2, 3), (0, 1)], [(0, 2), (1, 3)], [(-1, 1)]):
        assert_problem(keep(server, **part_of_grid(server, *ranges)), 422, "invalid")
    assert_problem(keep(server, ids=["nowhere.png"]), 404, "unknown-image")
    old = {"grid": {"revision": "old", "ranges": [[0, 1]]}}
    assert_problem(keep(server, **old), 409, "conflict")
    forgotten = server.get("/api/v1/selections/forgotten/zip")
    assert_problem(forgotten, 404, "unknown-selection")
    headers = {"Origin": "https://evil.example"}
    foreign = server.post("/api/v1/selections", json={"ids": IDS}, headers=headers)
    assert_problem(foreign, 403, "changes")


def test_a_selection_is_listed_as_a_table_as_json_and_as_paths(server: Server, root: Path) -> None:
    name = name_of(server, **part_of_grid(server, (0, 5)))
    paths = [str(root / id_) for id_ in IDS]
    table = server.get(f"/api/v1/selections/{name}/list").text
    rows = [*csv.DictReader(io.StringIO(table))]
    assert [row["path"] for row in rows] == paths
    assert [row["width"] for row in rows] == ["40"] * 5
    listed = json.loads(server.get(f"/api/v1/selections/{name}/list?format=json").text)
    assert [image["id"] for image in listed] == IDS
    assert server.get(f"/api/v1/selections/{name}/list?format=txt").text.splitlines() == paths


def test_the_archive_has_the_originals_and_nothing_from_outside(server: Server, root: Path) -> None:
    name = name_of(server, ids=["b/link.png", *IDS, "b/broken.png"])
    answer = server.get(f"/api/v1/selections/{name}/zip")
    assert answer.headers["content-type"] == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.namelist() == [*IDS, "b/broken.png", "not included.txt"]
    for id_ in IDS:
        assert packed.read(id_) == (root / id_).read_bytes()
    assert "b/link.png" in packed.read("not included.txt").decode()
    if hasattr(os, "mkfifo"):  # opening a pipe would wait for ever
        (root / "b" / "broken.png").unlink()
        os.mkfifo(root / "b" / "broken.png")
        answer = server.get(f"/api/v1/selections/{name}/zip")
        assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == [*IDS, "not included.txt"]


def test_a_server_of_mosaics_sends_no_originals(root: Path) -> None:
    with serving(root, "--mosaic") as server:
        name = name_of(server, ids=IDS)
        assert_problem(server.get(f"/api/v1/selections/{name}/zip"), 403, "withheld")
