"""The cards that come with sokkuri, and the tables beside some of them.

`NAME.ranges.txt` beside `NAME.toml` has the range of each value of a network with 8-bit integers.
Each line has a name, the smallest number and the largest number.
"""

from functools import cache
from pathlib import Path

from sokkuri.models.card import ModelCard, read_card

DEFAULT = "efficientnet-lite0-int8"
"""The network of a new collection if no other one is named. A collection keeps its own."""

FLOATS = "efficientnet-lite0"
"""The same network in floats: of collections that are older, and for comparisons with scripts."""

CARDS = Path(__file__).parent / "cards"


@cache
def known_cards() -> tuple[ModelCard, ...]:
    """Return all cards that come with sokkuri, the default model first."""
    cards = [read_card(path) for path in sorted(CARDS.glob("*.toml"))]
    return tuple(sorted(cards, key=lambda card: card.name != DEFAULT))


def read_ranges(name: str) -> dict[str, tuple[float, float]]:
    """Return the range of each value of a network by name. Empty for a network without integers.

    name : of the card.
    """
    path = CARDS / f"{name}.ranges.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    rows = [line.split() for line in lines]
    return {value: (float(low), float(high)) for value, low, high in rows}
