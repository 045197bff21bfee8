"""Extraction on a real Ray cluster of two nodes: the same rows, also if nodes or workers die."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from draw_images import save_drawing
from ray_cluster import TIMEOUT_SECONDS, Cluster, run_ray_cluster, wait_until
from run_cli import (
    RunningCommand,
    as_json,
    assert_sound,
    copy_photos,
    count_rows_in_shards,
    find_real_photos,
    read_positions,
    read_vectors,
    sokkuri,
    start,
)

from sokkuri.indexing.executors import Heartbeat
from sokkuri.indexing.executors.ray import RayExecutor

PHOTOS = 120

DEADLY = '''
"""Make the image library abort on a marked file. Python loads this at start-up."""
import os
import PIL.Image

ordinary = PIL.Image.open

def deadly(file, *arguments, **options):
    if b"crash here" in file.getvalue():
        os.abort()
    return ordinary(file, *arguments, **options)

PIL.Image.open = deadly
'''

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tells processes as Linux does")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(DEADLY)
    with run_ray_cluster(PYTHONPATH=str(site)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real photos, with copies of three of them."""
    folder = copy_photos(tmp_path_factory.mktemp("photos"), find_real_photos(PHOTOS))
    for number, photo in enumerate(sorted(folder.rglob("*.jpg"))[:3]):
        shutil.copyfile(photo, folder / f"again {number}.jpg")
    return folder


