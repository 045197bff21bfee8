"""The first groups are the first of all."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linked_images import PAIRS, Links, images_to_link, on_one_collection, store_links

from sokkuri.api import Collection
from sokkuri.curation.duplicates.find import DuplicateOptions, known_groups
from sokkuri.curation.duplicates.first_groups import first_groups, sort_key
from sokkuri.curation.types import GRADES, CopyGrade

links = st.lists(
    st.tuples(
        st.sampled_from(PAIRS),
        st.sampled_from(["same", "edited", "alike", "maybe same", "maybe edited"]),
    ),
    max_size=14, unique_by=lambda link: link[0],
)  # fmt: skip


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with images_to_link(tmp_path_factory.mktemp("first") / "photos") as made:
        yield made


@on_one_collection
@given(
    links,
    st.sampled_from(GRADES),
    st.sampled_from([None, "0"]),
    st.sampled_from([None, "id >= '0/04'"]),
    st.integers(1, 4),
)
def test_the_first_groups_are_the_first_of_all(
    collection: Collection,
    found: Links,
    grade: CopyGrade,
    under: str | None,
    where: str | None,
    count: int,
) -> None:
    store_links(collection, found)
    options = DuplicateOptions(grade, under, where)
    all_groups = sorted(known_groups(collection, options), key=sort_key)
    first = first_groups(collection, options, count, few=0)
    if first is None:
        assert len(all_groups) < count
    else:
        assert [*first.groups] == all_groups[:count]


def test_all_groups_are_asked_for_where_they_are_few_or_bursts(collection: Collection) -> None:
    store_links(collection, [((1, 2), "same"), ((3, 4), "edited")])
    assert first_groups(collection, DuplicateOptions(), 1, few=0)
    assert first_groups(collection, DuplicateOptions(), 1) is None
    assert first_groups(collection, DuplicateOptions(bursts=True), 1, few=0) is None
