"""`sokkuri serve`: the collection in the browser, and over HTTP."""

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import Engine, Where, collection_at
from sokkuri.core.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from sokkuri.web.config import ServeConfig

_LEAST_TOKEN = 16  # characters


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Leave the browser alone.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SOKKURI_TOKEN",
            help="What clients must show; `new` draws one.",
            show_default=False,
        ),
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let everybody in who can reach the address.")
    ] = False,
    mosaic: Annotated[
        bool, typer.Option("--mosaic", help="Blur every picture, for showing private ones.")
    ] = False,
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes",
            help="Let the pages label, decide about duplicates, and move files to the trash.",
        ),
    ] = False,
    cors: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Let scripts of this site ask; may be repeated."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name of this server; may be repeated."),
    ] = None,
    max_upload: Annotated[int, typer.Option(min=1, metavar="MIB", help="Of a request.")] = 64,
    cache: Annotated[
        int, typer.Option(min=0, metavar="MIB", help="Of thumbnails kept on disk.")
    ] = 512,
    engine: Engine = None,
    where: Where = None,
) -> None:
    """Look around the collection in the browser; other programs get an HTTP API."""
    try:
        from sokkuri.web.config import ServeConfig
        from sokkuri.web.server import serve as serve_collection
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sokkuri"):
            raise
        raise MissingExtraError("the server", "web") from None
    config = ServeConfig(
        host=host,
        port=port,
        token=_token(token),
        mosaic=mosaic,
        origins=tuple(cors or ()),
        hosts=tuple(name.lower() for name in allow_host or ()),
        max_upload=max_upload * 2**20,
        cache_bytes=cache * 2**20,
        allow_changes=allow_changes,
        engine=engine,
    )
    _check_open(config, no_auth=no_auth)
    try:
        serve_collection(collection_at(where), config, console.say, browser=not no_browser)
    except KeyboardInterrupt:  # the way to stop it: nothing was cut short
        console.say("stopped")


def _token(given: str | None) -> str | None:
    if given == "new":
        drawn = secrets.token_urlsafe(24)
        console.say(f"the token is {drawn}")
        return drawn
    if given is not None and len(given) < _LEAST_TOKEN:
        raise UsageError(
            f"a token of {len(given)} characters is soon guessed: take {_LEAST_TOKEN} or more, "
            "or `--token new`"
        )
    return given


def _check_open(config: "ServeConfig", *, no_auth: bool) -> None:
    """Others on the network are let in only where that was said in so many words."""
    from sokkuri.web.config import is_loopback

    if config.token is not None and no_auth:
        raise UsageError("--token and --no-auth contradict each other")
    if is_loopback(config.host):
        return
    if config.allow_changes and config.token is None:
        raise UsageError(
            f"--allow-changes with --host {config.host} wants a token: whoever reaches it could "
            "move files to the trash otherwise: add `--token new`"
        )
    if config.token is None and not no_auth:
        raise UsageError(
            f"--host {config.host} lets others on the network in: add `--token new`, or --no-auth "
            "to let everybody look at these pictures"
        )
    if no_auth:
        console.say(
            f"without a token: whoever reaches {config.host} can look at every picture of this "
            "collection, and search it"
        )
    else:
        console.say("the token and the pictures go over the network unencrypted: see docs/serve.md")
