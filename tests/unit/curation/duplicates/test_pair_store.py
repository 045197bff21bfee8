"""The ledger of pairs: what was kept is there, whole batches or nothing, whoever writes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from synthetic_collection import empty

from sokkuri.api import Collection
from sokkuri.core.errors import StorageError
from sokkuri.curation.duplicates import pair_store
from sokkuri.curation.duplicates.pair_store import UNSURE, Known
from sokkuri.store.derived import derived_folder

A, B, C = (letter * 16 for letter in (b"a", b"b", b"c"))
COPY, STRANGERS = Known(A, B, "edited", 0.9), Known(A, C, None, 0.1)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with empty(tmp_path / "photos") as made:
        yield made


def ledger_file(collection: Collection) -> Path:
    return pair_store.place(collection)


def filled(collection: Collection) -> None:
    with pair_store.opened(collection) as ledger:
        ledger.keep_prints([(A, b"print"), (B, None)])
        ledger.keep([COPY, STRANGERS], [(A, 0.5), (C, 0.25)])


def is_as_filled(collection: Collection) -> bool:
    with pair_store.read(collection) as ledger:
        return ledger is not None and (
            ledger.prints() == {A: b"print"}
            and ledger.printed() == {A, B}
            and ledger.compared() == {A: 0.5, C: 0.25}
            and ledger.near_duplicates() == [COPY]
        )


def test_what_was_kept_is_there(collection: Collection) -> None:
    filled(collection)
    assert is_as_filled(collection)
    with pair_store.opened(collection) as ledger:
        assert ledger.known(B, A) == ledger.known(A, B) == COPY
        assert ledger.known(C, A) == STRANGERS
        assert ledger.known(B, C) is None
        assert ledger.compared_count() == 2


def test_a_batch_is_kept_whole_or_not_at_all(collection: Collection) -> None:
    """Guarantee: an interrupt in the middle of a batch leaves the ledger as it was."""
    filled(collection)

    def interrupted() -> Iterator[tuple[bytes, float]]:
        yield B, 0.1
        raise KeyboardInterrupt

    with pair_store.opened(collection) as ledger:
        with pytest.raises(KeyboardInterrupt):
            ledger.keep([Known(B, C, "same", 1.0)], interrupted())
        assert ledger.known(B, C) is None
        assert is_as_filled(collection)
        ledger.keep([Known(B, C, "same", 1.0)], [])  # and can be written at once
        assert ledger.known(B, C) == Known(B, C, "same", 1.0)


def test_what_is_forgotten_is_compared_again(collection: Collection) -> None:
    filled(collection)
    with pair_store.opened(collection) as ledger:
        ledger.forget([A, B])
        assert ledger.compared() == {C: 0.25}
        assert ledger.near_duplicates() == [COPY]


def test_what_could_not_be_told_is_forgotten_when_it_can(collection: Collection) -> None:
    filled(collection)
    with pair_store.opened(collection) as ledger:
        ledger.forget_unsure()
        assert is_as_filled(collection), "all was sure"
        ledger.keep([Known(B, C, None, UNSURE)], [(B, 0.5)])
        ledger.forget_unsure()
        assert ledger.compared() == {A: 0.5}
        assert ledger.known(B, C) is None
        assert ledger.known(A, C) == STRANGERS


def test_without_any_there_is_none_to_read(collection: Collection) -> None:
    with pair_store.read(collection) as ledger:
        assert ledger is None
    assert not ledger_file(collection).exists(), "reading writes nothing"


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


def test_one_that_is_damaged_deep_inside_is_made_anew(collection: Collection) -> None:
    filled(collection)
    one_page_deep_inside(ledger_file(collection))
    with pair_store.opened(collection) as ledger:
        assert ledger.compared() == {}


@pytest.mark.parametrize("damage", [no_database, cut_off, empty_file, overwritten])
def test_a_damaged_one_is_made_anew(collection: Collection, damage: Callable[[Path], None]) -> None:
    filled(collection)
    damage(ledger_file(collection))
    with pair_store.read(collection) as ledger:
        assert ledger is None
    with pair_store.opened(collection) as ledger:
        assert ledger.compared() == {}
        assert ledger.near_duplicates() == []
    filled(collection)
    assert is_as_filled(collection)


def test_one_of_other_features_is_made_anew(collection: Collection) -> None:
    filled(collection)
    collection.catalog.run("UPDATE models SET fingerprint = 'another'")
    with Collection.open(collection.store) as other:
        with pair_store.read(other) as ledger:
            assert ledger is None
        with pair_store.opened(other) as ledger:
            assert ledger.compared() == {}
    assert not is_as_filled(collection)


def test_where_none_can_be_written_it_says_so(collection: Collection) -> None:
    derived_folder(collection).parent.mkdir(parents=True)
    derived_folder(collection).write_text("in the way")
    with pytest.raises(StorageError, match="could not be written"), pair_store.opened(collection):
        pass


def test_several_processes_make_it_together(tmp_path: Path) -> None:
    """They find none, all at once: what one has written, no other may take away."""
    code = (
        "import sys; from sokkuri.curation.duplicates import pair_store\n"
        "from sokkuri.api import Collection\n"
        "number, *roots = sys.argv[1:]\n"
        "for root in roots:\n"
        "    with Collection.open(root) as collection:\n"
        "        print(flush=True); sys.stdin.readline()\n"
        "        with pair_store.opened(collection) as ledger:\n"
        "            ledger.keep([], [(number.encode() * 16, 0.5)])\n"
    )
    roots = [tmp_path / str(number) for number in range(12)]
    for root in roots:
        empty(root).close()
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
        with Collection.open(root) as collection, pair_store.read(collection) as ledger:
            assert ledger is not None
            assert ledger.compared().keys() == {A, B, C}
