"""The verbs that take vectors over and hand them on: `import` and `export`."""

from contextlib import closing
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import Json, Where, collection_at, folder_at
from sokkuri.cli.target import (
    DecodingName,
    DtypeName,
    IdName,
    Place,
    folder_and_store,
    opened,
    value_of,
)
from sokkuri.core.errors import UsageError


class FormatName(StrEnum):
    """The layouts that `export` writes."""

    article = "article"
    clip_retrieval = "clip-retrieval"
    parquet = "parquet"


def export(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="A new or an empty folder, or an address.")
    ],
    format_: Annotated[
        FormatName, typer.Option("--format", help="Which tools shall read it.")
    ] = FormatName.article,
    dtype: Annotated[DtypeName, typer.Option(help="The numbers' type.")] = DtypeName.float32,
    shard_size: Annotated[int, typer.Option(min=1, help="Rows a file.")] = 10_000,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Write the vectors in id order for other tools, and read back what was written."""
    from sokkuri.api import Collection
    from sokkuri.core.locations import parse_location
    from sokkuri.indexing.export import Exported, ExportOptions
    from sokkuri.indexing.export import export as written

    options = ExportOptions(format_.value, dtype.value, shard_size)
    done = Exported(0, 0, 0)
    with (
        Collection.open(collection_at(where), "ro") as collection,
        closing(written(collection, parse_location(folder), options)) as parts,
    ):
        for part in parts:
            done = part
    if as_json:
        console.put_json(asdict(done))
    else:
        console.put(f"{done.rows:,} rows in {done.shards:,} shards, {console.amount(done.bytes)}")


def import_(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="Files `<id>.npy`, or `NNNN.features.npy` pairs.")
    ],
    root: Annotated[
        str | None, typer.Option(metavar="DIR", help="For a new collection: where its images are.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the collection here, not in ROOT/.sokkuri."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.onnx|CARD.toml", help="What made the features."),
    ] = None,
    decode: Annotated[
        DecodingName | None,
        typer.Option(help="For a new collection: `exact` by default, as the scripts decode."),
    ] = None,
    ids: Annotated[
        IdName | None,
        typer.Option(help="For a new collection: what the ids are, by default names."),
    ] = None,
    dtype: Annotated[
        DtypeName | None,
        typer.Option(help="For a new collection: of the vectors on disk.", show_default=False),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete files of one vector once it was read back.")
    ] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Take over features that the article's scripts made; exits with 1 if any was refused."""
    from sokkuri.core.types import Progress
    from sokkuri.indexing.import_features import Imported, import_features
    from sokkuri.indexing.settings import resolve_ids

    vectors = folder_at(folder)
    done = Imported()
    asked = Place(root, store, where, model, value_of(decode), value_of(dtype))
    with opened(_place(asked)) as collection:
        kind = resolve_ids(collection.catalog, value_of(ids), "name")
        collection.catalog.set_meta("ids", kind)
        taking = import_features(collection, vectors, delete=delete)
        with closing(taking) as parts, console.progress_bar() as bar:
            for done in parts:
                at = done.imported + done.known
                for note in done.notes or [""]:
                    bar.show(Progress("importing", at, 0, note, done.refused))
    if as_json:
        console.put_json({key: value for key, value in asdict(done).items() if key != "notes"})
    else:
        console.put(
            f"{done.imported:,} imported, {done.known:,} known, {done.refused:,} refused, "
            f"{done.deleted:,} files deleted"
        )
    if done.refused:
        raise typer.Exit(1)


def _place(asked: Place) -> Place:
    """For a new collection, decoding as the scripts do; whose network it was must be said."""
    from sokkuri.store.collection import has_store

    if asked.root is None or has_store(folder_and_store(asked)[1]):
        return asked
    if asked.model is None:
        raise UsageError("say which network made these features: --model FILE.onnx")
    return replace(asked, decode=asked.decode or "exact")
