"""Outliers, labels that are likely wrong, and the votes of labelled neighbours."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_collection import Bench, create_empty

from sokkuri.core.errors import UsageError
from sokkuri.curation.labeling import live_vectors
from sokkuri.curation.labeling import outliers as module
from sokkuri.curation.labeling.knn_vote import encode_labels, knn_votes
from sokkuri.curation.labeling.outliers import MAX_OUTLIERS, find_outliers, likely_mislabelled
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import set_labels

DIMENSION, COUNT = 16, 60
Photos = tuple[NDArray[np.float32], list[str]]
ODD = ["odd/0.jpg", "odd/1.jpg", "odd/2.jpg"]


@pytest.fixture(scope="module")
def photos() -> Photos:
    """Two groups of 60 images, two outliers that are similar to each other, and one more."""
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(DIMENSION)[:2], COUNT, axis=0)
    vectors = np.concatenate([vectors, np.eye(DIMENSION)[[5, 5, 6]]])
    vectors += 0.05 * rng.standard_normal(vectors.shape)
    ids = [f"{'ab'[number // COUNT]}/{number % COUNT:02d}.jpg" for number in range(2 * COUNT)]
    return vectors.astype(np.float32), [*ids, *ODD]


@pytest.fixture
def collection(tmp_path: Path, photos: Photos) -> Iterator[CollectionStore]:
    with create_empty(tmp_path / "photos", DIMENSION) as collection:
        bench = Bench(collection)
        bench.add_vectors(*photos)
        bench.digests.close()
        yield collection


def test_outliers_come_first_even_if_two_of_them_are_similar(collection: CollectionStore) -> None:
    images = find_outliers(collection, 5)
    assert {image.id for image in images[:3]} == {*ODD}
    assert all(image.score > 0.8 for image in images[:3])
    assert all(image.score < 0.2 for image in images[3:])
    first_of_pair = next(image for image in images if image.id == ODD[0])
    assert first_of_pair.why.startswith("the nearest image is at 0.0")
    assert "the 10th at" in first_of_pair.why


def test_the_score_is_the_distance_to_the_tenth_neighbour(
    collection: CollectionStore,
    photos: Photos,
) -> None:
    vectors, ids = photos
    unit_vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = np.sort(1 - unit_vectors @ unit_vectors.T, axis=1)[:, 10]
    order = np.lexsort((np.arange(len(ids)), -distances))
    images = find_outliers(collection, len(ids))
    assert [image.id for image in images] == [ids[index] for index in order]
    assert [image.score for image in images] == pytest.approx(
        np.sort(distances)[::-1].tolist(), abs=1e-5
    )


def test_in_a_large_collection_only_images_far_from_a_sample_are_measured(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = find_outliers(collection, 3)
    monkeypatch.setattr(module, "_ALL_PAIRS", 40)
    monkeypatch.setattr(module, "_SCREEN_SAMPLE", 30)
    screened = find_outliers(collection, 3)
    assert [image.id for image in screened] == [image.id for image in expected]
    assert [image.score for image in screened] == pytest.approx([image.score for image in expected])


def test_only_images_that_pass_the_filters_count_as_neighbours(collection: CollectionStore) -> None:
    images = find_outliers(collection, 200, under="a")
    assert {image.id.partition("/")[0] for image in images} == {"a"}
    (first, *_) = find_outliers(collection, 1, where="id like 'b/%' or id = 'a/07.jpg'")
    assert first.id == "a/07.jpg"


def test_a_collection_of_less_than_two_images_has_no_outliers(tmp_path: Path) -> None:
    with create_empty(tmp_path / "photos") as collection:
        assert find_outliers(collection) == []
        bench = Bench(collection)
        bench.add_vectors(np.eye(4, dtype=np.float32)[:1], ["a"])
        assert find_outliers(collection) == []
        bench.digests.close()
        assert likely_mislabelled(collection) == []


@pytest.mark.parametrize("count", [0, MAX_OUTLIERS + 1])
def test_a_count_out_of_range_is_refused(collection: CollectionStore, count: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 1,000"):
        find_outliers(collection, count)


def test_labels_that_disagree_with_their_neighbours_are_found(collection: CollectionStore) -> None:
    right = {f"{group}/{number:02d}.jpg": group for group in "ab" for number in range(40)}
    assert likely_mislabelled(collection, right) == []
    wrong = right | {"a/05.jpg": "b", "b/17.jpg": "a"}
    issues = likely_mislabelled(collection, wrong)
    assert {(issue.id, issue.label, issue.neighbours) for issue in issues} == {
        ("a/05.jpg", "b", "a"), ("b/17.jpg", "a", "b"),
    }  # fmt: skip
    assert all(issue.confidence > 0.9 for issue in issues)
    set_labels(collection.catalog, [*wrong.items()])
    assert likely_mislabelled(collection) == issues
    assert likely_mislabelled(collection, n=1) == issues[:1]


def test_labels_of_one_class_are_never_likely_wrong(collection: CollectionStore) -> None:
    assert likely_mislabelled(collection, {"a/00.jpg": "x", "b/00.jpg": "x"}) == []
    assert likely_mislabelled(collection, {}) == []


def test_a_sample_votes_if_there_are_many_labels(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_VOTERS", 20)
    labels = {f"{group}/{number:02d}.jpg": group for group in "ab" for number in range(40)}
    issues = likely_mislabelled(collection, labels | {"a/05.jpg": "b"})
    assert [(issue.id, issue.neighbours) for issue in issues] == [("a/05.jpg", "a")]


def test_nearer_neighbours_have_more_weight() -> None:
    similarities = np.array([[0.9, 0.8, 0.8, -0.5]], np.float32)
    labels = np.array([0, 1, 1, 1])
    (shares,) = knn_votes(similarities, labels, 2, 3)
    weights = np.exp([0.0, -1.0, -1.0])
    assert shares == pytest.approx([weights[0] / weights.sum(), 2 * weights[1] / weights.sum()])
    assert knn_votes(similarities, labels, 2, 1).tolist() == [[1.0, 0.0]]
    assert knn_votes(similarities, labels, 2, 9).sum() == pytest.approx(1.0)


def test_all_shares_are_zero_if_no_image_votes() -> None:
    no_voters = np.full((2, 3), -np.inf, np.float32)
    assert knn_votes(no_voters, np.array([0, 1, 1]), 2, 5).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert knn_votes(np.empty((2, 0), np.float32), np.empty(0, np.int64), 2, 5).shape == (2, 2)


def test_classes_are_sorted_before_they_are_numbered() -> None:
    classes, numbers = encode_labels(["b", "a", "b"])
    assert (classes, numbers.tolist()) == (["a", "b"], [1, 0, 1])


def test_the_compared_images_are_counted(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_vectors, "_STEP", 50)
    counts: list[tuple[str, int, int]] = []
    find_outliers(
        collection,
        5,
        on_progress=lambda one: counts.append((one.stage, one.done, one.total)),
    )
    assert counts == [
        ("reading", 0, 0), *(("comparing", done, 123) for done in (50, 100, 123)),
    ]  # fmt: skip
