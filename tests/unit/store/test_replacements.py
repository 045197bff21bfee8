"""Replacements: one at a time, under numbers of their own, and given up without a trace."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import create_empty

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, ModelReplacedError
from sokkuri.store.catalog import ModelRow
from sokkuri.store.leases import end_run, start_run
from sokkuri.store.old_shards import read_old_shards
from sokkuri.store.replacements import (
    GENERATION_SHARDS,
    begin_replacement,
    create_replacement,
    delete_finished,
    find_replacement,
    give_up,
    replacement_if_begun,
    replacement_state,
)
from sokkuri.store.rows import store_rows
from sokkuri.store.shard_table import next_shard_number


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with create_empty(tmp_path / "photos") as collection:
        yield collection


def row(name: str, dimension: int = 6) -> ModelRow:
    return ModelRow(name, f"of {name}", dimension, "cosine", "fast", "m.onnx")


def test_the_same_model_goes_on_and_another_one_waits(collection: Collection) -> None:
    assert find_replacement(collection.catalog) is None
    begun = begin_replacement(collection, row("six"), "float32")
    assert begin_replacement(collection, row("six"), "float32") == begun
    with pytest.raises(CollectionError, match="is getting the vectors of six"):
        begin_replacement(collection, row("seven", 7), "float32")
    with pytest.raises(CollectionError, match=r"is getting the vectors of six \(float32\)"):
        begin_replacement(collection, row("six"), "float16")


def test_before_its_store_exists(collection: Collection) -> None:
    """A kill can come before the store is made, or before it is complete."""
    begun = begin_replacement(collection, row("six"), "float32")
    state = replacement_state(collection)
    assert state is not None
    assert (state.model, state.dimension, state.total) == ("six", None, 0)
    folder = collection.store / f"replacement-{begun.generation}"
    folder.mkdir()
    (folder / "catalog.sqlite").touch()
    assert replacement_state(collection) == state
    with replacement_if_begun(collection) as fresh:
        assert fresh is None
    create_replacement(collection, begun, row("six")).close()
    state = replacement_state(collection)
    assert state is not None
    assert state.dimension == 6


def test_a_folder_of_its_own_for_the_same_name(collection: Collection) -> None:
    begun = begin_replacement(collection, row("synthetic"), "float32")
    assert begun.name == "synthetic-2"


def test_given_up_nothing_is_left_and_no_number_comes_again(collection: Collection) -> None:
    begun = begin_replacement(collection, row("six"), "float32")
    fresh = create_replacement(collection, begun, row("six"))
    assert next_shard_number(fresh.catalog) == begun.first_shard == GENERATION_SHARDS
    with fresh.catalog.writing():
        rows = fresh.shards.to_stored(np.ones((3, 6), np.float32))
        store_rows(fresh, rows, ["a", "b", "c"])
    stranger = fresh.shards.features_path(3)
    stranger.write_bytes(b"of a person")
    run = start_run(fresh.catalog)
    with pytest.raises(CollectionError, match="another process extracts the vectors of six"):
        give_up(collection)
    end_run(fresh.catalog, run)
    assert give_up(collection) is not None
    assert give_up(collection) is None
    assert [*stranger.parent.iterdir()] == [stranger]
    assert [*collection.store.glob("replacement-*")] == []
    assert read_old_shards(collection.catalog) == {}
    with pytest.raises(ModelReplacedError), fresh.catalog.writing():
        pass
    fresh.close()
    again = begin_replacement(collection, row("six"), "float32")
    assert again.first_shard == 2 * GENERATION_SHARDS


def test_a_generation_begins_behind_all_shards(collection: Collection) -> None:
    collection.catalog.execute("INSERT INTO shards (shard, model) VALUES (734567, 1)")
    begun = begin_replacement(collection, row("six"), "float32")
    assert begun.first_shard == 8 * GENERATION_SHARDS


def test_what_a_person_put_in_a_folder_of_this_name_stays(collection: Collection) -> None:
    kept = collection.store / "replacement-9" / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    (kept.parent / "catalog.sqlite").touch()
    delete_finished(collection)
    assert kept.read_text() == "mine"
