"""A route class that keeps the bytes of a query, for names of files and folders that are not UTF-8.

Starlette replaces bytes that are not UTF-8 with U+FFFD.
"""

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams


class _BytesRequest(Request):
    """A request that decodes bytes which are not UTF-8 to lone surrogates, as in the path."""

    @cached_property
    def query_params(self) -> QueryParams:
        query = self.scope["query_string"].decode("latin-1")
        return QueryParams(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))


class BytesRoute(APIRoute):
    """The route class for routers whose queries name files or folders."""

    async def check_request(self, request: Request) -> None:
        """Check a request before its body is read. Subclasses raise what refuses it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return a handler that passes on a request with all bytes of its query."""
        handler = super().get_route_handler()

        async def with_bytes(request: Request) -> Response:
            with_query = _BytesRequest(request.scope, request.receive)
            await self.check_request(with_query)
            return await handler(with_query)

        return with_bytes
