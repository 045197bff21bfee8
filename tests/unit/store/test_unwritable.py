"""Stores that the reader may not write: it sees every commit, and follows their owner."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from permissions import without_write_access
from synthetic_collection import DIMENSION, Bench, create_empty

from sokkuri.api import Collection
from sokkuri.core.types import Features
from sokkuri.indexing.compact import compact
from sokkuri.search.searcher import Searcher
from sokkuri.store.snapshot import at_one_moment
from sokkuri.store.unwritable import sqlite_version

IDS = [f"{number:02d}" for number in range(20)]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")


def vectors(seed: int = 3) -> Features:
    return np.random.default_rng(seed).random((len(IDS), DIMENSION), np.float32)


@pytest.fixture
def store() -> Iterator[Path]:
    """A store that every user can read. Nobody has it open."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    bench = Bench(create_empty(folder / "photos"))
    bench.add_vectors(vectors(), IDS)
    bench.digests.close()
    bench.collection.close()
    yield folder / "photos" / ".sokkuri"
    shutil.rmtree(folder)


def total(collection: Collection) -> int:
    return collection.status(engines=False).total


def copy_with_log(store: Path) -> Path:
    """Copy a store whose last commits are in the write-ahead log only, without its helper file."""
    copy = store.parent / "copy"
    with Collection.open(store, "ro") as reader, reader.catalog.reading():
        assert reader.rows_per_shard()  # while it reads, the log cannot be emptied
        with Collection.open(store) as writer:
            writer.remove(IDS[:5])
        shutil.copytree(store, copy, ignore=shutil.ignore_patterns("*-shm"))
    assert (copy / "catalog.sqlite-wal").stat().st_size > 0
    return copy


def test_commits_in_the_log_are_seen(store: Path) -> None:
    """Guarantee: a store that cannot be written shows every commit."""
    copy = copy_with_log(store)
    before = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    with without_write_access(copy), Collection.open(copy, "ro") as reader:
        assert total(reader) == 15
        hits = Searcher(reader).search([vectors()[0]], k=20)
        assert {*hits.ids} == {*IDS[5:]}
    after = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    assert after == before


def test_the_private_copy_is_deleted(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = copy_with_log(store)
    place = store.parent / "temporary"
    place.mkdir()
    place.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with without_write_access(copy):
        with Collection.open(copy, "ro") as reader:
            assert total(reader) == 15
            assert [*place.iterdir()]
        assert not [*place.iterdir()]


def test_a_reader_follows_the_owner(store: Path) -> None:
    """The owner opens, writes and closes the store while another user has it open."""
    with without_write_access(store):
        reader = Collection.open(store, "ro")
        searcher = Searcher(reader)
        assert total(reader) == 20
    with closing(reader):
        with Collection.open(store) as owner:
            owner.remove(IDS[:5])
            with without_write_access(store):
                assert total(reader) == 15
                assert {*searcher.search(["07"], k=20).ids} == {*IDS[5:]}
            compact(owner)
            owner.remove(IDS[5:6])
            with without_write_access(store):
                assert {*searcher.search(["07"], k=20).ids} == {*IDS[6:]}
        with Collection.open(store) as owner:
            owner.remove(IDS[6:7])
            compact(owner)
        with without_write_access(store):
            assert total(reader) == 13
            assert {*searcher.search(["07"], k=20).ids} == {*IDS[7:]}


def test_a_read_during_which_the_owner_writes_starts_again(store: Path) -> None:
    """Without helper files there are no locks: pages may change while they are read."""
    with without_write_access(store):
        reader = Collection.open(store, "ro")
    totals: list[int] = []

    def read() -> int:
        totals.append(len(reader.catalog.fetch_all("SELECT 1 FROM images WHERE removed = 0")))
        if len(totals) == 1:
            with Collection.open(store) as owner:
                owner.remove(IDS[:5])
        return totals[-1]

    with closing(reader):
        assert at_one_moment(reader, read) == 15
    assert totals == [20, 15]


def test_the_version_of_an_sqlite_file_changes_with_each_commit(tmp_path: Path) -> None:
    path = tmp_path / "some.sqlite"
    assert sqlite_version(path) == ((-1, 0), (-1, 0)), "neither file exists"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE one (number)")
        before = sqlite_version(path)
        assert sqlite_version(path) == before
        writer.execute("INSERT INTO one VALUES (1)")
        assert sqlite_version(path) != before, "the commit is only in the write-ahead log"
