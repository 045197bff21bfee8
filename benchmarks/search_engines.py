"""Searching made-up collections of several sizes: our two ways beside the peers, in one run.

    python -m benchmarks.search_engines measure REAL.npy ROOT PEER...

`report` makes the collections, has what makes them fast built by `sokkuri compact`, and measures in
a process on one core: queries that no collection holds, each by itself and 64 at once.
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
from benchmarks.harness import Measured, forget_pages, in_turn, run, seconds, sokkuri, table
from benchmarks.made import append
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
    """Every engine on one collection, and how soon new rows are found."""
    queries = next(mixtures(np.load(real), QUERIES, seed=1))
    with Collection.open(root) as collection:
        searcher = Searcher(collection)
        truth = _ours(searcher, "exact")(queries)
        engines = {"exact": _ours(searcher, "exact"), "approximate": _ours(searcher, "ann")}
        found: dict[str, Any] = {name: _timed(ask, queries, truth) for name, ask in engines.items()}
        if peers:
            rows = normalised(_rows(collection), "cosine")
            found |= {name: _peer(name, rows, normalised(queries, "cosine"), truth)
                      for name in peers}  # fmt: skip
            found["recall in float16"] = _half(rows, normalised(queries, "cosine"), truth)
            del rows
        return {"engines": found, "fresh": _fresh(collection, searcher, real)}


def _ours(searcher: Searcher, mode: SearchMode) -> Callable[[NDArray[np.float32]], Numbers]:
    options = SearchOptions(mode=mode)

    def ask(queries: NDArray[np.float32]) -> Numbers:
        if len(queries) == 1:
            ids = searcher.search([queries[0]], K, options=options).ids
            return np.array([[int(id_[7:15]) for id_ in ids]])
        found = searcher.search_each(list(queries), K, options=options)
        return np.array([[int(id_[7:15]) for id_ in hits.ids] for hits in found
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
    return {**_timed(ask, queries, truth), "built": built}


def _timed(
    ask: Callable[[NDArray[np.float32]], Numbers], queries: NDArray[np.float32], truth: Numbers
) -> dict[str, Any]:
    """Milliseconds a query, one by one (the median) and together, and recall@10."""
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
    """Recall@10 of an exact search among the rows rounded to float16."""
    found = PEERS["NumPy: product and argpartition"](rows.astype(np.float16).astype(np.float32))
    best = found(queries)
    return float(np.mean([len({*one.tolist()} & {*true.tolist()}) / K
                          for one, true in zip(best, truth, strict=True)]))  # fmt: skip


def _rows(collection: Collection) -> NDArray[np.float32]:
    blocks = [collection.shards.features(*one) for one in collection.rows_per_shard().items()]
    return np.concatenate(blocks).astype(np.float32)


def _fresh(collection: Collection, searcher: Searcher, real: Path) -> float:
    """Seconds from the commit of 1,000 rows until a reader finds one of them."""
    shard = max(collection.rows_per_shard()) + 1
    vectors = next(mixtures(np.load(real), 1000, seed=2))
    append(collection, shard, vectors)
    started = time.perf_counter()
    searcher.refresh()
    hits = searcher.search([vectors[7]], 1)
    took = time.perf_counter() - started
    assert hits.ids == (f"object/{shard * 10_000 + 7:08d}.jpg",)
    return took


def one_size(
    scratch: Path, real: Path, rows: int, peers: Sequence[str], dtype: str = "float32"
) -> tuple[list[list[str]], str]:
    """A row a way to search, and a line on building and starting."""
    root = scratch / f"{rows}"
    made = run([sys.executable, "-m", "benchmarks.made", str(real), str(root), str(rows), dtype])
    codes = run(sokkuri("compact", "-C", root, "--ann-from", 10**9))
    ann = run(sokkuri("compact", "-C", root, "--ann-from", 0))
    state = json.loads(run(sokkuri("status", "-C", root, "--json")).out)
    command = [sys.executable, "-m", "benchmarks.search_engines", "measure", real, root, *peers]
    found = json.loads(run([*map(str, command)], environment=_ONE_CORE).out.splitlines()[-1])
    kept = [_bytes(root, f"indexes/*/*.{kind}") / rows for kind in ("npy", "faiss")]
    line = (
        f"{rows:,} rows ({dtype}; written in {made.seconds:.0f} s): codes made in "
        f"{codes.seconds:.0f} s, {kept[0]:.0f} bytes a row; the approximate index in "
        f"{ann.seconds:.0f} s, {kept[1]:.0f} bytes a row, with {ann.rss / 2**30:.1f} GiB at the "
        "most, mapped shards included; its recall@10 by its own measure "
        f"{state['ann']['recall']['10']}. {_starts(root)}. 1,000 rows added: found "
        f"{found['fresh']:.2f} s after their commit."
    )
    return _lines(rows, found["engines"]), line


def _bytes(root: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in root.rglob(pattern))


def _starts(root: Path) -> str:
    """Whole searches by `sokkuri search`, with the collection in memory and not."""
    ways = {"exact": "exact", "approximate": "ann"}

    def cold(engine: str) -> Measured:
        forget_pages(root)
        return run(sokkuri("search", "object/00000042.jpg", "-C", root, "--search", engine))

    def warm(engine: str) -> Measured:
        return run(sokkuri("search", "object/00000042.jpg", "-C", root, "--search", engine))

    said = []
    for name, engine in ways.items():
        inside = in_turn({"warm": lambda engine=engine: warm(engine)}, 3)["warm"]  # type: ignore[misc]
        outside = [cold(engine) for _ in range(2)]
        said.append(f"{name} {seconds(inside):.2f} s warm, {seconds(outside):.2f} s cold")
    return f"The whole command, {'; '.join(said)}"


def _lines(rows: int, engines: dict[str, Any]) -> list[list[str]]:
    half = engines.pop("recall in float16", None)
    theirs = engines.get("the article's search", {}).get("single")
    lines = []
    for name, one in engines.items():
        if "missing" in one:
            lines.append([f"{rows:,}", name, "not installed", "", "", "", "", ""])
            continue
        together = one["together"]
        lines.append([
            f"{rows:,}", name, f"{one['single']:.1f}", f"{one['cpu']:.1f}",
            "" if together is None else f"{together:.2f}",
            f"{theirs / one['single']:.0f}" if theirs else "", f"{one['recall']:.3f}",
            f"{one['built']:.0f} s" if "built" in one else "",
        ])  # fmt: skip
    if half is not None:
        lines.append([f"{rows:,}", "exact, rows in float16", "", "", "", "", f"{half:.3f}", ""])
    return lines


HEAD = ["rows", "search", "ms, one by one", "CPU ms", "ms, 64 at once",
        "times the article's", "recall@10", "built in"]  # fmt: skip


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
            more, note = one_size(scratch, real, size, peers, dtype)
            rows += more
            notes.append(f"- {note}")
    return (
        f"Made-up collections of 1280-d vectors by `benchmarks/features.py`, cosine, k = {K}, "
        f"{QUERIES} queries from outside, one core; builds on two.\n\n"
        + table(HEAD, rows)
        + "\n\n"
        + "\n".join(notes)
    )


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])))
