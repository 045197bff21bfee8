"""`sokkuri list`: the paths that `find | sort` would print, for `index --list`."""

import os
import sys
from typing import Annotated

import typer

from sokkuri import terminal
from sokkuri.errors import ReadError, UsageError


def list_(
    root: Annotated[str, typer.Argument(help="The folder; stands before each path as given.")],
    glob: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help="Names to list; by default those of images."),
    ] = None,
) -> None:
    """Print the paths of images below a folder, as `find ROOT -type f | sort` does."""
    from sokkuri.listing import sorted_paths

    if not os.path.isdir(root):  # noqa: PTH112 - the prefix is printed as it was typed
        raise UsageError(f"{root} is not a folder")
    try:
        for path in sorted_paths(root, glob):
            if "\n" in path:
                terminal.say(f"{path} is left out: its name holds a newline, which no list can")
            else:
                sys.stdout.buffer.write(os.fsencode(path) + b"\n")
    except OSError as error:
        raise ReadError(f"{error.filename} cannot be listed: {error.strerror}") from error
