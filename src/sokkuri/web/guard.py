"""ASGI middleware that checks every request before a route sees it.

It checks the Host header, the origin, the token, and the length and pace of the body. The check of
the Host header stops pages of other sites whose domain name points to this server (DNS rebinding).
The check of the origin stops pages of other sites that send forms to this server. The guard also
adds headers that forbid a page to load anything from elsewhere. Refused requests get a problem
document.
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
from sokkuri.web.errors import error_response, problem_response
from sokkuri.web.login import AuthSecrets
from sokkuri.web.origins import may_send

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@?#\\\s]+)(?::[0-9]*)?")
"""A name or an address, with an optional port. Addresses with colons stand in brackets."""
_MIN_BYTES_PER_SECOND = 4096  # average over the whole body
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_SEARCH_PATH = "/api/v1/search"
_MAX_JSON = 64 * 2**10  # bytes of a body
_MAX_CHANGE = 2**20  # bytes of a body that lists a thousand images
_OPEN_PATHS = (
    "/healthz", "/api/v1/healthz", "/login", "/static/login.css", "/static/icon.svg",
    "/static/base/theme.js",
)  # fmt: skip
"""Paths that need no token: the health check and the login page."""


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp, config: ServeConfig, auth_secrets: AuthSecrets | None) -> None:
        self._app = app
        self._config = config
        self._auth_secrets = auth_secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _decode_path(scope)
        refusal = self._check(scope)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send, scope))
            return
        max_body = _max_body(scope, Headers(scope=scope), self._config)
        body = _Body(receive, max_body, self._config.body_seconds)
        await self._app(scope, body, _with_headers(send, scope))

    def _check(self, scope: Scope) -> Response | None:
        """Return the answer that refuses the request, or None if it is allowed."""
        headers = Headers(scope=scope)
        return self._check_sender(scope, headers) or self._check_token(scope, headers)

    def _check_sender(self, scope: Scope, headers: Headers) -> Response | None:
        if not self._is_own_host(headers.get("host", "")):
            return problem_response(
                421, "wrong-host", "the Host header does not name this server: see --allow-host"
            )
        if not self._is_own_sender(scope, headers):
            return problem_response(
                403,
                "origin" if scope["path"] == _SEARCH_PATH else "changes",
                "a page of another site may not send this: see --cors for searches",
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _max_body(scope, headers, self._config):
            return error_response(_too_large(_max_body(scope, headers, self._config)))
        return None

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        if self._auth_secrets is None or scope["path"] in _OPEN_PATHS:
            return None
        if _is_authenticated(headers, self._auth_secrets):
            return None
        if "text/html" in headers.get("accept", "") and scope["method"] == "GET":
            return RedirectResponse("/login", 303)
        return problem_response(
            401,
            "token",
            "this server needs a token: send the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )

    def _is_own_sender(self, scope: Scope, headers: Headers) -> bool:
        """Return whether the request only reads, or comes from a page that may send it. The login
        form is open to all: it changes nothing without the token."""
        if scope["method"] in _SAFE_METHODS or scope["path"] == "/login":
            return True
        allowed = self._config.origins if scope["path"] == _SEARCH_PATH else ()
        return may_send(headers, allowed)

    def _is_own_host(self, host: str) -> bool:
        """Return whether the Host header may name this server. Names must be known. Any IP address
        is allowed, because DNS rebinding needs a name."""
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].strip("[]").lower().rstrip(".")
        if name in ("localhost", self._config.host.lower(), *self._config.hosts):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _is_authenticated(headers: Headers, auth_secrets: AuthSecrets) -> bool:
    """Return whether the request carries the token or the session cookie."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and auth_secrets.is_token(token.strip()):
        return True
    # The standard library's parser drops all cookies if a cookie of another server is malformed.
    cookies = cookie_parser(headers.get("cookie", ""))
    return auth_secrets.is_session(cookies.get(auth_secrets.cookie_name, ""))


def _decode_path(scope: Scope) -> None:
    """Decode the path so that file names which are not UTF-8 keep their bytes."""
    raw_path = scope.get("raw_path")
    if raw_path is not None:
        scope["path"] = unquote_to_bytes(raw_path).decode("utf-8", "surrogateescape")


def _with_headers(send: Send, scope: Scope) -> Send:
    """Return a `send` that adds the security headers."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if scope["path"].startswith("/api/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers


def _max_body(scope: Scope, headers: Headers, config: ServeConfig) -> int:
    """Return the largest body in bytes that this request may have."""
    if scope["path"] == _SEARCH_PATH:
        is_form = headers.get("content-type", "").lower().startswith("multipart/")
        return config.max_upload if is_form else min(_MAX_JSON, config.max_upload)
    if scope["path"].startswith("/api/"):
        return min(_MAX_CHANGE, config.max_upload)
    return min(_MAX_JSON, config.max_upload)


def _too_large(limit: int) -> TooLargeError:
    size = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
    return TooLargeError(
        f"the body of the request is larger than {size}, the limit for this address: see "
        "--max-upload for pictures"
    )


class _Body:
    """A `receive` that passes on the body while it is small enough and arrives fast enough.

    limit : in bytes. seconds : time limit for each part. Raises TooLargeError and SlowError in the
    route that reads the body.
    """

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._seconds = seconds
        self._length = 0
        self._is_complete = False
        self._start = time.monotonic()

    async def __call__(self) -> Message:
        if self._is_complete:  # the next message is the disconnect, which may come much later
            return await self._receive()
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._receive()
        except TimeoutError:
            raise SlowError("the body of the request did not arrive in time") from None
        self._length += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._length > self._limit:
            raise _too_large(self._limit)
        seconds = time.monotonic() - self._start
        if seconds > self._seconds and self._length < _MIN_BYTES_PER_SECOND * seconds:
            raise SlowError("the body of the request arrives too slowly")
        return message
