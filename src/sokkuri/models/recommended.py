"""The models that sokkuri recommends, and what for: one list for `sokkuri models` and the docs.

Reads `recommended.toml`. Most of these models are on the hub, and their figures are those of the
named sources.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LIST = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class RecommendedModel:
    """A model, and what it is good for.

    name : as `sokkuri models add` or `--model` takes it. words : the languages of the words that it
    knows, "" if it knows none. japanese : whether it knows Japanese words. megabytes : of the
    float32 weights. milliseconds : for an image, "" if unknown. quality : what `source` measured.
    """

    name: str
    purpose: str
    words: str
    japanese: bool
    dimension: int
    megabytes: int
    licence: str
    milliseconds: str
    quality: str
    source: str


def recommended_models() -> list[RecommendedModel]:
    """Return the recommended models, the default one first."""
    return [RecommendedModel(**entry) for entry in _read()["model"]]


def figure_sources() -> Mapping[str, str]:
    """Return a line on each `source` : who measured, what, and on which machine."""
    sources: Mapping[str, str] = _read()["sources"]
    return sources


def markdown_table() -> str:
    """Return the models as a Markdown table, and the sources as a list below it."""
    head = ("for", "model", "words", "numbers", "MB", "licence", "ms", "quality", "source")
    numbers = {source: number for number, source in enumerate(figure_sources(), 1)}
    lines = [head, ("---",) * len(head)]
    lines += [
        (
            model.purpose,
            f"`{model.name}`",
            _words_text(model) or "none",
            f"{model.dimension:,}",
            f"{model.megabytes:,}",
            model.licence,
            model.milliseconds,
            model.quality,
            str(numbers[model.source]),
        )
        for model in recommended_models()
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "\n".join(f"{numbers[name]}. {text}" for name, text in figure_sources().items())
    return f"{table}\n\nSources of the figures:\n\n{notes}\n"


def as_lines() -> list[str]:
    """Return the models and the sources of their figures as lines for a terminal."""
    numbers = {source: number for number, source in enumerate(figure_sources(), 1)}
    lines = []
    for model in recommended_models():
        words = f"; words: {_words_text(model)}" if model.words else ""
        time = f", {model.milliseconds} ms an image" if model.milliseconds else ""
        lines += [
            f"  {model.name}",
            f"    for {model.purpose}{words}",
            f"    {model.dimension:,} numbers, {model.megabytes:,} MB, {model.licence}",
            f"    {model.quality}{time} [{numbers[model.source]}]",
        ]
    return [*lines, *(f"  [{numbers[name]}] {text}" for name, text in figure_sources().items())]


def _words_text(model: RecommendedModel) -> str:
    """Return the languages that a model knows words of; "" if it knows none."""
    return f"{model.words}, Japanese too" if model.japanese else model.words


def _read() -> dict[str, Any]:
    return tomllib.loads(_LIST.read_text(encoding="utf-8"))
