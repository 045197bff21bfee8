"""What to label next: what represents most, what is farthest, and never the same twice."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_collection import Bench, empty

from sokkuri.core.errors import UsageError
from sokkuri.curation.labeling import suggest as suggesting
from sokkuri.curation.labeling.suggest import MOST, Method, SuggestOptions, accuracy_curve, suggest
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import set_labels

DIMENSION = 16
SIZES = (40, 30, 20, 10)
Vectors = NDArray[np.float32]


def groups(noise: float = 0.05) -> tuple[Vectors, list[str]]:
    """Four groups around axes, of falling size, in folders; then one image like none of them."""
    rng = np.random.default_rng(1)
    centres = np.eye(DIMENSION, dtype=np.float32)
    rows, ids = [], []
    for group, size in enumerate(SIZES):
        around = centres[group] + noise * rng.standard_normal((size, DIMENSION)).astype(np.float32)
        rows.append(around)
        ids += [f"{'abcd'[group]}/{number:02d}.jpg" for number in range(size)]
    return np.concatenate([*rows, centres[-1:]]), [*ids, "odd.jpg"]


def collected(root: Path, rows: Vectors, ids: Sequence[str]) -> CollectionStore:
    made = empty(root, rows.shape[1])
    bench = Bench(made)
    bench.fill(np.ascontiguousarray(rows, np.float32), ids)
    bench.known.close()
    return made


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with collected(tmp_path / "photos", *groups()) as made:
        yield made


def folders(collection: CollectionStore, **options: object) -> list[str]:
    found = suggest(collection, SuggestOptions(**options))  # type: ignore[arg-type]
    return [one.id.partition("/")[0] for one in found]


def test_density_begins_with_one_of_each_kind_and_not_with_the_odd_one(
    collection: CollectionStore,
) -> None:
    found = suggest(collection, SuggestOptions(4))
    assert sorted(one.id[0] for one in found) == ["a", "b", "c", "d"]
    assert [one.rank for one in found] == [1, 2, 3, 4]
    assert all(0 < one.score <= 1 for one in found)
    stands = {one.id[0]: int(one.why.removeprefix("stands for about ").split()[0]) for one in found}
    assert sum(stands.values()) == 101
    assert all(0 <= stands["abcd"[at]] - size <= 1 for at, size in enumerate(SIZES))


def test_k_center_takes_the_odd_one_second(collection: CollectionStore) -> None:
    found = suggest(collection, SuggestOptions(5, "k-center"))
    assert {one.id[0] for one in found} == {"a", "b", "c", "d", "o"}
    assert found[0].why == "nothing has a label, and most are like it"
    first = found[0].id
    assert found[1].why.startswith(f"{first} is the nearest, at 1.0")


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_what_has_a_label_is_not_taken_and_its_kind_can_wait(
    collection: CollectionStore, method: Method
) -> None:
    set_labels(collection.catalog, [("a/03.jpg", "A"), ("b/03.jpg", "B")])
    taken = folders(collection, n=2, method=method)
    assert not {"a", "b"} & {*taken}
    given = {f"{folder}/00.jpg": folder for folder in "bcd"}  # in the place of the catalog's
    assert folders(collection, n=1, method="density", labels=given) == ["a"]
    everything = suggest(collection, SuggestOptions(MOST, method))
    assert {"a/03.jpg", "b/03.jpg"}.isdisjoint(one.id for one in everything)


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_near_duplicates_are_taken_once(tmp_path: Path, method: Method) -> None:
    rng = np.random.default_rng(2)
    rows = np.abs(rng.standard_normal((30, 64))) ** 3
    ids = [f"{number:02d}" for number in range(30)]
    again = np.concatenate([rows, rows * 1.5, rows + 0.02])
    names = [*ids, *(f"{id_} brighter" for id_ in ids), *(f"{id_} paler" for id_ in ids)]
    with collected(tmp_path / "photos", again, names) as collection:
        labels = {"07 paler": "x"}
        found = suggest(collection, SuggestOptions(100, method, labels=labels))
    pictures = [one.id[:2] for one in found]
    assert sorted(pictures) == [id_ for id_ in ids if id_ != "07"]


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_what_is_known_to_be_the_same_is_taken_once(tmp_path: Path, method: Method) -> None:
    """Such as a picture and its half, which the features alone do not take for copies."""
    rows, ids = np.eye(6, dtype=np.float32), list("abcdef")
    with collected(tmp_path / "photos", rows, ids) as collection:
        options = SuggestOptions(6, method, labels={"a": "x"}, same=[("b", "a"), ("c", "d")])
        found = {one.id for one in suggest(collection, options)}
        unknown = SuggestOptions(6, method, same=[("a", "nobody")])
        assert len(suggest(collection, unknown)) == 6
        star = [("a", "b"), ("c", "d"), ("d", "b"), ("a", "c"), ("e", "f")]
        assert len(suggest(collection, SuggestOptions(6, method, same=star))) == 2
        star_labelled = SuggestOptions(6, method, labels={"c": "x"}, same=star)
        assert len(suggest(collection, star_labelled)) == 1
    assert found in ({"c", "e", "f"}, {"d", "e", "f"})


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_a_person_may_pass_over_images_and_say_where_to_look(
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
    assert first not in [one.id for one in suggest(collection, SuggestOptions(50, method))]


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_there_may_be_nothing_to_suggest(tmp_path: Path, method: Method) -> None:
    with empty(tmp_path / "photos") as collection:
        assert suggest(collection, SuggestOptions(method=method)) == []
        bench = Bench(collection)
        bench.fill(np.ones((3, 4), np.float32), ["a", "b", "c"])  # all the same
        bench.known.close()
        assert len(suggest(collection, SuggestOptions(method=method))) == 1
        set_labels(collection.catalog, [("a", "x")])
        assert suggest(collection, SuggestOptions(method=method)) == []


@pytest.mark.parametrize("count", [0, -1, MOST + 1])
def test_a_number_out_of_range_is_refused(collection: CollectionStore, count: int) -> None:
    with pytest.raises(UsageError):
        suggest(collection, SuggestOptions(count))


@pytest.mark.parametrize("method", ["density", "k-center"])
def test_of_many_images_a_drawn_part_stands_for_all(
    tmp_path: Path, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggesting, "_REPRESENTED", 50)
    monkeypatch.setattr(suggesting, "_FARTHEST", 50)
    with collected(tmp_path / "photos", *groups()) as collection:
        found = suggest(collection, SuggestOptions(3, method))
        assert len(found) == 3
        if method == "density":  # of 40 images of one kind and 30 of another, whatever was drawn
            assert {"a", "b"} <= {one.id[0] for one in found}
            numbers = [int(one.why.split()[3]) for one in found]
            assert 60 <= sum(numbers) <= 110


def test_gains_are_those_of_plain_greedy(collection: CollectionStore) -> None:
    """The lazy search for the best, beside one that asks all, at every step."""
    rows, ids = groups()
    points = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    apart = 1 - points @ points.T
    square = apart / (1 - np.square(points.mean(axis=0)).sum())
    nearest, chosen = np.full(len(ids), np.inf), []
    allowed = np.ones(len(ids), bool)
    for count in range(1, 20):
        sharp = min(2 ** (np.floor(np.log2(count)) / 2), 8.0)
        gains = np.maximum(np.exp(-sharp * square) - np.exp(-sharp * nearest), 0).mean(axis=1)
        if not allowed.any():
            break
        best = int(np.where(allowed, gains, -1).argmax())
        chosen.append((ids[best], float(gains[best])))
        nearest = np.minimum(nearest, square[best])
        allowed &= apart[best] >= suggesting.NEAR
    found = suggest(collection, SuggestOptions(19))
    assert [one.id for one in found] == [id_ for id_, _ in chosen]
    assert [one.score for one in found] == pytest.approx([gain for _, gain in chosen], abs=1e-5)


def test_where_neighbours_disagree_more_is_to_be_learnt(tmp_path: Path) -> None:
    """Two like groups, in one of which the labels agree: the next ones are of the other."""
    rng = np.random.default_rng(3)
    centres = np.eye(DIMENSION, dtype=np.float32)[[0, 1]]
    rows = np.repeat(centres, 40, axis=0)
    rows += 0.3 * rng.standard_normal(rows.shape).astype(np.float32)
    ids = [f"{'agreed' if number < 40 else 'torn'}/{number}" for number in range(80)]
    with collected(tmp_path / "photos", rows, ids) as collection:
        agreed = dict.fromkeys(ids[:6], "x")
        torn = {id_: "xyz"[number % 3] for number, id_ in enumerate(ids[40:46])}
        found = suggest(collection, SuggestOptions(10, labels=agreed | torn))
        without = suggest(collection, SuggestOptions(10, labels=dict.fromkeys(agreed | torn, "x")))
    counts = [sum(one.id.startswith("torn") for one in some) for some in (found, without)]
    assert counts[0] > counts[1]


def test_the_accuracy_curve_is_of_what_the_neighbours_tell(collection: CollectionStore) -> None:
    _, ids = groups()
    assert accuracy_curve(collection) == []
    labels = [(id_, id_[0]) for id_ in np.random.default_rng(0).permutation(ids[:-1]).tolist()]
    set_labels(collection.catalog, labels[:9])
    assert accuracy_curve(collection) == []  # too few to tell
    set_labels(collection.catalog, labels)
    curve = accuracy_curve(collection)
    counts = [count for count, _ in curve]
    assert (counts[0], counts[-1]) == (10, 100)
    assert counts == sorted({*counts})
    assert curve[-1][1] == pytest.approx(1.0)  # the groups do not touch
    # Labels that say nothing are told no better than by chance.
    drawn = np.random.default_rng(0).permutation([label for _, label in labels]).tolist()
    set_labels(collection.catalog, [*zip((id_ for id_, _ in labels), drawn, strict=True)])
    assert accuracy_curve(collection)[-1][1] < 0.6


def test_one_class_has_no_accuracy_curve(collection: CollectionStore) -> None:
    set_labels(collection.catalog, [(f"a/{number:02d}.jpg", "same") for number in range(20)])
    assert accuracy_curve(collection) == []
