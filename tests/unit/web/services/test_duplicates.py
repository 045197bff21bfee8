"""The list of groups: its cursors, what is kept of it, and what a drop needs."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from draw_images import save
from hypothesis import given
from hypothesis import strategies as st
from run_cli import sokkuri
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.curation.types import Group
from sokkuri.store.decisions import mark_different
from sokkuri.web.services import duplicates
from sokkuri.web.services.duplicates import DuplicateGroupCache, GroupQuery

IDS = st.binary(min_size=1, max_size=12).filter(lambda raw: 0 not in raw).map(os.fsdecode)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Two pictures of the same bytes, and one beside them."""
    for name, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        save(tmp_path / "photos" / name, seed)
    sokkuri("index", tmp_path / "photos", "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    with Collection.open(tmp_path / "photos", "rw") as opened:
        yield opened


def settle(collection: Collection) -> None:
    """As if nothing had changed for long."""
    for file in collection.store.glob("catalog.sqlite*"):
        os.utime(file, (1_600_000_000, 1_600_000_000))


@given(st.integers(0, 3), IDS, IDS)
def test_a_cursor_names_a_place(grade: int, first: str, keep: str) -> None:
    place = (grade, os.fsencode(first), os.fsencode(keep))
    assert duplicates._read_cursor(duplicates._cursor(place)) == place


@given(st.text(max_size=30))
def test_any_text_for_a_cursor_is_answered(text: str) -> None:
    try:
        grade, first, keep = duplicates._read_cursor(text)
    except UsageError:
        return
    assert isinstance(grade, int)
    assert b"\0" not in first + keep


def test_what_was_grouped_is_kept_until_something_changes(collection: Collection) -> None:
    settle(collection)
    kept, wanted = DuplicateGroupCache(), GroupQuery()
    found = kept.get(collection, wanted)
    assert [group.ids for group in found.groups] == [("a.png", "b.png")]
    assert kept.get(collection, wanted) is found
    assert kept.get(collection, GroupQuery("same")) is not found
    mark_different(collection.catalog, ["a.png", "b.png"])
    assert kept.get(collection, wanted).groups == ()
    mark_different(collection.catalog, ["a.png", "b.png"], undo=True)
    again = kept.get(collection, wanted)
    assert again.groups == found.groups
    assert again is not found


def test_what_has_just_changed_is_not_kept(collection: Collection) -> None:
    """A file that changes twice within a tick of its clock looks as if it had changed once."""
    kept, wanted = DuplicateGroupCache(), GroupQuery()
    settle(collection)
    now = time.time() + 60
    os.utime(collection.catalog.where, (now, now))
    assert kept.get(collection, wanted) is not kept.get(collection, wanted)


def test_a_drop_needs_a_group_that_has_both() -> None:
    groups = [
        Group("same", ("a", "b"), "a", ()),
        Group("edited", ("c", "b"), "c", ()),  # groups may share an image
    ]
    drops = [("b", "a"), ("b", "c"), ("a", "b"), ("a", "c"), ("a", "a"), ("x", "a"), ("a", "x")]
    found, left = duplicates._known(groups, drops)
    assert [(group.ids[1], group.keep, group.grade) for group in found] == [
        ("b", "a", "same"), ("b", "c", "edited"), ("a", "b", "same"),
    ]  # fmt: skip
    assert [one["id"] for one in left] == ["a", "a", "x", "a"]
