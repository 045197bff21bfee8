"""Labels: kept by content, undone, taken from files and folders, and handed on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty, make_extracted, make_same_bytes

from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.curation.labeling.label_files import export_labels, import_labels, read_label_sources
from sokkuri.images.scan import list_images
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

IDS = ["cats/a.jpg", "cats/b.jpg", "dogs/c,d.jpg", "e.jpg"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with create_empty(tmp_path / "photos") as made:
        bench = Bench(made)
        bench.add_vectors(np.eye(4, dtype=np.float32), IDS)
        bench.known.close()
        yield made


def folder(collection: CollectionStore) -> Path:
    assert isinstance(collection.root, Path)
    return collection.root


def csv(collection: CollectionStore, data: bytes) -> Path:
    path = folder(collection).parent / "labels.csv"
    path.write_bytes(data)
    return path


def test_without_labels_there_is_no_table(collection: CollectionStore) -> None:
    catalog = collection.catalog
    assert read_labels(catalog) == {} == find_labels(catalog, IDS)
    assert label_counts(catalog) == {}
    assert labelled_rows(catalog) == []
    assert [*export_labels(catalog)] == ["id,label\r\n"]
    assert catalog.fetch_one("SELECT count(*) FROM sqlite_master WHERE name = 'labels'") == (0,)
    assert catalog.meta("schema") == "1"


def test_labels_are_kept_in_the_order_in_which_they_were_given(collection: CollectionStore) -> None:
    catalog = collection.catalog
    assert set_labels(catalog, [("e.jpg", " car "), (IDS[0], "cat")]) == [
        ("e.jpg", None), (IDS[0], None),
    ]  # fmt: skip
    set_labels(catalog, [(IDS[1], "cat"), ("e.jpg", "lorry")])  # the first one keeps its turn
    assert [*read_labels(catalog).items()] == [
        ("e.jpg", "lorry"), (IDS[0], "cat"), (IDS[1], "cat"),
    ]  # fmt: skip
    assert [label for _, _, label in labelled_rows(catalog)] == ["lorry", "cat", "cat"]
    assert find_labels(catalog, [IDS[1], IDS[2], "nobody"]) == {IDS[1]: "cat"}
    assert [*label_counts(catalog).items()] == [("cat", 2), ("lorry", 1)]


def test_what_was_before_undoes_a_change(collection: CollectionStore) -> None:
    catalog = collection.catalog
    set_labels(catalog, [(IDS[0], "cat"), (IDS[1], "cat")])
    held, turn = read_labels(catalog), labels_revision(catalog)
    before = set_labels(catalog, [(IDS[0], None), (IDS[1], "dog"), (IDS[1], "cow"), (IDS[2], "x")])
    assert read_labels(catalog) == {IDS[1]: "cow", IDS[2]: "x"}
    assert labels_revision(catalog) != turn
    set_labels(catalog, before)
    assert read_labels(catalog) == held


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


def test_a_label_may_be_of_any_script() -> None:
    assert clean_label("\t 猫 & größe ") == "猫 & größe"
    assert clean_label("x" * MAX_LENGTH) == "x" * MAX_LENGTH


def test_a_label_survives_a_move_and_holds_for_the_same_bytes(tmp_path: Path) -> None:
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
        bench.known.close()


def test_a_removed_image_is_not_among_the_labels(collection: CollectionStore) -> None:
    set_labels(collection.catalog, [(IDS[0], "cat"), (IDS[1], "cat")])
    collection.remove([IDS[0]])
    assert read_labels(collection.catalog) == {IDS[1]: "cat"}
    collection.restore([IDS[0]])
    assert read_labels(collection.catalog) == {IDS[0]: "cat", IDS[1]: "cat"}


@pytest.mark.parametrize(
    "data",
    [
        b'id,label\ncats/a.jpg,cat\n"dogs/c,d.jpg",dog\n',
        b'cats/a.jpg,cat\r\n"dogs/c,d.jpg",dog',  # no head
        b'\xef\xbb\xbfID,Label\r\ncats/a.jpg, cat \r\n\r\n"dogs/c,d.jpg",dog\r\ne.jpg,\r\n',
        b"Label;seen by;id\r\ncat;me;cats/a.jpg\r\ndog;you;dogs/c,d.jpg\r\n",
        'id\tlabel\n./cats/a.jpg\tcat\ndogs//c,d.jpg\tdog\n'.encode("utf-16"),
    ],
)  # fmt: skip
def test_csv_as_people_have_it(collection: CollectionStore, data: bytes) -> None:
    found = read_label_sources(collection, [csv(collection, data)])
    assert found.labels == {"cats/a.jpg": "cat", "dogs/c,d.jpg": "dog"}
    assert found.unknown == ()


def test_csv_may_name_images_by_their_whole_path(collection: CollectionStore) -> None:
    path = csv(collection, f"{collection.root}/cats/b.jpg,cat\n/elsewhere/x.jpg,dog\n".encode())
    found = import_labels(collection, [path])
    assert found.labels == {"cats/b.jpg": "cat"} == read_labels(collection.catalog)
    assert found.unknown == ("/elsewhere/x.jpg",)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"id,label\ncats/a.jpg\n", "line 2"),
        (
            b"cats/a.jpg,cat\ncats/a.jpg,dog\n",
            "line 2.*an earlier line gives it 'cat'",
        ),
        (b'cats/a.jpg,cat\n"cats/b.jpg,cat\n', "line 2"),
        (b"cats/a.jpg,a\x07b\n", "line 1"),
    ],
)
def test_csv_that_makes_no_sense_is_refused_whole(
    collection: CollectionStore, data: bytes, where: str
) -> None:
    with pytest.raises(UsageError, match=where):
        import_labels(collection, [csv(collection, data)])
    assert read_labels(collection.catalog) == {}


def test_a_folders_name_is_the_label_of_what_lies_in_it(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(collection)
    for id_ in IDS:
        (root / id_).parent.mkdir(exist_ok=True)
        (root / id_).touch()
    assert {ref.id for ref in list_images(root)} == {*IDS}
    found = read_label_sources(collection, [root])
    assert found.labels == {IDS[0]: "cats", IDS[1]: "cats", IDS[2]: "dogs"}
    assert read_label_sources(collection, [Path("dogs")]).labels == {IDS[2]: "dogs"}
    monkeypatch.chdir(root)
    assert read_label_sources(collection, [Path("cats"), Path("dogs")]).labels == found.labels
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        read_label_sources(collection, [Path("cows")])
    with pytest.raises(UsageError, match="not below"):
        read_label_sources(collection, [root.parent])


def test_later_sources_count_for_more(collection: CollectionStore) -> None:
    (folder(collection) / "cats").mkdir()
    named = csv(collection, b"cats/a.jpg,kitten\n")
    found = read_label_sources(collection, [folder(collection) / "cats", named])
    assert found.labels == {"cats/a.jpg": "kitten", "cats/b.jpg": "cats"}


def test_what_is_exported_can_be_imported(tmp_path: Path) -> None:
    ids = ['a "b",c.jpg', "=1+1.jpg", "caf\udce9.png", "line\nbreak.jpg"]
    with create_empty(tmp_path / "photos") as collection:
        bench = Bench(collection)
        bench.add_vectors(np.eye(4, dtype=np.float32), ids)
        bench.known.close()
        wanted = {id_: f'label "{number}", =x' for number, id_ in enumerate(ids)}
        set_labels(collection.catalog, [*wanted.items()])
        written = "".join(export_labels(collection.catalog))
        assert written.startswith("id,label\r\n")
        set_labels(collection.catalog, [(id_, None) for id_ in ids])
        assert read_labels(collection.catalog) == {}
        import_labels(collection, [csv(collection, written.encode("utf-8", "surrogateescape"))])
        assert read_labels(collection.catalog) == wanted