@pytest.fixture(scope="module")
def local(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The vectors of a run with local threads."""
    store = tmp_path_factory.mktemp("local") / "store"
    assert as_json("index", photos, "--store", store)["added"] == PHOTOS
    return read_vectors(store)


def ray_options(cluster: Cluster) -> list[str]:
    return ["--executor", "ray", "--address", cluster.address]


def has_actors(cluster: Cluster) -> bool:
    titles = ("ray::Worker", "ray::Host")
    return any(node.workers(title) for node in cluster.nodes for title in titles)


def start_and_pause(cluster: Cluster, photos: Path, store: Path) -> RunningCommand:
    """Start the command, and pause it with SIGSTOP once the first rows are committed and both nodes
    have workers."""
    assert len(cluster.nodes) == 2
    process = start("index", photos, "--store", store, *ray_options(cluster))

    before = len(read_positions(store)) if store.exists() else 0

    def has_rows() -> bool:
        assert process.poll() is None, process.communicate()
        with contextlib.suppress(Exception):
            return len(read_positions(store)) > before
        return False

    wait_until(has_rows, "the commit of a first row")
    process.send_signal(signal.SIGSTOP)
    wait_until(
        lambda: all(node.workers() for node in cluster.nodes), "the start of workers on both nodes"
    )
    return process


def read_messages(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what the command wrote to stderr, without the notes that a busy machine has no room
    yet."""
    return [line for line in done.stderr.splitlines() if "yet" not in line]


def assert_complete(store: Path, local: dict[str, bytes]) -> None:
    """Check that every photo has one row, equal to that of a run with local threads."""
    assert read_vectors(store) == local
    assert count_rows_in_shards(store) == len(local)
    assert_sound(store)


@pytest.mark.full
def test_the_rows_equal_those_of_local_threads(
    cluster: Cluster, photos: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    """Bit for bit, with a network that the nodes did not have. Files with equal bytes are extracted
    once for all nodes, and Ray prints nothing."""
    assert len(cluster.nodes) == 2
    done = sokkuri("index", photos, "--store", tmp_path / "store", *ray_options(cluster), "--json")
    assert read_messages(done) == []
    assert f'"added": {PHOTOS}' in done.stdout
    assert '"reused": 3' in done.stdout
    assert_complete(tmp_path / "store", local)
    wait_until(lambda: not has_actors(cluster), "the end of all actors")


@pytest.mark.full
def test_a_driver_that_ends_leaves_nothing_behind(
    cluster: Cluster, photos: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    """An interrupted and a killed run leave no process on the nodes, and the next run continues. A
    file that moved meanwhile is not extracted again."""
    store = tmp_path / "store"
    process = start_and_pause(cluster, photos, store)
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 130, errors
    assert errors == "sokkuri: interrupted; finished work is kept\n"
    assert_sound(store)
    wait_until(lambda: not has_actors(cluster), "the end of all actors")
    process = start_and_pause(cluster, photos, store)
    process.kill()
    process.communicate()
    wait_until(lambda: not has_actors(cluster), "the end of all actors")
    kept = read_positions(store)
    image = min(kept)
    (photos / image).rename(photos / "moved.jpg")
    try:
        report = as_json("index", photos, "--store", store, *ray_options(cluster))
        now = read_vectors(store)
    finally:
        (photos / "moved.jpg").rename(photos / image)
    assert report["moved"] == 1
    assert report["unchanged"] >= len(kept) - 1 > 0
    now[image] = now.pop("moved.jpg")
    assert now == local
    assert count_rows_in_shards(store) == len(local)


@pytest.mark.full
def test_an_image_that_kills_its_workers_is_a_failure(cluster: Cluster, tmp_path: Path) -> None:
    """Other images of the same batch are no failures."""
    folder = tmp_path / "photos"
    for seed in range(20):
        save_drawing(folder / f"{seed:02d}.png", seed)
    (folder / "07b.png").write_bytes((folder / "07.png").read_bytes() + b"crash here")
    sokkuri("index", folder, *ray_options(cluster))
    status = as_json("status", "-C", folder)
    assert status["total"] == 20
    assert {failure["id"]: failure["reason"] for failure in status["failures"]} == {
        "07b.png": "the image library crashes on it (SIGABRT)"
    }
    assert_sound(folder)


@pytest.mark.full
def test_a_node_that_does_not_see_the_images_is_left_out(cluster: Cluster, tmp_path: Path) -> None:
    """The other one extracts all images, and the rows equal those of local threads."""
    if cluster.covered is None:
        pytest.skip("a node cannot have a view of the disk of its own here")
    assert len(cluster.nodes) == 2
    folder = cluster.covered / "photos"
    for seed in range(8):
        save_drawing(folder / f"{seed:02d}.png", seed)
    done = sokkuri("index", folder, "--store", tmp_path / "store", *ray_options(cluster), "--json")
    lines = read_messages(done)
    assert all(line.startswith("node ") for line in lines)
    assert any(f"is left out: it does not see {folder}: mount it there" in line for line in lines)
    assert '"added": 8' in done.stdout
    assert as_json("index", folder, "--store", tmp_path / "local")["added"] == 8
    assert_complete(tmp_path / "store", read_vectors(tmp_path / "local"))


def test_an_address_without_a_cluster_gives_one_clear_line(tmp_path: Path) -> None:
    """At once, before Ray is imported. test_ray_cluster.py tests other wrong addresses."""
    save_drawing(tmp_path / "photos" / "1.png", 1)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    options = ["--executor", "ray", "--address", address]
    failed = sokkuri("index", tmp_path / "photos", *options, code=1)
    assert failed.stderr == f"sokkuri: no Ray cluster at {address}: connection refused\n"


@pytest.mark.full
def test_nodes_may_die_and_join_during_a_run(cluster: Cluster) -> None:
    """Every item gives one result although a node is killed, and a new node gets workers."""
    assert len(cluster.nodes) == 2
    drawn: list[int] = []
    enough = False

    def items() -> Iterator[int]:
        while not enough:
            drawn.append(len(drawn))
            yield drawn[-1]

    def work(number: int) -> tuple[int, str, int]:
        import ray

        sum(range(100_000))
        return number, ray.get_runtime_context().get_node_id(), os.getpid()

    executor = RayExecutor(cluster.address)
    try:
        assert executor.workers == 2
        notes, found, nodes = [], [], set()
        for result in executor.run(work, items()):
            if isinstance(result, Heartbeat):
                notes.append(result.note)
                continue
            found.append(result[0])
            if result[1] not in nodes:
                nodes.add(result[1])
                if len(nodes) == 2:
                    assert psutil.pid_exists(result[2])
                    cluster.second.kill()
                    cluster.begin_second()
            enough = len(nodes) == 3
    finally:
        executor.close()
    assert sorted(found) == drawn
    assert any("is gone: other workers redo its items" in note for note in notes), notes


@pytest.mark.full
def test_the_items_of_a_killed_worker_and_node_are_redone(
    cluster: Cluster, photos: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    process = start_and_pause(cluster, photos, tmp_path / "store")
    for worker in cluster.head.workers():
        worker.kill()
    cluster.second.kill()
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, errors
    # Whether a worker had a batch depends on the order of events.
    assert re.search(r"died( before it began)?: its process ended", errors), errors
    assert re.search(r"died( before it began)?: its node is gone", errors), errors
    assert "is gone: other workers redo its items" in errors
    assert_complete(tmp_path / "store", local)
