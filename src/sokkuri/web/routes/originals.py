"""The files of images as they are, whole or in parts; or their mosaics, where nothing else may be
seen."""

import mimetypes
import os
import stat
from contextlib import suppress
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable

from sokkuri.core.errors import ReadError
from sokkuri.core.locations import Address
from sokkuri.web.context import Hall
from sokkuri.web.routes.bytes_route import BytesRoute
from sokkuri.web.routes.openapi import ImageId, Mosaic, Version, problems
from sokkuri.web.services import image_files

router = APIRouter(prefix="/api/v1", tags=["images"], route_class=BytesRoute)

_MOSAIC_SIDE = 1024  # of what is served for an original


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
    file = await hall.library.ask(image_files.filed, id)
    cache = {"Cache-Control": image_files.kept_for(file, version)}
    if mosaic or hall.config.mosaic:
        made = await hall.decoding.run(
            image_files.small, file, _MOSAIC_SIDE, hall.config.limits, hall.thumbnails, mosaic=True
        )
        return Response(made, media_type="image/jpeg", headers=cache)
    answer: Response
    if isinstance(file.path, Address):
        data, held = await hall.decoding.run(image_files.whole, file, hall.config.limits)
        cache = {"Cache-Control": image_files.kept_for(held, version)}
        unchanged = request.headers.get("if-range", f'"{held.v}"') == f'"{held.v}"'
        asked = request.headers.get("range") if unchanged else None
        answer = _answer(data, held, cache, asked)
    else:
        answer = _Original(file, cache)
    if answer.headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**cache, "ETag": answer.headers["etag"]})
    return answer


class _Original(FileResponse):
    """A file, or a part of it; a part that cannot be had is a problem like all others."""

    def __init__(self, file: image_files.Filed, cache: dict[str, str]) -> None:
        """Raises ReadError."""
        kind, headers = _described(file)
        super().__init__(
            str(file.path), headers={**cache, **headers}, media_type=kind, stat_result=_stat(file)
        )

    @classmethod
    def ranges(cls, header: str, size: int) -> list[tuple[int, int]]:
        """Which parts of so many bytes are asked for. Raises HTTPException."""
        return cls._parse_range_header(header, size)

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader as error:
            raise HTTPException(400, error.content) from None
        except RangeNotSatisfiable as error:
            size = {"Content-Range": f"bytes */{error.max_size}"}
            raise HTTPException(416, "the file has no such part", size) from None


def _answer(
    data: bytes, file: image_files.Filed, cache: dict[str, str], asked: str | None
) -> Response:
    """The bytes of an object, or the part of them that is asked for; of several parts, all of it.
    Raises HTTPException."""
    kind, described = _described(file)
    headers = {**cache, **described, "ETag": f'"{file.v}"', "Accept-Ranges": "bytes"}
    parts = _Original.ranges(asked, len(data)) if asked else []
    if len(parts) != 1:
        return Response(data, media_type=kind, headers=headers)
    start, end = parts[0]
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, headers, kind)


def _described(file: image_files.Filed) -> tuple[str, dict[str, str]]:
    """The media type, and how a browser is to take it: what it would run, it is to store."""
    kind = mimetypes.guess_type(file.name)[0] or ""
    shown = kind.startswith("image/") and kind != "image/svg+xml"
    name = quote(file.name.encode("utf-8", "surrogateescape"))
    return kind if shown else "application/octet-stream", {
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=utf-8''{name}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def _stat(file: image_files.Filed) -> os.stat_result:
    """Raises ReadError, also for what is no file any more."""
    with suppress(OSError):
        found = os.stat(str(file.path))  # noqa: PTH116 - of this machine, where this is asked
        if stat.S_ISREG(found.st_mode):
            return found
    raise ReadError(f"the file of {file.name} is gone")
