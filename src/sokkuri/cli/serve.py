"""`sokkuri serve`: open the collection in the browser, and serve the HTTP API."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sokkuri.cli import console
from sokkuri.cli.options import CollectionOption, EngineOption, PollOption, find_collection
from sokkuri.core.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from sokkuri.web.config import ServeConfig

_MIN_TOKEN_LENGTH = 16  # characters


def serve(
    folder: Annotated[
        str | None,
        typer.Argument(
            help="Folder of images, or store. A folder without a collection is set up in the"
            " browser.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the browser.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SOKKURI_TOKEN",
            help="Secret that clients must send. `new` makes a random one.",
            show_default=False,
        ),
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let in everybody who can reach the address.")
    ] = False,
    mosaic: Annotated[
        bool, typer.Option("--mosaic", help="Pixelate every image, to show a private collection.")
    ] = False,
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes",
            help="Let the pages label, decide about duplicates, move files to the trash, and "
            "index again.",
        ),
    ] = False,
    cors: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Allow scripts of this site. Repeatable."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Further host name of this server. Repeatable."),
    ] = None,
    max_upload: Annotated[
        int, typer.Option(min=1, metavar="MIB", help="Largest request body.")
    ] = 64,
    max_upload_pixels: Annotated[
        int,
        typer.Option(min=1, metavar="MP", help="Largest image of a request, in megapixels."),
    ] = 100,
    cache: Annotated[
        int, typer.Option(min=0, metavar="MIB", help="Space for thumbnails on disk.")
    ] = 512,
    no_setup: Annotated[
        bool,
        typer.Option("--no-setup", help="Fail if FOLDER has no collection, and set up none."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Index changes of the folder as they come.")
    ] = False,
    poll: PollOption = None,
    engine: EngineOption = None,
    collection: CollectionOption = None,
) -> None:
    """Browse and search the collection in the browser.

    Other programs use the HTTP API.
    """
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
        token=_check_token(token),
        mosaic=mosaic,
        origins=tuple(cors or ()),
        hosts=tuple(name.lower() for name in allow_host or ()),
        max_upload=max_upload * 2**20,
        upload_pixels=max_upload_pixels * 10**6,
        cache_bytes=cache * 2**20,
        allow_changes=allow_changes,
        watch=watch,
        poll=poll,
        engine=engine,
    )
    if poll is not None and not watch:
        raise UsageError("--poll says how often --watch looks at the folder: add --watch")
    where, first_run = _find_place(folder, collection, no_setup=no_setup)
    _check_exposure(config, no_auth=no_auth, first_run=first_run)
    try:
        serve_collection(
            where, config, console.print_message, browser=not no_browser, first_run=first_run
        )
    except KeyboardInterrupt:  # the normal way to stop the server
        console.print_message("stopped")


def _find_place(
    folder: str | None, collection: Path | None, *, no_setup: bool
) -> tuple[Path, bool]:
    """Return the folder or store to serve, and whether a page must set it up first."""
    from sokkuri.core.locations import Address, parse_location
    from sokkuri.store.places import choose_store, has_store

    if folder is None:
        return find_collection(collection), False
    if collection is not None:
        raise UsageError("the collection is named twice: as FOLDER and with -C")
    place = parse_location(folder)
    if isinstance(place, Address):
        raise UsageError(
            f"{place} is an address: run `sokkuri index {place} --store DIR`, then "
            "`sokkuri serve DIR`"
        )
    if no_setup or has_store(place):
        return place, False
    from sokkuri.api import check_folder

    root = check_folder(place)
    assert isinstance(root, Path)
    choose_store(root, None)  # report a folder that is a store, or in one
    return root, True


def _check_token(token: str | None) -> str | None:
    """Return the token; a random one for `new`. Raises UsageError if it is too short."""
    if token == "new":  # noqa: S105, the word that asks for a random token
        drawn = secrets.token_urlsafe(24)
        console.print_message(f"the token is {drawn}")
        return drawn
    if token is not None and len(token) < _MIN_TOKEN_LENGTH:
        raise UsageError(
            f"a token of {len(token)} characters is easy to guess: use {_MIN_TOKEN_LENGTH} or "
            "more, or `--token new`"
        )
    return token


def _check_exposure(config: "ServeConfig", *, no_auth: bool, first_run: bool) -> None:
    """Raise UsageError if others on the network could get in without an explicit option."""
    from sokkuri.web.config import is_loopback

    if config.token is not None and no_auth:
        raise UsageError("--token and --no-auth contradict each other: give one of them")
    if is_loopback(config.host):
        return
    if config.allow_changes and config.token is None:
        raise UsageError(
            f"--allow-changes with --host {config.host} needs a token, because everybody on the "
            "network could move files to the trash: add `--token new`"
        )
    if first_run and config.token is None:
        raise UsageError(
            f"a first run with --host {config.host} needs a token, because everybody on the "
            "network could start it: add `--token new`"
        )
    if config.token is None and not no_auth:
        raise UsageError(
            f"--host {config.host} lets others on the network in: add `--token new`, or --no-auth "
            "to let everybody see these images"
        )
    if no_auth:
        console.print_message(
            f"there is no token: everybody who can reach {config.host} can see and search every "
            "image of this collection"
        )
    else:
        console.print_message(
            "the token and the images go over the network unencrypted: see docs/serve.md"
        )
