"""Search by words: networks whose answers are known find pictures by their colours."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from joint_model import (
    COLOURS,
    draw_colours,
    expected_vector,
    write_immich,
    write_joint_model,
    write_transformers,
)
from run_cli import as_json, sokkuri
from tiny_model import write_tiny_model

from sokkuri import Collection, Hits, Searcher, SearchOptions
from sokkuri.core.errors import UnsupportedError, UsageError
from sokkuri.search.query import Weighted
from sokkuri.search.terms import Text

RED = {"red", "red-dark", "red-light"}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all tests: a tokenizer is tried out once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOKKURI_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of colours, and its collection by a model that knows words."""
    folder = tmp_path_factory.mktemp("colours")
    card = write_joint_model(folder / "model")
    sokkuri("index", draw_colours(folder / "photos"), "--model", card)
    return folder / "photos"


def names(hits: list[dict[str, object]]) -> list[str]:
    return [str(hit["id"]).removesuffix(".png") for hit in hits]


def search(photos: Path, *arguments: object) -> list[str]:
    return names(as_json("search", *arguments, "-C", photos)["hits"])


def test_words_find_the_pictures_that_they_describe(photos: Path) -> None:
    answer = as_json("search", "--text", "a red photo", "-C", photos)
    assert answer["query"] == ["a red photo"]
    assert set(names(answer["hits"][:3])) == RED
    assert answer["exact"]
    assert {*names([hit for hit in answer["hits"] if hit["good"]])} == RED
    assert "probability" not in answer["hits"][0]
    lines = sokkuri("search", "--text", "a red photo", "-C", photos).stdout.splitlines()
    assert [line.split()[2] for line in lines[:3]] == ["good"] * 3
    assert "good" not in lines[3]


def test_the_distances_are_those_of_the_vectors(photos: Path) -> None:
    words = expected_vector("light", "green").astype(np.float64)
    with Collection.open(photos, "ro") as collection:
        hits = Searcher(collection).search([Text("light green")], k=9)
        vectors = collection.read_vectors([(i.row.shard, i.row.row) for i in hits.images])
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(hits.distances, 1 - units @ words, atol=1e-6)
    assert hits.ids[0] == "green-light.png"


def test_unwanted_words_push_the_query_away(photos: Path) -> None:
    """Red without dark finds the light ones first; without light, the dark ones."""
    assert search(photos, "--text", "red", "--not-text", "dark")[0] == "red-light"
    assert search(photos, "--text", "red", "--not-text", "light^6")[0] == "red-dark"


def test_words_and_images_are_one_query_with_weights(photos: Path) -> None:
    image = photos / "blue.png"
    assert search(photos, image, "--text", "light^3")[0] == "blue-light"
    assert search(photos, image, "--text", "dark^3")[0] == "blue-dark"
    assert search(photos, "blue.png^5", "--text", "red^0.1")[0].startswith("blue")
    assert search(photos, "blue.png^0.1", "--text", "red^5")[0].startswith("red")
    assert search(photos, image, "--text", "light^3", "--not", "blue-light.png")[0] != "blue-light"
    assert search(photos, image, "--crop", "0,0,5,5", "--text", "light^3")[0] == "blue-light"


def test_filters_and_batches_work_with_words(photos: Path) -> None:
    found = search(photos, "--text", "red", "--where", "id like 'blue%'", "-k", "2")
    assert len(found) == 2
    assert all(name.startswith("blue") for name in found)
    near = search(photos, "--text", "red", "--max-distance", "0.7")
    assert 0 < len(near) < len(COLOURS)
    batch = sokkuri("search", "--batch", photos, "--not-text", "dark", "--json", "-C", photos)
    answers = {Path(a["query"][0]).stem: a for a in map(json.loads, batch.stdout.splitlines())}
    assert answers.keys() == COLOURS.keys()
    assert names(answers["blue"]["hits"])[0] in ("blue", "blue-light")


def test_an_id_that_ends_like_a_weight_is_an_id(tmp_path: Path) -> None:
    card = write_joint_model(tmp_path / "model")
    photos = draw_colours(tmp_path / "photos")
    (photos / "red.png").rename(photos / "x.png^2")
    (photos / "list.txt").write_text("x.png^2\nblue.png\n")
    sokkuri("index", photos, "--list", photos / "list.txt", "--model", card)
    assert as_json("search", "x.png^2", "-C", photos)["hits"][0]["id"] == "x.png^2"
    assert as_json("search", "blue.png^2", "-C", photos)["hits"][0]["id"] == "blue.png"


