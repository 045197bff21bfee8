"""serve: images, lists and state over the HTTP API."""

import gzip
import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from photo_folder import BROKEN, CAMERA, DRAWN, ODD_NAMES, list_readable_ids, make_photo_folder
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from run_cli import as_json, sokkuri
from run_server import Server, assert_problem, quote_id, serving

from sokkuri.store.filter_columns import KINDS

COUNT = DRAWN + len(ODD_NAMES) + 1
SORTS = ("folder", "newest", "oldest")
TAKEN = "2024-07-09T18:30:00+00:00"  # the photo CAMERA


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_photo_folder(tmp_path_factory.mktemp("serve") / "photos of ours")
    sokkuri("index", home)
    return home


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as started:
        yield started


def picture(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return opened


def pages(server: Server, path: str, key: str, **params: Any) -> list[Any]:
    """Return all entries of a list, read page by page."""
    found = []
    cursor: dict[str, str] = {}
    while True:
        page = server.api(path, **params, **cursor)
        found += page[key]
        if page["next"] is None:
            return found
        assert len(page[key]) == params["limit"], "only the last page is short"
        cursor = {"cursor": page["next"]}


def test_info_has_what_a_page_needs_first(server: Server, folder: Path) -> None:
    info = server.api("info")
    assert "knows no words" in info.pop("no_words")
    version = sokkuri("--version").stdout.strip()
    assert info.pop("revision")
    assert info == {
        "name": "photos of ours", "version": version, "mosaic": False, "total": COUNT,
        "max_upload": 64 * 2**20, "model": "efficientnet-lite0-int8", "metric": "cosine",
        "columns": list(KINDS), "changes": False,
        "words": False,
    }  # fmt: skip


def test_status_equals_the_status_command(server: Server, folder: Path) -> None:
    found, told = server.api("status"), as_json("status", "-C", folder)
    for key in ("root", "model", "dimension", "total", "removed", "failed", "ann", "replacement"):
        assert found[key] == told[key]
    assert (found["total"], found["failed"]) == (COUNT, len(BROKEN))
    assert (found["missing"], found["waiting"], found["runs"]) == (0, 0, 0)
    assert found["store"] == str(folder / ".sokkuri")
    assert found["dtype"] == "float32"
    assert found["bytes"] > 1280 * 4 * COUNT
    text = server.api("report")["text"]
    assert f"images: {COUNT}; 0 removed" in text
    assert str(folder) not in text
    assert sokkuri("status", "-C", folder, "--report").stdout.splitlines()[0] in text
    assert found["revision"] == server.api("info")["revision"]


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_contain_every_image_once(server: Server, folder: Path, limit: int) -> None:
    found = pages(server, "images", "images", limit=limit)
    assert [one["id"] for one in found] == list_readable_ids(folder)


def test_lists_can_be_filtered(server: Server, folder: Path) -> None:
    below = pages(server, "images", "images", limit=3, under="trip")
    assert [one["id"] for one in below] == [
        one for one in list_readable_ids(folder) if one.startswith("trip/")
    ]
    wide = pages(server, "images", "images", limit=100, under="home", where="width > 100")
    assert [one["id"] for one in wide] == ["home/00.png", "home/06.png", "home/12.png"]
    assert server.api("images", under="nowhere") == {"images": [], "next": None}


def test_a_filter_can_name_a_folder_that_is_not_utf8(server: Server) -> None:
    """Its bytes are percent-encoded, as in any address."""
    for query in ("images?under=b%E4der", "grid/items?under=b%e4der&sort=newest"):
        found = server.get(f"/api/v1/{query}").json()["images"]
        assert [one["id"] for one in found] == [os.fsdecode(b"b\xe4der/1.png")]


def test_an_image_has_its_data(server: Server, folder: Path) -> None:
    found = server.api("images/home/06.png")
    stat = (folder / "home" / "06.png").stat()
    assert len(bytes.fromhex(found.pop("v"))) == 8
    assert found == {
        "id": "home/06.png", "name": "06.png", "folder": "home", "width": 160, "height": 60,
        "path": str(folder / "home" / "06.png"), "size": stat.st_size, "state": "live",
        "modified": datetime.fromtimestamp(int(stat.st_mtime), UTC).isoformat(),
        "failure": None, "damage": None, "film": None, "exif": {},
        "photo": {"format": "png", "taken": None, "camera": None, "lens": None, "iso": None,
                  "focal_length": None, "latitude": None, "longitude": None, "rating": None,
                  "keywords": []},
        "previous": "home/04.png", "next": "home/08.png",
    }  # fmt: skip
    assert server.api("images/home/16.png")["next"] is None
    assert server.api("images/home/00.png")["previous"] is None


def test_an_image_has_the_data_of_its_camera(server: Server) -> None:
    found = server.api(f"images/{CAMERA}")
    assert (found["width"], found["height"], found["folder"]) == (80, 120, "")
    assert list(found["exif"].items()) == [
        ("Camera", "Sokkuri One"), ("Lens", "A lens"), ("Taken", "2024-07-09 18:30:00"),
        ("Exposure", "1/250 s"), ("Aperture", "f/2.8"), ("Sensitivity", "ISO 400"),
        ("Focal length", "35 mm"), ("Position", "-12.50000, 8.26000"),
    ]  # fmt: skip


@pytest.mark.parametrize("id_", BROKEN)
def test_a_failed_image_has_a_reason(server: Server, id_: str) -> None:
    found = server.api(f"images/{id_}")
    assert (found["state"], found["failure"]["stage"], found["exif"]) == ("failed", "decode", {})
    assert found["failure"]["reason"]
    assert_problem(server.get(f"/api/v1/images/{id_}/thumbnail"), 422, "unreadable-image")
    assert_problem(server.get(f"/api/v1/images/{id_}/similar"), 404, "unknown-image")


def test_failures_are_listed_with_their_reasons(server: Server) -> None:
    assert [one["id"] for one in pages(server, "failures", "failures", limit=1)] == sorted(BROKEN)
    for one in server.api("failures")["failures"]:
        detail = server.api(f"images/{one['id']}")["failure"]
        assert one == {"id": one["id"], "name": one["id"].removeprefix("trip/"), **detail}


@pytest.mark.parametrize("id_", [*ODD_NAMES, "home/00.png"], ids=ascii)
def test_images_with_any_file_name_are_served(server: Server, folder: Path, id_: str) -> None:
    at = f"/api/v1/images/{quote_id(id_)}"
    document = server.get(at).json()
    assert document["id"] == id_
    assert f"{document['folder']}/{document['name']}" == id_
    assert document["path"] == str(folder / id_)
    original = server.get(f"{at}/file")
    assert original.content == (folder / id_).read_bytes()
    assert original.headers["content-type"] == "image/png"
    name = quote_id(document["name"]).replace("/", "%2F")
    assert original.headers["content-disposition"] == f"inline; filename*=utf-8''{name}"
    assert picture(server.get(f"{at}/thumbnail?size=64").content).size == (
        (43, 64) if id_ in ODD_NAMES else (64, 24)
    )
    first = server.get(f"{at}/similar?k=1").json()["hits"][0]
    assert (first["id"], first["v"]) == (id_, document["v"])
    assert first["distance"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("size", [64, 128, 256, 512, 1024, 2048])
def test_thumbnails_are_upright_and_fit_into_their_square(server: Server, size: int) -> None:
    answer = server.get(f"/api/v1/images/{CAMERA}/thumbnail", params={"size": size})
    assert answer.headers["content-type"] == "image/jpeg"
    shown = picture(answer.content)
    assert (shown.format, shown.size) == ("JPEG", (43, 64) if size == 64 else (80, 120))


def test_browsers_can_cache_thumbnails(server: Server, folder: Path) -> None:
    """For ever if the address names the content; otherwise the browser revalidates and gets 304."""
    at = "/api/v1/images/home/00.png/thumbnail?size=128"
    v = server.api("images/home/00.png")["v"]
    for_ever = "private, max-age=31536000, immutable"
    assert server.get(f"{at}&v={v}").headers["cache-control"] == for_ever
    for other in ("", "&v=", f"&v={v[:-1]}", "&v=0123456789abcdef"):
        assert server.get(f"{at}{other}").headers["cache-control"] == "private, no-cache"
    first = server.get(at)
    again = server.get(at, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    tags = {server.get(f"{at}{more}").headers["etag"] for more in ("", "&mosaic=1")}
    tags.add(server.get(at.replace("128", "256")).headers["etag"])
    assert len(tags) == 3, "another picture has another tag"
    assert list((folder / ".sokkuri" / "thumbnails").glob("*/*-128.jpg"))


def test_ranges_of_a_file_are_served(server: Server, folder: Path) -> None:
    at, whole = "/api/v1/images/home/00.png/file", (folder / "home" / "00.png").read_bytes()
    part = server.get(at, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert server.get(at, headers={"Range": "bytes=-5"}).content == whole[-5:]
    beyond = server.get(at, headers={"Range": f"bytes={len(whole)}-"})
    assert_problem(beyond, 416, "refused")
    assert beyond.headers["content-range"] == f"bytes */{len(whole)}"
    assert_problem(server.get(at, headers={"Range": "lines=1-2"}), 400, "refused")
    tag = server.get(at).headers["etag"]
    again = server.get(at, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_folders_count_the_images_in_them_and_below(server: Server, folder: Path) -> None:
    expected: Counter[str] = Counter()
    for id_ in list_readable_ids(folder):
        above = id_.split("/")[:-1]
        expected.update({"/".join(above[:depth]) for depth in range(len(above) + 1)})
    found = server.api("folders")["folders"]
    assert [(one["path"], one["count"]) for one in found] == sorted(expected.items())
    assert found[0] == {"path": "", "count": COUNT}


@pytest.mark.parametrize("under", ["", "trip"])
@pytest.mark.parametrize("sort", SORTS)
def test_the_grid_and_its_windows_agree(server: Server, sort: str, under: str) -> None:
    asked = {"sort": sort, "under": under}
    grid = server.api("grid", **asked)
    items: list[Any] = []
    for offset in range(0, grid["count"] + 5, 5):
        window = server.api("grid/items", **asked, offset=offset, limit=5)
        assert window["revision"] == grid["revision"]
        items += window["images"]
    listed = pages(server, "images", "images", limit=100, under=under)
    assert sorted(one["id"] for one in items) == sorted(one["id"] for one in listed)
    assert grid["count"] == len(items) == len(grid["ratios"])
    assert grid["ratios"] == [round(100 * one["width"] / one["height"]) for one in items]
    firsts = [group["first"] for group in grid["groups"]]
    assert firsts[0] == 0
    assert firsts == sorted(set(firsts))
    for number, (group, first) in enumerate(zip(grid["groups"], firsts, strict=True)):
        mine = items[first : [*firsts, len(items)][number + 1]]
        if sort == "folder":
            assert group["title"] == group["folder"]
            assert {one["folder"] for one in mine} == {group["folder"]}
            assert [one["name"] for one in mine] == sorted(one["name"] for one in mine)
        else:
            assert group["folder"] is None
            months = {datetime.fromisoformat(_moment(one)).strftime("%B %Y") for one in mine}
            assert months == {group["title"]}
    moments = [_moment(one) for one in items]
    assert sort == "folder" or moments == sorted(moments, reverse=sort == "newest")


def _moment(image: dict[str, Any]) -> str:
    return TAKEN if image["id"] == CAMERA else str(image["modified"])


def test_health_and_metrics_are_served(server: Server) -> None:
    for at in ("/healthz", "/api/v1/healthz"):
        assert server.get(at).json() == {"status": "ok"}
    server.get("/api/v1/images/home/00.png")
    server.get("/api/v1/images/nobody.png")
    page = server.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(page.text)}
    images = {one.labels["state"]: one.value for one in families["sokkuri_images"].samples}
    assert images == {"total": COUNT, "waiting": 0, "failed": len(BROKEN)}
    (runs,) = families["sokkuri_index_runs"].samples
    assert runs.value == 0
    assert {"sokkuri_requests", "sokkuri_request_seconds"} <= families.keys()
    asked = {
        (one.labels["method"], one.labels["route"], one.labels["status"]): one.value
        for one in families["sokkuri_requests"].samples
        if one.name == "sokkuri_requests_total"
    }
    assert asked["GET", "/healthz", "200"] >= 1
    for status in ("200", "404"):
        assert asked["GET", "/api/v1/images/{id:path}", status] >= 1
    assert not [route for _, route, _ in asked if "nobody" in route], "ids would be endless"


def test_browsers_keep_the_files_of_the_pages(server: Server) -> None:
    """Their addresses change with their content. They come compressed, or as they are."""
    document = server.ask("/browse")
    assert document.headers["cache-control"] == "no-cache"
    for address in re.findall(r"/static/[^\"]+", document.body.decode()):
        plain, zipped = (
            server.ask(address),
            server.ask(address, headers={"Accept-Encoding": "gzip"}),
        )
        for reply in (plain, zipped):
            assert reply.status == 200
            assert "immutable" in reply.headers["cache-control"]
            assert "Accept-Encoding" in reply.headers["vary"]
        assert zipped.headers["content-encoding"] == "gzip"
        assert gzip.decompress(zipped.body) == plain.body
        assert server.ask(address, "HEAD").body == b""
        assert server.ask(address, "POST").status == 405


@pytest.mark.parametrize(
    ("at", "status", "kind"),
    [
        ("/nowhere", 404, "not-found"),
        ("/api/v1/nowhere", 404, "not-found"),
        ("/static/nowhere.js", 404, "not-found"),
        ("/api/v1/images/nobody.png", 404, "unknown-image"),
        ("/api/v1/images/nobody.png/file", 404, "unknown-image"),
        ("/api/v1/images/nobody.png/thumbnail", 404, "unknown-image"),
        ("/api/v1/images/nobody.png/similar", 404, "unknown-image"),
        ("/similar/nobody.png", 404, "unknown-image"),
        ("/api/v1/search", 405, "method-not-allowed"),
        ("/api/v1/images?limit=0", 422, "invalid"),
        ("/api/v1/images?limit=many", 422, "invalid"),
        ("/api/v1/images?cursor=%C3%A4", 422, "invalid"),
        ("/api/v1/images?where=colour=1", 422, "invalid"),
        ("/api/v1/images?where=modified%3C2300-01-01%20and", 422, "invalid"),
        ("/api/v1/images/home/00.png/similar?k=0", 422, "invalid"),
        ("/api/v1/images/home/00.png/similar?k=1001", 422, "invalid"),
        ("/api/v1/images/home/00.png/similar?metric=l1", 422, "invalid"),
        ("/api/v1/images/home/00.png/similar?max_distance=-1", 422, "invalid"),
        ("/api/v1/images/home/00.png/similar?max_distance=nan", 422, "invalid"),
        ("/api/v1/images/home/00.png/thumbnail?size=100", 422, "invalid"),
        ("/api/v1/grid?sort=colour", 422, "invalid"),
        ("/api/v1/grid/items?offset=-1", 422, "invalid"),
        ("/api/v1/grid/items?limit=501", 422, "invalid"),
    ],
)
def test_errors_are_problem_documents(server: Server, at: str, status: int, kind: str) -> None:
    detail = assert_problem(server.get(at), status, kind)
    if kind == "unknown-image":
        assert "nobody.png" in detail


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("modified > 0001-01-01", COUNT),
        ("modified <= 9999-12-31", COUNT),
        ("modified >= 9999-12-31", 0),
        ("modified < 2300-01-01", COUNT),
        ("modified = 2300-01-01", 0),
        ("width < 99999999999999999999999", COUNT),
    ],
)
def test_filters_accept_dates_and_numbers_beyond_those_of_files(
    server: Server, where: str, count: int
) -> None:
    assert len(server.api("images", where=where)["images"]) == count


def test_all_pages_are_one_document(server: Server) -> None:
    home = server.get("/")
    assert home.headers["content-type"].startswith("text/html")
    for at in ("/browse?sort=newest", "/search", "/rings?id=home/00.png", "/image", "/status"):
        assert server.get(at).content == home.content
    assert server.get("/login").headers["location"] == "/"
