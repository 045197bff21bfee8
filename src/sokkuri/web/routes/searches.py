"""Routes of searches: by an image of the collection, by sent pictures, and the article's route."""

import json
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.core.types import Limits, Metric
from sokkuri.search.query import Weighted, query_name
from sokkuri.search.terms import check_weight, split_weight
from sokkuri.store.images import find_image
from sokkuri.web.bytes_route import BytesRoute
from sokkuri.web.context import AppContext, Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import ImageId, Under, Where, problems
from sokkuri.web.schemas.fields import MAX_HITS
from sokkuri.web.schemas.search import (
    ArticleResultDocument,
    SearchRequestDocument,
    SearchResultDocument,
)
from sokkuri.web.services import image_files
from sokkuri.web.services.search_queue import SearchParams, SearchRequest
from sokkuri.web.services.uploads import Picture

router = APIRouter(tags=["search"], route_class=BytesRoute)

_MAX_FILES = 16
_MAX_FIELDS = 200
_FORM = {
    "type": "object",
    "properties": {
        "image": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "not_image": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "id": {"type": "array", "items": {"type": "string"}},
        "not_id": {"type": "array", "items": {"type": "string"}},
        "text": {"type": "array", "items": {"type": "string"}},
        "not_text": {"type": "array", "items": {"type": "string"}},
        "image_weight": {"type": "array", "items": {"type": "number"}},
        "not_image_weight": {"type": "array", "items": {"type": "number"}},
        "k": {"type": "integer", "minimum": 1, "maximum": MAX_HITS},
        "metric": {"type": "string", "enum": ["cosine", "l2"]},
        "under": {"type": "string"},
        "where": {"type": "string"},
        "max_distance": {"type": "number", "minimum": 0},
        "crop": {"type": "string", "pattern": "^[0-9]+(,[0-9]+){3}$"},
        "angles": {"type": "boolean"},
        "collapse": {"type": "boolean"},
        "recall": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    },
}
"""The fields of a form: pictures and their weights, ids, texts, and the other fields of
SearchRequestDocument."""
_REPEATED = {"id": "ids", "not_id": "not_ids", "text": "texts", "not_text": "not_texts"}
"""Fields of a form that may be repeated, and their names in SearchRequestDocument."""


@router.get(
    "/api/v1/images/{id:path}/similar",
    response_model=SearchResultDocument,
    responses=problems(404),
    response_description="The hits, nearest first.",
)
async def similar(
    context: Context,
    id: ImageId,  # noqa: A002 - its name in the address
    k: Annotated[int, Query(ge=1, le=MAX_HITS)] = 10,
    metric: Metric | None = None,
    under: Under = None,
    where: Where = None,
    max_distance: Annotated[float | None, Query(ge=0)] = None,
    angles: bool = False,
    collapse: Annotated[
        bool, Query(description="Return one hit for each group of copies.")
    ] = False,
    recall: Annotated[
        float | None,
        Query(gt=0, le=1, description="Least recall of an approximate search."),
    ] = None,
) -> Response:
    """Return the images most similar to an image of the collection. The image itself is first."""
    params = SearchParams(k, metric, under, where, max_distance, collapse, recall)
    return AsciiJSON(await context.search_queue.search(SearchRequest(params, (id,), (), angles)))


