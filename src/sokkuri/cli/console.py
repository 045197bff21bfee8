"""Print results, messages and a progress bar in the terminal.

Results go to stdout. Messages, errors and the progress bar go to stderr. Control characters in
messages are escaped, because a file name could otherwise move the cursor or change colours.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sokkuri.cli.formatting import escape_control

if TYPE_CHECKING:  # types only: a search must not import what indexing needs
    from collections.abc import Iterator

    from sokkuri.core.types import Progress


def print_message(line: str) -> None:
    """Print a message for the user on stderr."""
    print(escape_control(line), file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """Print a result on stdout."""
    print(text)


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on stdout. Bytes that are not UTF-8 appear as lone surrogates."""
    print_result(json.dumps(document, indent=2))


def print_json_line(document: dict[str, Any]) -> None:
    """Print a JSON document on a line of its own and flush it, for results that stream."""
    print_result(json.dumps(document))
    sys.stdout.flush()


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """Draw a progress bar on stderr while the block runs, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield Bar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as rich:
        yield _RichBar(rich)


class Bar:
    """Draws nothing, but prints the notes."""

    def show(self, progress: Progress[object]) -> None:
        if progress.note:
            print_message(progress.note)


class _RichBar(Bar):
    """Draws the stage, the count, the rate and the time left."""

    def __init__(self, rich: Any) -> None:
        self._rich = rich
        self._task = rich.add_task("listing", total=None, rate="")

    def show(self, progress: Progress[object]) -> None:
        if progress.note:
            self._rich.console.print(escape_control(progress.note), markup=False)
        speed = self._rich.tasks[0].speed
        self._rich.update(
            self._task,
            description=progress.stage,
            completed=progress.done,
            total=progress.total or None,
            rate=f"{speed:.0f} images/s" if speed and progress.stage == "extracting" else "",
        )
