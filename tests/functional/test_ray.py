"""Extraction on a real Ray cluster of two nodes: the same rows, whatever dies meanwhile."""

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
    as_json,
    assert_sound,
    command_line,
    copy_photos,
    count_rows_in_shards,
    find_real_photos,
    read_positions,
    read_vectors,
    sokkuri,
)

from sokkuri.indexing.executors import Heartbeat
from sokkuri.indexing.executors.ray import RayExecutor

PHOTOS = 120

DEADLY = '''
"""Loaded at start-up: an image library whose C code aborts on a marked file."""
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
    with run_ray_cluster(PYTHONPATH=str(site)) as made:
        yield made


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real photos, and three of them twice."""
    folder = copy_photos(tmp_path_factory.mktemp("photos"), find_real_photos(PHOTOS))
    for number, photo in enumerate(sorted(folder.rglob("*.jpg"))[:3]):
        shutil.copyfile(photo, folder / f"again {number}.jpg")
    return folder


@pytest.fixture(scope="module")
def local(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The vectors of a run with threads."""
    store = tmp_path_factory.mktemp("local") / "store"
    assert as_json("index", photos, "--store", store)["added"] == PHOTOS
    return read_vectors(store)


def on(cluster: Cluster) -> list[str]:
    return ["--executor", "ray", "--address", cluster.address]


def has_actors(cluster: Cluster) -> bool:
    titles = ("ray::Worker", "ray::Host")
    return any(node.workers(title) for node in cluster.nodes for title in titles)


def begin(cluster: Cluster, photos: Path, store: Path) -> "subprocess.Popen[str]":
    """Start the command, and stop it in its tracks when the first rows are committed and workers
    of both nodes are there: it goes on when it is told to."""
    assert len(cluster.nodes) == 2
    process = subprocess.Popen(
        command_line("index", photos, "--store", store, *on(cluster)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    before = len(read_positions(store)) if store.exists() else 0

    def has_rows() -> bool:
        assert process.poll() is None, process.communicate()
        with contextlib.suppress(Exception):
            return len(read_positions(store)) > before
        return False

    wait_until(has_rows, "a first row")
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: all(node.workers() for node in cluster.nodes), "workers on both nodes")
    return process


def assert_made_up(store: Path, local: dict[str, bytes]) -> None:
    """Every photo has one row, bit for bit that of an undisturbed run with threads."""
    assert read_vectors(store) == local
    assert count_rows_in_shards(store) == len(local)
    assert_sound(store)


def test_the_rows_are_those_of_threads(
    cluster: Cluster, photos: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    """Bit for bit, with a network that the nodes did not have; files with the same bytes are
    extracted once, whichever nodes have them; Ray says nothing."""
    assert len(cluster.nodes) == 2
    done = sokkuri("index", photos, "--store", tmp_path / "store", *on(cluster), "--json")
    assert done.stderr == ""
    assert '"added": 120' in done.stdout
    assert '"reused": 3' in done.stdout
    assert_made_up(tmp_path / "store", local)
    wait_until(lambda: not has_actors(cluster), "an end of all actors")


def test_a_driver_that_ends_leaves_nothing_behind(
    cluster: Cluster, photos: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    """Interrupted it ends in good order, killed it just ends: no process of either stays on the
    nodes, and the next run goes on. A file that moved meanwhile is not extracted again."""
    store = tmp_path / "store"
    process = begin(cluster, photos, store)
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 130, errors
    assert errors == "sokkuri: interrupted; finished work is kept\n"
    assert_sound(store)
    wait_until(lambda: not has_actors(cluster), "an end of all actors")
    process = begin(cluster, photos, store)
    process.kill()
    process.communicate()
    wait_until(lambda: not has_actors(cluster), "an end of all actors")
    kept = read_positions(store)
    one = min(kept)
    (photos / one).rename(photos / "moved.jpg")
    try:
        report = as_json("index", photos, "--store", store, *on(cluster))
        now = read_vectors(store)
    finally:
        (photos / "moved.jpg").rename(photos / one)
    assert report["moved"] == 1
    assert report["unchanged"] >= len(kept) - 1 > 0
    now[one] = now.pop("moved.jpg")
    assert now == local
    assert count_rows_in_shards(store) == len(local)


def test_an_image_that_kills_its_workers_is_a_failure(cluster: Cluster, tmp_path: Path) -> None:
    """It alone: what was in the same hands is not blamed."""
    folder = tmp_path / "photos"
    for seed in range(20):
        save_drawing(folder / f"{seed:02d}.png", seed)
    (folder / "07b.png").write_bytes((folder / "07.png").read_bytes() + b"crash here")
    sokkuri("index", folder, *on(cluster))
    status = as_json("status", "-C", folder)
    assert status["total"] == 20
    assert {failure["id"]: failure["reason"] for failure in status["failures"]} == {
        "07b.png": "the image library crashes on it (SIGABRT)"
    }
    assert_sound(folder)


def test_a_node_that_does_not_see_the_images_is_left_out(cluster: Cluster, tmp_path: Path) -> None:
    if cluster.covered is None:
        pytest.skip("a node cannot have a view of the disk of its own here")
    assert len(cluster.nodes) == 2
    folder = cluster.covered / "photos"
    for seed in range(8):
        save_drawing(folder / f"{seed:02d}.png", seed)
    done = sokkuri("index", folder, "--store", tmp_path / "store", *on(cluster), "--json")
    lines = [line for line in done.stderr.splitlines() if "yet" not in line]  # of a busy machine
    assert all(line.startswith("node ") for line in lines)
    assert any(f"is left out: it does not see {folder}: mount it there" in line for line in lines)
    assert '"added": 8' in done.stdout


def test_an_address_where_no_cluster_is(tmp_path: Path) -> None:
    """One clear line, at once; test_cluster.py has what else is no address."""
    save_drawing(tmp_path / "photos" / "1.png", 1)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    options = ["--executor", "ray", "--address", address]
    failed = sokkuri("index", tmp_path / "photos", *options, code=1)
    assert failed.stderr == f"sokkuri: no Ray cluster at {address}: connection refused\n"


def test_nodes_that_die_and_join(cluster: Cluster) -> None:
    """Every item gives one result though a node is killed, and a node that joins gets workers."""
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


def test_a_worker_and_a_node_that_are_killed_are_made_up(
    cluster: Cluster, photos: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    process = begin(cluster, photos, tmp_path / "store")
    for worker in cluster.head.workers():
        worker.kill()
    cluster.second.kill()
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, errors
    # It depends on who came first whether a worker had something in hand.
    assert re.search(r"died( before it began)?: its process ended", errors), errors
    assert re.search(r"died( before it began)?: its node is gone", errors), errors
    assert "is gone: other workers redo its items" in errors
    assert_made_up(tmp_path / "store", local)
