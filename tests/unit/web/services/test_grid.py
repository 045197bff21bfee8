"""The order of the grid: by folder or date, in groups, cached until the collection changes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_collection import DIMENSION, Bench, apply_listing, create_empty, make_extracted

from sokkuri.core.errors import UsageError
from sokkuri.core.types import FileRef, FileStat, PhotoMetadata
from sokkuri.store.photos import record_photos
from sokkuri.web.services import grid
from sokkuri.web.services.browse import count_folders

DAY = 86400 * 10**9
FILES = {
    "a.png": datetime(2024, 5, 2, 12, tzinfo=UTC),
    "b/1.png": datetime(2024, 7, 1, 12, tzinfo=UTC),
    "b/2.png": datetime(2023, 7, 9, 12, tzinfo=UTC),
    "b/c/1.png": datetime(2024, 5, 20, 12, tzinfo=UTC),
    "b-c/1.png": datetime(2024, 7, 9, 12, tzinfo=UTC),
    "z.png": datetime(1960, 1, 15, 12, tzinfo=UTC),
}
"""Files and their dates. "b-c" sorts between "b" and "b/" by characters."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(create_empty(tmp_path / "photos"))
    fill(made, {id_: int(when.timestamp()) * 10**9 for id_, when in FILES.items()})
    yield made
    made.digests.close()
    made.collection.close()


def fill(bench: Bench, dates: dict[str, int]) -> None:
    files = [FileRef(id_, id_, FileStat(10, date)) for id_, date in dates.items()]
    apply_listing(bench.catalog, files, bench.run)
    vector = np.ones(DIMENSION, np.float32)
    for number, (id_, job) in enumerate(bench.claim_jobs().items()):
        bench.writer.add(make_extracted(job, b"content %8d" % number, vector, dates[id_]))
    bench.writer.finish()


def shown(bench: Bench, sort: grid.Sort, under: str | None = None) -> list[tuple[str, list[str]]]:
    """Return the title and the images of each group."""
    order = grid.make_order(bench.collection, under, sort)
    whole = grid.grid_document(order, "now")
    assert whole["count"] == len(whole["ratios"]) == len(order.keys)
    images = grid.read_window(bench.collection, order, "now", 0, 500)["images"]
    ids = [one["id"] for one in images]
    firsts = [*(group["first"] for group in whole["groups"]), len(ids)]
    return [
        (group["title"], ids[firsts[number] : firsts[number + 1]])
        for number, group in enumerate(whole["groups"])
    ]


def test_images_are_grouped_by_folder(bench: Bench) -> None:
    assert shown(bench, "folder") == [
        ("", ["a.png", "z.png"]), ("b", ["b/1.png", "b/2.png"]), ("b-c", ["b-c/1.png"]),
        ("b/c", ["b/c/1.png"]),
    ]  # fmt: skip
    assert shown(bench, "folder", "b") == [("b", ["b/1.png", "b/2.png"]), ("b/c", ["b/c/1.png"])]


def test_images_are_grouped_by_month(bench: Bench) -> None:
    newest = [
        ("July 2024", ["b-c/1.png", "b/1.png"]), ("May 2024", ["b/c/1.png", "a.png"]),
        ("July 2023", ["b/2.png"]), ("January 1960", ["z.png"]),
    ]  # fmt: skip
    assert shown(bench, "newest") == newest
    assert shown(bench, "oldest") == [(title, ids[::-1]) for title, ids in newest[::-1]]


def test_months_and_counts_follow_the_filter(bench: Bench) -> None:
    where = "path like 'b%' and width >= 0"
    order = grid.make_order(bench.collection, None, "newest", where)
    whole = grid.grid_document(order, "now")
    assert [(group["title"], group["first"]) for group in whole["groups"]] == [
        ("July 2024", 0), ("May 2024", 2), ("July 2023", 3),
    ]  # fmt: skip
    assert whole["count"] == 4
    folders = count_folders(bench.collection, where)["folders"]
    assert {one["path"]: one["count"] for one in folders} == {"": 4, "b": 3, "b-c": 1, "b/c": 1}
    assert count_folders(bench.collection, "width < 0")["folders"] == [{"path": "", "count": 0}]


def test_any_time_of_a_photo_has_a_month(bench: Bench) -> None:
    """A camera whose clock was wrong, and the catalog of a stranger."""
    catalog = bench.catalog
    digests = dict(catalog.fetch_all("SELECT path, digest FROM images"))
    with catalog.writing():
        early, late = (PhotoMetadata(taken=us) for us in (-62 * 10**15, 253 * 10**15))
        record_photos(catalog, {digests["a.png"]: early, digests["b/1.png"]: late})
        record_photos(catalog, {digests["z.png"]: PhotoMetadata()})
        catalog.execute("UPDATE photos SET taken = 'soon' WHERE digest = ?", [digests["z.png"]])
    titles = [title for title, _ in shown(bench, "oldest")]
    assert (titles[0], titles[-1]) == ("April 5", "April 9987")


def test_a_window_is_a_part_of_the_whole_order(bench: Bench) -> None:
    order = grid.make_order(bench.collection, None, "folder")
    whole = grid.read_window(bench.collection, order, "now", 0, 500)["images"]
    for offset in range(8):
        part = grid.read_window(bench.collection, order, "now", offset, 2)
        assert part["images"] == whole[offset : offset + 2]
        assert (part["revision"], part["order"]) == ("now", order.version)
    assert grid.read_window(bench.collection, order, "now", 10**30, 500)["images"] == []


def test_an_order_is_cached_for_one_revision(bench: Bench) -> None:
    orders = grid.GridOrderCache()
    first = orders.get(bench.collection, "1", None, "folder")
    assert orders.get(bench.collection, "1", "", "folder") is first
    assert orders.get(bench.collection, "1", None, "newest") is not first
    assert orders.get(bench.collection, "1", "b", "folder") is not first
    assert orders.get(bench.collection, "2", None, "folder") is not first
    filtered = orders.get(bench.collection, "1", None, "folder", "path like 'b%'")
    assert orders.get(bench.collection, "1", "", "folder", "path like 'b%'") is filtered
    assert len(filtered.keys) == 4
    for number in range(50):
        orders.get(bench.collection, str(number), None, "folder")
        assert len(orders._orders) <= 8, "the cache is limited"
    with pytest.raises(UsageError):
        orders.get(bench.collection, "1", "../elsewhere", "folder")


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_a_group_is_a_run_of_equal_names(names: list[str]) -> None:
    groups = grid._groups(names, lambda name: (name.upper(), name))
    firsts = [first for _, first, _ in groups]
    rebuilt: list[str] = []
    for (title, first, name), end in zip(groups, [*firsts[1:], len(names)], strict=True):
        assert title == str(name).upper()
        rebuilt += [str(name)] * (end - first)
    assert rebuilt == names
    assert all(one[2] != other[2] for one, other in pairwise(groups))


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_timestamp_has_a_title(mtime_ns: int) -> None:
    title, folder = grid._month_title(grid._month(mtime_ns))
    assert title
    assert folder is None
