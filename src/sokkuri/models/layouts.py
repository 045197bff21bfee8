"""Read models in the layouts that people have: Immich's exports, and those of transformers.js.

Takes a folder; returns its card. Nobody has to write one: the size and the preprocessing come from
the JSON files of the layout, the tensors from the ONNX graphs.

    Immich            visual/model.onnx, visual/preprocess_cfg.json, textual/model.onnx,
                      textual/tokenizer.json, textual/tokenizer_config.json, config.json
    transformers.js,  onnx/vision_model*.onnx, onnx/text_model*.onnx, preprocessor_config.json,
    Optimum           tokenizer.json, tokenizer_config.json, config.json
    pictures only     onnx/model*.onnx, preprocessor_config.json
"""

import json
from pathlib import Path
from typing import Any

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.models.card import ModelCard, card_of_table
from sokkuri.models.onnx_inspect import image_tensors, text_tensors

VARIANTS = ("", "fp16", "quantized", "int8", "uint8", "q4", "q4f16", "bnb4")
"""Forms in which transformers.js exports keep a network, in the order in which they are taken:
`model.onnx`, `model_fp16.onnx` and so on."""

_MAX_BYTES = 16 * 2**20  # of a JSON file
_RESAMPLES = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers
_RESIZES = {"shortest": "shortest-crop", "longest": "pad", "squash": "squash"}
_CONTEXT = 77  # tokens, where nothing says how many
_MAX_CONTEXT = 512


def card_of_folder(folder: Path, variant: str | None = None) -> ModelCard:
    """Return the card of the model in a folder. variant : one of VARIANTS, None for the first that
    is there.

    Raises UsageError if the folder has none of the layouts, ModelError if a file is missing or
    says something that cannot be.
    """
    if (folder / "visual" / "model.onnx").is_file():
        table = _immich_table(folder)
    else:
        vision = _network(folder, "vision_model", variant)
        images_only = None if vision else _network(folder, "model", variant)
        if vision:
            table = _joint_table(folder, vision, variant)
        elif images_only:
            table = _image_table(folder, images_only)
        else:
            raise UsageError(_unknown_text(folder, variant))
    return card_of_table({"name": folder.resolve().name, "source": str(folder), **table}, folder)


def _unknown_text(folder: Path, variant: str | None) -> str:
    if variant is not None:
        return f"{folder} has no network of the variant {variant!r} in its folder onnx"
    return (
        f"{folder} holds no model that sokkuri knows: it needs card.toml, visual/model.onnx, "
        "onnx/vision_model.onnx or onnx/model.onnx"
    )


def _network(folder: Path, name: str, variant: str | None) -> str:
    """Return the ONNX file of a network, relative to the folder; "" if there is none."""
    for one in VARIANTS if variant is None else (variant,):
        file = f"onnx/{name}_{one}.onnx" if one else f"onnx/{name}.onnx"
        if (folder / file).is_file():
            return file
    return ""


def _immich_table(folder: Path) -> dict[str, Any]:
    """Return the card of Immich's layout. Without `textual/` it is one for pictures only."""
    settings = _read_json(folder / "visual" / "preprocess_cfg.json")
    interpolation = settings.get("interpolation", "bicubic")
    mode = settings.get("resize_mode", "shortest")
    if not isinstance(mode, str) or mode not in _RESIZES:
        raise ModelError(f"{folder}: the resize_mode {mode!r} is none of {', '.join(_RESIZES)}")
    grey = settings.get("fill_color", 0)
    table = {
        "file": "visual/model.onnx",
        **image_tensors(folder / "visual" / "model.onnx"),
        "size": settings.get("size"),
        "mean": settings.get("mean"),
        "std": settings.get("std"),
        "resample": interpolation,
        "resize": _RESIZES[mode],
        "fill": [grey] * 3 if isinstance(grey, int) else grey,
    }
    if not (folder / "textual").is_dir():
        return table
    config = _read_json(folder / "config.json")
    text = _dictionary(config.get("text_cfg"))
    arguments = _dictionary(text.get("tokenizer_kwargs"))
    return table | {
        "text": {
            "file": "textual/model.onnx",
            "tokenizer": "textual/tokenizer.json",
            **text_tensors(folder / "textual" / "model.onnx", table["dimension"]),
            "context": text.get("context_length", _CONTEXT),
            "pad": _pad_token(_read_json(folder / "textual" / "tokenizer_config.json")),
            "canonical": arguments.get("clean") == "canonicalize",
        }
    }


