"""The commands of the shell. Each opens what it needs, calls one function and prints its result.

No other package imports this one. Commands import what they need when they run, because `search`
must start fast. Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some images could not be
read (`--strict`); 130 interrupted.
"""

import gc
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from sokkuri.cli import console
from sokkuri.cli.compare import compare
from sokkuri.cli.duplicates import duplicates
from sokkuri.cli.index import index
from sokkuri.cli.label import label
from sokkuri.cli.list import list_
from sokkuri.cli.maintenance import compact, remove, status, verify
from sokkuri.cli.map import map_
from sokkuri.cli.merge import merge
from sokkuri.cli.models import models
from sokkuri.cli.push import push
from sokkuri.cli.search import search
from sokkuri.cli.serve import serve
from sokkuri.cli.signals import INTERRUPTED, exit_now, install_handlers
from sokkuri.cli.suggest import outliers, suggest
from sokkuri.cli.transfer import export, import_
from sokkuri.cli.watch import watch
from sokkuri.core.errors import SokkuriError, from_os_error

_COMMANDS = {
    command.__name__.rstrip("_"): command
    for command in (
        index, watch, search, serve, duplicates, compare, suggest, outliers, label, status, verify,
        remove, compact, export, models, merge, push, import_, list_, map_,
    )
}  # fmt: skip

_WRONG_USAGE = 2  # exit code
_HOW_TO_BEGIN = (
    "sokkuri serve FOLDER   look around in a folder of photos in the browser, and set it up there",
    "sokkuri index FOLDER   the same setup in the shell; then `sokkuri search FOLDER/photo.jpg`",
    "sokkuri --help         list all commands",
)

_COLLECTED_AFTER = 50_000
"""New objects after which Python looks for cycles. At its default of 700, it looks again and again
while a command imports what it needs, which makes a cold search slower."""


def main() -> NoReturn:
    """Run the command line and end the process with the exit code."""
    gc.set_threshold(_COLLECTED_AFTER)
    install_handlers()
    console.prepare_streams()
    exit_now(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code. arguments : None for those of the process."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        for line in _HOW_TO_BEGIN:
            console.print_message(line)
        return _WRONG_USAGE
    code: int | str | None = 0
    try:
        try:
            build_app_for(arguments)(arguments, prog_name="sokkuri")
        finally:
            console.flush_output()
    except SokkuriError as error:
        code = _report(error)
    except OSError as error:  # a place that no part of sokkuri expected to fail
        code = _report(from_os_error(error))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as ended:
        code = ended.code
    return code if isinstance(code, int) else int(code is not None)


def _report(error: SokkuriError) -> int:
    """Print the error and return the exit code."""
    console.print_message(f"sokkuri: {error}")
    return error.exit_code


def _print_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        console.print_result(version("sokkuri"))
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Similar-image search for a folder of photos, on your machine."""


class _Group(TyperGroup):
    """The commands, which complain about wrong values in the words of sokkuri alone."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # Pydantic's
            raise


def _build_app(names: Iterable[str]) -> typer.Typer:
    """Return the command line with the commands of these names."""
    built = typer.Typer(
        cls=_Group,
        help="Similar-image search for a folder of photos, on your machine.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain text: an error is one line, and --help imports nothing more
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    built.callback()(_options)
    for name in names:
        built.command(name)(_COMMANDS[name])
    return built


app = _build_app(_COMMANDS)


def build_app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the command line with the command that these arguments name, or the whole one. To
    build the parsers of all commands takes longer than the parser of one."""
    named = [name for name in arguments[:1] if name in _COMMANDS]
    return _build_app(named) if named else app
