"""Print results, messages and a progress bar in the terminal.

Results go to stdout. Messages, errors and the progress bar go to stderr. Control characters in
messages are escaped, because a file name could otherwise move the cursor or change colours.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sokkuri.cli.formatting import escape_control
from sokkuri.core.errors import from_os_error

if TYPE_CHECKING:  # types only: a search must not import what indexing needs
    from collections.abc import Iterator

    from sokkuri.core.types import Progress


def prepare_streams() -> None:
    """Let both streams write file names that are not UTF-8 as their original bytes. A stream that
    the shell closed swallows everything."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        else:
            stream.reconfigure(errors="surrogateescape")


def print_message(line: str) -> None:
    """Print a message for the user on stderr, if anything can be written there."""
    with suppress(OSError):
        print(escape_control(line), file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """Print a result on stdout. Raises StorageError if it cannot be written."""
    with writing_output():
        print(text)


def print_raw(text: str) -> None:
    """Print data for programs on stdout, with names as they are; on a terminal, control characters
    are escaped. Raises StorageError if it cannot be written."""
    with writing_output():
        if sys.stdout.isatty():
            text = "\n".join(map(escape_control, text.split("\n")))
        sys.stdout.buffer.write(os.fsencode(text))


@contextmanager
def writing_output() -> Iterator[None]:
    """Raise StorageError if the block cannot write to stdout. End quietly if its reader left."""
    try:
        yield
    except BrokenPipeError:
        raise SystemExit(1) from None
    except OSError as error:
        raise from_os_error(error, "the output") from error


def flush_output() -> None:
    """Write what stdout still holds. Raises as `writing_output`."""
    with writing_output():
        sys.stdout.flush()


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on stdout. Bytes that are not UTF-8 appear as lone surrogates."""
    print_result(json.dumps(document, indent=2))


def print_json_line(document: dict[str, Any]) -> None:
    """Print a JSON document on a line of its own and flush it, for results that stream."""
    print_result(json.dumps(document))
    flush_output()


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
