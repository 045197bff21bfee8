"""When the approximate index is built, extended, rebuilt, and left to another process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from synthetic_collection import Bench, create_empty

from sokkuri.search.ann_files import ann_state, refresh_ann
from sokkuri.store.derived import derived_folder

COUNT = 600


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.catalog.set_meta("ann_from", "500")
    bench.add_images(0, COUNT)
    yield bench
    bench.digests.close()
    bench.collection.close()


def refresh(bench: Bench, *, all_rows: bool = False) -> set[str]:
    """Refresh the index; return the stages."""
    return {stage for stage, _, _ in refresh_ann(bench.collection, all_rows=all_rows)}


def manifest(bench: Bench) -> Any:
    return json.loads((derived_folder(bench.collection) / "ann.json").read_text())


ALL_STAGES = {"training", "adding", "measuring"}


def test_the_index_is_built_once(bench: Bench) -> None:
    assert ann_state(bench.collection) is None
    assert refresh(bench) == ALL_STAGES
    state = ann_state(bench.collection)
    assert state is not None
    assert (state.covered, state.rows, {*state.recall}) == (COUNT, COUNT, {1, 10, 100})
    assert manifest(bench)["trained"] == COUNT
    assert refresh(bench) == refresh(bench, all_rows=True) == set()


def test_few_new_rows_wait_and_a_doubled_collection_is_rebuilt(bench: Bench) -> None:
    refresh(bench)
    bench.add_images(COUNT, 100)
    assert refresh(bench) == set(), "new rows are searched exactly in the meantime"
    assert refresh(bench, all_rows=True) == ALL_STAGES
    assert manifest(bench)["trained"] == COUNT, "the lists were not trained again"
    bench.add_images(COUNT + 100, COUNT)
    assert refresh(bench) == ALL_STAGES
    assert manifest(bench)["trained"] == 2 * COUNT + 100
    assert manifest(bench)["covered"] == {"0": 2 * COUNT + 100}


def test_lists_with_many_deleted_rows_are_rebuilt(bench: Bench) -> None:
    refresh(bench)
    before = manifest(bench)
    bench.collection.remove([f"{number:05d}" for number in range(50)])
    bench.collection.compact()  # the rows have moved to another shard
    after = manifest(bench)
    assert after["file"] != before["file"]
    assert (after["covered"], after["trained"]) == ({"1": COUNT - 50}, COUNT - 50)


def test_the_index_of_a_collection_that_shrinks_is_deleted(bench: Bench) -> None:
    refresh(bench)
    bench.collection.remove([f"{number:05d}" for number in range(200)])
    bench.collection.compact()
    assert ann_state(bench.collection) is None
    assert not list(derived_folder(bench.collection).glob("*.faiss"))


def test_only_one_process_builds_the_index(bench: Bench) -> None:
    folder = derived_folder(bench.collection)
    folder.mkdir(parents=True)
    with FileLock(folder / "ann.lock"):
        assert refresh(bench) == set()
    assert refresh(bench) == ALL_STAGES


def test_a_manifest_that_was_edited_wrongly_is_none(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {"file": "../ann.faiss"}, {"file": "a\0b"}, {"trained": float("inf")},
        {"efforts": [{"reach": {"probes": 0, "candidates": 9}, "recall": {}}]},
        {"recall": {"1": 1, "10": float("nan"), "100": 1}}, {"recall": {"1": 1}},
        {"recall": {"1": 1, "10": 7, "100": 1}},
    ]  # fmt: skip
    with create_empty(tmp_path / "photos") as collection:
        sound = {
            "version": 1, "fingerprint": collection.model.fingerprint, "metric": "cosine",
            "file": "ann-1.faiss", "digest": "0", "covered": {"0": 9}, "trained": 9,
            "reach": {"probes": 4, "candidates": 200}, "recall": {"1": 1, "10": 0.99, "100": 0.9},
        }  # fmt: skip
        folder = derived_folder(collection)
        folder.mkdir(parents=True)
        for change in ({}, *changes):
            (folder / "ann.json").write_text(json.dumps({**sound, **change}))
            assert (ann_state(collection) is None) == bool(change), change
