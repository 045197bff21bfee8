"""The benchmark of the pages finds on them all that it measures."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.mark.full
def test_the_benchmark_of_the_pages_measures_a_small_collection() -> None:
    command = [sys.executable, "-m", "benchmarks.pages", "small"]
    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    rows = [line.strip("| ").split(" | ") for line in told.stdout.splitlines() if line[:1] == "|"]
    medians = {row[0]: float(row[3].replace(",", "")) for row in rows[2:]}
    assert len(medians) == 13
    assert min(medians.values()) > 0
