"""Models: cards, the known ones, those a person added, and how weights become an ONNX file."""

from sokkuri.models.builtin import known_cards
from sokkuri.models.cache import replace_cached
from sokkuri.models.card import ModelCard, TextCard, card_text, read_card
from sokkuri.models.installed import (
    add_centred_model,
    add_hub_model,
    add_model,
    add_quantized_model,
)
from sokkuri.models.registry import (
    Model,
    TextFiles,
    added_cards,
    has_text_side,
    is_model_name,
    resolve_model,
    rounds_to_integers,
    weights_place,
)
from sokkuri.models.transfer import PackedModel, pack

__all__ = [
    "Model",
    "ModelCard",
    "PackedModel",
    "TextCard",
    "TextFiles",
    "add_centred_model",
    "add_hub_model",
    "add_model",
    "add_quantized_model",
    "added_cards",
    "card_text",
    "has_text_side",
    "is_model_name",
    "known_cards",
    "pack",
    "read_card",
    "replace_cached",
    "resolve_model",
    "rounds_to_integers",
    "weights_place",
]
