"""Vector databases beside the embedded search: pushing, query times, recall, memory.

    python -m benchmarks.engines ROWS [REAL.npy]
    python -m benchmarks.engines measure REAL.npy ROOT SEARCH [ADDRESS]

All search one collection with the same queries. The servers run on this machine, one after another.
Milvus takes part if SOKKURI_MILVUS_PACKAGE names the folder where `make bench-engines` puts it.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from engine_servers import run_postgres
from milvus_server import run_milvus
from numpy.typing import NDArray

from benchmarks.features import mixtures
from benchmarks.harness import run, sokkuri, table
from sokkuri.api import Collection
from sokkuri.search.results import Hits, SearchMode, SearchOptions
from sokkuri.search.searcher import Searcher

ROWS, QUERIES, K = 100_000, 200, 10
FILTERS = {"": None, "10 %": "id like 'object/%7.jpg'", "1 %": "id like 'object/%37.jpg'"}
"""Filters that leave this share of the rows: by the last digits of the number in an id."""

_ENOUGH_SECONDS = 60.0  # for the queries of one row of the table


@dataclass(frozen=True)
class Server:
    """A running engine. version : as the server reports it. process : id of its first process."""

    name: str
    address: str
    version: str
    process: int

    @property
    def memory(self) -> int:
        """The memory of all its processes in bytes. Shared memory counts once."""
        first = psutil.Process(self.process)
        return sum(
            process.memory_full_info().pss for process in (first, *first.children(recursive=True))
        )


@contextmanager
def _pgvector() -> Iterator[Server]:
    with run_postgres() as server, server.connect() as connection:
        connection.execute("CREATE EXTENSION vector")
        row = connection.execute(
            "SELECT current_setting('server_version') || ', pgvector ' || extversion"
            " FROM pg_extension WHERE extname = 'vector'"
        ).fetchone()
        assert row is not None
        assert server.process is not None
        version = f"PostgreSQL {row[0]}"
        yield Server("pgvector", server.address("photos"), version, server.process.pid)


@contextmanager
def _milvus() -> Iterator[Server | None]:
    package = os.environ.get("SOKKURI_MILVUS_PACKAGE")
    if package is None:
        yield None
        return
    with run_milvus(Path(package)) as server:
        with server.connect() as client:
            version = f"Milvus {client.get_server_version()}"
        assert server.process is not None
        yield Server("Milvus", f"milvus://{server.at}/photos", version, server.process.pid)


def measure(
    real: Path, root: Path, search: SearchMode, address: str | None = None
) -> dict[str, Any]:
    """Return the milliseconds of single queries, median and 99th percentile, and recall@10, by
    filter."""
    queries = next(mixtures(np.load(real), QUERIES, seed=1))
    by_filter: dict[str, Any] = {}
    with (
        Collection.open(root, "ro") as collection,
        closing(Searcher(collection, address)) as searcher,
    ):
        for share, where in FILTERS.items():
            if where is not None and search == "ann":
                continue  # the approximate index cannot filter
            exact = SearchOptions(mode="exact", where=where)
            truth = _id_sets(searcher.search_each(list(queries), K, options=exact))
            options = SearchOptions(mode=search, where=where)
            by_filter[share] = _time_queries(
                lambda query: searcher.search([query], K, options=options),  # noqa: B023
                queries,
                truth,
            )
    return by_filter


def _id_sets(results: Sequence[object]) -> list[set[str]]:
    return [{*hits.ids} for hits in results if isinstance(hits, Hits)]


def _time_queries(
    ask: Callable[[NDArray[np.float32]], Hits], queries: NDArray[np.float32], truth: list[set[str]]
) -> dict[str, float]:
    ask(queries[0])
    times, shares = [], []
    for query, true in zip(queries, truth, strict=True):
        started = time.perf_counter()
        hits = ask(query)
        times.append(time.perf_counter() - started)
        shares.append(len({*hits.ids} & true) / K)
        if sum(times) > _ENOUGH_SECONDS:
            break
    return {
        "p50": float(np.median(times)) * 1000,
        "p99": float(np.quantile(times, 0.99)) * 1000,
        "recall": float(np.mean(shares)),
    }


def _push_row(root: Path, server: Server) -> list[str]:
    """Push the whole collection, and return its row of the table."""
    idle = server.memory
    spent: dict[str, float] = {}
    with Collection.open(root) as collection:
        stage, since, added = "", time.perf_counter(), 0
        for step in collection.push(server.address):
            now = time.perf_counter()
            spent[stage] = spent.get(stage, 0.0) + now - since
            stage, since = step.stage, now
            added = step.result.added if step.result else 0
    again = run(sokkuri("push", server.address, "-C", root))
    return [
        server.version, f"{added / spent['pushing']:,.0f}", f"{spent['indexing']:.0f} s",
        f"{sum(spent.values()):.0f} s", f"{again.seconds:.1f} s",
        f"{idle / 2**20:,.0f} MiB", f"{server.memory / 2**20:,.0f} MiB",
    ]  # fmt: skip


PUSHED = ["server", "rows/s", "index", "in all", "with nothing new", "its memory, idle", "with all"]
SEARCHED = ["search", "filter leaves", "p50 ms", "p99 ms", "recall@10"]


def _search_rows(name: str, by_filter: dict[str, dict[str, float]]) -> list[list[str]]:
    return [
        [
            name,
            share or "all",
            f"{figures['p50']:.1f}",
            f"{figures['p99']:.1f}",
            f"{figures['recall']:.3f}",
        ]
        for share, figures in by_filter.items()
    ]


def report(rows: int = ROWS, given: Path | None = None) -> str:
    push_rows, search_rows = [], []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        real, root = given or scratch / "real.npy", scratch / "collection"
        if given is None:
            run([sys.executable, "-m", "benchmarks.features", str(real)])
        run(
            [
                sys.executable,
                "-m",
                "benchmarks.large_collection",
                str(real),
                str(root),
                str(rows),
                "float32",
            ]
        )
        run(sokkuri("compact", "-C", root, "--ann-from", 0))

        def measured(*arguments: object) -> dict[str, dict[str, float]]:
            command = [sys.executable, "-m", "benchmarks.engines", "measure", real, root]
            done = run([*map(str, (*command, *arguments))])
            by_filter: dict[str, dict[str, float]] = json.loads(done.out.splitlines()[-1])
            return by_filter

        search_rows += _search_rows("embedded, exact", measured("exact"))
        search_rows += _search_rows("embedded, approximate", measured("ann"))
        for opened in (_pgvector, _milvus):
            with opened() as server:
                if server is not None:
                    push_rows.append(_push_row(root, server))
                    search_rows += _search_rows(server.name, measured("auto", server.address))
    return (
        f"{rows:,} synthetic 1280-d vectors by `benchmarks/features.py`, cosine, k = {K}, "
        f"{QUERIES} queries that are not in the collection, one client, server and client on "
        "these cores.\n\n"
        f"{table(PUSHED, push_rows)}\n\n{table(SEARCHED, search_rows)}"
    )


if __name__ == "__main__":
    if sys.argv[1] == "measure":
        print(json.dumps(measure(Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])))  # type: ignore[arg-type]
    else:
        print(report(int(sys.argv[1]), *map(Path, sys.argv[2:])))
