"""Disks below the folder of images that are mounted, unmounted and mounted again."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from draw_images import save_drawing
from small_disk import small_disk
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import RemovalsError
from sokkuri.core.named_roots import make_roots
from sokkuri.indexing.dry_run import estimate_run
from sokkuri.indexing.options import SyncOptions, SyncReport

_LOST = "is not mounted: 6 images that were there stay in the collection"


def run(collection: Collection, *, accept_removals: bool = False) -> tuple[SyncReport, list[str]]:
    """Return the report of a run, and its notes."""
    steps = [*collection.sync(SyncOptions(workers=1, accept_removals=accept_removals))]
    report = steps[-1].result
    assert report is not None
    return report, [step.note for step in steps if step.note]


@contextmanager
def mounted(photos: Path, away: Path) -> Iterator[None]:
    """Mount a disk with six photos and a sidecar at `disk` in the photos. It keeps what it holds
    in `away`."""
    with small_disk(photos / "disk", 2):
        shutil.copytree(away, photos / "disk" / "trip")
        yield
    (photos / "disk").rmdir()


@pytest.fixture
def away(tmp_path: Path) -> Path:
    for seed in range(6):
        save_drawing(tmp_path / "away" / f"{seed}.png", seed)
    (tmp_path / "away" / "0.xmp").write_text("<x/>")
    return tmp_path / "away"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight photos: the disk has less than half of all."""
    for seed in range(8):
        save_drawing(tmp_path / "photos" / f"{seed}.png", 100 + seed)
    return tmp_path / "photos"


@pytest.fixture
def collection(photos: Path, tmp_path: Path) -> Iterator[Collection]:
    model = write_tiny_model(tmp_path / "tiny.onnx")
    with Collection.create(photos, model=str(model)) as made:
        yield made


def test_a_disk_that_is_not_mounted_takes_no_image_away(
    collection: Collection, photos: Path, away: Path
) -> None:
    """Guarantee: the images of an unmounted disk stay, and all others are followed. The mount point
    may go, or hold a file of its own."""
    with mounted(photos, away):
        assert run(collection)[0].total == 14
    (photos / "0.png").unlink()
    assert [fault.kind for fault in collection.verify()] == ["missing", "root"]
    for name in ("new.png", "disk/stray.png"):
        save_drawing(photos / name, len(name))
        estimate = estimate_run(photos, collection.catalog, collection.load_model(), SyncOptions())
        assert not estimate.needs_accept_removals
        assert estimate.vanished == (name == "new.png")
        report, notes = run(collection)
        assert (report.added, report.removed) == (1, name == "new.png")
        assert [note for note in notes if _LOST in note and str(photos / "disk") in note]
    assert collection.repair() == []
    assert [fault.kind for fault in collection.verify()] == ["root"]
    with pytest.raises(RemovalsError, match="with 7 images, was another disk and is not mounted"):
        next(collection.replace_model(dtype="float16"))
    shutil.rmtree(photos / "disk")
    with mounted(photos, away):
        report, notes = run(collection)
        assert (report.added, report.updated, report.total, notes) == (0, 0, 14, [])


def test_images_of_a_disk_leave_when_that_is_accepted(
    collection: Collection, photos: Path, away: Path
) -> None:
    with mounted(photos, away):
        run(collection)
    assert run(collection, accept_removals=True)[0].removed == 6
    report, notes = run(collection)
    assert (report.total, notes) == (8, []), "the disk is forgotten"


def test_a_disk_whose_photos_are_elsewhere_now_is_forgotten(
    collection: Collection, photos: Path, away: Path
) -> None:
    """They were copied into the folder that was the mount point, or the disk is mounted at another
    place."""
    with mounted(photos, away):
        run(collection)
    shutil.copytree(away, photos / "disk" / "trip")
    report, notes = run(collection)
    assert (report.removed, report.total, notes) == (0, 14, [])
    (photos / "disk" / "trip" / "0.png").unlink()
    report, _ = run(collection)
    assert (report.removed, report.total) == (1, 13)
    (photos / "disk").rename(photos / "other")
    report, _ = run(collection)
    assert (report.moved, report.total) == (5, 13)


def test_a_named_root_that_is_a_disk_keeps_its_images(
    photos: Path, away: Path, tmp_path: Path
) -> None:
    """Its mount point is there and empty, or gone. Each is said in one line."""
    roots = make_roots([("home", photos), ("usb", photos.parent / "usb")])
    model = str(write_tiny_model(tmp_path / "tiny.onnx"))
    (photos.parent / "usb").mkdir()
    with Collection.create(roots, store=tmp_path / "store", model=model) as collection:
        (photos.parent / "usb").rmdir()
        with small_disk(photos.parent / "usb", 2):
            shutil.copytree(away, photos.parent / "usb" / "trip")
            assert run(collection)[0].total == 14
        report, notes = run(collection)
        assert (report.total, len(notes)) == (14, 1)
        assert f"{photos.parent / 'usb'} was another disk and {_LOST}" in notes[0]
        with pytest.raises(RemovalsError, match="was another disk and is not mounted"):
            next(collection.replace_model(dtype="float16"))
        (photos.parent / "usb").rmdir()
        report, notes = run(collection, accept_removals=True)
        assert (report.total, notes) == (
            14,
            [f"usb is left as it was: {photos.parent / 'usb'} is not there"],
        )
        (photos.parent / "usb").mkdir()
        assert run(collection, accept_removals=True)[0].removed == 6
