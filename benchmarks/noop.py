"""Measure a run over 100,000 files that has nothing to do."""

import json
import tempfile
from pathlib import Path

from benchmarks.harness import median_seconds, run, run_in_turn, sokkuri, table

FILES, DISTINCT, ROUNDS = 100_000, 100, 3


def report() -> str:
    from draw_images import save_drawing

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photos"
        for number in range(FILES):
            path = folder / f"{number % 256:02x}" / f"{number:06d}.png"
            if number < DISTINCT:
                save_drawing(path, number, 32, 24)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                twin = number % DISTINCT
                path.hardlink_to(folder / f"{twin:02x}" / f"{twin:06d}.png")
        first = run(sokkuri("index", folder, "--json"))
        command = sokkuri("index", folder, "--json")
        (again,) = run_in_turn({"again": lambda: run(command)}, ROUNDS).values()
    inside = [json.loads(run_.out)["seconds"] for run_ in again]
    first_report = json.loads(first.out)
    rows = [[
        f"{FILES:,}", f"{median_seconds(again):.2f} s", f"{sorted(inside)[len(inside) // 2]:.2f} s",
        f"{max(run_.rss for run_ in again) / 2**20:.0f} MiB",
        f"{FILES / first_report['seconds']:,.0f} rows/s",
    ]]  # fmt: skip
    head = ["files", "whole process", "of it listing and comparing", "peak memory",
            "the first run's commits"]  # fmt: skip
    return (
        f"{FILES:,} small files, hard links to {DISTINCT} of them, on a warm disk; median of "
        f"{ROUNDS}. The first run extracts {DISTINCT} and commits a row for each file.\n\n"
        + table(head, rows)
    )