@router.post(
    "/api/v1/search",
    response_model=SearchResultDocument,
    responses=problems(400, 404, 408, 413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": SearchRequestDocument.model_json_schema()},
                "multipart/form-data": {"schema": _FORM},
            },
        }
    },
    response_description="The hits, nearest first.",
)
async def search(request: Request, context: Context) -> Response:
    """Return the images most similar to all given pictures and ids, that fit the given words, and
    least similar to the unwanted ones."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    pictures: list[Picture] = []
    unwanted_pictures: list[Picture] = []
    if media_type == "application/json":
        query = _validate(await _read_json(request))
    elif media_type == "multipart/form-data":
        query, pictures, unwanted_pictures = await _read_form(request, context.config.upload_limits)
    else:
        raise HTTPException(415, "send multipart/form-data with pictures, or application/json")
    if not (query.ids or query.texts or pictures):
        raise UsageError(
            "nothing to search for: send a picture in the field image, or ids, or texts"
        )
    if query.metric == "l2" and (query.texts or query.not_texts):
        raise UsageError("words are compared by cosine: leave the metric out")
    ids = await _weighted_ids(query.ids, context)
    if query.crop is not None:  # the crop applies to the pictures of ids, too
        pictures += await _find_pictures(ids, context)
        ids = []
    unwanted_ids = await _weighted_ids(query.not_ids, context)

    async def find() -> Any:
        uploads = context.uploads
        vectors = await uploads.read_all(pictures, query.crop)
        vectors += await uploads.read_texts(query.texts)
        unwanted_vectors = await uploads.read_all(unwanted_pictures, None)
        unwanted_vectors += await uploads.read_texts(query.not_texts)
        search_request = SearchRequest(
            SearchParams(
                query.k,
                query.metric,
                query.under,
                query.where,
                query.max_distance,
                query.collapse,
                query.recall,
            ),
            (*ids, *vectors),
            (*unwanted_ids, *unwanted_vectors),
            query.angles,
        )
        return await context.search_queue.search(search_request)

    return AsciiJSON(await context.uploads.following(find))


async def _weighted_ids(written: list[str], context: AppContext) -> list[str | Weighted]:
    """Return ids, with the weights that are written behind them. An id that ends like a weight has
    none."""
    ids: list[str | Weighted] = []
    for name in written:
        id_, weight = split_weight(name)
        if id_ == name or await context.read_pool.run(_has_image, name):
            ids.append(name)
        else:
            ids.append(Weighted(id_, weight))
    return ids


def _has_image(collection: Collection, id_: str) -> bool:
    return find_image(collection.catalog, id_) is not None


async def _find_pictures(ids: list[str | Weighted], context: AppContext) -> list[Picture]:
    """Return the pictures of images of the collection. Their files are read later, one by one."""
    limits = context.config.limits
    pictures: dict[str, Picture] = {}
    found = []
    for id_ in ids:
        name = query_name(id_)
        if name not in pictures:
            file = await context.read_pool.run(image_files.find_file, name)
            pictures[name] = Picture(name, partial(image_files.read_bytes, file, limits), limits)
        weight = id_.weight if isinstance(id_, Weighted) else 1.0
        found.append(pictures[name] if weight == 1.0 else replace(pictures[name], weight=weight))
    return found


async def _read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is not valid JSON: {error}") from None


async def _read_form(
    request: Request, limits: Limits
) -> tuple[SearchRequestDocument, list[Picture], list[Picture]]:
    """Return the fields of a form, its wanted pictures, and its unwanted pictures. limits : for
    decoding them."""
    fields: dict[str, Any] = {}
    pictures: dict[str, list[Picture]] = {"image": [], "not_image": []}
    weights: dict[str, list[str]] = {"image": [], "not_image": []}
    async with request.form(max_files=_MAX_FILES, max_fields=_MAX_FIELDS) as form:
        for name, value in form.multi_items():
            if name in pictures:
                if not isinstance(value, UploadFile):
                    raise UsageError(f"the field {name} must be a file")
                data = await value.read()
                picture = Picture(value.filename or "a picture", partial(bytes, data), limits)
                pictures[name].append(picture)
            elif isinstance(value, UploadFile):
                raise UsageError(f"send pictures in the field image, not in {name}")
            elif name in _REPEATED:
                fields.setdefault(_REPEATED[name], []).append(value)
            elif name.removesuffix("_weight") in weights:
                weights[name.removesuffix("_weight")].append(value)
            else:
                fields[name] = value
    wanted, unwanted = (_weigh(pictures[name], weights[name]) for name in pictures)
    return _validate(fields), wanted, unwanted


def _weigh(pictures: list[Picture], weights: list[str]) -> list[Picture]:
    """Return the pictures of a form with their weights, if it has any. Raises UsageError."""
    if not weights:
        return pictures
    if len(weights) != len(pictures):
        raise UsageError(f"there are {len(weights)} weights for {len(pictures)} pictures")
    try:
        numbers = [check_weight(float(weight)) for weight in weights]
    except ValueError:
        raise UsageError("the weight of a picture must be a number") from None
    return [replace(picture, weight=n) for picture, n in zip(pictures, numbers, strict=True)]


def _validate(fields: Any) -> SearchRequestDocument:
    """Return the fields of a body, checked. Raises RequestValidationError."""
    try:
        return SearchRequestDocument.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(
            [{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]
        ) from error


@router.get(
    "/similar/{id:path}",
    response_model=ArticleResultDocument,
    responses=problems(404),
    response_description="The nearest images.",
)
async def as_in_the_article(
    context: Context,
    id: ImageId,  # noqa: A002 - its name in the address
) -> Response:
    """Return the hundred nearest images by Euclidean distance, as the article's server does."""
    params = SearchParams(100, "l2", None, None, None)
    result = await context.search_queue.search(SearchRequest(params, (id,)))
    return AsciiJSON({
        "time": result["milliseconds"],
        "queryObjectId": id,
        "similarImages": [
            {"objectId": hit["id"], "distance": hit["distance"]} for hit in result["hits"]
        ],
    })  # fmt: skip
