"""Models: cards, the known ones, and how weights become an ONNX file."""

from sokkuri.models.card import ModelCard, card_text, read_card
from sokkuri.models.registry import Model, known_cards, resolve_model, weights_place

__all__ = [
    "Model",
    "ModelCard",
    "card_text",
    "known_cards",
    "read_card",
    "resolve_model",
    "weights_place",
]
