"""The comparison of a listing with the catalog: new, changed, returned, vanished."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.types import FileRef, FileStat
from sokkuri.indexing.diff import Changes, apply_changes, compare
from sokkuri.store.catalog import Catalog
from sokkuri.store.listing import add_listed, begin_listing

names = st.sampled_from(["a", "b", "c", "d", "写真", "caf\udce9", "new\nline"])
folders = st.dictionaries(names, st.tuples(st.integers(1, 2), st.integers(1, 2)))


def refs(folder: dict[str, tuple[int, int]]) -> list[FileRef]:
    return [FileRef(name, name, FileStat(size, time)) for name, (size, time) in folder.items()]


def extract_all(catalog: Catalog) -> None:
    """Do what a run does with all open images."""
    catalog.execute(
        "UPDATE images SET shard = 0, row = key, todo = 0 WHERE todo = 1 AND missing IS NULL"
    )


@given(history=st.lists(folders, min_size=1, max_size=6), finished=st.booleans())
def test_the_comparison_counts_what_a_run_writes(
    history: list[dict[str, tuple[int, int]]], finished: bool
) -> None:
    """A dry run counts what a run does; afterwards the catalog equals the folder."""
    catalog = Catalog.in_memory()
    for run, folder in enumerate(history, start=1):
        gone = lambda path: path not in folder  # noqa: B023, E731 - used within this round
        begin_listing(catalog)
        add_listed(catalog, refs(folder))
        expected = compare(catalog, gone, retry_failed=False)
        assert apply_changes(catalog, run, gone, retry_failed=False) == expected
        present = catalog.fetch_all("SELECT id, size, mtime_ns FROM images WHERE missing IS NULL")
        assert {id_: (size, time) for id_, size, time in present} == folder
        assert compare(catalog, gone, retry_failed=False) == Changes(len(folder), 0, 0, 0, 0, 0, 0)
        if finished:
            extract_all(catalog)
    catalog.close()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.in_memory()


def listing(catalog: Catalog, folder: dict[str, tuple[int, int]], run: int = 1) -> Changes:
    begin_listing(catalog)
    add_listed(catalog, refs(folder))
    return apply_changes(catalog, run, lambda path: path not in folder, retry_failed=False)


def test_an_unlisted_file_that_still_exists_has_not_vanished(catalog: Catalog) -> None:
    """Its folder may be unreadable, or another process may have just listed it."""
    listing(catalog, {"a": (1, 1), "b": (1, 1)})
    begin_listing(catalog)
    found = apply_changes(catalog, 2, lambda path: path == "b", retry_failed=False)
    assert found.vanished == 1
    assert catalog.fetch_all("SELECT id FROM images WHERE missing = 2") == [("b",)]


def test_a_file_with_another_ctime_is_read_again(catalog: Catalog) -> None:
    """Size and time stamp are as before. A file that took this name, or new bytes with the old time
    stamp, show in the ctime alone."""

    def run(ctimes: dict[str, int | None], *, rehash: bool = False) -> int:
        begin_listing(catalog)
        add_listed(
            catalog,
            [FileRef(name, name, FileStat(5, 1), ctime) for name, ctime in ctimes.items()],
        )
        expected = compare(catalog, lambda _: False, retry_failed=False, rehash=rehash)
        found = apply_changes(catalog, 1, lambda _: False, retry_failed=False, rehash=rehash)
        assert found == expected
        todo = catalog.fetch_one("SELECT count(*) FROM images WHERE todo = 1")[0]
        extract_all(catalog)
        assert found.changed + found.new == todo
        return found.changed

    first: dict[str, int | None] = {"a": 1, "b": 2, "c": 3}
    assert run(first) == 0
    assert run(first) == 0
    assert run({"a": 10, "b": 2, "c": 30}) == 2
    assert run({"a": 10, "b": 2, "c": 30}) == 0
    assert run(dict.fromkeys(first)) == 0, "no ctime is known"
    assert run(first) == 0, "and none was before"
    assert run(first, rehash=True) == 3


def test_failed_reads_are_always_retried_and_other_failures_on_request(catalog: Catalog) -> None:
    folder = {"a": (1, 1), "b": (1, 1)}
    listing(catalog, folder)
    catalog.execute("UPDATE images SET todo = 0, stage = 'read', reason = '' WHERE id = 'a'")
    catalog.execute("UPDATE images SET todo = 0, stage = 'decode', reason = '' WHERE id = 'b'")
    assert listing(catalog, folder).retried == 1
    begin_listing(catalog)
    add_listed(catalog, refs(folder))
    assert compare(catalog, lambda _: False, retry_failed=True).retried == 2


def test_a_failed_image_that_changed_is_read_again(catalog: Catalog) -> None:
    listing(catalog, {"a": (1, 1)})
    catalog.execute("UPDATE images SET todo = 0, stage = 'decode', reason = 'damaged'")
    assert listing(catalog, {"a": (1, 1)}).changed == 0
    assert listing(catalog, {"a": (1, 2)}).changed == 1
    assert catalog.fetch_one("SELECT todo FROM images")[0] == 1


def test_removed_images_stay_unchanged_when_their_files_change(catalog: Catalog) -> None:
    listing(catalog, {"a": (1, 1)})
    extract_all(catalog)
    catalog.execute("UPDATE images SET removed = 1")
    assert listing(catalog, {"a": (2, 2)}) == Changes(1, 0, 0, 0, 0, 0, 0)
    assert catalog.fetch_one("SELECT todo, size FROM images") == (0, 1)
