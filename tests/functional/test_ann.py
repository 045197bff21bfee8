"""The approximate index: built, extended, killed and damaged, it never gives a wrong answer."""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draw_images import save_drawing
from joint_model import write_joint_model
from PIL import Image
from run_cli import as_json, assert_sound, kill_at_step, record_steps, sokkuri, start, without
from steps import choose_evenly
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.search.foreign_queries import TEXTS
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.search.terms import Text

COUNT, DIMENSION = 2000, 32
MORE = 200  # rows of each later import


Recall = dict[str, dict[str, float]]


def write_shard(folder: Path, first: int, count: int) -> Path:
    """Write a write_shard pair of made-up vectors in clusters, in the article's format."""
    rng = np.random.default_rng(first)
    centres = np.random.default_rng(1).random((60, DIMENSION), np.float32)
    rows = centres[rng.integers(0, 60, count)]
    rows = rows * rng.uniform(0.5, 1.5, rows.shape).astype(np.float32)
    folder.mkdir(parents=True)
    np.save(folder / "0000.features.npy", rows)
    np.save(
        folder / "0000.object_ids.npy",
        np.array([f"{number:06d}.jpg" for number in range(first, first + count)]),
    )
    return folder


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a collection of COUNT made-up vectors without an index."""
    home = tmp_path_factory.mktemp("ann")
    model = write_tiny_model(home / "tiny.onnx", dimension=DIMENSION)
    (home / "photos").mkdir()
    sokkuri(
        "import", write_shard(home / "made", 0, COUNT), "--store", home / "store",
        "--root", home / "photos", "--model", model,
    )  # fmt: skip
    return home / "store"


@pytest.fixture(scope="module")
def indexed(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the same collection with an index."""
    store = shutil.copytree(imported, tmp_path_factory.mktemp("ann") / "store")
    sokkuri("compact", "-C", store, "--ann-from", 0)
    return store


@pytest.fixture
def store(imported: Path, tmp_path: Path) -> Path:
    """A copy of the collection without an index."""
    return shutil.copytree(imported, tmp_path / "store")


