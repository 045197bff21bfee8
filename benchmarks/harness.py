"""What the benchmarks share: the machine's line, whole processes measured in turn, tables.

Figures of one table come from one run, the peers taking turns, because machines are shared and
noisy: ratios count.
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
sys.path.insert(0, str(PROJECT / "tests" / "support"))  # drawn pictures and made-up collections


@dataclass(frozen=True)
class Measured:
    """One process from start to end. rss : bytes, the largest it ever held."""

    seconds: float
    rss: int
    out: str


def machine() -> str:
    """The machine, the versions that matter, the day."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    parts = [f"{name} {version(name)}" for name in ("onnxruntime", "numpy", "pillow")]
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, "
        f"{', '.join(parts)}; {datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    )


def run(*commands: Sequence[str], environment: Mapping[str, str] | None = None) -> Measured:
    """Run the commands side by side, from the first one's start to the last one's end. Raises
    RuntimeError with what it printed if one fails."""
    given = {**os.environ, **(environment or {})}
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        processes = [
            subprocess.Popen(command, cwd=PROJECT, env=given, stdout=out, stderr=subprocess.STDOUT)
            for command in commands
        ]
        ends = [os.wait4(process.pid, 0) for process in processes]
        seconds = time.perf_counter() - started
        out.seek(0)
        text = out.read().decode()
    if any(status for _, status, _ in ends):
        raise RuntimeError(text)
    return Measured(seconds, sum(usage.ru_maxrss * 1024 for _, _, usage in ends), text)


def in_turn(peers: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Each peer once a round, after a round that does not count."""
    found: dict[str, list[Measured]] = {name: [] for name in peers}
    for number in range(rounds + 1):
        for name, peer in peers.items():
            measured = peer()
            if number:
                found[name].append(measured)
    return found


def forget_pages(folder: Path) -> None:
    """Put vectors, codes and indexes below the folder out of the page cache."""
    for path in (*folder.rglob("*.npy"), *folder.rglob("*.faiss")):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(measured: Sequence[Measured]) -> float:
    return statistics.median(one.seconds for one in measured)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def sokkuri(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "sokkuri", *map(str, arguments)]
