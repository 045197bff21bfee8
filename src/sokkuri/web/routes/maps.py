"""Routes of the map: description, points, the images at points, and a request to make it."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from sokkuri.api import Collection
from sokkuri.web.context import AppContext, Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import Under, Where, problems
from sokkuri.web.schemas.fields import PathText
from sokkuri.web.schemas.maps import (
    MapDocument,
    MapImagesDocument,
    MapPointsDocument,
    MapRequestDocument,
    MapStartedDocument,
)
from sokkuri.web.services import map_view
from sokkuri.web.services.duplicates import GroupQuery
from sokkuri.web.services.map_groups import Copies, Grouping
from sokkuri.web.services.map_view import Colouring, MapView
from sokkuri.web.write_access import ChangesRoute, WriteContext

router = APIRouter(prefix="/api/v1/map", tags=["map"], route_class=ChangesRoute)

By = Annotated[Grouping, Query(description="What groups and regions are named by.")]
MapVersion = Annotated[str, Query(max_length=64, description="The `version` of the map.")]
_BYTES = {
    "content": {"application/octet-stream": {}},
    "description": "x and y of each point, as unsigned 16-bit integers, little-endian, y upwards; "
    "then a byte for each point: the number of its group, 255 without one.",
}
_BITS = {
    "content": {"application/octet-stream": {}},
    "description": "A bit for each point, from the lowest bit of each byte: whether it passes.",
}


def _view_and_colouring(
    context: AppContext, collection: Collection, revision: str, by: Grouping
) -> tuple[MapView, Colouring]:
    def known_copies() -> Copies:
        groups = context.duplicate_groups.get(collection, GroupQuery()).groups
        return tuple(group.ids for group in groups)

    view = context.map_views.get(collection, revision)
    return view, context.map_views.colouring(collection, view, by, known_copies)


@router.get(
    "",
    response_model=MapDocument,
    responses=problems(),
    response_description="The map.",
)
async def describe(context: Context, by: By = "folder") -> Response:
    """Return how many images are on the map, its groups and regions, and the run that makes it."""
    run = context.map_run.state()  # before the map: a run that has ended has written it

    def read(collection: Collection, revision: str) -> dict[str, object]:
        return map_view.map_document(*_view_and_colouring(context, collection, revision, by))

    document = await context.read_pool.run(read, context.watcher.state.revision)
    return AsciiJSON({**document, **run, "allowed": context.config.allow_changes})


@router.get("/points", response_class=Response, responses={200: _BYTES, **problems()})
async def all_points(request: Request, context: Context, by: By = "folder") -> Response:
    """Return the points of the map in few bytes. The header ETag begins with its version."""

    def read(collection: Collection, revision: str) -> tuple[str, bytes | None]:
        view, colouring = _view_and_colouring(context, collection, revision, by)
        tag = f'"{view.version}-{by}-{colouring.version}"'
        known = request.headers.get("if-none-match") == tag
        return tag, None if known else map_view.point_bytes(view, colouring)

    tag, content = await context.read_pool.run(read, context.watcher.state.revision)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if content is None:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/octet-stream")


@router.get("/passing", response_class=Response, responses={200: _BITS, **problems(409)})
async def passing_points(
    context: Context, version: MapVersion, under: Under = None, where: Where = None
) -> Response:
    """Return which points of this version of the map pass a filter."""

    def read(collection: Collection, revision: str) -> bytes:
        view = context.map_views.get_same(collection, revision, version)
        orders = context.grid_orders
        passing = map_view.passing_points(collection, orders, view, revision, under, where)
        return np.packbits(passing, bitorder="little").tobytes()

    content = await context.read_pool.run(read, context.watcher.state.revision)
    return Response(content, media_type="application/octet-stream")


@router.get(
    "/images",
    response_model=MapImagesDocument,
    responses=problems(409),
    response_description="The images.",
)
async def images_at_points(
    context: Context,
    version: MapVersion,
    point: Annotated[list[Annotated[int, Query(ge=0, le=2**31)]], Query(max_length=200)] = [],  # noqa: B006 - never changed; FastAPI shows it
) -> Response:
    """Return the images at some points of this version of the map."""

    def read(collection: Collection, revision: str) -> dict[str, object]:
        view = context.map_views.get_same(collection, revision, version)
        return map_view.images_at(collection, view, point)

    return AsciiJSON(await context.read_pool.run(read, context.watcher.state.revision))


@router.get(
    "/find",
    response_model=MapPointsDocument,
    responses=problems(409),
    response_description="The points.",
)
async def points_of_images(
    context: Context,
    version: MapVersion,
    id: Annotated[list[PathText], Query(max_length=500, description="Ids of images.")] = [],  # noqa: A002, B006 - its name in the address; never changed
) -> Response:
    """Return the points of some images on this version of the map."""

    def read(collection: Collection, revision: str) -> dict[str, object]:
        view = context.map_views.get_same(collection, revision, version)
        return map_view.points_of(collection, view, id)

    return AsciiJSON(await context.read_pool.run(read, context.watcher.state.revision))


@router.post(
    "",
    response_model=MapStartedDocument,
    responses=problems(400, 403, 408, 413),
    response_description="Whether a run was started.",
)
async def make(context: WriteContext, request: MapRequestDocument) -> Response:
    """Start to make the map in the background, or to place new images. Does not wait for it."""
    return AsciiJSON({"started": context.map_run.start(rebuild=request.rebuild)})
