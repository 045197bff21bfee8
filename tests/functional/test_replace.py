"""`index --replace`: another model for a collection that exists."""

import json
import queue
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import steps
from draw_images import save_drawing
from joint_model import draw_colours, write_joint_model
from reference_engine import ReferenceEngine
from run_cli import as_json, assert_sound, kill_at_step, record_steps, sokkuri, start
from run_server import serving
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import ModelMismatchError, ModelReplacedError
from sokkuri.models import resolve_model
from sokkuri.search.push import push
from sokkuri.search.query import QueryVector
from sokkuri.search.searcher import Searcher

IMAGES = 8


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Networks whose vectors have 8, 12 and 5 numbers."""
    folder = tmp_path_factory.mktemp("models")
    return {
        name: write_tiny_model(folder / f"{name}.onnx", dimension=dimension, seed=dimension)
        for name, dimension in (("old", 8), ("new", 12), ("third", 5))
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, models: dict[str, Path]) -> Path:
    """A collection by the old model, with labels, decisions, compared pairs and a removed image."""
    photos = tmp_path_factory.mktemp("made") / "photos"
    for seed in range(IMAGES):
        save_drawing(photos / f"{seed:02d}.png", seed)
    shutil.copyfile(photos / "00.png", photos / "copy.png")
    (photos / "broken.png").write_bytes(b"no picture")
    sokkuri("index", photos, "--model", models["old"])
    sokkuri("label", "00.png", "02.png", "field", "-C", photos)
    sokkuri("remove", "03.png", "-C", photos)
    sokkuri("duplicates", "-C", photos)
    sokkuri("duplicates", "01.png", "02.png", "--different", "-C", photos)
    return photos


@pytest.fixture
def photos(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "photos")


def replace_command(photos: Path, model: Path) -> list[object]:
    return ["index", photos, "--model", model, "--replace"]


def vectors_of(photos: Path) -> dict[str, bytes]:
    """Return the vectors of the live images by id, as the collection reads them."""
    with Collection.open(photos, "ro") as collection:
        rows = collection.catalog.fetch_all(
            "SELECT id, shard, row FROM images WHERE shard IS NOT NULL AND removed = 0"
            " AND missing IS NULL"
        )
        vectors = collection.read_vectors([(shard, row) for _, shard, row in rows])
    return {id_: vector.tobytes() for (id_, *_), vector in zip(rows, vectors, strict=True)}


def anew(photos: Path, model: Path, tmp_path: Path) -> dict[str, bytes]:
    """Return the vectors of a fresh collection with this model."""
    store = tmp_path / "anew"
    sokkuri("index", photos, "--store", store, "--model", model)
    with Collection.open(store) as collection:
        removed = {"03.png"} & {path.name for path in photos.iterdir()}
        collection.remove([*removed])
    return vectors_of(store)


def said(photos: Path) -> dict[str, Any]:
    """Return what a person said about the images, and what was compared."""
    with sqlite3.connect(photos / ".sokkuri" / "catalog.sqlite") as catalog:
        decisions = {
            table: sorted(catalog.execute(f"SELECT * FROM {table}"))
            for table in ("labels", "different")
        }
        removed = sorted(catalog.execute("SELECT id FROM images WHERE removed = 1"))
    catalog.close()
    (pairs,) = (photos / ".sokkuri" / "indexes").glob(f"{model_of(photos)}/pairs.sqlite")
    with sqlite3.connect(pairs) as store:
        compared = sorted(store.execute("SELECT first, second, grade, score FROM pairs"))
        prints = sorted(store.execute("SELECT content FROM prints"))
    store.close()
    return {**decisions, "removed": removed, "pairs": compared, "prints": prints}


def model_of(photos: Path) -> str:
    return str(as_json("status", "-C", photos)["model"])


def test_the_collection_gets_another_model_and_loses_nothing(
    photos: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    """Guarantee: labels, decisions, compared pairs, removals and failures outlive the old model."""
    before = said(photos)
    assert before["labels"]
    assert before["pairs"]
    plan = as_json(*replace_command(photos, models["new"]), "--dry-run")
    assert plan["old_bytes"] > 0
    assert plan["new"] == IMAGES + 1, "the copy and the broken one too, without the removed one"
    assert as_json("status", "-C", photos)["replacement"] is None, "a dry run changes nothing"
    done = sokkuri(*replace_command(photos, models["new"]), "--json")
    report = json.loads(done.stdout)
    assert (report["added"], report["reused"], report["failed"]) == (IMAGES - 1, 1, 1)
    switched, left = done.stderr.splitlines()[-2:]
    assert "the collection's model is new now, instead of old" in switched
    assert "stay until `sokkuri compact`" in left
    status = as_json("status", "-C", photos)
    assert (status["model"], status["dimension"], status["total"]) == ("new", 12, IMAGES)
    assert [failure["id"] for failure in status["failures"]] == ["broken.png"]
    assert status["old_bytes"] > 0
    assert said(photos) == before
    assert vectors_of(photos) == anew(photos, models["new"], tmp_path)
    assert_sound(photos)
    again = as_json(*replace_command(photos, models["new"]))
    assert (again["added"], again["unchanged"]) == (0, IMAGES), "an ordinary run"
    sokkuri("compact", "-C", photos)
    assert as_json("status", "-C", photos)["old_bytes"] == 0
    assert [path.name for path in (photos / ".sokkuri" / "features").iterdir()] == ["new"]
    assert_sound(photos)
    groups = as_json("duplicates", "-C", photos)["groups"]
    assert [sorted(group["ids"]) for group in groups] == [["00.png", "copy.png"]]


KILLS = [8, pytest.param(100, marks=pytest.mark.full)]


@pytest.mark.parametrize("count", KILLS)
def test_a_killed_replacement_goes_on_and_the_old_vectors_answer_until_the_switch(
    photos: Path, models: dict[str, Path], tmp_path: Path, count: int
) -> None:
    """Guarantee: killed at any step, the same command completes; nothing in between is mixed."""
    before, expected = said(photos), anew(photos, models["new"], tmp_path)
    old = vectors_of(photos)
    whole = shutil.copytree(photos, tmp_path / "whole")
    names = record_steps(tmp_path / "steps", *replace_command(whole, models["new"]))
    dimensions = set()
    for step in steps.choose_evenly(names, count):
        killed = shutil.copytree(photos, tmp_path / f"killed-{step}")
        kill_at_step(step, *replace_command(killed, models["new"]))
        with Collection.open(killed, "ro") as collection:
            dimension = collection.model.dimension
            assert len(Searcher(collection).search(["00.png"])) == IMAGES
            assert collection.verify() == []
        dimensions.add(dimension)
        assert vectors_of(killed) == (old if dimension == 8 else expected)
        sokkuri(*replace_command(killed, models["new"]))
        assert vectors_of(killed) == expected
        assert said(killed) == before
        with Collection.open(killed, "ro") as collection:
            assert collection.verify() == []
        assert [*(killed / ".sokkuri").glob("replacement-*")] == []
        shutil.rmtree(killed)
    assert dimensions == {8, 12}, "steps before the switch and after it"


def test_another_new_model_waits_and_the_old_one_gives_up(
    photos: Path, models: dict[str, Path]
) -> None:
    """One replacement at a time; naming the present model ends it, and nothing is left of it."""
    begin_replacement(photos, models["new"])
    with Collection.open(photos, "ro") as collection:
        state = collection.status().replacement
    assert state is not None
    assert (state.model, state.dimension, state.done) == ("new", 12, IMAGES)
    assert "replacing  by new: 9 of 9 images" in sokkuri("status", "-C", photos).stdout
    refused = sokkuri(*replace_command(photos, models["third"]), code=1).stderr
    assert refused.count("\n") == 1
    assert f"go on with `sokkuri index --model {models['new']} --replace`" in refused
    assert f"give that up with `sokkuri index --model {models['old']} --replace`" in refused
    sokkuri("index", photos)
    assert "give another --model" in sokkuri("index", photos, "--replace", code=2).stderr
    assert as_json("status", "-C", photos)["replacement"]["done"] == IMAGES, "both keep it"
    given_up = sokkuri(*replace_command(photos, models["old"])).stderr
    assert f"the replacement by new was given up, with {IMAGES} vectors" in given_up
    assert as_json("status", "-C", photos)["replacement"] is None
    assert sorted(path.name for path in (photos / ".sokkuri" / "features").iterdir()) == ["old"]
    assert [*(photos / ".sokkuri").glob("replacement-*")] == []
    report = as_json(*replace_command(photos, models["third"]))
    assert report["added"] == IMAGES - 1
    assert_sound(photos)


def begin_replacement(photos: Path, model: Path) -> None:
    """Let a replacement come as far as the switch, and stop there."""
    with Collection.open(photos) as collection:
        for progress in collection.replace_model(str(model)):
            if progress.stage == "extracting" and progress.done == progress.total > 0:
                break


def test_changes_amid_a_replacement_are_right_after_it(
    photos: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    """Promise: images that come, change, move, go, or are removed meanwhile are as in a fresh
    collection, and an ordinary run in between works with the old model."""
    begin_replacement(photos, models["new"])
    save_drawing(photos / "added.png", 20)
    save_drawing(photos / "01.png", 21)
    (photos / "02.png").rename(photos / "moved.png")
    (photos / "04.png").unlink()
    report = as_json("index", photos)
    assert (report["added"], report["updated"], report["moved"]) == (1, 1, 1)
    assert as_json("status", "-C", photos)["dimension"] == 8
    (photos / "05.png").rename(photos / "05-moved.png")  # only the replacement sees these
    save_drawing(photos / "added-late.png", 22)
    sokkuri("remove", "06.png", "-C", photos)
    sokkuri("remove", "--restore", "03.png", "-C", photos)
    sokkuri(*replace_command(photos, models["new"]))
    with Collection.open(photos) as collection:
        assert vectors_of(photos).keys() == {
            "00.png", "copy.png", "01.png", "03.png", "05-moved.png", "07.png", "added.png",
            "added-late.png", "moved.png",
        }  # fmt: skip
        collection.restore(["06.png"])
    assert as_json("index", photos)["added"] == 1, "a removed image has no new vector"
    store = tmp_path / "anew"
    sokkuri("index", photos, "--store", store, "--model", models["new"])
    assert vectors_of(photos) == vectors_of(store)
    assert as_json("label", "-C", photos)["labels"] == {"field": 3}, "00, its copy, and 02"
    assert_sound(photos)


def test_two_processes_share_a_replacement(
    photos: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    """Both end well, whichever of them makes the switch."""
    both = [start(*replace_command(photos, models["new"])) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert vectors_of(photos) == anew(photos, models["new"], tmp_path)
    assert [*(photos / ".sokkuri").glob("replacement-*")] == []
    assert_sound(photos)


def test_an_empty_disk_keeps_the_old_vectors(photos: Path, models: dict[str, Path]) -> None:
    """A replacement is no way to empty a collection by accident."""
    elsewhere = photos.parent / "elsewhere"
    elsewhere.mkdir()
    for path in photos.glob("*.png"):
        path.rename(elsewhere / path.name)
    refused = sokkuri(*replace_command(photos, models["new"]), code=1).stderr
    assert f"all {IMAGES} images of the collection have no vector by new" in refused
    assert as_json("status", "-C", photos)["dimension"] == 8
    for path in elsewhere.glob("*.png"):
        path.rename(photos / path.name)
    sokkuri(*replace_command(photos, models["new"]))
    assert as_json("status", "-C", photos)["total"] == IMAGES


def test_imported_vectors_without_photos_are_kept(
    photos: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    """Nothing can extract them anew: one line says so, and what to do."""
    np.save(tmp_path / "lost.npy", np.ones(8, np.float32))
    (tmp_path / "vectors").mkdir()
    (tmp_path / "lost.npy").rename(tmp_path / "vectors" / "lost.npy")
    sokkuri("import", tmp_path / "vectors", "-C", photos)
    refused = sokkuri(*replace_command(photos, models["new"]), code=1).stderr
    assert "lost has an imported vector and no photo that new can read" in refused
    assert refused.count("\n") == 1
    begun = as_json("status", "-C", photos)
    assert (begun["dimension"], begun["total"], begun["replacement"]) == (8, IMAGES + 1, None)
    sokkuri("remove", "lost", "-C", photos)
    sokkuri(*replace_command(photos, models["new"]))


def test_only_the_number_type_or_the_decoding_is_another(photos: Path) -> None:
    """The model's name is taken, so the new vectors have a folder beside it."""
    report = as_json("index", photos, "--replace", "--dtype", "float16")
    assert report["added"] == IMAGES - 1
    with Collection.open(photos, "ro") as collection:
        assert (collection.dtype, collection.shards.folder.name) == ("float16", "old-2")
    as_json("index", photos, "--replace", "--decode", "exact")
    with Collection.open(photos, "ro") as collection:
        assert (collection.model.decode, collection.shards.folder.name) == ("exact", "old")
    assert_sound(photos)
    sokkuri("compact", "-C", photos)
    assert [path.name for path in (photos / ".sokkuri" / "features").iterdir()] == ["old"]
    assert_sound(photos)


