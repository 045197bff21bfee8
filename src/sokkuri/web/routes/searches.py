"""Searches: like an image of the collection, like sent pictures, and as the article's server."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from sokkuri.core.errors import UsageError
from sokkuri.core.types import Metric
from sokkuri.web.context import Hall, Parts
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.bytes_route import BytesRoute
from sokkuri.web.routes.openapi import ImageId, Under, Where, problems
from sokkuri.web.schemas.search import MOST_HITS, ArticleResult, Question, Result
from sokkuri.web.services import image_files
from sokkuri.web.services.search_queue import Asked, Ticket

router = APIRouter(tags=["search"], route_class=BytesRoute)

Picture = tuple[str, bytes]
"""A picture's name and its file's bytes."""

_MOST_FILES = 16
_MOST_FIELDS = 200
_FORM = {
    "type": "object",
    "properties": {
        "image": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "not_image": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "id": {"type": "array", "items": {"type": "string"}},
        "not_id": {"type": "array", "items": {"type": "string"}},
        "k": {"type": "integer", "minimum": 1, "maximum": MOST_HITS},
        "metric": {"type": "string", "enum": ["cosine", "l2"]},
        "under": {"type": "string"},
        "where": {"type": "string"},
        "max_distance": {"type": "number", "minimum": 0},
        "crop": {"type": "string", "pattern": "^[0-9]+(,[0-9]+){3}$"},
        "angles": {"type": "boolean"},
    },
}
"""The fields of a form: pictures, ids, and what Question has."""


@router.get("/api/v1/images/{id:path}/similar", response_model=Result, responses=problems(404))
async def similar(
    hall: Hall,
    id: ImageId,  # noqa: A002 - its name in the address
    k: Annotated[int, Query(ge=1, le=MOST_HITS)] = 10,
    metric: Metric | None = None,
    under: Under = None,
    where: Where = None,
    max_distance: Annotated[float | None, Query(ge=0)] = None,
    angles: bool = False,
) -> Response:
    """What looks like an image of the collection; itself comes first."""
    asked = Asked(k, metric, under, where, max_distance)
    return AsciiJSON(await hall.desk.search(Ticket(asked, (id,), (), angles)))


@router.post(
    "/api/v1/search",
    response_model=Result,
    responses=problems(400, 404, 408, 413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": Question.model_json_schema()},
                "multipart/form-data": {"schema": _FORM},
            },
        }
    },
)
async def search(request: Request, hall: Hall) -> Response:
    """What looks like all of these together, and not like those: pictures, or ids."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    sent: list[Picture] = []
    unwanted: list[Picture] = []
    if kind == "application/json":
        question = _checked(await _json(request))
    elif kind == "multipart/form-data":
        question, sent, unwanted = await _form(request)
    else:
        raise HTTPException(415, "send multipart/form-data with pictures, or application/json")
    if not (question.ids or sent):
        raise UsageError("say what to search for: a picture as `image`, or ids")
    asked = Asked(
        question.k, question.metric, question.under, question.where, question.max_distance
    )
    ids = question.ids
    if question.crop is not None:  # only a part of their pictures is meant
        sent += await _files(ids, hall)
        ids = []
    wanted = await hall.uploads.read_all(sent, question.crop)
    away = await hall.uploads.read_all(unwanted, None)
    ticket = Ticket(asked, (*ids, *wanted), (*question.not_ids, *away), question.angles)
    return AsciiJSON(await hall.desk.search(ticket))


async def _files(ids: list[str], hall: Parts) -> list[Picture]:
    """The files of images of which only a part is meant."""
    files = [await hall.library.ask(image_files.filed, id_) for id_ in ids]
    limits = hall.config.limits
    return [
        (id_, await hall.decoding.run(image_files.contents, file, limits))
        for id_, file in zip(ids, files, strict=True)
    ]


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is no JSON: {error}") from None


async def _form(
    request: Request,
) -> tuple[Question, list[Picture], list[Picture]]:
    """The question, the pictures that it is about, and those that it is not."""
    fields: dict[str, Any] = {}
    files: dict[str, list[Picture]] = {"image": [], "not_image": []}
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as form:
        for name, value in form.multi_items():
            if name in files:
                if not isinstance(value, UploadFile):
                    raise UsageError(f"the field {name} wants a file")
                files[name].append((value.filename or "a picture", await value.read()))
            elif isinstance(value, UploadFile):
                raise UsageError(f"a picture belongs into the field image, not {name}")
            elif name in ("id", "not_id"):
                fields.setdefault(f"{name}s", []).append(value)
            else:
                fields[name] = value
    return _checked(fields), files["image"], files["not_image"]


def _checked(given: Any) -> Question:
    try:
        return Question.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        ) from error


@router.get("/similar/{id:path}", response_model=ArticleResult, responses=problems(404))
async def as_in_the_article(
    hall: Hall,
    id: ImageId,  # noqa: A002 - its name in the address
) -> Response:
    """The article's address: the hundred nearest by Euclidean distance."""
    found = await hall.desk.search(Ticket(Asked(100, "l2", None, None, None), (id,)))
    return AsciiJSON({
        "time": found["milliseconds"],
        "queryObjectId": id,
        "similarImages": [
            {"objectId": hit["id"], "distance": hit["distance"]} for hit in found["hits"]
        ],
    })  # fmt: skip
