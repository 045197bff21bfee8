"""The groups of a few images are those of `known_groups`, and searches show one hit of each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linked_images import (
    CONTENTS,
    IDS,
    KEYS,
    Links,
    images_to_link,
    links,
    on_one_collection,
    store_links,
)

from sokkuri.api import Collection
from sokkuri.core.errors import UnsupportedError
from sokkuri.core.types import ImageRecord
from sokkuri.curation.duplicates.find import known_groups
from sokkuri.curation.duplicates.pair_store import pair_store_path
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.store.collection import CollectionStore


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with images_to_link(tmp_path_factory.mktemp("known") / "photos") as made:
        yield made


def groups_by_id(collection: Collection) -> dict[str, frozenset[str]]:
    groups = [frozenset(group.ids) for group in known_groups(collection)]
    return {id_: group for group in groups for id_ in group}


def records(collection: Collection) -> list[ImageRecord]:
    hits = Searcher(collection).search([IDS[0]], k=len(IDS))
    assert len(hits) == len(IDS)
    return [*hits.images]


@on_one_collection
@given(links, st.lists(st.sampled_from(range(len(IDS))), min_size=1, max_size=4, unique=True))
def test_the_groups_of_some_images_are_those_of_all(
    collection: Collection, found: Links, asked: list[int]
) -> None:
    store_links(collection, found)
    expected = groups_by_id(collection)
    images = [image for image in records(collection) if IDS.index(image.id) in asked]
    groups = collection.known_copies().groups_of(images)
    for image in images:
        others = {id_ for id_, _ in groups.others.get(image.id, ())}
        if image.id in (IDS[0], IDS[CONTENTS]):
            continue  # a person called these two different, so only one of them is in the group
        assert {image.id, *others} == expected.get(image.id, {image.id})


@on_one_collection
@given(
    links,
    st.sampled_from(range(1, CONTENTS)),
    st.integers(1, len(IDS)),
    st.sampled_from([None, "id >= '1'"]),
    st.sampled_from([None, 0.05]),
)
def test_a_search_shows_the_nearest_image_of_each_group(
    collection: Collection, found: Links, query: int, k: int, where: str | None, far: float | None
) -> None:
    store_links(collection, found)
    searcher = Searcher(collection)
    everything = searcher.search([IDS[query]], k=len(IDS), options=SearchOptions(where=where))
    known = groups_by_id(collection)
    parted = {IDS[0]: known.get(IDS[CONTENTS]), IDS[CONTENTS]: known.get(IDS[0])}
    expected: list[tuple[str, float, set[str]]] = []
    hidden: set[str] = set()
    for hit in everything:
        if hit.id in hidden or (far is not None and hit.distance > far):
            continue
        group = known.get(hit.id) or parted.get(hit.id) or frozenset()
        copies = {id_ for id_ in group & {*everything.ids} if id_ not in hidden} - {hit.id}
        if hit.id in parted:
            copies -= {*parted}
        hidden |= {hit.id, *copies}
        expected.append((hit.id, hit.distance, copies))
    options = SearchOptions(where=where, max_distance=far, collapse=True)
    hits = searcher.search([IDS[query]], k=k, options=options)
    assert [(hit.id, hit.distance, {*hit.copies}) for hit in hits] == expected[:k]
    (same,) = searcher.search_each([IDS[query]], k=k, options=options)
    assert not isinstance(same, Exception)
    assert (same.ids, same.copies) == (hits.ids, hits.copies)


def test_hits_that_were_not_compared_are_counted(collection: Collection) -> None:
    store_links(collection, [((1, 2), "same")], compared=3)
    options = SearchOptions(collapse=True)
    hits = Searcher(collection).search([IDS[1]], k=len(IDS), options=options)
    shown = {KEYS[IDS.index(id_)] for id_ in hits.ids}
    assert hits.not_compared == len([key for key in shown if key not in KEYS[:3]])
    pair_store_path(collection).unlink()
    without = Searcher(collection).search([IDS[1]], k=3, options=options)
    assert without.not_compared == 3
    assert without.copies is not None
    assert without.copies[0] == (IDS[1 + CONTENTS],), "equal bytes need no comparison"


def test_a_search_without_collapse_knows_nothing_of_copies(collection: Collection) -> None:
    hits = Searcher(collection).search([IDS[1]], k=2)
    assert hits.copies is None
    assert [hit.copies for hit in hits] == [(), ()]
    assert hits.not_compared == 0


def test_a_store_without_the_tasks_of_a_collection_cannot_collapse(collection: Collection) -> None:
    with (
        CollectionStore.open(Path(collection.store), "ro") as bare,
        pytest.raises(UnsupportedError),
    ):
        Searcher(bare).search([IDS[1]], options=SearchOptions(collapse=True))
