"""The list of groups: its cursors, its cache, and the groups that a drop needs."""

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from burst_frames import write_frame
from draw_images import save_drawing
from hypothesis import given
from hypothesis import strategies as st
from linked_images import images_to_link, store_links
from run_cli import sokkuri
from tiny_model import write_tiny_model
from trash_fixtures import make_collection, make_move, write_file, write_photos

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.curation.duplicates.find import DuplicateOptions, find_duplicates
from sokkuri.curation.duplicates.first_groups import first_groups
from sokkuri.curation.trash.log import TO_TRASH, MoveLog, Way
from sokkuri.curation.trash.store_logs import link_log
from sokkuri.curation.types import DuplicateImage, Group
from sokkuri.store.decisions import mark_different
from sokkuri.store.derived import derived_folder
from sokkuri.web.services import duplicates
from sokkuri.web.services.duplicates import DuplicateGroupCache, GroupQuery

IDS = st.binary(min_size=1, max_size=12).filter(lambda raw: 0 not in raw).map(os.fsdecode)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Two images of equal bytes, and another one."""
    for name, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        save_drawing(tmp_path / "photos" / name, seed)
    sokkuri("index", tmp_path / "photos", "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    with Collection.open(tmp_path / "photos", "rw") as opened:
        yield opened


def settle(collection: Collection) -> None:
    """Set the dates of the catalog to long ago."""
    for file in collection.store.glob("catalog.sqlite*"):
        os.utime(file, (1_600_000_000, 1_600_000_000))


@given(st.integers(0, 3), IDS, IDS)
def test_a_cursor_keeps_its_sort_key(grade: int, first: str, keep: str) -> None:
    sort_key = (grade, os.fsencode(first), os.fsencode(keep))
    assert duplicates._read_cursor(duplicates._cursor(sort_key)) == sort_key


@given(st.text(max_size=30))
def test_any_text_as_a_cursor_is_read_or_refused(text: str) -> None:
    try:
        grade, first, keep = duplicates._read_cursor(text)
    except UsageError:
        return
    assert isinstance(grade, int)
    assert b"\0" not in first + keep


def test_groups_are_cached_until_the_collection_changes(collection: Collection) -> None:
    settle(collection)
    cache, query = DuplicateGroupCache(), GroupQuery()
    found = cache.get(collection, query)
    assert [group.ids for group in found.groups] == [("a.png", "b.png")]
    assert cache.get(collection, query) is found
    assert cache.get(collection, GroupQuery("same")) is not found
    mark_different(collection.catalog, ["a.png", "b.png"])
    assert cache.get(collection, query).groups == ()
    mark_different(collection.catalog, ["a.png", "b.png"], undo=True)
    again = cache.get(collection, query)
    assert again.groups == found.groups
    assert again is not found


def test_groups_of_a_catalog_that_has_just_changed_are_not_cached(collection: Collection) -> None:
    """A second change within a tick of the clock would not change the date."""
    cache, query = DuplicateGroupCache(), GroupQuery()
    settle(collection)
    now = time.time() + 60
    os.utime(collection.catalog.where, (now, now))
    assert cache.get(collection, query) is not cache.get(collection, query)


def test_a_quick_page_has_the_first_groups_until_all_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "first_groups", partial(first_groups, few=0))
    with images_to_link(tmp_path / "photos") as linked:
        store_links(linked, [((5, 6), "edited"), ((7, 8), "same"), ((9, 10), "edited")])
        settle(linked)
        for file in derived_folder(linked).iterdir():
            os.utime(file, (1_600_000_000, 1_600_000_000))
        cache, query = DuplicateGroupCache(), GroupQuery()
        quick = duplicates.read_page(linked, cache, query, None, 4, quick=True)
        assert (quick["whole"], quick["total"], quick["next"]) == (False, 4, None)
        whole = duplicates.read_page(linked, cache, query, None, 4)
        assert (whole["whole"], whole["total"], whole["next"] is None) == (True, 6, False)
        assert quick["groups"] == whole["groups"]
        assert duplicates.read_page(linked, cache, query, None, 4, quick=True) == whole


def test_rules_choose_the_image_to_keep(tmp_path: Path) -> None:
    for name in ("a/one.png", "b/two.png"):
        save_drawing(tmp_path / "photos" / name, 1)
    sokkuri("index", tmp_path / "photos", "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    with Collection.open(tmp_path / "photos", "rw") as opened:
        cache = DuplicateGroupCache()

        def kept(*rules: str) -> str:
            return cache.get(opened, GroupQuery(keep=rules)).groups[0].keep

        assert (kept(), kept("b/"), kept("largest", "b/")) == (
            "a/one.png",
            "b/two.png",
            "b/two.png",
        )
        with pytest.raises(UsageError):
            kept("best")


def test_pictures_of_a_burst_can_be_shown_but_not_dropped(tmp_path: Path) -> None:
    for number, seconds in ((0, 0), (1, 2)):
        write_frame(tmp_path / "photos", number, f"2026:05:01 12:00:0{seconds}", blur=number + 0.2)
    with make_collection(tmp_path / "photos") as frames:
        for _ in find_duplicates(frames):
            pass
        cache, query = DuplicateGroupCache(), GroupQuery(bursts=True)
        before = cache.get(frames, query)
        assert (before.groups, before.unread) == ((), 2), "their files must be read first"
        assert cache.get(frames, GroupQuery()).unread == 0
        for _ in find_duplicates(frames, DuplicateOptions(bursts=True)):
            pass
        found = cache.get(frames, query)
        (burst,) = found.groups
        assert (burst.ids, found.unread) == (("frame0.jpg", "frame1.jpg"), 0)
        assert found.grades["burst"] == {"groups": 1, "drops": 0, "bytes": 0, "conflicts": 0}
        drops = [("frame1.jpg", "frame0.jpg")]
        done = duplicates.drop_images(frames, cache, query, drops)
        assert (done["moved"], [one["id"] for one in done["left"]]) == ([], ["frame1.jpg"])
        assert (tmp_path / "photos" / "frame1.jpg").exists()


def images(*ids: str) -> tuple[DuplicateImage, ...]:
    return tuple(DuplicateImage(id_, id_, Path("/photos"), None, None, 0, 0) for id_ in ids)


def test_a_drop_needs_a_group_that_contains_both_images() -> None:
    groups = [
        Group("same", images("a", "b"), ()),
        Group("edited", images("c", "b"), ()),  # groups may share an image
    ]
    drops = [("b", "a"), ("b", "c"), ("a", "b"), ("a", "c"), ("a", "a"), ("x", "a"), ("a", "x")]
    found, left = duplicates._match_drops(groups, drops)
    assert [(group.ids[1], group.keep, group.grade) for group in found] == [
        ("b", "a", "same"), ("b", "c", "edited"), ("a", "b", "same"),
    ]  # fmt: skip
    assert [one["id"] for one in left] == ["a", "a", "x", "a"]


def test_the_plan_of_another_collection_is_not_undone_from_here(tmp_path: Path) -> None:
    """Its log may have the name of an earlier plan of this one."""
    log, listed = tmp_path / "plan.log", []
    for name in ("ours", "theirs"):
        photos = write_photos(tmp_path / name)
        with make_collection(photos) as opened:
            move = make_move(photos, "a.jpg", "keep.jpg")
            with MoveLog.open(log, new=True) as moves:
                intent = moves.write_intent(move, photos / "a.jpg", str(opened.store))
                moves.write_outcome(intent, "moved")
            link_log(opened.store, log)
            listed.append(duplicates.list_drops(opened)["drops"])
    assert ([len(drops) for drops in listed], listed[0][0]["ids"]) == ([1, 0], ["a.jpg"])
    with Collection.open(tmp_path / "ours", "ro") as opened:
        assert duplicates.list_drops(opened) == {"drops": []}
        with pytest.raises(UsageError, match="another collection"):
            duplicates.undo_drops(opened, listed[0][0]["log"])


def test_the_sidecar_that_a_plan_wrote_is_listed_as_no_image(tmp_path: Path) -> None:
    log, photos = tmp_path / "plan.log", write_photos(tmp_path / "photos")
    with make_collection(photos) as opened:
        move = make_move(photos, "a.jpg", "keep.jpg")
        write_file(photos / "keep.jpg.xmp", b"written")
        sidecar = make_move(photos, "keep.jpg.xmp", "keep.jpg")
        with MoveLog.open(log, new=True) as moves:
            for one, way in ((move, TO_TRASH), (sidecar, Way("merge"))):
                intent = moves.write_intent(one, photos / one.path, str(opened.store), way)
                moves.write_outcome(intent, "moved")
        link_log(opened.store, log)
        (listed,) = duplicates.list_drops(opened)["drops"]
        assert listed["ids"] == ["a.jpg"]
        undone = duplicates.undo_drops(opened, listed["log"])
    assert (undone["returned"], undone["companions_returned"]) == (["a.jpg"], ["keep.jpg.xmp"])
    assert not (photos / "keep.jpg.xmp").exists()
