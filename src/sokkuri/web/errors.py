"""Errors as RFC 9457 problem documents: from what was raised to a status and one clear line.

`type` is `urn:sokkuri:problem:NAME`; docs/api.md lists the names. A fault of ours is logged with
its trace and answered without it.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from sokkuri.core.errors import (
    BusyError,
    ChangesError,
    EngineError,
    ImageError,
    MissingExtraError,
    SlowError,
    SokkuriError,
    TooLargeError,
    UnknownImageError,
    UnsupportedError,
    UsageError,
    WithheldError,
)

URN = "urn:sokkuri:problem:"
MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("sokkuri.web")


_KINDS: tuple[tuple[type[SokkuriError], int, str], ...] = (
    (BusyError, 503, "busy"),
    (TooLargeError, 413, "too-large"),
    (SlowError, 408, "slow"),
    (WithheldError, 403, "withheld"),
    (ChangesError, 403, "changes"),
    (UnknownImageError, 404, "unknown-image"),
    (UsageError, 422, "invalid"),
    (UnsupportedError, 422, "unsupported"),
    (ImageError, 422, "unreadable-image"),
    (MissingExtraError, 501, "missing-extra"),
    (EngineError, 503, "engine"),
    (SokkuriError, 503, "collection"),
)
"""The first that fits: an error's status and its name in the address of the problem's type."""


_EXTRA = {
    503: {"Retry-After": "1"},
    413: {"Connection": "close"},  # the rest of the body is not waited for
    408: {"Connection": "close"},
}


class AsciiJSON(Response):
    """JSON in ASCII, so that file names which are not UTF-8 (lone surrogates, PEP 383) arrive."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def problem(
    status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem document as a response."""
    document = {
        "type": f"{URN}{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return AsciiJSON(document, status, {**(headers or {}), "Cache-Control": "no-store"}, MEDIA_TYPE)


def answer_for(error: SokkuriError) -> Response:
    """The problem that an error of ours is."""
    for kind, status, name in _KINDS:
        if isinstance(error, kind):
            return problem(status, name, str(error), _EXTRA.get(status))
    raise error  # not reached: the last kind is every error


Otherwise = Callable[[Request, HTTPException], Awaitable[Response | None]]
"""An answer for an error of HTTP that is better than a problem document, or None."""


def add_handlers(app: FastAPI, otherwise: Otherwise) -> None:
    """Let the app answer with problems, whatever is raised."""

    async def ours(_request: Request, error: Exception) -> Response:
        assert isinstance(error, SokkuriError)
        return answer_for(error)

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem(422, "invalid", _complaints(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if (better := await otherwise(request, error)) is not None:
            return better
        kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "refused")
        return problem(error.status_code, kind, str(error.detail), error.headers)

    async def fault(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
        return problem(500, "fault", "the server failed at this; its log says more")

    app.add_exception_handler(SokkuriError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, fault)


def _complaints(error: RequestValidationError) -> str:
    """What is wrong with each part of the request, in one line."""
    parts = []
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0])
        parts.append(f"{where}: {one['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)
