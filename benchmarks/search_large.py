"""Five million rows in float16: what a large collection takes. Needs 25 GB of disk, and an hour."""

from benchmarks.search_engines import report as engines

ROWS = 5_000_000


def report() -> str:
    return engines((ROWS,), "float16")
