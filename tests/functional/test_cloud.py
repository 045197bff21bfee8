"""Photos and shards in a bucket: the real command, a real S3 server on loopback, and a proxy before
it that breaks off, says no, and lets objects vanish."""

import io
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from command import command, places, sokkuri, vectors
from drawing import save
from s3_server import KEY, SECRET, Asked, Bucket, S3Server, Trouble, environment, proxied
from serving import assert_problem, encoded, serving
from sokkuri import remote
from sokkuri.addresses import located
from sokkuri.against import find_against, plan_against
from sokkuri.api import Collection
from sokkuri.collection import has_store
from sokkuri.duplicates import find_duplicates
from sokkuri.errors import CollectionError, StorageError, UsageError
from sokkuri.exporting import ExportOptions, Layout, export
from sokkuri.importing import import_features
from sokkuri.searching import Searcher, SearchOptions
from sokkuri.syncing import SyncOptions
from tiny_model import write_tiny_model

COUNT = 12


@pytest.fixture
def bucket(s3_server: S3Server) -> Bucket:
    return s3_server.bucket(f"photos-{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COUNT pictures in three folders, two of them the same one at two sizes."""
    root = tmp_path_factory.mktemp("cloud") / "photos"
    for seed in range(COUNT - 1):
        save(root / f"{seed % 3}" / f"{seed}.jpg", seed, 480, 360)
    with Image.open(root / "0" / "0.jpg") as image:
        image.resize((240, 180)).save(root / "1" / "small 0.jpg")
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx", dimension=16)


class Cloud:
    """A bucket with the photos below `trip`, as somebody sees it who has access: by the command, or
    by the functions behind it, which spares the start of a process."""

    def __init__(
        self, bucket: Bucket, store: Path, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.bucket, self.store, self.model = bucket, store, model
        self.root = f"{bucket.url}/trip"
        self._monkeypatch = monkeypatch
        self.go_by(bucket.server.address)

    def go_by(self, address: str) -> None:
        """From now on the server is reached there."""
        self.environment = environment(address)
        for name, value in self.environment.items():
            self._monkeypatch.setenv(name, value)
        remote._filesystem.cache_clear()

    def run(
        self, *arguments: object, code: int = 0, **others: str
    ) -> subprocess.CompletedProcess[str]:
        return sokkuri(*arguments, code=code, cwd=None, **{**self.environment, **others})

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def open(self) -> Collection:
        if has_store(self.store):
            return Collection.open(self.store)
        return Collection.create(self.root, store=self.store, model=str(self.model))

    def index(self, **options: Any) -> dict[str, int]:
        """What a run did, without what it left."""
        with self.open() as collection:
            *_, last = collection.sync(SyncOptions(**options))
        assert last.report is not None
        return did(asdict(last.report))

    def failures(self) -> dict[str, tuple[str, str]]:
        with self.open() as collection:
            return {one.id: (one.stage, one.reason) for one in collection.status().failures}

    def search(self, query: str, k: int = 10, **options: Any) -> list[tuple[str, str, float]]:
        """Id, path and distance of each hit."""
        with self.open() as collection:
            hits = Searcher(collection).search([query], k, options=SearchOptions(**options))
            return [(hit.id, str(hit.path), hit.distance) for hit in hits]


def did(report: dict[str, int]) -> dict[str, int]:
    names = ("added", "updated", "moved", "reused", "removed", "failed")
    return {name: report[name] for name in names if report[name]}


@pytest.fixture
def cloud(
    bucket: Bucket, folder: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> Cloud:
    bucket.put_folder(folder, "trip")
    return Cloud(bucket, tmp_path / "store", model, monkeypatch)


@pytest.fixture(scope="module")
def local(folder: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the same photos in a folder."""
    store = tmp_path_factory.mktemp("local") / "store"
    with Collection.create(folder, store=store, model=str(model)) as collection:
        list(collection.sync())
    return store


def test_a_bucket_is_indexed_as_a_folder_is(cloud: Cloud, local: Path) -> None:
    """Guarantee: from a bucket come the very vectors that come from a folder; and what changes,
    vanishes, moves or is broken there is found as in a folder."""
    bucket = cloud.bucket
    report = cloud.json("index", cloud.root, "--store", cloud.store, "--model", cloud.model)
    assert did(report) == {"added": COUNT}
    assert vectors(cloud.store) == vectors(local)
    assert cloud.index() == {}
    before = places(cloud.store)
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
    assert places(cloud.store)["moved/2.jpg"] == before["2/2.jpg"]
    assert cloud.failures()["broken.jpg"][0] == "decode"
    with cloud.open() as collection:
        assert collection.verify() == []
        bucket.put("trip/1/1.jpg", b"changed")
        bucket.delete("trip/1/4.jpg")
        assert {(one.kind, one.where) for one in collection.verify()} == {
            ("changed", "1/1.jpg"), ("missing", "1/4.jpg"),
        }  # fmt: skip
    plan = cloud.json("index", "--store", cloud.store, "--dry-run")
    assert (plan["changed"], plan["vanished"], plan["new"]) == (1, 1, 0)


ODD = ["a b+c%20.jpg", "写真/é#1.jpg", "q?v=1&x.jpg", "back\\slash.jpg", "tab\t.jpg", "~'\"*.jpg"]


def test_any_key_is_a_name(cloud: Cloud) -> None:
    """Keys that addresses, shells and forms would take for something else, there and back."""
    for number, key in enumerate(ODD):
        path = save(cloud.store.parent / "odd.jpg", 100 + number)
        cloud.bucket.put(f"trip/odd/{key}", path.read_bytes())
    assert cloud.index() == {"added": COUNT + len(ODD)}
    assert {id_ for id_ in places(cloud.store) if id_.startswith("odd/")} == {
        f"odd/{key}" for key in ODD
    }
    for key in ODD:
        (hit,) = cloud.search(f"{cloud.root}/odd/{key}", k=1)
        assert hit[:2] == (f"odd/{key}", f"{cloud.root}/odd/{key}")
        assert hit[2] < 1e-6


def test_searching_by_id_by_address_and_below_an_address(
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
            one for one in places(cloud.store) if one.startswith("1/")
        }
    page = tmp_path / "page.html"
    done = cloud.json("search", elsewhere, "-k", 3, "-C", cloud.store, "--html", page)
    assert [(hit["id"], hit["path"], hit["distance"]) for hit in done["hits"]] == by_id[:3]
    assert page.read_text().count("data:image/jpeg") == 3
    done = cloud.run("search", f"{cloud.root}/none.jpg", "-C", cloud.store, code=1)
    assert done.stderr == f"sokkuri: {cloud.root}/none.jpg: there is no such object\n"


def test_a_list_in_the_bucket_and_a_missing_object(cloud: Cloud) -> None:
    """Guarantee: a missing object is a failure row with its reason, read once it is there."""
    listed = cloud.run("list", cloud.root).stdout.splitlines()
    keys = ["0/0.jpg", "0/3.jpg", "0/6.jpg", "0/9.jpg"]
    assert listed[:4] == [f"{cloud.root}/{key}" for key in keys]
    assert len(listed) == COUNT
    cloud.bucket.put("list.txt", "\n".join([*listed[:6], "new.jpg", "../up.jpg"]).encode())
    names = located(f"{cloud.bucket.url}/list.txt")
    made = ("index", cloud.root, "--store", cloud.store, "--model", cloud.model, "--strict")
    assert did(cloud.json(*made, "--list", names, code=3)) == {"added": 6, "failed": 1}
    assert cloud.failures() == {"new.jpg": ("read", "there is no such object")}
    cloud.bucket.put("trip/new.jpg", cloud.bucket.get("trip/2/5.jpg"))
    assert cloud.index(names=names) == {"updated": 1}
    assert cloud.index(names=names) == {}
    with pytest.raises(UsageError, match="/no cannot be read: there is no such object"):
        cloud.index(names=located(f"{cloud.bucket.url}/no"))


def troubles(some: dict[str, list[Trouble]]) -> Callable[[Asked], Trouble]:
    """For the first GETs of a key with this ending, one after another."""
    left = {ending: list(one) for ending, one in some.items()}

    def trouble(asked: Asked) -> Trouble:
        for ending, waiting in left.items():
            if asked.method == "GET" and asked.path.endswith(ending) and waiting:
                return waiting.pop(0)
        return ""

    return trouble


def test_reads_resume_and_a_busy_server_is_asked_again(
    cloud: Cloud, folder: Path, tmp_path: Path
) -> None:
    """Guarantee: a read that breaks off goes on at the range where it did, and nothing is lost by a
    server that is busy. The vectors are those of an undisturbed run."""
    large = tmp_path / "photos" / "large.bmp"
    shutil.copytree(folder, large.parent)
    pixels = np.random.default_rng(0).integers(0, 256, (2400, 2400, 3), np.uint8)
    Image.fromarray(pixels).save(large)  # 17 MB: three ranges
    cloud.bucket.put("trip/large.bmp", large.read_bytes())
    trouble = troubles({
        "/large.bmp": ["", "cut", "cut", ""],
        "/0/0.jpg": ["slow down", "slow down"],
        "/1/1.jpg": ["cut"],
        "/2/2.jpg": ["refuse"],
    })  # fmt: skip
    with proxied(cloud.bucket.server, trouble) as proxy:
        cloud.go_by(proxy.address)
        report = cloud.json("index", cloud.root, "--store", cloud.store, "--model", cloud.model)
        assert did(report) == {"added": COUNT, "failed": 1}
        ranges = Counter(one.range for one in proxy.asked if one.path.endswith("/large.bmp"))
        size, part = large.stat().st_size, 8 * 2**20
        assert ranges == {
            None: 2,  # looked at before, and after the last range
            f"bytes=0-{part - 1}": 1,
            f"bytes={part}-{2 * part - 1}": 3,
            f"bytes={2 * part}-{size}": 1,
        }
        assert proxy.count("GET", "/0/0.jpg") == 3
        assert proxy.count("GET", "/1/1.jpg") == 2
        assert cloud.failures() == {"2/2.jpg": ("read", "the credentials do not allow it")}
        assert cloud.index() == {"updated": 1}, "a refused read is tried by the next run"
        assert proxy.count("GET", "/2/2.jpg") == 2
    with Collection.create(large.parent, model=str(cloud.model)) as collection:
        list(collection.sync())
    assert vectors(cloud.store) == vectors(large.parent / ".sokkuri")


def test_an_object_that_vanishes_before_it_is_read(cloud: Cloud) -> None:
    def trouble(asked: Asked) -> Trouble:
        return "delete first" if asked.path.endswith("/0/0.jpg") else ""

    with proxied(cloud.bucket.server, trouble) as proxy:
        cloud.go_by(proxy.address)
        assert cloud.index() == {"added": COUNT - 1, "failed": 1}
        assert cloud.failures() == {"0/0.jpg": ("read", "there is no such object")}
        assert cloud.index() == {"removed": 1}


def seen_anywhere(secret: str, done: subprocess.CompletedProcess[str], store: Path) -> bool:
    files = [path.read_bytes() for path in store.rglob("*") if path.is_file()]
    return secret in done.stdout + done.stderr or any(secret.encode() in one for one in files)


def test_credentials_are_seen_nowhere(cloud: Cloud) -> None:
    """Guarantee: whatever a server answers, no key, token or signed address reaches the catalog, a
    file of the store, or the terminal. The server of this test repeats the secret in its answers.
    """
    cloud.index(exclude=("2/",))

    def trouble(asked: Asked) -> Trouble:
        return "refuse" if asked.path.endswith(".jpg") else ""

    with proxied(cloud.bucket.server, trouble) as proxy:
        cloud.go_by(proxy.address)
        done = cloud.run("index", "--store", cloud.store, "--exclude", "")
        assert "could not be read" in done.stderr
    assert set(cloud.failures().values()) == {("read", "the credentials do not allow it")}
    for secret in (KEY, SECRET, "Signature", "AWS4"):
        assert not seen_anywhere(secret, done, cloud.store)
    with proxied(cloud.bucket.server, lambda asked: "refuse") as proxy:
        cloud.go_by(proxy.address)
        before = places(cloud.store)
        for arguments in (
            ("index", "--store", cloud.store),
            ("index", f"s3://{KEY}:{SECRET}@{cloud.bucket.name}/trip", "--store", cloud.store),
            ("search", f"{cloud.root}/0/0.jpg?X-Amz-Signature={SECRET}", "-C", cloud.store),
        ):
            done = sokkuri_that_fails(cloud, *arguments)
            assert done.stderr.startswith("sokkuri: ")
            assert done.stderr.count("\n") == 1
            assert not seen_anywhere(SECRET, done, cloud.store)
            assert not seen_anywhere(KEY, done, cloud.store)
        assert places(cloud.store) == before
        with cloud.open() as collection, pytest.raises(StorageError) as refused:
            list(export(collection, located(f"{cloud.bucket.url}/shards"), ExportOptions()))
        assert str(refused.value) == (
            f"{cloud.bucket.url}/shards could not be written: the credentials do not allow it"
        )


def sokkuri_that_fails(cloud: Cloud, *arguments: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*arguments), env={**os.environ, **cloud.environment}, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    return done


def test_what_cannot_be_reached_changes_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """No bucket, a folder that is not there, no server, no credentials, no place for the store."""
    cloud.index()
    before = places(cloud.store)
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = cloud.run("index", "--store", cloud.store, code=1, **nobody)
    assert done.stderr == (
        f"sokkuri: {cloud.root} cannot be listed, so nothing was changed: "
        "no usable credentials are there\n"
    )
    for root, reason in (
        ("s3://no-such-bucket-anywhere", "there is no such bucket or folder"),
        (f"{cloud.bucket.url}/tripp", "there is nothing"),
    ):
        with pytest.raises(CollectionError, match=f"nothing was changed: {reason}"):
            Collection.create(root, store=tmp_path / "new")
        assert not (tmp_path / "new").exists()
    cloud.go_by("http://127.0.0.1:9")
    with pytest.raises(CollectionError, match="the server does not answer, asked 3 times"):
        cloud.index()
    assert places(cloud.store) == before


def test_shards_go_there_and_come_back(cloud: Cloud, tmp_path: Path) -> None:
    cloud.index()
    shards = f"{cloud.bucket.url}/shards"
    done = cloud.json("export", shards, "-C", cloud.store, "--shard-size", 5)
    assert (done["rows"], done["shards"]) == (COUNT, 3)
    for number in range(3):
        for kind in ("features", "object_ids"):
            assert cloud.bucket.get(f"shards/{number:04d}.{kind}.npy").startswith(b"\x93NUMPY")
    with cloud.open() as collection, pytest.raises(UsageError, match="is not an empty folder"):
        list(export(collection, located(shards), ExportOptions()))
    cloud.bucket.put("shards/bad.npy", b"no array")
    taken = ("--root", cloud.root, "--store", tmp_path / "taken", "--model", cloud.model)
    done = cloud.run("import", shards, *taken, "--ids", "path", "--decode", "fast", code=1)
    assert f"{shards}/bad.npy is left out: it is no .npy file" in done.stderr
    assert done.stdout == f"{COUNT} imported, 0 known, 1 refused, 0 files deleted\n"
    assert vectors(tmp_path / "taken") == vectors(cloud.store)
    with cloud.open() as collection, pytest.raises(UsageError, match="is only ever read"):
        list(import_features(collection, located(shards), delete=True))


def test_every_layout_goes_there(cloud: Cloud) -> None:
    cloud.index()
    layouts: tuple[Layout, ...] = ("clip-retrieval", "parquet")
    with cloud.open() as collection:
        for layout in layouts:
            to = located(f"{cloud.bucket.url}/{layout}")
            *_, done = export(collection, to, ExportOptions(layout))
            assert done.rows == COUNT
    assert cloud.bucket.get("clip-retrieval/img_emb/img_emb_0000.npy").startswith(b"\x93NUMPY")
    table = parquet.read_table(
        io.BytesIO(cloud.bucket.get("clip-retrieval/metadata/metadata_0000.parquet"))
    )
    assert f"{cloud.root}/0/0.jpg" in table["image_path"].to_pylist()
    assert parquet.read_table(io.BytesIO(cloud.bucket.get("parquet/part-0000.parquet"))).num_rows


def test_duplicates_are_found_and_stay(cloud: Cloud, folder: Path, tmp_path: Path) -> None:
    cloud.index()
    plan = tmp_path / "plan.json"
    done = cloud.run("duplicates", "-C", cloud.store, "--resolve", plan, code=2)
    assert done.stderr == (
        f"sokkuri: what lies at {cloud.root} is only ever read: no plan can move it to the trash\n"
    )
    assert not plan.exists()
    shutil.copytree(folder / "2", tmp_path / "card")
    with (
        cloud.open() as collection,
        Collection.create(tmp_path / "card", model=str(cloud.model)) as card,
    ):
        list(card.sync())
        *_, last = find_duplicates(collection)
        assert last.groups is not None
        assert [group.ids for group in last.groups] == [("0/0.jpg", "1/small 0.jpg")]
        *_, last = find_against(collection, card)
        assert last.groups is not None
        assert {group.ids[0] for group in last.groups} == {"2/2.jpg", "2/5.jpg", "2/8.jpg"}
        with pytest.raises(UsageError, match="is only ever read"):
            plan_against(collection, card, last.groups)


def test_originals_and_thumbnails_are_served_from_the_bucket(cloud: Cloud, folder: Path) -> None:
    cloud.index()
    id_ = "1/small 0.jpg"
    original = (folder / id_).read_bytes()
    with serving(cloud.store, **cloud.environment) as server:
        address = f"api/v1/images/{encoded(id_)}"
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
        document = server.api(f"images/{encoded(id_)}")
        assert document["path"] == f"{cloud.root}/{id_}"
        v = document["v"]
        kept = server.get(f"/{address}/file", params={"v": v}).headers["cache-control"]
        assert kept == "private, max-age=31536000, immutable"
        cloud.bucket.put(f"trip/{id_}", (folder / "2" / "2.jpg").read_bytes())
        fresh = server.get(f"/{address}/file", params={"v": v})
        assert fresh.headers["cache-control"] == "private, no-cache"
        cloud.bucket.delete(f"trip/{id_}")
        detail = assert_problem(server.get(f"/{address}/file"), 422, "unreadable-image")
        assert detail == "there is no such object"


def test_without_the_extra(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "without" / "fsspec").mkdir(parents=True)
    (tmp_path / "without" / "fsspec" / "__init__.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(tmp_path / "without"), os.environ.get("PYTHONPATH", "")])
    done = cloud.run("index", cloud.root, "--store", cloud.store, code=1, PYTHONPATH=path)
    assert done.stderr == (
        "sokkuri: an address of s3:// needs an optional part: pip install 'sokkuri[cloud]'\n"
    )
    assert not cloud.store.exists()


FORKED = """
import os, pickle, sys
from concurrent.futures import ThreadPoolExecutor
from sokkuri.addresses import located
from sokkuri.reading import read_file
from sokkuri.records import Limits

def read(root):
    with ThreadPoolExecutor(16) as pool:
        return set(pool.map(lambda _: read_file(root, "0/0.jpg", Limits()), range(32)))

root = located(sys.argv[1])
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
