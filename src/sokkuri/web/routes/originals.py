"""The route of original files: whole files, ranges of them, or mosaics in their place."""

import mimetypes
import os
import stat
from contextlib import suppress
from pathlib import PurePosixPath
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable

from sokkuri.core.errors import ReadError, WithheldError
from sokkuri.core.locations import Address
from sokkuri.web.bytes_route import BytesRoute
from sokkuri.web.context import Context
from sokkuri.web.routes.openapi import ImageId, Mosaic, Version, problems
from sokkuri.web.services import image_files
from sokkuri.web.services.image_files import ServedFile

router = APIRouter(prefix="/api/v1", tags=["images"], route_class=BytesRoute)

_MOSAIC_SIDE = 1024  # pixels, of the mosaic that replaces an original
_PLAYER_POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
_MEDIA_TYPES = {
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".jxl": "image/jxl",
    ".webp": "image/webp",
}
"""Media types that `mimetypes` does not know on every system."""


@router.head("/images/{id:path}/file", include_in_schema=False)
@router.get(
    "/images/{id:path}/file",
    response_class=Response,
    responses={
        200: {"content": {"image/*": {}}, "description": "The original file."},
        206: {"content": {"image/*": {}}, "description": "A range of the file."},
        304: {"description": "The file has not changed."},
        **problems(400, 403, 404, 416),
    },
)
async def original(
    request: Request,
    context: Context,
    id: ImageId,  # noqa: A002 - its name in the address
    version: Version = None,
    mosaic: Mosaic = False,
) -> Response:
    """Return the file of an image, or a JPEG mosaic if the server shows only mosaics.

    Of a frame of a film it is the picture of the frame as a JPEG; `/film` has the film.
    """
    file = await context.read_pool.run(image_files.find_file, id)
    limits = context.config.limits
    headers = {"Cache-Control": image_files.cache_control(file, version)}
    if mosaic or context.config.mosaic:
        jpeg = await context.thumbnails.make(file, _MOSAIC_SIDE, mosaic=True)
        return Response(jpeg, media_type="image/jpeg", headers=headers)
    if file.film is not None:
        jpeg = await context.thumbnails.make_picture(file)
        return Response(jpeg, media_type="image/jpeg", headers=headers)
    answer: Response
    if isinstance(file.location, Address):
        data, file = await context.decode_pool.run(image_files.read_with_digest, file, limits)
        headers = {"Cache-Control": image_files.cache_control(file, version)}
        etag = f'"{file.version}"'
        is_same = request.headers.get("if-range", etag) == etag
        answer = _remote_response(
            data, file, headers, request.headers.get("range") if is_same else None
        )
    else:
        answer = _LocalFileResponse(file, headers)
    if answer.headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**headers, "ETag": answer.headers["etag"]})
    return answer


@router.head("/images/{id:path}/film", include_in_schema=False)
@router.get(
    "/images/{id:path}/film",
    response_class=Response,
    responses={
        200: {"content": {"video/*": {}}, "description": "The film."},
        206: {"content": {"video/*": {}}, "description": "A range of the film."},
        304: {"description": "The film has not changed."},
        **problems(400, 403, 404, 416),
    },
)
async def film(
    request: Request,
    context: Context,
    id: ImageId,  # noqa: A002 - its name in the address
) -> Response:
    """Return the film that an image is a frame of. `#t=12.5` at the end of the address lets a
    browser begin there."""
    if context.config.mosaic:
        raise WithheldError("this server sends mosaics only, and no films")
    file = await context.read_pool.run(image_files.find_film, id)
    headers = {"Cache-Control": image_files.cache_control(file, None)}
    answer = _LocalFileResponse(file, headers, is_film=True)
    if answer.headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**headers, "ETag": answer.headers["etag"]})
    return answer


class _LocalFileResponse(FileResponse):
    """A file of this machine or a range of it. A wrong range is a problem document."""

    def __init__(self, file: ServedFile, headers: dict[str, str], *, is_film: bool = False) -> None:
        """Raises ReadError."""
        media_type, file_headers = _file_headers(file, "video/" if is_film else "image/")
        if is_film:  # the player that a browser shows a film in
            file_headers["Content-Security-Policy"] = _PLAYER_POLICY
        super().__init__(
            str(file.location),
            headers={**headers, **file_headers},
            media_type=media_type,
            stat_result=_stat_file(file),
        )

    @classmethod
    def parse_ranges(cls, header: str, size: int) -> list[tuple[int, int]]:
        """Return the (start, end) ranges of a Range header. Raises HTTPException."""
        return cls._parse_range_header(header, size)

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader as error:
            raise HTTPException(400, error.content) from None
        except RangeNotSatisfiable as error:
            size = {"Content-Range": f"bytes */{error.max_size}"}
            raise HTTPException(416, "the file has no such range", size) from None


def _remote_response(
    data: bytes, file: ServedFile, headers: dict[str, str], range_header: str | None
) -> Response:
    """Return the bytes of a remote file, or one range of them. Several ranges are answered with
    the whole file. Raises HTTPException."""
    media_type, file_headers = _file_headers(file)
    headers = {**headers, **file_headers, "ETag": f'"{file.version}"', "Accept-Ranges": "bytes"}
    ranges = _LocalFileResponse.parse_ranges(range_header, len(data)) if range_header else []
    if len(ranges) != 1:
        return Response(data, media_type=media_type, headers=headers)
    start, end = ranges[0]
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, headers, media_type)


def _file_headers(file: ServedFile, kind: str = "image/") -> tuple[str, dict[str, str]]:
    """Return the media type and headers. A browser shows only plain images, or films, and downloads
    anything that could run scripts. kind : the beginning of the media types that it shows."""
    suffix = PurePosixPath(file.name).suffix.lower()
    media_type = _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(file.name)[0] or ""
    is_plain_image = media_type.startswith(kind) and media_type != "image/svg+xml"
    disposition = "inline" if is_plain_image else "attachment"
    name = quote(file.name.encode("utf-8", "surrogateescape"))
    return media_type if is_plain_image else "application/octet-stream", {
        "Content-Disposition": f"{disposition}; filename*=utf-8''{name}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def _stat_file(file: ServedFile) -> os.stat_result:
    """Return the stat of a regular file. Raises ReadError, also if it is no regular file."""
    with suppress(OSError):
        file_stat = os.stat(str(file.location))  # noqa: PTH116 - a Path here, never an Address
        if stat.S_ISREG(file_stat.st_mode):
            return file_stat
    raise ReadError(f"the file of {file.name} is gone")
