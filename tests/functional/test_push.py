"""push, and what works with the engine then: the real command against a real PostgreSQL."""

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
from run_cli import RunningCommand, as_json, sokkuri, start
from run_server import Server, assert_problem, serving
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import UnsupportedError
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.results import Hits, SearchOptions
from sokkuri.search.searcher import Searcher

COUNT, DIMENSION = 2400, 16
QUERY = "1/00005.jpg"


def shard(folder: Path, first: int, count: int) -> Path:
    """A pair of made-up vectors, as the article's scripts would write it."""
    rows = np.random.default_rng(first).standard_normal((count, DIMENSION)).astype(np.float32)
    folder.mkdir(parents=True)
    np.save(folder / "0000.features.npy", rows)
    np.save(
        folder / "0000.object_ids.npy", np.array([name(n) for n in range(first, first + count)])
    )
    return folder


def name(number: int) -> str:
    return f"{number % 4}/{number:05d}.jpg"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of vectors without pictures."""
    folder = tmp_path_factory.mktemp("imported")
    model = write_tiny_model(folder / "tiny.onnx", dimension=DIMENSION)
    (folder / "photos").mkdir()
    sokkuri(
        "import", shard(folder / "made", 0, COUNT), "--store", folder / "store",
        "--root", folder / "photos", "--model", model,
    )  # fmt: skip
    return folder / "store"


class Pushed:
    """A collection, and where it is pushed to."""

    def __init__(self, store: Path, address: str) -> None:
        self.store = store
        self.address = address

    def push(self) -> Any:
        return as_json("push", self.address, "-C", self.store)

    def counts(self) -> tuple[int, int, int, int]:
        """Push by the Python API, which takes a fraction of the time: what it did."""
        with Collection.open(self.store) as collection:
            report = [*collection.push(self.address)][-1].result
        assert report is not None
        return report.added, report.updated, report.deleted, report.unchanged

    def rows(self) -> int:
        """How many the engine holds."""
        with closing(open_engine(self.address)) as engine:
            if engine.info() is None:
                return 0
            return len(np.concatenate([np.empty(0, np.int64), *engine.keys()]))

    def check(self, query: str = QUERY, k: int = 10, least: int = 9, **given: Any) -> Hits:
        """The engine's answer, which is nearly or wholly what a search here finds."""
        options = SearchOptions(**given)
        with Collection.open(self.store, "ro") as collection:
            true = Searcher(collection).search([query], k, options=options)
            with closing(Searcher(collection, self.address)) as searcher:
                found = searcher.search([query], k, options=options)
        assert len(found) == len(true)
        assert len({*found.ids} & {*true.ids}) >= min(least, len(true))
        assert (true.exact, found.exact) == (True, False)
        return found


@pytest.fixture
def store(imported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(imported, tmp_path / "store")


@pytest.fixture
def pushed(store: Path, postgres_server: Postgres) -> Pushed:  # noqa: F811
    """To a table that is not there yet."""
    return Pushed(store, postgres_server.address(f"t{uuid4().hex[:12]}"))


@contextmanager
def stopped(server: Postgres) -> Iterator[None]:
    """Away while the block lasts."""
    server.stop()
    try:
        yield
    finally:
        server.start()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.02)


@contextmanager
def held_up(pushed: Pushed, server: Postgres) -> Iterator[RunningCommand]:
    """A push that has sent some rows and now waits for a lock on the table."""
    table = pushed.address.partition("?")[0].rpartition("/")[2]
    process = start("push", pushed.address, "-C", pushed.store)
    try:
        wait_for(lambda: pushed.rows() > 0)
        locking = server.connect()
        try:
            locking.execute("BEGIN")
            locking.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            wait_for(lambda: locking.execute(waiting).fetchone() != (0,))
            yield process
        finally:
            locking.close()
    finally:
        process.kill()
        process.communicate()


def test_push_and_push_again(store: Path, served_address: str) -> None:  # noqa: F811
    """The second sends nothing; then what changed; `status` says how far each engine is behind."""
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
    sokkuri("import", shard(store.parent / "more", COUNT, 20), "-C", store)
    assert pushed.check(name(COUNT + 5)).ids[0] == name(COUNT + 5), "at once"
    assert pushed.counts() == (20, 0, 1, COUNT - 1)
    assert pushed.rows() == COUNT + 19
    text = sokkuri("status", "-C", store).stdout
    assert f"pushed     {COUNT + 19:,} to {report['address']}, up to date" in text
    with Collection.open(store) as collection:
        collection.restore([gone])
    assert gone in pushed.check().ids, "at once"
    assert pushed.counts() == (1, 0, 0, COUNT + 19)


