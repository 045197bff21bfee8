"""A file that is replaced is the old one or the new one, never half."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sokkuri.core.atomic import replacing, sqlite_stamp


def test_the_new_file_takes_the_olds_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for content in (b"old", b"new"):
        with replacing(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_the_old_file_is_there_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"


def test_a_stamp_tells_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "some.sqlite"
    assert sqlite_stamp(path) == ((-1, 0), (-1, 0)), "nothing is there"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE one (number)")
        before = sqlite_stamp(path)
        assert sqlite_stamp(path) == before
        writer.execute("INSERT INTO one VALUES (1)")
        assert sqlite_stamp(path) != before, "which lies in the log alone"
