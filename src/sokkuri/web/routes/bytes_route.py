"""Requests whose queries keep what the client sent: a folder's name that is not UTF-8, too."""

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams


class _BytesRequest(Request):
    """Bytes that are not UTF-8 become lone surrogates, as in the path."""

    @cached_property
    def query_params(self) -> QueryParams:
        query = self.scope["query_string"].decode("latin-1")
        return QueryParams(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))


class BytesRoute(APIRoute):
    """The route class of routers whose queries name files or folders."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def with_bytes(request: Request) -> Response:
            return await handler(_BytesRequest(request.scope, request.receive))

        return with_bytes
