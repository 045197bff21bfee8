"""The shell's verbs. Each opens what it needs, calls one function, and prints what came of it.

Nobody imports this package. Verbs import what they need when they run: `search` must start fast.
Exit codes: 0 done; 1 failed; 2 usage; 3 done but some images could not be read (`--strict`);
130 interrupted.
"""

import sys
from typing import Annotated, NoReturn

import typer

from sokkuri.cli import console
from sokkuri.cli.duplicates import duplicates
from sokkuri.cli.index import index
from sokkuri.cli.label import label
from sokkuri.cli.list import list_
from sokkuri.cli.maintenance import compact, remove, status, verify
from sokkuri.cli.merge import merge
from sokkuri.cli.models import models
from sokkuri.cli.push import push
from sokkuri.cli.search import search
from sokkuri.cli.serve import serve
from sokkuri.cli.signals import INTERRUPTED, end_in_time, leave
from sokkuri.cli.suggest import outliers, suggest
from sokkuri.cli.transfer import export, import_
from sokkuri.core.errors import SokkuriError

app = typer.Typer(
    help="Similar-image search for a folder of photos, on your machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: an error is a line, and help needs no further import
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> NoReturn:
    """The command `sokkuri`: runs a verb and ends the process with its exit code."""
    end_in_time()
    for stream in (sys.stdout, sys.stderr):
        # File names that are not UTF-8 go out as the bytes they are.
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    code: int | str | None = 0
    try:
        app(prog_name="sokkuri")
    except SokkuriError as error:
        console.say(f"sokkuri: {error}")
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as leaving:
        code = leaving.code
    leave(code if isinstance(code, int) else int(code is not None))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        console.put(version("sokkuri"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Similar-image search for a folder of photos, on your machine."""


_VERBS = (
    index, search, serve, duplicates, suggest, outliers, label, status, verify, remove, compact,
    export, models, merge, push,
)  # fmt: skip
for verb in _VERBS:
    app.command()(verb)
app.command("import")(import_)
app.command("list")(list_)
