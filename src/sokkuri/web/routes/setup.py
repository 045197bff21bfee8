"""Routes of a first run: what the folder holds, an estimate, and the request to index it.

A server has them only until its folder has a collection, so the OpenAPI document lacks them.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.pages import page
from sokkuri.web.schemas.indexing import SetupRequestDocument
from sokkuri.web.services.setup import estimate_setup, read_setup
from sokkuri.web.setup_context import SetupContext
from sokkuri.web.write_access import ChangesRoute, check_origin

SETUP_PAGE = "/setup"

router = APIRouter(route_class=ChangesRoute, include_in_schema=False)


async def _setup_context(request: Request) -> SetupContext:
    context: SetupContext = request.app.state.context
    return context


Setup = Annotated[SetupContext, Depends(_setup_context)]
"""The parameter type by which a route gets the context."""


@router.get("/api/v1/setup")
async def read(context: Setup) -> Response:
    """Return what the folder holds. Writes nothing."""
    return AsciiJSON(await context.executor.run(read_setup, context.root, context.is_closed))


@router.get("/api/v1/setup/estimate")
async def estimate(
    context: Setup, network: Annotated[str, Query(min_length=1, max_length=200)]
) -> Response:
    """Return what a first run with this network would need. Extracts a small sample."""
    return AsciiJSON(await context.executor.run(estimate_setup, context.root, network))


@router.post("/api/v1/setup")
async def begin(context: Setup, request: SetupRequestDocument) -> Response:
    """Create the collection and start to index. Then the server serves the collection."""
    await context.begin(request.network)
    return AsciiJSON({"started": True})


@router.get("/api/v1/changes")
async def rights(request: Request, context: Setup) -> Response:
    """Return the key that the page must send with its request to index."""
    check_origin(request.headers)
    return AsciiJSON({"allowed": False, "key": context.change_key})


@router.get("/api/v1/info")
async def info(context: Setup) -> Response:
    """Return what a page needs before it can show anything."""
    return AsciiJSON({"name": context.root.name or str(context.root), "setup": True,
                      "mosaic": context.config.mosaic, "max_upload": context.config.max_upload,
                      "changes": False, "words": False, "no_words": None})  # fmt: skip


@router.get("/healthz")
@router.get("/api/v1/healthz")
async def health() -> Response:
    """Report that the server runs. Needs no token."""
    return AsciiJSON({"status": "ok"})


router.add_api_route(SETUP_PAGE, page, methods=["GET", "HEAD"])


async def to_setup() -> Response:
    """Lead from any other page to the page that sets up the folder."""
    return RedirectResponse(SETUP_PAGE, 303)
