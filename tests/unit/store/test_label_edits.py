"""A label is renamed, merged and deleted as a whole, and each of these can be undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from synthetic_collection import images_alone

from sokkuri.core.errors import UsageError
from sokkuri.store.collection import CollectionStore
from sokkuri.store.label_edits import MOST_KEPT, replace_label, undo_label_edit
from sokkuri.store.labels import label_counts, labels_revision, read_labels, set_labels

IDS = ["cats/a.jpg", "cats/b.jpg", "dogs/c,d.jpg", "e.jpg"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with images_alone(tmp_path / "photos", IDS) as made:
        yield made


def test_a_label_is_renamed_merged_and_deleted_and_each_can_be_undone(
    collection: CollectionStore,
) -> None:
    """Guarantee: no change of a label loses what a person said."""
    catalog = collection.catalog
    set_labels(catalog, [(IDS[0], "cat"), (IDS[1], "Cat"), (IDS[2], "dog"), (IDS[3], "cat")])
    first = read_labels(catalog)
    revision = labels_revision(catalog)
    merged = replace_label(catalog, "Cat", " cat ")
    assert (merged.label, merged.to, merged.changed) == ("Cat", "cat", 1)
    assert labels_revision(catalog) != revision
    assert label_counts(catalog) == {"cat": 3, "dog": 1}
    deleted = replace_label(catalog, "cat", None)
    assert (deleted.to, deleted.changed) == (None, 3)
    assert read_labels(catalog) == {IDS[2]: "dog"}
    set_labels(catalog, [(IDS[3], "car")])  # given since then: the undo leaves it
    assert undo_label_edit(catalog).changed == 2
    assert read_labels(catalog) == {IDS[0]: "cat", IDS[1]: "cat", IDS[2]: "dog", IDS[3]: "car"}
    assert undo_label_edit(catalog, merged.edit).changed == 1
    set_labels(catalog, [(IDS[3], "cat")])
    assert read_labels(catalog) == first
    assert list(read_labels(catalog))[:3] == IDS[:3], "in the order of labelling"
    for again in (merged.edit, None, 99):
        with pytest.raises(UsageError, match="no such change of labels is left"):
            undo_label_edit(catalog, again)


def test_an_edit_that_later_ones_hide_can_be_undone_after_them(collection: CollectionStore) -> None:
    catalog = collection.catalog
    set_labels(catalog, [(IDS[0], "cat"), (IDS[1], "cat")])
    first = replace_label(catalog, "cat", "dog")
    set_labels(catalog, [(IDS[1], "fox")])
    replace_label(catalog, "dog", "wolf")
    assert undo_label_edit(catalog, first.edit).changed == 0
    assert undo_label_edit(catalog).label == "dog"
    assert undo_label_edit(catalog, first.edit).changed == 1
    assert read_labels(catalog) == {IDS[0]: "cat", IDS[1]: "fox"}
    with pytest.raises(UsageError, match="no such change"):
        undo_label_edit(catalog)


def test_what_is_no_change_of_a_label_is_refused(collection: CollectionStore) -> None:
    catalog = collection.catalog
    set_labels(catalog, [(IDS[0], "cat")])
    wrong = {("bird", "cat"): "no image", ("cat", "cat "): "already", ("cat", " "): "1 to 200"}
    for (label, to), text in wrong.items():
        with pytest.raises(UsageError, match=text):
            replace_label(catalog, label, to)
    assert read_labels(catalog) == {IDS[0]: "cat"}


def test_a_bounded_number_of_edits_can_be_undone(collection: CollectionStore) -> None:
    catalog = collection.catalog
    set_labels(catalog, [(IDS[0], "0")])
    edits = [replace_label(catalog, str(n), str(n + 1)).edit for n in range(MOST_KEPT + 2)]
    kept = {edit for (edit,) in catalog.fetch_all("SELECT DISTINCT edit FROM label_edits")}
    assert kept == set(edits[-MOST_KEPT:])
