"""Check that a request may change the collection.

Changes need the option --allow-changes, and must come from the server's own pages. A page of
another site can make a browser send requests to this server. However, it can neither read the
change key nor set the header that carries it, and the browser tells the origin of the page.
"""

import hmac
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.datastructures import Headers

from sokkuri.core.errors import ChangesError
from sokkuri.web.bytes_route import BytesRoute
from sokkuri.web.context import AppContext, Context
from sokkuri.web.origins import is_from_own_page

HEADER = "X-Sokkuri-Change"


def check_origin(headers: Headers) -> None:
    """Raise ChangesError if the browser says that the request comes from another origin."""
    if not is_from_own_page(headers):
        raise ChangesError("only this server's own pages may change the collection")


def check_write_access(headers: Headers, context: AppContext, *, allowed: bool) -> None:
    """Raise ChangesError unless a request with these headers may change the collection.

    allowed : whether the server allows such a change at all.
    """
    if not allowed:
        raise ChangesError("this server is read-only: start it with --allow-changes")
    check_origin(headers)
    key = headers.get(HEADER, "")
    if not hmac.compare_digest(key.encode("utf-8", "replace"), context.change_key.encode()):
        raise ChangesError(
            f"the header {HEADER} does not carry this server's key: get it from "
            "/api/v1/changes again"
        )


class ChangesRoute(BytesRoute):
    """The route class for routers with routes that change the collection.

    A POST is checked before its body is read, so that nobody else can keep the server busy with it.
    """

    def may_change(self, request: Request) -> bool:
        """Return whether the server allows the changes of this route."""
        return bool(request.app.state.context.config.allow_changes)

    async def check_request(self, request: Request) -> None:
        """Raise ChangesError, or what is wrong with the body."""
        if request.method == "POST":
            allowed = self.may_change(request)
            check_write_access(request.headers, request.app.state.context, allowed=allowed)
            await request.body()  # here, since FastAPI would hide why it cannot be read


ChangeKey = Annotated[
    str, Header(alias=HEADER, description="The key that `GET /api/v1/changes` returns.")
]
"""The parameter type that shows the header of the key in the OpenAPI document."""


async def _writable_context(request: Request, context: Context, _key: ChangeKey = "") -> AppContext:
    """Return the context if the request may change the collection. Raises ChangesError."""
    check_write_access(request.headers, context, allowed=context.config.allow_changes)
    return context


WriteContext = Annotated[AppContext, Depends(_writable_context)]
"""The parameter type by which a route that changes the collection gets the context. Raises
ChangesError."""
