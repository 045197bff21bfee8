"""When the approximate index is made, added to, made anew, and left to another process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from synthetic_collection import Bench, empty

from sokkuri.search.ann_files import ann_state, refresh_ann
from sokkuri.store.derived import derived_folder

COUNT = 600


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(empty(tmp_path / "photos"))
    bench.catalog.set_meta("ann_from", "500")
    bench.add_drawn(0, COUNT)
    yield bench
    bench.known.close()
    bench.collection.close()


def made(bench: Bench, *, everything: bool = False) -> set[str]:
    """The stages of a refresh."""
    return {stage for stage, _, _ in refresh_ann(bench.collection, everything=everything)}


def manifest(bench: Bench) -> Any:
    return json.loads((derived_folder(bench.collection) / "ann.json").read_text())


ALL = {"training", "adding", "measuring"}


def test_it_is_made_once(bench: Bench) -> None:
    assert ann_state(bench.collection) is None
    assert made(bench) == ALL
    state = ann_state(bench.collection)
    assert state is not None
    assert (state.covered, state.rows, {*state.recall}) == (COUNT, COUNT, {1, 10, 100})
    assert manifest(bench)["trained"] == COUNT
    assert made(bench) == made(bench, everything=True) == set()


def test_a_few_rows_wait_and_a_double_collection_is_made_anew(bench: Bench) -> None:
    made(bench)
    bench.add_drawn(COUNT, 100)
    assert made(bench) == set(), "they are searched exactly meanwhile"
    assert made(bench, everything=True) == ALL
    assert manifest(bench)["trained"] == COUNT, "the lists are those of before"
    bench.add_drawn(COUNT + 100, COUNT)
    assert made(bench) == ALL
    assert manifest(bench)["trained"] == 2 * COUNT + 100
    assert manifest(bench)["covered"] == {"0": 2 * COUNT + 100}


def test_lists_that_hold_much_that_is_gone_are_made_anew(bench: Bench) -> None:
    made(bench)
    before = manifest(bench)
    bench.collection.remove([f"{number:05d}" for number in range(50)])
    bench.collection.compact()  # the rows have moved to another shard
    after = manifest(bench)
    assert after["file"] != before["file"]
    assert (after["covered"], after["trained"]) == ({"1": COUNT - 50}, COUNT - 50)


def test_a_collection_that_shrinks_loses_it(bench: Bench) -> None:
    made(bench)
    bench.collection.remove([f"{number:05d}" for number in range(200)])
    bench.collection.compact()
    assert ann_state(bench.collection) is None
    assert not list(derived_folder(bench.collection).glob("*.faiss"))


def test_one_process_makes_it_and_others_leave_it_to_that_one(bench: Bench) -> None:
    folder = derived_folder(bench.collection)
    folder.mkdir(parents=True)
    with FileLock(folder / "ann.lock"):
        assert made(bench) == set()
    assert made(bench) == ALL
