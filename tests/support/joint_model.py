"""Tiny joint networks whose answers are known: pictures by mean colour, texts by colour words.

A vector has the colour's distance from grey in three numbers, its brightness in one, and, for
texts only, a constant: the vectors of texts lie elsewhere than those of pictures, as in real
networks. A rotation hides the five numbers in `DIMENSION` of them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

DIMENSION = 8
CONTEXT = 12
START, END, PAD = "<start>", "<end>", "<pad>"
MEAN, STD = (0.5, 0.25, 0.125), (0.5, 0.25, 0.25)

WORDS: dict[str, tuple[float, float, float, float]] = {
    "green": (-1, 2, -1, 0), "blue": (-1, -1, 2, 0),
    "yellow": (1, 1, -2, 0), "dark": (0, 0, 0, -2), "light": (0, 0, 0, 2),
    "a": (0, 0, 0, 0), "photo": (0, 0, 0, 0), "of": (0, 0, 0, 0), "Red": (0, 0, 0, 0),
    "red": (2, -1, -1, 0),
}  # fmt: skip
"""What each word says of red, green and blue against grey, and of brightness.

The letters of a word are merged from its start, in this order of words: `green` must come before
`red`, which would take its letters r and e."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "red-dark": (90, 10, 10), "red": (220, 30, 30), "red-light": (250, 150, 150),
    "green-dark": (10, 90, 10), "green": (30, 200, 30), "green-light": (150, 250, 150),
    "blue-dark": (10, 10, 90), "blue": (30, 30, 220), "blue-light": (150, 150, 250),
}  # fmt: skip
"""The pictures that `draw_colours` makes, by name."""

_ROTATION = np.linalg.qr(np.random.default_rng(0).standard_normal((DIMENSION, DIMENSION)))[0]
_BASIS = _ROTATION[:5].astype(np.float32)  # (5, DIMENSION)
_APART = 0.3  # the constant of texts


