"""What several verbs share: the options -C and --json, and where a collection is looked for."""

from pathlib import Path
from typing import Annotated

import typer

from sokkuri.errors import NoCollectionError

Where = Annotated[
    Path | None,
    typer.Option(
        "-C",
        "--collection",
        metavar="DIR",
        help="The images' folder, or the store. By default the nearest one upwards.",
        show_default=False,
    ),
]
AnnFrom = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Images from which an approximate index is kept, 1,000,000 at first; remembered.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def collection_at(where: Path | None, near: str | None = None) -> Path:
    """The folder or store to open: as given, upwards from here, or upwards from a query's file."""
    from sokkuri.collection import find_upwards

    if where is not None:
        return where
    found = find_upwards(Path.cwd())
    if found is None and near is not None and Path(near).exists():
        found = find_upwards(Path(near).parent)
    if found is None:
        raise NoCollectionError(
            "no collection here or above: make one with `sokkuri index FOLDER`, or name one with -C"
        )
    return found
