"""`sokkuri merge`: from the parts that jobs have made to one collection."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import Json


def merge(
    parts: Annotated[
        list[Path],
        typer.Argument(metavar="PART...", help="Their stores, or the folder of images."),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The collection's store, or its folder. By default beside the images.",
            show_default=False,
        ),
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Where the images are now, if not where they were."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Unite what `index --part I/N` has made; the parts are only read. Run again, it catches up."""
    from sokkuri.api import Collection

    with console.progress_bar() as bar:
        done = Collection.merge(parts, into, root=root, on_progress=bar.show)
    if as_json:
        console.put_json(asdict(done))
    else:
        console.put(console.merged_text(done))
