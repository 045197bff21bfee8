"""The switch to the vectors of another model: what is kept of each side."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty, make_extracted

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, DamagedError, ModelReplacedError, RemovalsError
from sokkuri.core.types import Failure
from sokkuri.indexing.compact import compact
from sokkuri.indexing.import_features import import_features
from sokkuri.indexing.outcomes import Failed
from sokkuri.indexing.verify import verify
from sokkuri.search.searcher import Searcher
from sokkuri.store.catalog import ModelRow
from sokkuri.store.images import count_images, find_image, read_failures
from sokkuri.store.labels import find_labels, set_labels
from sokkuri.store.leases import count_open_images
from sokkuri.store.migrations import create_table
from sokkuri.store.old_shards import old_bytes, read_old_shards
from sokkuri.store.replacements import (
    GENERATION_SHARDS,
    Replacement,
    begin_replacement,
    create_replacement,
)
from sokkuri.store.snapshot import open_snapshot
from sokkuri.store.switch import SwitchLosses, bring_marks, has_newer_images, newest_image, switch

OLD, NEW = 4, 6  # numbers in a vector


def wanted(name: str = "another") -> ModelRow:
    return ModelRow(name, f"of {name}", NEW, "l2", "exact", "another.onnx")


class Both:
    """A collection, and a replacement that was begun."""

    def __init__(self, root: Path) -> None:
        self.old = Bench(create_empty(root, OLD))
        self.collection = self.old.collection
        self.begun: Replacement = begin_replacement(self.collection, wanted(), "float16")
        fresh = create_replacement(self.collection, self.begun, wanted())
        self.fresh = Bench(cast("Collection", fresh))

    def add(self, bench: Bench, *ids: str, version: str = "") -> None:
        """Give images of these ids vectors, with bytes of their own."""
        bench.list_files(*ids, mtime_ns=2 if version else 1)
        self.extract(bench, {id_: f"{id_}{version}" for id_ in ids})

    def extract(self, bench: Bench, contents: dict[str, str]) -> None:
        """Extract all open images. contents : what their files hold, by id."""
        size = bench.collection.model.dimension
        for id_, job in bench.claim_jobs().items():
            content = contents.get(id_, id_)
            vector = np.full(size, 1 + sum(content.encode()) % 97, np.float32)
            bench.writer.add(make_extracted(job, digest(content), vector))
        bench.writer.finish()

    def switch(self, accept: Callable[[SwitchLosses], None] = lambda _: None) -> bool:
        done = switch(self.collection, self.fresh.collection, self.begun, accept)
        self.collection.follow()
        return done

    def bring_marks(self) -> None:
        bring_marks(self.fresh.catalog, self.old.catalog.where)

    def close(self) -> None:
        for bench in (self.old, self.fresh):
            bench.digests.close()
            bench.collection.close()


def digest(content: str) -> bytes:
    return content.encode().ljust(16, b".")


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with closing(Both(tmp_path / "photos")) as both:
        yield both


def test_rows_model_and_settings_change_at_once(both: Both) -> None:
    both.add(both.old, "a", "b")
    both.add(both.fresh, "a", "b")
    both.old.catalog.set_meta("exclude", '["raw/"]')
    both.bring_marks()
    assert both.switch()
    collection = both.collection
    assert (collection.model.name, collection.model.metric) == ("another", "l2")
    assert (collection.model.decode, collection.dtype) == ("exact", "float16")
    assert collection.catalog.meta("exclude") == '["raw/"]'
    image = find_image(collection.catalog, "a")
    assert image is not None
    assert image.row is not None
    assert image.row.shard == GENERATION_SHARDS
    (vector,) = collection.read_vectors([(image.row.shard, image.row.row)])
    assert vector.shape == (NEW,)
    assert read_old_shards(collection.catalog) == {"synthetic": [0]}
    assert collection.rows_per_shard() == {GENERATION_SHARDS: 2}


def test_nothing_changes_while_an_image_must_still_be_read(both: Both) -> None:
    both.add(both.old, "a", "b")
    both.add(both.fresh, "a")
    both.fresh.list_files("a", "b")
    assert not both.switch()
    jobs = both.fresh.claim_jobs()
    assert not both.switch(), "another process has it"
    assert both.collection.model.dimension == OLD
    assert jobs.keys() == {"b"}


def test_what_only_one_of_them_knows(both: Both) -> None:
    """The replacement's new images count; those that only the collection knows are to be read."""
    both.add(both.old, "a", "late")
    both.add(both.fresh, "a", "new")
    both.switch()
    assert both.old.live_ids() == {"a", "new"}
    assert count_open_images(both.old.catalog) == 1
    assert count_images(both.old.catalog).todo == 1


