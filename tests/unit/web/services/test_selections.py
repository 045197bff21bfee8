"""Selections of the grid: they hold for the images that were shown, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty

from sokkuri.core.errors import ConflictError
from sokkuri.core.types import PhotoMetadata
from sokkuri.store.label_edits import replace_label
from sokkuri.store.labels import set_labels
from sokkuri.store.photos import count_photo_change, record_photos
from sokkuri.web.services.grid import GridOrderCache, read_window
from sokkuri.web.services.map_view import MapViewCache
from sokkuri.web.services.selections import (
    GridSelection,
    ids_and_paths,
    order_now,
    selected_keys,
)

IDS = ["a/1", "a/2", "a/3", "b/1", "b/2"]
CATS = "label = 'cat'"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with create_empty(tmp_path / "photos") as collection:
        bench = Bench(collection)
        bench.add_vectors(np.random.default_rng(0).random((5, 4), np.float32), IDS)
        set_labels(collection.catalog, [("a/1", "cat"), ("a/2", "cat"), ("b/1", "dog")])
        yield bench
        bench.digests.close()


class Page:
    """A page that shows the grid, and has selected all but its first image. The server has not
    noticed any change yet: the revision stays."""

    def __init__(self, bench: Bench, where: str | None) -> None:
        self.bench, self.orders, self.revision = bench, GridOrderCache(), "1"
        order = self.orders.get(bench.collection, "1", None, "folder", where)
        window = read_window(bench.collection, order, "1", 0, 500)
        assert window["order"] == order.version
        self.shown = [image["id"] for image in window["images"]]
        places = ((1, len(self.shown)),)
        self.selection = GridSelection(None, "folder", order.version, places, where)

    def selected(self) -> list[str]:
        """Return the images that an action now would concern."""
        collection = self.bench.collection
        keys = selected_keys(collection, self.orders, self.revision, self.selection, MapViewCache())
        return [id_ for id_, _ in ids_and_paths(collection, keys.tolist())]

    @property
    def has_ended(self) -> bool:
        with pytest.raises(ConflictError, match="nothing was done, select again"):
            self.selected()
        return True


def test_a_selection_ends_when_other_images_pass_the_filter(bench: Bench) -> None:
    """Labels change without a new revision. A change that concerns no shown image ends nothing."""
    catalog = bench.catalog
    page = Page(bench, CATS)
    assert page.shown == ["a/1", "a/2"]
    for changed, before in ((("a/1", None), "cat"), (("b/1", "cat"), "dog"), (("a/2", "x"), "cat")):
        set_labels(catalog, [("b/2", "dog")])
        assert page.selected() == ["a/2"]
        set_labels(catalog, [changed])
        assert page.has_ended
        set_labels(catalog, [(changed[0], before)])
    assert page.selected() == ["a/2"], "the same images pass again"
    replace_label(catalog, "cat", "lion")
    assert page.has_ended


def test_a_selection_ends_when_metadata_changes_what_passes(bench: Bench) -> None:
    digests = dict(bench.catalog.fetch_all("SELECT path, digest FROM images"))

    def rate(ratings: dict[str, int]) -> None:
        read = {digests[id_]: PhotoMetadata(rating=rating) for id_, rating in ratings.items()}
        with bench.catalog.writing():
            record_photos(bench.catalog, read)
            count_photo_change(bench.catalog)

    rate({"a/1": 5, "a/2": 4})
    page = Page(bench, "rating >= 4")
    assert page.selected() == ["a/2"]
    rate({"a/3": 5})
    assert page.has_ended


def test_a_place_never_stands_for_an_image_that_was_not_shown(bench: Bench) -> None:
    """The server may have dropped the order, and not have noticed the change of the images."""
    page, dropped = Page(bench, None), Page(bench, "width >= 0 or width < 0 or not width = 1")
    assert page.selected() == dropped.selected() == IDS[1:]
    page.revision = dropped.revision = "2"  # something changed, but not these images
    assert page.selected() == dropped.selected() == IDS[1:]
    bench.collection.remove(["a/1"])
    dropped.orders = GridOrderCache()
    assert dropped.has_ended
    assert page.selected() == IDS[1:], "as shown"
    page.revision = "3"
    assert page.has_ended


def test_a_client_that_names_no_order_gets_the_present_one(bench: Bench) -> None:
    page = Page(bench, None)
    of_page = bench.collection, page.orders
    assert order_now(*of_page, "1", None, "folder", "1") == page.selection.order
    with pytest.raises(ConflictError, match="the collection has changed"):
        order_now(*of_page, "2", None, "folder", "1")


def test_other_contents_of_a_file_are_another_order(bench: Bench) -> None:
    page = Page(bench, None)
    with bench.catalog.writing():
        bench.catalog.execute("UPDATE images SET digest = ? WHERE id = 'a/2'", [b"other" * 3])
    page.revision = "2"
    assert page.has_ended


def test_a_page_scrolls_on_in_its_order_until_the_server_drops_it(bench: Bench) -> None:
    page = Page(bench, CATS)
    version = page.selection.order
    set_labels(bench.catalog, [("a/1", None)])
    order = page.orders.get_same(bench.collection, "1", None, "folder", CATS, version)
    window = read_window(bench.collection, order, "1", 1, 1)
    assert [image["id"] for image in window["images"]] == ["a/2"]
    with pytest.raises(ConflictError, match="load it again"):
        GridOrderCache().get_same(bench.collection, "1", None, "folder", CATS, version)
