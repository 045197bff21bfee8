"""Benchmarks: `make bench` prints the tables of docs/performance.md. No time is asserted."""
