"""The commands that look after a collection: `status`, `verify`, `remove` and `compact`."""

from dataclasses import asdict
from typing import Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import (
    compaction_text,
    count_text,
    faults_json,
    faults_text,
    status_json,
    status_text,
)
from sokkuri.cli.options import AnnFromOption, CollectionOption, JsonOption, find_collection
from sokkuri.core.errors import UsageError


def status(
    report: Annotated[
        bool,
        typer.Option("--report", help="Print versions and counts, without paths, to report a bug."),
    ] = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show counts, failures with reasons, model and disk space."""
    from sokkuri.api import Collection

    if report and as_json:
        raise UsageError("--report prints text: omit --json")
    with Collection.open(find_collection(collection), "ro") as opened:
        result = opened.status()
    if report:
        from sokkuri.indexing.bug_report import write_report

        console.print_result(write_report(result))
    elif as_json:
        console.print_json(status_json(result))
    else:
        console.print_result(status_text(result))


def verify(
    deep: Annotated[
        bool, typer.Option("--deep", help="Also extract a sample again and compare the vectors.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend faults. Undamaged rows stay as they are.")
    ] = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check vectors, catalog and files against each other.

    Exit with code 1 if there is a fault.
    """
    from sokkuri.api import Collection

    with Collection.open(find_collection(collection), "rw" if repair else "ro") as opened:
        for line in opened.repair() if repair else []:
            console.print_message(line)
        faults = opened.verify(deep=deep)
    if as_json:
        console.print_json(faults_json(faults))
    else:
        console.print_result(faults_text(faults))
    if faults:
        raise typer.Exit(1)


def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids of images in the collection.")],
    restore: Annotated[
        bool, typer.Option("--restore", help="Undo: take these images back in.")
    ] = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep images out of searches and later runs.

    The image files stay where they are.
    """
    from sokkuri.api import Collection

    with Collection.open(find_collection(collection)) as opened:
        count = opened.restore(ids) if restore else opened.remove(ids)
    verb = "restored" if restore else "removed"
    if as_json:
        console.print_json({verb: count})
    else:
        console.print_result(f"{count_text(count, 'image')} {verb}")


def compact(
    purge: Annotated[
        bool,
        typer.Option("--purge", help="Also forget images whose files are gone."),
    ] = False,
    ann_from: AnnFromOption = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rewrite the vectors without those that no longer count.

    This frees disk space and renews the indexes. A kill at any moment is safe.
    """
    from sokkuri.api import Collection

    with (
        Collection.open(find_collection(collection)) as opened,
        console.progress_bar() as bar,
    ):
        report = opened.compact(ann_from, bar.show, purge=purge)
    if as_json:
        console.print_json(asdict(report))
    else:
        console.print_result(compaction_text(report))
