"""serve: searches by words, in JSON and in forms, equal those of the command."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joint_model import draw_colours, write_joint_model
from run_cli import as_json, sokkuri
from run_server import Server, assert_problem, serving

from sokkuri import Collection
from sokkuri.core.errors import ModelReplacedError
from sokkuri.curation.labeling.word_labels import suggest_labels
from sokkuri.search.words import WordReader


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("words")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOKKURI_CACHE", str(home / "cache"))
        card = write_joint_model(home / "model", text="logit_scale = 20.0\nlogit_bias = -12.0")
        sokkuri("index", draw_colours(home / "photos"), "--model", card)
        yield home / "photos"


@pytest.fixture(scope="module")
def server(photos: Path) -> Iterator[Server]:
    with serving(photos) as started:
        yield started


def post(server: Server, **form: Any) -> Any:
    answer = server.post("/api/v1/search", **form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def facts(hits: Any) -> list[tuple[Any, ...]]:
    return [(hit["id"], round(hit["distance"], 5), hit.get("good")) for hit in hits]


def test_a_page_is_told_that_the_model_knows_words(server: Server) -> None:
    info = server.api("info")
    assert (info["words"], info["no_words"]) == (True, None)


def test_words_ids_and_weights_give_the_hits_of_the_command(server: Server, photos: Path) -> None:
    found = post(server, json={"texts": ["a red photo"]})
    told = as_json("search", "--text", "a red photo", "-C", photos)
    assert found["query"] == ["a red photo"]
    assert facts(found["hits"]) == facts(told["hits"])
    for one, other in zip(found["hits"], told["hits"], strict=True):
        assert one["probability"] == pytest.approx(other["probability"])
    mixed = post(server, json={
        "ids": ["blue.png^0.5"], "texts": ["light^3"], "not_texts": ["dark"],
        "not_ids": ["red.png^2"], "k": 4,
    })  # fmt: skip
    told = as_json("search", "blue.png^0.5", "--text", "light^3", "--not-text", "dark",
                   "--not", "red.png^2", "-k", "4", "-C", photos)  # fmt: skip
    assert facts(mixed["hits"]) == facts(told["hits"])
    assert "probability" not in mixed["hits"][0]


def test_a_form_has_words_and_weighted_pictures(server: Server, photos: Path) -> None:
    data = (photos / "blue.png").read_bytes()
    form = {"text": ["light"], "image_weight": ["0.2"], "not_text": ["red"]}
    sent = post(server, files={"image": ("b.png", data)}, data=form)
    told = as_json("search", photos / "blue.png^0.2", "--text", "light", "--not-text", "red",
                   "-C", photos)  # fmt: skip
    assert facts(sent["hits"]) == facts(told["hits"])
    assert sent["query"] == ["b.png", "light"]
    cropped = post(server, json={"ids": ["blue.png^2"], "texts": ["light"], "crop": "0,0,9,9"})
    assert cropped["hits"][0]["id"].startswith("blue")


@pytest.mark.parametrize(
    "body",
    [
        {"texts": []},
        {"texts": [" "]},
        {"texts": ["x" * 3000]},
        {"texts": ["red^0"]},
        {"texts": ["red"], "metric": "l2"},
        {"texts": ["red"] * 17},
        {"not_texts": ["red"]},
    ],
)
def test_words_that_cannot_be_searched_are_refused(server: Server, body: Any) -> None:
    assert_problem(server.post("/api/v1/search", json=body), 422, "invalid")


@pytest.mark.parametrize("weights", [["1", "2"], ["x"], ["0"], ["nan"]])
def test_wrong_weights_of_pictures_are_refused(
    server: Server, photos: Path, weights: list[str]
) -> None:
    picture = {"image": ("b.png", (photos / "blue.png").read_bytes())}
    answer = server.post("/api/v1/search", files=picture, data={"image_weight": weights})
    assert_problem(answer, 422, "invalid")


def test_a_collection_without_words_refuses_them(tmp_path: Path) -> None:
    photos = draw_colours(tmp_path / "photos", (8, 8))
    sokkuri("index", photos)
    with serving(photos) as server:
        problem = server.post("/api/v1/search", json={"texts": ["red"]})
        assert_problem(problem, 422, "unsupported")
        assert "knows no words" in problem.json()["detail"]


def test_candidates_follow_another_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `index --replace`, a running server reads the words by the new model."""
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "cache"))
    photos = draw_colours(tmp_path / "photos")
    sokkuri("index", photos, "--model", write_joint_model(tmp_path / "model"))
    other = write_joint_model(tmp_path / "other", card='resize = "pad"')
    with Collection.open(photos, "ro") as collection:
        words = WordReader(collection)
    with serving(photos) as server:
        before = server.api("suggestions/words", label=["red", "green", "blue"])
        sokkuri("index", photos, "--model", other, "--replace")
        after = server.api("suggestions/words", label=["red", "green", "blue"])
        assert [word["count"] for word in before["words"]] == [3, 3, 3]
        assert [word["count"] for word in after["words"]] == [3, 3, 3]
    with (
        Collection.open(photos, "ro") as collection,
        pytest.raises(ModelReplacedError, match="another model"),
    ):
        suggest_labels(collection, ["red", "green"], words=words)
