"""Labels are stored by content, and a change of labels can be undone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty, images_alone, make_extracted, make_same_bytes

from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import (
    MAX_LENGTH,
    clean_label,
    find_labels,
    label_counts,
    labelled_rows,
    labels_revision,
    read_labels,
    set_labels,
)
from sokkuri.store.migrations import SCHEMA_VERSION

IDS = ["cats/a.jpg", "cats/b.jpg", "dogs/c,d.jpg", "e.jpg"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with images_alone(tmp_path / "photos", IDS) as made:
        yield made


def test_without_labels_there_is_no_table(collection: CollectionStore) -> None:
    catalog = collection.catalog
    assert read_labels(catalog) == {} == find_labels(catalog, IDS)
    assert label_counts(catalog) == {}
    assert labelled_rows(catalog) == []
    assert catalog.fetch_one("SELECT count(*) FROM sqlite_master WHERE name = 'labels'") == (0,)
    assert catalog.meta("schema") == str(SCHEMA_VERSION)


def test_labels_are_returned_in_the_order_of_labelling(collection: CollectionStore) -> None:
    catalog = collection.catalog
    assert set_labels(catalog, [("e.jpg", " car "), (IDS[0], "cat")]) == [
        ("e.jpg", None), (IDS[0], None),
    ]  # fmt: skip
    set_labels(catalog, [(IDS[1], "cat"), ("e.jpg", "lorry")])  # the first one keeps its place
    assert [*read_labels(catalog).items()] == [
        ("e.jpg", "lorry"), (IDS[0], "cat"), (IDS[1], "cat"),
    ]  # fmt: skip
    assert [label for _, _, label in labelled_rows(catalog)] == ["lorry", "cat", "cat"]
    assert find_labels(catalog, [IDS[1], IDS[2], "nobody"]) == {IDS[1]: "cat"}
    assert [*label_counts(catalog).items()] == [("cat", 2), ("lorry", 1)]


def test_setting_the_returned_labels_undoes_a_change(collection: CollectionStore) -> None:
    catalog = collection.catalog
    set_labels(catalog, [(IDS[0], "cat"), (IDS[1], "cat")])
    labels, revision = read_labels(catalog), labels_revision(catalog)
    before = set_labels(catalog, [(IDS[0], None), (IDS[1], "dog"), (IDS[1], "cow"), (IDS[2], "x")])
    assert read_labels(catalog) == {IDS[1]: "cow", IDS[2]: "x"}
    assert labels_revision(catalog) != revision
    set_labels(catalog, before)
    assert read_labels(catalog) == labels


def test_an_unknown_image_or_a_bad_label_changes_nothing(collection: CollectionStore) -> None:
    catalog = collection.catalog
    with pytest.raises(UnknownImageError, match="nobody"):
        set_labels(catalog, [(IDS[0], "cat"), ("nobody", "cat")])
    with pytest.raises(UsageError):
        set_labels(catalog, [(IDS[0], "cat"), (IDS[1], " ")])
    assert read_labels(catalog) == {}


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "a\x1b[2J", "x" * (MAX_LENGTH + 1), "\udcff"])
def test_a_label_is_short_printable_text(label: str) -> None:
    with pytest.raises(UsageError):
        clean_label(label)


def test_a_label_can_be_in_any_script() -> None:
    assert clean_label("\t 猫 & größe ") == "猫 & größe"
    assert clean_label("x" * MAX_LENGTH) == "x" * MAX_LENGTH


def test_a_label_survives_a_move_and_applies_to_equal_files(tmp_path: Path) -> None:
    with create_empty(tmp_path / "photos") as collection:
        bench = Bench(collection)
        bench.list_files("a", "b")
        jobs = bench.claim_jobs()
        bench.commit(make_extracted(jobs["a"], b"bytes of a", np.ones(4, np.float32)))
        bench.commit(make_extracted(jobs["b"], b"bytes of b", np.ones(4, np.float32)))
        set_labels(collection.catalog, [("a", "cat")])
        bench.list_files("b", "new/a", "copy", gone=["a"])
        jobs = bench.claim_jobs()
        bench.commit(make_same_bytes(jobs["new/a"], b"bytes of a"))
        bench.commit(make_same_bytes(jobs["copy"], b"bytes of a"))
        bench.writer.finish()
        assert read_labels(collection.catalog) == {"new/a": "cat", "copy": "cat"}
        assert len(labelled_rows(collection.catalog)) == 1  # one image to learn from
        bench.digests.close()


def test_labels_of_removed_images_are_not_returned(collection: CollectionStore) -> None:
    set_labels(collection.catalog, [(IDS[0], "cat"), (IDS[1], "cat")])
    collection.remove([IDS[0]])
    assert read_labels(collection.catalog) == {IDS[1]: "cat"}
    collection.restore([IDS[0]])
    assert read_labels(collection.catalog) == {IDS[0]: "cat", IDS[1]: "cat"}
