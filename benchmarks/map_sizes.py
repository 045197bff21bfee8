"""Measure how long `sokkuri map` takes on large collections of synthetic vectors, as a process.

    python -m benchmarks.map_sizes [ROWS...]

The vectors are mixtures of those of photos. A collection of a million takes some 2.6 GB of disk.
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import describe_machine, run, sokkuri, table

ROWS = (100_000, 1_000_000)
AIM = 180.0  # seconds, for 100,000


def report(rows: tuple[int, ...] = ROWS) -> str:
    """Return a table with a row for each size."""
    with tempfile.TemporaryDirectory() as name:
        real = Path(name) / "real.npy"
        run([sys.executable, "-m", "benchmarks.features", str(real)])
        lines = [_measure(real, Path(name) / f"{count}", count) for count in rows]
    head = ("pictures", "projected", "placed by neighbours", "seconds", "peak memory, MiB")
    return f"The aim for 100,000 is {AIM:.0f} s.\n\n" + table(head, lines)


def _measure(real: Path, root: Path, rows: int) -> list[str]:
    make = [sys.executable, "-m", "benchmarks.large_collection"]
    run([*make, str(real), str(root), str(rows), "float16"])
    took = run(sokkuri("map", "-C", root, "--json"))
    done, _ = json.JSONDecoder().raw_decode(took.out, took.out.index("{"))
    figures = rows, done["projected"], done["placed"], took.seconds, took.rss / 2**20
    return [f"{figure:,.0f}" for figure in figures]


if __name__ == "__main__":
    sizes = tuple(map(int, sys.argv[1:])) or ROWS
    print(f"Machine: {describe_machine()}\n\n{report(sizes)}")
