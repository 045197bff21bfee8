"""Compare exact and approximate search with the peers, on synthetic collections of several sizes.

    python -m benchmarks.search_engines measure REAL.npy ROOT PEER...

`report` writes the collections, builds codes and index with `sokkuri compact`, and measures in a
process on one core. No collection contains the queries. They run one by one, and 64 at once.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import mixtures
from benchmarks.harness import (
    Measurement,
    drop_from_page_cache,
    median_seconds,
    run,
    run_in_turn,
    sokkuri,
    table,
)
from benchmarks.large_collection import append_shard
from benchmarks.peers import PEERS, SLOW_TO_BUILD
from sokkuri.api import Collection
from sokkuri.search.results import Hits, SearchMode, SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.search.vectors.distance import normalised

SIZES = (100_000, 600_000, 1_000_000)
QUERIES, TOGETHER, K = 64, 64, 10
_ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_ENOUGH_SECONDS = 6.0  # for the queries of one engine, one by one
_MEMORY_ROWS = 600_000  # the article's search holds three copies of its rows

Numbers = NDArray[np.int64]


def measure(real: Path, root: Path, peers: Sequence[str]) -> dict[str, Any]:
    """Measure every engine on one collection, and the time until new rows are found."""
    queries = next(mixtures(np.load(real), QUERIES, seed=1))
    with Collection.open(root) as collection:
        searcher = Searcher(collection)
        truth = _sokkuri(searcher, "exact")(queries)
        engines = {"exact": _sokkuri(searcher, "exact"), "approximate": _sokkuri(searcher, "ann")}
        figures: dict[str, Any] = {
            name: _time_queries(ask, queries, truth) for name, ask in engines.items()
        }
        if peers:
            rows = normalised(_rows(collection), "cosine")
            figures |= {name: _peer(name, rows, normalised(queries, "cosine"), truth)
                      for name in peers}  # fmt: skip
            figures["recall in float16"] = _half(rows, normalised(queries, "cosine"), truth)
            del rows
        return {"engines": figures, "fresh": _time_until_found(collection, searcher, real)}


def _sokkuri(searcher: Searcher, mode: SearchMode) -> Callable[[NDArray[np.float32]], Numbers]:
    options = SearchOptions(mode=mode)

    def ask(queries: NDArray[np.float32]) -> Numbers:
        if len(queries) == 1:
            ids = searcher.search([queries[0]], K, options=options).ids
            return np.array([[int(id_[7:15]) for id_ in ids]])
        results = searcher.search_each(list(queries), K, options=options)
        return np.array([[int(id_[7:15]) for id_ in hits.ids] for hits in results
                         if isinstance(hits, Hits)])  # fmt: skip

    return ask


def _peer(
    name: str, rows: NDArray[np.float32], queries: NDArray[np.float32], truth: Numbers
) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        ask = PEERS[name](rows)
    except ImportError:
        return {"missing": True}
    built = time.perf_counter() - started
    return {**_time_queries(ask, queries, truth), "built": built}


def _time_queries(
    ask: Callable[[NDArray[np.float32]], Numbers], queries: NDArray[np.float32], truth: Numbers
) -> dict[str, Any]:
    """Return the milliseconds of a query, one by one (median) and together, and recall@10."""
    ask(queries[:1])
    single, cpu, answers = [], time.process_time(), []
    for query in queries:
        started = time.perf_counter()
        answers.append(ask(query[None])[0])
        single.append(time.perf_counter() - started)
        if sum(single) > _ENOUGH_SECONDS:
            break
    cpu = (time.process_time() - cpu) / len(single)
    recall = np.mean([len({*mine.tolist()} & {*true.tolist()}) / K
                      for mine, true in zip(answers, truth, strict=False)])  # fmt: skip
    together = None
    if sum(single) < _ENOUGH_SECONDS:
        started = time.perf_counter()
        ask(queries[:TOGETHER])
        together = (time.perf_counter() - started) / TOGETHER * 1000
    return {
        "single": float(np.median(single)) * 1000,
        "cpu": cpu * 1000,
        "together": together,
        "recall": float(recall),
    }


def _half(rows: NDArray[np.float32], queries: NDArray[np.float32], truth: Numbers) -> float:
    """Return recall@10 of an exact search among the rows rounded to float16."""
    ask = PEERS["NumPy: product and argpartition"](rows.astype(np.float16).astype(np.float32))
    best = ask(queries)
    return float(np.mean([len({*rows_.tolist()} & {*true.tolist()}) / K
                          for rows_, true in zip(best, truth, strict=True)]))  # fmt: skip


def _rows(collection: Collection) -> NDArray[np.float32]:
    blocks = [collection.shards.map_rows(*shard) for shard in collection.rows_per_shard().items()]
    return np.concatenate(blocks).astype(np.float32)


def _time_until_found(collection: Collection, searcher: Searcher, real: Path) -> float:
    """Return the seconds from the commit of 1,000 rows until a reader finds one of them."""
    shard = max(collection.rows_per_shard()) + 1
    vectors = next(mixtures(np.load(real), 1000, seed=2))
    append_shard(collection, shard, vectors)
    started = time.perf_counter()
    searcher.refresh()
    hits = searcher.search([vectors[7]], 1)
    took = time.perf_counter() - started
    assert hits.ids == (f"object/{shard * 10_000 + 7:08d}.jpg",)
    return took


def measure_size(
    scratch: Path, real: Path, rows: int, peers: Sequence[str], dtype: str = "float32"
) -> tuple[list[list[str]], str]:
    """Return the rows of the table for one size, and a line on building and starting."""
    root = scratch / f"{rows}"
    written = run(
        [
            sys.executable,
            "-m",
            "benchmarks.large_collection",
            str(real),
            str(root),
            str(rows),
            dtype,
        ]
    )
    codes = run(sokkuri("compact", "-C", root, "--ann-from", 10**9))
    ann = run(sokkuri("compact", "-C", root, "--ann-from", 0))
    state = json.loads(run(sokkuri("status", "-C", root, "--json")).out)
    command = [sys.executable, "-m", "benchmarks.search_engines", "measure", real, root, *peers]
    measured = json.loads(run([*map(str, command)], environment=_ONE_CORE).out.splitlines()[-1])
    row_bytes = [_bytes(root, f"indexes/*/*.{kind}") / rows for kind in ("npy", "faiss")]
    line = (
        f"{rows:,} rows ({dtype}; written in {written.seconds:.0f} s): codes made in "
        f"{codes.seconds:.0f} s, {row_bytes[0]:.0f} bytes a row; the approximate index in "
        f"{ann.seconds:.0f} s, {row_bytes[1]:.0f} bytes a row, {ann.rss / 2**30:.1f} GiB at the "
        "most, with mapped shards; its recall@10 by its own measure "
        f"{state['ann']['recall']['10']}. {_starts(root)}. 1,000 rows added: found "
        f"{measured['fresh']:.2f} s after their commit."
    )
    return _lines(rows, measured["engines"]), line


def _bytes(root: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in root.rglob(pattern))


def _starts(root: Path) -> str:
    """Return the times of the whole command, with the collection in the page cache and without."""
    modes = {"exact": "exact", "approximate": "ann"}

    def cold(engine: str) -> Measurement:
        drop_from_page_cache(root)
        return run(sokkuri("search", "object/00000042.jpg", "-C", root, "--search", engine))

    def warm(engine: str) -> Measurement:
        return run(sokkuri("search", "object/00000042.jpg", "-C", root, "--search", engine))

    texts = []
    for name, engine in modes.items():
        inside = run_in_turn({"warm": lambda engine=engine: warm(engine)}, 3)["warm"]  # type: ignore[misc]
        outside = [cold(engine) for _ in range(2)]
        texts.append(
            f"{name} {median_seconds(inside):.2f} s warm, {median_seconds(outside):.2f} s cold"
        )
    return f"The whole command, {'; '.join(texts)}"


def _lines(rows: int, engines: dict[str, Any]) -> list[list[str]]:
    half = engines.pop("recall in float16", None)
    article_ms = engines.get("the article's search", {}).get("single")
    lines = []
    for name, figures in engines.items():
        if "missing" in figures:
            lines.append([f"{rows:,}", name, "not installed", "", "", "", "", ""])
            continue
        together = figures["together"]
        lines.append([
            f"{rows:,}", name, f"{figures['single']:.1f}", f"{figures['cpu']:.1f}",
            "" if together is None else f"{together:.2f}",
            f"{article_ms / figures['single']:.0f}" if article_ms else "",
            f"{figures['recall']:.3f}",
            f"{figures['built']:.0f} s" if "built" in figures else "",
        ])  # fmt: skip
    if half is not None:
        lines.append([f"{rows:,}", "exact, rows in float16", "", "", "", "", f"{half:.3f}", ""])
    return lines


HEAD = ["rows", "search", "ms, one by one", "CPU ms", "ms, 64 at once",
        "times the article's", "recall@10", "time to build"]  # fmt: skip


def report(sizes: Sequence[int] = SIZES, dtype: str = "float32") -> str:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        real = scratch / "real.npy"
        run([sys.executable, "-m", "benchmarks.features", str(real)])
        rows, notes = [], []
        for size in sizes:
            peers = [
                peer for peer in PEERS
                if size <= SIZES[-1]
                and (size <= SIZES[0] or peer not in SLOW_TO_BUILD)
                and (size <= _MEMORY_ROWS or peer != "the article's search")
            ]  # fmt: skip
            more, note = measure_size(scratch, real, size, peers, dtype)
            rows += more
            notes.append(f"- {note}")
    return (
        f"Synthetic collections of 1280-d vectors by `benchmarks/features.py`, cosine, k = {K}, "
        f"{QUERIES} queries that are not in the collection, one core; builds on two.\n\n"
        + table(HEAD, rows)
        + "\n\n"
        + "\n".join(notes)
    )


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])))
