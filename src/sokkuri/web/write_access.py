"""Which requests may change something: those of the server's own pages, where it was said so.

A page of another site can make a browser send requests here, but neither read the key nor set the
header that carries it, and its browser says where it comes from.
"""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Header, Request
from starlette.datastructures import Headers

from sokkuri.core.errors import ChangesError
from sokkuri.web.context import Hall, Parts

HEADER = "X-Sokkuri-Change"


def check_origin(headers: Headers) -> None:
    """Raises ChangesError where the browser says that another origin's page asks.

    The scheme is not compared: behind a proxy the page's is HTTPS, and ours is not.
    """
    host = headers.get("host", "").lower()
    origin = headers.get("origin", f"http://{host}")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin" or _place(origin) != host:
        raise ChangesError("only this server's own pages may change something")


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:  # brackets without an address in them
        return None


async def _may_change(
    request: Request,
    hall: Hall,
    key: Annotated[
        str,
        Header(alias=HEADER, description="The key that `GET /api/v1/changes` tells."),
    ] = "",
) -> Parts:
    if not hall.config.allow_changes:
        raise ChangesError("nothing can be changed here: serve with --allow-changes")
    check_origin(request.headers)
    if not hmac.compare_digest(key.encode("utf-8", "replace"), hall.change_key.encode()):
        raise ChangesError(f"{HEADER} does not carry the key of this server: ask for it again")
    return hall


Changing = Annotated[Parts, Depends(_may_change)]
"""The way to the parts for a route that changes something. Raises ChangesError."""