def test_an_image_that_moved_keeps_what_was_said(both: Both) -> None:
    both.add(both.old, "a", "b")
    set_labels(both.old.catalog, [("b", "cat")])
    both.fresh.list_files("a", "moved")
    both.extract(both.fresh, {"moved": "b"})
    both.switch()
    assert both.old.live_ids() == {"a", "moved"}
    assert find_image(both.old.catalog, "b") is None
    assert find_labels(both.old.catalog, ["moved"]) == {"moved": "cat"}
    assert count_open_images(both.old.catalog) == 0


def test_a_file_with_other_bytes_than_the_collection_knows_is_read_again(both: Both) -> None:
    both.add(both.fresh, "a")
    both.add(both.old, "a", version=" changed since")
    both.switch()
    assert both.old.live_ids() == {"a"}, "its row stays until the new one is committed"
    assert both.old.claim_jobs().keys() == {"a"}


def test_removed_images_stay_removed(both: Both) -> None:
    """Also if they were removed, restored, moved or overwritten while the other model worked."""
    both.add(both.old, "gone", "back", "late", "moved", "overwritten")
    both.collection.remove(["gone", "back", "moved", "overwritten"])
    both.bring_marks()
    both.fresh.list_files("gone", "back", "late", "elsewhere", "overwritten", gone=["moved"])
    both.extract(both.fresh, {"elsewhere": "moved"})
    both.collection.restore(["back"])
    both.collection.remove(["late"])
    both.bring_marks()
    both.extract(both.fresh, {})
    both.fresh.list_files(
        "gone", "back", "late", "elsewhere", "overwritten", gone=["moved"], mtime_ns=2
    )
    both.extract(both.fresh, {"overwritten": "another picture", "elsewhere": "moved"})
    both.switch()
    assert both.old.live_ids() == {"back", "overwritten"}
    assert count_images(both.old.catalog).removed == 4
    assert count_open_images(both.old.catalog) == 0
    both.collection.restore(["gone"])
    assert both.old.claim_jobs().keys() == {"gone"}, "a removed image has no new vector"


def test_failures_are_those_of_the_new_model(both: Both) -> None:
    both.add(both.old, "a", "b")
    both.fresh.list_files("a", "b")
    jobs = both.fresh.claim_jobs()
    fingerprint = make_extracted(jobs["b"], digest("b"), np.zeros(NEW, np.float32)).fingerprint
    both.fresh.commit(
        make_extracted(jobs["a"], digest("a"), np.ones(NEW, np.float32)),
        Failed(jobs["b"], "extract", "too odd", fingerprint),
    )
    seen: list[SwitchLosses] = []
    both.switch(seen.append)
    assert seen == [SwitchLosses(live=2, lost=1)]
    assert [*read_failures(both.old.catalog)] == [Failure("b", "extract", "too odd")]
    assert both.old.live_ids() == {"a"}


def test_a_refusal_changes_nothing(both: Both) -> None:
    def refuse(losses: SwitchLosses) -> None:
        raise RemovalsError(f"{losses.lost} of {losses.live}")

    both.add(both.old, "a", "b")
    with pytest.raises(RemovalsError, match="2 of 2"):
        both.switch(refuse)
    assert both.collection.model.dimension == OLD
    assert both.old.live_ids() == {"a", "b"}
    assert both.switch(), "the replacement is still there"


