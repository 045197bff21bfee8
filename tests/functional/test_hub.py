"""`models add hf:OWNER/NAME` against a hub on this machine that speaks the real API."""

import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from hub_server import COMMIT, REPOSITORY, Hub, serving_hub
from joint_model import draw_colours, write_immich, write_transformers
from run_cli import as_json, sokkuri

SOURCE = f"hf:{REPOSITORY}"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOKKURI_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return tmp_path / "models"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving_hub(write_immich(tmp_path / "repository")) as started:
        monkeypatch.setenv("HF_ENDPOINT", started.address)
        yield started


def test_a_model_of_the_hub_is_fetched_pinned_and_used_offline(
    hub: Hub, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The licence is told first; the card has the commit and every digest; then no request."""
    added = sokkuri("models", "add", SOURCE)
    first = added.stderr.splitlines()[0]
    assert f"{REPOSITORY} at {COMMIT[:12]}: licence mit, 6 files" in first
    folder = models / "colour-words"
    card = tomllib.loads((folder / "card.toml").read_text())
    assert card["source"] == f"{SOURCE}@{COMMIT}"
    assert card["licence"] == "mit"
    digests = {card["file"]: card["sha256"], **card["files"]}
    kept = {path for path in folder.rglob("*") if path.is_file() and path.name != "card.toml"}
    assert {folder / name for name in digests} == kept
    for name, digest in digests.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert [path.name for path in models.iterdir()] == ["colour-words"], "no leftovers"
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    hub.asked.clear()
    photos = draw_colours(tmp_path / "photos")
    sokkuri("index", photos, "--model", "colour-words")
    assert as_json("search", "--text", "red", "-C", photos)["hits"][0]["id"] == "red.png"
    assert hub.asked == []


def test_a_cut_connection_is_taken_up_where_it_broke(hub: Hub, models: Path) -> None:
    """The library keeps whole chunks of ten megabytes, so the file has more than that."""
    name = "textual/tokenizer.json"
    with (hub.folder / name).open("ab") as file:
        file.write(b" " * (24 * 2**20))
    hub.cut = {name}
    sokkuri("models", "add", SOURCE)
    assert [part for _, path, part in hub.asked if path == f"/store/{name}"] == [
        "", f"bytes={10 * 2**20}-",
    ]  # fmt: skip
    copy = models / "colour-words" / name
    assert copy.read_bytes() == (hub.folder / name).read_bytes()


def test_a_wrong_digest_is_refused_and_whole_files_are_kept_for_the_next_try(
    hub: Hub, models: Path
) -> None:
    hub.altered = {"visual/model.onnx"}
    refused = sokkuri("models", "add", SOURCE, code=1).stderr
    assert f"visual/model.onnx of {REPOSITORY} came with another digest" in refused
    assert not (models / "colour-words").exists()
    hub.altered = set()
    hub.asked.clear()
    sokkuri("models", "add", SOURCE)
    fetched = {path for method, path, _ in hub.asked if method == "GET" and "/store/" in path}
    assert fetched == {"/store/visual/model.onnx"}


def test_a_gated_repository_needs_consent_and_a_token(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token goes to the hub, and into no message and no file."""
    hub.gated, hub.token = True, "hf_secret"
    refused = sokkuri("models", "add", SOURCE, code=1).stderr
    assert f"asks for consent to its terms: give it at {hub.address}/{REPOSITORY}" in refused
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    added = sokkuri("models", "add", SOURCE)
    assert "hf_secret" in hub.tokens
    assert "hf_secret" not in added.stdout + added.stderr + refused


def test_one_form_of_an_export_is_fetched(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_transformers(tmp_path / "repository", variant="int8")
    write_transformers(folder)
    (folder / "onnx" / "vision_model.onnx_data.zip").write_bytes(b"not the network's")
    with serving_hub(folder) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        sokkuri("models", "add", SOURCE, "--variant", "int8", "--name", "small")
        refused = sokkuri("models", "add", SOURCE, "--variant", "fp16", code=2).stderr
    assert "has no network of the variant 'fp16'" in refused
    names = {path.name for path in (models / "small").rglob("*") if path.is_file()}
    assert names == {
        "card.toml", "vision_model_int8.onnx", "text_model_int8.onnx", "tokenizer.json",
    }  # fmt: skip


def test_weights_in_a_file_of_any_name_are_fetched(hub: Hub, models: Path) -> None:
    """Networks above two gigabytes keep their weights in a file whose name only they tell."""
    network = hub.folder / "visual" / "model.onnx"
    graph = onnx.load(network)
    onnx.save(graph, network, save_as_external_data=True, location="1b9d6bcd", size_threshold=0)
    (hub.folder / "visual" / "other").write_bytes(b"not the network's")
    sokkuri("models", "add", SOURCE)
    folder = models / "colour-words" / "visual"
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "1b9d6bcd"}
    card = tomllib.loads((folder.parent / "card.toml").read_text())
    assert "visual/1b9d6bcd" in card["files"]


def test_a_model_is_added_once(hub: Hub) -> None:
    sokkuri("models", "add", SOURCE)
    hub.asked.clear()
    sokkuri("models", "add", f"{SOURCE}@{COMMIT}")
    asked = {path for _, path, _ in hub.asked}
    assert f"/api/models/{REPOSITORY}/revision/{COMMIT}" in asked
    assert not [path for path in asked if REPOSITORY in path and not path.startswith("/api/")]
    taken = sokkuri("models", "add", SOURCE, "--name", "efficientnet-lite0", code=2).stderr
    assert "sokkuri comes with a efficientnet-lite0" in taken


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["hf:nothing"], 2, "must be hf:OWNER/NAME"),
        (["hf:a/b/c"], 2, "must be hf:OWNER/NAME"),
        (["hf:someone/else"], 1, "has no repository someone/else"),
        ([f"{SOURCE}@v9"], 1, "has no such revision"),
        ([SOURCE, "--variant", "x"], 2, "--variant is 'x'"),
        ([SOURCE, "--variant", "fp16"], 2, "has one form only"),
        ([SOURCE, "--sha256", "0" * 64], 2, "--sha256 is for a URL"),
        (["model.onnx", "--variant", "fp16"], 2, "--variant is for a model of the hub"),
    ],
)
def test_what_cannot_be_fetched_is_one_line(
    hub: Hub, arguments: list[str], code: int, hint: str
) -> None:
    refused = sokkuri("models", "add", *arguments, code=code).stderr
    assert hint in refused
    assert len(refused.splitlines()) == 1


def test_a_hub_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    refused = sokkuri("models", "add", SOURCE, code=1).stderr
    assert f"{REPOSITORY} could not be fetched from http://127.0.0.1:9" in refused
    assert len(refused.splitlines()) == 1
