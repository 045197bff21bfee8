"""`sokkuri models`: the known networks."""

from dataclasses import asdict
from typing import Annotated

import typer

from sokkuri import terminal
from sokkuri.cli.options import Json


def models(
    name: Annotated[
        str | None, typer.Argument(help="Show this card: a name, FILE.onnx or CARD.toml.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The model cards: what each network is, where its weights are, under which licence."""
    from sokkuri.models import known_cards, resolve_model, weights_place

    known = {card.name: card for card in known_cards()}
    if name is None:
        cards = list(known.values())
    else:
        cards = [known[name] if name in known else resolve_model(name).card]
    shown = [{**asdict(card), "weights": weights_place(card)} for card in cards]
    if as_json:
        terminal.put_json({"models": shown})
    else:
        terminal.put("\n".join(terminal.card_text(card, whole=name is not None) for card in shown))
