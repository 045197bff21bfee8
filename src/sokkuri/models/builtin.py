"""The cards that come with sokkuri."""

from functools import cache
from pathlib import Path

from sokkuri.models.card import ModelCard, read_card

DEFAULT = "efficientnet-lite0"
_CARDS = Path(__file__).parent / "cards"


@cache
def known_cards() -> tuple[ModelCard, ...]:
    """Return all cards that come with sokkuri, the default model first."""
    cards = [read_card(path) for path in sorted(_CARDS.glob("*.toml"))]
    return tuple(sorted(cards, key=lambda card: card.name != DEFAULT))
