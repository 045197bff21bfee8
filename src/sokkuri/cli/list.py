"""`sokkuri list`: print the paths that `find | sort` would print, for `index --list`."""

from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import parse_folder
from sokkuri.core.errors import ReadError


def list_(
    root: Annotated[
        str, typer.Argument(help="Folder or address. Each path starts with it, as you typed it.")
    ],
    glob: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help="File names to list. Default: those of images."),
    ] = None,
) -> None:
    """Print the paths of images below a folder, in byte order.

    `index --list` reads them.
    """
    from sokkuri.core.locations import Address
    from sokkuri.images.scan import sorted_addresses, sorted_paths

    location = parse_folder(root)
    try:
        paths = (
            map(str, sorted_addresses(location, glob))
            if isinstance(location, Address)
            else sorted_paths(root, glob)  # keeps the prefix as it was typed
        )
        for path in paths:
            _print_path(path)
    except OSError as error:
        name = error.filename or root
        raise ReadError(f"{name} cannot be listed: {error.strerror}") from error


def _print_path(path: str) -> None:
    if "\n" in path:
        console.print_message(
            f"{path} is skipped: its name contains a newline, and a list has one path a line"
        )
        return
    console.print_raw(f"{path}\n")
