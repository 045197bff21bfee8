"""`sokkuri label`: what images show, kept with the collection."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import Json, Where, collection_at
from sokkuri.core.errors import StorageError, UsageError

if TYPE_CHECKING:
    from sokkuri.api import Collection

_NAMED = 5


def label(
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID... LABEL]", help="Images, and last what they show."),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the labels of these images away.")
    ] = False,
    import_: Annotated[
        list[Path] | None,
        typer.Option(
            "--import",
            metavar="FILE|FOLDER",
            help="Take labels from CSV, `id,label`, or from the names of folders; repeatable.",
        ),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all labels as CSV; - for stdout.")
    ] = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Say what images show; without arguments, count the labels."""
    from sokkuri.api import Collection

    given = images or []
    if sum(map(bool, (given, import_, export))) > 1:
        raise UsageError("label images, --import or --export: one at a time")
    if remove and not given:
        raise UsageError("say whose labels to remove: --remove ID...")
    reads = not (given or import_)
    with Collection.open(collection_at(where), "ro" if reads else "rw") as collection:
        if export is not None:
            _export(collection, export, as_json=as_json)
        elif import_:
            _import(collection, import_, as_json=as_json)
        elif given:
            _set(collection, given, remove=remove, as_json=as_json)
        else:
            _count(collection, as_json=as_json)


def _set(collection: "Collection", given: list[str], *, remove: bool, as_json: bool) -> None:
    from sokkuri.store.labels import set_labels

    if len(given) < 2 and not remove:
        raise UsageError("say which images, and last their label: sokkuri label ID... LABEL")
    ids, name = (given, None) if remove else (given[:-1], given[-1])
    before = set_labels(collection.catalog, [(id_, name) for id_ in ids])
    if remove:
        count = sum(old is not None for _, old in before)
        _say({"removed": count}, f"{console.some(count, 'label')} removed", as_json=as_json)
    else:
        _say({"labelled": len(ids)}, f"{console.some(len(ids), 'image')} labelled", as_json=as_json)


def _import(collection: "Collection", sources: list[Path], *, as_json: bool) -> None:
    from sokkuri.curation.labeling.label_files import import_labels

    found = import_labels(collection, sources)
    say_unknown(found.unknown)
    _say(
        {"labelled": len(found.labels), "unknown": list(found.unknown)},
        f"{console.some(len(found.labels), 'image')} labelled",
        as_json=as_json,
    )


def _export(collection: "Collection", file: Path, *, as_json: bool) -> None:
    from sokkuri.core.atomic import atomic_write
    from sokkuri.curation.labeling.label_files import export_labels

    lines = export_labels(collection.catalog)
    if str(file) == "-":
        if as_json:
            raise UsageError("--export - writes CSV: leave --json out, or name a file")
        for line in lines:
            sys.stdout.buffer.write(os.fsencode(line))
        sys.stdout.flush()
        return
    count = -1  # the head is no label
    try:
        with atomic_write(file) as out:
            for line in lines:
                out.write(os.fsencode(line))
                count += 1
    except OSError as error:
        raise StorageError(f"{file} could not be written: {error.strerror or error}") from error
    _say({"exported": count}, f"{console.some(count, 'label')} written", as_json=as_json)


def _count(collection: "Collection", *, as_json: bool) -> None:
    from sokkuri.store.images import count_images
    from sokkuri.store.labels import label_counts

    counts = label_counts(collection.catalog)
    total, labelled = count_images(collection.catalog).live, sum(counts.values())
    lines = [f"{count:>8,}  {console.shown(name)}" for name, count in counts.items()]
    lines.append(f"{labelled:,} of {total:,} images have a label")
    document = {"labels": counts, "labelled": labelled, "total": total}
    _say(document, "\n".join(lines), as_json=as_json)


def say_unknown(unknown: tuple[str, ...]) -> None:
    """What a source of labels names and the collection lacks, on stderr."""
    if unknown:
        named = ", ".join(unknown[:_NAMED]) + (", ..." if len(unknown) > _NAMED else "")
        console.say(f"{len(unknown):,} of the images named are not in the collection: {named}")


def _say(document: dict[str, object], text: str, *, as_json: bool) -> None:
    if as_json:
        console.put_json(document)
    else:
        console.put(text)
