"""Routes of the state: the collection's status, events, write access, health, metrics."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from sokkuri.api import Collection
from sokkuri.indexing.bug_report import write_report
from sokkuri.models import has_text_side
from sokkuri.search.words import no_words_text
from sokkuri.store.filter_columns import KINDS, PLACES
from sokkuri.web.context import Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import problems
from sokkuri.web.schemas.state import (
    HealthDocument,
    InfoDocument,
    ReportDocument,
    StatusDocument,
    WriteAccessDocument,
)
from sokkuri.web.services import browse
from sokkuri.web.write_access import check_origin

router = APIRouter(tags=["state"])


@router.get(
    "/api/v1/info",
    response_model=InfoDocument,
    responses=problems(),
    response_description="Facts about the server and the collection.",
)
async def info(context: Context) -> Response:
    """Return what a page needs before it can show anything."""
    state = context.watcher.state

    def read_info(collection: Collection) -> dict[str, object]:
        words = has_text_side(collection.model.source)
        return {
            "name": collection.root.name or str(collection.root),
            "version": version("sokkuri"),
            "mosaic": context.config.mosaic,
            "total": state.total,
            "max_upload": context.config.max_upload,
            "model": collection.model.name,
            "metric": collection.model.metric,
            "revision": state.revision,
            "columns": [name for name in KINDS if not (context.config.mosaic and name in PLACES)],
            "changes": context.config.allow_changes,
            "words": words,
            "no_words": None if words else no_words_text(collection.model.name),
        }

    return AsciiJSON(await context.read_pool.run(read_info))


@router.get(
    "/api/v1/changes",
    response_model=WriteAccessDocument,
    responses=problems(403),
    response_description="Whether changes are allowed, and the key for them.",
)
async def rights(request: Request, context: Context) -> Response:
    """Return whether pages may change the collection, and the key that they must then send."""
    check_origin(request.headers)  # pages that CORS allows may read, but never change
    allowed = context.config.allow_changes
    may_send = allowed or context.may_index  # the route of each change asks what is allowed
    return AsciiJSON({"allowed": allowed, "key": context.change_key if may_send else None})


@router.get(
    "/api/v1/status",
    response_model=StatusDocument,
    responses=problems(),
    response_description="The collection's status.",
)
async def status(context: Context) -> Response:
    """Return counts, sizes, the approximate index, and the number of processes that index."""
    state = context.watcher.state

    def read_status(collection: Collection) -> dict[str, object]:
        return browse.status_document(collection.status(engines=False), collection.dtype)

    document = await context.read_pool.run(read_status)
    watch = context.watcher.watch
    own = {"runs": state.runs, "revision": state.revision, "watch": watch and asdict(watch)}
    return AsciiJSON({**document, **own})


@router.get(
    "/api/v1/report",
    response_model=ReportDocument,
    responses=problems(),
    response_description="The report.",
)
async def report(context: Context) -> Response:
    """Return versions and counts to report a bug with. It holds no path, no id and no address."""
    text = await context.read_pool.run(
        lambda collection: write_report(collection.status(engines=False))
    )
    return AsciiJSON({"text": text})


@router.get(
    "/api/v1/events",
    response_class=EventSourceResponse,
    responses=problems(),
    response_description="A stream of events.",
)
async def events(context: Context) -> AsyncIterator[ServerSentEvent]:
    """Send server-sent events: `status` at once, and each time the collection changes."""
    async for state in context.watcher.states():
        yield ServerSentEvent(event="status", data=state.document())


@router.get(
    "/api/v1/healthz",
    response_model=HealthDocument,
    response_description="The server runs.",
)
@router.get(
    "/healthz",
    response_model=HealthDocument,
    response_description="The server runs.",
)
async def health() -> Response:
    """Report that the server runs. Needs no token."""
    return AsciiJSON({"status": "ok"})


@router.get(
    "/api/v1/metrics",
    response_class=PlainTextResponse,
    responses=problems(),
    response_description="Metrics in Prometheus's text format.",
)
@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=problems(),
    response_description="Metrics in Prometheus's text format.",
)
async def metrics(context: Context) -> Response:
    """Return metrics in Prometheus's format: requests, durations, images."""
    return Response(
        context.metrics.render(context.watcher.state),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
