"""Finding near-duplicates: each pair is compared once, and known pairs can be grouped."""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from edited_images import write_edits
from trash_fixtures import make_collection

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.curation.duplicates import compare_new, find, keep_rules, pair_store
from sokkuri.curation.duplicates.close_looks import confirm_groups
from sokkuri.curation.duplicates.find import (
    DuplicateOptions,
    count_compared,
    find_duplicates,
    known_groups,
)
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.curation.types import Group
from sokkuri.store.decisions import mark_different
from sokkuri.store.derived import derived_folder

PICTURES = 3
KINDS = ["small", "crop", "side"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with some of their edits, and one twin."""
    folder = tmp_path_factory.mktemp("drawn")
    for seed in range(PICTURES):
        write_edits(folder / str(seed), seed, KINDS, twin=seed == 0)
    return folder


@pytest.fixture(scope="module")
def compared_once(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of them in which all pictures are compared."""
    folder = shutil.copytree(drawn, tmp_path_factory.mktemp("compared") / "photos")
    with make_collection(folder) as made:
        groups(made)
    return folder


@pytest.fixture
def root(drawn: Path, tmp_path: Path) -> Path:
    """The pictures of this test."""
    return shutil.copytree(drawn, tmp_path / "photos")


@pytest.fixture
def collection(root: Path) -> Iterator[Collection]:
    """A collection of them in which nothing is compared."""
    with make_collection(root) as made:
        yield made


@pytest.fixture
def compared(compared_once: Path, tmp_path: Path) -> Iterator[Collection]:
    """A copy of the compared collection."""
    with Collection.open(shutil.copytree(compared_once, tmp_path / "compared")) as made:
        yield made


def groups(collection: Collection, options: DuplicateOptions | None = None) -> tuple[Group, ...]:
    *_, last = find_duplicates(collection, options)
    assert last.result is not None
    return last.result


def notes(collection: Collection) -> list[str]:
    return [step.note for step in find_duplicates(collection) if step.note]


def members(found: tuple[Group, ...]) -> set[frozenset[str]]:
    return {frozenset(group.ids) for group in found}


def whole(*seeds: int) -> set[frozenset[str]]:
    """What the groups of these pictures should hold."""
    names = ["orig", *KINDS]
    return {
        frozenset(f"{seed}/{name}.jpg" for name in (names if seed else [*names, "twin"]))
        for seed in seeds
    }


def test_groups_are_known_after_an_interrupt_half_way(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_new, "BATCH", 4)  # of 12 contents
    monkeypatch.setattr(find, "_CHECK_SECONDS", 0.0)
    checked = False
    with closing(find_duplicates(collection)) as steps:
        for step in steps:
            checked = checked or step.stage == "checking"
            if checked and step.stage == "comparing":
                break
    compared, total = count_compared(collection)
    assert compared < total
    assert known_groups(collection)


def test_a_run_stores_its_groups(collection: Collection) -> None:
    assert count_compared(collection) == (0, 4 * PICTURES)
    found = groups(collection)
    assert members(found) == whole(0, 1, 2)
    assert known_groups(collection) == found
    assert count_compared(collection) == (4 * PICTURES, 4 * PICTURES)


def test_equal_bytes_are_known_without_comparing(collection: Collection) -> None:
    (group,) = known_groups(collection)
    assert group.grade == "identical"
    assert group.ids == ("0/orig.jpg", "0/twin.jpg")
    assert not derived_folder(collection).exists(), "nothing is written"


def test_every_pair_has_the_image_to_keep(compared: Collection) -> None:
    for group in groups(compared):
        assert group.keep == group.ids[0]
        assert group.keep.endswith("/orig.jpg")
        assert {pair.b for pair in group.pairs} == {*group.ids[1:]}
        assert all(pair.a == group.keep for pair in group.pairs)


def test_files_equal_to_a_copy_are_in_its_group(root: Path) -> None:
    shutil.copyfile(root / "1" / "small.jpg", root / "1" / "tiny.jpg")
    for other in ("0", "2"):
        shutil.rmtree(root / other)
    with make_collection(root) as collection:
        group = next(one for one in groups(collection) if one.keep == "1/orig.jpg")
        linked = {pair.b: pair for pair in group.pairs}
        assert {"1/small.jpg", "1/tiny.jpg"} <= linked.keys()
        assert {linked[id_].a for id_ in ("1/small.jpg", "1/tiny.jpg")} == {
            "1/orig.jpg", "1/small.jpg",
        }  # fmt: skip


def test_equal_files_that_a_person_marked_as_different_are_not_a_group(root: Path) -> None:
    shutil.rmtree(root / "2")
    with make_collection(root) as collection:
        mark_different(collection.catalog, ["0/orig.jpg", "0/twin.jpg"])
        assert known_groups(collection) == ()
        assert members(groups(collection)) == {
            *whole(1), frozenset(f"0/{name}.jpg" for name in ["orig", *KINDS]),
        }  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        DuplicateOptions(min_grade="close"),  # type: ignore[arg-type]
        DuplicateOptions(keep=("best",)),
        DuplicateOptions(where="colour = 1"),
        DuplicateOptions(under="../elsewhere"),
    ],
)
def test_wrong_options_are_refused(collection: Collection, options: DuplicateOptions) -> None:
    with pytest.raises(UsageError):
        groups(collection, options)
    with pytest.raises(UsageError):
        known_groups(collection, options)


