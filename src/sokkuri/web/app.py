"""Puts the server together: routes, their parts, and what stands before them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from sokkuri.web import context
from sokkuri.web.config import ServeConfig
from sokkuri.web.errors import add_handlers
from sokkuri.web.guard import Guard
from sokkuri.web.routes import duplicates, images, labels, originals, pages, searches, state
from sokkuri.web.services.metrics import Counting

_GZIP_FROM = 20_000  # bytes: below, packing costs more than it saves on the way


def create_app(where: Path, config: ServeConfig | None = None) -> FastAPI:
    """The ASGI application for the collection in `where` : its folder of images, or its store.

    Raises NoCollectionError.
    """
    hall = context.made(where, config or ServeConfig())

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        await hall.watch.start()
        try:
            yield
        finally:
            await hall.watch.stop()
            hall.close()

    app = FastAPI(
        title="sokkuri",
        version=version("sokkuri"),
        description="What looks like this? Search a collection of images by what they look like.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # those pages load scripts from another host
        redoc_url=None,
        lifespan=running,
        redirect_slashes=False,
    )
    app.state.parts = hall
    add_handlers(app, pages.no_page)
    # images after searches: .../similar is no id
    for one in (searches, originals, images, duplicates, labels, state, pages):
        app.include_router(one.router)
    pages.add_files(app)
    _put_before(app, hall)
    return app


def _put_before(app: FastAPI, hall: context.Parts) -> None:
    """What every request passes, the last one added first."""
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_FROM)
    app.add_middleware(Guard, config=hall.config, keys=hall.keys)
    if hall.config.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(hall.config.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(Counting, counts=hall.counts)
