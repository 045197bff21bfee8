"""What does not fit: images without neighbours, labels that neighbours belie, and how they vote."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_collection import Bench, empty

from sokkuri.core.errors import UsageError
from sokkuri.curation.labeling import outliers as module
from sokkuri.curation.labeling.knn_vote import numbered, votes
from sokkuri.curation.labeling.outliers import MOST, mistakes, outliers
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import set_labels

DIMENSION, COUNT = 16, 60
Photos = tuple[NDArray[np.float32], list[str]]
ODD = ["odd/0.jpg", "odd/1.jpg", "odd/2.jpg"]


@pytest.fixture(scope="module")
def photos() -> Photos:
    """Two groups of 60; a pair of odd ones that are like each other, and one more."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(DIMENSION)[:2], COUNT, axis=0)
    rows = np.concatenate([rows, np.eye(DIMENSION)[[5, 5, 6]]])
    rows += 0.05 * rng.standard_normal(rows.shape)
    ids = [f"{'ab'[number // COUNT]}/{number % COUNT:02d}.jpg" for number in range(2 * COUNT)]
    return rows.astype(np.float32), [*ids, *ODD]


@pytest.fixture
def collection(tmp_path: Path, photos: Photos) -> Iterator[CollectionStore]:
    with empty(tmp_path / "photos", DIMENSION) as made:
        bench = Bench(made)
        bench.fill(*photos)
        bench.known.close()
        yield made


def test_odd_images_come_first_even_where_two_are_alike(collection: CollectionStore) -> None:
    found = outliers(collection, 5)
    assert {one.id for one in found[:3]} == {*ODD}
    assert all(one.score > 0.8 for one in found[:3])
    assert all(one.score < 0.2 for one in found[3:])
    pair = next(one for one in found if one.id == ODD[0])
    assert pair.why.startswith("the nearest image is at 0.0")
    assert "the 10th at" in pair.why


def test_distances_are_those_of_the_tenth_neighbour(
    collection: CollectionStore,
    photos: Photos,
) -> None:
    rows, ids = photos
    points = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    far = np.sort(1 - points @ points.T, axis=1)[:, 10]
    found = outliers(collection, len(ids))
    assert [one.id for one in found] == [ids[at] for at in np.lexsort((np.arange(len(ids)), -far))]
    assert [one.score for one in found] == pytest.approx(np.sort(far)[::-1].tolist(), abs=1e-5)


def test_of_many_images_those_far_from_a_drawn_part_are_measured(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = outliers(collection, 3)
    monkeypatch.setattr(module, "_WHOLE", 40)
    monkeypatch.setattr(module, "_SCREEN", 30)
    screened = outliers(collection, 3)
    assert [one.id for one in screened] == [one.id for one in everything]
    assert [one.score for one in screened] == pytest.approx([one.score for one in everything])


def test_neighbours_are_those_that_pass_the_filters(collection: CollectionStore) -> None:
    assert {one.id.partition("/")[0] for one in outliers(collection, 200, under="a")} == {"a"}
    (first, *_) = outliers(collection, 1, where="id like 'b/%' or id = 'a/07.jpg'")
    assert first.id == "a/07.jpg"


def test_there_may_be_too_few_to_compare(tmp_path: Path) -> None:
    with empty(tmp_path / "photos") as collection:
        assert outliers(collection) == []
        bench = Bench(collection)
        bench.fill(np.eye(4, dtype=np.float32)[:1], ["a"])
        assert outliers(collection) == []
        bench.known.close()
        assert mistakes(collection) == []


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_a_number_out_of_range_is_refused(collection: CollectionStore, count: int) -> None:
    with pytest.raises(UsageError):
        outliers(collection, count)


def test_labels_that_the_neighbours_belie_are_found(collection: CollectionStore) -> None:
    right = {f"{group}/{number:02d}.jpg": group for group in "ab" for number in range(40)}
    assert mistakes(collection, right) == []
    wrong = right | {"a/05.jpg": "b", "b/17.jpg": "a"}
    found = mistakes(collection, wrong)
    assert {(one.id, one.label, one.neighbours) for one in found} == {
        ("a/05.jpg", "b", "a"), ("b/17.jpg", "a", "b"),
    }  # fmt: skip
    assert all(one.confidence > 0.9 for one in found)
    set_labels(collection.catalog, [*wrong.items()])
    assert mistakes(collection) == found
    assert mistakes(collection, n=1) == found[:1]


def test_one_class_has_no_mistakes(collection: CollectionStore) -> None:
    assert mistakes(collection, {"a/00.jpg": "x", "b/00.jpg": "x"}) == []
    assert mistakes(collection, {}) == []


def test_of_many_labels_a_drawn_part_votes(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_JUDGES", 20)
    labels = {f"{group}/{number:02d}.jpg": group for group in "ab" for number in range(40)}
    found = mistakes(collection, labels | {"a/05.jpg": "b"})
    assert [(one.id, one.neighbours) for one in found] == [("a/05.jpg", "a")]


def test_nearer_neighbours_have_more_to_say() -> None:
    alike = np.array([[0.9, 0.8, 0.8, -0.5]], np.float32)
    labels = np.array([0, 1, 1, 1])
    (shares,) = votes(alike, labels, 2, 3)
    weights = np.exp([0.0, -1.0, -1.0])
    assert shares == pytest.approx([weights[0] / weights.sum(), 2 * weights[1] / weights.sum()])
    assert votes(alike, labels, 2, 1).tolist() == [[1.0, 0.0]]
    assert votes(alike, labels, 2, 9).sum() == pytest.approx(1.0)


def test_nobody_may_vote() -> None:
    none = np.full((2, 3), -np.inf, np.float32)
    assert votes(none, np.array([0, 1, 1]), 2, 5).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert votes(np.empty((2, 0), np.float32), np.empty(0, np.int64), 2, 5).shape == (2, 2)


def test_classes_are_numbered_in_order() -> None:
    classes, numbers = numbered(["b", "a", "b"])
    assert (classes, numbers.tolist()) == (["a", "b"], [1, 0, 1])
