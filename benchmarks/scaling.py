"""Compare extraction on Ray with extraction in threads: one worker each, then two workers each.

The Ray nodes are on this machine and have one CPU each. Both sides have the same cores, so the
difference is the cost of Ray. The rate is measured from the commits: from the moment when a tenth
of the rows is committed to the moment when all are.
"""

import contextlib
import json
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import sokkuri, table
from benchmarks.whole_run import write_photos
from sokkuri.models.builtin import DEFAULT

COUNT, ROUNDS = 2000, 2
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Run:
    """One whole process. wall : seconds. steady : images/s, from a tenth of the rows to all."""

    wall: float
    steady: float


@contextlib.contextmanager
def cluster(nodes: int) -> Iterator[str]:
    """Run a Ray cluster with this number of nodes, and give its address."""
    from ray_cluster import run_ray_cluster

    with run_ray_cluster(nodes) as running:
        yield running.address


def index(photos: Path, store: Path, *options: object) -> Run:
    shutil.rmtree(store, ignore_errors=True)
    started = time.perf_counter()
    process = subprocess.Popen(
        sokkuri("index", photos, "--store", store, "--json", *options),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    samples: list[tuple[float, int]] = []
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(store, samples, ended))
    watcher.start()
    out, _ = process.communicate()
    wall = time.perf_counter() - started
    ended.set()
    watcher.join()
    if process.returncode or json.loads(out)["added"] != COUNT:
        raise RuntimeError(out)
    begin = next(sample for sample in samples if sample[1] >= COUNT // 10)
    done = next(sample for sample in samples if sample[1] == COUNT)
    return Run(wall, (done[1] - begin[1]) / (done[0] - begin[0]))


def _watch(store: Path, samples: list[tuple[float, int]], ended: threading.Event) -> None:
    """Append the time and the number of committed rows to `samples`, until `ended` is set."""
    last = False
    while not last:
        last = ended.wait(_POLL_SECONDS)
        with contextlib.suppress(sqlite3.Error):
            where = f"file:{store / 'catalog.sqlite'}?mode=ro"
            with contextlib.closing(sqlite3.connect(where, uri=True)) as catalog:
                ((rows,),) = catalog.execute(
                    "SELECT count(*) FROM images WHERE shard IS NOT NULL"
                ).fetchall()
            if not samples or rows > samples[-1][1]:
                samples.append((time.perf_counter(), rows))


def compare(photos: Path, store: Path, workers: int) -> tuple[Sequence[Run], Sequence[Run]]:
    """Run threads and Ray in turn, and return their runs. The first round does not count."""
    threads: list[Run] = []
    ray: list[Run] = []
    with cluster(workers) as address:
        peers: tuple[tuple[list[Run], Callable[[], Run]], ...] = (
            (threads, lambda: index(photos, store, "--workers", workers)),
            (ray, lambda: index(photos, store, "--executor", "ray", "--address", address)),
        )
        for number in range(ROUNDS + 1):
            for runs, peer in peers:
                run = peer()
                if number:
                    runs.append(run)
    return threads, ray


def report() -> str:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        photos, store = Path(name) / "photos", Path(name) / "store"
        size = write_photos(photos, COUNT) / COUNT
        for workers in (1, 2):
            threads, ray = compare(photos, store, workers)
            steady = [statistics.median(run.steady for run in runs) for runs in (threads, ray)]
            wall = [statistics.median(run.wall for run in runs) for runs in (threads, ray)]
            rows.append([
                f"{workers} against {workers}", f"{steady[0]:.1f}", f"{steady[1]:.1f}",
                f"{100 * (1 - steady[1] / steady[0]):.1f} %",
                f"{wall[0]:.1f} s", f"{wall[1]:.1f} s",
            ])  # fmt: skip
    head = ["workers", "threads, images/s", "Ray, images/s", "Ray costs",
            "threads, whole process", "Ray, whole process"]  # fmt: skip
    return (
        f"{COUNT:,} photos of {size / 1000:.0f} kB on average, {DEFAULT}; threads against "
        f"Ray's nodes with one CPU each on the same machine, in turn, median of {ROUNDS}. "
        "images/s: between the moments when a tenth and when all of the rows are committed.\n\n"
        + table(head, rows)
    )
