"""A run over an address with errors loses nothing of the collection."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flaky_filesystem import SECRETS, FlakyFileSystem, fail_at
from photo_metadata import make_xmp
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, UsageError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Roots
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.indexing.source import IsGone
from sokkuri.store.filters import ANY
from sokkuri.store.live_rows import live_ids
from sokkuri.store.sidecars import read_sidecars


@pytest.fixture
def collection(files: FlakyFileSystem, tmp_path: Path, drawn: list[bytes]) -> Iterator[Collection]:
    """Nine images in three folders, indexed."""
    for number, data in enumerate(drawn):
        files.pipe_file(f"/photos/{number % 3}/{number}.jpg", data)
    model = str(write_tiny_model(tmp_path / "tiny.onnx"))
    made = Collection.create("trouble://photos", store=tmp_path / "store", model=model)
    with made:
        assert synced(made).added == 9
        yield made


@pytest.fixture
def drawn(tmp_path: Path) -> list[bytes]:
    from draw_images import save_drawing

    return [
        save_drawing(tmp_path / "drawn" / f"{seed}.jpg", seed).read_bytes() for seed in range(9)
    ]


def synced(collection: Collection, **options: Any) -> SyncReport:
    *_, last = collection.sync(SyncOptions(**options))
    assert last.result is not None
    return last.result


def test_a_raw_file_in_an_unread_folder_is_not_gone_if_the_extra_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is not mounted, and nothing here reads RAW files."""
    monkeypatch.setattr("sokkuri.images.scan.reads_raw", lambda: False)
    is_gone = IsGone(tmp_path, SyncOptions(), unread={"disk"})
    assert not is_gone("disk/2024/photo.cr2")
    assert is_gone("elsewhere/photo.cr2")


def test_images_of_a_root_that_another_command_added_are_not_gone(tmp_path: Path) -> None:
    """It was recorded after this run had read the roots."""
    is_gone = IsGone(Roots((("here", tmp_path),)), SyncOptions(), unread=set())
    assert is_gone("here/photo.jpg")
    assert not is_gone("new/photo.jpg")


def found(collection: Collection, where: str) -> set[str]:
    return live_ids(collection.catalog, collection.condition(None, where) or ANY)


def test_images_of_an_unreadable_folder_stay(
    collection: Collection, files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images that vanished elsewhere are marked; a note names the unreadable folder. Sidecars are
    followed in the same way."""
    for name in ("0/3", "1/4"):
        files.pipe_file(f"/photos/{name}.xmp", make_xmp({"xmp:Rating": "5"}))
    synced(collection)
    assert sorted(path for path, *_ in read_sidecars(collection.catalog)) == ["0/3.xmp", "1/4.xmp"]
    assert found(collection, "rating = 5") == {"0/3.jpg", "1/4.jpg"}
    files.rm("/photos/0/3.xmp")
    files.rm("/photos/1/4.xmp")
    files.rm("/photos/0/0.jpg")
    files.rm("/photos/1/1.jpg")

    def before(method: str, path: str) -> None:
        if method == "ls" and path.endswith("/1"):
            raise PermissionError(SECRETS)

    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(before))
    steps = list(collection.sync())
    report = steps[-1].result
    assert report is not None
    assert (report.removed, report.total) == (1, 8)
    assert found(collection, "rating = 5") == {"1/4.jpg"}
    assert "1 was skipped: the credentials do not allow it; its images are left as they were" in [
        step.note for step in steps
    ]


@pytest.mark.parametrize("wanted", ["rm", "refuse", "break"])
def test_an_empty_or_unreachable_address_changes_nothing(
    collection: Collection, files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    if wanted == "rm":
        files.rm("/photos", recursive=True)
    else:
        error = PermissionError(SECRETS) if wanted == "refuse" else ConnectionResetError(SECRETS)
        always = dict.fromkeys(range(100), error)
        monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(fail_at("ls", always, [])))
    with pytest.raises(CollectionError, match="so nothing was changed") as refused:
        synced(collection)
    assert "hush" not in str(refused.value)
    assert collection.status().total == 9


def test_a_failure_in_the_middle_of_a_listing_changes_nothing(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before(method: str, path: str) -> None:
        if method == "ls" and path.endswith("/2"):
            raise ConnectionResetError(SECRETS)

    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(before))
    with pytest.raises(CollectionError, match="trouble://photos/2 could not be listed"):
        synced(collection)
    assert collection.status().total == 9


def test_images_can_move_to_another_address(
    collection: Collection, files: FlakyFileSystem, tmp_path: Path
) -> None:
    elsewhere = Address("trouble://elsewhere")
    with pytest.raises(UsageError, match="belongs to trouble://photos"):
        collection.set_root(elsewhere)
    files.mv("/photos", "/elsewhere", recursive=True)
    collection.set_root(elsewhere)
    assert synced(collection).unchanged == 9
    with Collection.open(tmp_path / "store") as again:
        assert again.root == elsewhere


def test_a_collection_of_an_address_needs_a_store(files: FlakyFileSystem) -> None:
    files.pipe_file("/photos/a.jpg", b"x")
    with pytest.raises(UsageError, match="--store DIR"):
        Collection.create("trouble://photos")
