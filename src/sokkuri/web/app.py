"""Create the ASGI application: routes, their context, error handlers, middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from sokkuri.web.config import ServeConfig
from sokkuri.web.context import AppContext, Secrets, create_context
from sokkuri.web.errors import add_error_handlers
from sokkuri.web.guard import Guard
from sokkuri.web.routes import (
    duplicates,
    images,
    indexing,
    labels,
    maps,
    originals,
    pages,
    searches,
    selections,
    state,
    trash,
)
from sokkuri.web.services.folder_watch import FolderWatch
from sokkuri.web.services.metrics import MetricsMiddleware

# searches before images: the route of an image would take ".../similar" for a part of the id
API_ROUTERS = (
    searches.router,
    originals.router,
    images.router,
    duplicates.router,
    labels.router,
    maps.router,
    indexing.router,
    selections.router,
    trash.router,
    state.router,
)
"""The routers of the HTTP API, in the order in which they are asked."""

_GZIP_MIN_BYTES = 20_000  # smaller answers take longer to compress than to send


def create_app(
    where: Path,
    config: ServeConfig | None = None,
    secrets: Secrets | None = None,
    *,
    may_index: bool = False,
    folder_watch: FolderWatch | None = None,
) -> FastAPI:
    """Return the ASGI application for the collection at `where` : its root folder or its store.

    secrets, may_index, folder_watch : as for `create_context`. Raises NoCollectionError.
    """
    context = create_context(
        where, config or ServeConfig(), secrets, may_index=may_index, folder_watch=folder_watch
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await context.watcher.start()
        try:
            yield
        finally:
            await context.watcher.stop()
            context.close()

    app = FastAPI(
        title="sokkuri",
        version=version("sokkuri"),
        description="Similar-image search for a collection of images.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages would load scripts from another host
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.context = context
    add_error_handlers(app, pages.not_found_page)
    for router in (*API_ROUTERS, pages.router):
        app.include_router(router)
    pages.add_static_files(app)
    _add_middleware(app, context)
    return app


def _add_middleware(app: FastAPI, context: AppContext) -> None:
    """Add the middleware. Starlette calls the one that was added last first."""
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_MIN_BYTES)
    app.add_middleware(Guard, config=context.config, auth_secrets=context.auth_secrets)
    if context.config.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(context.config.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(MetricsMiddleware, metrics=context.metrics)
