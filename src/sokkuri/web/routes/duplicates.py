"""Near-duplicates: groups, finding them, what is decided about them, and what goes to the trash."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from sokkuri.curation.types import Grade
from sokkuri.web.context import Hall
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.bytes_route import BytesRoute
from sokkuri.web.routes.openapi import Cursor, Under, Where, problems
from sokkuri.web.schemas.duplicates import (
    ComparingState,
    DecisionsDone,
    DecisionsRequest,
    DropsDone,
    DropsRequest,
    DuplicatePage,
    FindRequest,
    Started,
    UndoDone,
    UndoRequest,
)
from sokkuri.web.services import duplicates
from sokkuri.web.services.duplicates import Wanted
from sokkuri.web.write_access import Changing

router = APIRouter(prefix="/api/v1/duplicates", tags=["duplicates"], route_class=BytesRoute)

_SENT = (400, 403, 408, 413)  # what any change can be refused with, by its body or its sender


@router.get("", response_model=DuplicatePage, responses=problems())
async def list_groups(
    hall: Hall,
    min_grade: Annotated[Grade, Query(description="Or a surer one.")] = "edited",
    under: Under = None,
    where: Where = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many groups.")] = 50,
) -> Response:
    """Groups of near-duplicates among what was compared so far, the surest first."""
    run = hall.comparing.state()  # first: where it says that a run is over, its groups are there
    wanted = Wanted(min_grade, under, where)
    found = await hall.library.ask(duplicates.page, hall.resembling, wanted, cursor, limit)
    return AsciiJSON({**found, **run})


@router.get("/state", response_model=ComparingState, responses=problems())
async def state(hall: Hall) -> Response:
    """How much was compared, and the run that does so at present."""
    run = hall.comparing.state()
    return AsciiJSON({**await hall.library.ask(duplicates.compared), **run})


@router.post("/find", response_model=Started, responses=problems(*_SENT, 501))
async def find(hall: Changing, asked: FindRequest) -> Response:
    """Compare what is new. The answer comes at once, the run goes on."""
    return AsciiJSON({"started": hall.comparing.start(asked.min_grade)})


@router.post("/decisions", response_model=DecisionsDone, responses=problems(*_SENT, 404))
async def decide(hall: Changing, decided: DecisionsRequest) -> Response:
    """Write down what a person decided: it is kept by content, whatever the files are called."""
    done = await hall.changing.ask(
        duplicates.decide, decided.different, decided.keep, undo=decided.undo
    )
    return AsciiJSON(done)


@router.post("/drops", response_model=DropsDone, responses=problems(*_SENT, 501))
async def drop(hall: Changing, asked: DropsRequest) -> Response:
    """Move files to the system's trash, each for a near-duplicate of it that stays.

    Both are read again first. What is not known as a near-duplicate stays.
    """
    drops = [(one.id, one.keep) for one in asked.drops]
    wanted = Wanted(asked.min_grade, asked.under, asked.where)
    return AsciiJSON(await hall.changing.ask(duplicates.drop, hall.resembling, wanted, drops))


@router.post("/undo", response_model=UndoDone, responses=problems(*_SENT, 501))
async def undo(hall: Changing, asked: UndoRequest) -> Response:
    """Bring back from the trash what a drop moved there."""
    return AsciiJSON(await hall.changing.ask(duplicates.undo, asked.log))
