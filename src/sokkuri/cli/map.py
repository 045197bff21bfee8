"""`sokkuri map`: all images in two dimensions, by likeness."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import count_text
from sokkuri.cli.options import CollectionOption, JsonOption, find_collection

if TYPE_CHECKING:
    from sokkuri.curation.map.make_map import MapReport


def map_(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make a new map, on which every image may move.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write id, x, y and label of each image to a .csv or .parquet file.",
        ),
    ] = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Arrange all images on a plane, by likeness.

    Similar ones are near each other. Later runs give new images a place beside similar ones, and
    move no other image.
    """
    from contextlib import closing

    from sokkuri.api import Collection
    from sokkuri.curation.map.make_map import MapReport, make_map
    from sokkuri.curation.map.points import check_kind, read_points, write_points

    if out is not None:
        check_kind(out)
    report = MapReport(0)
    with Collection.open(find_collection(collection), "ro") as opened:
        with closing(make_map(opened, rebuild=rebuild)) as steps, console.progress_bar() as bar:
            for step in steps:
                bar.show(step)
                report = step.result or report
        written = None
        if out is not None:
            points = read_points(opened)
            write_points(out, points)
            written = len(points.ids)
    if as_json:
        console.print_json(
            {
                "contents": report.contents,
                "projected": report.projected,
                "placed": report.placed,
                **({} if written is None else {"written": written}),
            }
        )
        return
    console.print_result(_report_text(report))
    if written is not None:
        console.print_result(f"{count_text(written, 'image')} written to {out}")


def _report_text(report: "MapReport") -> str:
    pictures = count_text(report.contents, "different picture")
    if report.projected:
        return f"a new map of {pictures}"
    if report.placed:
        return f"a map of {pictures}, {report.placed:,} of them new"
    return f"the map of {pictures} is up to date"
