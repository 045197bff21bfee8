"""Derived files: the version of an SQLite file changes with its content."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sokkuri.store.derived import sqlite_version


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
