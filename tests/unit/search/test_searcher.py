"""Searcher: several shards, removed images, and a searcher that is older than a change."""

import gc
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty

from sokkuri.core.errors import UnknownImageError, UnsupportedError, UsageError
from sokkuri.core.types import ImageRecord, RowRef
from sokkuri.indexing.compact import compact
from sokkuri.search.results import SearchMode, SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.store.catalog import Catalog
from sokkuri.store.decisions import mark_kept
from sokkuri.store.images import find_image, records_with_checksums
from sokkuri.store.labels import read_labels, set_labels
from sokkuri.store.shards import SHARD_ROWS

COUNT = SHARD_ROWS + 500


@pytest.fixture(scope="module")
def features() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(0).random((COUNT, DIMENSION), np.float32)


@pytest.fixture(scope="module")
def bench(
    tmp_path_factory: pytest.TempPathFactory,
    features: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> Iterator[Bench]:
    bench = Bench(create_empty(tmp_path_factory.mktemp("searching") / "photos"))
    bench.add_vectors(features, [f"{number:05d}" for number in range(COUNT)])
    yield bench
    bench.digests.close()
    bench.collection.close()


def test_hits_come_from_all_shards(
    bench: Bench, features: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> None:
    hits = Searcher(bench.collection).search(["10123"], k=200, metric="l2")
    truth = np.linalg.norm(features.astype(float) - features[10123].astype(float), axis=1)
    assert list(hits.ids) == [f"{number:05d}" for number in np.argsort(truth)[:200]]
    assert hits.distances.shape == (200,)
    assert hits.distances.dtype == np.float64
    assert {int(id_) >= SHARD_ROWS for id_ in hits.ids} == {True, False}


def test_hits_are_arrays_first_and_objects_on_iteration(bench: Bench) -> None:
    hits = Searcher(bench.collection).search(["00003"], k=4)
    assert (len(hits), len(hits.ids), len(hits.paths)) == (4, 4, 4)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert [hit.id for hit in hits] == list(hits.ids)
    assert next(iter(hits)).path == bench.collection.root / "00003"
    assert (hits.query, hits.metric) == (("00003",), "cosine")


def test_hits_carry_catalog_records_and_the_query_vector(
    bench: Bench, features: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> None:
    hits = Searcher(bench.collection).search(["10123"], k=5)
    for image in hits.images:
        row = find_image(bench.collection.catalog, image.id)
        assert row is not None
        assert (image.row, image.path) == (row.row, row.path)
        assert (image.size, image.mtime_ns) == (row.stat.size, row.stat.mtime_ns)
    assert np.array_equal(hits.vector, features[10123])
    assert hits.vector.dtype == np.float32
    several = Searcher(bench.collection).search(["00001", "00002"], k=5, metric="l2")
    assert np.allclose(several.vector, (features[1] + features[2]) / 2)


def test_an_id_may_be_typed_in_another_unicode_form(tmp_path: Path) -> None:
    """Searches, removals, labels and decisions find the image; an unknown id stays unknown."""
    stored, typed = "e\u0301te\u0301.jpg", "\u00e9t\u00e9.jpg"
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_vectors(np.eye(2, DIMENSION, dtype=np.float32), [stored, "other"])
    collection, catalog = bench.collection, bench.catalog
    assert Searcher(collection).search([typed], k=1).ids == (stored,)
    with pytest.raises(UnknownImageError):
        Searcher(collection).search(["\u00e9.jpg"])
    assert collection.remove([typed, "other"]) == 2
    assert collection.restore([typed, stored]) == 1
    set_labels(catalog, [(typed, "summer")])
    assert read_labels(catalog) == {stored: "summer"}
    assert mark_kept(catalog, [typed]) == 1
    assert mark_kept(catalog, [stored], undo=True) == 1
    bench.digests.close()
    collection.close()


def test_the_records_of_all_hits_are_read_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher(bench.collection)
    searcher.search(["00003"])
    calls: list[int] = []

    def counting(catalog: Catalog, rows: Iterable[RowRef]) -> dict[RowRef, tuple[ImageRecord, int]]:
        calls.append(1)
        return records_with_checksums(catalog, rows)

    monkeypatch.setattr("sokkuri.search.search_snapshot.records_with_checksums", counting)
    assert len(searcher.search(["10123"])) == 10
    assert len(calls) == 1


def test_other_images_take_the_place_of_removed_ones(bench: Bench) -> None:
    searcher = Searcher(bench.collection)
    nearest = searcher.search(["00007"], k=40)
    removed = list(nearest.ids[1:31])
    bench.collection.remove(removed)
    try:
        after = Searcher(bench.collection).search(["00007"], k=10)
        assert after.ids == (nearest.ids[0], *nearest.ids[31:40])
        assert searcher.search(["00007"], k=10).ids == after.ids, "removals take effect at once"
        as_query = Searcher(bench.collection).search([removed[0]], k=5)
        assert removed[0] not in as_query.ids
    finally:
        bench.collection.restore(removed)


def test_a_searcher_follows_when_the_shards_are_rewritten(tmp_path: Path) -> None:
    """Guarantee: a search sees catalog and shards of one moment, also while others rewrite them."""
    bench = Bench(create_empty(tmp_path / "photos"))
    features = np.random.default_rng(1).random((50, DIMENSION), np.float32)
    bench.add_vectors(features, [f"{number:02d}" for number in range(50)])
    old = Searcher(bench.collection)
    bench.collection.remove([f"{number:02d}" for number in range(0, 50, 2)])
    compact(bench.collection)
    new = Searcher(bench.collection).search(["01"], k=50)
    assert len(new) == 25
    assert old.search(["01"], k=50).ids == new.ids
    (each,) = old.search_each([features[1]], k=50)
    assert getattr(each, "ids", ()) == new.ids
    bench.digests.close()


@pytest.mark.parametrize(("images", "k"), [([], 5), (["00001"], 0)])
def test_an_impossible_search_is_refused(bench: Bench, images: list[str], k: int) -> None:
    with pytest.raises(UsageError):
        Searcher(bench.collection).search(images, k=k)


def test_an_unknown_id_is_named_in_the_error(bench: Bench) -> None:
    with pytest.raises(UnknownImageError, match="nobody"):
        Searcher(bench.collection).search(["nobody"])


def test_an_empty_collection_has_no_hits(tmp_path: Path) -> None:
    collection = create_empty(tmp_path / "photos")
    with pytest.raises(UnknownImageError):
        Searcher(collection).search(["a"])


@pytest.mark.parametrize("mode", ["auto", "exact", "ann"])
def test_a_searcher_keeps_no_object_of_an_earlier_search(bench: Bench, mode: SearchMode) -> None:
    """A server searches for months: what each search leaves behind would fill its memory."""
    searcher = Searcher(bench.collection)

    def search(times: int) -> tuple[int, int]:
        """Search, and return how many objects there are: all, and those of tracebacks."""
        for number in range(times):
            with suppress(UnsupportedError):
                searcher.search([f"{number:05d}"], k=3, options=SearchOptions(mode=mode))
        gc.collect()
        objects = [one for one in gc.get_objects() if not isinstance(one, weakref.ref)]
        kinds = (FrameType, TracebackType)
        return len(objects), sum(isinstance(one, kinds) for one in objects)

    search(5)
    before, traces = search(1)
    after, traces_after = search(60)
    assert traces_after == traces
    assert after - before < 60, "less than one object for each search"
