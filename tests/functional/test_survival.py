"""What a collection survives: kills, several processes, a full disk, an interrupt."""

import contextlib
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from draw_images import save
from run_cli import (
    RunningCommand,
    as_json,
    assert_sound,
    command,
    copy_into,
    places,
    real_photos,
    rows_in_shards,
    sokkuri,
    start,
    vectors,
)

from sokkuri.store.catalog import Catalog

PHOTOS = 600

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses Linux's mounts and limits")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_into(tmp_path_factory.mktemp("photos"), real_photos(PHOTOS))


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The vectors of a run that nothing disturbed."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    report = as_json("index", photos, "--store", store)
    assert report["added"] == PHOTOS
    assert_sound(store)
    return vectors(store)


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


def test_killed_at_random_moments(
    photos: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Guarantee: a `kill -9` at any moment loses at most the batch in flight. Ten kills, and every
    photo has exactly one row, equal bit for bit to an undisturbed run's; no committed row was
    extracted again."""
    store, kept = tmp_path / "store", dict[str, tuple[int, int]]()
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    for _ in range(10):
        code = run_for(moments.uniform(0.2, 1.2), "index", photos, "--store", store)
        assert code in (None, 0), f"seed {seed}"
        if (store / "catalog.sqlite").exists():
            with contextlib.suppress(Exception):
                now = places(store)
                assert kept.items() <= now.items(), f"a committed row was lost, seed {seed}"
                kept = now
    report = as_json("index", photos, "--store", store)
    assert report["total"] == PHOTOS, f"seed {seed}"
    now = places(store)
    assert kept.items() <= now.items(), f"a committed row was extracted again, seed {seed}"
    assert vectors(store) == undisturbed, f"seed {seed}"
    assert rows_in_shards(store) == PHOTOS, f"seed {seed}"
    assert_sound(store)


def test_three_processes_share_the_work(
    photos: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Guarantee: starting the same command in several terminals shares the work, and nothing is
    done twice."""
    store = tmp_path / "store"
    started = [start("index", photos, "--store", store, "--json") for _ in range(3)]
    outputs = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], outputs
    added = [json.loads(out)["added"] for out, _ in outputs]
    assert sum(added) == PHOTOS, added
    assert vectors(store) == undisturbed
    assert rows_in_shards(store) == PHOTOS
    assert_sound(store)


