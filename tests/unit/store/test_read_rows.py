"""Every vector is checked before it is used, so that damage is named and never spreads."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import (
    DIMENSION,
    Bench,
    create_empty,
    damage_row,
    make_extracted,
    make_same_bytes,
)

from sokkuri.core.errors import CollectionError, DamagedRowError
from sokkuri.curation.duplicates.contents import live_contents, project_contents, projection_of
from sokkuri.curation.labeling.accuracy_curve import accuracy_curve
from sokkuri.curation.labeling.outliers import find_outliers
from sokkuri.curation.labeling.suggest import Method, SuggestOptions, suggest
from sokkuri.indexing.export import ExportOptions, export
from sokkuri.search.searcher import Searcher
from sokkuri.store.decisions import read_decisions
from sokkuri.store.images import find_image
from sokkuri.store.labels import set_labels
from sokkuri.store.read_rows import read_rows, unsound_rows
from sokkuri.store.rows import store_rows
from sokkuri.store.shards import checksum_rows
from sokkuri.store.snapshot import open_snapshot

IDS = [f"{number:02d}" for number in range(30)]
DAMAGES = [7.0, np.nan, np.inf, -np.inf]


def vectors() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(3).random((len(IDS), DIMENSION), np.float32)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_vectors(vectors(), IDS)
    yield bench
    bench.digests.close()
    bench.collection.close()


def place(bench: Bench, id_: str) -> tuple[int, int]:
    image = find_image(bench.catalog, id_)
    assert image is not None
    assert image.row is not None
    return image.row.shard, image.row.row


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_vector_is_named_and_the_others_are_read(bench: Bench, damage: float) -> None:
    damage_row(bench.collection, "05", damage)
    found = bench.collection.read_vectors([place(bench, "07"), place(bench, "04")])
    np.testing.assert_array_equal(found, vectors()[[7, 4]])
    with pytest.raises(DamagedRowError, match="the vector of 05 is damaged"):
        bench.collection.read_vectors([place(bench, "04"), place(bench, "05")])


def test_a_row_that_no_image_owns_is_not_read(bench: Bench) -> None:
    catalog, shards = bench.catalog, bench.collection.shards
    at = place(bench, "29")
    bench.list_files(*IDS[:-1], gone=["29"])
    assert len(read_rows(catalog, shards, [at])) == 1, "a vanished image keeps its row"
    bench.collection.compact(purge=True)
    with pytest.raises(CollectionError):
        read_rows(catalog, shards, [at])


def test_unsound_rows_have_another_checksum_or_are_not_finite() -> None:
    rows = vectors()
    rows[4] = np.nan
    checksums = checksum_rows(rows)
    assert unsound_rows(rows, checksums).tolist() == [4]
    checksums[9] += 1
    assert unsound_rows(rows, checksums).tolist() == [4, 9]


def test_rows_that_are_not_finite_are_never_stored(bench: Bench) -> None:
    rows = vectors()[:2]
    rows[1, 2] = np.inf
    with pytest.raises(CollectionError, match="b has numbers"), bench.catalog.writing():
        store_rows(bench.collection, rows, ["a", "b"])


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_vector_is_extracted_again_and_never_copied(bench: Bench, damage: float) -> None:
    """Guarantee: a damaged vector never spreads. A copy with a checksum of its own would vouch for
    the damage."""
    damage_row(bench.collection, "05", damage)
    bench.list_files(*IDS, "copy")
    digest = b"content %8d" % 5
    bench.commit(make_same_bytes(bench.claim_jobs()["copy"], digest))
    jobs = bench.claim_jobs()
    assert sorted(jobs) == ["05", "copy"], "both are open again"
    bench.commit(make_extracted(jobs["05"], digest, vectors()[5]))
    bench.commit(make_same_bytes(jobs["copy"], digest))
    found = bench.collection.read_vectors([place(bench, "05"), place(bench, "copy")])
    np.testing.assert_array_equal(found, vectors()[[5, 5]])


@pytest.mark.parametrize("damage", DAMAGES)
def test_compaction_moves_damage_with_its_checksum(bench: Bench, damage: float) -> None:
    """Compaction neither fails because of a damaged vector nor hides it."""
    damage_row(bench.collection, "05", damage)
    bench.collection.remove(["00"])
    bench.collection.compact()
    with pytest.raises(DamagedRowError, match="the vector of 05 is damaged"):
        bench.collection.read_vectors([place(bench, "05")])
    faults = [fault for fault in bench.collection.verify() if fault.kind == "row"]
    assert [fault.what for fault in faults] == ["the vector of 05 is lost"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_search_says_that_a_vector_is_damaged(bench: Bench, damage: float) -> None:
    nearest = [id_ for id_ in Searcher(bench.collection).search(["04"], k=31).ids if id_ != "05"]
    damage_row(bench.collection, "05", damage)
    searcher = Searcher(bench.collection)
    with pytest.raises(DamagedRowError, match="the vector of 05 is damaged"):
        searcher.search(["05"])
    (bad, good) = searcher.search_each(["05", "04"], k=3)
    assert isinstance(bad, DamagedRowError)
    assert [*getattr(good, "ids", ())] == nearest[:3]
    assert list(searcher.search(["04"], k=31).ids) == nearest
    assert [note for note in searcher.notes if "05" in note]


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_export_refuses_a_damaged_vector(bench: Bench, damage: float, tmp_path: Path) -> None:
    damage_row(bench.collection, "05", damage)
    with pytest.raises(DamagedRowError, match="the vector of 05 is damaged"):
        list(export(bench.collection, tmp_path / "exported", ExportOptions()))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("method", ["density", "k-center"])
def test_suggestions_and_outliers_end_with_a_damaged_vector(
    bench: Bench, damage: float, method: Method
) -> None:
    set_labels(bench.catalog, [(id_, "ab"[number % 2]) for number, id_ in enumerate(IDS[:12])])
    damage_row(bench.collection, "05", damage)
    for task in (
        lambda: suggest(bench.collection, SuggestOptions(5, method)),
        lambda: accuracy_curve(bench.collection),
        lambda: find_outliers(bench.collection, 3),
    ):
        with pytest.raises(DamagedRowError, match="the vector of 05 is damaged"):
            task()


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_search_for_duplicates_names_a_damaged_vector(bench: Bench, damage: float) -> None:
    damage_row(bench.collection, "05", damage)
    with open_snapshot(bench.collection) as shards:
        projection = projection_of(shards)
        contents = live_contents(bench.collection, read_decisions(bench.catalog))
    assert np.isfinite(projection).all()
    with pytest.raises(DamagedRowError, match="the vector of 05 is damaged"):
        project_contents(shards, list(contents.values()), projection)
