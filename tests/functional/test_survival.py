"""A collection survives kills, several processes and a full disk."""

import json
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import steps
from draw_images import save_drawing
from run_cli import (
    as_json,
    assert_sound,
    command_line,
    copy_photos,
    count_rows_in_shards,
    find_real_photos,
    index_command,
    kill_at_step,
    read_positions,
    read_vectors,
    record_steps,
    sokkuri,
    start,
)
from small_disk import small_disk
from tiny_model import write_tiny_model_with_card

from sokkuri.store.catalog import Catalog

PHOTOS = 200  # three or four batches
MANY = 600  # photos of a run that takes long enough to be killed at random moments

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses Linux's mounts and limits")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick network with long vectors, so that a small disk is soon full."""
    return write_tiny_model_with_card(tmp_path_factory.mktemp("model") / "tiny.onnx", 4096)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_photos(tmp_path_factory.mktemp("photos"), find_real_photos(PHOTOS))


@pytest.fixture(scope="module")
def finished(photos: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of an undisturbed run."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    assert as_json(*index_command(photos, store, model))["added"] == PHOTOS
    assert_sound(store)
    return store


@pytest.fixture(scope="module")
def undisturbed(finished: Path) -> dict[str, bytes]:
    """The vectors of the undisturbed run."""
    return read_vectors(finished)


KILLS = [6, pytest.param(200, marks=pytest.mark.full)]


@pytest.mark.parametrize("count", KILLS)
def test_killed_at_steps_of_a_run(
    photos: Path, model: Path, undisturbed: dict[str, bytes], tmp_path: Path, count: int
) -> None:
    """Guarantee: a `kill -9` at any step loses at most the batch in flight. The next run extracts
    no committed row again, and every photo has exactly one row, equal bit for bit to an undisturbed
    run's."""
    step_names = record_steps(tmp_path / "steps", *index_command(photos, tmp_path / "whole", model))
    assert {"BEGIN", "COMMIT", "UPDATE", "open"} <= {*step_names}
    for step in steps.choose_evenly(step_names, count):
        store = tmp_path / f"store {step}"
        kill_at_step(step, *index_command(photos, store, model))
        kept = read_committed_positions(store)
        report = as_json(*index_command(photos, store, model))
        assert report["total"] == PHOTOS, step
        assert kept.items() <= read_positions(store).items(), (
            f"a committed row was lost at step {step}"
        )
        assert read_vectors(store) == undisturbed, step
        assert count_rows_in_shards(store) == PHOTOS, step
        assert_sound(store)


def read_committed_positions(store: Path) -> dict[str, tuple[int, int]]:
    """Return the positions of the committed rows; none if there is no catalog yet."""
    try:
        return read_positions(store)
    except sqlite3.OperationalError:
        return {}


@pytest.mark.parametrize("count", KILLS)
def test_a_compact_killed_at_any_step_loses_no_row(
    finished: Path, undisturbed: dict[str, bytes], tmp_path: Path, count: int
) -> None:
    """Guarantee: compact is safe to kill at any step."""
    holed = shutil.copytree(finished, tmp_path / "holed")
    gone = sorted(undisturbed)[::3]
    sokkuri("remove", "-C", holed, *gone)
    kept = {id_: vector for id_, vector in undisturbed.items() if id_ not in set(gone)}
    whole = shutil.copytree(holed, tmp_path / "whole")
    step_names = record_steps(tmp_path / "steps", "compact", "-C", whole)
    assert {"COMMIT", "open", "os.remove"} <= {*step_names}
    for step in steps.choose_evenly(step_names, count):
        store = shutil.copytree(holed, tmp_path / f"store {step}")
        kill_at_step(step, "compact", "-C", store)
        assert as_json("status", "-C", store)["total"] == len(kept), step
        assert as_json("compact", "-C", store)["rows_after"] == len(kept), step
        assert read_vectors(store) == kept, step
        assert count_rows_in_shards(store) == len(kept), step
        assert_sound(store)


def run_for(seconds: float, *arguments: object) -> int | None:
    """Run the command and `kill -9` it after `seconds`; None if it was killed."""
    process = start(*arguments)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return None
    finally:
        process.communicate()


@pytest.mark.full
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """The same with the default network, many photos, and ten kills at any moment."""
    photos = copy_photos(tmp_path / "photos", find_real_photos(MANY))
    store, kept = tmp_path / "store", dict[str, tuple[int, int]]()
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    for _ in range(10):
        code = run_for(moments.uniform(0.2, 1.2), "index", photos, "--store", store)
        assert code in (None, 0), f"seed {seed}"
        now = read_committed_positions(store)
        assert kept.items() <= now.items(), f"a committed row was lost, seed {seed}"
        kept = now
    report = as_json("index", photos, "--store", store)
    assert report["total"] == MANY, f"seed {seed}"
    assert kept.items() <= read_positions(store).items(), f"a row was extracted again, seed {seed}"
    sokkuri("index", photos, "--store", tmp_path / "whole")
    assert read_vectors(store) == read_vectors(tmp_path / "whole"), f"seed {seed}"
    assert count_rows_in_shards(store) == MANY, f"seed {seed}"
    assert_sound(store)


def test_three_processes_share_the_work(
    photos: Path, model: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Guarantee: the same command in several terminals shares the work and repeats none of it."""
    store = tmp_path / "store"
    started = [start(*index_command(photos, store, model), "--json") for _ in range(3)]
    outputs = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], outputs
    added = [json.loads(out)["added"] for out, _ in outputs]
    assert sum(added) == PHOTOS, added
    assert read_vectors(store) == undisturbed
    assert count_rows_in_shards(store) == PHOTOS
    assert_sound(store)


def test_the_last_of_three_processes_does_the_work_of_killed_ones(
    photos: Path, model: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Guarantee: a lease ends with its process. The surviving process does the work of the others
    without waiting for the leases to expire."""
    command = [*index_command(photos, tmp_path / "whole", model), "--workers", 1]
    step_names = record_steps(tmp_path / "steps", *command)
    command = [*index_command(photos, tmp_path / "store", model), "--workers", 1]
    survivor = start(*command)
    killing = steps.signal_environment(len(step_names) // 4, signal.SIGKILL)
    victims = [start(*command, environment=killing) for _ in range(2)]
    for victim in victims:
        victim.communicate(timeout=60)
        assert victim.returncode == -signal.SIGKILL
    _, errors = survivor.communicate(timeout=50)
    assert survivor.returncode == 0, errors
    assert read_vectors(tmp_path / "store") == undisturbed
    assert count_rows_in_shards(tmp_path / "store") == PHOTOS
    assert_sound(tmp_path / "store")


@pytest.mark.parametrize("tables", [False, True], ids=["an empty file", "no model yet"])
def test_an_interrupted_creation_is_completed(tables: bool, tmp_path: Path) -> None:
    """After a kill before the collection has its model, the same command completes it."""
    for seed in range(3):
        save_drawing(tmp_path / "photos" / f"{seed}.png", seed)
    catalog = tmp_path / "photos" / ".sokkuri" / "catalog.sqlite"
    catalog.parent.mkdir()
    if tables:
        Catalog.create(catalog).close()
    else:
        catalog.touch()
    unfinished = sokkuri("status", "-C", tmp_path / "photos", code=1)
    assert "was never finished: run `sokkuri index` again" in unfinished.stderr
    assert as_json("index", tmp_path / "photos")["added"] == 3


def test_a_full_disk_gives_one_clear_line(
    photos: Path, model: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Guarantee: a full disk gives one clear line and exit code 1. The collection verifies, and the
    next run completes it when there is space."""
    disk = tmp_path / "disk"
    with small_disk(disk, 4):
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(2 * 2**20))
        failed = sokkuri(*index_command(photos, disk / "store", model), code=1)
        assert failed.stderr.count("\n") == 1, failed.stderr
        assert "disk is full" in failed.stderr
        assert_sound(disk / "store")
        done = read_positions(disk / "store")
        assert 0 < len(done) < PHOTOS
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        assert as_json(*index_command(photos, disk / "store", model))["total"] == PHOTOS
        assert done.items() <= read_positions(disk / "store").items()
        assert read_vectors(disk / "store") == undisturbed
        assert_sound(disk / "store")


def test_a_collection_on_a_read_only_disk_can_be_searched(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    """search, status and verify work on a read-only disk. Other commands give one clear line."""
    disk = tmp_path / "disk"
    with small_disk(disk, 64):
        store = disk / "store"
        assert as_json(*index_command(photos, store, model))["total"] == PHOTOS
        query = min(read_positions(store))
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert as_json("search", query, "-C", store)["hits"][0]["id"] == query
        assert as_json("status", "-C", store)["total"] == PHOTOS
        assert_sound(store)
        for verb in (
            ["index", "-C", store],
            ["remove", "-C", store, query],
            ["compact", "-C", store],
        ):
            failed = sokkuri(*verb, code=1)
            assert failed.stderr.count("\n") == 1, failed.stderr
        elsewhere = sokkuri(*index_command(photos, disk / "another", model), code=1)
        assert "keep the store elsewhere with --store DIR" in elsewhere.stderr
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def test_a_limit_on_file_sizes_gives_one_clear_line(
    photos: Path, model: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """The system refuses larger files, as with a full quota."""
    store = tmp_path / "store"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 * 2**19, 3 * 2**19))

    failed = subprocess.run(
        command_line(*index_command(photos, store, model)),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 1, failed.stderr
    assert failed.stderr.count("\n") == 1, failed.stderr
    assert "full" in failed.stderr
    assert_sound(store)
    assert as_json(*index_command(photos, store, model))["total"] == PHOTOS
    assert read_vectors(store) == undisturbed
    assert_sound(store)


def test_the_originals_are_only_read(photos: Path, model: Path, tmp_path: Path) -> None:
    """Guarantee: originals are only read. With a separate store the bytes, the dates and the folder
    do not change."""
    folder = shutil.copytree(photos, tmp_path / "photos")

    def state() -> dict[str, tuple[bytes, int]]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}

    before, entries = state(), sorted(path.name for path in folder.iterdir())
    store = tmp_path / "store"
    as_json(*index_command(folder, store, model))
    sokkuri("remove", "-C", store, min(read_positions(store)))
    sokkuri("compact", "-C", store)
    sokkuri("verify", "-C", store, "--deep", "--repair")
    assert state() == before
    assert sorted(path.name for path in folder.iterdir()) == entries
