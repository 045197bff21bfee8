"""What the OpenAPI document says of every route: its problems, besides its answer."""

from typing import Annotated, Any

from fastapi import Path, Query

from sokkuri.web.errors import MEDIA_TYPE
from sokkuri.web.schemas.search import Folder, Name, Problem

_REASONS = {
    400: "The request cannot be read",
    401: "The server wants its token",
    403: "The file lies outside the collection's folder, or nothing may be changed",
    404: "No such image",
    408: "The body did not come in time",
    413: "The body is too large",
    415: "The body is of no kind that is read here",
    416: "The file has no such part",
    421: "The Host header names another server",
    422: "A value makes no sense, or a picture cannot be read",
    500: "A fault of the server",
    501: "An optional part is not installed",
    503: "Busy, or the collection cannot be read: ask again",
}
_ANYWHERE = (401, 421, 422, 500, 503)


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route can answer with, beside those that any can."""
    return {
        code: {"description": _REASONS[code], "model": Problem,
               "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        for code in sorted({*_ANYWHERE, *codes})
    }  # fmt: skip


ImageId = Annotated[Name, Path(description="An image's id; its slashes stay as they are.")]
Under = Annotated[Folder | None, Query(description="Only what is in this folder or below.")]
Where = Annotated[
    str | None,
    Query(max_length=2000, description="Only images that pass.", examples=["width > 1000"]),
]
Cursor = Annotated[str | None, Query(max_length=8192, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
Version = Annotated[
    str | None, Query(alias="v", max_length=64, description="The image's `v`: may then be kept.")
]
Mosaic = Annotated[bool, Query(description="In blocks, for showing private pictures.")]
