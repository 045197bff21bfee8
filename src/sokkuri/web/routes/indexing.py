"""Routes of indexing: the state of the server's runs, and a request to start one."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sokkuri.indexing.options import SyncOptions
from sokkuri.web.context import Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import problems
from sokkuri.web.schemas.indexing import (
    IndexRequestDocument,
    IndexRunDocument,
    IndexStartedDocument,
)
from sokkuri.web.write_access import ChangeKey, ChangesRoute, check_write_access


class _IndexRoute(ChangesRoute):
    """The route class for requests to index, which a server may allow when it allows no other
    change."""

    def may_change(self, request: Request) -> bool:
        """Return whether the server allows to index."""
        return bool(request.app.state.context.may_index)


router = APIRouter(prefix="/api/v1/index", tags=["indexing"], route_class=_IndexRoute)


@router.get(
    "",
    response_model=IndexRunDocument,
    responses=problems(),
    response_description="The state of the server's runs.",
)
async def state(context: Context) -> Response:
    """Return the progress of the run that this server started, or the result of the last one."""
    return AsciiJSON({"allowed": context.may_index, **context.index_run.state()})


@router.post(
    "",
    response_model=IndexStartedDocument,
    responses=problems(400, 403, 408, 413),
    response_description="Whether a run was started.",
)
async def start(
    request: Request, context: Context, options: IndexRequestDocument, _key: ChangeKey = ""
) -> Response:
    """Start to index in the background, as `sokkuri index` does. Does not wait for the result."""
    check_write_access(request.headers, context, allowed=context.may_index)
    return AsciiJSON(
        {"started": context.index_run.start(SyncOptions(retry_failed=options.retry_failed))}
    )
