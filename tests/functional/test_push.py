"""push, and searches in the engine, by the real command with a real PostgreSQL."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from draw_images import save_drawing
from duplicate_collection import find_groups, group_members
from engine_servers import (  # noqa: F401 - fixtures
    TIMEOUT_SECONDS,
    Postgres,
    postgres_server,
    served_address,
)
from PIL import Image
from run_cli import RunningCommand, as_json, sokkuri, start, without
from run_server import Server, assert_problem, serving
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import UnsupportedError
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.results import Hits, SearchOptions
from sokkuri.search.searcher import Searcher

COUNT, DIMENSION = 2400, 16
QUERY = "1/00005.jpg"


def write_shard(folder: Path, first: int, count: int) -> Path:
    """Write a shard of made-up vectors as a pair of files in the article's format."""
    rows = np.random.default_rng(first).standard_normal((count, DIMENSION)).astype(np.float32)
    folder.mkdir(parents=True)
    np.save(folder / "0000.features.npy", rows)
    np.save(
        folder / "0000.object_ids.npy",
        np.array([image_name(n) for n in range(first, first + count)]),
    )
    return folder


def image_name(number: int) -> str:
    return f"{number % 4}/{number:05d}.jpg"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of vectors without images."""
    folder = tmp_path_factory.mktemp("imported")
    model = write_tiny_model(folder / "tiny.onnx", dimension=DIMENSION)
    (folder / "photos").mkdir()
    sokkuri(
        "import", write_shard(folder / "made", 0, COUNT), "--store", folder / "store",
        "--root", folder / "photos", "--model", model,
    )  # fmt: skip
    return folder / "store"


class Pushed:
    """A collection and the address of its engine."""

    def __init__(self, store: Path, address: str) -> None:
        self.store = store
        self.address = address

    def push(self) -> Any:
        return as_json("push", self.address, "-C", self.store)

    def counts(self) -> tuple[int, int, int, int]:
        """Push by the Python API, which is faster than the command, and return the counts."""
        with Collection.open(self.store) as collection:
            report = [*collection.push(self.address)][-1].result
        assert report is not None
        return report.added, report.updated, report.deleted, report.unchanged

    def rows(self) -> int:
        """Return the number of vectors in the engine."""
        with closing(open_engine(self.address)) as engine:
            if engine.info() is None:
                return 0
            return len(np.concatenate([np.empty(0, np.int64), *engine.keys()]))

    def check(self, query: str = QUERY, k: int = 10, least: int = 9, **options: Any) -> Hits:
        """Check that the engine finds at least `least` of the exact hits, and return its hits."""
        search_options = SearchOptions(**options)
        with Collection.open(self.store, "ro") as collection:
            expected = Searcher(collection).search([query], k, options=search_options)
            with closing(Searcher(collection, self.address)) as searcher:
                hits = searcher.search([query], k, options=search_options)
        assert len(hits) == len(expected)
        assert len({*hits.ids} & {*expected.ids}) >= min(least, len(expected))
        assert (expected.exact, hits.exact) == (True, False)
        return hits


@pytest.fixture
def store(imported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(imported, tmp_path / "store")


@pytest.fixture
def pushed(store: Path, postgres_server: Postgres) -> Pushed:  # noqa: F811
    """The collection, to be pushed to a new table."""
    return Pushed(store, postgres_server.address(f"t{uuid4().hex[:12]}"))


@contextmanager
def stopped(server: Postgres) -> Iterator[None]:
    """Stop the server while the block lasts."""
    server.stop()
    try:
        yield
    finally:
        server.start()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition does not become true"
        time.sleep(0.02)


@contextmanager
def blocked_push(pushed: Pushed, server: Postgres) -> Iterator[RunningCommand]:
    """Run a push of which the first batch is in the table and in the push log. The second batch
    waits for a lock on the table while the block lasts."""
    push_nothing(pushed)
    table = pushed.address.partition("?")[0].rpartition("/")[2]
    lock = f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
    waiting = f"SELECT 1 FROM pg_locks WHERE relation = '{table}'::regclass AND NOT granted"
    with closing(server.connect()) as locking:
        locking.execute(lock)
        process = start("push", pushed.address, "-C", pushed.store)
        try:
            wait_for(lambda: locking.execute(waiting).fetchone() is not None)
            while locking.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None:
                # The queue of a lock is first in, first out. So one transaction of the push comes
                # before this lock, and the next one waits behind it.
                locking.execute(f"COMMIT; {lock}")
                wait_for(lambda: locking.execute(waiting).fetchone() is not None)
            yield process
        finally:
            process.kill()
            process.communicate()


def push_nothing(pushed: Pushed) -> None:
    """Create the table in the engine by a push of the collection without images."""
    ids = [image_name(number) for number in range(COUNT)]
    with Collection.open(pushed.store) as collection:
        collection.remove(ids)
    assert pushed.counts() == (0, 0, 0, 0)
    with Collection.open(pushed.store) as collection:
        collection.restore(ids)


def test_a_second_push_sends_only_changes(store: Path, served_address: str) -> None:  # noqa: F811
    """A push without changes sends nothing. `status` says how far each engine is behind."""
    pushed = Pushed(store, served_address)
    report = pushed.push()
    assert (report["added"], report["unchanged"]) == (COUNT, 0)
    assert report["recall"]["10"] > 0.9
    assert pushed.rows() == COUNT
    done = sokkuri("push", served_address, "-C", store).stdout
    assert done.startswith(f"{report['address']}: {COUNT:,} unchanged (")
    found = as_json("search", QUERY, "-C", store, "--engine", served_address)
    assert (found["exact"], found["recall"]) == (False, report["recall"]["10"])
    assert found["hits"][0]["id"] == QUERY
    gone = found["hits"][1]["id"]
    with Collection.open(store) as collection:
        collection.remove([gone])
    assert gone not in pushed.check().ids, "at once"
    (state,) = as_json("status", "-C", store)["pushed"]
    assert (state["address"], state["rows"], state["behind"]) == (report["address"], COUNT, 1)
    sokkuri("import", write_shard(store.parent / "more", COUNT, 20), "-C", store)
    assert pushed.check(image_name(COUNT + 5)).ids[0] == image_name(COUNT + 5), "at once"
    assert pushed.counts() == (20, 0, 1, COUNT - 1)
    assert pushed.rows() == COUNT + 19
    text = sokkuri("status", "-C", store).stdout
    assert f"pushed     {COUNT + 19:,} to {report['address']}, up to date" in text
    with Collection.open(store) as collection:
        collection.restore([gone])
    assert gone in pushed.check().ids, "at once"
    assert pushed.counts() == (1, 0, 0, COUNT + 19)


def test_searches_with_filters_use_the_engine(store: Path, served_address: str) -> None:  # noqa: F811
    pushed = Pushed(store, served_address)
    pushed.counts()
    assert pushed.check(where="id < '1/'").ids
    assert pushed.check(where="id like '%77.jpg'").ids
    assert pushed.check(where="id > '1/'").ids[0] == QUERY
    assert pushed.check(under="2").ids
    assert pushed.check(without=(image_name(4),)).ids
    assert len(pushed.check(k=300, least=280)) == 300
    assert len(pushed.check(k=COUNT - 1, least=COUNT - 1)) == COUNT - 1
    assert {*pushed.check(max_distance=0.5).ids} >= {QUERY}
    with (
        Collection.open(store, "ro") as collection,
        closing(Searcher(collection, served_address)) as searcher,
    ):
        assert searcher.search([QUERY], metric="l2").exact
        assert searcher.search([QUERY], options=SearchOptions(mode="exact")).exact
        with pytest.raises(UnsupportedError, match="has no approximate index"):
            searcher.search([QUERY], options=SearchOptions(mode="ann"))


def test_a_killed_push_continues(pushed: Pushed, postgres_server: Postgres) -> None:  # noqa: F811
    """After a `kill -9` acknowledged rows are not sent again."""
    with blocked_push(pushed, postgres_server) as process:
        process.kill()
        assert process.wait(TIMEOUT_SECONDS) == -9
    row_count = pushed.rows()
    assert 0 < row_count < COUNT
    assert pushed.check(least=10).ids[0] == QUERY
    added, updated, deleted, unchanged = pushed.counts()
    assert added + unchanged == COUNT
    assert unchanged == row_count, "the log has each batch that was acknowledged"
    assert (updated, deleted, pushed.rows()) == (0, 0, COUNT)
    pushed.check()


def test_an_engine_that_stops_gives_one_clear_line(
    pushed: Pushed, postgres_server: Postgres  # noqa: F811
) -> None:  # fmt: skip
    """One line and exit code 1, at the start and in the middle. After its return all continues."""
    message = f"{pushed.address} does not answer ("
    with blocked_push(pushed, postgres_server) as process, stopped(postgres_server):
        _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 1, errors
        assert errors.startswith(f"sokkuri: {message}")
        assert errors.count("\n") == 1
        for verb in (["push"], ["search", QUERY, "--engine"], ["duplicates", "--engine"]):
            failed = sokkuri(*verb, pushed.address, "-C", pushed.store, code=1)
            assert failed.stderr.startswith(f"sokkuri: {message}")
            assert failed.stderr.count("\n") == 1
        # A web server can start before its engine.
        starting = serving(pushed.store, "--engine", pushed.address)
        server = starting.__enter__()
        assert_engine_is_away(server, pushed)
    try:
        assert pushed.counts()[0] < COUNT
        assert pushed.rows() == COUNT
        assert_served(server, pushed)
        with stopped(postgres_server):
            assert_engine_is_away(server, pushed)
            assert server.api(f"images/{QUERY}")["id"] == QUERY
        assert_served(server, pushed)
        gone = pushed.check().ids[3]
        with Collection.open(pushed.store) as collection:
            collection.remove([gone])
        assert pushed.counts() == (0, 0, 1, COUNT - 1)
        assert_served(server, pushed)
    finally:
        starting.__exit__(None, None, None)


def assert_engine_is_away(server: Server, pushed: Pushed) -> None:
    for params in ({}, {"where": "id > '1/'"}):
        answer = server.get(f"/api/v1/images/{QUERY}/similar", params=params)
        detail = assert_problem(answer, 503, "engine")
        assert detail.startswith(f"{pushed.address} does not answer (")
        assert answer.headers["retry-after"]


def assert_served(server: Server, pushed: Pushed) -> None:
    """Check that the web server finds the same hits as a search in the engine."""
    document = server.api(f"images/{QUERY}/similar", k=10)
    assert tuple(hit["id"] for hit in document["hits"]) == pushed.check().ids
    assert not document["exact"]


def test_duplicates_by_the_engine_equal_the_local_groups(
    tmp_path: Path, postgres_server: Postgres  # noqa: F811
) -> None:  # fmt: skip
    root = tmp_path / "photos"
    for seed in range(12):
        save_drawing(root / f"{seed}.jpg", seed, 320, 240)
    for seed in range(0, 12, 3):
        with Image.open(root / f"{seed}.jpg") as picture:
            picture.resize((240, 180)).save(root / f"{seed} small.jpg")
            picture.crop((10, 10, 310, 230)).save(root / f"{seed} cropped.jpg")
    sokkuri("index", root)
    here = find_groups(root)
    assert len(here) == 4
    pushed = Pushed(root, postgres_server.address(f"t{uuid4().hex[:12]}"))
    pushed.counts()
    for part in root.glob(".sokkuri/indexes/*/pairs.sqlite*"):
        part.unlink()
    found = as_json("duplicates", "-C", root, "--engine", pushed.address)["groups"]
    assert group_members(found) == group_members(here)
    refused = sokkuri(
        "duplicates", "-C", root, "--engine", pushed.address, "--against", tmp_path, code=2
    )
    assert "--engine has no vectors of the folder that --against names" in refused.stderr


def test_tables_and_vectors_of_others_are_left_alone(
    pushed: Pushed, postgres_server: Postgres, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    """A table of another program or model gives one line and is not changed. No secret is printed
    or stored."""
    table = pushed.address.partition("?")[0].rpartition("/")[2]
    with closing(postgres_server.connect()) as connection:
        connection.execute(f"CREATE TABLE {table} (key bigint)")
        failed = sokkuri("push", pushed.address, "-C", pushed.store, code=1)
        assert "is a table that this sokkuri did not make: name another" in failed.stderr
        connection.execute(f"DROP TABLE {table}")
    failed = sokkuri("search", QUERY, "-C", pushed.store, "--engine", pushed.address, code=1)
    assert "holds nothing of" in failed.stderr
    secret = pushed.address.replace("postgres@", "postgres:geheim@", 1)
    assert as_json("push", secret, "-C", pushed.store)["address"] == pushed.address
    assert "geheim" not in sokkuri("status", "-C", pushed.store).stdout
    for path in pushed.store.rglob("*"):
        assert path.is_dir() or b"geheim" not in path.read_bytes()
    model = write_tiny_model(tmp_path / "other.onnx", dimension=DIMENSION, seed=3)
    sokkuri(
        "import", write_shard(tmp_path / "made", 0, 5), "--store", tmp_path / "other",
        "--root", tmp_path, "--model", model,
    )  # fmt: skip
    failed = sokkuri("push", pushed.address, "-C", tmp_path / "other", code=1)
    assert "holds vectors of another model" in failed.stderr
    assert pushed.rows() == COUNT


def test_a_meaningless_address_is_a_usage_error(pushed: Pushed) -> None:
    """The message does not repeat a possible secret."""
    address = "pgvector://user:geheim@host/database"
    for verb in (["push"], ["serve", "--no-browser", "--port", 0, "--engine"]):
        failed = sokkuri(*verb, address, "-C", pushed.store, code=2)
        assert failed.stderr.count("\n") == 1
        assert "geheim" not in failed.stderr


def test_a_missing_extra_is_named(pushed: Pushed) -> None:
    failed = without("psycopg", "push", pushed.address, "-C", pushed.store, code=1)
    hint = (
        "sokkuri: PostgreSQL needs the extra pgvector: "
        "in sokkuri's environment, run pip install 'sokkuri[pgvector]'\n"
    )
    assert failed.stderr == hint
