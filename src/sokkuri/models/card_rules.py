"""Rules for the values in a card's TOML: what each key may be, in words for people.

Takes a table of a TOML file; returns its values as Python values, or raises ModelError that names
the file and the wrong key.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sokkuri.core.errors import ModelError
from sokkuri.core.paths import is_path_below

_MAX_SIDE = 4096  # pixels; a batch of larger images does not fit into memory
_MAX_DIMENSION = 2**17
_MAX_CENTRE = 1e15  # as in search: float32 holds its square
_MAX_CONTEXT = 8192  # tokens
_MAX_TEMPLATES = 100
_LONGEST_SHOWN = 200  # characters of a value in a message

Rule = tuple[Callable[[Any], bool], str]
"""Whether a value is valid, and what it must be, in words."""


def read_values(
    table: Mapping[str, Any], keys: Sequence[str], required: Sequence[str], path: Path, within: str
) -> dict[str, Any]:
    """Return the values of a table, with tuples for arrays. Raises ModelError.

    keys : those that it may have. within : what comes before a key in messages, such as `text.`.
    """
    if unknown := sorted(table.keys() - set(keys)):
        raise ModelError(f"{path} has an unknown key: {within}{unknown[0]}")
    if missing := [key for key in required if key not in table]:
        raise ModelError(f"{path} lacks the key {within}{missing[0]}")
    values: dict[str, Any] = {}
    for key, value in table.items():
        is_valid, expected = _RULES.get(within + key, (_is_text, "a text"))
        if not is_valid(value):
            raise ModelError(f"{path}: {within}{key} must be {expected}, not {_shown(value)}")
        values[key] = tuple(value) if isinstance(value, list) else value
    return values


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_folder_name(value: Any) -> bool:
    """Return whether the value can name a folder, on Windows too."""
    plain = isinstance(value, str) and value.strip(". ") != "" and value.isprintable()
    return plain and not set(value) & set('/\\:*?"<>|')


def _is_side(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MAX_SIDE


def _is_dimension(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MAX_DIMENSION


def _is_context(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MAX_CONTEXT


def _is_file(value: Any) -> bool:
    """Return whether the value is the path of a file below the card's folder, with `/`."""
    return _is_text(value) and is_path_below(value) and all(map(is_folder_name, value.split("/")))


def _is_digests(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_file(name) and digest != "" and _is_sha256(digest) for name, digest in value.items()
    )


def is_web_address(text: str) -> bool:
    """Return whether the text is an address that a network may be fetched from."""
    return text.startswith(("http://", "https://"))


def _is_web_address(value: Any) -> bool:
    return isinstance(value, str) and (value == "" or is_web_address(value))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_finite(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value)


def _is_size(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2 and all(map(_is_side, value))
    return pair or _is_side(value)


def _is_triple(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _is_vector(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MAX_DIMENSION
        and all(_is_finite(number) and abs(number) <= _MAX_CENTRE for number in value)
    )


def _is_colour(value: Any) -> bool:
    return _is_triple(value) and all(type(part) is int and 0 <= part <= 255 for part in value)


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and (
        value == "" or (len(value) == 64 and set(value) <= set("0123456789abcdef"))
    )


def _is_templates(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= _MAX_TEMPLATES
        and all(_is_text(template) and template.count("{}") == 1 for template in value)
    )


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*words: str) -> Rule:
    return (lambda value: value in words), "one of " + ", ".join(words)


_FILE = "the name of a file beside the card, or in a folder beside it"
_RULES: dict[str, Rule] = {
    "name": (is_folder_name, "a name that a folder can have"),
    "layout": _one_of("NCHW", "NHWC"),
    "size": (_is_size, f"a number of pixels up to {_MAX_SIDE:,}, or [height, width]"),
    "dimension": (_is_dimension, f"a whole number from 1 to {_MAX_DIMENSION:,}"),
    "file": (lambda value: value == "" or _is_file(value), _FILE),
    "files": (_is_digests, "SHA-256 digests by the names of files beside the card"),
    "url": (_is_web_address, "an http address"),
    "sha256": (_is_sha256, "64 hexadecimal digits"),
    "scale": (lambda value: _is_number(value) and value > 0, "a positive number"),
    "mean": (_is_triple, "three numbers"),
    "std": (lambda value: _is_triple(value) and 0 not in value, "three numbers other than 0"),
    "resample": _one_of("nearest", "bilinear", "bicubic", "lanczos"),
    "orientation": (_is_truth, "true or false"),
    "decode": _one_of("colour", "fast", "exact"),
    "metric": _one_of("cosine", "l2"),
    "resize": _one_of("squash", "shortest-crop", "pad"),
    "fill": (_is_colour, "three whole numbers from 0 to 255"),
    "shortest": (lambda value: value == 0 or _is_side(value), f"pixels up to {_MAX_SIDE:,}"),
    "pooling": _one_of("none", "first"),
    "centre": (_is_vector, "a list of numbers"),
    "text": (lambda value: isinstance(value, dict), "a table"),
    "text.file": (_is_file, _FILE),
    "text.tokenizer": (_is_file, _FILE),
    "text.context": (_is_context, f"a whole number from 1 to {_MAX_CONTEXT:,}"),
    "text.canonical": (_is_truth, "true or false"),
    "text.templates": (
        _is_templates,
        f"a list of 1 to {_MAX_TEMPLATES} texts, each with one {{}} in it",
    ),
    "text.logit_scale": (_is_finite, "a number"),
    "text.logit_bias": (_is_finite, "a number"),
}
