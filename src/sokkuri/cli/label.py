"""`sokkuri label`: say what images show, import and export labels."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import count_text, escape_control
from sokkuri.cli.options import CollectionOption, JsonOption, find_collection
from sokkuri.core.errors import StorageError, UsageError

if TYPE_CHECKING:
    from sokkuri.api import Collection

_MAX_LISTED_IDS = 5


def label(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID... LABEL]", help="Images, then their label."),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the labels of these images.")
    ] = False,
    import_: Annotated[
        list[Path] | None,
        typer.Option(
            "--import",
            metavar="FILE|FOLDER",
            help="Import labels from a CSV file (`id,label`) or from folder names. Repeatable.",
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all labels to a CSV file, or - for stdout."),
    ] = None,
    suggest: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL,LABEL,...", help="Suggest one of these labels for each image, by words."
        ),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Set the suggested labels.")] = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(metavar="P", min=0, max=1, help="How sure a label must be. Default: 0.5."),
    ] = None,
    rename: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="OLD NEW", help="Rename a label, or merge it into another one."),
    ] = None,
    delete: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Delete a label: no image has it then.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Undo the latest --rename or --delete.")
    ] = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Label images. Without arguments, count the labels."""
    from sokkuri.api import Collection

    given = arguments or []
    edits = (rename is not None, delete is not None, undo)
    if sum(map(bool, (given, import_, export, suggest is not None, *edits))) > 1:
        raise UsageError(
            "label images, --import, --export, --suggest, --rename, --delete and --undo are "
            "separate: give one of them"
        )
    if suggest is None and (apply or min_confidence is not None):
        raise UsageError("--apply and --min-confidence belong to --suggest LABEL,LABEL,...")
    if remove and not given:
        raise UsageError("name the images that lose their labels: --remove ID...")
    reads = not (given or import_ or apply or any(edits))
    with Collection.open(find_collection(collection), "ro" if reads else "rw") as opened:
        if suggest is not None:
            _suggest(opened, suggest, min_confidence, apply=apply, as_json=as_json)
        elif export is not None:
            _export(opened, export, as_json=as_json)
        elif import_:
            _import(opened, import_, as_json=as_json)
        elif any(edits):
            names = rename if delete is None else (delete, None)
            _edit(opened, names, as_json=as_json)
        elif given:
            _set_labels(opened, given, remove=remove, as_json=as_json)
        else:
            _count(opened, as_json=as_json)


def _set_labels(
    collection: "Collection", arguments: list[str], *, remove: bool, as_json: bool
) -> None:
    from sokkuri.store.labels import set_labels

    if len(arguments) < 2 and not remove:
        raise UsageError("name the images and then their label: sokkuri label ID... LABEL")
    ids, name = (arguments, None) if remove else (arguments[:-1], arguments[-1])
    before = set_labels(collection.catalog, [(id_, name) for id_ in ids])
    if remove:
        count = sum(old is not None for _, old in before)
        _print({"removed": count}, f"{count_text(count, 'label')} removed", as_json=as_json)
    else:
        _print({"labelled": len(ids)}, f"{count_text(len(ids), 'image')} labelled", as_json=as_json)


def _edit(collection: "Collection", names: tuple[str, str | None] | None, *, as_json: bool) -> None:
    """Rename or delete a label. Without `names`, undo the latest such change."""
    from sokkuri.store.label_edits import replace_label, undo_label_edit

    if names is None:
        edit = undo_label_edit(collection.catalog)
        change, end = "", " again"
    else:
        edit = replace_label(collection.catalog, *names)
        change, end = ("no longer ", "") if edit.to is None else ("now ", "")
    have = "has" if edit.changed == 1 else "have"
    label = escape_control(edit.label)
    if names is not None and edit.to is not None:
        label = f"{escape_control(edit.to)} instead of {label}"
    text = f"{count_text(edit.changed, 'image')} {change}{have} the label {label}{end}"
    _print(asdict(edit), text, as_json=as_json)


def _suggest(
    collection: "Collection",
    written: str,
    min_confidence: float | None,
    *,
    apply: bool,
    as_json: bool,
) -> None:
    from sokkuri.curation.labeling.word_labels import apply_labels, suggest_labels

    labels = [label for label in written.split(",") if label.strip()]
    suggested = suggest_labels(
        collection, labels, 0.5 if min_confidence is None else min_confidence
    )
    document: dict[str, object] = {"suggestions": [asdict(one) for one in suggested]}
    lines = [
        f"{one.confidence:.3f}  {escape_control(one.label)}  {escape_control(one.id)}"
        for one in suggested
    ]
    if apply:
        count = apply_labels(collection, suggested)
        document["labelled"] = count
        lines = [f"{count_text(count, 'image')} labelled"]
    elif not lines and not as_json:
        console.print_message("no image without a label fits one of these well enough")
        return
    _print(document, "\n".join(lines), as_json=as_json)


def _import(collection: "Collection", sources: list[Path], *, as_json: bool) -> None:
    from sokkuri.curation.labeling.label_files import import_labels

    imported = import_labels(collection, sources)
    warn_of_unknown(imported.unknown)
    _print(
        {"labelled": len(imported.labels), "unknown": list(imported.unknown)},
        f"{count_text(len(imported.labels), 'image')} labelled",
        as_json=as_json,
    )


def _export(collection: "Collection", file: Path, *, as_json: bool) -> None:
    from sokkuri.core.atomic import atomic_write
    from sokkuri.curation.labeling.label_files import export_labels

    lines = export_labels(collection.catalog)
    if str(file) == "-":
        if as_json:
            raise UsageError("--export - writes CSV to stdout: omit --json, or name a file")
        for line in lines:
            console.print_raw(line)
        return
    count = -1  # does not count the header
    try:
        with atomic_write(file) as out:
            for line in lines:
                out.write(os.fsencode(line))
                count += 1
    except OSError as error:
        raise StorageError(f"{file} could not be written: {error.strerror or error}") from error
    _print({"exported": count}, f"{count_text(count, 'label')} written", as_json=as_json)


def _count(collection: "Collection", *, as_json: bool) -> None:
    from sokkuri.store.images import count_images
    from sokkuri.store.labels import label_counts

    counts = label_counts(collection.catalog)
    total, labelled = count_images(collection.catalog).live, sum(counts.values())
    lines = [f"{count:>8,}  {escape_control(name)}" for name, count in counts.items()]
    lines.append(f"{labelled:,} of {count_text(total, 'image')} labelled")
    document = {"labels": counts, "labelled": labelled, "total": total}
    _print(document, "\n".join(lines), as_json=as_json)


def warn_of_unknown(ids: tuple[str, ...]) -> None:
    """Print on stderr which images of a label file the collection does not have."""
    if ids:
        names = ", ".join(ids[:_MAX_LISTED_IDS]) + (", ..." if len(ids) > _MAX_LISTED_IDS else "")
        console.print_message(
            f"{count_text(len(ids), 'image')} not in the collection, and skipped: {names}"
        )


def _print(document: dict[str, object], text: str, *, as_json: bool) -> None:
    if as_json:
        console.print_json(document)
    else:
        console.print_result(text)