def test_who_has_the_collection_open_follows_or_stops(
    photos: Path, models: dict[str, Path]
) -> None:
    """A searcher follows to the new rows; a run with the old model writes nothing any more."""
    with Collection.open(photos) as reader, Collection.open(photos) as writer:
        searcher = Searcher(reader)
        old = searcher.search([photos / "00.png"])
        assert old.vector.shape == (8,)
        begun = writer.sync()
        next(begun)
        sokkuri(*replace_command(photos, models["new"]))
        new = searcher.search([photos / "00.png"], k=3)
        assert new.vector.shape == (12,)
        assert [str(hit.id) for hit in new][:1] == ["00.png"]
        fingerprint = resolve_model(str(models["old"])).fingerprint
        with pytest.raises(ModelReplacedError):
            searcher.search([QueryVector(old.vector, fingerprint=fingerprint)])
        with pytest.raises(ModelReplacedError, match="another model"):
            for _ in begun:
                pass
    assert_sound(photos)


def test_searches_at_the_moment_of_the_switch(photos: Path, models: dict[str, Path]) -> None:
    """Every answer is of one model: by id, by file, and by a vector of known length."""
    ended = threading.Event()
    answered: queue.SimpleQueue[int] = queue.SimpleQueue()  # numbers in the vectors of queries

    def search() -> None:
        with Collection.open(photos, "ro") as collection:
            searcher = Searcher(collection)
            while not ended.is_set():
                for query in ("00.png", photos / "00.png"):
                    hits = searcher.search([query])
                    assert len(hits) == IMAGES
                    assert hits.ids[0] == "00.png"
                    assert hits.distances[:2] == pytest.approx(0, abs=1e-6), "itself and its copy"
                    answered.put(len(hits.vector))

    with ThreadPoolExecutor(2) as threads:
        searching = [threads.submit(search) for _ in range(2)]
        try:
            with Collection.open(photos) as collection:
                for name, dimension in (("new", 12), ("third", 5), ("old", 8)):
                    for _ in collection.replace_model(str(models[name])):
                        pass
                    collection.compact()
                    while answered.get(timeout=60) != dimension:
                        assert not any(one.done() for one in searching), "a search has failed"
        finally:
            ended.set()
        for one in searching:
            one.result()


