"""Benchmarks: `make bench` prints the tables of docs/performance.md. No time is asserted."""

import sys
from pathlib import Path

# Drawn pictures, synthetic collections and test servers are in the helpers of the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
