"""From what a person says to a network: names, files, cards, and what is said when it fails."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from joint_model import write_immich, write_joint_model, write_transformers
from onnx import TensorProto, helper
from tiny_model import write_tiny_model

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.core.types import Decoding
from sokkuri.models import card_text, has_text_side, known_cards, resolve_model, weights_place
from sokkuri.models.cache import file_sha256
from sokkuri.models.extractor import Extractor
from sokkuri.models.onnx_inspect import card_of_graph


def test_the_default_comes_by_pip_alone() -> None:
    model = resolve_model()
    assert model.card.name == known_cards()[0].name == "efficientnet-lite0-int8"
    assert model == resolve_model("efficientnet-lite0-int8")
    assert (model.card.dimension, model.card.licence, model.assumed) == (1280, "Apache-2.0", "")
    assert Path(weights_place(model.card)).is_file()


@pytest.mark.parametrize("before", ["fast", "colour"])
def test_exact_decoding_is_that_of_the_article_whatever_the_card_says(before: Decoding) -> None:
    card = resolve_model().decoding(before).decoding("exact").card
    assert (card.decode, card.orientation, card.resample) == ("exact", False, "bicubic")


def test_every_known_card_is_complete() -> None:
    """A model is data: source, licence and metric are there for each."""
    for card in known_cards():
        assert card.source
        assert card.licence
        assert card.package or "bring the file" in card.source


def test_a_known_model_without_weights_says_to_bring_them() -> None:
    with pytest.raises(ModelError, match=r"--model FILE\.onnx"):
        resolve_model("mobilenet-v3-large")


@pytest.mark.parametrize("spec", ["nonsense", "nowhere.onnx", "nowhere.toml", "."])
def test_an_unknown_name_lists_the_known_ones(spec: str) -> None:
    with pytest.raises(UsageError, match="efficientnet-lite0, mobilenet-v3-large"):
        resolve_model(spec)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_file_without_a_card_is_read_off_its_graph(layout: str, tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "own.onnx", layout=layout, size=40, input="inputs:0")
    model = resolve_model(str(path))
    assert (model.card.name, model.card.input, model.card.layout) == ("own", "inputs:0", layout)
    assert (model.card.size, model.card.dimension) == ((40, 40), 8)
    assert (model.card.scale, model.card.mean) == (255.0, (0.0, 0.0, 0.0))
    assert "assumed RGB / 255 at 40 x 40" in model.assumed
    assert "\n" not in model.assumed
    assert Extractor(model).extract(np.zeros((1, 40, 40, 3), np.uint8)).shape == (1, 8)


@pytest.mark.parametrize("name", ["own.toml", "card.toml"])
def test_a_card_beside_the_file_is_used(name: str, tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "own.onnx")
    card = card_of_graph(path)
    (tmp_path / name).write_text(card_text(card).replace('"own"', '"mine"') + "scale = 128.0\n")
    model = resolve_model(str(path))
    assert (model.card.name, model.card.scale, model.assumed) == ("mine", 128.0, "")
    assert model.fingerprint != card.fingerprint(file_sha256(path))


def test_a_card_names_its_file(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "weights.onnx")
    text = card_text(card_of_graph(path))
    (tmp_path / "mine.toml").write_text(text + 'file = "weights.onnx"\n')
    assert resolve_model(str(tmp_path / "mine.toml")).path == path
    (tmp_path / "weights.toml").write_text(text)
    assert resolve_model(str(tmp_path / "weights.toml")).path == path
    (tmp_path / "lost.toml").write_text(text)
    with pytest.raises(ModelError, match=r"lost\.onnx, which is not beside it"):
        resolve_model(str(tmp_path / "lost.toml"))


def test_a_wrong_digest_is_refused(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "own.onnx")
    text = card_text(card_of_graph(path))
    (tmp_path / "own.toml").write_text(text + f'sha256 = "{file_sha256(path)}"\n')
    assert resolve_model(str(path)).path == path
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="its card says"):
        resolve_model(str(path))


def graph(path: Path, inputs: dict[str, list[object]], outputs: dict[str, list[object]]) -> Path:
    """An ONNX file with these inputs and outputs; it need not compute anything sensible."""
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # type: ignore[arg-type]
        for name, shape in (*inputs.items(), *outputs.items())
    ]
    first = next(iter(inputs))
    nodes = [helper.make_node("Identity", [first], [name]) for name in outputs]
    made = helper.make_graph(nodes, "odd", values[: len(inputs)], values[len(inputs) :])
    onnx.save(helper.make_model(made), path)
    return path


IMAGE: dict[str, list[object]] = {"x": ["N", 3, 96, 64]}


def test_a_feature_output_is_found_among_others(tmp_path: Path) -> None:
    path = graph(tmp_path / "a.onnx", IMAGE, {"map": ["N", 8, 7, 7], "pooled": ["N", 512, 1, 1]})
    card = card_of_graph(path)
    assert (card.output, card.dimension, card.size) == ("pooled", 512, (96, 64))


@pytest.mark.parametrize(
    ("inputs", "outputs", "hint"),
    [
        ({"x": ["N", 3, 8, 8], "y": ["N", 1]}, {"f": ["N", 4]}, "2 inputs"),
        ({"x": ["N", 1, 8, 8]}, {"f": ["N", 4]}, "not an RGB image"),
        ({"x": ["N", 3]}, {"f": ["N", 4]}, "not an RGB image"),
        (IMAGE, {"f": ["N", 4], "g": ["N", 5]}, r"which output is the feature vector \(f, g\)"),
        (IMAGE, {"f": ["N", "D"]}, "which output is the feature vector"),
    ],
)
def test_an_ambiguous_graph_needs_a_card(
    inputs: dict[str, list[object]],
    outputs: dict[str, list[object]],
    hint: str,
    tmp_path: Path,
) -> None:
    path = graph(tmp_path / "odd.onnx", inputs, outputs)
    with pytest.raises(ModelError, match=hint) as raised:
        resolve_model(str(path))
    assert "card" in str(raised.value)


def test_a_file_that_is_not_onnx_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"not a graph at all")
    with pytest.raises(ModelError, match=r"bad\.onnx"):
        resolve_model(str(tmp_path / "bad.onnx"))


def test_every_file_of_a_joint_model_is_checked_against_its_card(tmp_path: Path) -> None:
    card = write_joint_model(tmp_path)
    model = resolve_model(str(card))
    assert model.text is not None
    names = ("text.onnx", "tokenizer.json")
    listed = "\n".join(f'"{name}" = "{file_sha256(tmp_path / name)}"' for name in names)
    card.write_text(f"{card.read_text()}\n[files]\n{listed}\n")
    assert resolve_model(str(card)).fingerprint == model.fingerprint
    for name in names:
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data + b" ")
        with pytest.raises(ModelError, match=f"{name} has SHA-256 .* its card says"):
            resolve_model(str(card))
        (tmp_path / name).write_bytes(data)


def test_the_text_side_is_a_part_of_the_model(tmp_path: Path) -> None:
    """Guarantee: vectors of words are never compared with pictures of another model."""
    card = write_joint_model(tmp_path)
    before = resolve_model(str(card)).fingerprint
    tokenizer = tmp_path / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text() + " ")
    assert resolve_model(str(card)).fingerprint != before


def test_whether_a_model_knows_words_is_told_without_loading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOKKURI_MODELS", str(tmp_path / "models"))
    card = write_joint_model(tmp_path / "models" / "colours")
    assert has_text_side("colours")
    assert has_text_side(str(card))
    assert has_text_side(str(card.with_name("image.onnx")))
    assert has_text_side(str(write_immich(tmp_path / "immich")))
    assert has_text_side(str(write_transformers(tmp_path / "hub", variant="fp16")))
    assert not has_text_side(str(write_transformers(tmp_path / "pictures", words=False)))
    assert not has_text_side("efficientnet-lite0")
    for missing in ("nothing", "nothing.onnx", ".", str(tmp_path / "gone.toml")):
        assert not has_text_side(missing)
    card.write_text("name = ")
    assert not has_text_side("colours")