def draw_colours(folder: Path, size: tuple[int, int] = (40, 24)) -> Path:
    """Write a picture of each of `COLOURS`, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, colour in COLOURS.items():
        Image.new("RGB", size, colour).save(folder / f"{name}.png")
    return folder


def write_image_network(
    path: Path,
    *,
    input: str = "image",  # noqa: A002 - ONNX's word
    output: str = "embedding",
    size: int | None = 16,
    mean: tuple[float, ...] = MEAN,
    std: tuple[float, ...] = STD,
    input_type: int = TensorProto.FLOAT,
    tokens: int = 0,
) -> Path:
    """Write the image side, (N, 3, size, size) -> (N, DIMENSION). It undoes mean and std.

    size : None leaves height and width open. tokens : return a sequence of so many vectors, whose
    first one is the picture's.
    """
    embed = np.array([
        [2, -1, -1, 1], [-1, 2, -1, 1], [-1, -1, 2, 1],
    ], np.float32) / 3  # fmt: skip
    constants = {
        "std": np.array(std, np.float32).reshape(3, 1, 1),
        "mean": np.array(mean, np.float32).reshape(3, 1, 1),
        "embed": embed @ _BASIS[:4],
        "grey": -0.5 * _BASIS[3],
    }
    scale = 1 / 255 if input_type == TensorProto.UINT8 else 1.0
    constants["scale"] = np.array(scale, np.float32)
    nodes = [
        helper.make_node("Cast", [input], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "scale"], ["scaled"]),
        helper.make_node("Mul", ["scaled", "std"], ["spread"]),
        helper.make_node("Add", ["spread", "mean"], ["colours"]),
        helper.make_node("GlobalAveragePool", ["colours"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "embed"], ["mixed"]),
        helper.make_node("Add", ["mixed", "grey"], ["vector" if tokens else output]),
    ]
    shape: list[str | int] = ["N", DIMENSION]
    if tokens:
        constants["axes"] = np.array([1], np.int64)
        constants["others"] = np.arange(1, tokens, dtype=np.float32).reshape(1, -1, 1)
        nodes += [
            helper.make_node("Unsqueeze", ["vector", "axes"], ["first"]),
            helper.make_node("Mul", ["first", "others"], ["rest"]),
            helper.make_node("Neg", ["rest"], ["negative"]),
            helper.make_node("Concat", ["first", "negative"], [output], axis=1),
        ]
        shape = ["N", tokens, DIMENSION]
    side = size or "side"
    return _save(
        path, nodes, [(input, input_type, ["N", 3, side, side])], (output, shape), constants
    )


def write_text_network(
    path: Path,
    *,
    input: str = "text",  # noqa: A002 - ONNX's word
    mask: str = "",
    output: str = "embedding",
    input_type: int = TensorProto.INT32,
    context: int | None = CONTEXT,
) -> Path:
    """Write the text side, (N, context) -> (N, DIMENSION): the sum of the words' vectors.

    mask : the name of the attention mask, "" for a network without one.
    """
    table = np.zeros((len(_vocabulary()), DIMENSION), np.float32)
    for word, number in _vocabulary().items():
        meaning = WORDS.get(word.removesuffix("</w>").removeprefix("▁"), (0, 0, 0, 0))
        table[number] = np.array(meaning, np.float32) / 3 @ _BASIS[:4]
    if mask:
        table[_vocabulary()[PAD]] = 100.0  # a network without its mask would be far off
    constants = {"table": table, "axes": np.array([1], np.int64), "apart": _APART * _BASIS[4]}
    nodes = [helper.make_node("Gather", ["table", input], ["words"])]
    summed = "words"
    inputs = [(input, input_type, ["N", context or "context"])]
    if mask:
        inputs.append((mask, input_type, ["N", context or "context"]))
        constants["last"] = np.array([2], np.int64)
        nodes += [
            helper.make_node("Cast", [mask], ["kept"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["kept", "last"], ["wide"]),
            helper.make_node("Mul", ["words", "wide"], ["masked"]),
        ]
        summed = "masked"
    nodes += [
        helper.make_node("ReduceSum", [summed, "axes"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "apart"], [output]),
    ]
    return _save(path, nodes, inputs, (output, ["N", DIMENSION]), constants)


def write_tokenizer(path: Path, kind: str = "BPE") -> Path:
    """Write a `tokenizer.json` of this kind, BPE like CLIP's or Unigram like SigLIP's."""
    if kind == "BPE":
        tokenizer = Tokenizer(
            models.BPE(_vocabulary(), _merges(), unk_token=END, end_of_word_suffix="</w>")
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    else:
        pieces = [
            (piece, -float(len(WORDS)) if len(piece) < 3 else -1.0) for piece in _vocabulary()
        ]
        tokenizer = Tokenizer(models.Unigram(pieces, unk_id=1))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, 0), (END, 1)]
    )
    tokenizer.add_special_tokens([START, END, PAD])
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return path


def write_joint_model(
    folder: Path, *, kind: str = "BPE", text: str = "", card: str = "", **network: Any
) -> Path:
    """Write both networks, a tokenizer and their card. Return the path of the card.

    kind : of the tokenizer. text, card : further lines of the card. network : for the text side.
    """
    write_image_network(folder / "image.onnx")
    write_text_network(folder / "text.onnx", **network)
    write_tokenizer(folder / "tokenizer.json", kind)
    mask = f'mask = "{network["mask"]}"' if network.get("mask") else ""
    path = folder / "card.toml"
    path.write_text(f"""
name = "colours"
file = "image.onnx"
input = "image"
output = "embedding"
layout = "NCHW"
size = 16
dimension = {DIMENSION}
mean = {list(MEAN)}
std = {list(STD)}
{card}

