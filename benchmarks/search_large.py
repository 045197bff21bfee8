"""Measure searches among five million rows in float16. Needs 25 GB of disk, and an hour."""

from benchmarks.search_engines import report as search_report

ROWS = 5_000_000


def report() -> str:
    return search_report((ROWS,), "float16")
