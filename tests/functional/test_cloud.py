"""Photos and shards in a bucket: the real command with a real S3 server on loopback."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bucket_fixtures import COUNT, Cloud, nonzero_counts
from draw_images import save_drawing
from pyarrow import parquet
from run_cli import read_positions, read_vectors, without
from run_server import assert_problem, quote_id, serving

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.core.locations import parse_location
from sokkuri.curation.duplicates.against import find_against
from sokkuri.curation.duplicates.find import find_duplicates
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.indexing.export import ExportOptions, Layout, export
from sokkuri.indexing.import_features import import_features


@pytest.fixture
def folder(photos_for_cloud: Path) -> Path:
    return photos_for_cloud


@pytest.fixture
def local(folder: Path, model_for_cloud: Path, tmp_path: Path) -> Path:
    """The store of a collection of the same photos in a local folder."""
    store = tmp_path / "local"
    with Collection.create(folder, store=store, model=str(model_for_cloud)) as collection:
        list(collection.sync())
    return store


def test_a_bucket_is_indexed_like_a_folder(cloud: Cloud, local: Path) -> None:
    """Guarantee: a bucket gives the same vectors as a folder, and changed, vanished, moved and
    broken objects are noticed like files."""
    bucket = cloud.bucket
    report = cloud.json("index", cloud.root, "--store", cloud.store, "--model", cloud.model)
    assert nonzero_counts(report) == {"added": COUNT}
    assert read_vectors(cloud.store) == read_vectors(local)
    assert cloud.index() == {}
    before = read_positions(cloud.store)
    bucket.put("trip/0/0.jpg", bucket.get("trip/1/1.jpg") + b"\0")
    bucket.put("trip/moved/2.jpg", bucket.get("trip/2/2.jpg"))
    bucket.delete("trip/2/2.jpg")
    bucket.delete("trip/0/3.jpg")
    bucket.put("trip/broken.jpg", b"no picture")
    bucket.put("trip/notes.txt", b"no image")
    bucket.put("trip/.hidden/x.jpg", bucket.get("trip/1/1.jpg"))
    bucket.put("trip//empty name.jpg", bucket.get("trip/1/1.jpg"))
    bucket.put("trip/0/", b"")  # a folder, as some programs make it
    assert cloud.index() == {"updated": 1, "moved": 1, "removed": 1, "failed": 1}
    assert read_positions(cloud.store)["moved/2.jpg"] == before["2/2.jpg"]
    assert cloud.failures()["broken.jpg"][0] == "decode"
    with cloud.open() as collection:
        assert collection.verify() == []
        bucket.put("trip/1/1.jpg", b"changed")
        bucket.delete("trip/1/4.jpg")
        assert {(fault.kind, fault.where) for fault in collection.verify()} == {
            ("changed", "1/1.jpg"), ("missing", "1/4.jpg"),
        }  # fmt: skip
    plan = cloud.json("index", "--store", cloud.store, "--dry-run")
    assert (plan["changed"], plan["vanished"], plan["new"]) == (1, 1, 0)


ODD = ["a b+c%20.jpg", "写真/é#1.jpg", "q?v=1&x.jpg", "back\\slash.jpg", "tab\t.jpg", "~'\"*.jpg"]


def test_images_may_have_any_key(cloud: Cloud) -> None:
    """Keys with characters that mean something in addresses, shells and forms."""
    for number, key in enumerate(ODD):
        path = save_drawing(cloud.store.parent / "odd.jpg", 100 + number)
        cloud.bucket.put(f"trip/odd/{key}", path.read_bytes())
    assert cloud.index() == {"added": COUNT + len(ODD)}
    assert {id_ for id_ in read_positions(cloud.store) if id_.startswith("odd/")} == {
        f"odd/{key}" for key in ODD
    }
    for key in ODD:
        (hit,) = cloud.search(f"{cloud.root}/odd/{key}", k=1)
        assert hit[:2] == (f"odd/{key}", f"{cloud.root}/odd/{key}")
        assert hit[2] < 1e-6


def test_a_search_takes_an_id_or_an_address_and_filters_by_address(
    cloud: Cloud, folder: Path, tmp_path: Path
) -> None:
    cloud.index()
    by_id = cloud.search("1/1.jpg")
    cloud.bucket.put("elsewhere/x.jpg", (folder / "1" / "1.jpg").read_bytes())
    elsewhere = f"{cloud.bucket.url}/elsewhere/x.jpg"
    for query in (f"{cloud.root}/1/1.jpg", str(folder / "1" / "1.jpg"), elsewhere):
        assert cloud.search(query) == by_id
    for under in ("1", f"{cloud.root}/1/"):
        found = cloud.search("1/1.jpg", under=under)
        assert {id_ for id_, _, _ in found} == {
            id_ for id_ in read_positions(cloud.store) if id_.startswith("1/")
        }
    page = tmp_path / "page.html"
    done = cloud.json("search", elsewhere, "-k", 3, "-C", cloud.store, "--html", page)
    assert [(hit["id"], hit["path"], hit["distance"]) for hit in done["hits"]] == by_id[:3]
    assert page.read_text().count("data:image/jpeg") == 3
    done = cloud.run("search", f"{cloud.root}/none.jpg", "-C", cloud.store, code=1)
    assert done.stderr == f"sokkuri: {cloud.root}/none.jpg: there is no such object\n"


def test_a_list_in_the_bucket_may_name_a_missing_object(cloud: Cloud) -> None:
    """Guarantee: a missing object is a failure row with a reason. It is read when it exists."""
    listed = cloud.run("list", cloud.root).stdout.splitlines()
    keys = ["0/0.jpg", "0/3.jpg", "0/6.jpg", "0/9.jpg"]
    assert listed[:4] == [f"{cloud.root}/{key}" for key in keys]
    assert len(listed) == COUNT
    cloud.bucket.put("list.txt", "\n".join([*listed[:6], "new.jpg", "../up.jpg"]).encode())
    names = parse_location(f"{cloud.bucket.url}/list.txt")
    made = ("index", cloud.root, "--store", cloud.store, "--model", cloud.model, "--strict")
    assert nonzero_counts(cloud.json(*made, "--list", names, code=3)) == {"added": 6, "failed": 1}
    assert cloud.failures() == {"new.jpg": ("read", "there is no such object")}
    cloud.bucket.put("trip/new.jpg", cloud.bucket.get("trip/2/5.jpg"))
    assert cloud.index(names=names) == {"updated": 1}
    assert cloud.index(names=names) == {}
    with pytest.raises(UsageError, match="/no cannot be read: there is no such object"):
        cloud.index(names=parse_location(f"{cloud.bucket.url}/no"))


def test_shards_are_exported_to_a_bucket_and_imported(cloud: Cloud, tmp_path: Path) -> None:
    cloud.index()
    shards = f"{cloud.bucket.url}/shards"
    done = cloud.json("export", shards, "-C", cloud.store, "--shard-size", 5)
    assert (done["rows"], done["shards"]) == (COUNT, 3)
    for number in range(3):
        for kind in ("features", "object_ids"):
            assert cloud.bucket.get(f"shards/{number:04d}.{kind}.npy").startswith(b"\x93NUMPY")
    with cloud.open() as collection, pytest.raises(UsageError, match="is not an empty folder"):
        list(export(collection, parse_location(shards), ExportOptions()))
    cloud.bucket.put("shards/bad.npy", b"no array")
    target = ("--root", cloud.root, "--store", tmp_path / "imported", "--model", cloud.model)
    done = cloud.run("import", shards, *target, "--ids", "path", "--decode", "fast", code=1)
    assert f"{shards}/bad.npy is left out: it is no .npy file" in done.stderr
    assert done.stdout == f"{COUNT} imported, 0 known, 1 refused, 0 files deleted\n"
    assert read_vectors(tmp_path / "imported") == read_vectors(cloud.store)
    with cloud.open() as collection, pytest.raises(UsageError, match="are only read"):
        list(import_features(collection, parse_location(shards), delete=True))


def test_every_layout_is_exported_to_a_bucket(cloud: Cloud) -> None:
    cloud.index()
    layouts: tuple[Layout, ...] = ("clip-retrieval", "parquet")
    with cloud.open() as collection:
        for layout in layouts:
            to = parse_location(f"{cloud.bucket.url}/{layout}")
            *_, done = export(collection, to, ExportOptions(layout))
            assert done.rows == COUNT
    assert cloud.bucket.get("clip-retrieval/img_emb/img_emb_0000.npy").startswith(b"\x93NUMPY")
    table = parquet.read_table(
        io.BytesIO(cloud.bucket.get("clip-retrieval/metadata/metadata_0000.parquet"))
    )
    assert f"{cloud.root}/0/0.jpg" in table["image_path"].to_pylist()
    assert parquet.read_table(io.BytesIO(cloud.bucket.get("parquet/part-0000.parquet"))).num_rows


def test_duplicates_in_a_bucket_are_found_but_never_moved(
    cloud: Cloud, folder: Path, tmp_path: Path
) -> None:
    cloud.index()
    plan = tmp_path / "plan.json"
    done = cloud.run("duplicates", "-C", cloud.store, "--resolve", plan, code=2)
    assert done.stderr == (
        f"sokkuri: the images at {cloud.root} cannot be moved: "
        "a plan moves only files on this machine\n"
    )
    assert not plan.exists()
    shutil.copytree(folder / "2", tmp_path / "card")
    with (
        cloud.open() as collection,
        Collection.create(tmp_path / "card", model=str(cloud.model)) as card,
    ):
        list(card.sync())
        *_, last = find_duplicates(collection)
        assert last.result is not None
        assert [group.ids for group in last.result] == [("0/0.jpg", "1/small 0.jpg")]
        *_, last = find_against(collection, card)
        assert last.result is not None
        assert {group.ids[0] for group in last.result} == {"2/2.jpg", "2/5.jpg", "2/8.jpg"}
        with pytest.raises(UsageError, match="cannot be moved"):
            make_trash_plan(card, last.result)


def test_originals_and_thumbnails_are_served_from_the_bucket(cloud: Cloud, folder: Path) -> None:
    cloud.index()
    id_ = "1/small 0.jpg"
    original = (folder / id_).read_bytes()
    with serving(cloud.store, **cloud.environment) as server:
        address = f"api/v1/images/{quote_id(id_)}"
        whole = server.get(f"/{address}/file")
        assert whole.content == original
        assert whole.headers["content-type"] == "image/jpeg"
        assert whole.headers["content-security-policy"] == "default-src 'none'; sandbox"
        part = server.get(f"/{address}/file", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, original[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(original)}"
        beyond = server.get(f"/{address}/file", headers={"Range": f"bytes={len(original)}-"})
        assert_problem(beyond, 416, "refused")
        same = server.get(f"/{address}/file", headers={"If-None-Match": whole.headers["etag"]})
        assert same.status_code == 304
        small = server.get(f"/{address}/thumbnail", params={"size": 64})
        assert small.content.startswith(b"\xff\xd8")
        document = server.api(f"images/{quote_id(id_)}")
        assert document["path"] == f"{cloud.root}/{id_}"
        v = document["v"]
        cached = server.get(f"/{address}/file", params={"v": v}).headers["cache-control"]
        assert cached == "private, max-age=31536000, immutable"
        cloud.bucket.put(f"trip/{id_}", (folder / "2" / "2.jpg").read_bytes())
        fresh = server.get(f"/{address}/file", params={"v": v})
        assert fresh.headers["cache-control"] == "private, no-cache"
        cloud.bucket.delete(f"trip/{id_}")
        detail = assert_problem(server.get(f"/{address}/file"), 422, "unreadable-image")
        assert detail == "there is no such object"


def test_a_missing_extra_is_named(cloud: Cloud) -> None:
    done = without("fsspec", "index", cloud.root, "--store", cloud.store, code=1)
    assert done.stderr == (
        "sokkuri: an address of s3:// needs the extra cloud: "
        "in sokkuri's environment, run pip install 'sokkuri[cloud]'\n"
    )
    assert not cloud.store.exists()


FORKED = """
import os, pickle, sys
from concurrent.futures import ThreadPoolExecutor
from sokkuri.core.locations import parse_location
from sokkuri.images.read import read_file
from sokkuri.core.types import Limits

def read(root):
    with ThreadPoolExecutor(6) as pool:
        return set(pool.map(lambda _: read_file(root / "0/0.jpg", Limits()), range(12)))

root = parse_location(sys.argv[1])
before = read(root)
child = os.fork()
if child == 0:
    os._exit(0 if read(pickle.loads(pickle.dumps(root))) == before else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert read(root) == before and len(before) == 1
"""


def test_many_threads_and_a_forked_process_read(cloud: Cloud) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKED, cloud.root],
        env={**os.environ, **cloud.environment}, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