def test_images_outside_the_filters_are_compared_later(root: Path) -> None:
    shutil.rmtree(root / "2")
    with make_collection(root) as collection:
        assert members(groups(collection, DuplicateOptions(under="1"))) == whole(1)
        assert count_compared(collection) == (4, 8)
        assert members(groups(collection)) == whole(0, 1)


def forge(collection: Collection, score: float) -> None:
    """Change what is known: whoever compares again writes over it."""
    with closing(sqlite3.connect(pair_store.pair_store_path(collection))) as tables, tables:
        tables.execute("UPDATE pairs SET score = ? WHERE grade IS NOT NULL", [score])


def scores(found: tuple[Group, ...]) -> set[float]:
    return {pair.score for group in found for pair in group.pairs if pair.grade != "identical"}


def test_compared_images_are_not_compared_again(compared_once: Path, tmp_path: Path) -> None:
    root = shutil.copytree(compared_once, tmp_path / "photos")
    with Collection.open(root) as collection:
        forge(collection, 0.75)
        assert scores(groups(collection)) == {0.75}
    for shard in (root / ".sokkuri" / "features").rglob("*.features.npy"):
        np.lib.format.open_memmap(shard, "r+")[:] = np.nan
    shutil.rmtree(root / "1")
    with Collection.open(root) as collection:
        assert notes(collection) == []
        assert members(groups(collection)) == whole(0, 1, 2), "neither files nor vectors are read"


