"""Pages with cursors, folders, neighbours of an image, and file names of any bytes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_collection import DIMENSION, Bench, create_empty

from sokkuri.core.errors import UnknownImageError
from sokkuri.indexing.outcomes import Failed
from sokkuri.store.damage import count_damaged, record_damage
from sokkuri.store.image_pages import images_by_id
from sokkuri.web.services import browse

NAMES = st.binary(min_size=1, max_size=30).map(os.fsdecode)
IDS = [
    "00.png", "a.png", "a/b/c.png", "a/b.png", "a/z.png", "a-b/c.png", "größe/ß.png",
    os.fsdecode(b"caf\xe9/\xff.png"), os.fsdecode(b"caf\xe9/a.png"), "\U0001f600.png", "~.png",
]  # fmt: skip
"""Not in the order of their bytes. U+1F600 sorts after U+DCE9 by code points, not by bytes."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(create_empty(tmp_path_factory.mktemp("browsing") / "photos"))
    made.add_vectors(np.random.default_rng(0).random((len(IDS), DIMENSION), np.float32), IDS)
    made.list_files(*IDS, "broken.png", "a/worse.png", "a/waiting.png")
    jobs = made.claim_jobs()
    made.commit(
        Failed(jobs["broken.png"], "decode", "it is no image"),
        Failed(jobs["a/worse.png"], "read", "permission denied"),
    )
    yield made
    made.digests.close()
    made.collection.close()


def walk(bench: Bench, limit: int, **asked: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = browse.read_image_page(
            bench.collection, asked.get("under"), asked.get("where"), cursor, limit
        )
        found += [one["id"] for one in page["images"]]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, len(IDS), 100])
def test_pages_contain_all_images_in_the_order_of_bytes(bench: Bench, limit: int) -> None:
    assert walk(bench, limit) == sorted(IDS, key=os.fsencode)
    below = [one for one in sorted(IDS, key=os.fsencode) if one.startswith("a/")]
    assert walk(bench, limit, under="a") == below
    assert walk(bench, limit, where="id like 'a%'") == sorted(["a-b/c.png", "a.png", *below])


def test_changes_between_two_pages_repeat_and_skip_no_image(tmp_path: Path) -> None:
    made = Bench(create_empty(tmp_path / "photos"))
    made.add_images(0, 6)
    first = browse.read_image_page(made.collection, None, None, None, 3)
    made.collection.remove(["00001", "00003"])
    second = browse.read_image_page(made.collection, None, None, first["next"], 3)
    assert [one["id"] for one in second["images"]] == ["00004", "00005"]
    assert second["next"] is None
    made.digests.close()
    made.collection.close()


def test_failures_come_in_pages(bench: Bench) -> None:
    first = browse.read_failure_page(bench.collection, None, 1)
    assert first["failures"] == [
        {"id": "a/worse.png", "name": "worse.png", "stage": "read", "reason": "permission denied"}
    ]
    second = browse.read_failure_page(bench.collection, first["next"], 1)
    assert [one["id"] for one in second["failures"]] == ["broken.png"]
    assert second["next"] is None


def test_damaged_images_come_in_pages(bench: Bench) -> None:
    """Equal bytes are damaged alike. Removed images and bytes without an image are not listed."""
    assert browse.read_damaged_page(bench.collection, None, 5) == {"damaged": [], "next": None}
    digests = dict(bench.catalog.fetch_all("SELECT id, digest FROM images"))
    shown = [IDS[4], IDS[7]]
    with bench.catalog.writing():
        record_damage(bench.catalog, {digests[id_]: "a part is missing" for id_ in shown})
        record_damage(bench.catalog, {b"none": "of no image"})
    seen, cursor = [], None
    for _ in shown:
        page = browse.read_damaged_page(bench.collection, cursor, 1)
        seen += [one["id"] for one in page["damaged"]]
        assert page["damaged"][0]["reason"] == "a part is missing"
        cursor = page["next"]
    assert cursor is None
    assert seen == shown
    assert count_damaged(bench.catalog) == 2
    assert browse.status_document(bench.collection.status(engines=False), "float32")["damaged"] == 2


def test_folders_count_the_images_in_them_and_below(bench: Bench) -> None:
    found = {one["path"]: one["count"] for one in browse.count_folders(bench.collection)["folders"]}
    assert found == {
        "": len(IDS), "a": 3, "a/b": 1, "a-b": 1, "größe": 1, os.fsdecode(b"caf\xe9"): 2,
    }  # fmt: skip
    assert list(found) == sorted(found)


def test_neighbours_are_live_images_of_the_same_folder(bench: Bench) -> None:
    """Images of subfolders and of folders with a similar name are no neighbours."""
    root = sorted((one for one in IDS if "/" not in one), key=os.fsencode)
    for members in (root, ["a/b.png", "a/z.png"], IDS[8:6:-1], ["a/b/c.png"]):
        for before, here, after in zip(
            [None, *members], members, [*members[1:], None], strict=False
        ):
            found, _ = browse.read_image(bench.collection, here)
            assert (found["previous"], found["next"]) == (before, after), here


def test_each_image_has_its_state(bench: Bench) -> None:
    states = {
        id_: browse.read_image(bench.collection, id_)[0]["state"]
        for id_ in ("a.png", "broken.png", "a/waiting.png")
    }
    assert states == {"a.png": "live", "broken.png": "failed", "a/waiting.png": "waiting"}
    bench.collection.remove(["broken.png"])
    try:
        with pytest.raises(UnknownImageError):
            browse.read_image(bench.collection, "broken.png")
    finally:
        bench.collection.restore(["broken.png"])
    with pytest.raises(UnknownImageError, match="nobody"):
        browse.read_image(bench.collection, "nobody")


def test_images_are_read_by_key_in_the_given_order(bench: Bench) -> None:
    keys = {id_: bench.catalog.fetch_one("SELECT key FROM images WHERE id = CAST(? AS TEXT)",
                                   [os.fsencode(id_)])[0] for id_ in IDS}  # fmt: skip
    asked = [keys[id_] for id_ in reversed(IDS)]
    found = browse.read_images(bench.collection, [*asked[:4], 10**6, *asked[4:]])
    assert [one["id"] for one in found] == list(reversed(IDS)), "unknown keys are left out"
    rows = images_by_id(bench.catalog, [*IDS, "nobody"])
    assert rows.keys() == set(IDS)


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_timestamp_has_a_date(mtime_ns: int) -> None:
    shown = browse.iso_time(mtime_ns)
    assert shown.endswith("+00:00")
    assert len(shown) == len("2024-01-31T18:00:00+00:00")


@given(st.lists(st.text(min_size=1, max_size=5).filter(lambda part: "/" not in part), min_size=1,
                max_size=4))  # fmt: skip
def test_a_path_is_split_into_folder_and_name(path: list[str]) -> None:
    assert browse.split_path("/".join(path)) == ("/".join(path[:-1]), path[-1])
