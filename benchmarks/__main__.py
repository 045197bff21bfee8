"""Run the named benchmarks, or the short ones, and print their tables: `make bench`."""

import argparse
import sys
from importlib import import_module

from benchmarks.harness import describe_machine

BENCHMARKS = {
    "extraction": "Extraction",
    "noop": "A run with nothing to do",
    "search": "Search from a cold start",
}
LONG = {
    "serving": "The server under load",
    "page_load": "The first picture of a page",
    "pages": "The pages on 100,000 pictures",
    "duplicates": "Near-duplicates",
    "duplicate_steps": "Near-duplicates, step by step",
    "duplicates_tried": "Near-duplicates: alternatives and harder edits",
    "keep": "Which image of a group is kept",
    "decode_memory": "Memory of decoding, for 100 megapixels",
    "suggesting": "What to label next",
    "maps": "The map of all pictures",
    "map_sizes": "The map of large collections",
    "distances": "What a distance means",
    "words": "Searches by words",
    "models": "Models on photos of your own",
    "scaling": "Threads and Ray",
    "whole_run": "100,381 photos",
    "search_engines": "Search methods",
    "search_large": "Five million rows",
    "engines": "Vector databases",
    "runtimes": "ONNX Runtime and OpenVINO",
    "image_steps": "The way of an image, step by step",
    "bottlenecks": "Limits of a collection besides the network",
    "on_paper": "Calculated: 100 million and a billion images",
}
"""Benchmarks that run only if they are named."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join({**BENCHMARKS, **LONG}))
    if sys.argv[1:2] == ["models"]:  # it has arguments of its own
        names, arguments = ["models"], sys.argv[2:]
    else:
        names, arguments = parser.parse_args().names, []
    if unknown := set(names) - BENCHMARKS.keys() - LONG.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    print(f"Machine: {describe_machine()}\n")
    for name in names or BENCHMARKS:
        title = {**BENCHMARKS, **LONG}[name]
        report = import_module(f"benchmarks.{name}").report
        print(f"## {title}\n\n{report(arguments) if arguments else report()}\n")


if __name__ == "__main__":
    main()