def test_three_processes_of_which_two_are_killed(
    photos: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Guarantee: a claim does not outlive its process: the one that is left does the others'
    share too, without waiting for a lease."""
    store = tmp_path / "store"
    survivor = start("index", photos, "--store", store, "--workers", "1")
    victims = [start("index", photos, "--store", store, "--workers", "1") for _ in range(2)]
    for victim in victims:
        with contextlib.suppress(subprocess.TimeoutExpired):
            victim.wait(timeout=1.5)
        victim.kill()
        victim.communicate()
    _, errors = survivor.communicate(timeout=50)
    assert survivor.returncode == 0, errors
    assert vectors(store) == undisturbed
    assert rows_in_shards(store) == PHOTOS
    assert_sound(store)


@pytest.mark.parametrize("tables", [False, True], ids=["an empty file", "no model yet"])
def test_a_collection_whose_making_was_cut_short_is_made(tables: bool, tmp_path: Path) -> None:
    """Killed before the new collection has its model: the same command makes it."""
    for seed in range(3):
        save(tmp_path / "photos" / f"{seed}.png", seed)
    catalog = tmp_path / "photos" / ".sokkuri" / "catalog.sqlite"
    catalog.parent.mkdir()
    if tables:
        Catalog.create(catalog).close()
    else:
        catalog.touch()
    unfinished = sokkuri("status", "-C", tmp_path / "photos", code=1)
    assert "was never finished: run `sokkuri index` again" in unfinished.stderr
    assert as_json("index", tmp_path / "photos")["added"] == 3


def test_an_interrupt_keeps_what_was_done(photos: Path, tmp_path: Path) -> None:
    """Ctrl-C: stops within two seconds, exit 130, what was done is kept."""
    store = tmp_path / "store"
    process = start("index", photos, "--store", store)
    wait_for_rows(store, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=2)
    assert process.returncode == 130, errors
    assert errors == "sokkuri: interrupted; what was done is kept\n"
    done = places(store)
    assert 0 < len(done) < PHOTOS
    assert_sound(store)
    report = as_json("index", photos, "--store", store)
    assert report["unchanged"] == len(done)
    assert report["added"] == PHOTOS - len(done)
    assert done.items() <= places(store).items()


def test_an_interrupt_that_gets_lost_ends_the_run_all_the_same(tmp_path: Path) -> None:
    """Ctrl-C stops within two seconds in any case: here the main thread swallows it."""
    code = (
        "import sys, threading\n"
        "from sokkuri.cli.signals import end_in_time\n"
        "end_in_time()\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        "    threading.Event().wait()\n"
        "except KeyboardInterrupt:\n"
        "    threading.Event().wait()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert errors == "sokkuri: interrupted; what was done is kept\n"


def wait_for_rows(store: Path, process: RunningCommand) -> None:
    """Until the first batch is committed."""
    while process.poll() is None:
        with contextlib.suppress(Exception):
            if places(store):
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
    pytest.fail("the run ended before it could be disturbed")


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A tmpfs of that size on `folder`; skips the test where mounting is not allowed."""
    folder.mkdir()
    size = f"size={megabytes}m"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_fills(photos: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Guarantee: a full disk is one clear line and exit 1; the collection still verifies, and
    after space is freed the next run finishes."""
    disk = tmp_path / "disk"
    with small_disk(disk, 4):
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(2 * 2**20))
        failed = sokkuri("index", photos, "--store", disk / "store", code=1)
        assert failed.stderr.count("\n") == 1, failed.stderr
        assert "disk is full" in failed.stderr
        assert_sound(disk / "store")
        done = places(disk / "store")
        assert 0 < len(done) < PHOTOS
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        assert as_json("index", photos, "--store", disk / "store")["total"] == PHOTOS
        assert done.items() <= places(disk / "store").items()
        assert vectors(disk / "store") == undisturbed
        assert_sound(disk / "store")


def test_a_disk_that_is_read_only(photos: Path, tmp_path: Path) -> None:
    """A collection on a read-only medium can be searched, looked at and checked; what would write
    is one clear line."""
    disk = tmp_path / "disk"
    with small_disk(disk, 64):
        store = disk / "store"
        assert as_json("index", photos, "--store", store)["total"] == PHOTOS
        query = min(places(store))
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
        elsewhere = sokkuri("index", photos, "--store", disk / "another", code=1)
        assert "keep the store elsewhere with --store DIR" in elsewhere.stderr
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def test_a_limit_on_file_sizes(photos: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """The same where the system refuses larger files, as a full quota does."""
    store = tmp_path / "store"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    failed = subprocess.run(
        command("index", photos, "--store", store),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 1, failed.stderr
    assert failed.stderr.count("\n") == 1, failed.stderr
    assert "full" in failed.stderr
    assert_sound(store)
    assert as_json("index", photos, "--store", store)["total"] == PHOTOS
    assert vectors(store) == undisturbed
    assert_sound(store)


def test_compact_killed_at_random_moments(
    photos: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """Guarantee: compact is safe to kill at any moment."""
    store = tmp_path / "store"
    as_json("index", photos, "--store", store)
    gone = sorted(undisturbed)[::3]
    sokkuri("remove", "-C", store, *gone)
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    for _ in range(10):
        run_for(moments.uniform(0.1, 0.35), "compact", "-C", store)
        assert as_json("status", "-C", store)["total"] == PHOTOS - len(gone), f"seed {seed}"
    report = as_json("compact", "-C", store)
    assert report["rows_after"] == PHOTOS - len(gone)
    kept = {id_: vector for id_, vector in undisturbed.items() if id_ not in set(gone)}
    assert vectors(store) == kept, f"seed {seed}"
    assert rows_in_shards(store) == len(kept)
    assert_sound(store)


def test_the_originals_are_only_read(photos: Path, tmp_path: Path) -> None:
    """Guarantee: originals are only ever read: neither bytes nor time stamps change, nor the
    folder, when the store is kept elsewhere."""
    folder = shutil.copytree(photos, tmp_path / "photos")

    def state() -> dict[str, tuple[bytes, int]]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}

    before, entries = state(), sorted(path.name for path in folder.iterdir())
    store = tmp_path / "store"
    as_json("index", folder, "--store", store)
    sokkuri("remove", "-C", store, min(places(store)))
    sokkuri("compact", "-C", store)
    sokkuri("verify", "-C", store, "--deep", "--repair")
    assert state() == before
    assert sorted(path.name for path in folder.iterdir()) == entries
