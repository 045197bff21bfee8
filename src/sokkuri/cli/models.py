"""`sokkuri models`: list the known networks, and add one."""

from dataclasses import asdict
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import model_card_text
from sokkuri.cli.options import JsonOption
from sokkuri.core.errors import UsageError


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|add]",
            help="Show this model card: a name, FILE.onnx, CARD.toml or FOLDER. `add` adds one.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|FOLDER|URL]", help="What to add."),
    ] = None,
    sha256: Annotated[
        str,
        typer.Option(metavar="DIGEST", help="SHA-256 of the ONNX file. Required for a URL."),
    ] = "",
    new_name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Name for the added model.")
    ] = "",
    variant: Annotated[
        str | None,
        typer.Option(metavar="FORM", help="Which form to fetch from the hub: fp16, int8, ..."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the known models, their licences and weights.

    `sokkuri models add FILE|FOLDER|URL|hf:OWNER/NAME` adds a model.
    """
    from sokkuri.models import added_cards, known_cards, resolve_model, weights_place

    if name == "add":
        name = _add(source, sha256, new_name, variant)
    elif source is not None or sha256 or new_name or variant:
        raise UsageError("to add a model, run `sokkuri models add FILE|FOLDER|URL|hf:OWNER/NAME`")
    known = {card.name: card for card in (*known_cards(), *added_cards())}
    if name is None:
        cards = list(known.values())
    else:
        cards = [known[name] if name in known else resolve_model(name).card]
    documents = [{**asdict(card), "weights": weights_place(card)} for card in cards]
    if as_json:
        console.print_json({"models": documents})
    else:
        whole = name is not None
        console.print_result("\n".join(model_card_text(card, whole=whole) for card in documents))


def _add(source: str | None, sha256: str, name: str, variant: str | None) -> str:
    """Add a model. Return its name."""
    from sokkuri.core.types import Progress
    from sokkuri.models import add_hub_model, add_model

    if source is None:
        raise UsageError(
            "name the model to add: `sokkuri models add FILE|FOLDER|URL|hf:OWNER/NAME`"
        )
    from_hub = source.startswith("hf:")
    if from_hub and sha256:
        raise UsageError("--sha256 is for a URL: the hub tells the digests of its files")
    if variant is not None and not from_hub:
        raise UsageError("--variant is for a model of the hub: `sokkuri models add hf:OWNER/NAME`")
    with console.progress_bar() as bar:

        def show(done: int, total: int) -> None:
            bar.show(Progress("fetching KiB", done >> 10, total >> 10))

        if from_hub:
            card = add_hub_model(source, variant, name, show, console.print_message)
        else:
            card = add_model(source, sha256, name, show)
    console.print_message(f"edit {card} if the network expects other input than the card says")
    return card.parent.name
