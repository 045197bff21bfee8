"""Labels: which there are, what to label next, what is near, giving them, taking them along."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from sokkuri.web.context import Hall, Parts
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.bytes_route import BytesRoute
from sokkuri.web.routes.openapi import Under, Where, problems
from sokkuri.web.schemas.labels import (
    Curve,
    LabelChange,
    LabelsBefore,
    LabelsDocument,
    Near,
    Suggestions,
)
from sokkuri.web.schemas.search import MOST_HITS, Name
from sokkuri.web.services import labels as labelling
from sokkuri.web.services.labels import Wanted
from sokkuri.web.services.search_queue import Asked, Ticket
from sokkuri.web.write_access import Changing

router = APIRouter(prefix="/api/v1", tags=["labels"], route_class=BytesRoute)

_AROUND = 256  # hits among which labelled and unlabelled ones are looked for at first
_CSV = {"content": {"text/csv": {}}, "description": "Lines `id,label`, as `label --import` reads."}


@router.get("/suggestions", response_model=Suggestions, responses=problems())
async def what_to_label_next(
    hall: Hall,
    n: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 20,
    under: Under = None,
    where: Where = None,
    without: Annotated[
        list[Name], Query(max_length=500, description="Ids that are not to be suggested.")
    ] = [],  # noqa: B006 - never changed; FastAPI shows it
) -> Response:
    """Images whose labels would teach most. May take seconds in a large collection."""
    wanted = Wanted(n, under, where, tuple(sorted(without)))
    return AsciiJSON(await hall.labels.suggestions(wanted, hall.watch.pulse.revision))


@router.get("/labels", response_model=LabelsDocument, responses=problems())
async def all_labels(hall: Hall) -> Response:
    """Every label, and how many images have it."""
    return AsciiJSON(await hall.labels.counts(hall.watch.pulse.revision, hall.library))


@router.get("/labels/curve", response_model=Curve, responses=problems())
async def accuracy_by_labels(hall: Hall) -> Response:
    """How well labels are foretold by the others, after so many of them. May take seconds."""
    return AsciiJSON(await hall.labels.curve(hall.watch.pulse.revision))


@router.get("/labels/near", response_model=Near, responses=problems(404))
async def near_by_label(
    hall: Hall,
    id: Annotated[Name, Query(description="An image's id.")],  # noqa: A002 - its name in the address
    labelled: Annotated[int, Query(ge=0, le=100, description="So many with labels.")] = 6,
    unlabelled: Annotated[int, Query(ge=0, le=100, description="So many without.")] = 0,
    under: Under = None,
    where: Where = None,
) -> Response:
    """What lies near an image: some with labels, and some without, which the filters are for."""
    around = await _hits(hall, id, _AROUND)
    free = around
    if unlabelled and (under or where):
        free = await _hits(hall, id, _AROUND, under, where)
    if not await hall.library.ask(labelling.has_unlabelled, id, free, unlabelled):
        free = await _hits(hall, id, MOST_HITS, under, where)
    return AsciiJSON(await hall.library.ask(labelling.near, id, around, free, labelled, unlabelled))


async def _hits(
    hall: Parts, id_: str, k: int, under: str | None = None, where: str | None = None
) -> list[dict[str, Any]]:
    found = await hall.desk.search(Ticket(Asked(k, None, under, where, None), (id_,)))
    hits: list[dict[str, Any]] = found["hits"]
    return hits


@router.get("/labels/export", response_class=Response, responses={200: _CSV, **problems()})
async def export_labels(hall: Hall) -> Response:
    """All labels as a CSV file."""
    return Response(
        await hall.library.ask(labelling.export),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="labels.csv"'},
    )


@router.post("/labels", response_model=LabelsBefore, responses=problems(400, 403, 404, 408, 413))
async def give_labels(hall: Changing, change: LabelChange) -> Response:
    """Label images, or take labels away; all of them or none."""
    labels = [(one.id, one.label) for one in change.labels]
    return AsciiJSON(await hall.changing.ask(labelling.give, labels))
