"""The catalog is created once, refuses files that it cannot read, and keeps file names exactly."""

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_collection import apply_listing, make_refs

from sokkuri.core.errors import CollectionError, DamagedError, StorageError
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.images import find_image
from sokkuri.store.migrations import SCHEMA_VERSION
from sokkuri.store.shard_table import next_shard_number


def test_creating_twice_opens_the_same(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    first = Catalog.create(path)
    first.set_meta("key", "value")
    second = Catalog.create(path)
    assert second.meta("key") == "value"
    assert second.meta("no such key") is None


@pytest.mark.parametrize("attempt", range(10))
def test_creating_from_many_threads_at_once(attempt: int, tmp_path: Path) -> None:
    """Several processes may start on a new folder at the same time."""
    path, ready, made = tmp_path / "catalog.sqlite", threading.Barrier(6), list[str | None]()

    def create() -> None:
        ready.wait()
        catalog = Catalog.create(path)
        made.append(catalog.meta("schema"))
        catalog.close()

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [str(SCHEMA_VERSION)] * 6


@given(
    names=st.lists(
        st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name), unique=True
    )
)
def test_any_file_name_comes_back(names: list[bytes]) -> None:
    """Names that are not UTF-8 are kept byte for byte."""
    ids = [name.decode("utf-8", "surrogateescape") for name in names]
    catalog = Catalog.in_memory()
    apply_listing(catalog, make_refs(*ids), run=1)
    for id_ in ids:
        row = find_image(catalog, id_)
        assert row is not None
        assert as_text(row.id) == as_text(id_)
    assert catalog.fetch_one("SELECT count(*) FROM images")[0] == len(ids)
    catalog.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite")

    def fail() -> None:
        with catalog.writing():
            catalog.set_meta("key", "value")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert catalog.meta("key") is None
    with catalog.writing():
        catalog.set_meta("key", "again")
    assert catalog.meta("key") == "again"


def test_a_newer_catalog_is_refused(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite")
    catalog.set_meta("schema", "99")
    catalog.close()
    with pytest.raises(CollectionError, match="catalog version 99"):
        Catalog.open(tmp_path / "catalog.sqlite")


@pytest.mark.parametrize("content", [b"", b"not a database" * 100], ids=["empty", "something else"])
def test_what_is_no_catalog_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(content)
    for mode in ("ro", "rw"):
        with pytest.raises(DamagedError, match=r"catalog\.sqlite (was never finished|is damaged)"):
            Catalog.open(tmp_path / "catalog.sqlite", mode)


def test_a_catalog_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened: it is gone"):
        Catalog.open(tmp_path / "catalog.sqlite")
    assert not (tmp_path / "catalog.sqlite").exists()


def test_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    """Guarantee: SQLite syncs its log before a transaction counts (WAL, synchronous FULL)."""
    catalog = Catalog.create(tmp_path / "catalog.sqlite")
    assert catalog.fetch_one("PRAGMA journal_mode")[0] == "wal"
    assert catalog.fetch_one("PRAGMA synchronous")[0] == 2


def test_shard_numbers_start_at_0_and_are_never_used_again(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite")
    numbers = []
    for _ in range(4):
        numbers.append(next_shard_number(catalog))
        catalog.execute("INSERT INTO shards (shard, model) VALUES (?, 1)", [numbers[-1]])
        if len(numbers) == 3:
            catalog.execute("DELETE FROM shards")
    assert numbers == [0, 1, 2, 3]


def test_other_programs_can_read_it(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite")
    apply_listing(catalog, make_refs("写真.jpg"), run=1)
    catalog.close()
    with sqlite3.connect(tmp_path / "catalog.sqlite") as plain:
        assert plain.execute("SELECT id, path, size FROM images").fetchall() == [
            ("写真.jpg", "写真.jpg", 10)
        ]
    plain.close()
