"""Leases: each image has at most one worker, and the end of a process ends its leases."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from synthetic_collection import apply_listing, make_refs

from sokkuri.core.errors import StorageError
from sokkuri.store import leases, processes
from sokkuri.store.catalog import Catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog.create(tmp_path / "catalog.sqlite")
    apply_listing(catalog, make_refs(*(f"{number:03d}" for number in range(100))), run=0)
    yield catalog
    catalog.close()


def test_no_image_is_claimed_twice_and_all_are(catalog: Catalog) -> None:
    first, second = leases.start_run(catalog), leases.start_run(catalog)
    taken = []
    while True:
        batch = leases.lease_images(catalog, first, 7) + leases.lease_images(catalog, second, 5)
        if not batch:
            break
        taken += [job.id for job in batch]
    assert taken == sorted(set(taken))
    assert len(taken) == 100


def test_ending_a_run_gives_back_what_it_holds(catalog: Catalog) -> None:
    run = leases.start_run(catalog)
    leases.lease_images(catalog, run, 60)
    assert leases.count_open_images(catalog) == 40
    leases.end_run(catalog, run)
    assert leases.count_open_images(catalog) == 100
    assert leases.read_runs(catalog) == []


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, StorageError, ValueError])
def test_a_registered_run_gives_back_what_it_holds_however_it_ends(
    catalog: Catalog, tmp_path: Path, error: type[BaseException] | None
) -> None:
    """An open transaction of the run is rolled back."""
    with contextlib.ExitStack() as expected:
        if error is not None:
            expected.enter_context(pytest.raises(error, match="of the run"))
        with leases.registered_run(catalog, tmp_path / "catalog.sqlite") as run:
            leases.lease_images(catalog, run, 60)
            if error is not None:
                catalog.execute("BEGIN")
                raise error("of the run")
    assert leases.count_open_images(catalog) == 100
    assert leases.read_runs(catalog) == []


def test_run_numbers_are_never_used_again(catalog: Catalog) -> None:
    first = leases.start_run(catalog)
    leases.end_run(catalog, first)
    assert leases.start_run(catalog) > first


def test_a_dead_process_is_cleared_at_once(catalog: Catalog) -> None:
    """Guarantee: when a process dies, its leases end at once on the same host, and when their time
    is over on other hosts."""
    code = (
        "import sys; from pathlib import Path; from sokkuri.store import leases;"
        " from sokkuri.store.catalog import Catalog; catalog = Catalog.open(Path(sys.argv[1]));"
        " leases.lease_images(catalog, leases.start_run(catalog), 60)"
    )
    subprocess.run([sys.executable, "-c", code, str(catalog.where)], check=True)
    run = leases.start_run(catalog)
    assert leases.count_stale_leases(catalog) == 60
    assert leases.has_other_leases(catalog, run)
    leases.clear_ended_runs(catalog)
    assert leases.count_open_images(catalog) == 100
    assert [one.run for one in leases.read_runs(catalog)] == [run]


def test_a_process_of_another_host_keeps_its_claims_for_its_lease() -> None:
    now = time.time()
    absent = leases.Run(1, "another host", 1, now, now + 30)
    assert not absent.has_ended(now)
    assert absent.has_ended(now + 31)


def test_a_lease_of_a_clock_that_is_ahead_ends_when_it_is_not_renewed(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guarantee: a dead run of another host blocks others for a minute, whatever its clock says."""
    run = leases.start_run(catalog)
    leases.lease_images(catalog, run, 60)
    catalog.execute("UPDATE runs SET host = 'another host', expires = ?", [time.time() + 86_400])
    assert not leases.has_active_run(catalog)
    moment = time.monotonic()
    watch = leases.LeaseWatch()
    looks = ((0, 0, 40), (59, 0, 40), (60, 1, 40), (119, 0, 40), (121, 0, 100))
    for seconds, renewed, expected in looks:
        monkeypatch.setattr(time, "monotonic", lambda at=moment + seconds: at)
        catalog.execute("UPDATE runs SET expires = expires + ?", [renewed])
        leases.clear_ended_runs(catalog, watch)
        assert leases.count_open_images(catalog) == expected, seconds


@pytest.mark.parametrize("step", [86_400, -86_400])
def test_a_step_of_the_clock_ends_no_live_run(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Its images are free only when it has not renewed its lease for a minute of watching."""
    run = leases.start_run(catalog)
    leases.lease_images(catalog, run, 60)
    later, moment, watch = time.time() + step, time.monotonic(), leases.LeaseWatch()
    monkeypatch.setattr(time, "time", lambda: later)
    assert leases.has_active_run(catalog)
    assert leases.count_stale_leases(catalog) == 0
    for seconds, expected in ((0, 40), (59, 40), (61, 100)):
        monkeypatch.setattr(time, "monotonic", lambda at=moment + seconds: at)
        leases.clear_ended_runs(catalog, watch)
        assert leases.count_open_images(catalog) == expected, seconds


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_of_another_namespace_or_an_earlier_start_is_of_another_place() -> None:
    """Two containers can share a host name, and a host can start anew."""
    mine, now = processes.this_process(), time.time()
    host, boot, namespace = mine.place.split(" ")
    assert not leases.Run(1, *mine, now + 30).has_ended(now)
    assert leases.Run(1, mine.place, mine.pid, mine.born - 1, now + 30).has_ended(now)
    for place in (f"{host} {boot} pid:[1]", f"{host} {boot[::-1]} {namespace}", f"x{mine.place}"):
        assert not leases.Run(1, place, mine.pid, mine.born - 1, now + 30).has_ended(now)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_nobody_waits_for_has_ended() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "from sokkuri.store.processes import *; print(*this_process())"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    *place, pid, born = child.stdout.read().split(" ")
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_alive(processes.Process(" ".join(place), int(pid), float(born)))
    assert int(pid) == child.pid
    child.communicate()


def test_a_process_number_used_again_is_another_process() -> None:
    me, now = psutil.Process(), time.time()
    host = socket.gethostname()
    assert not leases.Run(1, host, me.pid, me.create_time(), now + 30).has_ended(now)
    assert leases.Run(1, host, os.getpid(), me.create_time() - 60, now + 30).has_ended(now)


def test_removed_and_missing_images_are_not_claimed(catalog: Catalog) -> None:
    catalog.execute("UPDATE images SET removed = 1 WHERE id < '010'")
    catalog.execute("UPDATE images SET missing = 1 WHERE id >= '090'")
    jobs = leases.lease_images(catalog, leases.start_run(catalog), 1000)
    assert [job.id for job in jobs] == [f"{number:03d}" for number in range(10, 90)]


def test_a_lease_ends_with_its_block(catalog: Catalog) -> None:
    run = leases.start_run(catalog)
    with leases.keep_lease(catalog.where, run):
        assert leases.has_active_run(catalog)
    leases.end_run(catalog, run)
    assert not leases.has_active_run(catalog)
