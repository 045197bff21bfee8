"""Leases: each image has at most one worker, and the end of a process ends its leases."""

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

from sokkuri.store import leases
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
