"""What stands before every route: is this request meant for us, allowed, and of a size we take?

An ASGI middleware. Checks the Host header (a page of another site that lets its name point here is
turned away), the token, and the body's length and pace; adds the headers that keep a page from
loading anything that is not ours. Refuses with problem documents.
"""

import asyncio
import ipaddress
import re
import time
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokkuri.core.errors import SlowError, TooLargeError
from sokkuri.web.config import ServeConfig
from sokkuri.web.errors import answer_for, problem
from sokkuri.web.login import Keys

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@?#\\\s]+)(?::[0-9]*)?")
"""A name or an address, in brackets where it has colons, and perhaps a port."""
_LEAST_RATE = 4096  # bytes a second, over the whole body
_OPEN = ("/healthz", "/api/v1/healthz", "/login", "/static/login.css", "/static/icon.svg")
"""What needs no token: whether it serves, and the way in."""


class Guard:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, config: ServeConfig, keys: Keys | None) -> None:
        self._app = app
        self._config = config
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _keep_bytes(scope)
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send, scope))
            return
        await self._app(scope, _Body(receive, self._config), _with_headers(send, scope))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_ours(headers.get("host", "")):
            return problem(
                421, "wrong-host", "this server does not go by that name: see --allow-host"
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._config.max_upload:
            return answer_for(_too_large(self._config))
        if self._keys is None or scope["path"] in _OPEN or _is_let_in(headers, self._keys):
            return None
        if "text/html" in headers.get("accept", "") and scope["method"] == "GET":
            return RedirectResponse("/login", 303)
        return problem(
            401,
            "token",
            "this server wants its token: Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )

    def _is_ours(self, host: str) -> bool:
        """Names must be known; an address is one that no name could be made to stand for."""
        parts = _HOST.fullmatch(host)
        if parts is None:
            return False
        name = parts[1].strip("[]").lower().rstrip(".")
        if name in ("localhost", self._config.host.lower(), *self._config.hosts):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _is_let_in(headers: Headers, keys: Keys) -> bool:
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and keys.is_token(token.strip()):
        return True
    # Not the standard library's parser: it drops all cookies where one of another server is odd.
    return keys.is_session(cookie_parser(headers.get("cookie", "")).get(keys.cookie, ""))


def _keep_bytes(scope: Scope) -> None:
    """The path as the client sent it: a file name that is not UTF-8 would be lost otherwise."""
    raw = scope.get("raw_path")
    if raw is not None:
        scope["path"] = unquote_to_bytes(raw).decode("utf-8", "surrogateescape")


def _with_headers(send: Send, scope: Scope) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if scope["path"].startswith("/api/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return wrapped


def _too_large(config: ServeConfig) -> TooLargeError:
    return TooLargeError(
        f"the request's body is larger than the {config.max_upload / 2**20:.0f} MiB that this "
        "server takes: see --max-upload"
    )


class _Body:
    """Hands the body on part by part, as long as it is within the limit and keeps coming.

    Raises TooLargeError and SlowError to the route that reads it, which then answers with them.
    """

    def __init__(self, receive: Receive, config: ServeConfig) -> None:
        self._receive = receive
        self._config = config
        self._length = 0
        self._ended = False
        self._began = time.monotonic()

    async def __call__(self) -> Message:
        if self._ended:  # what comes now is the client's farewell, which may take for ever
            return await self._receive()
        try:
            async with asyncio.timeout(self._config.body_seconds):
                message = await self._receive()
        except TimeoutError:
            raise SlowError("the request's body did not come in time") from None
        self._length += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._length > self._config.max_upload:
            raise _too_large(self._config)
        spent = time.monotonic() - self._began
        if spent > self._config.body_seconds and self._length < _LEAST_RATE * spent:
            raise SlowError("the request's body comes too slowly")
        return message
