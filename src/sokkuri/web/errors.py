"""Problem documents (RFC 9457): turn exceptions into a status and one clear line.

`type` is `urn:sokkuri:problem:NAME`; docs/api.md lists the names. A fault of the server is logged
with its traceback, which the answer does not contain.
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
from starlette.requests import ClientDisconnect

from sokkuri.core.errors import (
    BusyError,
    ChangesError,
    ConflictError,
    EngineError,
    ImageError,
    MissingExtraError,
    SlowError,
    SokkuriError,
    TooLargeError,
    UnknownImageError,
    UnknownSelectionError,
    UnsupportedError,
    UsageError,
    WithheldError,
    from_os_error,
)

URN = "urn:sokkuri:problem:"
MEDIA_TYPE = "application/problem+json"
_MAX_COMPLAINTS = 5  # fields that an answer names
_MAX_COMPLAINT = 300  # characters about a field
_log = logging.getLogger("sokkuri.web")


_STATUS_AND_NAME: tuple[tuple[type[SokkuriError], int, str], ...] = (
    (BusyError, 503, "busy"),
    (TooLargeError, 413, "too-large"),
    (SlowError, 408, "slow"),
    (WithheldError, 403, "withheld"),
    (ChangesError, 403, "changes"),
    (UnknownImageError, 404, "unknown-image"),
    (UnknownSelectionError, 404, "unknown-selection"),
    (ConflictError, 409, "conflict"),
    (UsageError, 422, "invalid"),
    (UnsupportedError, 422, "unsupported"),
    (ImageError, 422, "unreadable-image"),
    (MissingExtraError, 501, "missing-extra"),
    (EngineError, 503, "engine"),
    (SokkuriError, 503, "collection"),
)
"""Status and problem name of each exception class. The first class that matches counts."""


_HEADERS = {
    503: {"Retry-After": "1"},
    413: {"Connection": "close"},  # the server does not read the rest of the body
    408: {"Connection": "close"},
}


class AsciiJSON(Response):
    """JSON in ASCII. Escapes keep file names that are not UTF-8 (lone surrogates, PEP 383)."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the content as JSON. Raises ValueError for NaN and infinity."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def problem_response(
    status: int, name: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with a problem document."""
    document = {
        "type": f"{URN}{name}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return AsciiJSON(document, status, {**(headers or {}), "Cache-Control": "no-store"}, MEDIA_TYPE)


def error_response(error: SokkuriError) -> Response:
    """Return the problem document of an exception of sokkuri."""
    for error_class, status, name in _STATUS_AND_NAME:
        if isinstance(error, error_class):
            return problem_response(status, name, str(error), _HEADERS.get(status))
    raise error  # not reached: the last class is the base of all


NotFoundPage = Callable[[Request, HTTPException], Awaitable[Response | None]]
"""Returns an HTML answer to an HTTP error, or None for a problem document."""


def add_error_handlers(app: FastAPI, not_found_page: NotFoundPage) -> None:
    """Make the app answer every exception with a problem document, or with a page if
    `not_found_page` returns one."""

    async def handle_sokkuri_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, SokkuriError)
        return error_response(error)

    async def handle_invalid_request(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(422, "invalid", _validation_text(error))

    async def handle_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if (page := await not_found_page(request, error)) is not None:
            return page
        name = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "refused")
        return problem_response(error.status_code, name, str(error.detail), error.headers)

    async def handle_fault(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
        # uvicorn closes the connection after a fault, so no other request may be sent on it.
        headers = {"Connection": "close"}
        return problem_response(500, "fault", "the server has a fault: see its log", headers)

    async def handle_disconnect(_request: Request, _error: Exception) -> Response:
        return Response(status_code=408)  # nobody reads it: the client left while it sent a body

    async def handle_os_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        return error_response(from_os_error(error))

    app.add_exception_handler(OSError, handle_os_error)
    app.add_exception_handler(ClientDisconnect, handle_disconnect)
    app.add_exception_handler(SokkuriError, handle_sokkuri_error)
    app.add_exception_handler(RequestValidationError, handle_invalid_request)
    app.add_exception_handler(HTTPException, handle_http_error)
    app.add_exception_handler(Exception, handle_fault)


def _validation_text(error: RequestValidationError) -> str:
    """Return one line that names the first invalid fields and what is wrong with them."""
    complaints = []
    entries = error.errors()
    for entry in entries[:_MAX_COMPLAINTS]:
        field = ".".join(str(part) for part in entry["loc"][1:]) or str(entry["loc"][0])
        complaint = f"{field}: {entry['msg'].removeprefix('Value error, ')}"
        complaints.append(complaint[:_MAX_COMPLAINT])
    if len(entries) > _MAX_COMPLAINTS:
        complaints.append(f"and {len(entries) - _MAX_COMPLAINTS:,} more")
    return "; ".join(complaints)