@pytest.fixture
def built(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the collection with an index."""
    return shutil.copytree(indexed, tmp_path / "store")


def manifest_path(store: Path) -> Path:
    (path,) = store.glob("indexes/*/ann.json")
    return path


def search(store: Path, query: str = "000007.jpg", *arguments: object) -> Any:
    return as_json("search", query, "-C", store, *arguments)


def assert_answers(store: Path) -> None:
    """Check that the first hit is right, and that at least 8 of 10 are as near as exact hits."""
    answer, exact = search(store), search(store, "000007.jpg", "--search", "exact")
    assert exact["exact"] is True
    assert answer["hits"][0]["id"] == "000007.jpg"
    distances, expected = (
        [hit["distance"] for hit in document["hits"]] for document in (answer, exact)
    )
    assert len(distances) == len(expected) == 10
    if answer["exact"]:
        assert distances == expected
    else:
        assert sum(distance <= expected[-1] + 1e-12 for distance in distances) >= 8


def test_collections_from_the_given_size_have_an_index(store: Path) -> None:
    """`--search auto` uses the index, and `status` and each answer give its recall. Searches that
    the index cannot answer are exact."""
    assert search(store)["exact"] is True
    assert as_json("status", "-C", store)["ann"] is None
    refused = sokkuri("search", "000007.jpg", "-C", store, "--search", "ann", code=2)
    assert "has no approximate index" in refused.stderr
    sokkuri("compact", "-C", store, "--ann-from", COUNT + 1)
    assert search(store)["exact"] is True
    sokkuri("compact", "-C", store, "--ann-from", COUNT)
    state = as_json("status", "-C", store)["ann"]
    assert (state["covered"], state["rows"], state["metric"]) == (COUNT, COUNT, "cosine")
    assert state["recall"].keys() == {"1", "10", "100"}
    assert state["recall"]["10"] > 0.99
    assert f"recall@10 {state['recall']['10']:.4f}" in sokkuri("status", "-C", store).stdout
    for options in (["--search", "ann"], []):
        answer = search(store, "000007.jpg", *options)
        assert (answer["exact"], answer["recall"]) == (False, state["recall"]["10"])
    assert search(store, "000007.jpg", "-k", 50)["recall"] == state["recall"]["100"]
    assert_answers(store)
    unsupported = (["--metric", "l2"], ["--where", "path like '0000%'"], ["-k", "1001"])
    for options in unsupported:
        assert search(store, "000007.jpg", *options)["exact"] is True
        failed = sokkuri("search", "000007.jpg", "-C", store, "--search", "ann", *options, code=2)
        assert failed.stderr.count("\n") == 1
    sokkuri("compact", "-C", store, "--ann-from", 2 * COUNT)
    assert as_json("status", "-C", store)["ann"] is None
    assert not list(store.glob("indexes/*/*.faiss"))


def test_added_images_are_found_at_once_and_removed_images_are_not(
    built: Path, tmp_path: Path
) -> None:
    sokkuri("import", write_shard(tmp_path / "more", COUNT, MORE), "-C", built)
    state = as_json("status", "-C", built)["ann"]
    assert (state["covered"], state["rows"]) == (COUNT, COUNT + MORE)
    fresh = f"{COUNT + 5:06d}.jpg"
    answer = search(built, fresh)
    assert (answer["hits"][0]["id"], answer["exact"]) == (fresh, False)
    sokkuri("compact", "-C", built)
    state = as_json("status", "-C", built)["ann"]
    assert (state["covered"], state["rows"]) == (COUNT + MORE, COUNT + MORE)
    merged = search(built, fresh)
    assert merged["hits"][0]["id"] == fresh
    sokkuri("remove", "-C", built, fresh, merged["hits"][1]["id"])
    after = [hit["id"] for hit in search(built, "000007.jpg", "-k", 1000)["hits"]]
    assert len(after) == 1000
    assert not {fresh, merged["hits"][1]["id"]} & set(after)
    assert_answers(built)
    assert_only_files_are_missing(built)


def assert_only_files_are_missing(store: Path) -> None:
    """Check that `verify` reports only the missing files of the made-up images."""
    faults = as_json("verify", "-C", store, code=1)["faults"]
    assert {fault["kind"] for fault in faults} == {"missing"}


def test_all_k_hits_come_back_after_most_images_were_removed(built: Path) -> None:
    """A search gives k hits if k exist, although the index still contains the removed images."""
    kept = {f"{number:06d}.jpg" for number in range(0, COUNT, 400)}
    with Collection.open(built) as collection:
        collection.remove([f"{n:06d}.jpg" for n in range(COUNT) if n % 400])
    answer = search(built, "000007.jpg", "-k", 12)
    assert {hit["id"] for hit in answer["hits"]} == kept


@pytest.mark.parametrize("damage", ["a changed byte", "cut short", "gone", "a broken manifest"])
def test_a_damaged_index_makes_searches_exact_and_is_rebuilt(built: Path, damage: str) -> None:
    """A search prints one line and gives right answers. `compact` rebuilds the index."""
    (lists,) = built.glob("indexes/*/*.faiss")
    data = bytearray(lists.read_bytes())
    if damage == "a changed byte":
        data[len(data) // 2] ^= 1
        lists.write_bytes(data)
    elif damage == "cut short":
        lists.write_bytes(data[:1000])
    elif damage == "gone":
        lists.unlink()
    else:
        manifest_path(built).write_text('{"version": 1, ')
    done = sokkuri("search", "000007.jpg", "-C", built)
    if damage == "a broken manifest":
        assert done.stderr == ""
    else:
        assert done.stderr.count("\n") == 1
        assert "searched exactly; `sokkuri compact` rebuilds it" in done.stderr
    assert search(built)["exact"] is True
    assert_answers(built)
    sokkuri("compact", "-C", built)
    assert search(built)["exact"] is False
    assert_answers(built)


def test_without_the_extra_searches_are_exact(store: Path) -> None:
    """Optional parts are extras: the message names what to install."""
    here = ("-C", store)
    hint = (
        "approximate search needs the extra ann: "
        "in sokkuri's environment, run pip install 'sokkuri[ann]'\n"
    )
    assert without("faiss", "compact", "--ann-from", 0, *here).stderr == hint
    sokkuri("compact", "-C", store)
    done = without("faiss", "search", "000007.jpg", "--json", *here)
    assert done.stderr == f"searched exactly: {hint}"
    assert '"exact": true' in done.stdout
    failed = without("faiss", "search", "000007.jpg", "--search", "ann", *here, code=1)
    assert failed.stderr == f"sokkuri: {hint}"


def test_a_running_reader_sees_a_new_index_after_a_refresh(built: Path, tmp_path: Path) -> None:
    """It keeps its snapshot until it is refreshed, and need not restart."""
    options = SearchOptions(mode="ann")
    with Collection.open(built, "ro") as collection:
        searcher = Searcher(collection)
        before = searcher.search(["000007.jpg"], 10, options=options)
        assert not searcher.refresh()
        sokkuri("import", write_shard(tmp_path / "more", COUNT, MORE), "-C", built)
        sokkuri("compact", "-C", built)  # deletes the mapped file
        assert searcher.search(["000007.jpg"], 10, options=options).ids == before.ids
        assert searcher.refresh()
        fresh = f"{COUNT + 5:06d}.jpg"
        assert searcher.search([fresh], 10, options=options).ids[0] == fresh
        manifest_path(built).unlink()
        sokkuri("compact", "-C", built)
        assert searcher.refresh(), "the rows are the same, the index is new"


def test_an_index_run_builds_the_index_too(tmp_path: Path) -> None:
    for seed in range(60):
        save_drawing(tmp_path / "photos" / f"{seed:02d}.png", seed)
    model = write_tiny_model(tmp_path / "tiny.onnx")
    sokkuri("index", tmp_path / "photos", "--model", model, "--ann-from", 50)
    answer = search(tmp_path / "photos", "07.png")
    assert (answer["exact"], answer["hits"][0]["id"]) == (False, "07.png")
    save_drawing(tmp_path / "photos" / "new.png", 77)
    sokkuri("index", "-C", tmp_path / "photos")
    assert search(tmp_path / "photos", "new.png")["hits"][0]["id"] == "new.png"
    assert_sound(tmp_path / "photos" / ".sokkuri")


KINDS = ("build", "merge", "add")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, pytest.param(100, marks=pytest.mark.full)])
def test_killed_at_steps_of_build_merge_and_add(
    built: Path, kind: str, count: int, tmp_path: Path
) -> None:
    """Guarantee: after a `kill -9` at any step of work on its index a collection answers searches,
    and the next `compact` completes the index."""
    more = write_shard(tmp_path / "more", COUNT, MORE)
    if kind == "build":
        manifest_path(built).unlink()
    if kind == "merge":
        sokkuri("import", more, "-C", built)
    command = ["import", more, "-C"] if kind == "add" else ["compact", "-C"]
    whole = shutil.copytree(built, tmp_path / "whole")
    for step in choose_evenly(record_steps(tmp_path / "steps", *command, whole), count):
        killed = shutil.copytree(built, tmp_path / f"killed {step}")
        kill_at_step(step, *command, killed)
        assert_answers(killed)
        sokkuri("compact", "-C", killed)
        assert search(killed)["exact"] is False, step
        assert_answers(killed)
    manifest_path(killed).unlink()
    sokkuri("compact", "-C", killed)  # the next build deletes the files of killed runs
    assert len(list(killed.glob("indexes/*/*.faiss"))) == 1
    assert not list(killed.glob("indexes/*/.*.new"))


@pytest.mark.full
def test_killed_at_random_moments_of_build_merge_and_add(built: Path, tmp_path: Path) -> None:
    """The same at 20 random moments in one collection, also while the index is written: no step
    marks that moment."""
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    added, interrupted = COUNT, 0
    for number in range(20):
        kind = ("build", "merge", "add")[number % 3]
        if kind == "build":
            manifest_path(built).unlink(missing_ok=True)
        more = write_shard(tmp_path / f"more{number}", added, MORE)
        if kind == "add":
            process = start("import", more, "-C", built)
        else:
            sokkuri("import", more, "-C", built)
            process = start("compact", "-C", built)
        added += MORE
        try:
            process.wait(timeout=moments.uniform(0.2, 1.2))
        except subprocess.TimeoutExpired:
            interrupted += 1
        process.kill()
        process.communicate()
        assert_answers(built)
        if not list(built.glob("indexes/*/ann.json")):
            sokkuri("compact", "-C", built)
    assert interrupted > 5, f"seed {seed}: too few interruptions"
    sokkuri("compact", "-C", built)
    assert search(built)["exact"] is False
    assert_answers(built)
    assert len(list(built.glob("indexes/*/*.faiss"))) == 1
    assert not list(built.glob("indexes/*/.*.new"))


def test_the_recall_of_words_is_measured_apart(tmp_path: Path) -> None:
    """`status` and the answers to words have their own recall, and their own search effort."""
    photos = tmp_path / "photos"
    photos.mkdir()
    colours = np.random.default_rng(0).integers(0, 256, (150, 3))
    for number, colour in enumerate(colours.tolist()):
        Image.new("RGB", (8, 8), tuple(colour)).save(photos / f"{number}.png")
    sokkuri("index", photos, "--model", write_joint_model(tmp_path / "model"))
    sokkuri("compact", "-C", photos, "--ann-from", 1)
    state = as_json("status", "-C", photos)["ann"]
    with Collection.open(photos, "ro") as collection:
        searcher, found = Searcher(collection), []
        for text in TEXTS:
            true, told = (
                [*searcher.search([Text(text)], 10, options=SearchOptions(mode=mode)).distances]
                for mode in ("exact", "ann")
            )
            found.append(sum(one <= true[-1] + 1e-12 for one in told) / 10)
    assert state["text_recall"].keys() == {"1", "10", "100"}
    assert state["text_recall"]["10"] == pytest.approx(np.mean(found), abs=1e-4)
    assert ", by words " in sokkuri("status", "-C", photos).stdout
    assert state["by_queries"].keys() == {"rows", "mixtures", "crops", "texts"}
    shares = {"1": 0.995, "10": 0.992, "100": 0.75}
    write_efforts(
        photos / ".sokkuri",
        {"rows": shares, "texts": {"1": 0.5, "10": 0.25, "100": 0.5}},
        {"rows": shares, "texts": {"1": 0.996, "10": 0.991, "100": 0.97}},
    )
    by_words = ("search", "--text", "red", "--search", "ann", "-C", photos)
    assert as_json(*by_words)["recall"] == 0.991
    assert as_json(*by_words, "--not", "3.png", "-k", 20)["recall"] == 0.97
    assert as_json("search", "0.png", "--search", "ann", "-C", photos)["recall"] == 0.992


def write_efforts(store: Path, *recalls: Recall) -> None:
    """Write a manifest in which the index has one effort for each of these recalls."""
    path = manifest_path(store)
    manifest = json.loads(path.read_text())
    efforts = [{"reach": manifest["reach"], "recall": recall} for recall in recalls]
    path.write_text(json.dumps({**manifest, "efforts": efforts}))


def test_a_search_may_ask_for_a_recall(built: Path) -> None:
    """The least effort that reaches the recall is used, or the exact search if none does. Without a
    recall, it is the least effort with 0.99 for 10 hits, or the largest one."""
    least, most = {"1": 0.9, "10": 0.9, "100": 0.8}, {"1": 0.999, "10": 0.995, "100": 0.9}
    lower = {k: share - 0.05 for k, share in least.items()}
    write_efforts(built, {"rows": least, "mixtures": lower, "texts": lower}, {"rows": most})

    def recall(*arguments: object) -> float:
        answer = search(built, "000007.jpg", *arguments)
        assert answer["exact"] == (answer["recall"] == 1.0)
        return float(answer["recall"])

    assert recall() == 0.995
    assert recall("--recall", 0.5) == lower["10"]
    assert recall("--recall", 0.86) == 0.995
    assert recall("--recall", 0.999) == 1.0
    assert recall("--recall", 0.999, "-k", 1) == 0.999
    assert recall("--recall", 0.7, "-k", 50) == lower["100"]
    too_much = ("search", "000007.jpg", "-C", built, "--search", "ann", "--recall")
    assert "recall of 0.9950 for 10 hits" in sokkuri(*too_much, 0.999, code=2).stderr
    assert "above 0 and at most 1" in sokkuri(*too_much, 1.5, code=2).stderr
    state = as_json("status", "-C", built)["ann"]
    assert state["recall"] == most


def test_the_recall_that_an_older_version_measured_is_measured_anew(built: Path) -> None:
    """An older version of sokkuri measured one effort with rows only. The lists stay."""
    path = manifest_path(built)
    new = json.loads(path.read_text())
    old = {name: new[name] for name in new if name != "efforts"}
    path.write_text(json.dumps({**old, "recall": {"1": 0.9, "10": 0.8, "100": 0.7}}))
    assert search(built)["recall"] == 0.8
    sokkuri("compact", "-C", built)
    assert json.loads(path.read_text())["efforts"] == new["efforts"]
