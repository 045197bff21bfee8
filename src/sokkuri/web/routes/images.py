"""Routes of images: lists, the grid, one image, thumbnails."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from sokkuri.api import Collection
from sokkuri.core.errors import WithheldError
from sokkuri.web.bytes_route import BytesRoute
from sokkuri.web.context import Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import (
    Cursor,
    ImageId,
    Limit,
    Mosaic,
    Under,
    Version,
    Where,
    problems,
)
from sokkuri.web.schemas.fields import PathText, ThumbnailSize
from sokkuri.web.schemas.images import (
    DamagedPageDocument,
    FailurePageDocument,
    FolderListDocument,
    GridDocument,
    GridItemsDocument,
    GridPlaceDocument,
    ImageDocument,
    ImagePageDocument,
)
from sokkuri.web.services import browse, grid, image_files

router = APIRouter(prefix="/api/v1", tags=["images"], route_class=BytesRoute)

Order = Annotated[
    str | None,
    Query(
        max_length=64,
        description="The `order` of the grid. Images of this order are sent while the server has "
        "it, whatever changes.",
    ),
]
_JPEG = {"content": {"image/jpeg": {}}, "description": "A JPEG."}


@router.get(
    "/images",
    response_model=ImagePageDocument,
    responses=problems(),
    response_description="A page of images.",
)
async def list_images(
    context: Context,
    under: Under = None,
    where: Where = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Return a page of images, ordered by id."""
    page = await context.read_pool.run(browse.read_image_page, under, where, cursor, limit)
    return AsciiJSON(page)


@router.get(
    "/failures",
    response_model=FailurePageDocument,
    responses=problems(),
    response_description="A page of failures.",
)
async def list_failures(context: Context, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Return a page of images that have no feature vector, with reasons, ordered by id."""
    return AsciiJSON(await context.read_pool.run(browse.read_failure_page, cursor, limit))


@router.get(
    "/damaged",
    response_model=DamagedPageDocument,
    responses=problems(),
    response_description="A page of damaged images.",
)
async def list_damaged(context: Context, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Return a page of images whose files are damaged and were read in part, ordered by id."""
    return AsciiJSON(await context.read_pool.run(browse.read_damaged_page, cursor, limit))


@router.get(
    "/folders",
    response_model=FolderListDocument,
    responses=problems(),
    response_description="Folders with their numbers of images.",
)
async def list_folders(context: Context, where: Where = None) -> Response:
    """Return every folder that has images, with the number of images in it and below."""
    return AsciiJSON(await context.read_pool.run(browse.count_folders, where))


@router.get(
    "/grid",
    response_model=GridDocument,
    responses=problems(),
    response_description="The layout of the grid.",
)
async def whole_grid(
    context: Context, under: Under = None, where: Where = None, sort: grid.Sort = "folder"
) -> Response:
    """Return the order and the proportions of all images, for a page that lays them out."""

    def render(collection: Collection, revision: str) -> bytes:
        order = context.grid_orders.get(collection, revision, under, sort, where)
        return AsciiJSON(None).render(grid.grid_document(order, revision))

    # A page compares this revision with the events: an old one would call what it shows old.
    revision = (await context.watcher.latest()).revision
    body = await context.read_pool.run(render, revision)
    return Response(body, media_type="application/json")


@router.get(
    "/grid/items",
    response_model=GridItemsDocument,
    responses=problems(409),
    response_description="The images.",
)
async def part_of_the_grid(
    context: Context,
    under: Under = None,
    where: Where = None,
    sort: grid.Sort = "folder",
    order: Order = None,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Return consecutive images of the grid."""
    orders = context.grid_orders

    def window(collection: Collection, revision: str) -> dict[str, object]:
        if order is None:
            found = orders.get(collection, revision, under, sort, where)
        else:
            found = orders.get_same(collection, revision, under, sort, where, order)
        return grid.read_window(collection, found, revision, offset, limit)

    return AsciiJSON(await context.read_pool.run(window, context.watcher.state.revision))


@router.get(
    "/grid/place",
    response_model=GridPlaceDocument,
    responses=problems(404),
    response_description="The place.",
)
async def place_in_the_grid(
    context: Context,
    id: Annotated[PathText, Query(description="The id of an image.")],  # noqa: A002 - its name in the address
    under: Under = None,
    where: Where = None,
    sort: grid.Sort = "folder",
) -> Response:
    """Return the place of an image in the grid."""

    def find(collection: Collection, revision: str) -> dict[str, object]:
        order = context.grid_orders.get(collection, revision, under, sort, where)
        return grid.place_document(collection, order, id)

    return AsciiJSON(await context.read_pool.run(find, context.watcher.state.revision))


@router.head("/images/{id:path}/thumbnail", include_in_schema=False)
@router.get(
    "/images/{id:path}/thumbnail",
    response_class=Response,
    responses={
        200: _JPEG,
        304: {"description": "The thumbnail has not changed."},
        **problems(403, 404),
    },
)
async def thumbnail(
    request: Request,
    context: Context,
    id: ImageId,  # noqa: A002 - its name in the address
    size: ThumbnailSize = 256,
    version: Version = None,
    mosaic: Mosaic = False,
) -> Response:
    """Return the picture upright, scaled to fit into a square of `size` pixels."""
    mosaic = mosaic or context.config.mosaic
    file = await context.read_pool.run(image_files.find_file, id)
    headers = {"Cache-Control": image_files.cache_control(file, version)}
    if file.version:
        headers["ETag"] = f'"{file.version}-{size}{"-mosaic" if mosaic else ""}"'
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
    jpeg = await context.thumbnails.make(file, size, mosaic=mosaic)
    return Response(jpeg, media_type="image/jpeg", headers=headers)


@router.get(
    "/images/{id:path}",
    response_model=ImageDocument,
    responses=problems(404),
    response_description="The image.",
)
async def one_image(
    context: Context,
    id: ImageId,  # noqa: A002 - its name in the address
) -> Response:
    """Return all data of an image, with the data that its camera wrote."""
    image, photo = await context.read_pool.run(browse.read_image, id)
    try:
        file = await context.read_pool.run(image_files.find_file, id)
    except WithheldError:
        return AsciiJSON({**image, "exif": {}})
    limits, mosaic = context.config.limits, context.config.mosaic
    exif = await context.decode_pool.run(image_files.read_exif, file, limits, photo, mosaic=mosaic)
    return AsciiJSON({**image, "exif": exif})
