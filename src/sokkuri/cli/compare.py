"""`sokkuri compare`: are two image files the same picture?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import escape_control
from sokkuri.cli.options import JsonOption, write_text
from sokkuri.core.errors import ImageError, UsageError

if TYPE_CHECKING:
    from sokkuri.curation.duplicates.compare_files import Comparison


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="An image file.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.", show_default=False)],
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write both images with their overlap as an HTML page."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whether two image files are the same picture.

    Exit code 0: one is a copy of the other. 1: it is not. 2: wrong usage, or no readable image.
    """
    from sokkuri.core.locations import parse_location
    from sokkuri.curation.duplicates.compare_files import compare_files

    if as_json and html == Path("-"):
        raise UsageError("--json and --html - both write to stdout: give one of them")
    try:
        result = compare_files(parse_location(a), parse_location(b))
    except ImageError as error:
        raise UsageError(str(error)) from None
    for note in result.notes:
        console.print_message(f"sokkuri: {note}")
    if html is not None:
        from sokkuri.cli.contact_sheet import comparison_sheet

        page = comparison_sheet(result)
        if html == Path("-"):
            console.print_result(page.removesuffix("\n"))
        else:
            write_text(html, page)
    if as_json:
        console.print_json(_document(result))
    elif html != Path("-"):
        console.print_result(_text(result))
    if not result.is_copy:
        raise typer.Exit(1)


def _document(result: "Comparison") -> dict[str, Any]:
    """Return the JSON document of a comparison."""
    from dataclasses import asdict

    return {
        "a": str(result.a),
        "b": str(result.b),
        "copy": result.is_copy,
        "grade": result.grade,
        "score": result.score,
        "edits": result.edits,
        "kinds": result.kinds,
        "overlap": None if result.overlap is None else asdict(result.overlap),
        "keep": None if result.keep is None else str(result.keep),
        "why": result.why,
        "conflict": result.conflict,
    }


def _text(result: "Comparison") -> str:
    """Return a comparison in a few lines."""
    verdict = "a copy" if result.is_copy else "no copy"
    grade = "" if result.grade is None else f", {result.grade}"
    lines = [f"{verdict}{grade}, score {result.score:.3f}", *result.edits]
    if result.overlap is not None:
        overlap = result.overlap
        lines.append(f"{overlap.share_a:.0%} of A lies in B, {overlap.share_b:.0%} of B lies in A")
    if result.keep is not None and result.grade != "identical":
        lines.append(f"keep {escape_control(str(result.keep))}: it {result.why}")
    lines += [f"look at it: {escape_control(result.conflict)}"] if result.conflict else []
    return "\n".join(lines)