def test_a_model_with_scale_and_bias_gives_probabilities(tmp_path: Path) -> None:
    card = write_joint_model(tmp_path / "model", text="logit_scale = 20.0\nlogit_bias = -12.0")
    photos = draw_colours(tmp_path / "photos")
    sokkuri("index", photos, "--model", card)
    hits = as_json("search", "--text", "red", "-C", photos)["hits"]
    for hit in hits:
        logit = 20 * (1 - hit["distance"]) - 12
        assert hit["probability"] == pytest.approx(1 / (1 + np.exp(-logit)))
    line = sokkuri("search", "--text", "red", "-C", photos).stdout.splitlines()[0]
    assert f"{hits[0]['probability']:.1%}" in line
    mixed = as_json("search", "--text", "red", "--not-text", "dark", "-C", photos)["hits"]
    assert "probability" not in mixed[0], "a mixed query has no calibrated probability"


def test_from_python(photos: Path) -> None:
    with Collection.open(photos, "ro") as collection:
        searcher = Searcher(collection)
        options = SearchOptions(without=(Text("dark"),))
        hits = searcher.search(["blue.png", Weighted(Text("light"), 2.0)], 3, options=options)
        assert hits.query == ("blue.png", "light")
        assert next(iter(hits)).id == "blue-light.png"
        assert next(iter(hits)).good is not None
        for found in searcher.search_each([Text("red"), Text("green")]):
            assert isinstance(found, Hits)
            assert found.ids[0].startswith(found.query[0])
        with pytest.raises(UsageError, match="compared by cosine"):
            searcher.search([Text("red")], metric="l2")
        with pytest.raises(UsageError, match="must be above 0"):
            searcher.search([Weighted("blue.png", 0.0)])
        assert next(iter(searcher.search(["blue.png"]))).good is None


def test_an_approximate_index_answers_words(tmp_path: Path) -> None:
    card = write_joint_model(tmp_path / "model")
    photos = tmp_path / "photos"
    for number in range(8):
        draw_colours(photos / str(number), (8 + number, 8))
    sokkuri("index", photos, "--model", card, "--ann-from", "0")
    found = as_json("search", "--text", "light red", "--search", "ann", "-k", "5", "-C", photos)
    assert not found["exact"]
    assert all("red-light" in name for name in names(found["hits"]))


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--text", ""], "needs at least one word"),
        (["--text", "red", "--metric", "l2"], "compared by cosine"),
        (["--text", "red", "--crop", "0,0,5,5"], "--crop needs an image"),
        (["--text", "red^0"], "must be above 0"),
        (["--not-text", "red"], "name the images to search with"),
        (["--text", "red", "--batch", "."], "name the images to search with"),
    ],
)
def test_a_wrong_query_is_one_line(photos: Path, arguments: list[str], hint: str) -> None:
    assert hint in sokkuri("search", *arguments, "-C", photos, code=2).stderr


def test_a_collection_without_words_says_how_to_get_some(tmp_path: Path) -> None:
    photos = draw_colours(tmp_path / "photos", (8, 8))
    sokkuri("index", photos, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    refused = sokkuri("search", "--text", "red", "-C", photos, code=2).stderr
    assert "tiny knows no words" in refused
    assert "the extras words and hub" in refused
    assert (
        "sokkuri models add hf:immich-app/ViT-B-16-SigLIP2__webli` (it fetches 1,500 MB)" in refused
    )
    assert len(refused.splitlines()) == 1
    with (
        Collection.open(photos, "ro") as collection,
        pytest.raises(UnsupportedError, match="knows no words"),
    ):
        Searcher(collection).search([Text("red")])


@pytest.mark.parametrize("layout", ["immich", "transformers"])
def test_the_layouts_that_people_have_need_no_card(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is a model, as it is or added; from another folder too."""
    monkeypatch.setenv("SOKKURI_MODELS", str(tmp_path / "models"))
    write = write_immich if layout == "immich" else write_transformers
    model, photos = write(tmp_path / "colour-words"), draw_colours(tmp_path / "photos")
    sokkuri("index", photos, "--model", "colour-words", cwd=tmp_path)
    assert set(search(photos, "--text", "red")[:3]) == RED
    (card,) = as_json("models", "add", model)["models"]
    assert card["name"] == "colour-words"
    assert len(card["files"]) == 2
    shutil.rmtree(model)
    sokkuri("index", photos, "--store", tmp_path / "second", "--model", "colour-words")
    assert search(tmp_path / "second", "--text", "red", "--not-text", "dark")[0] == "red-light"