[text]
file = "text.onnx"
tokenizer = "tokenizer.json"
input = "{network.get("input", "text")}"
{mask}
output = "embedding"
context = {CONTEXT}
pad = "{PAD}"
{text}
""")
    return path


def write_immich(folder: Path, *, masked: bool = False, **settings: Any) -> Path:
    """Write the model in the layout of Immich's exports, and return the folder.

    masked : the text network takes `input_ids` and a mask. settings : change `preprocess_cfg.json`.
    """
    write_image_network(folder / "visual" / "model.onnx")
    names: dict[str, Any] = {"input": "input_ids", "mask": "attention_mask"} if masked else {}
    write_text_network(folder / "textual" / "model.onnx", **names)
    write_tokenizer(folder / "textual" / "tokenizer.json")
    _write_json(folder / "textual" / "tokenizer_config.json", {"pad_token": PAD})
    _write_json(folder / "visual" / "preprocess_cfg.json", {
        "size": [16, 16], "mode": "RGB", "mean": MEAN, "std": STD, "interpolation": "bicubic",
        "resize_mode": "shortest", "fill_color": 0, **settings,
    })  # fmt: skip
    text = {"context_length": CONTEXT, "tokenizer_kwargs": {"clean": "canonicalize"}}
    _write_json(folder / "config.json", {"embed_dim": DIMENSION, "text_cfg": text})
    return folder


def write_transformers(
    folder: Path, *, variant: str = "", words: bool = True, tokens: int = 0, **settings: Any
) -> Path:
    """Write the model in the layout of transformers.js and Optimum, and return the folder.

    variant : of both networks. words : with a text side. tokens : of the image network's sequence.
    settings : change `preprocessor_config.json`.
    """
    end = f"_{variant}.onnx" if variant else ".onnx"
    image: dict[str, Any] = {"input": "pixel_values", "size": None, "tokens": tokens}
    image["output"] = "last_hidden_state" if tokens else "image_embeds"
    write_image_network(folder / "onnx" / f"{'vision_model' if words else 'model'}{end}", **image)
    _write_json(folder / "preprocessor_config.json", {
        "do_resize": True, "size": {"shortest_edge": 16}, "resample": 3, "do_center_crop": True,
        "crop_size": {"height": 16, "width": 16}, "do_rescale": True,
        "rescale_factor": 0.00392156862745098, "do_normalize": True, "image_mean": MEAN,
        "image_std": STD, **settings,
    })  # fmt: skip
    _write_json(folder / "config.json", {"text_config": {"max_position_embeddings": CONTEXT}})
    if words:
        text = {"input": "input_ids", "mask": "attention_mask", "output": "text_embeds"}
        write_text_network(folder / "onnx" / f"text_model{end}", context=None,
                           input_type=TensorProto.INT64, **text)  # fmt: skip
        write_tokenizer(folder / "tokenizer.json", "Unigram")
        _write_json(folder / "tokenizer_config.json", {
            "pad_token": {"content": PAD}, "model_max_length": 10**30,
        })  # fmt: skip
    return folder


def _write_json(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def expected_vector(*words: str) -> NDArray[np.float32]:
    """Return the vector of a text of these words, of length 1."""
    numbers = np.array([WORDS[word] for word in words], np.float32).sum(axis=0) / 3
    vector = numbers @ _BASIS[:4] + _APART * _BASIS[4]
    unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return unit


def _merges() -> list[tuple[str, str]]:
    merges = []
    for word in WORDS:
        letters = [*word[:-1], f"{word[-1]}</w>"]
        while len(letters) > 1:
            merges.append((letters[0], letters[1]))
            letters = ["".join(letters[:2]), *letters[2:]]
    return list(dict.fromkeys(merges))


def _vocabulary() -> dict[str, int]:
    pieces = [START, END, PAD]
    letters = sorted(set("".join(WORDS)))
    pieces += [*letters, *(f"{letter}</w>" for letter in letters)]
    pieces += ["".join(pair) for pair in _merges()]
    pieces += ["▁", *(f"▁{word}" for word in WORDS)]
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[tuple[str, int, list[str | int]]],
    output: tuple[str, list[str | int]],
    constants: dict[str, NDArray[Any]],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
        [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    version = helper.find_min_ir_version_for(opsets)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=version), path)
    return path