def test_filters_and_ways_to_search(store: Path, served_address: str) -> None:  # noqa: F811
    pushed = Pushed(store, served_address)
    pushed.counts()
    assert pushed.check(where="id < '1/'").ids
    assert pushed.check(where="id like '%77.jpg'").ids
    assert pushed.check(where="id > '1/'").ids[0] == QUERY
    assert pushed.check(under="2").ids
    assert pushed.check(without=(name(4),)).ids
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


def test_killed_in_the_middle_it_goes_on(pushed: Pushed, postgres_server: Postgres) -> None:  # noqa: F811
    """`kill -9`: what the engine has acknowledged is not sent again."""
    with held_up(pushed, postgres_server) as process:
        process.kill()
        assert process.wait(TIMEOUT_SECONDS) == -9
    there = pushed.rows()
    assert 0 < there < COUNT
    assert pushed.check(least=10).ids[0] == QUERY
    added, updated, deleted, unchanged = pushed.counts()
    assert added + unchanged == COUNT
    assert unchanged >= there - 1000
    assert (updated, deleted, pushed.rows()) == (0, 0, COUNT)
    pushed.check()


def test_an_engine_that_goes_away(pushed: Pushed, postgres_server: Postgres) -> None:  # noqa: F811
    """One line and exit code 1, in the middle as at the start; when it is back, all goes on."""
    away = f"{pushed.address} does not answer ("
    with held_up(pushed, postgres_server) as process, stopped(postgres_server):
        _, said = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 1, said
        assert said.startswith(f"sokkuri: {away}")
        assert said.count("\n") == 1
        for verb in (["push"], ["search", QUERY, "--engine"], ["duplicates", "--engine"]):
            failed = sokkuri(*verb, pushed.address, "-C", pushed.store, code=1)
            assert failed.stderr.startswith(f"sokkuri: {away}")
            assert failed.stderr.count("\n") == 1
        # A server can start before its engine.
        starting = serving(pushed.store, "--engine", pushed.address)
        server = starting.__enter__()
        assert_away(server, pushed)
    try:
        assert pushed.counts()[0] < COUNT
        assert pushed.rows() == COUNT
        assert_served(server, pushed)
        with stopped(postgres_server):
            assert_away(server, pushed)
            assert server.api(f"images/{QUERY}")["id"] == QUERY
        assert_served(server, pushed)
        gone = pushed.check().ids[3]
        with Collection.open(pushed.store) as collection:
            collection.remove([gone])
        assert pushed.counts() == (0, 0, 1, COUNT - 1)
        assert_served(server, pushed)
    finally:
        starting.__exit__(None, None, None)


def assert_away(server: Server, pushed: Pushed) -> None:
    for asked in ({}, {"where": "id > '1/'"}):
        answer = server.get(f"/api/v1/images/{QUERY}/similar", params=asked)
        detail = assert_problem(answer, 503, "engine")
        assert detail.startswith(f"{pushed.address} does not answer (")
        assert answer.headers["retry-after"]


def assert_served(server: Server, pushed: Pushed) -> None:
    """The server finds what a search with the engine finds."""
    told = server.api(f"images/{QUERY}/similar", k=10)
    assert tuple(hit["id"] for hit in told["hits"]) == pushed.check().ids
    assert not told["exact"]


def test_duplicates_are_those_found_here(tmp_path: Path, postgres_server: Postgres) -> None:  # noqa: F811
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


def test_what_is_not_ours_is_left_alone(
    pushed: Pushed, postgres_server: Postgres, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    """Another's table, another model's: a line, and nothing changes. Nor is a secret told or
    kept."""
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
        "import", shard(tmp_path / "made", 0, 5), "--store", tmp_path / "other",
        "--root", tmp_path, "--model", model,
    )  # fmt: skip
    failed = sokkuri("push", pushed.address, "-C", tmp_path / "other", code=1)
    assert "holds vectors of another model" in failed.stderr
    assert pushed.rows() == COUNT


def test_an_address_that_makes_no_sense(pushed: Pushed) -> None:
    """A usage error, which never repeats what may be a secret."""
    address = "pgvector://user:geheim@host/database"
    for verb in (["push"], ["serve", "--no-browser", "--port", 0, "--engine"]):
        failed = sokkuri(*verb, address, "-C", pushed.store, code=2)
        assert failed.stderr.count("\n") == 1
        assert "geheim" not in failed.stderr


def test_without_the_extra_a_line_says_what_to_install(pushed: Pushed, tmp_path: Path) -> None:
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "psycopg.py").write_text("raise ImportError('not installed')")
    failed = sokkuri(
        "push", pushed.address, "-C", pushed.store, code=1, PYTHONPATH=str(tmp_path / "blocked")
    )
    hint = "sokkuri: PostgreSQL needs an optional part: pip install 'sokkuri[pgvector]'\n"
    assert failed.stderr == hint
