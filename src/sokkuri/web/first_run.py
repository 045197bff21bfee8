"""A server for a folder without a collection: a page sets it up, then it serves the collection.

Nothing is created before a person presses Index. The request carries the key that guards changes.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from sokkuri.indexing.options import SyncOptions
from sokkuri.web.app import create_app
from sokkuri.web.config import ServeConfig
from sokkuri.web.context import AppContext, Secrets
from sokkuri.web.errors import add_error_handlers
from sokkuri.web.guard import Guard
from sokkuri.web.routes import pages, setup
from sokkuri.web.services.folder_watch import FolderWatch
from sokkuri.web.services.setup import create_collection
from sokkuri.web.services.thread_pool import BoundedExecutor
from sokkuri.web.setup_context import SetupContext

_WAITING = 16  # looks at the folder that may wait


class FirstRun:
    """The ASGI application. `context` : of the collection, None before it exists. folder_watch : as
    for `create_context`."""

    def __init__(
        self, root: Path, config: ServeConfig, folder_watch: FolderWatch | None = None
    ) -> None:
        self.secrets = Secrets.drawn(config)
        self.context: AppContext | None = None
        self._root = root
        self._config = config
        self._folder_watch = folder_watch
        self._setup = SetupContext(
            root,
            replace(config, allow_changes=True),
            self.secrets,
            self._begin,
            BoundedExecutor("looks at the folder", 1, _WAITING),
        )
        self._app: ASGIApp = _create_setup_app(self._setup)
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._app(scope, receive, send)

    async def _begin(self, network: str) -> None:
        """Create the collection, serve it from now on, and start to index it.

        A second request changes nothing. Raises UsageError, ModelError, StorageError.
        """
        async with self._lock:
            if self.context is not None:
                return
            await asyncio.to_thread(create_collection, self._root, network)
            app = create_app(
                self._root,
                self._config,
                self.secrets,
                may_index=True,
                folder_watch=self._folder_watch,
            )
            context: AppContext = app.state.context
            await context.watcher.start()
            context.index_run.start(SyncOptions())
            self.context, self._app = context, app
            self._setup.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        """Answer the server's start and stop. Stops what runs at the end."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._setup.close()
        if self.context is not None:
            await self.context.watcher.stop()
            self.context.close()
        await send({"type": "lifespan.shutdown.complete"})


def _create_setup_app(context: SetupContext) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.context = context
    add_error_handlers(app, pages.not_found_page)
    app.include_router(setup.router)
    for address in pages.ADDRESSES:
        app.add_api_route(address, setup.to_setup, methods=["GET", "HEAD"])
    app.include_router(pages.router)  # the login; its pages come too late
    pages.add_static_files(app)
    app.add_middleware(Guard, config=context.config, auth_secrets=context.auth_secrets)
    return app
