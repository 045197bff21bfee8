"""The commands that exchange vectors with other tools: `import` and `export`."""

from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import count_text, format_bytes
from sokkuri.cli.options import (
    CollectionOption,
    DecodingName,
    DtypeName,
    IdKind,
    JsonOption,
    find_collection,
    parse_folder,
    write_lines,
)
from sokkuri.cli.target import Target, locate, open_or_create
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from sokkuri.core.locations import Location


def export(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="DIR", help="A new or empty folder, or an address.", show_default=False
        ),
    ] = None,
    format_: Annotated[
        Literal["article", "clip-retrieval", "parquet"],
        typer.Option("--format", help="Layout of the files."),
    ] = "article",
    dtype: Annotated[DtypeName, typer.Option(help="Number type of the vectors.")] = "float32",
    shard_size: Annotated[int, typer.Option(min=1, help="Rows in a file.")] = 10_000,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write the metadata of the photos to a CSV file, or - for stdout.",
        ),
    ] = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the vectors for other tools, ordered by id.

    The files are read back and checked. With --csv, write the metadata of the photos, too. With
    --csv and without DIR, write only the metadata.
    """
    from sokkuri.api import Collection
    from sokkuri.core.locations import parse_location
    from sokkuri.indexing.export import Exported, ExportOptions
    from sokkuri.indexing.export import export as export_vectors

    if folder is None and csv is None:
        raise UsageError("say where to write: give DIR for the vectors, or --csv FILE")
    if as_json and csv == Path("-"):
        raise UsageError("--json and --csv - both write to stdout: give one of them")
    if csv is not None:
        _write_csv(find_collection(collection), csv)
    if folder is None:
        return
    options = ExportOptions(format_, dtype, shard_size)
    exported = Exported(0, 0, 0)
    with (
        Collection.open(find_collection(collection), "ro") as opened,
        closing(export_vectors(opened, parse_location(folder), options)) as steps,
    ):
        for step in steps:
            exported = step
    if as_json:
        console.print_json(asdict(exported))
    else:
        console.print_result(
            f"{count_text(exported.rows, 'row')} in {count_text(exported.shards, 'shard')}, "
            f"{format_bytes(exported.bytes)}"
        )


def _write_csv(collection: Path, file: Path) -> None:
    """Write the metadata of the photos of a collection as CSV."""
    from sokkuri.api import Collection
    from sokkuri.indexing.photo_table import csv_lines

    with Collection.open(collection, "ro") as opened, opened.catalog.reading():
        if file == Path("-"):
            for line in csv_lines(opened):
                console.print_raw(line)
        else:
            write_lines(file, csv_lines(opened))


def import_(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="Files `<id>.npy`, or `NNNN.features.npy` pairs.")
    ],
    root: Annotated[
        str | None, typer.Option(metavar="DIR", help="For a new collection: folder of its images.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the collection here instead of ROOT/.sokkuri."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE|FOLDER", help="Network that made the vectors."),
    ] = None,
    decode: Annotated[
        DecodingName | None,
        typer.Option(
            help="For a new collection: way of decoding. Default: exact. See docs/models.md."
        ),
    ] = None,
    ids: Annotated[
        IdKind | None,
        typer.Option(help="For a new collection: what the ids are. Default: file names."),
    ] = None,
    dtype: Annotated[
        DtypeName | None,
        typer.Option(
            help="For a new collection: number type of the vectors on disk.", show_default=False
        ),
    ] = None,
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Delete a file of one vector after reading it back."),
    ] = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import vectors that other scripts made.

    Exit with code 1 if a vector was refused.
    """
    from sokkuri.core.types import Progress
    from sokkuri.indexing.import_features import Imported, import_features
    from sokkuri.indexing.settings import resolve_ids

    vectors = parse_folder(folder)
    imported = Imported()
    target = _with_defaults(
        Target((root,) if root else (), store, collection, model, decode, dtype), vectors
    )
    opened, _ = open_or_create(target)
    with opened:
        opened.save_root()
        kind = resolve_ids(opened.catalog, ids, "name")
        opened.catalog.set_meta("ids", kind)
        steps = import_features(opened, vectors, delete=delete)
        with closing(steps), console.progress_bar() as bar:
            for imported in steps:
                done = imported.imported + imported.known
                for note in imported.notes or [""]:
                    bar.show(Progress("importing", done, 0, note, imported.refused))
    if as_json:
        document = asdict(imported)
        del document["notes"]
        console.print_json(document)
    else:
        console.print_result(
            f"{imported.imported:,} imported, {imported.known:,} known, "
            f"{imported.refused:,} refused, {count_text(imported.deleted, 'file')} deleted"
        )
    if imported.refused:
        raise typer.Exit(1)


def _with_defaults(target: Target, vectors: "Location") -> Target:
    """Return the target, with exact decoding for a new collection.

    Raises UsageError if a new collection is to be made and no model is named, ModelMismatchError if
    it is not that of an export.
    """
    from sokkuri.indexing.import_features import check_exported_model, exported_model
    from sokkuri.store.places import has_store

    if not target.roots or has_store(locate(target)[1]):
        return target
    if target.model is None:
        name = (exported_model(vectors) or ("FILE.onnx", ""))[0]
        raise UsageError(f"name the network that made these vectors: --model {name}")
    target = replace(target, decode=target.decode or "exact")
    model = target.resolve_model()
    check_exported_model(vectors, model.card.name, model.fingerprint)
    return target
