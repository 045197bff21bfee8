"""ModelCard: the source, licence, tensors and preprocessing of a network. Data, not code.

Reads and writes `card.toml`, and computes the fingerprint that is stored with every vector. The
network's input is `(x / scale - mean) / std`, x the RGB values 0 to 255, at `size`.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from sokkuri.core.errors import ModelError
from sokkuri.core.types import Decoding, Metric, PixelSpec, Resample

Layout = Literal["NCHW", "NHWC"]

_MAX_SIDE = 4096  # pixels; a batch of larger images does not fit into memory
_MAX_DIMENSION = 2**17


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One network. sha256 : of the ONNX file, "" if it is unknown. file : name of the ONNX file
    beside the card. package : the weights inside a package instead, as `package/path`. url : where
    `models add` fetches the ONNX file."""

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

    @property
    def pixels(self) -> PixelSpec:
        """The pixels that the network takes."""
        height, width = self.size
        exact = self.decode == "exact"
        return PixelSpec(height, width, self.resample, self.orientation, not exact, exact)

    def fingerprint(self, onnx_sha256: str) -> str:
        """Return the SHA-256 of everything that determines a vector: the network's bytes, its
        tensors, the preprocessing. Name, licence and metric are left out: they change no number."""
        shaping = (
            "input", "output", "layout", "size", "scale", "mean", "std", "resample", "orientation",
            "decode",
        )  # fmt: skip
        values = {key: value for key, value in asdict(self).items() if key in shaping}
        text = json.dumps({"onnx": onnx_sha256, **values}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


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
    return _card_from(table, path)


def is_web_address(text: str) -> bool:
    """Return whether the text is an address that a network may be fetched from."""
    return text.startswith(("http://", "https://"))


def card_text(card: ModelCard) -> str:
    """Return the card as TOML, without the keys that have their default value."""
    lines = []
    for field in fields(card):
        value = getattr(card, field.name)
        if value != field.default:
            # Strings, numbers, booleans and arrays of JSON are valid TOML, except that TOML
            # requires DEL to be escaped.
            lines.append(
                f"{field.name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
            )
    return "\n".join(lines) + "\n"


def _card_from(table: dict[str, Any], path: Path) -> ModelCard:
    names = {field.name for field in fields(ModelCard)}
    if unknown := sorted(table.keys() - names):
        raise ModelError(f"{path} has an unknown key: {unknown[0]}")
    required = ("name", "input", "output", "layout", "size", "dimension")
    if missing := [key for key in required if key not in table]:
        raise ModelError(f"{path} lacks the key {missing[0]}")
    values: dict[str, Any] = {}
    for key, value in table.items():
        is_valid, expected = _RULES.get(key, (_is_text, "a text"))
        if not is_valid(value):
            raise ModelError(f"{path}: {key} must be {expected}, not {value!r}")
        values[key] = tuple(value) if isinstance(value, list) else value
    if isinstance(values["size"], int):
        values["size"] = (values["size"], values["size"])
    return ModelCard(**values)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    """Return whether the value can name a folder, on Windows too."""
    plain = isinstance(value, str) and value.strip(". ") != "" and value.isprintable()
    return plain and not set(value) & set('/\\:*?"<>|')


def _is_side(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MAX_SIDE


def _is_dimension(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MAX_DIMENSION


def _is_file_name(value: Any) -> bool:
    return value == "" or (_is_name(value) and value == Path(value).name)


def _is_web_address(value: Any) -> bool:
    return isinstance(value, str) and (value == "" or is_web_address(value))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_size(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2 and all(map(_is_side, value))
    return pair or _is_side(value)


def _is_triple(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and (
        value == "" or (len(value) == 64 and set(value) <= set("0123456789abcdef"))
    )


def _one_of(*words: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: value in words), "one of " + ", ".join(words)


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_name, "a name that a folder can have"),
    "layout": _one_of("NCHW", "NHWC"),
    "size": (_is_size, f"a number of pixels up to {_MAX_SIDE:,}, or [height, width]"),
    "dimension": (_is_dimension, f"a whole number from 1 to {_MAX_DIMENSION:,}"),
    "file": (_is_file_name, "the name of a file beside the card"),
    "url": (_is_web_address, "an http address"),
    "sha256": (_is_sha256, "64 hexadecimal digits"),
    "scale": (lambda value: _is_number(value) and value > 0, "a positive number"),
    "mean": (_is_triple, "three numbers"),
    "std": (lambda value: _is_triple(value) and 0 not in value, "three numbers other than 0"),
    "resample": _one_of("nearest", "bilinear", "bicubic", "lanczos"),
    "orientation": (lambda value: isinstance(value, bool), "true or false"),
    "decode": _one_of("fast", "exact"),
    "metric": _one_of("cosine", "l2"),
}
