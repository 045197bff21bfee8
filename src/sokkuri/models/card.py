"""ModelCard: the source, licence, tensors and preprocessing of a network. Data, not code.

Reads and writes `card.toml`, and computes the fingerprint that is stored with every vector. The
network's input is `(x / scale - mean) / std`, x the RGB values 0 to 255, at `size`. A card with a
TextCard describes a joint network, which gives pictures and words vectors of one space.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from sokkuri.core.errors import ModelError
from sokkuri.core.types import Decoding, Metric, PixelSpec, Resample, Resize
from sokkuri.models.card_rules import read_values

Layout = Literal["NCHW", "NHWC"]
Pooling = Literal["none", "first"]
"""`none`: the output is one vector for each image. `first`: the output is a sequence of vectors,
(N, tokens, D), and the first one is the image's (the class token)."""

_SHAPING = (
    "input", "output", "layout", "size", "scale", "mean", "std", "resample", "orientation",
    "decode",
)  # fmt: skip
"""The keys that determine a vector and are in every fingerprint."""
_TEXT_SHAPING = ("input", "mask", "output", "context", "pad", "canonical", "templates")


@dataclass(frozen=True, slots=True)
class TextCard:
    """The text side of a joint network.

    file, tokenizer : the ONNX file and the `tokenizer.json`, relative to the card. input, mask :
    tensors for the tokens and the attention mask, (N, context) int32 or int64; mask is "" if the
    network takes none. output : (N, D). context : tokens of a text; longer texts are cut, shorter
    ones are padded with the token `pad` ("" : id 0). canonical : lower case, without punctuation.
    templates : prompts with {} for the text; the vectors of all of them are averaged. logit_scale,
    logit_bias : the probability that a picture fits a text is
    `1 / (1 + exp(-(logit_scale * cosine + logit_bias)))`; None if the network was not trained so.
    """

    file: str
    tokenizer: str
    input: str
    output: str
    context: int
    mask: str = ""
    pad: str = ""
    canonical: bool = False
    templates: tuple[str, ...] = ("{}",)
    logit_scale: float | None = None
    logit_bias: float | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One network. sha256 : of the ONNX file, "" if it is unknown. file : path of the ONNX file,
    relative to the card. package : the weights inside a package instead, as `package/path`. url :
    where `models add` fetches the ONNX file. files : the SHA-256 of further files, by path.
    centre : a vector that is subtracted from the network's output, (D,), () for none."""

    name: str
    input: str
    output: str
    layout: Layout
    size: tuple[int, int]  # height, width in pixels
    dimension: int
    source: str = ""
    licence: str = ""
    sha256: str = ""
    file: str = ""
    package: str = ""
    url: str = ""
    scale: float = 255.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resample: Resample = "bicubic"
    orientation: bool = True
    decode: Decoding = "fast"
    metric: Metric = "cosine"
    resize: Resize = "squash"
    fill: tuple[int, int, int] = (0, 0, 0)  # RGB of the ground, for `pad`
    shortest: int = 0  # pixels of the shorter side before the crop, 0 for those of `size`
    pooling: Pooling = "none"
    centre: tuple[float, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    text: TextCard | None = None

    @property
    def pixels(self) -> PixelSpec:
        """The pixels that the network takes."""
        height, width = self.size
        exact = self.decode == "exact"
        return PixelSpec(
            height,
            width,
            self.resample,
            self.orientation,
            not exact,
            exact,
            resize=self.resize,
            fill=self.fill,
            srgb=self.decode == "colour",
            shortest=self.shortest,
        )

    def fingerprint(self, onnx_sha256: str, text_sha256: str = "") -> str:
        """Return the SHA-256 of everything that determines a vector: the networks' bytes, their
        tensors, the preprocessing. Name, licence, metric and the scale of probabilities are left
        out: they change no vector. Keys that came later count only if they differ from their
        defaults, so that older cards keep their fingerprints.

        onnx_sha256 : of the image side. text_sha256 : of the text side, network and tokenizer.
        """
        values = {key: value for key, value in asdict(self).items() if key in _SHAPING}
        if self.resize != "squash":
            values["resize"] = self.resize
        if self.resize == "pad":
            values["fill"] = self.fill
        if self.shortest:
            values["shortest"] = self.shortest
        if self.pooling != "none":
            values["pooling"] = self.pooling
        if self.centre:
            values["centre"] = self.centre
        if self.text is not None:
            text = {key: getattr(self.text, key) for key in _TEXT_SHAPING}
            values["text"] = {"files": text_sha256, **text}
        document = json.dumps(
            {"onnx": onnx_sha256, **values}, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(document.encode()).hexdigest()


def read_card(path: Path) -> ModelCard:
    """Return the card in a TOML file. Raises ModelError that names the file and the wrong key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ModelError(f"{path} is not TOML: {error}") from error
    return card_of_table(table, path)


def card_text(card: ModelCard) -> str:
    """Return the card as TOML, without the keys that have their default value."""
    lines = _toml_lines(card, leave_out=("text", "files"))
    if card.files:
        lines += ["", "[files]"]
        lines += [f"{_toml(name)} = {_toml(digest)}" for name, digest in card.files.items()]
    if card.text is not None:
        lines += ["", "[text]", *_toml_lines(card.text)]
    return "\n".join(lines) + "\n"


def _toml_lines(card: ModelCard | TextCard, leave_out: tuple[str, ...] = ()) -> list[str]:
    values = {entry.name: getattr(card, entry.name) for entry in fields(card)}
    defaults = {entry.name: entry.default for entry in fields(card)}
    return [
        f"{name} = {_toml(value)}"
        for name, value in values.items()
        if name not in leave_out and value != defaults[name]
    ]


def _toml(value: object) -> str:
    """Return a value as TOML. Strings, numbers, booleans and arrays of JSON are valid TOML, except
    that TOML requires DEL to be escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def card_of_table(table: dict[str, Any], path: Path) -> ModelCard:
    """Return the card of a table with the keys of `card.toml`. path : the file or folder to name in
    errors. Raises ModelError."""
    values = read_values(table, *_keys(ModelCard), path, "")
    if isinstance(values["size"], int):
        values["size"] = (values["size"], values["size"])
    shortest = values.get("shortest", 0)
    if shortest and (values.get("resize") != "shortest-crop" or shortest < max(values["size"])):
        raise ModelError(f"{path}: shortest is for shortest-crop, and not below the size")
    if values.get("centre") and len(values["centre"]) != values["dimension"]:
        raise ModelError(
            f"{path}: centre has {len(values['centre']):,} numbers, not {values['dimension']:,}"
        )
    if "text" in values:
        if values.get("centre"):
            raise ModelError(f"{path}: words are not compared with centred pictures")
        text = read_values(values["text"], *_keys(TextCard), path, "text.")
        values["text"] = TextCard(**text)
        if values.get("metric", "cosine") != "cosine":
            raise ModelError(f"{path}: words are compared by cosine, so leave the metric out")
    return ModelCard(**values)


def _keys(kind: type[ModelCard | TextCard]) -> tuple[list[str], list[str]]:
    """Return the keys that a table may have, and those that it must have."""
    entries = fields(kind)
    required = [
        entry.name
        for entry in entries
        if entry.default is MISSING and entry.default_factory is MISSING
    ]
    return [entry.name for entry in entries], required
