"""Run the server: listen, print the address, open the browser, shut down cleanly.

Takes the folder of a collection and a ServeConfig. Returns when the server is stopped.
"""

import asyncio
import errno
import logging
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError, UsageError
from sokkuri.core.product_threads import small_products
from sokkuri.search.engines.registry import open_engine
from sokkuri.web.app import create_app
from sokkuri.web.config import ServeConfig
from sokkuri.web.context import AppContext
from sokkuri.web.first_run import FirstRun
from sokkuri.web.head_timeout import protocol_with_timeout
from sokkuri.web.services.folder_watch import FolderWatch

_BACKLOG = 256
_MAX_CONNECTIONS = 1000
_SHUTDOWN_SECONDS = 1  # time that running answers get to finish


def serve(
    where: Path,
    config: ServeConfig,
    print_message: Callable[[str], None],
    *,
    browser: bool = False,
    first_run: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM.

    print_message : prints a line for the user, once the server listens.
    browser : open the page in a browser.
    first_run : `where` is a folder of images without a collection, which a page sets up.

    Raises the errors of opening a collection, UsageError if the port or host is not available,
    and KeyboardInterrupt at the end.
    """
    if not first_run:
        Collection.open(where, "ro").close()  # report errors of the collection before listening
    if config.engine is not None:
        open_engine(config.engine).close()  # report a malformed address; connects to nothing
    folder_watch = FolderWatch(where, config.poll, print_message) if config.watch else None
    app = (
        FirstRun(where, config, folder_watch)
        if first_run
        else create_app(where, config, folder_watch=folder_watch)
    )
    secrets = app.secrets if isinstance(app, FirstRun) else app.state.context.secrets
    listener = _listen(config)
    link = url = _server_url(config, listener)
    if secrets.auth is not None:
        link = f"{url}login?once={secrets.auth.one_time_code}"
    settings = uvicorn.Config(
        app,
        http=protocol_with_timeout(config.header_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    uvicorn_log = logging.getLogger("uvicorn.error")
    uvicorn_log.setLevel(logging.ERROR)
    uvicorn_log.addFilter(_is_not_logged_yet)

    def on_started() -> None:
        _announce(print_message, config, link, browser=browser)
        if folder_watch is not None:
            folder_watch.start()

    try:
        with small_products():
            _Server(settings, app, on_started).run(sockets=[listener])
    finally:
        if folder_watch is not None:
            folder_watch.stop()


def _is_not_logged_yet(record: logging.LogRecord) -> bool:
    """Return whether uvicorn is the first to log this. The application has logged its faults."""
    return not record.getMessage().startswith("Exception in ASGI application")


class _Server(uvicorn.Server):
    """A server that reports when it is ready, and then loads the model for the first search."""

    def __init__(
        self,
        settings: uvicorn.Config,
        app: FastAPI | FirstRun,
        on_started: Callable[[], None],
    ) -> None:
        super().__init__(settings)
        self._app = app
        self._on_started = on_started
        self._load_task: asyncio.Task[None] | None = None

    @property
    def _context(self) -> AppContext | None:
        """The context of the collection; None before a first run has created it."""
        if isinstance(self._app, FirstRun):
            return self._app.context
        context: AppContext = self._app.state.context
        return context

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()
            if self._context is not None:
                self._load_task = asyncio.create_task(_load_model(self._context))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._context is not None:
            # Otherwise uvicorn would cut off event streams.
            await self._context.watcher.end_streams()
        await super().shutdown(sockets)


async def _load_model(context: AppContext) -> None:
    """Load the model before the first search needs it."""
    with suppress(SokkuriError):  # the first search reports the error
        await context.uploads.load_model()


def _announce(
    print_message: Callable[[str], None], config: ServeConfig, link: str, *, browser: bool
) -> None:
    """Print the address and open it in a browser."""
    print_message(f"sokkuri serves at {link}")
    if config.token is not None:
        print_message(
            "the link logs in one browser, once; programs send Authorization: Bearer TOKEN"
        )
    if browser:  # in a thread: some browsers return only when they are closed
        threading.Thread(target=_open_browser, args=(link, print_message), daemon=True).start()


def _open_browser(link: str, print_message: Callable[[str], None]) -> None:
    if not webbrowser.open(link):
        print_message("no browser could be opened: open this address yourself")


def _listen(config: ServeConfig) -> socket.socket:
    """Return a socket that listens on the host and port. Raises UsageError."""
    try:
        infos = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = infos[0]
        # The protocol number must be given: asyncio turns off Nagle's algorithm only for TCP
        # sockets that name it. Otherwise an answer in two parts waits 40 ms for an acknowledgement.
        listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
        if sys.platform == "win32":  # otherwise another program could take over the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # listen at once after an earlier server has stopped
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {config.port} of {config.host} is in use: name another port with --port"
            ) from None
        raise UsageError(f"cannot listen on {config.host}: {error.strerror or error}") from None
    return listener


def _server_url(config: ServeConfig, listener: socket.socket) -> str:
    """Return the address that a browser on this machine opens."""
    port = listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
