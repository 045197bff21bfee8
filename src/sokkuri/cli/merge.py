"""`sokkuri merge`: make one collection of the parts that several jobs indexed."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import merge_text
from sokkuri.cli.options import JsonOption


def merge(
    parts: Annotated[
        list[Path],
        typer.Argument(
            metavar="PART...", help="Stores of the parts, or the folder that holds them."
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Store or folder of the whole collection. Default: beside the images.",
            show_default=False,
        ),
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the images now, if it has moved."),
    ] = None,
    accept_removals: Annotated[
        bool,
        typer.Option(
            "--accept-removals",
            help="Also mark most images as gone, if no part and no file is left of them.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make one collection of what `index --part I/N` made.

    The parts are only read. When they have changed, repeat the command.
    """
    from sokkuri.api import Collection

    with console.progress_bar() as bar:
        report = Collection.merge(
            parts, into, root=root, accept_removals=accept_removals, on_progress=bar.show
        )
    if as_json:
        console.print_json({**asdict(report), "gone": report.removed})  # as `status` calls them
    else:
        console.print_result(merge_text(report))
