"""Routes of labels: counts, suggestions, nearby labelled images, changes, export."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from sokkuri.web.context import AppContext, Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import Under, Where, problems
from sokkuri.web.schemas.fields import MAX_HITS, PathText, Words
from sokkuri.web.schemas.labels import (
    CurveDocument,
    LabelChangeDocument,
    LabelEditDocument,
    LabelListDocument,
    LabelReplacementDocument,
    LabelUndoDocument,
    NearbyImagesDocument,
    PreviousLabelsDocument,
    SuggestionListDocument,
    SuggestionStateDocument,
    WordCandidatesDocument,
)
from sokkuri.web.services import labels as label_service
from sokkuri.web.services.labels import SuggestionQuery
from sokkuri.web.services.search_queue import SearchParams, SearchRequest
from sokkuri.web.services.word_candidates import WordQuery
from sokkuri.web.write_access import ChangesRoute, WriteContext

router = APIRouter(prefix="/api/v1", tags=["labels"], route_class=ChangesRoute)

_FIRST_HITS = 256  # hits among which labelled and unlabelled images are looked up at first
_CSV = {
    "content": {"text/csv": {}},
    "description": "Lines `id,label`, in the format that `label --import` reads.",
}


@router.get(
    "/suggestions",
    response_model=SuggestionListDocument,
    responses=problems(),
    response_description="The images to label, most useful first.",
)
async def what_to_label_next(
    context: Context,
    n: Annotated[int, Query(ge=1, le=1000, description="Largest number of images.")] = 20,
    under: Under = None,
    where: Where = None,
    without: Annotated[list[PathText], Query(max_length=500, description="Ids to leave out.")] = [],  # noqa: B006 - never changed; FastAPI shows it
) -> Response:
    """Return the images that are most useful to label. Large collections take seconds."""
    query = SuggestionQuery(n, under, where, tuple(sorted(without)))
    return AsciiJSON(await context.labels.suggestions(query, context.watcher.state.revision))


@router.get(
    "/suggestions/state",
    response_model=SuggestionStateDocument,
    responses=problems(),
    response_description="The progress.",
)
async def how_far_suggestions_are(context: Context) -> Response:
    """Return how far the server is with the suggestions that it computes now."""
    return AsciiJSON(context.labels.state())


@router.get(
    "/suggestions/words",
    response_model=WordCandidatesDocument,
    responses=problems(),
    response_description="The images that fit each label best.",
)
async def candidates_by_words(
    context: Context,
    label: Annotated[
        list[Words], Query(min_length=2, max_length=100, description="Labels to choose from.")
    ],
    n: Annotated[int, Query(ge=1, le=500, description="Largest number for each label.")] = 20,
    min_confidence: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = 0.5,
    under: Under = None,
    where: Where = None,
) -> Response:
    """Return images without a label that fit one of these labels by words, the surest first. Sets
    no label."""
    query = WordQuery(tuple(label), n, min_confidence, under, where)

    async def find() -> dict[str, Any]:
        words = await context.uploads.word_reader()
        return await context.labels.word_candidates(query, words)

    return AsciiJSON(await context.uploads.following(find))


@router.get(
    "/labels",
    response_model=LabelListDocument,
    responses=problems(),
    response_description="The labels with their numbers of images.",
)
async def all_labels(context: Context) -> Response:
    """Return every label with the number of its images."""
    revision = context.watcher.state.revision
    return AsciiJSON(await context.labels.counts(revision, context.read_pool))


@router.get(
    "/labels/curve",
    response_model=CurveDocument,
    responses=problems(),
    response_description="The accuracy for each number of labels.",
)
async def accuracy_by_labels(context: Context) -> Response:
    """Return the accuracy of predicted labels by the number of labels. May take seconds."""
    return AsciiJSON(await context.labels.curve(context.watcher.state.revision))


@router.get(
    "/labels/near",
    response_model=NearbyImagesDocument,
    responses=problems(404),
    response_description="The images, and a guess of the label.",
)
async def near_by_label(
    context: Context,
    id: Annotated[PathText, Query(description="The id of an image.")],  # noqa: A002 - its name in the address
    labelled: Annotated[
        int, Query(ge=0, le=100, description="Number of images that have labels.")
    ] = 6,
    unlabelled: Annotated[
        int, Query(ge=0, le=100, description="Number of images that have no label.")
    ] = 0,
    under: Under = None,
    where: Where = None,
) -> Response:
    """Return images near an image: some that have labels, and some that have none. The filters
    apply to the images without labels."""
    around = await _search(context, id, _FIRST_HITS)
    filtered = around
    if unlabelled and (under or where):
        filtered = await _search(context, id, _FIRST_HITS, under, where)
    if not await context.read_pool.run(label_service.has_unlabelled, id, filtered, unlabelled):
        filtered = await _search(context, id, MAX_HITS, under, where)
    nearby = await context.read_pool.run(
        label_service.near, id, around, filtered, labelled, unlabelled
    )
    return AsciiJSON(nearby)


async def _search(
    context: AppContext, id_: str, k: int, under: str | None = None, where: str | None = None
) -> list[dict[str, Any]]:
    """Return the hits of a search for an image, as HitDocuments."""
    request = SearchRequest(SearchParams(k, None, under, where, None), (id_,))
    result = await context.search_queue.search(request)
    hits: list[dict[str, Any]] = result["hits"]
    return hits


@router.get("/labels/export", response_class=Response, responses={200: _CSV, **problems()})
async def export_labels(context: Context) -> Response:
    """Return all labels as a CSV file."""
    return Response(
        await context.read_pool.run(label_service.export),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="labels.csv"'},
    )


@router.post(
    "/labels",
    response_model=PreviousLabelsDocument,
    responses=problems(400, 403, 404, 408, 409, 413),
    response_description="The labels that the images had before.",
)
async def give_labels(context: WriteContext, change: LabelChangeDocument) -> Response:
    """Set or remove labels of images. Changes all of these images or none."""
    labels = [(entry.id, entry.label) for entry in change.labels]
    expected = {entry.id: entry.was for entry in change.labels if "was" in entry.model_fields_set}
    return AsciiJSON(await context.write_pool.run(label_service.give, labels, expected))


@router.post(
    "/labels/rename",
    response_model=LabelEditDocument,
    responses=problems(400, 403, 408, 413),
    response_description="The change.",
)
async def rename_label(context: WriteContext, change: LabelReplacementDocument) -> Response:
    """Rename a label, merge it into another one, or delete it."""
    edit = await context.write_pool.run(label_service.rename, change.label, change.to)
    return AsciiJSON(edit)


@router.post(
    "/labels/undo",
    response_model=LabelEditDocument,
    responses=problems(400, 403, 408, 413),
    response_description="The change that was undone.",
)
async def undo_rename(context: WriteContext, undo: LabelUndoDocument) -> Response:
    """Undo a change of `/labels/rename`. Images whose label changed since then keep it."""
    return AsciiJSON(await context.write_pool.run(label_service.undo_rename, undo.edit))
