"""Comparing a collection: what is new with all, once; and groups of what is known."""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from edited_images import write
from trash_fixtures import collected

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.curation.duplicates import find, pair_store
from sokkuri.curation.duplicates.find import (
    DuplicateOptions,
    compared,
    find_duplicates,
    known_groups,
)
from sokkuri.curation.types import Group
from sokkuri.store.decisions import mark_different
from sokkuri.store.derived import derived_folder

PICTURES = 3
KINDS = ["small", "crop", "side"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Pictures with some of their edits, and one twin."""
    for seed in range(PICTURES):
        write(tmp_path / "photos" / str(seed), seed, KINDS, twin=seed == 0)
    return tmp_path / "photos"


@pytest.fixture
def collection(root: Path) -> Iterator[Collection]:
    with collected(root) as made:
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


def test_groups_are_known_afterwards(collection: Collection) -> None:
    assert compared(collection) == (0, 4 * PICTURES)
    found = groups(collection)
    assert members(found) == whole(0, 1, 2)
    assert known_groups(collection) == found
    assert compared(collection) == (4 * PICTURES, 4 * PICTURES)


def test_what_is_known_without_comparing_is_the_same_bytes(collection: Collection) -> None:
    (group,) = known_groups(collection)
    assert group.grade == "identical"
    assert group.ids == ("0/orig.jpg", "0/twin.jpg")
    assert not derived_folder(collection).exists(), "nothing is written"


def test_pairs_hold_the_one_to_keep_or_the_same_bytes(collection: Collection) -> None:
    for group in groups(collection):
        assert group.keep == group.ids[0]
        assert group.keep.endswith("/orig.jpg")
        assert {pair.b for pair in group.pairs} == {*group.ids[1:]}
        assert all(pair.a == group.keep for pair in group.pairs)


def test_twins_of_a_copy_are_in_its_group(root: Path) -> None:
    shutil.copyfile(root / "1" / "small.jpg", root / "1" / "tiny.jpg")
    with collected(root) as collection:
        group = next(one for one in groups(collection) if one.keep == "1/orig.jpg")
        linked = {pair.b: pair for pair in group.pairs}
        assert {"1/small.jpg", "1/tiny.jpg"} <= linked.keys()
        assert {linked[id_].a for id_ in ("1/small.jpg", "1/tiny.jpg")} == {
            "1/orig.jpg", "1/small.jpg",
        }  # fmt: skip


def test_the_same_bytes_that_are_told_apart_are_no_group(collection: Collection) -> None:
    mark_different(collection.catalog, ["0/orig.jpg", "0/twin.jpg"])
    assert known_groups(collection) == ()
    assert members(groups(collection)) == {
        *whole(1, 2), frozenset(f"0/{name}.jpg" for name in ["orig", *KINDS]),
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
def test_what_makes_no_sense_is_refused(collection: Collection, options: DuplicateOptions) -> None:
    with pytest.raises(UsageError):
        groups(collection, options)
    with pytest.raises(UsageError):
        known_groups(collection, options)


def test_filters_leave_the_others_for_later(collection: Collection) -> None:
    assert members(groups(collection, DuplicateOptions(under="1"))) == whole(1)
    assert compared(collection) == (4, 4 * PICTURES)
    assert members(groups(collection)) == whole(0, 1, 2)


def forge(collection: Collection, score: float) -> None:
    """Change what is known: whoever compares again writes over it."""
    with closing(sqlite3.connect(pair_store.place(collection))) as ledger, ledger:
        ledger.execute("UPDATE pairs SET score = ? WHERE grade IS NOT NULL", [score])


def scores(found: tuple[Group, ...]) -> set[float]:
    return {pair.score for group in found for pair in group.pairs if pair.grade != "identical"}


def test_what_was_compared_is_not_compared_again(root: Path) -> None:
    with collected(root) as collection:
        groups(collection)
        forge(collection, 0.75)
        assert scores(groups(collection)) == {0.75}
    shutil.rmtree(root / ".sokkuri" / "features")
    shutil.rmtree(root / "1")
    with Collection.open(root) as collection:
        assert notes(collection) == []
        assert members(groups(collection)) == whole(0, 1, 2), "neither files nor vectors are read"


def test_what_is_cut_short_goes_on(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step may be the last: what was looked at by then is not looked at again."""
    monkeypatch.setattr(find, "_PAIRS", 1)
    with closing(find_duplicates(collection)) as steps:
        next(step for step in steps if step.stage == "comparing" and step.done)
    with pair_store.read(collection) as ledger:
        assert ledger is not None
        seen = ledger.near_duplicates()
        assert seen, "what was found is kept"
    forge(collection, 0.75)
    found = groups(collection)
    assert members(found) == whole(0, 1, 2)
    assert 0.75 in scores(found)


@pytest.mark.parametrize("cut_short", [True, False])
def test_what_could_not_be_had_is_compared_when_it_can(root: Path, cut_short: bool) -> None:
    """A disk that was not there for a while: nobody's copies are lost for good."""
    with collected(root) as collection:
        with closing(find_duplicates(collection)) as steps:  # all prints, and no pair
            next(step for step in steps if step.stage == "comparing")
        (root / "1").rename(root.parent / "away")
        if cut_short:
            with closing(find_duplicates(collection)) as steps:
                next(step for step in steps if step.done == 4 * PICTURES)
        else:
            (note,) = notes(collection)
            assert "4 pictures were left out" in note
        assert members(known_groups(collection)) == whole(0, 2)
        assert compared(collection) == (8, 12)
        (root.parent / "away").rename(root / "1")
        assert notes(collection) == []
        assert members(groups(collection)) == whole(0, 1, 2)


def test_what_is_new_meets_what_could_not_be_had(root: Path) -> None:
    """That was compared before: it is to be compared again, or neither would find the other."""
    with collected(root) as collection:
        groups(collection)
    (root / "1").rename(root.parent / "away")
    write(root / "new", 1, ["mirror"])
    (root / "new" / "orig.jpg").unlink()
    with collected(root) as collection:
        assert members(groups(collection)) == whole(0, 1, 2)
        (root.parent / "away").rename(root / "1")
        (one,) = whole(1)
        assert members(groups(collection)) == {*whole(0, 2), one | {"new/mirror.jpg"}}


def test_a_twin_stands_in_for_a_file_that_is_gone(collection: Collection) -> None:
    Path(str(collection.root), "0", "orig.jpg").unlink()
    assert notes(collection) == []
    assert members(known_groups(collection)) == whole(0, 1, 2)


def test_with_opencv_what_was_missed_is_found(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "cv2", None)
        (note,) = notes(collection)
        assert "sokkuri[duplicates]" in note
        assert "0/side.jpg" not in {id_ for group in known_groups(collection) for id_ in group.ids}
        forge(collection, 0.75)
        assert scores(groups(collection)) == {0.75}, "without it nothing new is to be found"
    found = groups(collection)
    assert members(found) == whole(0, 1, 2)
    assert 0.75 in scores(found), "what was found without it stays"
