"""Benchmarks, printed by `make bench`. See benchmarks/__main__.py."""
