"""The recommended models: one list for the command and the page on words."""

import re
from pathlib import Path

from sokkuri.models import known_cards
from sokkuri.models.recommended import (
    as_lines,
    figure_sources,
    markdown_table,
    recommended_models,
)
from sokkuri.search.words import EXAMPLE

PAGE = Path(__file__).parents[3] / "docs/words.md"


def test_the_page_has_the_table_of_the_command() -> None:
    """To write it anew: `python -c "from sokkuri.models.recommended import markdown_table as table;
    print(table())"`."""
    assert markdown_table() in PAGE.read_text(encoding="utf-8")


def test_each_model_can_be_had_and_each_figure_has_a_source() -> None:
    models = recommended_models()
    built_in = {card.name: card for card in known_cards()}
    for model in models:
        if model.name in built_in:
            card = built_in[model.name]
            assert (model.dimension, model.licence) == (card.dimension, card.licence)
            assert bool(model.words) == (card.text is not None)
        else:
            assert re.fullmatch(r"hf:[\w-]+/[\w.-]+", model.name)
        assert model.source in figure_sources()
        assert model.quality
        assert not model.japanese or model.words
    assert {model.source for model in models} == set(figure_sources())
    assert EXAMPLE in {model.name for model in models}, "the model that messages name"
    assert any(model.japanese for model in models)
    text = "\n".join(as_lines())
    for model in models:
        assert model.name in text
        assert model.quality in text
