"""Shared by the benchmarks: describe the machine, measure whole processes, format tables.

All figures of a table come from one run in which the peers take turns: machines are shared and
noisy, so only ratios are reliable.
"""

import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

PROJECT = Path(__file__).parents[1]
SHARED = PROJECT.parent / "shared" / "data"


@dataclass(frozen=True)
class Measurement:
    """Processes from start to end. seconds : wall time. rss : sum of their peak memory, in bytes.
    out : standard output and error.
    """

    seconds: float
    rss: int
    out: str


def describe_machine() -> str:
    """Return processor, cores, memory, versions of the main packages, and the date."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    parts = [f"{name} {version(name)}" for name in ("onnxruntime", "numpy", "pillow")]
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, "
        f"{', '.join(parts)}; {datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    )


def run(*commands: Sequence[str], environment: Mapping[str, str] | None = None) -> Measurement:
    """Run the commands at the same time. Measure from the first start to the last end.

    Raises RuntimeError with the output if a command fails.
    """
    variables = {**os.environ, **(environment or {})}
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        processes = [
            subprocess.Popen(
                command, cwd=PROJECT, env=variables, stdout=out, stderr=subprocess.STDOUT
            )
            for command in commands
        ]
        ends = [os.wait4(process.pid, 0) for process in processes]
        seconds = time.perf_counter() - started
        out.seek(0)
        text = out.read().decode()
    if any(status for _, status, _ in ends):
        raise RuntimeError(text)
    return Measurement(seconds, sum(usage.ru_maxrss * 1024 for _, _, usage in ends), text)


def run_in_turn(
    peers: Mapping[str, Callable[[], Measurement]], rounds: int
) -> dict[str, list[Measurement]]:
    """Run each peer once a round, and return its measurements. The first round does not count."""
    measurements: dict[str, list[Measurement]] = {name: [] for name in peers}
    for round_number in range(rounds + 1):
        for name, peer in peers.items():
            measurement = peer()
            if round_number:
                measurements[name].append(measurement)
    return measurements


def drop_from_page_cache(folder: Path) -> None:
    """Drop vectors, codes and indexes below the folder from the page cache."""
    for path in (*folder.rglob("*.npy"), *folder.rglob("*.faiss")):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def median_seconds(measurements: Sequence[Measurement]) -> float:
    return statistics.median(measurement.seconds for measurement in measurements)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def sokkuri(*arguments: object) -> list[str]:
    """Return the command line that runs sokkuri with these arguments."""
    return [sys.executable, "-m", "sokkuri", *map(str, arguments)]
