"""`sokkuri models`: list the known networks, and add one."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import count_text, model_card_text
from sokkuri.cli.options import JsonOption
from sokkuri.core.errors import UsageError


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|add|centre|quantize]",
            help="Show this model card: a name, FILE.onnx, CARD.toml or FOLDER. `add` adds one.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|FOLDER|URL|NAME]", help="What to add, centre or quantize."),
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
    photos: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="For `centre` and `quantize`: photos to measure with."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the installed models and recommended ones.

    `sokkuri models add FILE|FOLDER|URL|hf:OWNER/NAME` adds a model. `sokkuri models centre NAME
    --photos FOLDER` adds one that subtracts the mean vector of photos. `sokkuri models quantize
    NAME --photos FOLDER` adds a faster one, with 8-bit integers inside.
    """
    from sokkuri.models import added_cards, known_cards, resolve_model, weights_place
    from sokkuri.models.builtin import DEFAULT

    if photos is not None and name not in ("centre", "quantize"):
        raise UsageError("--photos is for `sokkuri models centre|quantize NAME --photos FOLDER`")
    report: dict[str, object] = {}
    if name in ("centre", "quantize"):
        if photos is None or source is None or sha256 or variant:
            raise UsageError(f"run `sokkuri models {name} NAME --photos FOLDER [--name NEW]`")
        if name == "centre":
            name = _centre(source, photos, new_name)
        else:
            name, report = _quantize(source, photos, new_name)
    elif name == "add":
        name = _add(source, sha256, new_name, variant)
    elif source is not None or sha256 or new_name or variant:
        raise UsageError("to add a model, run `sokkuri models add FILE|FOLDER|URL|hf:OWNER/NAME`")
    known = {card.name: card for card in (*known_cards(), *added_cards())}
    if name is None:
        cards = list(known.values())
    else:
        cards = [known[name] if name in known else resolve_model(name).card]
    documents = [
        {**asdict(card), "weights": weights_place(card), "default": card.name == DEFAULT}
        for card in cards
    ]
    if name is not None:
        text = [model_card_text(documents[0], whole=True)]
        _show({"models": documents, **report}, text, as_json=as_json)
        return
    from sokkuri.models.recommended import as_lines, recommended_models

    listed = [asdict(model) for model in recommended_models()]
    lines = [
        *(model_card_text(card, whole=False) for card in documents),
        "",
        "Recommended. `sokkuri models add hf:...` says size and licence before it fetches a model:",
        *as_lines(),
    ]
    _show({"models": documents, "recommended": listed}, lines, as_json=as_json)


def _centre(source: str, photos: Path, new_name: str) -> str:
    """Add a model that subtracts the mean vector of photos. Return its name."""
    from sokkuri.indexing.centre import mean_vector
    from sokkuri.models import add_centred_model, resolve_model

    model = resolve_model(source)
    centre = None
    with console.progress_bar() as bar:
        for progress in mean_vector(model, photos.expanduser()):
            bar.show(progress)
            centre = progress.result or centre
    assert centre is not None
    told = f"centred by the mean of {count_text(centre.photos, 'photo')}"
    name = new_name or f"{model.card.name}-centred"
    card = add_centred_model(model.card, model.path, centre.vector, name, told)
    if centre.failed:
        console.print_message(f"{count_text(centre.failed, 'photo')} could not be read")
    console.print_message(
        f"{card.parent.name} is {told}; `sokkuri index --model {card.parent.name}` uses it for a "
        "new collection; add --replace for one that exists"
    )
    return card.parent.name


def _quantize(source: str, photos: Path, new_name: str) -> tuple[str, dict[str, object]]:
    """Add a quantized form of a model. Return its name, and the report for the JSON document."""
    import tempfile

    from sokkuri.indexing.quantize import quantize_model
    from sokkuri.models import add_quantized_model, resolve_model

    model = resolve_model(source)
    name = new_name or f"{model.card.name}-int8"
    report = None
    with tempfile.TemporaryDirectory(prefix="sokkuri-") as folder:
        target = Path(folder) / "network.onnx"
        with console.progress_bar() as bar:
            for progress in quantize_model(model, photos.expanduser(), target):
                bar.show(progress)
                report = progress.result or report
        assert report is not None
        text = None if model.text is None else (model.text.network, model.text.tokenizer)
        told = f"quantized ({report.way}) with {count_text(report.photos, 'photo')}"
        card = add_quantized_model(model.card, target, text, name, told)
    if report.failed:
        console.print_message(f"{count_text(report.failed, 'photo')} could not be read")
    classes = ""
    if report.map_float is not None and report.map_integer is not None:
        classes = (
            f"; mean average precision of folders {100 * report.map_integer:.1f} % instead of "
            f"{100 * report.map_float:.1f} %"
        )
    console.print_message(
        f"{card.parent.name}: {report.speed:.2f} times as fast as {model.card.name} on one core; "
        f"mean cosine of the two vectors {report.cosine:.4f}; {100 * report.recall:.0f} % of the "
        f"ten nearest photos are the same{classes} ({count_text(report.photos, 'photo')})"
    )
    return card.parent.name, {"quantized": asdict(report)}


def _show(document: dict[str, object], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        console.print_json(document)
    else:
        console.print_result("\n".join(lines))


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