def _joint_table(folder: Path, vision: str, variant: str | None) -> dict[str, Any]:
    """Return the card of a transformers.js export with two sides."""
    text = _network(folder, "text_model", variant) or _network(folder, "text_model", None)
    if not text:
        return _image_table(folder, vision)
    table = _image_table(folder, vision)
    tokens = _read_json(folder / "tokenizer_config.json")
    config = _read_json(folder / "config.json")
    positions = _dictionary(config.get("text_config")).get("max_position_embeddings")
    return table | {
        "text": {
            "file": text,
            "tokenizer": "tokenizer.json",
            **text_tensors(folder / text, table["dimension"]),
            "context": _context(tokens.get("model_max_length"), positions),
            "pad": _pad_token(tokens),
            "canonical": str(tokens.get("tokenizer_class", "")).startswith("SiglipTokenizer"),
        }
    }


def _image_table(folder: Path, network: str) -> dict[str, Any]:
    """Return the card of a network for pictures with a `preprocessor_config.json`."""
    path = folder / "preprocessor_config.json"
    settings = _read_json(path)
    tensors = image_tensors(folder / network)
    table: dict[str, Any] = {"file": network, **tensors, **_sizes(settings, path)}
    resample = settings.get("resample", 3)
    if type(resample) is not int or resample not in _RESAMPLES:
        raise ModelError(f"{path}: the resample {resample!r} is none of {sorted(_RESAMPLES)}")
    table["resample"] = _RESAMPLES[resample]
    table["scale"] = 255.0
    if not settings.get("do_rescale", True):
        table["scale"] = 1.0
    elif "rescale_factor" in settings:
        table["scale"] = _scale(settings["rescale_factor"], path)
    if settings.get("do_normalize", True) and "image_mean" in settings:
        table |= {"mean": settings["image_mean"], "std": settings.get("image_std")}
    return table


def _sizes(settings: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the size and how images are fitted into it."""
    size = settings.get("size", settings.get("crop_size"))
    if isinstance(size, dict) and "shortest_edge" in size:
        shortest = size["shortest_edge"]
        if not settings.get("do_center_crop", True):
            raise ModelError(f"{path}: images of any shape, without a crop, cannot be used")
        return _cropped(shortest, settings.get("crop_size", shortest), path)
    if isinstance(size, int) and settings.get("do_center_crop", False):
        return _cropped(size, settings.get("crop_size", size), path)
    if isinstance(size, dict) and {"height", "width"} <= size.keys():
        size = [size["height"], size["width"]]
    if settings.get("do_center_crop", False) and _side(settings.get("crop_size")) != _side(size):
        raise ModelError(f"{path}: images that are stretched and then cropped cannot be used")
    return {"size": size, "resize": "squash"}


def _cropped(shortest: Any, crop: Any, path: Path) -> dict[str, Any]:
    side = _side(crop)
    if not isinstance(shortest, int) or side is None:
        raise ModelError(f"{path}: its size {shortest!r} and crop_size {crop!r} are no sides")
    larger = {} if [shortest, shortest] == side else {"shortest": shortest}
    return {"size": side, "resize": "shortest-crop", **larger}


def _side(value: Any) -> list[int] | None:
    """Return height and width of a size as these files write it, None if it is none."""
    if isinstance(value, dict):
        value = [value.get("height"), value.get("width")]
    elif isinstance(value, int):
        value = [value, value]
    fits = isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value)
    return value if fits else None


def _scale(factor: Any, path: Path) -> float:
    if type(factor) not in (int, float) or not 0 < factor <= 1:
        raise ModelError(f"{path}: the rescale_factor {factor!r} is not between 0 and 1")
    scale = 1 / float(factor)
    return round(scale) if abs(scale - round(scale)) < 1e-3 else scale  # 0.00392156862745098


def _context(*told: Any) -> int:
    """Return the tokens of a text: the least of those that a file tells. Some tell 10**30."""
    numbers = [n for n in told if type(n) is int and 0 < n <= _MAX_CONTEXT]
    return min(numbers, default=_CONTEXT)


def _pad_token(settings: dict[str, Any]) -> str:
    """Return the token to pad with, which is a text or a table with its `content`."""
    token = settings.get("pad_token", "")
    if isinstance(token, dict):
        token = token.get("content", "")
    return token if isinstance(token, str) else ""


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file. Raises ModelError."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path} has more than {_MAX_BYTES >> 20} MiB: it is no settings file")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ModelError(f"{path} holds no settings")
    return document
