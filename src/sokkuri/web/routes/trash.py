"""The route that moves chosen images to the trash. `/api/v1/duplicates` undoes the moves."""

from fastapi import APIRouter
from fastapi.responses import Response

from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import problems
from sokkuri.web.schemas.duplicates import DropsResultDocument, TrashRequestDocument
from sokkuri.web.services import duplicates
from sokkuri.web.write_access import ChangesRoute, WriteContext

router = APIRouter(prefix="/api/v1/trash", tags=["trash"], route_class=ChangesRoute)


@router.post(
    "",
    response_model=DropsResultDocument,
    responses=problems(400, 403, 408, 413, 501),
    response_description="The moved images and the images left in place.",
)
async def trash(context: WriteContext, request: TrashRequestDocument) -> Response:
    """Move the files of images to the system's trash, also of images without a copy.

    Each file is read again first, and stays if it has changed. `POST /api/v1/duplicates/undo`
    brings the files back.
    """
    result = await context.write_pool.run(duplicates.trash_chosen, request.ids, request.batch)
    return AsciiJSON(result)
