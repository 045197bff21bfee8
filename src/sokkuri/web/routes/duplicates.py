"""Routes of near-duplicates: groups, comparing, decisions, moves to the trash."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from sokkuri.curation.types import CopyGrade
from sokkuri.web.context import Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import Cursor, Under, Where, problems
from sokkuri.web.schemas.duplicates import (
    MAX_RULES,
    DecisionsRequestDocument,
    DecisionsResultDocument,
    DropListDocument,
    DropsRequestDocument,
    DropsResultDocument,
    DuplicatePageDocument,
    DuplicateRunDocument,
    FindRequestDocument,
    FindStartedDocument,
    UndoRequestDocument,
    UndoResultDocument,
)
from sokkuri.web.schemas.fields import PathText
from sokkuri.web.services import duplicates
from sokkuri.web.services.duplicates import GroupQuery
from sokkuri.web.write_access import ChangesRoute, WriteContext

router = APIRouter(prefix="/api/v1/duplicates", tags=["duplicates"], route_class=ChangesRoute)

Keep = Annotated[
    list[PathText] | None,
    Query(
        max_length=MAX_RULES,
        description="Rules for the image to keep, as of `duplicates --keep`, the first one first.",
        examples=[["colour", "largest"]],
    ),
]

_CHANGE_PROBLEMS = (400, 403, 408, 413)  # problems of the body or of the sender


@router.get(
    "",
    response_model=DuplicatePageDocument,
    responses=problems(),
    response_description="A page of groups, and the state of the comparison.",
)
async def list_groups(
    context: Context,
    min_grade: Annotated[
        CopyGrade, Query(description="This grade or a more certain one.")
    ] = "edited",
    under: Under = None,
    where: Where = None,
    keep: Keep = None,
    bursts: Annotated[bool, Query(description="Return bursts too, after all others.")] = False,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Largest number of groups.")] = 50,
    quick: Annotated[
        bool, Query(description="If all groups would take long, return the first ones alone.")
    ] = False,
) -> Response:
    """Return groups of near-duplicates among the compared images, the most certain first."""
    run = context.duplicate_run.state()  # before the groups: a run that has ended has stored them
    query = GroupQuery(min_grade, under, where, bursts, tuple(keep or ()))
    page = await context.read_pool.run(
        duplicates.read_page, context.duplicate_groups, query, cursor, limit, quick=quick
    )
    return AsciiJSON({**page, **run})


@router.get(
    "/state",
    response_model=DuplicateRunDocument,
    responses=problems(),
    response_description="The state of the comparison.",
)
async def state(context: Context) -> Response:
    """Return how many images are compared, and the progress of the current run."""
    run = context.duplicate_run.state()
    return AsciiJSON({**await context.read_pool.run(duplicates.count_compared), **run})


@router.get(
    "/drops",
    response_model=DropListDocument,
    responses=problems(),
    response_description="The drops.",
)
async def list_drops(context: Context) -> Response:
    """Return the latest drops whose files are in the trash, for an undo by any page."""
    return AsciiJSON(await context.read_pool.run(duplicates.list_drops))


@router.post(
    "/find",
    response_model=FindStartedDocument,
    responses=problems(*_CHANGE_PROBLEMS, 501),
    response_description="Whether a run was started.",
)
async def find(context: WriteContext, request: FindRequestDocument) -> Response:
    """Start to compare new images in the background. Does not wait for the result."""
    return AsciiJSON(
        {"started": context.duplicate_run.start(request.min_grade, bursts=request.bursts)}
    )


@router.post(
    "/decisions",
    response_model=DecisionsResultDocument,
    responses=problems(*_CHANGE_PROBLEMS, 404),
    response_description="The numbers of new decisions.",
)
async def decide(context: WriteContext, request: DecisionsRequestDocument) -> Response:
    """Save the decisions of a person. They belong to the content, so files may be renamed."""
    result = await context.write_pool.run(
        duplicates.save_decisions, request.different, request.keep, undo=request.undo
    )
    return AsciiJSON(result)


@router.post(
    "/drops",
    response_model=DropsResultDocument,
    responses=problems(*_CHANGE_PROBLEMS, 501),
    response_description="The moved images and the images left in place.",
)
async def drop(context: WriteContext, request: DropsRequestDocument) -> Response:
    """Move files to the system's trash. For each file a near-duplicate stays.

    The server reads both files again first. It moves only known near-duplicates.
    """
    drops = [(entry.id, entry.keep) for entry in request.drops]
    query = GroupQuery(
        request.min_grade, request.under, request.where, request.bursts, tuple(request.keep)
    )
    result = await context.write_pool.run(
        duplicates.drop_images, context.duplicate_groups, query, drops, request.batch
    )
    return AsciiJSON(result)


@router.post(
    "/undo",
    response_model=UndoResultDocument,
    responses=problems(*_CHANGE_PROBLEMS, 501),
    response_description="The returned images and the images left in the trash.",
)
async def undo(context: WriteContext, request: UndoRequestDocument) -> Response:
    """Move files that were dropped from the trash back to their places."""
    return AsciiJSON(await context.write_pool.run(duplicates.undo_drops, request.log))
