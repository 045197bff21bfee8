"""index --video: frames of films are images of their own, and their film is never harmed."""

import io
import os
import shutil
import signal
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from draw_images import save_drawing
from films import BLUE, GREEN, GREY, RED, draw_film, draw_sound
from PIL import Image
from raw_photo import missing
from run_cli import as_json, read_positions, sokkuri, without
from run_server import Server, assert_problem, serving
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import MissingExtraError, RemovalsError, UsageError
from sokkuri.curation.duplicates.find import DuplicateOptions, count_compared, find_duplicates
from sokkuri.curation.trash.chosen import plan_chosen
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.indexing.dry_run import estimate_run
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.indexing.partition import Part
from sokkuri.store.catalog import Catalog
from sokkuri.store.images import live_paths

PICTURES = ["IMG_1.jpg", "a.png", "clip.mp4#t=1.png", "sub/copy.png"]
CLIP = [f"clip.mp4#t={seconds}" for seconds in (0, 1, 2)]
OTHER = [f"sub/ä.MKV#t={seconds}" for seconds in (0, 1)]
LATER = SyncOptions(video="every=1s", exclude=("left out/",), workers=1)
BROKEN = ["broken.mp4#t=0", "sound.mp4#t=0"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, films, a Live Photo, and a picture whose name is nearly that of a frame."""
    root = tmp_path_factory.mktemp("made") / "photos"
    for seed, name in enumerate(PICTURES[:3]):
        save_drawing(root / name, seed)
    (root / "sub").mkdir()
    shutil.copy(root / "a.png", root / PICTURES[3])
    draw_film(root / "clip.mp4", [RED, GREEN, BLUE], made="2024-05-01T12:00:00Z")
    draw_film(root / "sub/ä.MKV", [GREY, GREEN])
    draw_film(root / "IMG_1.MOV", [RED])  # of a Live Photo
    draw_film(root / "left out/c.mp4", [RED])
    draw_film(root / ".hidden.mp4", [RED])
    draw_sound(root / "sound.mp4")
    (root / "broken.mp4").write_bytes((root / "clip.mp4").read_bytes()[:900])
    write_tiny_model(root.parent / "tiny.onnx")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "photos")


@pytest.fixture
def collection(made: Path, root: Path) -> Iterator[Collection]:
    with Collection.create(root, model=str(made.parent / "tiny.onnx")) as collection:
        yield collection


def run(collection: Collection, video: str | None = None, **options: Any) -> SyncReport:
    settings = SyncOptions(video=video, exclude=("left out/",), workers=1, **options)
    for step in collection.sync(settings):
        last = step
    assert last.result is not None
    return last.result


def notes(collection: Collection, video: str | None = None) -> list[str]:
    steps = collection.sync(SyncOptions(video=video, exclude=("left out/",), workers=1))
    return [step.note for step in steps if step.note]


def rows(collection: Collection) -> dict[str, tuple[int, int]]:
    """Return the places of the vectors of the live images by id."""
    live = [id_ for id_, _ in live_paths(collection.catalog)]
    return {id_: place for id_, place in read_positions(collection.store).items() if id_ in live}


def ids(collection: Collection) -> list[str]:
    return sorted(rows(collection))


def failures(collection: Collection) -> dict[str, str]:
    return {one.id: one.reason for one in collection.status().failures}


def tables(store: Path) -> set[str]:
    catalog = sqlite3.connect(store / "catalog.sqlite")
    names = {str(name) for (name,) in catalog.execute("SELECT name FROM sqlite_master")}
    catalog.close()
    return names


def test_films_are_images_only_if_they_are_asked_for(collection: Collection, root: Path) -> None:
    """Guarantee: without --video nothing changes, and later runs remember what was asked for."""
    assert run(collection).added + 1 == len(PICTURES)
    assert ids(collection) == PICTURES
    assert collection.status().left_aside == {"video": 5}
    assert collection.catalog.meta("video") is None
    assert "films" not in tables(collection.store)
    before = rows(collection)

    assert run(collection, "every=1s").added == len(CLIP) + len(OTHER)
    assert ids(collection) == sorted(PICTURES + CLIP + OTHER)
    assert rows(collection).items() >= before.items()
    assert collection.status().left_aside == {}
    found = failures(collection)
    assert [*found] == BROKEN, "one line for each film"
    assert found["sound.mp4#t=0"] == "it has no video"
    assert not [*collection.verify()]

    estimate = estimate_run(root, Catalog.in_memory(), collection.load_model(), LATER)
    assert (estimate.new, estimate.vanished) == (estimate.listed, 0)
    assert estimate.listed == len(PICTURES) + len(CLIP) + len(OTHER) + len(BROKEN)
    known = rows(collection)
    assert run(collection).unchanged == len(known), "a later run remembers it"
    halved = run(collection, "every=2")
    assert (halved.removed, halved.added, halved.updated) == (2, 0, 0)
    kept = rows(collection)
    assert kept == {id_: place for id_, place in known.items() if not id_.endswith("#t=1")}
    assert run(collection, "scenes").total == len(known)
    assert run(collection, "off").removed == len(CLIP) + len(OTHER) + len(BROKEN)
    assert ids(collection) == PICTURES


def test_what_happens_to_a_film_happens_to_all_its_frames(
    collection: Collection, root: Path
) -> None:
    run(collection, "every=1s")
    (root / "sub/ä.MKV").rename(root / "moved.mkv")
    draw_film(root / "clip.mp4", [BLUE, BLUE], made="2024-05-01T12:00:00Z")
    report = run(collection)
    assert (report.moved, report.added, report.updated, report.removed) == (2, 0, 2, 1)
    assert {"moved.mkv#t=0", "moved.mkv#t=1"} <= {*ids(collection)}
    (root / "clip.mp4").unlink()
    os.utime(root / "moved.mkv")
    report = run(collection)
    assert (report.removed, report.updated) == (2, 0), "equal pictures keep their vectors"
    assert collection.remove(["moved.mkv"]) == 2, "a film stands for its frames"
    assert run(collection).removed == 0
    assert ids(collection) == PICTURES
    assert collection.restore(["moved.mkv"]) == 2
    for path in ("moved.mkv", "sub/copy.png", *PICTURES[:2]):
        (root / path).unlink()
    with pytest.raises(RemovalsError):
        run(collection)


def test_verify_and_repair_know_the_film_of_a_frame(collection: Collection, root: Path) -> None:
    shutil.copytree(root / "sub", root / "more")
    run(collection, "every=1s")
    (root / "sub/ä.MKV").unlink()
    os.utime(root / "more/ä.MKV")
    more = [id_.replace("sub", "more") for id_ in OTHER]
    faults = [(fault.kind, fault.where) for fault in collection.verify()]
    assert {*faults} == {("missing", id_) for id_ in OTHER} | {("changed", id_) for id_ in more}
    assert len(collection.repair()) == len(faults)
    run(collection)
    assert not [*collection.verify()]
    assert {*ids(collection)} >= {*more}


def test_a_film_that_becomes_part_of_a_live_photo_loses_its_frames(
    collection: Collection, root: Path
) -> None:
    """It is still there, so --accept-removals is not needed."""
    draw_film(root / "live.mov", [RED, GREEN, BLUE] * 4)
    run(collection, "every=0.5s")
    save_drawing(root / "live.jpg", 9)
    assert {fault.kind for fault in collection.verify()} == {"missing"}
    run(collection)
    assert not [id_ for id_ in ids(collection) if id_.startswith("live.mov")]
    assert not [*collection.verify()]


def test_a_run_that_breaks_off_in_a_film_is_continued(collection: Collection) -> None:
    steps = collection.sync(SyncOptions(video="every=0.2s", workers=1))
    for step in steps:
        if step.stage == "extracting" and step.done == 9:
            steps.close()
    begun = len(ids(collection))
    assert begun < len(PICTURES) + 15 + 10 + 5
    report = run(collection)
    assert report.added + report.reused + report.unchanged >= len(PICTURES) + 15 + 10
    assert len([id_ for id_ in ids(collection) if id_.startswith("clip.mp4#t=")]) == 15 + 1
    assert not [*collection.verify()]


def test_a_film_that_cannot_be_opened_now_keeps_its_frames(
    collection: Collection, root: Path
) -> None:
    run(collection, "every=1s")
    before = rows(collection)
    with missing("av"):
        (note,) = [line for line in notes(collection) if "films were skipped" in line]
        assert "their frames are left as they were" in note
        assert "sokkuri[video]" in note
        assert rows(collection) == before
        assert not failures(collection).keys() - {*BROKEN}
        with pytest.raises(MissingExtraError, match="reading films"):
            run(collection, "every=1s")
    if os.geteuid():
        (root / "clip.mp4").chmod(0)
        assert any("clip.mp4 was skipped: " in line for line in notes(collection))
        assert rows(collection) == before


def test_what_does_not_go_together_is_refused_before_anything_is_written(
    made: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text("a.png\n")
    cases: list[tuple[SyncOptions, str]] = [
        (SyncOptions(video="every=0"), "video is 'every=0': it must be off, scenes, or every=10s"),
        (SyncOptions(video="often"), "video is 'often'"),
        (SyncOptions(video="scenes", part=Part(1, 2)), "a part has no frames"),
        (SyncOptions(video="scenes", names=listing), "a list names files, not frames"),
        (SyncOptions(video="scenes", executor="ray"), "frames are read on this machine"),
    ]
    with Collection.create(
        made, store=tmp_path / "store", model=str(made.parent / "tiny.onnx")
    ) as one:
        for options, expected in cases:
            with pytest.raises(UsageError, match=expected):
                next(one.sync(options))
        assert ids(one) == []
        assert one.catalog.meta("video") is None


def test_frames_are_no_copies_and_no_plan_moves_a_film(collection: Collection, root: Path) -> None:
    """Guarantee: a film never goes to the trash because a frame looks like something else."""
    shutil.copy(root / "clip.mp4", root / "sub" / "clip.mp4")
    run(collection, "every=1s")
    steps = [*find_duplicates(collection, DuplicateOptions("alike"))]
    assert [step.note for step in steps if step.note][:1] == [
        "8 frames of films are left out: only files can be copies"
    ]
    (group,) = steps[-1].result or ()
    assert {image.id for image in group.images} == {"a.png", "sub/copy.png"}
    (move,) = make_trash_plan(collection, [group]).moves
    assert move.path in ("a.png", "sub/copy.png")
    done, total = count_compared(collection)
    assert done == total == 3
    with pytest.raises(UsageError, match="the whole film is never moved for one of them"):
        plan_chosen(collection, ["a.png", CLIP[0]])


def test_commands_and_the_server_show_frames(made: Path, tmp_path: Path) -> None:
    root = shutil.copytree(made, tmp_path / "photos")
    model = made.parent / "tiny.onnx"
    options = (root, "--model", model, "--exclude", "left out/", "--video", "every=1s")
    sokkuri("index", *options)
    late = "taken >= 2024-05-01T12:00:01 and format = 'mp4'"
    hits = as_json("search", root / CLIP[2], "--where", late, "--collection", root)["hits"]
    assert [(hit["id"], hit["path"]) for hit in hits] == [
        (id_, str(root / id_)) for id_ in (CLIP[2], CLIP[1])
    ]
    refused = without("av", "index", root, "--video", "scenes", code=1)
    assert refused.stderr.count("\n") == 1
    check_server(root)


def crash_decoder(server: Server) -> None:
    """Let the process crash that decodes films for a server."""
    children = psutil.Process(server.pid).children()
    (decoder,) = [one for one in children if "sokkuri.images.film_process" in one.cmdline()]
    decoder.send_signal(signal.SIGSEGV)


def check_server(root: Path) -> None:
    with serving(root) as server:
        image = server.api("images/clip.mp4%23t=1")
        assert image["film"] == {"path": str(root / "clip.mp4"), "seconds": 1.0}
        assert image["exif"] == {"Taken": "2024-05-01 12:00:01"}
        assert server.api("images/a.png")["film"] is None
        for kind, size in (("thumbnail?size=256", (64, 48)), ("file", (64, 48))):
            answer = server.get(f"/api/v1/images/clip.mp4%23t=1/{kind}")
            assert answer.headers["content-type"] == "image/jpeg"
            assert Image.open(io.BytesIO(answer.content)).size == size
        whole = server.get("/api/v1/images/clip.mp4%23t=1/film")
        film = (root / "clip.mp4").read_bytes()
        assert (whole.content, whole.headers["content-type"]) == (film, "video/mp4")
        part = server.get("/api/v1/images/clip.mp4%23t=1/film", headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, film[4:8])
        assert_problem(server.get("/api/v1/images/a.png/film"), 404, "unknown-image")
        crash_decoder(server)
        answer = server.get("/api/v1/images/clip.mp4%23t=0/thumbnail")
        reason = assert_problem(answer, 422, "unreadable-image")
        assert reason == "the video library crashes on it (SIGSEGV)"
        assert server.get("/api/v1/images/clip.mp4%23t=0/thumbnail").status_code == 200
        selection = server.post("/api/v1/selections", json={"ids": [*CLIP, "a.png"]}).json()
        archive = server.get(f"/api/v1/selections/{selection['selection']}/zip").content
        assert sorted(zipfile.ZipFile(io.BytesIO(archive)).namelist()) == ["a.png", "clip.mp4"]
