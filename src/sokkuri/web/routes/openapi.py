"""Parameters and problem answers that many routes share, for the OpenAPI document."""

from typing import Annotated, Any

from fastapi import Path, Query

from sokkuri.web.errors import MEDIA_TYPE
from sokkuri.web.schemas.errors import ProblemDocument
from sokkuri.web.schemas.fields import MAX_FILTER_LENGTH, Folder, PathText

_REASONS = {
    400: "The request cannot be read",
    401: "The token is missing or wrong",
    403: "The file is outside the collection's folder, or changes are not allowed",
    404: "There is no such image",
    408: "The body did not arrive in time",
    409: "Another change came first",
    413: "The body is too large",
    415: "The server does not read this type of body",
    416: "The file has no such range",
    421: "The Host header names another server",
    422: "A value is invalid, or a picture cannot be read",
    500: "The server has a fault",
    501: "An optional package is not installed",
    503: "The server is busy, or the collection cannot be read: try again",
}
_ALWAYS = (401, 421, 422, 500, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem answers of a route: these statuses and the ones every route has."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    return {
        status: {
            "description": _REASONS[status],
            "model": ProblemDocument,
            "content": {MEDIA_TYPE: schema},
        }
        for status in sorted({*_ALWAYS, *statuses})
    }


ImageId = Annotated[
    PathText, Path(description="The id of an image. Do not percent-encode its slashes.")
]
Under = Annotated[Folder | None, Query(description="Only images in this folder or below.")]
Where = Annotated[
    str | None,
    Query(
        max_length=MAX_FILTER_LENGTH,
        description="Only images that match this filter.",
        examples=["width > 1000"],
    ),
]
Cursor = Annotated[
    str | None, Query(max_length=8192, description="The `next` of the previous page.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Largest number of results.")]
Version = Annotated[
    str | None,
    Query(
        alias="v",
        max_length=64,
        description="The image's `v`. Clients may then cache the answer for ever.",
    ),
]
Mosaic = Annotated[bool, Query(description="Return a mosaic, which hides private pictures.")]
