"""A collection follows its folder while `watch`, or a server with `--watch`, runs."""

import os
import shutil
import signal
import threading
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
from draw_images import save_drawing
from run_cli import as_json, assert_sound, read_positions, sokkuri, without
from run_server import serving
from run_watch import watching
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.indexing.watch import WatchEvent

COUNT = 8


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photos beside the store of its collection."""
    home = tmp_path_factory.mktemp("indexed")
    model = write_tiny_model(home / "tiny.onnx")
    for seed in range(COUNT):
        save_drawing(home / "photos" / f"{seed}.png", seed)
    sokkuri("index", home / "photos", "--model", model)
    return home / "photos"


@pytest.fixture
def photos(indexed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(indexed, tmp_path / "photos")


def test_changes_are_indexed_as_they_come(photos: Path) -> None:
    """Guarantee: a new photo is found within seconds, without another command."""
    with watching(photos) as watch:
        assert watch.wait_for("watching")["poll"] is None
        assert watch.wait_for("synced")["unchanged"] == COUNT
        save_drawing(photos / "trip 1.5" / "new.png", 100)
        watch.wait_for("synced", added=1)
        hits = as_json("search", "trip 1.5/new.png", "-C", photos)["hits"]
        assert hits[0]["id"] == "trip 1.5/new.png"
        (photos / "trip 1.5").rename(photos / "trip")
        watch.wait_for("synced", moved=1)
        save_drawing(photos / "0.png", 101)
        watch.wait_for("synced", updated=1)
        (photos / "trip").rename(photos.parent / "away")
        watch.wait_for("synced", removed=1, total=COUNT)
        sokkuri("index", photos, "--exclude", "7.png")
        save_drawing(photos / "6.png", 102)
        watch.wait_for("synced", updated=1, total=COUNT - 1)
        (photos / "broken.png").write_bytes(b"no picture")
        watch.wait_for("synced", failed=1)
        assert watch.end() == (130, "sokkuri: interrupted; finished work is kept\n")
    assert_sound(photos)


@pytest.mark.parametrize("options", [(), ("--poll", "0.1")])
def test_a_folder_that_is_lost_is_waited_for(
    indexed: Path, photos: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Guarantee: an unmounted disk, and an empty mount point, are said once and remove no image.
    The disk is followed again when it is back."""
    store, away = tmp_path / "store", tmp_path / "away"
    shutil.rmtree(photos / ".sokkuri")
    sokkuri("index", photos, "--store", store, "--model", indexed.parent / "tiny.onnx")
    before = read_positions(store)
    with watching("-C", store, *options) as watch:
        watch.wait_for("watching", poll=0.1 if options else None)
        watch.wait_for("synced", unchanged=COUNT)
        photos.rename(away)
        assert f"{photos} is not there" in watch.wait_for("waiting")["text"]
        photos.mkdir()
        assert "sokkuri index" in watch.wait_for("waiting")["text"]
        photos.rmdir()
        away.rename(photos)
        watch.wait_for("synced", unchanged=COUNT, removed=0)
        save_drawing(photos / "new.png", 100)
        watch.wait_for("synced", added=1)
        assert [event["event"] for event in watch.events].count("waiting") <= 3
        assert watch.end(signal.SIGTERM)[0] == 130
    assert before.items() < read_positions(store).items()


def test_a_collection_that_is_lost_is_waited_for(photos: Path) -> None:
    """Its store is on the disk that is unmounted."""
    away = photos.parent / "away"
    with watching(photos) as watch:
        watch.wait_for("synced", unchanged=COUNT)
        photos.rename(away)
        assert "perhaps a disk is not mounted" in watch.wait_for("waiting")["text"]
        save_drawing(away / "new.png", 100)
        away.rename(photos)
        watch.wait_for("synced", added=1, unchanged=COUNT)


def test_a_watch_that_cannot_begin_ends_with_one_line(photos: Path, tmp_path: Path) -> None:
    assert "holds no collection" in sokkuri("watch", tmp_path, code=1).stderr
    assert "holds no collection" in without("watchfiles", "watch", tmp_path, code=1).stderr
    assert "named twice" in sokkuri("watch", photos, "-C", photos, code=2).stderr
    assert "add --watch" in sokkuri("serve", "-C", photos, "--poll", "1", code=2).stderr
    names = tmp_path / "names.txt"
    names.write_text(sokkuri("list", photos).stdout)
    sokkuri("index", photos, "--list", names)
    assert "come from a list" in sokkuri("watch", photos, code=2).stderr


def test_a_program_in_python_watches_as_the_command_does(photos: Path) -> None:
    stop = threading.Event()
    with Collection.open(photos) as collection, closing(collection.watch(stop=stop)) as events:
        assert next(events).kind == "watching"
        assert has_report(next(events), unchanged=COUNT)
        save_drawing(photos / "new.png", 100)
        assert has_report(next(events), added=1)
        stop.set()
        assert [*events] == []
        assert collection.status().total == COUNT + 1


def has_report(event: WatchEvent, **counts: int) -> bool:
    return event.report is not None and counts.items() <= asdict(event.report).items()


def test_a_server_watches_and_outlives_what_goes_wrong(photos: Path) -> None:
    """Promise: `serve --watch` indexes changes, says what it waits for, and never ends."""
    with serving(photos, "--watch") as server:
        server.wait_for_line(f"watching {photos} by events")
        save_drawing(photos / "new.png", 100)
        server.wait_for_line("1 added")
        assert server.api("images/new.png/similar")["hits"][0]["id"] == "new.png"
        store = (photos / ".sokkuri").rename(photos.parent / "store")
        save_drawing(photos / "newer.png", 101)
        server.wait_for_line("perhaps a disk is not mounted")
        store.rename(photos / ".sokkuri")
        os.utime(photos / "newer.png")
        server.wait_for_line("1 added")
        assert server.api("images/newer.png/similar")["hits"][0]["id"] == "newer.png"
