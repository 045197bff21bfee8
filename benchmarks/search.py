"""Compare `sokkuri search` from a cold start on 100,000 rows with the article's search."""

import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness import (
    Measurement,
    drop_from_page_cache,
    median_seconds,
    run,
    run_in_turn,
    sokkuri,
    table,
)
from sokkuri.api import Collection
from sokkuri.models import resolve_model
from sokkuri.models.builtin import DEFAULT

ROWS, CLUSTERS, ROUNDS = 100_000, 500, 5
QUERY = "object/0042000.jpg"


def write_collection(root: Path) -> None:
    """Write a collection of synthetic vectors, the same each time.

    They are non-negative and clustered, like pooled ReLU6 outputs: the centres have a gamma
    distribution, and each row is a centre times uniform noise.
    """
    from synthetic_collection import Bench

    root.mkdir()
    model = resolve_model()
    rng = np.random.default_rng(0)
    centres = rng.gamma(0.7, 0.4, (CLUSTERS, model.card.dimension)).astype(np.float32)
    features = centres[rng.integers(0, CLUSTERS, ROWS)]
    features *= rng.uniform(0.4, 1.6, features.shape).astype(np.float32)
    with Collection.create(root) as collection:
        bench = Bench(collection)
        bench.add_vectors(features, [f"object/{number:07d}.jpg" for number in range(ROWS)])
        bench.digests.close()


def stages(command: list[str]) -> str:
    """Return a line on the stages of a search: start of Python, imports, the rest."""
    code = (
        "import time; t = time.perf_counter(); "
        "import sokkuri.cli, sokkuri.api, sokkuri.search.searcher"
    )
    imports = [
        float(run([sys.executable, "-c", f"{code}; print(time.perf_counter() - t)"]).out)
        for _ in range(ROUNDS)
    ]
    start = [run([sys.executable, "-c", "pass"]).seconds for _ in range(ROUNDS)]
    whole = [run(command).seconds for _ in range(ROUNDS)]
    parts = [statistics.median(times) for times in (start, imports, whole)]
    rest = parts[2] - parts[0] - parts[1]
    return (
        f"Of the search by id: Python's start {parts[0]:.2f} s, imports {parts[1]:.2f} s, opening, "
        f"scanning and deciding {rest:.2f} s."
    )


def report() -> str:
    from draw_images import save_drawing

    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "collection"
        # In its own process: the memory of this one would count in the peak of its children.
        run([sys.executable, "-m", "benchmarks.search", str(root)])
        shards = root / ".sokkuri" / "features" / DEFAULT
        photo = save_drawing(Path(name) / "outside.jpg", 7, 800, 600)
        by_id = sokkuri("search", QUERY, "-C", root, "--json", "--metric", "l2")
        by_file = sokkuri("search", photo, "-C", root, "--json")
        script = [sys.executable, "-m", "benchmarks.article", "search", str(shards), QUERY]

        def cold() -> Measurement:
            drop_from_page_cache(shards)
            return run(by_id)

        measurements = run_in_turn(
            {
                "sokkuri, by id": lambda: run(by_id),
                "sokkuri, a photo from outside": lambda: run(by_file),
                "sokkuri, by id, shards not in memory": cold,
                "the article's search": lambda: run(script),
            },
            ROUNDS,
        )
        ours = [hit["id"] for hit in json.loads(measurements["sokkuri, by id"][0].out)["hits"]]
        theirs = [
            line.split()[0] for line in measurements["the article's search"][0].out.splitlines()
        ]
        stages_line = stages(by_id)
    rows = [
        [
            peer,
            f"{median_seconds(measured):.2f} s",
            f"{max(run_.rss for run_ in measured) / 2**20:.0f} MiB",
        ]
        for peer, measured in measurements.items()
    ]
    recall = len(set(ours) & set(theirs)) / len(theirs)
    return (
        f"{ROWS:,} x 1280 synthetic vectors in {CLUSTERS} clusters, k = 10, whole processes, "
        f"median of {ROUNDS}; recall@10 against the article's search: {recall:.2f}.\n\n"
        f"{table(['search', 'whole process', 'peak memory'], rows)}\n\n{stages_line}"
    )


if __name__ == "__main__":
    write_collection(Path(sys.argv[1]))
