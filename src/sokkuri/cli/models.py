"""`sokkuri models`: the known networks, and those that a person adds."""

from dataclasses import asdict
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import Json
from sokkuri.core.errors import UsageError


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|add]", help="Show this card: a name, FILE.onnx or CARD.toml. Or add one."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE|URL]", help="What `add` adds: ONNX, or a card.")
    ] = None,
    sha256: Annotated[
        str, typer.Option(metavar="DIGEST", help="What the ONNX file must be; needed for a URL.")
    ] = "",
    new_name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What to call the added model.")
    ] = "",
    as_json: Json = False,
) -> None:
    """The model cards: what each network is, where its weights are, under which licence.

    `sokkuri models add FILE|URL` adds one of your own.
    """
    from sokkuri.models import added_cards, known_cards, resolve_model, weights_place

    if name == "add":
        name = _add(source, sha256, new_name)
    elif source is not None or sha256 or new_name:
        raise UsageError("to add a model, say `sokkuri models add FILE|URL`")
    known = {card.name: card for card in (*known_cards(), *added_cards())}
    if name is None:
        cards = list(known.values())
    else:
        cards = [known[name] if name in known else resolve_model(name).card]
    shown = [{**asdict(card), "weights": weights_place(card)} for card in cards]
    if as_json:
        console.put_json({"models": shown})
    else:
        console.put("\n".join(console.card_text(card, whole=name is not None) for card in shown))


def _add(source: str | None, sha256: str, name: str) -> str:
    """Add a model; its name."""
    from sokkuri.core.types import Progress
    from sokkuri.models import add_model

    if source is None:
        raise UsageError("say what to add: `sokkuri models add FILE|URL`")
    with console.progress_bar() as bar:
        card = add_model(
            source,
            sha256,
            name,
            lambda done, total: bar.show(Progress("fetching KiB", done >> 10, total >> 10)),
        )
    console.say(f"edit {card} if the network wants to see something else than it says")
    return card.parent.name