def test_what_an_engine_holds_is_of_the_old_model_and_said_so(
    photos: Path, models: dict[str, Path]
) -> None:
    """Neither a push nor a search mixes vectors of two models in an engine."""
    engine = ReferenceEngine()
    with Collection.open(photos) as collection:
        list(push(collection, engine))
        assert len(engine.vectors) == IMAGES
        pushing = push(collection, engine)
        next(pushing)
        with Collection.open(photos) as another:
            notes = [step.note for step in another.replace_model(str(models["new"]))]
            assert another.status().pushed == ()
        (told,) = [note for note in notes if engine.address in note]
        assert told.startswith(f"{engine.address} holds vectors of old, which searches")
        with pytest.raises(ModelReplacedError):
            list(pushing)
        collection.follow()
        with pytest.raises(ModelMismatchError, match="holds vectors of another model"):
            list(push(collection, engine))
    assert {len(vector) for vector in engine.vectors.values()} == {8}


def test_a_live_server_follows_the_switch(tmp_path: Path, models: dict[str, Path]) -> None:
    """Guarantee: the server answers with the old vectors, then with the new ones, and learns words;
    a sent picture is never compared with rows of another model."""
    photos = draw_colours(tmp_path / "photos")
    sokkuri("index", photos, "--model", models["old"])
    picture = {"image": ("red.png", (photos / "red.png").read_bytes())}
    with serving(photos) as server:
        before = server.post("/api/v1/search", files=picture).json()
        assert before["hits"][0]["id"] == "red.png"
        refused = server.post("/api/v1/search", json={"texts": ["red"]})
        assert "knows no words" in refused.json()["detail"]
        sokkuri(*replace_command(photos, write_joint_model(tmp_path / "joint")))
        after = server.post("/api/v1/search", files=picture).json()
        assert after["hits"][0]["id"] == "red.png"
        assert after["hits"][0]["distance"] == pytest.approx(0, abs=1e-6)
        similar = server.api("images/red.png/similar")
        assert similar["hits"][1]["id"] in ("red-dark.png", "red-light.png")
        words = server.post("/api/v1/search", json={"texts": ["dark green"]}).json()
        assert words["hits"][0]["id"] == "green-dark.png"
        assert server.api("info")["model"] == "colours"
        assert server.api("status")["dimension"] == 8
