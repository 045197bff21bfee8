"""Labels are read from CSV files and folder names, and written as CSV."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty, images_alone

from sokkuri.core.errors import UsageError
from sokkuri.curation.labeling.label_files import export_labels, import_labels, read_label_sources
from sokkuri.images.scan import list_images
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import read_labels, set_labels

IDS = ["cats/a.jpg", "cats/b.jpg", "dogs/c,d.jpg", "e.jpg"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with images_alone(tmp_path / "photos", IDS) as made:
        yield made


def folder(collection: CollectionStore) -> Path:
    assert isinstance(collection.root, Path)
    return collection.root


def csv(collection: CollectionStore, data: bytes) -> Path:
    path = folder(collection).parent / "labels.csv"
    path.write_bytes(data)
    return path


def test_without_labels_the_export_is_a_header_line(collection: CollectionStore) -> None:
    assert [*export_labels(collection.catalog)] == ["id,label\r\n"]


@pytest.mark.parametrize(
    "data",
    [
        b'id,label\ncats/a.jpg,cat\n"dogs/c,d.jpg",dog\n',
        b'cats/a.jpg,cat\r\n"dogs/c,d.jpg",dog',  # no header line
        b'\xef\xbb\xbfID,Label\r\ncats/a.jpg, cat \r\n\r\n"dogs/c,d.jpg",dog\r\ne.jpg,\r\n',
        b"Label;seen by;id\r\ncat;me;cats/a.jpg\r\ndog;you;dogs/c,d.jpg\r\n",
        'id\tlabel\n./cats/a.jpg\tcat\ndogs//c,d.jpg\tdog\n'.encode("utf-16"),
    ],
)  # fmt: skip
def test_csv_files_of_common_tools_are_read(collection: CollectionStore, data: bytes) -> None:
    read = read_label_sources(collection, [csv(collection, data)])
    assert read.labels == {"cats/a.jpg": "cat", "dogs/c,d.jpg": "dog"}
    assert read.unknown == ()


def test_csv_can_name_images_by_absolute_path(collection: CollectionStore) -> None:
    path = csv(collection, f"{collection.root}/cats/b.jpg,cat\n/elsewhere/x.jpg,dog\n".encode())
    read = import_labels(collection, [path])
    assert read.labels == {"cats/b.jpg": "cat"} == read_labels(collection.catalog)
    assert read.unknown == ("/elsewhere/x.jpg",)


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
def test_an_invalid_csv_file_changes_no_label(
    collection: CollectionStore, data: bytes, where: str
) -> None:
    with pytest.raises(UsageError, match=where):
        import_labels(collection, [csv(collection, data)])
    assert read_labels(collection.catalog) == {}


def test_names_are_found_in_any_unicode_form(tmp_path: Path) -> None:
    """Names from a Mac are often decomposed; a spreadsheet composes them."""
    stored, typed = "e\u0301te\u0301/a.jpg", "\u00e9t\u00e9/a.jpg"
    with create_empty(tmp_path / "photos") as made:
        bench = Bench(made)
        bench.add_vectors(np.eye(1, 4, dtype=np.float32), [stored])
        bench.digests.close()
        source = csv(made, f"id,label\n{typed},summer\n".encode())
        assert read_label_sources(made, [source]).labels == {stored: "summer"}
        (label,) = read_label_sources(made, [Path(typed).parent]).labels.values()
        assert label == Path(stored).parent.name


def test_images_in_a_folder_get_its_name_as_label(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(collection)
    for id_ in IDS:
        (root / id_).parent.mkdir(exist_ok=True)
        (root / id_).touch()
    assert {ref.id for ref in list_images(root)} == {*IDS}
    read = read_label_sources(collection, [root])
    assert read.labels == {IDS[0]: "cats", IDS[1]: "cats", IDS[2]: "dogs"}
    assert read_label_sources(collection, [Path("dogs")]).labels == {IDS[2]: "dogs"}
    monkeypatch.chdir(root)
    assert read_label_sources(collection, [Path("cats"), Path("dogs")]).labels == read.labels
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        read_label_sources(collection, [Path("cows")])
    with pytest.raises(UsageError, match="not below"):
        read_label_sources(collection, [root.parent])


def test_later_sources_override_earlier_ones(collection: CollectionStore) -> None:
    (folder(collection) / "cats").mkdir()
    file = csv(collection, b"cats/a.jpg,kitten\n")
    read = read_label_sources(collection, [folder(collection) / "cats", file])
    assert read.labels == {"cats/a.jpg": "kitten", "cats/b.jpg": "cats"}


def test_exported_labels_can_be_imported(tmp_path: Path) -> None:
    ids = ['a "b",c.jpg', "=1+1.jpg", "caf\udce9.png", "line\nbreak.jpg"]
    with create_empty(tmp_path / "photos") as collection:
        bench = Bench(collection)
        bench.add_vectors(np.eye(4, dtype=np.float32), ids)
        bench.digests.close()
        labels = {id_: f'label "{number}", =x' for number, id_ in enumerate(ids)}
        set_labels(collection.catalog, [*labels.items()])
        written = "".join(export_labels(collection.catalog))
        assert written.startswith("id,label\r\n")
        set_labels(collection.catalog, [(id_, None) for id_ in ids])
        assert read_labels(collection.catalog) == {}
        import_labels(collection, [csv(collection, written.encode("utf-8", "surrogateescape"))])
        assert read_labels(collection.catalog) == labels
