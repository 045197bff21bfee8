"""Options that several commands share, and helpers to open what they name.

Takes the texts of options; returns locations and folders of collections.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sokkuri.cli.console import print_message
from sokkuri.core.errors import NoCollectionError, StorageError, UsageError

if TYPE_CHECKING:
    from sokkuri.core.locations import Location
    from sokkuri.store.collection import CollectionStore

IdKind = Literal["path", "name"]
DecodingName = Literal["colour", "fast", "exact"]
DtypeName = Literal["float32", "float16"]

CollectionOption = Annotated[
    Path | None,
    typer.Option(
        "-C",
        "--collection",
        metavar="DIR",
        help="Folder of the images, or the store. Default: the nearest collection, from the "
        "current folder upwards.",
        show_default=False,
    ),
]
UnderOption = Annotated[
    str | None, typer.Option("--under", metavar="FOLDER", help="Only images below this folder.")
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="EXPRESSION",
        help="Only images that match, such as 'rating >= 4'. See docs/searching.md.",
    ),
]
AnnFromOption = Annotated[
    int | None,
    typer.Option(
        "--ann-from",
        min=0,
        metavar="N",
        help="Keep an approximate index from this many images on. Default: 1,000,000. Later runs "
        "remember it.",
        show_default=False,
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="ADDRESS",
        help="Search in this vector database, after `sokkuri push ADDRESS`.",
        show_default=False,
    ),
]
PollOption = Annotated[
    float | None,
    typer.Option(
        "--poll",
        min=0.1,
        metavar="SECONDS",
        help="Look at the folder this often, instead of waiting for events of the file system.",
        show_default=False,
    ),
]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def parse_folder(text: str) -> "Location":
    """Return the folder or address that `text` names.

    Raises UsageError if it is no folder, CollectionError if an address cannot be listed or holds
    nothing.
    """
    from sokkuri.core.locations import Address, parse_location
    from sokkuri.images.scan import is_folder
    from sokkuri.indexing.source import check_root

    location = parse_location(text)
    if isinstance(location, Address):
        check_root(location)
    elif not is_folder(location):
        raise UsageError(f"{text} is not a folder")
    return location


def check_under(collection: "CollectionStore", under: str | None) -> None:
    """Say so if the collection has no image below the folder of `--under`.

    Raises UsageError if there is no such folder, or if it is outside the folder of images.
    """
    from sokkuri.images.scan import is_folder
    from sokkuri.store.filters import build_condition
    from sokkuri.store.images import holds_any

    if under is None:
        return
    below = build_condition(collection.root, under, None)
    if below is None or holds_any(collection.catalog, below):
        return
    if not (Path(under).is_dir() or is_folder(collection.root / under)):
        raise UsageError(f"--under {under}: {collection.root} has no such folder")
    print_message(f"no image of the collection is below {under}")


def write_text(file: Path, text: str) -> None:
    """Write a text file; a failure leaves the old one. Raises StorageError if it cannot."""
    write_lines(file, [text])


def write_lines(file: Path, lines: Iterable[str]) -> None:
    """Write a text file from parts, as `write_text` does."""
    from sokkuri.core.atomic import atomic_write

    try:
        with atomic_write(file) as out:
            for line in lines:
                out.write(line.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise StorageError(f"{file} could not be written: {error.strerror or error}") from error


def find_collection(folder: Path | None, query: str | None = None) -> Path:
    """Return the folder or store of the collection to open.

    That is `folder` if it is given; else the nearest collection from the current folder upwards;
    else the nearest one from the folder of the file `query` upwards, even if there is no such file.
    Raises NoCollectionError.
    """
    from sokkuri.store.places import find_upwards

    if folder is not None:
        return folder
    nearest = find_upwards(Path.cwd())
    if nearest is None and query is not None:
        nearest = find_upwards(Path(query).parent)
    if nearest is None:
        hint = "create one with `sokkuri index FOLDER`, or name one with -C"
        if query not in (None, "-") and not Path(query).exists():
            raise NoCollectionError(f"{query} does not exist, and no collection is here: {hint}")
        raise NoCollectionError(f"no collection in this folder or above: {hint}")
    return nearest
