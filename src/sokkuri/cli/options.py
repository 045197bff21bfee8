"""What several verbs share: options, where a collection is looked for, and writing a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.core.errors import NoCollectionError, StorageError, UsageError

if TYPE_CHECKING:
    from sokkuri.core.locations import Location

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
Under = Annotated[
    str | None, typer.Option(metavar="FOLDER", help="Only among what is in this folder.")
]
Expression = Annotated[
    str | None, typer.Option("--where", metavar="EXPRESSION", help="Such as 'width > 1000'.")
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
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="ADDRESS",
        help="Ask the engine that `sokkuri push` was given.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def folder_at(text: str) -> "Location":
    """The folder or the address that was named. Raises UsageError for no folder, CollectionError
    for an address that cannot be listed, or below which there is nothing."""
    from sokkuri.core.locations import Address, parse_location
    from sokkuri.images.scan import is_folder
    from sokkuri.indexing.source import check_root

    where = parse_location(text)
    if isinstance(where, Address):
        check_root(where)
    elif not is_folder(where):
        raise UsageError(f"{text} is not a folder")
    return where


def write_text(file: Path, text: str) -> None:
    """Raises StorageError when the disk refuses."""
    try:
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise StorageError(f"{file} could not be written: {error.strerror or error}") from error


def collection_at(where: Path | None, near: str | None = None) -> Path:
    """The folder or store to open: as given, upwards from here, or upwards from a query's file."""
    from sokkuri.store.collection import find_upwards

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
