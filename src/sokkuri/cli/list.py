"""`sokkuri list`: the paths that `find | sort` would print, for `index --list`."""

import os
import sys
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import folder_at
from sokkuri.core.errors import ReadError


def list_(
    root: Annotated[
        str, typer.Argument(help="The folder or address; stands before each path as given.")
    ],
    glob: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help="Names to list; by default those of images."),
    ] = None,
) -> None:
    """Print the paths of images below a folder, as `find ROOT -type f | sort` does."""
    from sokkuri.core.locations import Address
    from sokkuri.images.scan import sorted_addresses, sorted_paths

    where = folder_at(root)
    try:
        found = (
            map(str, sorted_addresses(where, glob))
            if isinstance(where, Address)
            else sorted_paths(root, glob)  # the prefix is printed as it was typed
        )
        for path in found:
            if "\n" in path:
                console.say(f"{path} is left out: its name holds a newline, which no list can")
            else:
                sys.stdout.buffer.write(os.fsencode(path) + b"\n")
    except OSError as error:
        name = error.filename or root
        raise ReadError(f"{name} cannot be listed: {error.strerror}") from error
