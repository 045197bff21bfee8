"""The approximate index lives: built, added to, killed, damaged, and never a wrong answer."""

import os
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draw_images import save
from run_cli import as_json, assert_sound, command, sokkuri, start
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher

COUNT, DIMENSION = 12_000, 32
MORE = 1000  # rows of each later import


def shard(folder: Path, first: int, count: int) -> Path:
    """A pair of made-up vectors in clusters, as the article's scripts would write it."""
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


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A collection of 12,000 made-up vectors without an index."""
    model = write_tiny_model(tmp_path / "tiny.onnx", dimension=DIMENSION)
    (tmp_path / "photos").mkdir()
    sokkuri(
        "import", shard(tmp_path / "made", 0, COUNT), "--store", tmp_path / "store",
        "--root", tmp_path / "photos", "--model", model,
    )  # fmt: skip
    return tmp_path / "store"


def manifest(store: Path) -> Path:
    (found,) = store.glob("indexes/*/ann.json")
    return found


def search(store: Path, query: str = "000007.jpg", *arguments: object) -> Any:
    return as_json("search", query, "-C", store, *arguments)


def assert_answers(store: Path) -> None:
    """The nearest image is there, and what comes after it is as near as a search by all says."""
    answer, exact = search(store), search(store, "000007.jpg", "--search", "exact")
    assert exact["exact"] is True
    assert answer["hits"][0]["id"] == "000007.jpg"
    mine, true = ([hit["distance"] for hit in found["hits"]] for found in (answer, exact))
    assert len(mine) == len(true) == 10
    if answer["exact"]:
        assert mine == true
    else:
        assert sum(one <= true[-1] + 1e-12 for one in mine) >= 8


def test_an_index_is_kept_from_the_size_that_is_asked_for(store: Path) -> None:
    """`--search auto` takes it, `status` and each answer say how good it is, and what it cannot do
    is done exactly."""
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
    for asked in (["--search", "ann"], []):
        answer = search(store, "000007.jpg", *asked)
        assert (answer["exact"], answer["recall"]) == (False, state["recall"]["10"])
    assert search(store, "000007.jpg", "-k", 50)["recall"] == state["recall"]["100"]
    assert_answers(store)
    beyond = (["--metric", "l2"], ["--where", "path like '0000%'"], ["-k", "1001"])
    for asked in beyond:
        assert search(store, "000007.jpg", *asked)["exact"] is True
        failed = sokkuri("search", "000007.jpg", "-C", store, "--search", "ann", *asked, code=2)
        assert failed.stderr.count("\n") == 1
    sokkuri("compact", "-C", store, "--ann-from", 2 * COUNT)
    assert as_json("status", "-C", store)["ann"] is None
    assert not list(store.glob("indexes/*/*.faiss"))


def test_added_ones_are_found_at_once_and_removed_ones_are_not(store: Path, tmp_path: Path) -> None:
    sokkuri("compact", "-C", store, "--ann-from", 0)
    sokkuri("import", shard(tmp_path / "more", COUNT, MORE), "-C", store)
    state = as_json("status", "-C", store)["ann"]
    assert (state["covered"], state["rows"]) == (COUNT, COUNT + MORE)
    fresh = f"{COUNT + 5:06d}.jpg"
    answer = search(store, fresh)
    assert (answer["hits"][0]["id"], answer["exact"]) == (fresh, False)
    sokkuri("compact", "-C", store)
    state = as_json("status", "-C", store)["ann"]
    assert (state["covered"], state["rows"]) == (COUNT + MORE, COUNT + MORE)
    merged = search(store, fresh)
    assert merged["hits"][0]["id"] == fresh
    sokkuri("remove", "-C", store, fresh, merged["hits"][1]["id"])
    after = [hit["id"] for hit in search(store, "000007.jpg", "-k", 1000)["hits"]]
    assert len(after) == 1000
    assert not {fresh, merged["hits"][1]["id"]} & set(after)
    assert_answers(store)
    assert_sound_vectors(store)


def assert_sound_vectors(store: Path) -> None:
    """`verify` finds nothing but that these images have no files."""
    faults = as_json("verify", "-C", store, code=1)["faults"]
    assert {fault["kind"] for fault in faults} == {"missing"}


def test_most_of_a_collection_removed(store: Path) -> None:
    """k results come back whenever k exist, though the lists still hold those that were removed."""
    sokkuri("compact", "-C", store, "--ann-from", 0)
    kept = {f"{number:06d}.jpg" for number in range(0, COUNT, 1000)}
    with Collection.open(store) as collection:
        collection.remove([f"{n:06d}.jpg" for n in range(COUNT) if n % 1000])
    answer = search(store, "000007.jpg", "-k", 12)
    assert {hit["id"] for hit in answer["hits"]} == kept


@pytest.mark.parametrize("damage", ["a changed byte", "cut short", "gone", "a broken manifest"])
def test_a_damaged_index_is_searched_around_and_made_anew(store: Path, damage: str) -> None:
    """One line, never a wrong answer; the next `compact` or `index` makes it anew."""
    sokkuri("compact", "-C", store, "--ann-from", 0)
    (lists,) = store.glob("indexes/*/*.faiss")
    data = bytearray(lists.read_bytes())
    if damage == "a changed byte":
        data[len(data) // 2] ^= 1
        lists.write_bytes(data)
    elif damage == "cut short":
        lists.write_bytes(data[:1000])
    elif damage == "gone":
        lists.unlink()
    else:
        manifest(store).write_text('{"version": 1, ')
    done = sokkuri("search", "000007.jpg", "-C", store)
    if damage == "a broken manifest":
        assert done.stderr == ""
    else:
        assert done.stderr.count("\n") == 1
        assert "searched exactly; `sokkuri compact` makes it anew" in done.stderr
    assert search(store)["exact"] is True
    assert_answers(store)
    sokkuri("compact", "-C", store)
    assert search(store)["exact"] is False
    assert_answers(store)


def test_without_the_extra_searches_are_exact(store: Path, tmp_path: Path) -> None:
    """Optional parts are extras: the message names what to install."""
    blocked = {**os.environ, "PYTHONPATH": str(tmp_path / "blocked")}
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "faiss.py").write_text("raise ImportError('not installed')")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments, "-C", store), env=blocked, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    hint = "approximate search needs an optional part: pip install 'sokkuri[ann]'\n"
    done = run("compact", "--ann-from", 0)
    assert (done.returncode, done.stderr) == (0, hint)
    sokkuri("compact", "-C", store)
    done = run("search", "000007.jpg", "--json")
    assert (done.returncode, done.stderr) == (0, f"searched exactly: {hint}")
    assert '"exact": true' in done.stdout
    assert (run("search", "000007.jpg", "--search", "ann")).stderr == f"sokkuri: {hint}"


def test_a_running_reader_takes_up_what_is_new(store: Path, tmp_path: Path) -> None:
    """It keeps its snapshot until it is refreshed, and needs no restart."""
    options = SearchOptions(mode="ann")
    sokkuri("compact", "-C", store, "--ann-from", 0)
    with Collection.open(store, "ro") as collection:
        searcher = Searcher(collection)
        before = searcher.search(["000007.jpg"], 10, options=options)
        assert not searcher.refresh()
        sokkuri("import", shard(tmp_path / "more", COUNT, MORE), "-C", store)
        sokkuri("compact", "-C", store)  # unlinks the file that is mapped
        assert searcher.search(["000007.jpg"], 10, options=options).ids == before.ids
        assert searcher.refresh()
        fresh = f"{COUNT + 5:06d}.jpg"
        assert searcher.search([fresh], 10, options=options).ids[0] == fresh
        manifest(store).unlink()
        sokkuri("compact", "-C", store)
        assert searcher.refresh(), "the rows are the same, the index is another"


def test_an_index_run_builds_it_too(tmp_path: Path) -> None:
    for seed in range(60):
        save(tmp_path / "photos" / f"{seed:02d}.png", seed)
    model = write_tiny_model(tmp_path / "tiny.onnx")
    sokkuri("index", tmp_path / "photos", "--model", model, "--ann-from", 50)
    answer = search(tmp_path / "photos", "07.png")
    assert (answer["exact"], answer["hits"][0]["id"]) == (False, "07.png")
    save(tmp_path / "photos" / "new.png", 77)
    sokkuri("index", "-C", tmp_path / "photos")
    assert search(tmp_path / "photos", "new.png")["hits"][0]["id"] == "new.png"
    assert_sound(tmp_path / "photos" / ".sokkuri")


def test_killed_at_random_moments_of_build_merge_and_add(store: Path, tmp_path: Path) -> None:
    """Guarantee: `kill -9` at 20 random moments, and 20 collections that answer."""
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    sokkuri("compact", "-C", store, "--ann-from", 0)
    added, cut = COUNT, 0
    for number in range(20):
        kind = ("build", "merge", "add")[number % 3]
        if kind == "build":
            manifest(store).unlink(missing_ok=True)
        more = shard(tmp_path / f"more{number}", added, MORE)
        if kind == "add":
            process = start("import", more, "-C", store)
        else:
            sokkuri("import", more, "-C", store)
            process = start("compact", "-C", store)
        added += MORE
        try:
            process.wait(timeout=moments.uniform(0.2, 1.2))
        except subprocess.TimeoutExpired:
            cut += 1
        process.kill()
        process.communicate()
        assert_answers(store)
        if not list(store.glob("indexes/*/ann.json")):
            sokkuri("compact", "-C", store)
    assert cut > 5, f"seed {seed}: hardly anything was interrupted"
    sokkuri("compact", "-C", store)
    assert search(store)["exact"] is False
    assert_answers(store)
    assert len(list(store.glob("indexes/*/*.faiss"))) == 1
    assert not list(store.glob("indexes/*/.*.new"))