def test_an_imported_vector_is_never_given_up(both: Both, tmp_path: Path) -> None:
    both.add(both.old, "a")
    (tmp_path / "vectors").mkdir()
    np.save(tmp_path / "vectors" / "imported.npy", np.ones(OLD, np.float32))
    list(import_features(both.collection, tmp_path / "vectors"))
    both.add(both.fresh, "a")
    with pytest.raises(CollectionError, match="imported has an imported vector and no photo"):
        both.switch()
    both.add(both.fresh, "a", "imported")
    assert both.switch()
    assert both.old.live_ids() == {"a", "imported"}


def test_a_lost_file_of_new_vectors_stops_the_switch(both: Both) -> None:
    both.add(both.old, "a")
    both.add(both.fresh, "a")
    both.fresh.collection.shards.features_path(GENERATION_SHARDS).unlink()
    with pytest.raises(DamagedError, match="is missing"):
        both.switch()
    assert both.old.live_ids() == {"a"}


def test_lost_vectors_of_the_old_model_are_forgotten(both: Both) -> None:
    both.add(both.old, "a")
    both.add(both.fresh, "a")
    create_table(both.old.catalog, "lost_rows")
    both.old.catalog.execute(
        "INSERT INTO lost_rows VALUES (0, 9, 1, 'x', 'x', 1, 1, x'00', 1, 1, 0)"
    )
    both.switch()
    assert both.old.catalog.fetch_all("SELECT * FROM lost_rows") == []


def test_numbers_of_shards_never_meet(both: Both) -> None:
    both.add(both.old, "a")
    both.old.catalog.execute("UPDATE sqlite_sequence SET seq = ?", [GENERATION_SHARDS])
    both.add(both.fresh, "a")
    with pytest.raises(CollectionError, match="too many shards"):
        both.switch()


def test_whoever_writes_with_the_old_model_stops(both: Both) -> None:
    """Also whoever still writes in the replacement: its shards count by then."""
    both.add(both.old, "a")
    both.add(both.fresh, "a")
    both.old.list_files("a", "b")
    jobs = both.old.claim_jobs()
    with Collection.open(both.collection.store) as another:
        switch(another, both.fresh.collection, both.begun, lambda _: None)
    outcome = make_extracted(jobs["b"], digest("b"), np.ones(OLD, np.float32))
    with pytest.raises(ModelReplacedError):
        both.old.commit(outcome)
    with pytest.raises(ModelReplacedError):
        compact(both.collection)
    with pytest.raises(ModelReplacedError):
        both.add(both.fresh, "a", "c")
    assert both.collection.follow()
    assert both.collection.rows_per_shard() == {GENERATION_SHARDS: 1}


def test_newer_images_are_noticed(both: Both) -> None:
    both.add(both.old, "a")
    newest = newest_image(both.old.catalog)
    both.add(both.fresh, "a")
    fresh = both.fresh.collection
    assert not has_newer_images(both.collection, fresh, newest)
    both.add(both.old, "a", "b")
    assert has_newer_images(both.collection, fresh, newest)
    both.add(both.fresh, "a", "b")
    assert not has_newer_images(both.collection, fresh, newest)


def test_compact_deletes_the_old_shards_and_readers_of_them_go_on(both: Both) -> None:
    both.add(both.old, "a", "b")
    both.add(both.fresh, "a", "b")
    stranger = both.collection.shards.features_path(7)
    stranger.write_bytes(b"of a person")
    searcher = Searcher(both.collection)
    with Collection.open(both.collection.store, "ro") as reader, open_snapshot(reader) as pinned:
        with Collection.open(both.collection.store) as another:
            switch(another, both.fresh.collection, both.begun, lambda _: None)
            another.follow()
            assert old_bytes(another) > 0
            compact(another)
            assert old_bytes(another) == 0
            assert read_old_shards(another.catalog) == {}
            faults = {fault.kind for fault in verify(another)}
        assert pinned.map_rows(0, 2).shape == (2, OLD)
    assert faults == {"missing"}, "there are no photos"
    assert [path.name for path in stranger.parent.iterdir()] == [stranger.name]
    assert searcher.search(["a"]).vector.shape == (NEW,)
