"""Runs the server: listens, says where, opens the browser, and ends in good order.

Takes a collection's place and a ServeConfig; returns when it is stopped.
"""

import asyncio
import errno
import logging
import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError, UsageError
from sokkuri.search.engines.registry import open_engine
from sokkuri.web.app import create_app
from sokkuri.web.config import ServeConfig
from sokkuri.web.context import Parts
from sokkuri.web.head_timeout import in_time

_BACKLOG = 256
_MOST_CONNECTIONS = 1000
_GOODBYE_SECONDS = 1  # for answers under way when the server is stopped


def serve(
    where: Path,
    config: ServeConfig,
    told: Callable[[str], None],
    *,
    browser: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM. told : is given a line for the user, once it listens.

    Raises what opening the collection does, UsageError where the port or host cannot be had,
    KeyboardInterrupt at the end.
    """
    Collection.open(where, "ro").close()  # what is wrong with it is said here, in one line
    if config.engine is not None:
        open_engine(config.engine).close()  # and an address that makes no sense; nobody is asked
    app = create_app(where, config)
    hall: Parts = app.state.parts
    listening = _listen(config)
    address = _address(config, listening)
    link = address if hall.keys is None else f"{address}login?once={hall.keys.once}"
    settings = uvicorn.Config(
        app,
        http=in_time(config.header_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    server = _Server(settings, hall, lambda: _greet(told, config, link, browser=browser))
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says so when it can serve, and gets ready what the first search needs."""

    def __init__(self, settings: uvicorn.Config, hall: Parts, ready: Callable[[], None]) -> None:
        super().__init__(settings)
        self._hall = hall
        self._ready = ready
        self._warming: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
            self._warming = asyncio.create_task(_warm(self._hall))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._hall.watch.end()  # else whoever listens to events would be cut off
        await super().shutdown(sockets)


async def _warm(hall: Parts) -> None:
    """Load the network before somebody waits for it."""
    with suppress(SokkuriError):  # whoever asks is told
        await hall.uploads.warm()


def _greet(told: Callable[[str], None], config: ServeConfig, link: str, *, browser: bool) -> None:
    told(f"sokkuri serves at {link}")
    if config.token is not None:
        told("the link lets one browser in, once; programs send Authorization: Bearer TOKEN")
    if browser:  # in a thread: some browsers give back control only when they are closed
        threading.Thread(target=_show, args=(link, told), daemon=True).start()


def _show(link: str, told: Callable[[str], None]) -> None:
    if not webbrowser.open(link):
        told("no browser could be opened: open that address yourself")


def _listen(config: ServeConfig) -> socket.socket:
    """Raises UsageError."""
    try:
        found = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        # With the protocol's own number: asyncio turns Nagle's algorithm off only where it sees it,
        # and an answer in two parts would wait 40 ms for the other side's acknowledgement.
        listening = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
        if os.name == "posix":  # there alone it means: also right after the server before
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {config.port} of {config.host} is taken: name another with --port"
            ) from None
        raise UsageError(f"cannot listen on {config.host}: {error.strerror or error}") from None
    return listening


def _address(config: ServeConfig, listening: socket.socket) -> str:
    """What a browser on this machine opens."""
    port = listening.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
