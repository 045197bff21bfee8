"""Suggestions of images to label next, and the accuracy curve."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_collection import Bench, create_empty
from threadpoolctl import threadpool_info, threadpool_limits

from sokkuri.core.errors import UsageError
from sokkuri.core.product_threads import small_products
from sokkuri.core.types import Progress
from sokkuri.curation.labeling import suggest as module
from sokkuri.curation.labeling.accuracy_curve import accuracy_curve
from sokkuri.curation.labeling.suggest import (
    MAX_SUGGESTIONS,
    NEAR,
    Method,
    Suggestion,
    SuggestOptions,
    suggest,
)
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import set_labels

DIMENSION = 16
SIZES = (40, 30, 20, 10)
Vectors = NDArray[np.float32]


def groups(noise: float = 0.05) -> tuple[Vectors, list[str]]:
    """Four groups of falling size, each in its own folder, and one outlier."""
    rng = np.random.default_rng(1)
    centres = np.eye(DIMENSION, dtype=np.float32)
    rows, ids = [], []
    for group, size in enumerate(SIZES):
        around = centres[group] + noise * rng.standard_normal((size, DIMENSION)).astype(np.float32)
        rows.append(around)
        ids += [f"{'abcd'[group]}/{number:02d}.jpg" for number in range(size)]
    return np.concatenate([*rows, centres[-1:]]), [*ids, "odd.jpg"]


def make_collection(root: Path, vectors: Vectors, ids: Sequence[str]) -> CollectionStore:
    collection = create_empty(root, vectors.shape[1])
    bench = Bench(collection)
    bench.add_vectors(np.ascontiguousarray(vectors, np.float32), ids)
    bench.digests.close()
    return collection


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with make_collection(tmp_path / "photos", *groups()) as collection:
        yield collection


def folders(collection: CollectionStore, **options: object) -> list[str]:
    suggestions = suggest(collection, SuggestOptions(**options))  # type: ignore[arg-type]
    return [image.id.partition("/")[0] for image in suggestions]


def test_density_suggests_one_image_of_each_group_before_an_outlier(
    collection: CollectionStore,
) -> None:
    suggestions = suggest(collection, SuggestOptions(4))
    assert sorted(image.id[0] for image in suggestions) == ["a", "b", "c", "d"]
    assert [image.rank for image in suggestions] == [1, 2, 3, 4]
    assert all(0 < image.score <= 1 for image in suggestions)
    images = {
        image.id[0]: int(image.why.removeprefix("stands for about ").split()[0])
        for image in suggestions
    }
    assert sum(images.values()) == 101
    assert all(0 <= images[group] - size <= 1 for group, size in zip("abcd", SIZES, strict=True))


def test_k_center_suggests_each_group_and_the_outlier(
    collection: CollectionStore,
) -> None:
    suggestions = suggest(collection, SuggestOptions(5, "k-center"))
    assert {image.id[0] for image in suggestions} == {"a", "b", "c", "d", "o"}
    assert suggestions[0].why == "no image has a label yet, and this one is nearest to the average"
    first = suggestions[0].id
    assert suggestions[1].why.startswith(f"{first} is the nearest, at 1.0")


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_labelled_images_are_not_suggested_and_similar_ones_come_later(
    collection: CollectionStore, method: Method
) -> None:
    set_labels(collection.catalog, [("a/03.jpg", "A"), ("b/03.jpg", "B")])
    assert {"a", "b"}.isdisjoint(folders(collection, n=2, method=method))
    labels = {f"{folder}/00.jpg": folder for folder in "bcd"}  # replaces labels of the catalog
    assert folders(collection, n=1, method="density", labels=labels) == ["a"]
    suggestions = suggest(collection, SuggestOptions(MAX_SUGGESTIONS, method))
    assert {"a/03.jpg", "b/03.jpg"}.isdisjoint(image.id for image in suggestions)


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_only_one_of_several_near_duplicates_is_suggested(tmp_path: Path, method: Method) -> None:
    rng = np.random.default_rng(2)
    vectors = np.abs(rng.standard_normal((30, 64))) ** 3
    ids = [f"{number:02d}" for number in range(30)]
    copies = np.concatenate([vectors, vectors * 1.5, vectors + 0.02])
    copy_ids = [*ids, *(f"{id_} brighter" for id_ in ids), *(f"{id_} paler" for id_ in ids)]
    with make_collection(tmp_path / "photos", copies, copy_ids) as collection:
        labels = {"07 paler": "x"}
        suggestions = suggest(collection, SuggestOptions(100, method, labels=labels))
    originals = [image.id[:2] for image in suggestions]
    assert sorted(originals) == [id_ for id_ in ids if id_ != "07"]


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_only_one_of_several_known_duplicates_is_suggested(tmp_path: Path, method: Method) -> None:
    """Vectors do not show every copy: not that of an image and its cropped half, for example."""
    vectors, ids = np.eye(6, dtype=np.float32), list("abcdef")
    with make_collection(tmp_path / "photos", vectors, ids) as collection:
        options = SuggestOptions(6, method, labels={"a": "x"}, same=[("b", "a"), ("c", "d")])
        suggestions = {image.id for image in suggest(collection, options)}
        unknown_id = SuggestOptions(6, method, same=[("a", "nobody")])
        assert len(suggest(collection, unknown_id)) == 6
        star = [("a", "b"), ("c", "d"), ("d", "b"), ("a", "c"), ("e", "f")]
        assert len(suggest(collection, SuggestOptions(6, method, same=star))) == 2
        star_labelled = SuggestOptions(6, method, labels={"c": "x"}, same=star)
        assert len(suggest(collection, star_labelled)) == 1
    assert suggestions in ({"c", "e", "f"}, {"d", "e", "f"})


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_skipped_images_and_filters_limit_the_suggestions(
    collection: CollectionStore, method: Method
) -> None:
    without = [f"c/{number:02d}.jpg" for number in range(20)]
    assert "c" not in folders(collection, n=50, method=method, without=without)
    assert {*folders(collection, n=50, method=method, under="c")} == {"c"}
    where = "id like 'b/%' or id like 'd/%'"
    assert {*folders(collection, n=50, method=method, where=where)} == {"b", "d"}


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_removed_images_are_not_suggested(collection: CollectionStore, method: Method) -> None:
    first = suggest(collection, SuggestOptions(1, method))[0].id
    collection.remove([first])
    assert first not in [image.id for image in suggest(collection, SuggestOptions(50, method))]


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_copies_of_labelled_images_are_not_suggested(tmp_path: Path, method: Method) -> None:
    with create_empty(tmp_path / "photos") as collection:
        assert suggest(collection, SuggestOptions(method=method)) == []
        bench = Bench(collection)
        bench.add_vectors(np.ones((3, 4), np.float32), ["a", "b", "c"])  # equal vectors
        bench.digests.close()
        assert len(suggest(collection, SuggestOptions(method=method))) == 1
        set_labels(collection.catalog, [("a", "x")])
        assert suggest(collection, SuggestOptions(method=method)) == []


@pytest.mark.parametrize("count", [0, -1, MAX_SUGGESTIONS + 1])
def test_a_count_out_of_range_is_refused(collection: CollectionStore, count: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 5,000"):
        suggest(collection, SuggestOptions(count))


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_a_sample_stands_for_a_large_collection(
    tmp_path: Path, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DENSITY_CANDIDATES", 50)
    monkeypatch.setattr(module, "_K_CENTER_CANDIDATES", 50)
    with make_collection(tmp_path / "photos", *groups()) as collection:
        suggestions = suggest(collection, SuggestOptions(3, method))
        assert len(suggestions) == 3
        if method == "density":  # the two largest groups are in every sample
            assert {"a", "b"} <= {image.id[0] for image in suggestions}
            images = [int(image.why.split()[3]) for image in suggestions]
            assert 60 <= sum(images) <= 110


def test_lazy_greedy_gives_the_gains_of_plain_greedy(collection: CollectionStore) -> None:
    """Plain greedy computes the gains of all candidates in each step."""
    vectors, ids = groups()
    unit_vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = 1 - unit_vectors @ unit_vectors.T
    scaled = distances / (1 - np.square(unit_vectors.mean(axis=0)).sum())
    nearest, chosen = np.full(len(ids), np.inf), []
    allowed = np.ones(len(ids), bool)
    for count in range(1, 20):
        sharpness = min(2 ** (np.floor(np.log2(count)) / 2), 8.0)
        represented = np.exp(-sharpness * nearest)
        gains = np.maximum(np.exp(-sharpness * scaled) - represented, 0).mean(axis=1)
        if not allowed.any():
            break
        best = int(np.where(allowed, gains, -1).argmax())
        chosen.append((ids[best], float(gains[best])))
        nearest = np.minimum(nearest, scaled[best])
        allowed &= distances[best] >= NEAR
    suggestions = suggest(collection, SuggestOptions(19))
    assert [image.id for image in suggestions] == [id_ for id_, _ in chosen]
    assert [image.score for image in suggestions] == pytest.approx(
        [gain for _, gain in chosen], abs=1e-5
    )


def mixed_images(suggestions: Sequence[Suggestion]) -> int:
    return sum(image.id.startswith("mixed") for image in suggestions)


def test_density_prefers_the_group_whose_labels_disagree(tmp_path: Path) -> None:
    """The labels of one group agree, the labels of the other do not."""
    rng = np.random.default_rng(3)
    centres = np.eye(DIMENSION, dtype=np.float32)[[0, 1]]
    vectors = np.repeat(centres, 40, axis=0)
    vectors += 0.3 * rng.standard_normal(vectors.shape).astype(np.float32)
    ids = [f"{'agreed' if number < 40 else 'mixed'}/{number}" for number in range(80)]
    with make_collection(tmp_path / "photos", vectors, ids) as collection:
        agreed = dict.fromkeys(ids[:6], "x")
        mixed = {id_: "xyz"[number % 3] for number, id_ in enumerate(ids[40:46])}
        suggestions = suggest(collection, SuggestOptions(10, labels=agreed | mixed))
        one_class = suggest(
            collection, SuggestOptions(10, labels=dict.fromkeys(agreed | mixed, "x"))
        )
    assert mixed_images(suggestions) > mixed_images(one_class)


def test_the_accuracy_curve_tells_how_often_neighbours_are_right(
    collection: CollectionStore,
) -> None:
    _, ids = groups()
    assert accuracy_curve(collection) == []
    labels = [(id_, id_[0]) for id_ in np.random.default_rng(0).permutation(ids[:-1]).tolist()]
    set_labels(collection.catalog, labels[:9])
    assert accuracy_curve(collection) == []  # too few labels
    set_labels(collection.catalog, labels)
    curve = accuracy_curve(collection)
    counts = [count for count, _ in curve]
    assert (counts[0], counts[-1]) == (10, 100)
    assert counts == sorted({*counts})
    assert curve[-1][1] == pytest.approx(1.0)  # the groups do not overlap
    # Neighbours predict random labels no better than chance.
    shuffled = np.random.default_rng(0).permutation([label for _, label in labels]).tolist()
    set_labels(collection.catalog, [*zip((id_ for id_, _ in labels), shuffled, strict=True)])
    assert accuracy_curve(collection)[-1][1] < 0.6


def test_one_class_has_no_accuracy_curve(collection: CollectionStore) -> None:
    set_labels(collection.catalog, [(f"a/{number:02d}.jpg", "same") for number in range(20)])
    assert accuracy_curve(collection) == []


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_comparisons_and_choices_are_counted_up_to_their_end(
    collection: CollectionStore, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STEP", 40)
    counts: list[tuple[str, int, int]] = []
    found = suggest(
        collection,
        SuggestOptions(n=3, method=method),
        lambda progress: counts.append((progress.stage, progress.done, progress.total)),
    )
    assert counts[0] == ("reading", 0, 0)
    assert [count for count in counts if count[0] == "choosing"] == [
        ("choosing", number, 3) for number in range(1, len(found) + 1)
    ]
    compared = [count for count in counts if count[0] == "comparing"]
    assert compared[:4] == [("comparing", n, 101) for n in (0, 40, 80, 101)] * (method == "density")


def test_threads_that_share_the_cores_use_one_blas_thread_each(
    collection: CollectionStore,
) -> None:
    """Otherwise each of them would start a thread on each core for its products."""

    def blas_threads(stage: str) -> set[int]:
        found: set[int] = set()

        def look(step: Progress[object]) -> None:
            if step.stage == stage and step.done:
                found.update(
                    each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"
                )

        suggest(collection, SuggestOptions(n=2), look)
        return found

    with threadpool_limits(3, user_api="blas"):
        assert blas_threads("comparing") == {1}
        assert blas_threads("choosing") == {3}
        with small_products():
            assert blas_threads("comparing") | blas_threads("choosing") == {1}
