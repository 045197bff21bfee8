"""Models in the layouts that people have become cards, and what cannot be is one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joint_model import (
    CONTEXT,
    DIMENSION,
    MEAN,
    PAD,
    STD,
    write_immich,
    write_text_network,
    write_transformers,
)
from tiny_model import write_tiny_model

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.models import TextCard, resolve_model
from sokkuri.models.layouts import card_of_folder


def test_immichs_layout_is_read(tmp_path: Path) -> None:
    card = card_of_folder(write_immich(tmp_path / "ViT-B-16"))
    assert (card.name, card.file, card.input) == ("ViT-B-16", "visual/model.onnx", "image")
    assert (card.size, card.dimension, card.layout) == ((16, 16), DIMENSION, "NCHW")
    assert (card.scale, card.resample, card.resize) == (255.0, "bicubic", "shortest-crop")
    np.testing.assert_allclose((card.mean, card.std), (MEAN, STD))
    assert card.text == TextCard(
        "textual/model.onnx", "textual/tokenizer.json", "text", "embedding", CONTEXT, "", PAD,
        canonical=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "fill", "resize"),
    [("squash", 0, "squash"), ("longest", 7, "pad"), ("longest", [1, 2, 3], "pad")],
)
def test_immichs_ways_to_resize_are_read(mode: str, fill: Any, resize: str, tmp_path: Path) -> None:
    folder = write_immich(tmp_path, masked=True, resize_mode=mode, fill_color=fill, size=16)
    card = card_of_folder(folder)
    assert card.resize == resize
    assert card.fill == ((fill,) * 3 if isinstance(fill, int) else tuple(fill))
    assert card.text is not None
    assert (card.text.input, card.text.mask) == ("input_ids", "attention_mask")


def test_the_layout_of_transformers_js_is_read(tmp_path: Path) -> None:
    card = card_of_folder(write_transformers(tmp_path, variant="quantized"))
    assert (card.file, card.output) == ("onnx/vision_model_quantized.onnx", "image_embeds")
    assert (card.size, card.resize, card.shortest, card.scale) == (
        (16, 16),
        "shortest-crop",
        0,
        255,
    )
    assert card.text is not None
    assert (card.text.file, card.text.tokenizer) == (
        "onnx/text_model_quantized.onnx", "tokenizer.json",
    )  # fmt: skip
    assert (card.text.input, card.text.mask) == ("input_ids", "attention_mask")
    assert (card.text.context, card.text.pad) == (CONTEXT, PAD)
    write_transformers(tmp_path, variant="int8")
    assert card_of_folder(tmp_path).file == "onnx/vision_model_quantized.onnx"
    assert card_of_folder(tmp_path, "int8").file == "onnx/vision_model_int8.onnx"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"size": {"shortest_edge": 20}}, {"resize": "shortest-crop", "shortest": 20}),
        ({"size": {"height": 16, "width": 16}, "do_center_crop": False}, {"resize": "squash"}),
        ({"size": 16, "do_center_crop": False}, {"resize": "squash"}),
        ({"resample": 2}, {"resample": "bilinear"}),
        ({"do_rescale": False}, {"scale": 1.0}),
        ({"do_normalize": False}, {"mean": (0, 0, 0), "std": (1, 1, 1)}),
    ],
)
def test_the_preprocessing_of_transformers_is_read(
    settings: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    card = card_of_folder(write_transformers(tmp_path, **settings))
    assert {key: getattr(card, key) for key in expected} == expected
    assert card.size == (16, 16)


def test_a_network_for_pictures_alone_is_read(tmp_path: Path) -> None:
    """As DINOv2's: the first vector of a sequence is the picture's, and the crop is smaller."""
    folder = write_transformers(tmp_path, words=False, tokens=5, size={"shortest_edge": 20})
    card = card_of_folder(folder)
    assert (card.file, card.output, card.pooling) == (
        "onnx/model.onnx", "last_hidden_state", "first",
    )  # fmt: skip
    assert (card.dimension, card.shortest, card.text) == (DIMENSION, 20, None)


def test_a_card_in_the_folder_is_preferred(tmp_path: Path) -> None:
    folder = write_immich(tmp_path)
    before = resolve_model(str(folder))
    (folder / "card.toml").write_text(
        'name = "mine"\nfile = "visual/model.onnx"\ninput = "image"\noutput = "embedding"\n'
        f'layout = "NCHW"\nsize = 16\ndimension = {DIMENSION}\n'
    )
    assert resolve_model(str(folder)).card.name == "mine"
    assert before.text is not None


@pytest.mark.parametrize(
    ("file", "content", "hint"),
    [
        ("visual/preprocess_cfg.json", "{", "preprocess_cfg.json is not JSON"),
        ("visual/preprocess_cfg.json", "[" * 100_000, "is not JSON"),
        ("visual/preprocess_cfg.json", "[]", "holds no settings"),
        ("visual/preprocess_cfg.json", "{}", "size must be a number of pixels"),
        ("visual/preprocess_cfg.json", '{"size": 10000000}', "size must be"),
        ("visual/preprocess_cfg.json", '{"size": 16, "resize_mode": []}', "resize_mode"),
        ("visual/preprocess_cfg.json", None, "cannot be read"),
        ("visual/model.onnx", "x" * 50, "has 0 inputs"),
        ("textual/model.onnx", None, "is not an ONNX file"),
        ("textual/tokenizer.json", None, "lacks textual/tokenizer.json"),
        ("config.json", '{"text_cfg": {"context_length": -1}}', "context must be"),
        ("config.json", None, "cannot be read"),
    ],
)
def test_a_layout_with_a_wrong_file_is_one_line(
    file: str, content: str | None, hint: str, tmp_path: Path
) -> None:
    folder = write_immich(tmp_path / "model")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(ModelError, match=hint) as raised:
        resolve_model(str(folder))
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"size": {"longest_edge": 16}, "do_center_crop": False}, "size must be"),
        ({"size": {"shortest_edge": 16}, "do_center_crop": False}, "without a crop"),
        ({"size": {"shortest_edge": 12}}, "not below the size"),
        ({"size": {"height": 20, "width": 20}}, "stretched and then cropped"),
        ({"resample": 9}, "resample 9"),
        ({"resample": None}, "resample None"),
        ({"rescale_factor": "x"}, "rescale_factor 'x'"),
        ({"image_mean": [0.5]}, "mean must be three numbers"),
    ],
)
def test_preprocessing_that_cannot_be_done_is_one_line(
    settings: dict[str, Any], hint: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=hint):
        card_of_folder(write_transformers(tmp_path, **settings))


def test_networks_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    folder = write_transformers(tmp_path)
    text = folder / "onnx" / "text_model.onnx"
    text.write_bytes((folder / "onnx" / "vision_model.onnx").read_bytes())
    with pytest.raises(ModelError, match="it is no text network"):
        card_of_folder(folder)
    write_text_network(text, mask="position_ids")
    with pytest.raises(ModelError, match="a tokenizer gives tokens and a mask only"):
        card_of_folder(folder)
    write_tiny_model(folder / "onnx" / "vision_model.onnx", dimension=5)
    write_text_network(text)
    with pytest.raises(ModelError, match=r"gives 8 numbers for a text, .* 5: they do not belong"):
        card_of_folder(folder)


def test_a_folder_without_a_model_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"needs card\.toml, visual/model\.onnx"):
        card_of_folder(tmp_path)
    with pytest.raises(UsageError, match="or a folder with a model"):
        resolve_model(str(tmp_path))
    with pytest.raises(UsageError, match="no network of the variant 'q4'"):
        card_of_folder(write_transformers(tmp_path), "q4")
