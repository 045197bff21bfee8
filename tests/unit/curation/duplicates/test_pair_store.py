"""The pair store: batches are stored whole or not at all, by any number of processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from synthetic_collection import create_empty

from sokkuri.api import Collection
from sokkuri.core.errors import StorageError
from sokkuri.curation.duplicates import pair_store
from sokkuri.curation.duplicates.pair_store import NOT_COMPARED_BY_KEYPOINTS, PairResult
from sokkuri.store.derived import derived_folder

A, B, C = (letter * 16 for letter in (b"a", b"b", b"c"))
COPY, STRANGERS = PairResult(A, B, "edited", 0.9), PairResult(A, C, None, 0.1)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with create_empty(tmp_path / "photos") as made:
        yield made


def store_file(collection: Collection) -> Path:
    return pair_store.pair_store_path(collection)


def filled(collection: Collection) -> None:
    with pair_store.open_pair_store(collection) as store:
        store.save_fingerprints([(A, b"print"), (B, None)])
        store.save([COPY, STRANGERS], [(A, 0.5), (C, 0.25)])


def is_as_filled(collection: Collection) -> bool:
    with pair_store.read_pair_store(collection) as store:
        return store is not None and (
            store.fingerprints() == {A: b"print"}
            and store.fingerprinted() == {A, B}
            and store.thresholds() == {A: 0.5, C: 0.25}
            and store.near_duplicates() == [COPY]
        )


def test_saved_results_can_be_read(collection: Collection) -> None:
    filled(collection)
    assert is_as_filled(collection)
    with pair_store.open_pair_store(collection) as store:
        assert store.find(B, A) == store.find(A, B) == COPY
        assert store.find(C, A) == STRANGERS
        assert store.find(B, C) is None
        assert store.compared_pairs([A, B]) == {(A, B), (A, C)}
        assert store.compared_pairs([B]) == set()
        assert store.count_compared() == 2


def test_open_pairs_are_links_and_no_near_duplicates(collection: Collection) -> None:
    filled(collection)
    link = PairResult(B, C, None, 0.9, likely="edited", open=True)
    with pair_store.open_pair_store(collection) as store:
        store.save([link], [])
        assert store.near_duplicates() == [COPY]
        assert store.links() == store.links_of([B]) == [COPY, link]
        assert store.links_of([C]) == [link]
        store.save([PairResult(B, C, None, 0.9, likely="edited")], [])
        assert [pair.open for pair in store.links()] == [False, False]
        assert store.links_of([A]) == [COPY]


def test_a_batch_is_saved_whole_or_not_at_all(collection: Collection) -> None:
    """An interrupt in the middle of a batch leaves the store unchanged."""
    filled(collection)

    def interrupted() -> Iterator[tuple[bytes, float]]:
        yield B, 0.1
        raise KeyboardInterrupt

    with pair_store.open_pair_store(collection) as store:
        with pytest.raises(KeyboardInterrupt):
            store.save([PairResult(B, C, "same", 1.0)], interrupted())
        assert store.find(B, C) is None
        assert is_as_filled(collection)
        store.save([PairResult(B, C, "same", 1.0)], [])  # the store can be written at once
        assert store.find(B, C) == PairResult(B, C, "same", 1.0)


def test_contents_can_be_marked_as_not_compared(collection: Collection) -> None:
    filled(collection)
    with pair_store.open_pair_store(collection) as store:
        store.mark_not_compared([A, B])
        assert store.thresholds() == {C: 0.25}
        assert store.near_duplicates() == [COPY]


def test_results_without_keypoints_can_be_forgotten(collection: Collection) -> None:
    filled(collection)
    with pair_store.open_pair_store(collection) as store:
        store.forget_without_keypoints()
        assert is_as_filled(collection), "all was sure"
        store.save([PairResult(B, C, None, NOT_COMPARED_BY_KEYPOINTS)], [(B, 0.5)])
        store.forget_without_keypoints()
        assert store.thresholds() == {A: 0.5}
        assert store.find(B, C) is None
        assert store.find(A, C) == STRANGERS


def test_reading_creates_no_store(collection: Collection) -> None:
    with pair_store.read_pair_store(collection) as store:
        assert store is None
    assert not store_file(collection).exists(), "reading writes nothing"


def no_database(file: Path) -> None:
    file.write_bytes(b"no database at all" * 500)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def empty_file(file: Path) -> None:
    file.write_bytes(b"")


def overwritten(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:] = b"\x55" * len(data[4096:])
    file.write_bytes(data)


def one_page_deep_inside(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-4096:] = b"\x55" * 4096
    file.write_bytes(data)


def test_a_store_with_a_damaged_page_is_created_anew(collection: Collection) -> None:
    filled(collection)
    one_page_deep_inside(store_file(collection))
    with pair_store.open_pair_store(collection) as store:
        assert store.thresholds() == {}


@pytest.mark.parametrize("damage", [no_database, cut_off, empty_file, overwritten])
def test_a_damaged_store_is_created_anew(
    collection: Collection, damage: Callable[[Path], None]
) -> None:
    filled(collection)
    damage(store_file(collection))
    with pair_store.read_pair_store(collection) as store:
        assert store is None
    with pair_store.open_pair_store(collection) as store:
        assert store.thresholds() == {}
        assert store.near_duplicates() == []
    filled(collection)
    assert is_as_filled(collection)


def test_a_store_of_another_model_is_created_anew(collection: Collection) -> None:
    filled(collection)
    collection.catalog.execute("UPDATE models SET fingerprint = 'another'")
    with Collection.open(collection.store) as other:
        with pair_store.read_pair_store(other) as store:
            assert store is None
        with pair_store.open_pair_store(other) as store:
            assert store.thresholds() == {}
    assert not is_as_filled(collection)


def test_a_store_that_cannot_be_written_is_reported(collection: Collection) -> None:
    derived_folder(collection).parent.mkdir(parents=True)
    derived_folder(collection).write_text("in the way")
    with (
        pytest.raises(StorageError, match="could not be written"),
        pair_store.open_pair_store(collection),
    ):
        pass


def test_several_processes_create_a_store_together(tmp_path: Path) -> None:
    """No process may delete the results that another process has written."""
    code = (
        "import sys; from sokkuri.curation.duplicates import pair_store\n"
        "from sokkuri.api import Collection\n"
        "number, *roots = sys.argv[1:]\n"
        "for root in roots:\n"
        "    with Collection.open(root) as collection:\n"
        "        print(flush=True); sys.stdin.readline()\n"
        "        with pair_store.open_pair_store(collection) as store:\n"
        "            store.save([], [(number.encode() * 16, 0.5)])\n"
    )
    roots = [tmp_path / str(number) for number in range(12)]
    for root in roots:
        create_empty(root).close()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, name, *map(str, roots)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )
        for name in "abc"
    ]  # fmt: skip
    for _ in roots:
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
    for process in started:
        process.communicate()
    assert [process.returncode for process in started] == [0, 0, 0]
    for root in roots:
        with Collection.open(root) as collection, pair_store.read_pair_store(collection) as store:
            assert store is not None
            assert store.thresholds().keys() == {A, B, C}
