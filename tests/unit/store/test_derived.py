"""Derived SQLite files: read wherever the store can be read, and rebuilt if they are of no use."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from permissions import without_write_access

from sokkuri.store.database import Database
from sokkuri.store.derived import open_or_rebuild, open_readonly

KEPT = {"version": "3"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can read, which no folder of pytest is."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def make(path: Path) -> None:
    with open_or_rebuild(path, KEPT, "CREATE TABLE one (number INTEGER)") as tables:
        tables.execute("INSERT INTO one VALUES (7)")


def read(path: Path, kept: dict[str, str] = KEPT) -> list[tuple[int]] | None:
    with open_readonly(path, kept) as tables:
        return None if tables is None else tables.fetch_all("SELECT number FROM one")


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_in_a_folder_that_cannot_be_written_is_read(folder: Path) -> None:
    """SQLite cannot make its helper files there."""
    path = folder / "some.sqlite"
    make(path)
    assert [file.name for file in folder.iterdir()] == [path.name]
    with without_write_access(folder):
        assert read(path) == [(7,)]
        assert read(path, {"version": "4"}) is None
        assert read(folder / "none.sqlite") is None


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_commits_in_its_log_are_read_too(folder: Path) -> None:
    path, copy = folder / "some.sqlite", folder / "copy"
    make(path)
    writer = Database.connect(path, "mode=rw")
    writer.execute("INSERT INTO one VALUES (8)")
    copy.mkdir()
    for file in (path, path.with_name("some.sqlite-wal")):
        shutil.copy(file, copy)
    writer.close()
    with without_write_access(copy):
        assert read(copy / path.name) == [(7,), (8,)]


def test_a_damaged_file_is_not_used(folder: Path) -> None:
    path = folder / "some.sqlite"
    path.write_bytes(b"no SQLite file" * 100)
    assert read(path) is None
    make(path)
    assert read(path) == [(7,)]
