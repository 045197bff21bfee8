"""`make bench`: runs the named benchmarks, or all, and prints their tables."""

import argparse
from importlib import import_module

from benchmarks.harness import machine

BENCHMARKS = {
    "extraction": "Extraction",
    "noop": "A run with nothing to do",
    "search": "Search from a cold start",
}
LONG = {
    "serving": "The server under load",
    "duplicates": "Near-duplicates",
    "duplicates_tried": "What was tried for near-duplicates",
    "suggesting": "What to label next",
    "distances": "What a distance means",
    "scaling": "Threads beside Ray",
    "whole_run": "100,381 photos",
    "search_engines": "Search engines",
    "search_large": "Five million rows",
    "engines": "Engines that others run",
    "bottlenecks": "What bounds a collection beside the network",
    "on_paper": "On paper: 100 million and a billion images",
}
"""Only when named."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join({**BENCHMARKS, **LONG}))
    names = parser.parse_args().names
    if unknown := set(names) - BENCHMARKS.keys() - LONG.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    print(f"Machine: {machine()}\n")
    for name in names or BENCHMARKS:
        title = {**BENCHMARKS, **LONG}[name]
        print(f"## {title}\n\n{import_module(f'benchmarks.{name}').report()}\n")


if __name__ == "__main__":
    main()
