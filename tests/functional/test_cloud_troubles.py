"""Failures of a bucket: reads resume, nothing is lost, and no secret is printed or stored."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bucket_fixtures import COUNT, Cloud, nonzero_counts
from PIL import Image
from run_cli import read_positions, read_vectors, start
from s3_server import KEY, SECRET, ProxyRequest, Trouble, run_proxy

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, StorageError
from sokkuri.core.locations import parse_location
from sokkuri.indexing.export import ExportOptions, export


@pytest.fixture
def folder(photos_for_cloud: Path) -> Path:
    return photos_for_cloud


def make_troubles(by_ending: dict[str, list[Trouble]]) -> Callable[[ProxyRequest], Trouble]:
    """Return a `trouble` for the proxy: a list for the first GETs of keys with an ending."""
    remaining = {ending: list(troubles) for ending, troubles in by_ending.items()}

    def trouble(request: ProxyRequest) -> Trouble:
        for ending, waiting in remaining.items():
            if request.method == "GET" and request.path.endswith(ending) and waiting:
                return waiting.pop(0)
        return ""

    return trouble


def test_reads_resume_and_a_busy_server_is_asked_again(
    cloud: Cloud, folder: Path, tmp_path: Path
) -> None:
    """Guarantee: an interrupted read resumes at the range where it stopped, and a busy server loses
    no image. The vectors are those of an undisturbed run."""
    large = tmp_path / "photos" / "large.bmp"
    shutil.copytree(folder, large.parent)
    pixels = np.random.default_rng(0).integers(0, 256, (2400, 2400, 3), np.uint8)
    Image.fromarray(pixels).save(large)  # 17 MB: three ranges
    cloud.bucket.put("trip/large.bmp", large.read_bytes())
    trouble = make_troubles({
        "/large.bmp": ["", "cut", "cut", ""],
        "/0/0.jpg": ["slow down", "slow down"],
        "/1/1.jpg": ["cut"],
        "/2/2.jpg": ["refuse"],
    })  # fmt: skip
    with run_proxy(cloud.bucket.server, trouble) as proxy:
        cloud.use_endpoint(proxy.address)
        report = cloud.json("index", cloud.root, "--store", cloud.store, "--model", cloud.model)
        assert nonzero_counts(report) == {"added": COUNT, "failed": 1}
        ranges = Counter(
            request.range for request in proxy.requests if request.path.endswith("/large.bmp")
        )
        size, part = large.stat().st_size, 8 * 2**20
        assert ranges == {
            None: 2,  # HEAD before the first range and after the last
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
    assert read_vectors(cloud.store) == read_vectors(large.parent / ".sokkuri")


def test_an_object_that_vanishes_before_it_is_read_is_a_failure(cloud: Cloud) -> None:
    def trouble(request: ProxyRequest) -> Trouble:
        return "delete first" if request.path.endswith("/0/0.jpg") else ""

    with run_proxy(cloud.bucket.server, trouble) as proxy:
        cloud.use_endpoint(proxy.address)
        assert cloud.index() == {"added": COUNT - 1, "failed": 1}
        assert cloud.failures() == {"0/0.jpg": ("read", "there is no such object")}
        assert cloud.index() == {"removed": 1}


def appears_anywhere(secret: str, done: subprocess.CompletedProcess[str], store: Path) -> bool:
    files = [path.read_bytes() for path in store.rglob("*") if path.is_file()]
    return secret in done.stdout + done.stderr or any(secret.encode() in data for data in files)


def test_credentials_appear_nowhere(cloud: Cloud) -> None:
    """Guarantee: no key, token or signed address gets into the catalog, a file of the store, or the
    terminal. The proxy of this test repeats the secret in its answers."""
    cloud.index(exclude=("2/",))

    def trouble(request: ProxyRequest) -> Trouble:
        return "refuse" if request.path.endswith(".jpg") else ""

    with run_proxy(cloud.bucket.server, trouble) as proxy:
        cloud.use_endpoint(proxy.address)
        done = cloud.run("index", "--store", cloud.store, "--exclude", "")
        assert "could not be read" in done.stderr
    assert set(cloud.failures().values()) == {("read", "the credentials do not allow it")}
    for secret in (KEY, SECRET, "Signature", "AWS4"):
        assert not appears_anywhere(secret, done, cloud.store)
    with run_proxy(cloud.bucket.server, lambda request: "refuse") as proxy:
        cloud.use_endpoint(proxy.address)
        before = read_positions(cloud.store)
        for arguments in (
            ("index", "--store", cloud.store),
            ("index", f"s3://{KEY}:{SECRET}@{cloud.bucket.name}/trip", "--store", cloud.store),
            ("search", f"{cloud.root}/0/0.jpg?X-Amz-Signature={SECRET}", "-C", cloud.store),
        ):
            done = run_failing_command(cloud, *arguments)
            assert done.stderr.startswith("sokkuri: ")
            assert done.stderr.count("\n") == 1
            assert not appears_anywhere(SECRET, done, cloud.store)
            assert not appears_anywhere(KEY, done, cloud.store)
        assert read_positions(cloud.store) == before
        with cloud.open() as collection, pytest.raises(StorageError) as refused:
            list(export(collection, parse_location(f"{cloud.bucket.url}/shards"), ExportOptions()))
        assert str(refused.value) == (
            f"{cloud.bucket.url}/shards could not be written: the credentials do not allow it"
        )


def run_failing_command(cloud: Cloud, *arguments: object) -> subprocess.CompletedProcess[str]:
    process = start(*arguments, environment=cloud.environment)
    out, errors = process.communicate(timeout=120)
    assert process.returncode in (1, 2)
    assert "Traceback" not in errors
    return subprocess.CompletedProcess([*map(str, arguments)], process.returncode, out, errors)


def test_an_unreachable_bucket_changes_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """Without credentials, bucket, folder or server the command fails and changes nothing."""
    cloud.index()
    before = read_positions(cloud.store)
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = cloud.run("index", "--store", cloud.store, code=1, **nobody)
    assert done.stderr == (
        f"sokkuri: {cloud.root} cannot be listed, so nothing was changed: "
        "there are no usable credentials\n"
    )
    for root, reason in (
        ("s3://no-such-bucket-anywhere", "there is no such bucket or folder"),
        (f"{cloud.bucket.url}/tripp", "there is nothing"),
    ):
        with pytest.raises(CollectionError, match=f"nothing was changed: {reason}"):
            Collection.create(root, store=tmp_path / "new")
        assert not (tmp_path / "new").exists()
    cloud.use_endpoint("http://127.0.0.1:9")
    with pytest.raises(CollectionError, match="the server does not answer, asked 3 times"):
        cloud.index()
    assert read_positions(cloud.store) == before