def test_only_images_of_possible_groups_are_put_in_order(
    compared: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark_different(compared.catalog, [f"1/{name}.jpg" for name in ["orig", *KINDS]])
    asked: set[str] = set()
    is_name_of_copy = keep_rules.is_name_of_copy

    def noting(path: str) -> bool:
        asked.add(path.partition("/")[0])
        return is_name_of_copy(path)

    monkeypatch.setattr(keep_rules, "is_name_of_copy", noting)
    assert members(groups(compared)) == whole(0, 2)
    assert asked == {"0", "2"}, "an order of all images would take most of a run without new ones"


def looked_at(collection: Collection) -> list[bool]:
    """Return for each supposed pair of copies whether it was looked at closely."""
    with pair_store.read_pair_store(collection) as store:
        assert store is not None
        return [not pair.open for pair in store.links() if pair.likely]


def test_the_image_to_keep_is_looked_at_closely_beside_each_copy(compared: Collection) -> None:
    looked = looked_at(compared)
    assert not all(looked), "pairs of two copies decide nothing"
    assert sum(looked) == len(KINDS) * PICTURES
    assert groups(compared) == known_groups(compared)
    assert looked_at(compared) == looked


def test_no_plan_uses_a_pair_that_was_not_looked_at_closely(compared: Collection) -> None:
    copies = DuplicateOptions(where="id != '1/orig.jpg'", under="1")
    (group,) = known_groups(compared, copies)
    assert {*group.ids} == {f"1/{name}.jpg" for name in KINDS}
    is_open = {group.is_open(image) for image in group.images[1:]}
    assert is_open == {True}
    assert make_trash_plan(compared, [group]).moves == ()
    pairs = [
        Group(group.grade, (group.images[0], image), (pair,))
        for image, pair in zip(group.images[1:], group.pairs, strict=True)
    ]
    confirmed, refuted = confirm_groups(compared, pairs)
    assert (len(confirmed), refuted) == (len(KINDS) - 1, [])
    assert len(make_trash_plan(compared, confirmed).moves) == len(KINDS) - 1
    (again,) = known_groups(compared, copies)
    assert not any(map(again.is_open, again.images)), "what was found is kept"


def test_an_interrupted_run_continues(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step may be the last: what was looked at by then is not looked at again."""
    monkeypatch.setattr(compare_new, "_PAIRS", 1)
    shutil.rmtree(root / "2")
    with make_collection(root) as collection:
        with closing(find_duplicates(collection)) as steps:
            next(step for step in steps if step.stage == "comparing" and step.done)
        with pair_store.read_pair_store(collection) as store:
            assert store is not None
            seen = store.near_duplicates()
            assert seen, "what was found is kept"
        forge(collection, 0.75)
        found = groups(collection)
        assert members(found) == whole(0, 1)
        assert 0.75 in scores(found)


@pytest.mark.parametrize("cut_short", [True, False])
def test_unreadable_images_are_compared_when_they_can_be_read(root: Path, cut_short: bool) -> None:
    """A disk that was not there for a while: nobody's copies are lost for good."""
    shutil.rmtree(root / "2")
    with make_collection(root) as collection:
        with closing(find_duplicates(collection)) as steps:  # all prints, and no pair
            next(step for step in steps if step.stage == "comparing")
        (root / "1").rename(root.parent / "away")
        if cut_short:
            with closing(find_duplicates(collection)) as steps:
                next(step for step in steps if step.done == 8)
        else:
            (note,) = notes(collection)
            assert "4 pictures were left out" in note
            assert members(known_groups(collection)) == whole(0)
        assert count_compared(collection) == (4, 8)
        (root.parent / "away").rename(root / "1")
        assert notes(collection) == []
        assert members(groups(collection)) == whole(0, 1)


def test_a_new_image_is_compared_with_images_that_were_unreadable(root: Path) -> None:
    """That was compared before: it is to be compared again, or neither would find the other."""
    shutil.rmtree(root / "2")
    with make_collection(root) as collection:
        groups(collection)
    (root / "1").rename(root.parent / "away")
    write_edits(root / "new", 1, ["mirror"])
    (root / "new" / "orig.jpg").unlink()
    with make_collection(root) as collection:
        assert members(groups(collection)) == whole(0, 1)
        (root.parent / "away").rename(root / "1")
        (one,) = whole(1)
        assert members(groups(collection)) == {*whole(0), one | {"new/mirror.jpg"}}


def test_an_equal_file_replaces_one_that_is_gone(root: Path) -> None:
    shutil.rmtree(root / "1")
    shutil.rmtree(root / "2")
    with make_collection(root) as collection:
        (root / "0" / "orig.jpg").unlink()
        assert notes(collection) == []
        assert members(known_groups(collection)) == whole(0)


def test_after_opencv_is_installed_missed_copies_are_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(root / "2")
    with make_collection(root) as collection:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "cv2", None)
            (note,) = notes(collection)
            assert "sokkuri[duplicates]" in note
            found = {id_ for group in known_groups(collection) for id_ in group.ids}
            assert "0/side.jpg" not in found
            forge(collection, 0.75)
            assert scores(groups(collection)) == {0.75}, "without it nothing new is to be found"
        now = groups(collection)
        assert members(now) == whole(0, 1)
        assert 0.75 in scores(now), "what was found without it stays"
