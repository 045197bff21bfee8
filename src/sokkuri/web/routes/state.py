"""How the collection and the server are: status, events as it changes, health, metrics."""

from collections.abc import AsyncIterator
from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from sokkuri.api import Collection
from sokkuri.store.filters import COLUMNS
from sokkuri.web.context import Hall
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import problems
from sokkuri.web.schemas.duplicates import Rights
from sokkuri.web.schemas.search import Health, Info, StatusDocument
from sokkuri.web.services import browse
from sokkuri.web.write_access import check_origin

router = APIRouter(tags=["state"])


@router.get("/api/v1/info", response_model=Info, responses=problems())
async def info(hall: Hall) -> Response:
    """What a page must know before it shows anything."""
    pulse = hall.watch.pulse

    def about(collection: Collection) -> dict[str, object]:
        return {
            "name": collection.root.name or str(collection.root),
            "version": version("sokkuri"),
            "mosaic": hall.config.mosaic,
            "total": pulse.total,
            "max_upload": hall.config.max_upload,
            "model": collection.model.name,
            "metric": collection.model.metric,
            "revision": pulse.revision,
            "columns": list(COLUMNS),
            "changes": hall.config.allow_changes,
        }

    return AsciiJSON(await hall.library.ask(about))


@router.get("/api/v1/changes", response_model=Rights, responses=problems(403))
async def rights(request: Request, hall: Hall) -> Response:
    """Whether this server lets its pages change something, and the key that they then show."""
    check_origin(request.headers)  # those that CORS lets in may look, and no more
    allowed = hall.config.allow_changes
    return AsciiJSON({"allowed": allowed, "key": hall.change_key if allowed else None})


@router.get("/api/v1/status", response_model=StatusDocument, responses=problems())
async def status(hall: Hall) -> Response:
    """Counts, sizes, the index, and whether it is being indexed."""
    pulse = hall.watch.pulse

    def found(collection: Collection) -> dict[str, object]:
        return browse.status(collection.status(engines=False), collection.dtype)

    state = await hall.library.ask(found)
    return AsciiJSON({**state, "runs": pulse.runs, "revision": pulse.revision})


@router.get("/api/v1/events", response_class=EventSourceResponse, responses=problems())
async def events(hall: Hall) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `status` at once, and whenever the collection changes."""
    async for pulse in hall.watch.pulses():
        yield ServerSentEvent(event="status", data=pulse.document())


@router.get("/api/v1/healthz", response_model=Health)
@router.get("/healthz", response_model=Health)
async def health() -> Response:
    """It serves. Needs no token."""
    return AsciiJSON({"status": "ok"})


@router.get("/api/v1/metrics", response_class=PlainTextResponse, responses=problems())
@router.get("/metrics", response_class=PlainTextResponse, responses=problems())
async def metrics(hall: Hall) -> Response:
    """Requests, their times and the images, as Prometheus reads them."""
    return Response(
        hall.counts.page(hall.watch.pulse),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
