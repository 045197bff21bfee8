"""Check that a request may change the collection.

Changes need the option --allow-changes, and must come from the server's own pages. A page of
another site can make a browser send requests to this server. However, it can neither read the
change key nor set the header that carries it, and the browser tells the origin of the page.
"""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Header, Request
from starlette.datastructures import Headers

from sokkuri.core.errors import ChangesError
from sokkuri.web.context import AppContext, Context

HEADER = "X-Sokkuri-Change"


def check_origin(headers: Headers) -> None:
    """Raise ChangesError if the browser says that the request comes from another origin.

    The scheme is not compared: behind a proxy the page uses HTTPS, and this server does not.
    """
    host = headers.get("host", "").lower()
    origin = headers.get("origin", f"http://{host}")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin" or _host_of(origin) != host:
        raise ChangesError("only this server's own pages may change the collection")


def _host_of(origin: str) -> str | None:
    """Return host and port of an origin, or None if it has none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:  # brackets without an address in them
        return None


async def _check_write_access(
    request: Request,
    context: Context,
    key: Annotated[
        str,
        Header(alias=HEADER, description="The key that `GET /api/v1/changes` returns."),
    ] = "",
) -> AppContext:
    """Return the context if the request may change the collection. Raises ChangesError."""
    if not context.config.allow_changes:
        raise ChangesError("this server is read-only: start it with --allow-changes")
    check_origin(request.headers)
    if not hmac.compare_digest(key.encode("utf-8", "replace"), context.change_key.encode()):
        raise ChangesError(
            f"the header {HEADER} does not carry this server's key: get it from "
            "/api/v1/changes again"
        )
    return context


WriteContext = Annotated[AppContext, Depends(_check_write_access)]
"""The parameter type by which a route that changes the collection gets the context. Raises
ChangesError."""
