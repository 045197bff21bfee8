"""Parts that cannot be merged are refused by name, before anything is written."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from part_collections import Folder, make_folder, run_index

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, DamagedError, ModelMismatchError, UsageError
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.partition import Part
from sokkuri.indexing.parts.merge import merge
from sokkuri.indexing.settings import save_settings, with_saved_settings
from sokkuri.store.labels import set_labels
from sokkuri.store.leases import end_run, start_run


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path)


@pytest.fixture
def whole(folder: Folder) -> Iterator[Collection]:
    folder.merge_parts()
    with folder.open() as collection:
        yield collection


def test_a_missing_part_is_named(folder: Folder) -> None:
    shutil.rmtree(folder.root / folder.parts[1].store_name)
    with pytest.raises(CollectionError, match=r"of the 3 parts: 2/3;.*--part 2/3`"):
        folder.merge_parts()
    assert not (folder.root / ".sokkuri").exists()


def test_a_part_that_is_given_twice_is_refused(folder: Folder, tmp_path: Path) -> None:
    again = shutil.copytree(folder.root / folder.parts[0].store_name, tmp_path / "again")
    with pytest.raises(UsageError, match="part 1/3 is given twice"):
        merge([folder.root, again], root=folder.root)


def test_parts_of_another_number_of_parts_are_refused(folder: Folder) -> None:
    other = Part(4, 1)
    with folder.open(other) as collection:
        run_index(collection, other)
    with pytest.raises(UsageError, match="do not belong together"):
        folder.merge_parts()


def test_an_unfinished_part_is_refused(folder: Folder) -> None:
    with folder.open(folder.parts[2]) as part:
        # A run begins and is killed.
        save_settings(part.catalog, with_saved_settings(part.catalog, SyncOptions()))
    with pytest.raises(CollectionError, match=r"part 3/3 in .* not been finished: run `sokkuri"):
        folder.merge_parts()
    with folder.open(folder.parts[2]) as part:
        run_index(part)
        part.catalog.execute("UPDATE images SET todo = 1")
    with pytest.raises(CollectionError, match=r"part 3/3 in .* has \d+ images to do: run"):
        folder.merge_parts()


def test_a_part_that_is_being_worked_on_is_refused(folder: Folder) -> None:
    with folder.open(folder.parts[0]) as part:
        number = start_run(part.catalog)
        with pytest.raises(CollectionError, match=r"part 1/3 in .* is being worked on"):
            folder.merge_parts()
        end_run(part.catalog, number)
    folder.merge_parts()


def test_a_target_that_is_being_worked_on_is_refused(folder: Folder, whole: Collection) -> None:
    number = start_run(whole.catalog)
    with pytest.raises(CollectionError, match="is being worked on"):
        folder.merge_parts()
    end_run(whole.catalog, number)


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("--dtype float32", "UPDATE meta SET value = 'float16' WHERE key = 'dtype'"),
        ("--ids path", "UPDATE meta SET value = 'name' WHERE key = 'ids'"),
        ("--exclude ''", "UPDATE meta SET value = '[\"raw\"]' WHERE key = 'exclude'"),
        ("the images in", "UPDATE meta SET value = '/elsewhere' WHERE key = 'root'"),
    ],
)
def test_parts_with_different_settings_are_refused(
    folder: Folder, what: str, statement: str
) -> None:
    with folder.open(folder.parts[1]) as part:
        part.catalog.execute(statement)
    with pytest.raises(UsageError, match=f"part 1/3.*{what}.*part 2/3"):
        folder.merge_parts()
    assert not (folder.root / ".sokkuri").exists()


def test_parts_of_other_models_are_refused(folder: Folder) -> None:
    with folder.open(folder.parts[1]) as part:
        part.catalog.execute("UPDATE models SET fingerprint = 'other'")
    with pytest.raises(ModelMismatchError, match=r"part 2/3 in .* --replace`$") as refused:
        folder.merge_parts()
    assert f"-C {folder.root / folder.parts[1].store_name} --model" in str(refused.value)


def test_a_target_with_other_settings_is_refused(folder: Folder, tmp_path: Path) -> None:
    with folder.open() as whole:
        whole.catalog.set_meta("ids", "name")
    with pytest.raises(UsageError, match="under each file's path, unlike"):
        folder.merge_parts()
    with folder.open() as whole:
        whole.catalog.set_meta("ids", "path")
        whole.catalog.execute("UPDATE models SET fingerprint = 'other'")
    with pytest.raises(ModelMismatchError, match=r"the parts of .* --into DIR, or .*--replace`$"):
        folder.merge_parts()


def test_a_collection_that_is_no_part_is_refused(folder: Folder, whole: Collection) -> None:
    with pytest.raises(UsageError, match="is no part"):
        merge([folder.root / ".sokkuri"])
    stores = [folder.root / part.store_name for part in folder.parts]
    with pytest.raises(UsageError, match="is one of the parts"):
        merge([folder.root], stores[0])
    with folder.open(Part(9, 1)) as other:
        run_index(other, Part(9, 1))
    with pytest.raises(UsageError, match="is itself a part"):
        merge(stores, folder.root / Part(9, 1).store_name)


@pytest.mark.parametrize(
    "path", ["../outside/x.jpg", "/etc/x.jpg", "a/../../x.jpg", "a//x.jpg", "a/./x.jpg", "", ".."]
)
def test_a_path_that_leads_out_of_the_folder_is_refused(folder: Folder, path: str) -> None:
    """Guarantee: a part that a stranger made reaches no file outside the folder."""
    with folder.open(folder.parts[1]) as part:
        part.catalog.execute("UPDATE images SET path = ? WHERE key = 1", [path])
    with pytest.raises(DamagedError, match=r"part 2/3 in .* cannot be merged: the path .* leads"):
        folder.merge_parts()
    assert not (folder.root / ".sokkuri").exists()


@pytest.mark.parametrize(
    "change",
    ["size = 'large'", "digest = 7", "row = -1", "removed = 5", "checksum = 'x'", "width = x'00'"],
)
def test_impossible_values_of_images_are_refused(folder: Folder, change: str) -> None:
    with folder.open(folder.parts[1]) as part:
        part.catalog.execute(f"UPDATE images SET {change} WHERE key = 1")
    with pytest.raises(DamagedError, match="its image number 1 has impossible values"):
        folder.merge_parts()


@pytest.mark.parametrize("label", ["", "x" * 201, b"bytes"])
def test_impossible_labels_are_refused(folder: Folder, label: object) -> None:
    with folder.open(folder.parts[1]) as part:
        set_labels(part.catalog, [(part.catalog.fetch_one("SELECT id FROM images")[0], "right")])
        part.catalog.execute("UPDATE labels SET label = ?", [label])
    with pytest.raises(DamagedError, match="a label has impossible values"):
        folder.merge_parts()


@pytest.mark.parametrize(
    "change",
    [
        "dimension = 0",
        "dimension = 1099511627776",
        "dimension = 'four'",
        "name = '../../elsewhere'",
        "metric = 'dot'",
        "decode = 'slow'",
    ],
)
def test_impossible_values_of_the_model_are_refused(folder: Folder, change: str) -> None:
    with folder.open(folder.parts[1]) as part:
        part.catalog.execute(f"UPDATE models SET {change}")
    with pytest.raises(DamagedError, match=r"is damaged \(its model has impossible values"):
        folder.merge_parts()
