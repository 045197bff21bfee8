"""Images one by one and in lists: what is known of them, their files, their thumbnails."""

import mimetypes
import os
import stat
from contextlib import suppress
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable

from sokkuri.api import Collection
from sokkuri.errors import ReadError
from sokkuri.web import browsing, grid, pictures
from sokkuri.web.parts import Hall
from sokkuri.web.problems import AsciiJSON
from sokkuri.web.routes.asking import BytesRoute
from sokkuri.web.routes.describing import Cursor, ImageId, Limit, Under, Where, problems
from sokkuri.web.schemas import (
    FailurePage,
    Folders,
    Grid,
    GridItems,
    ImageDocument,
    ImagePage,
    Size,
)

router = APIRouter(prefix="/api/v1", tags=["images"], route_class=BytesRoute)

_MOSAIC_SIDE = 1024  # of what is served for an original
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_JPEG = {"content": {"image/jpeg": {}}, "description": "A JPEG."}

Version = Annotated[
    str | None, Query(alias="v", max_length=64, description="The image's `v`: may then be kept.")
]
Mosaic = Annotated[bool, Query(description="In blocks, for showing private pictures.")]


@router.get("/images", response_model=ImagePage, responses=problems())
async def list_images(
    hall: Hall, under: Under = None, where: Where = None, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Images in the order of their ids."""
    return AsciiJSON(await hall.library.ask(browsing.image_page, under, where, cursor, limit))


@router.get("/failures", response_model=FailurePage, responses=problems())
async def list_failures(hall: Hall, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Images without features, and why, in the order of their ids."""
    return AsciiJSON(await hall.library.ask(browsing.failure_page, cursor, limit))


@router.get("/folders", response_model=Folders, responses=problems())
async def list_folders(hall: Hall) -> Response:
    """Every folder with images, and how many are in it and below."""
    return AsciiJSON(await hall.library.ask(browsing.folders))


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
    file = await hall.library.ask(pictures.filed, id)
    tag = f'"{file.v}-{size}{"-mosaic" if blurred else ""}"'
    headers = {"ETag": tag, "Cache-Control": _FOR_EVER if version == file.v else _ASK_AGAIN}
    if file.v and tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)

    def made(_: Collection) -> bytes:
        return pictures.small(file, size, hall.config.limits, hall.thumbnails, mosaic=blurred)

    return Response(await hall.pictures.ask(made), media_type="image/jpeg", headers=headers)


@router.get(
    "/images/{id:path}/file",
    response_class=Response,
    responses={
        200: {"content": {"image/*": {}}, "description": "The file as it is."},
        206: {"content": {"image/*": {}}, "description": "A part of it."},
        304: {"description": "It has not changed."},
        **problems(400, 403, 404, 416),
    },
)
async def original(
    request: Request,
    hall: Hall,
    id: ImageId,  # noqa: A002 - its name in the address
    version: Version = None,
    mosaic: Mosaic = False,
) -> Response:
    """The image's file; in blocks, as a JPEG, where the server shows mosaics only."""
    file = await hall.library.ask(pictures.filed, id)
    cache = _FOR_EVER if version and version == file.v else _ASK_AGAIN
    if mosaic or hall.config.mosaic:

        def made(_: Collection) -> bytes:
            limits = hall.config.limits
            return pictures.small(file, _MOSAIC_SIDE, limits, hall.thumbnails, mosaic=True)

        return Response(
            await hall.pictures.ask(made),
            media_type="image/jpeg",
            headers={"Cache-Control": cache},
        )
    kind = mimetypes.guess_type(file.name)[0] or ""
    shown = kind.startswith("image/") and kind != "image/svg+xml"
    name = quote(file.name.encode("utf-8", "surrogateescape"))
    disposition = f"{'inline' if shown else 'attachment'}; filename*=utf-8''{name}"
    headers = {
        "Cache-Control": cache,
        "Content-Disposition": disposition,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    media_type = kind if shown else "application/octet-stream"
    answer = _Original(file.path, 200, headers, media_type, stat_result=_stat(file))
    if answer.headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**headers, "ETag": answer.headers["etag"]})
    return answer


def _stat(file: pictures.Filed) -> os.stat_result:
    """Raises ReadError, also for what is no file any more."""
    with suppress(OSError):
        found = file.path.stat()
        if stat.S_ISREG(found.st_mode):
            return found
    raise ReadError(f"the file of {file.name} is gone")


class _Original(FileResponse):
    """A file, or a part of it; a part that cannot be had is a problem like all others."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader as error:
            raise HTTPException(400, error.content) from None
        except RangeNotSatisfiable as error:
            size = {"Content-Range": f"bytes */{error.max_size}"}
            raise HTTPException(416, "the file has no such part", size) from None


@router.get("/images/{id:path}", response_model=ImageDocument, responses=problems(404))
async def one_image(
    hall: Hall,
    id: ImageId,  # noqa: A002 - its name in the address
) -> Response:
    """What is known of an image, with what its camera wrote."""
    found = await hall.library.ask(browsing.image, id)
    limits, mosaic = hall.config.limits, hall.config.mosaic
    exif = await hall.pictures.ask(pictures.camera, id, limits, mosaic=mosaic)
    return AsciiJSON({**found, "exif": exif})
