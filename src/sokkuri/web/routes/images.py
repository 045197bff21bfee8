"""Images one by one and in lists: what is known of them, their files, their thumbnails."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from sokkuri.api import Collection
from sokkuri.core.errors import WithheldError
from sokkuri.web.context import Hall
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.bytes_route import BytesRoute
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
from sokkuri.web.schemas.search import (
    FailurePage,
    Folders,
    Grid,
    GridItems,
    ImageDocument,
    ImagePage,
    Size,
)
from sokkuri.web.services import browse, grid, image_files

router = APIRouter(prefix="/api/v1", tags=["images"], route_class=BytesRoute)

_JPEG = {"content": {"image/jpeg": {}}, "description": "A JPEG."}


@router.get("/images", response_model=ImagePage, responses=problems())
async def list_images(
    hall: Hall, under: Under = None, where: Where = None, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Images in the order of their ids."""
    return AsciiJSON(await hall.library.ask(browse.image_page, under, where, cursor, limit))


@router.get("/failures", response_model=FailurePage, responses=problems())
async def list_failures(hall: Hall, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Images without features, and why, in the order of their ids."""
    return AsciiJSON(await hall.library.ask(browse.failure_page, cursor, limit))


@router.get("/folders", response_model=Folders, responses=problems())
async def list_folders(hall: Hall) -> Response:
    """Every folder with images, and how many are in it and below."""
    return AsciiJSON(await hall.library.ask(browse.folders))


@router.get("/grid", response_model=Grid, responses=problems())
async def whole_grid(hall: Hall, under: Under = None, sort: grid.Sort = "folder") -> Response:
    """The shape of all images at once, in an order: what a page needs to lay them out."""

    def shape(collection: Collection, revision: str) -> bytes:
        order = hall.orders.get(collection, revision, under, sort)
        return AsciiJSON(None).render(grid.grid(order, revision))

    shown = await hall.library.ask(shape, hall.watch.pulse.revision)
    return Response(shown, media_type="application/json")


@router.get("/grid/items", response_model=GridItems, responses=problems())
async def part_of_the_grid(
    hall: Hall,
    under: Under = None,
    sort: grid.Sort = "folder",
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Some images of that order."""

    def window(collection: Collection, revision: str) -> dict[str, object]:
        order = hall.orders.get(collection, revision, under, sort)
        return grid.window(collection, order, revision, offset, limit)

    return AsciiJSON(await hall.library.ask(window, hall.watch.pulse.revision))


@router.get(
    "/images/{id:path}/thumbnail",
    response_class=Response,
    responses={200: _JPEG, 304: {"description": "It has not changed."}, **problems(403, 404)},
)
async def thumbnail(
    request: Request,
    hall: Hall,
    id: ImageId,  # noqa: A002 - its name in the address
    size: Size = 256,
    version: Version = None,
    mosaic: Mosaic = False,
) -> Response:
    """The picture upright, within a square of `size` pixels."""
    blurred = mosaic or hall.config.mosaic
    file = await hall.library.ask(image_files.filed, id)
    headers = {"Cache-Control": image_files.kept_for(file, version)}
    if file.v:
        headers["ETag"] = f'"{file.v}-{size}{"-mosaic" if blurred else ""}"'
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
    made = await hall.decoding.run(
        image_files.small, file, size, hall.config.limits, hall.thumbnails, mosaic=blurred
    )
    return Response(made, media_type="image/jpeg", headers=headers)


@router.get("/images/{id:path}", response_model=ImageDocument, responses=problems(404))
async def one_image(
    hall: Hall,
    id: ImageId,  # noqa: A002 - its name in the address
) -> Response:
    """What is known of an image, with what its camera wrote."""
    found = await hall.library.ask(browse.image, id)
    try:
        file = await hall.library.ask(image_files.filed, id)
    except WithheldError:
        return AsciiJSON({**found, "exif": {}})
    limits, mosaic = hall.config.limits, hall.config.mosaic
    exif = await hall.decoding.run(image_files.camera, file, limits, mosaic=mosaic)
    return AsciiJSON({**found, "exif": exif})
